//! Computed sizes against what two real nodes accepted and refused.

use twister::limits::{
    MAX_POST_SIZE, PostNumbers, custom_post_room, custom_post_size, direct_message_room, direct_message_size,
    post_room, post_size,
};
use twister::{BlockHeight, CustomFields, FieldValue, Peer, PostKind, PostNumber, SignedPost, Username};

use crate::replay::custom_fields;
use crate::support::{Recording, recordings};

fn numbers_of(signed: &SignedPost) -> PostNumbers {
    let post = &signed.post;
    PostNumbers { number: post.number, height: post.height, time: post.time, last_public: post.last_public }
}

fn numbers(number: u32, height: u32, last_public: u32) -> PostNumbers {
    PostNumbers {
        number: PostNumber(number),
        height: BlockHeight(height),
        time: 1_795_397_288,
        last_public: Some(PostNumber(last_public)),
    }
}

fn name(text: &str) -> Username {
    text.parse().unwrap()
}

fn computed(recording: &Recording, numbers: PostNumbers, kind: &PostKind) -> usize {
    let params = recording.params();
    let author = name(params[0].as_str().unwrap());
    match recording.method() {
        "newpostmsg" => {
            let reply = if let PostKind::Reply(answered) = kind { Some(answered) } else { None };
            post_size(&author, params[2].as_str().unwrap(), reply, numbers)
        }
        "newpostcustom" => custom_post_size(&author, &custom_fields(&params[2]), numbers),
        _ => {
            let to: Peer = params[2].as_str().unwrap().parse().unwrap();
            direct_message_size(&author, &to, params[3].as_str().unwrap(), numbers)
        }
    }
}

#[test]
fn the_computed_size_of_every_recorded_post_is_its_size() {
    let (mut accepted, mut refused) = (0, 0);
    for recording in recordings() {
        if !["newpostmsg", "newpostcustom", "newdirectmsg"].contains(&recording.method()) {
            continue;
        }
        if let Ok(signed) = SignedPost::from_json(recording.result().clone()) {
            let size = computed(&recording, numbers_of(&signed), &signed.post.kind);
            assert_eq!(size, signed.bencode().unwrap().len(), "{}", recording.step);
            accepted += 1;
        } else if recording.response["error"]["message"] == "bad bencoded post size" {
            let size = computed(&recording, numbers(9, 302, 8), &PostKind::Public);
            assert!(size > MAX_POST_SIZE, "{}: {size}", recording.step);
            refused += 1;
        }
    }
    assert_eq!((accepted, refused), (19, 2));
}

#[test]
fn the_largest_texts_that_were_measured_are_the_largest_that_are_computed() {
    let (author, to) = (name("mqtt_alice"), Peer::from(name("mqtt_bob")));
    assert_eq!(post_room(&author, numbers(12, 302, 11)), 1866);
    assert_eq!(custom_post_room(&author, "mqtt", numbers(102, 302, 101)), 1858);
    assert_eq!(direct_message_room(&author, &to, numbers(12, 302, 11)), 1702);
}

#[test]
fn one_byte_more_than_there_is_room_for_is_too_large() {
    let (author, widest) = (name("mqtt_alice"), PostNumbers::WIDEST);
    let room = post_room(&author, widest);
    assert!(post_size(&author, &"a".repeat(room), None, widest) <= MAX_POST_SIZE);
    assert!(post_size(&author, &"a".repeat(room + 1), None, widest) > MAX_POST_SIZE);
    assert!(room < 1866);
}

#[test]
fn an_encrypted_text_grows_in_blocks_of_16_bytes() {
    let (from, to) = (name("carol"), Peer::from(name("dave")));
    let size = |len: usize| direct_message_size(&from, &to, &"a".repeat(len), numbers(13, 302, 12));
    // 13 bytes and the receiver's name make 32, two blocks.
    assert_eq!(size(7), 330);
    assert_eq!(size(12), 330);
    assert_eq!(size(13), 346);
}

#[test]
fn texts_are_split_by_characters_and_measured_by_bytes() {
    let author = name("carol");
    let size = |text: &str| post_size(&author, text, None, numbers(1, 302, 0));
    assert_eq!(size(&"☃".repeat(140)) - size("☃"), 139 * 3 + 2);
    // The second field: its name, its length and one snowman.
    assert_eq!(size(&"☃".repeat(141)) - size(&"☃".repeat(140)), "4:msg2".len() + "3:☃".len());
}

#[test]
fn fields_that_the_node_overwrites_cost_nothing() {
    let author = name("carol");
    let with = |fields: &[(&str, &str)]| {
        let fields: CustomFields =
            fields.iter().map(|(name, text)| ((*name).to_owned(), FieldValue::from(*text))).collect();
        custom_post_size(&author, &fields, numbers(9, 302, 8))
    };
    assert_eq!(with(&[("mqtt", "AA"), ("msg", "dropped")]), with(&[("mqtt", "AA")]));
}
