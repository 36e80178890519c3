//! How large a post may be, computed before it is sent.
//!
//! twisterd signs a post and refuses it if it is larger than [`MAX_POST_SIZE`] bencoded. The sizes here are those of the
//! post that a command would make, so that a sender can fill posts to the brim and never has one refused.

use crate::bencode::Value;
use crate::names::{BlockHeight, PostNumber, Username};
use crate::peer::Peer;
use crate::wire::{CustomFields, FieldValue, PostRef};

/// The largest post that a node accepts, bencoded with its signature, in bytes. Source: twister-core, measured.
pub const MAX_POST_SIZE: usize = 2048;

/// After how many characters `newpostmsg` continues in a second field.
const FIRST_FIELD_CHARACTERS: usize = 140;

const SIGNATURE_LEN: usize = 65;
const MESSAGE_KEY_LEN: usize = 33;
const MESSAGE_MAC_LEN: usize = 64;
const CIPHER_BLOCK_LEN: usize = 16;

/// The numbers that a node writes into a post. Their digits count towards its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostNumbers {
    /// The post's number.
    pub number: PostNumber,
    /// The chain's height.
    pub height: BlockHeight,
    /// The time, in Unix seconds.
    pub time: i64,
    /// The author's public post before this one, if there is one. Direct messages do not have it.
    pub last_public: Option<PostNumber>,
}

impl PostNumbers {
    /// Numbers with as many digits as a post can ever have: whatever fits with these fits always.
    pub const WIDEST: Self = Self {
        number: PostNumber(i32::MAX.unsigned_abs()),
        height: BlockHeight(99_999_999),
        time: 9_999_999_999,
        last_public: Some(PostNumber(i32::MAX.unsigned_abs())),
    };
}

/// Size in bytes of the post that `newpostmsg` makes.
pub fn post_size(author: &Username, text: &str, reply_to: Option<&PostRef>, numbers: PostNumbers) -> usize {
    let split = text.char_indices().nth(FIRST_FIELD_CHARACTERS).map(|(at, _)| at);
    // An empty text takes the way of a long one.
    let split = split.or(text.is_empty().then_some(0));
    let (msg, msg2) = text.split_at(split.unwrap_or(text.len()));
    let mut members = vec![("msg", Value::from(msg))];
    members.extend(split.map(|_| ("msg2", Value::from(msg2))));
    if let Some(PostRef { author, number }) = reply_to {
        let answered = [("k", Value::from(i64::from(number.0))), ("n", Value::from(author.as_str()))];
        members.push(("reply", answered.into_iter().collect()));
    }
    signed_size(author, members, numbers, numbers.last_public)
}

/// Size in bytes of the post that `newpostcustom` makes.
pub fn custom_post_size(author: &Username, fields: &CustomFields, numbers: PostNumbers) -> usize {
    let custom = fields.iter().map(|(name, value)| match value {
        FieldValue::Text(text) => (name.as_str(), Value::from(text.as_str())),
        FieldValue::Integer(number) => (name.as_str(), Value::from(i64::from(*number))),
    });
    // The node's own members come last, as they replace those of the same name.
    let members = custom.chain([("msg", Value::from("")), ("msg2", Value::from(""))]).collect();
    signed_size(author, members, numbers, numbers.last_public)
}

/// Size in bytes of the post that `newdirectmsg` makes. The text is encrypted together with its receiver's name.
pub fn direct_message_size(from: &Username, to: &Peer, text: &str, numbers: PostNumbers) -> usize {
    let plain: Value = [("msg", Value::from(text)), ("to", Value::from(to.as_str()))].into_iter().collect();
    let plain_len = plain.encode().len();
    let message = [
        ("body", zeros(plain_len.next_multiple_of(CIPHER_BLOCK_LEN))),
        ("key", zeros(MESSAGE_KEY_LEN)),
        ("mac", zeros(MESSAGE_MAC_LEN)),
        ("orig", Value::Integer(i64::try_from(plain_len).unwrap_or(i64::MAX))),
    ];
    let members = vec![("dm", message.into_iter().collect()), ("msg", Value::from("")), ("msg2", Value::from(""))];
    signed_size(from, members, numbers, None)
}

/// How many ASCII characters fit into one post of `newpostmsg`.
pub fn post_room(author: &Username, numbers: PostNumbers) -> usize {
    room(|text| post_size(author, text, None, numbers))
}

/// How many bytes fit into the text field `field` of `newpostcustom`, if it is the only one.
pub fn custom_post_room(author: &Username, field: &str, numbers: PostNumbers) -> usize {
    room(|text| custom_post_size(author, &CustomFields::from([(field.to_owned(), FieldValue::from(text))]), numbers))
}

/// How many bytes of text fit into one direct message.
pub fn direct_message_room(from: &Username, to: &Peer, numbers: PostNumbers) -> usize {
    room(|text| direct_message_size(from, to, text, numbers))
}

/// The longest text whose post is not too large. A longer text never makes a smaller post.
fn room(size_with: impl Fn(&str) -> usize) -> usize {
    let filling = "a".repeat(MAX_POST_SIZE);
    let lengths: Vec<usize> = (1..=MAX_POST_SIZE).collect();
    lengths.partition_point(|len| size_with(&filling[..*len]) <= MAX_POST_SIZE)
}

fn zeros(len: usize) -> Value {
    Value::Bytes(vec![0; len])
}

fn signed_size(
    author: &Username,
    mut members: Vec<(&str, Value)>,
    numbers: PostNumbers,
    last_public: Option<PostNumber>,
) -> usize {
    members.extend([
        ("n", Value::from(author.as_str())),
        ("k", Value::from(i64::from(numbers.number.0))),
        ("time", Value::from(numbers.time)),
        ("height", Value::from(i64::from(numbers.height.0))),
    ]);
    members.extend(last_public.map(|number| ("lastk", Value::from(i64::from(number.0)))));
    let post: Value = members.into_iter().collect();
    let signed: Value = [("sig_userpost", zeros(SIGNATURE_LEN)), ("userpost", post)].into_iter().collect();
    signed.encode().len()
}
