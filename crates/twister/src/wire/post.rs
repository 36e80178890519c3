//! Posts: what an account's swarm carries, one numbered piece each. Direct messages, retweets and replies are posts too.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::names::{BlockHeight, PostNumber};
use crate::{bencode, hex};

/// A post with its author's signature, as every command gives it and as the DHT keeps it.
///
/// It keeps the JSON that it was read from, so that [`SignedPost::bencode`] gives back the bytes that were signed.
#[derive(Debug, Clone, PartialEq)]
pub struct SignedPost {
    /// The signature, 65 bytes in hexadecimal. Empty for a promoted post, which nobody signs.
    pub signature: String,
    /// What was signed.
    pub post: Post,
    original: Value,
}

/// The signed part of a post. The node has checked author, number, height and signature (but for a promoted post); all else
/// is whatever its author wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct Post {
    /// The author's name. For a promoted post this is any text.
    pub author: String,
    /// The post's number. For a promoted post this is a block height.
    pub number: PostNumber,
    /// When it was written, in Unix seconds, by the author's clock; 0 if the post does not say.
    pub time: i64,
    /// The chain's height when it was written, less one.
    pub height: BlockHeight,
    /// The number of the author's public post before this one, as the author's node knew it.
    pub last_public: Option<PostNumber>,
    /// Of what kind the post is.
    pub kind: PostKind,
    /// Members that twisterd gives no meaning to, such as those of `newpostcustom`.
    pub fields: Map<String, Value>,
    text: String,
}

/// Kinds of posts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostKind {
    /// A post for everybody.
    Public,
    /// A public answer to another post.
    Reply(PostRef),
    /// A public repetition of another post, with or without a comment.
    Retweet(PostRef),
    /// A message that only its receiver can decrypt.
    DirectMessage(EncryptedMessage),
    /// A favourite, or a post whose special members are not as they should be.
    Other,
}

/// Which post: its author and number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PostRef {
    /// The author's name, as the referring post has it.
    pub author: String,
    /// The number in the author's swarm.
    pub number: PostNumber,
}

/// The encrypted part of a direct message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptedMessage {
    /// The encrypted text; its length is a multiple of 16 bytes.
    pub body: Vec<u8>,
    /// The public half of the key made for this message, 33 bytes.
    pub key: Vec<u8>,
    /// The checksum, 64 bytes.
    pub mac: Vec<u8>,
    /// Length of what was encrypted, in bytes.
    pub original_len: u32,
}

/// A post that mentions a local account (`getmentions`).
#[derive(Debug, Clone, PartialEq)]
pub struct Mention {
    /// Position in the node's list of mentions.
    pub id: u32,
    /// The post.
    pub post: SignedPost,
}

/// The fields of a `newpostcustom`, by name. The node itself sets `n`, `k`, `time`, `height`, `lastk`, `msg` and `msg2`, and
/// ignores what is given for them.
pub type CustomFields = BTreeMap<String, FieldValue>;

/// A value that `newpostcustom` takes. It drops any other without a word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum FieldValue {
    /// Text.
    Text(String),
    /// An integer of 32 bits.
    Integer(i32),
}

/// JSON that is no signed post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a post has no usable member {member:?}")]
pub struct PostShapeError {
    /// The member that is missing or of another type than it must be.
    pub member: &'static str,
}

/// Why a post cannot be bencoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BencodeError {
    /// A member that holds bytes is not hexadecimal.
    #[error("the member {member:?} of the post is not hexadecimal")]
    NotHex {
        /// The member's name.
        member: String,
    },
    /// A value that bencode does not have: a float, a boolean, null, or an integer beyond 64 bits with sign.
    #[error("the post holds a value that bencode does not have")]
    Unrepresentable,
}

/// Members that have a meaning to twisterd.
const KNOWN_MEMBERS: [&str; 14] =
    ["n", "k", "time", "height", "lastk", "msg", "msg2", "reply", "rt", "sig_rt", "dm", "fav", "sig_fav", "pfav"];

impl SignedPost {
    /// Reads the JSON form: of a reply, of an element of a list, or of a DHT entry `post<k>` or `status`.
    pub fn from_json(original: Value) -> Result<Self, PostShapeError> {
        let signature = text_of(&original, "sig_userpost")?.to_owned();
        let post = Post::from_json(original.get("userpost").ok_or(PostShapeError { member: "userpost" })?)?;
        Ok(Self { signature, post, original })
    }

    /// The JSON that it was read from, for `dhtput`.
    pub fn as_json(&self) -> &Value {
        &self.original
    }

    /// Whether the node made this post up from a block's advertisement: such a post has no signature, its author is none
    /// of those asked for, and its number is a block height.
    pub fn is_promoted(&self) -> bool {
        self.signature.is_empty()
    }

    /// The bytes that travel in the swarm, for `newpostraw`. They hold exactly what was signed, provided that the post's
    /// texts are UTF-8; where they are not, JSON could not carry them and the signature will not hold.
    pub fn bencode(&self) -> Result<Vec<u8>, BencodeError> {
        bencoded(&self.original, &mut Vec::new()).map(|post| post.encode())
    }
}

impl<'de> Deserialize<'de> for SignedPost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_json(Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl Post {
    /// The text: both halves, where twisterd split it after 140 characters. Empty if the post has none.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn from_json(post: &Value) -> Result<Self, PostShapeError> {
        let msg = post.get("msg").and_then(Value::as_str).unwrap_or_default();
        let msg2 = post.get("msg2").and_then(Value::as_str).unwrap_or_default();
        let members = post.as_object().into_iter().flatten();
        let is_extra = |(name, _): &(&String, &Value)| !KNOWN_MEMBERS.contains(&name.as_str());
        Ok(Self {
            author: text_of(post, "n")?.to_owned(),
            number: PostNumber(number_of(post, "k")?),
            time: post.get("time").and_then(Value::as_i64).unwrap_or_default(),
            height: BlockHeight(number_of(post, "height")?),
            last_public: number_of(post, "lastk").ok().map(PostNumber),
            kind: PostKind::of(post),
            fields: members.filter(is_extra).map(|(name, value)| (name.clone(), value.clone())).collect(),
            text: format!("{msg}{msg2}"),
        })
    }
}

impl PostKind {
    /// Nothing but the signature of these members is checked by the node, so each may be anything.
    fn of(post: &Value) -> Self {
        let special = |name| post.get(name).filter(|value| value.is_object());
        if let Some(message) = special("dm") {
            return EncryptedMessage::from_json(message).map_or(Self::Other, Self::DirectMessage);
        }
        if let Some(original) = special("rt") {
            return PostRef::from_json(original).map_or(Self::Other, Self::Retweet);
        }
        if special("fav").or(special("pfav")).is_some() {
            return Self::Other;
        }
        match special("reply") {
            Some(answered) => PostRef::from_json(answered).map_or(Self::Other, Self::Reply),
            None => Self::Public,
        }
    }
}

impl PostRef {
    fn from_json(post: &Value) -> Option<Self> {
        let author = text_of(post, "n").ok()?.to_owned();
        Some(Self { author, number: PostNumber(number_of(post, "k").ok()?) })
    }
}

impl EncryptedMessage {
    fn from_json(message: &Value) -> Option<Self> {
        let bytes = |member| hex::decode(text_of(message, member).ok()?);
        Some(Self {
            body: bytes("body")?,
            key: bytes("key")?,
            mac: bytes("mac")?,
            original_len: number_of(message, "orig").ok()?,
        })
    }
}

impl<'de> Deserialize<'de> for Mention {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let mut listed = Map::deserialize(deserializer)?;
        // The position is the list's, not the post's: it must not get into the bencoded post.
        let id = listed.remove("id").as_ref().and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
        let post = SignedPost::from_json(Value::Object(listed)).map_err(D::Error::custom)?;
        Ok(Self { id: id.ok_or(D::Error::missing_field("id"))?, post })
    }
}

impl From<&str> for FieldValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for FieldValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i32> for FieldValue {
    fn from(number: i32) -> Self {
        Self::Integer(number)
    }
}

fn text_of<'a>(object: &'a Value, member: &'static str) -> Result<&'a str, PostShapeError> {
    object.get(member).and_then(Value::as_str).ok_or(PostShapeError { member })
}

fn number_of(object: &Value, member: &'static str) -> Result<u32, PostShapeError> {
    let number = object.get(member).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
    number.ok_or(PostShapeError { member })
}

/// Where the JSON form of a post shows bytes as hexadecimal.
const HEX_MEMBERS: [&[&str]; 10] = [
    &["sig_userpost"],
    &["sig_wort"],
    &["userpost", "sig_rt"],
    &["userpost", "sig_fav"],
    &["userpost", "dm", "body"],
    &["userpost", "dm", "key"],
    &["userpost", "dm", "mac"],
    &["userpost", "pfav", "body"],
    &["userpost", "pfav", "key"],
    &["userpost", "pfav", "mac"],
];

/// The bencode value of `value`, which stands at `path` in a post.
fn bencoded<'a>(value: &'a Value, path: &mut Vec<&'a str>) -> Result<bencode::Value, BencodeError> {
    Ok(match value {
        Value::String(text) if HEX_MEMBERS.contains(&path.as_slice()) => {
            let bytes = hex::decode(text).ok_or_else(|| BencodeError::NotHex { member: path.join(".") })?;
            bencode::Value::Bytes(bytes)
        }
        Value::String(text) => text.as_str().into(),
        Value::Number(number) => number.as_i64().ok_or(BencodeError::Unrepresentable)?.into(),
        Value::Array(items) => {
            // What stands in a list is not where bytes are shown as hexadecimal, whatever its name.
            path.push("[]");
            let items = items.iter().map(|item| bencoded(item, path)).collect::<Result<_, _>>()?;
            path.pop();
            bencode::Value::List(items)
        }
        Value::Object(members) => {
            let mut map = BTreeMap::new();
            for (name, value) in members {
                path.push(name);
                map.insert(name.as_bytes().to_vec(), bencoded(value, path)?);
                path.pop();
            }
            bencode::Value::Dictionary(map)
        }
        Value::Null | Value::Bool(_) => return Err(BencodeError::Unrepresentable),
    })
}
