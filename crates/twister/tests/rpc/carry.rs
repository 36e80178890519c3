//! A post carried by hand from one node to another: its JSON must bencode to the very bytes that were signed.

use serde_json::{Value, json};
use twister::wire::BencodeError;
use twister::{PostKind, PostNumber, SignedPost, bencode, hex};

use crate::support::{Act, ScriptedServer, recording, recordings};

fn post(json: &Value) -> SignedPost {
    SignedPost::from_json(json.clone()).unwrap()
}

#[tokio::test]
async fn a_reply_and_a_dht_value_both_bencode_to_what_the_far_node_stored() {
    let stored = recording("carry: stored");
    let taken = stored.params()[2].as_str().unwrap();
    let from_reply = post(recording("no swarm: dm").result());
    let from_dht = post(&recording("carry: the far node gets it").result()[0]["p"]["v"]);
    let put = post(&recording("carry: the author puts the dm into the DHT").params()[3]);
    for carried in [&from_reply, &from_dht, &put] {
        assert_eq!(hex::encode(&carried.bencode().unwrap()), taken);
    }

    let mut server = ScriptedServer::start([Act::Replay(Box::new(stored.clone()))]).await;
    let author = from_reply.post.author.parse().unwrap();
    let bencoded = from_reply.bencode().unwrap();
    server.client().new_raw_post(&author, from_reply.post.number, &bencoded).await.unwrap();
    assert_eq!(server.request().await.json()["params"], json!(stored.params()));
}

#[test]
fn every_recorded_post_bencodes_within_the_limit_and_signature_bytes_stay_bytes() {
    let results = recordings().into_iter().map(|recording| recording.response["result"].clone());
    let posts = results.filter(|result| result.get("userpost").is_some());
    let mut checked = 0;
    for signed in posts.map(|json| post(&json)) {
        let bytes = signed.bencode().unwrap();
        assert!(bytes.len() <= twister::limits::MAX_POST_SIZE);
        let decoded = bencode::Value::decode(&bytes).unwrap();
        let members = decoded.as_dictionary().unwrap();
        let signature = members[b"sig_userpost".as_slice()].as_bytes().unwrap();
        assert_eq!(hex::encode(signature), signed.signature);
        let number = members[b"userpost".as_slice()].as_dictionary().unwrap()[b"k".as_slice()].as_integer();
        assert_eq!(number, Some(i64::from(signed.post.number.0)));
        checked += 1;
    }
    assert_eq!(checked, 21);
}

#[test]
fn the_signature_of_a_retweeted_post_is_bytes_too() {
    let retweet = post(&json!({
        "sig_userpost": "01", "sig_wort": "02",
        "userpost": {
            "n": "a", "k": 1, "time": 5, "height": 3, "msg": "look",
            "rt": {"n": "b", "k": 7, "time": 4, "height": 3, "msg": "ff"}, "sig_rt": "03",
        },
    }));
    assert!(matches!(&retweet.post.kind, PostKind::Retweet(of) if of.author == "b" && of.number == PostNumber(7)));
    assert_eq!(retweet.post.text(), "look");
    let expected = b"d12:sig_userpost1:\x018:sig_wort1:\x028:userpostd6:heighti3e1:ki1e3:msg4:look1:n1:a2:rt\
        d6:heighti3e1:ki7e3:msg2:ff1:n1:b4:timei4ee6:sig_rt1:\x034:timei5eee";
    assert_eq!(retweet.bencode().unwrap(), expected);
}

#[test]
fn a_member_of_a_list_is_text_though_it_is_called_like_one_that_holds_bytes() {
    let userpost = json!({"n": "a", "k": 1, "height": 1, "x": [{"sig_userpost": "00", "dm": {"key": "not hex"}}]});
    let bytes = post(&json!({"sig_userpost": "01", "userpost": userpost})).bencode().unwrap();
    assert!(bytes.ends_with(b"1:xld2:dmd3:key7:not hexe12:sig_userpost2:00eeee"));
}

#[test]
fn what_bencode_does_not_have_is_refused() {
    let with =
        |field: Value| post(&json!({"sig_userpost": "", "userpost": {"n": "a", "k": 1, "height": 1, "x": field}}));
    for field in [json!(1.5), json!(null), json!(true), json!(u64::MAX)] {
        assert_eq!(with(field).bencode(), Err(BencodeError::Unrepresentable));
    }
    assert!(
        with(json!(["text", -1, {"b": 2, "a": 1}])).bencode().unwrap().ends_with(b"1:xl4:texti-1ed1:ai1e1:bi2eeeee")
    );
    let odd = post(&json!({"sig_userpost": "zz", "userpost": {"n": "a", "k": 1, "height": 1}}));
    assert_eq!(odd.bencode(), Err(BencodeError::NotHex { member: "sig_userpost".to_owned() }));
}

#[test]
fn a_post_with_odd_members_is_still_read() {
    // The node checks author, number, height and signature, so that a followed account can send all of these.
    for odd in [json!({"msg": 5}), json!({"time": "x"}), json!({"dm": {}}), json!({"dm": 1}), json!({"rt": {"n": 2}})] {
        let mut userpost = json!({"n": "a", "k": 1, "height": 1});
        userpost.as_object_mut().unwrap().extend(odd.as_object().unwrap().clone());
        let read = post(&json!({"sig_userpost": "00", "userpost": userpost}));
        assert_eq!((read.post.text(), read.post.time), ("", 0));
    }
}

#[test]
fn a_post_without_author_number_height_or_signature_is_no_post() {
    for member in ["n", "k", "height"] {
        let mut userpost = json!({"n": "a", "k": 1, "height": 1});
        userpost.as_object_mut().unwrap().remove(member);
        let error = SignedPost::from_json(json!({"sig_userpost": "", "userpost": userpost})).unwrap_err();
        assert_eq!(error.member, member);
    }
    assert_eq!(SignedPost::from_json(json!({"userpost": {}})).unwrap_err().member, "sig_userpost");
    assert_eq!(SignedPost::from_json(json!({"sig_userpost": ""})).unwrap_err().member, "userpost");
}
