//! Signed posts: how one is made, and which ones a node accepts.

use std::collections::BTreeMap;

use twister::bencode::Value;

use crate::chain::Chain;
use crate::json::Json;
use crate::keys::{self, Key};

/// The largest post that a node accepts, bencoded with its signature, in bytes.
const MAX_POST_LEN: usize = 2048;

/// After how many characters a text continues in a second field.
const MAX_MSG_CHARACTERS: usize = 140;

/// What kind of post it is, as bits.
pub(crate) type Flags = u8;

/// The post repeats another one.
pub(crate) const FLAG_REPEAT: Flags = 1;
/// The post is a direct message.
pub(crate) const FLAG_DIRECT: Flags = 2;
/// The post marks another one as a favourite.
pub(crate) const FLAG_FAVOURITE: Flags = 4;
/// What a timeline shows unless asked for more.
pub(crate) const FLAGS_HOME: Flags = FLAG_REPEAT;

/// A bencode dictionary.
pub(crate) type Dictionary = BTreeMap<Vec<u8>, Value>;

/// A post that was accepted: well formed, allowed, and signed by its author.
#[derive(Debug)]
pub(crate) struct Post {
    /// The signed post: `sig_userpost` and `userpost`.
    pub(crate) signed: Value,
    pub(crate) author: String,
    pub(crate) number: u32,
    pub(crate) time: i64,
    pub(crate) flags: Flags,
}

impl Post {
    /// Checks a signed post as a node does before it stores one, and says what is wrong in the node's own words.
    pub(crate) fn accept(bytes: &[u8], author: &str, number: i64, chain: &Chain) -> Result<Self, String> {
        if bytes.is_empty() || bytes.len() > MAX_POST_LEN {
            return Err("bad bencoded post size".to_owned());
        }
        // The node has no words for what is not a bencoded dictionary.
        let signed = Value::decode(bytes).map_err(|_| String::new())?;
        let members = signed.as_dictionary().ok_or_else(String::new)?;
        let signature = members.get(b"sig_userpost".as_slice()).and_then(Value::as_bytes).unwrap_or_default();
        let post = members.get(b"userpost".as_slice());
        let Some((post, fields)) = post.and_then(|post| Some((post, post.as_dictionary()?))) else {
            return Err("missing post or signature.".to_owned());
        };
        if signature.is_empty() {
            return Err("missing post or signature.".to_owned());
        }

        let field = |name: &str| fields.get(name.as_bytes());
        let text = |name: &str| field(name).and_then(Value::as_bytes).unwrap_or_default();
        let integer = |name: &str| field(name).and_then(Value::as_integer).unwrap_or(-1);
        let best = i64::from(chain.height());
        let height = integer("height");
        let characters = std::str::from_utf8(text("msg")).map(|text| text.chars().count());
        match characters {
            _ if text("n") != author.as_bytes() => {
                let name = String::from_utf8_lossy(text("n"));
                return Err(format!("expected username '{author}' got '{name}'"));
            }
            _ if integer("k") != number => {
                return Err(format!("expected piece '{number}' got '{}'", integer("k")));
            }
            _ if !chain.number_allowed(author, number) => {
                return Err(format!("too much posts from user '{author}' rejecting post"));
            }
            _ if height < 0 || height > best + 1 => {
                return Err(format!("post from future not accepted (height: {height} > {best})"));
            }
            Err(_) => return Err("invalid utf8 string".to_owned()),
            Ok(count) if count > MAX_MSG_CHARACTERS => {
                return Err(format!("msg too big ({count} > {MAX_MSG_CHARACTERS})"));
            }
            Ok(_) => {}
        }
        let public = chain.account(author).map(|account| account.registration.public);
        if !public.is_some_and(|public| keys::verify(&post.encode(), signature, &public)) {
            return Err("bad post signature".to_owned());
        }
        let flag = |name: &str, flag: Flags| if fields.contains_key(name.as_bytes()) { flag } else { 0 };
        let flags = flag("rt", FLAG_REPEAT) | flag("dm", FLAG_DIRECT) | flag("fav", FLAG_FAVOURITE);
        let (time, number) = (integer("time"), u32::try_from(number).unwrap_or(u32::MAX));
        Ok(Self { author: author.to_owned(), number, time, flags, signed })
    }

    /// The post's fields, without the signature.
    pub(crate) fn fields(&self) -> Option<&Dictionary> {
        self.signed.as_dictionary()?.get(b"userpost".as_slice())?.as_dictionary()
    }

    /// The post's text, as far as its first field has it.
    pub(crate) fn text(&self) -> String {
        let text = self.fields().and_then(|fields| fields.get(b"msg".as_slice())).and_then(Value::as_bytes);
        String::from_utf8_lossy(text.unwrap_or_default()).into_owned()
    }

    pub(crate) fn json(&self) -> Json {
        Json::from(&hex_members(&self.signed))
    }
}

/// What stands in a post besides its text.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// Fields that the caller chose; the node's own replace those of the same name.
    pub(crate) fields: Dictionary,
    /// The text, in UTF-8 if it is to be signed.
    pub(crate) text: Vec<u8>,
    /// An encrypted direct message.
    pub(crate) message: Option<Value>,
    /// Author and number of the post that this one answers.
    pub(crate) reply_to: Option<(Vec<u8>, i64)>,
}

impl Draft {
    /// Signs the post with `key`; `None` if the text is not UTF-8.
    pub(crate) fn sign(self, author: &str, number: i64, now: i64, chain: &Chain, key: &Key) -> Option<Value> {
        let mut fields = self.fields;
        let mut set = |name: &str, value: Value| fields.insert(name.as_bytes().to_vec(), value);
        set("n", Value::from(author));
        set("k", Value::from(number));
        set("time", Value::from(now));
        set("height", Value::from(chain.stamp_height()));
        let text = String::from_utf8(self.text).ok()?;
        let cut = text.char_indices().nth(MAX_MSG_CHARACTERS).map(|(at, _)| at);
        // An empty text is split like a long one.
        match cut.or(text.is_empty().then_some(0)) {
            Some(at) => {
                set("msg", Value::from(&text[..at]));
                set("msg2", Value::from(&text[at..]));
            }
            None => {
                set("msg", Value::from(text.as_str()));
            }
        }
        if let Some(message) = self.message {
            set("dm", message);
        }
        if let Some((name, number)) = self.reply_to {
            set("reply", [("n", Value::Bytes(name)), ("k", Value::from(number))].into_iter().collect());
        }
        let post = Value::Dictionary(fields);
        let signature = key.sign(&post.encode()).to_vec();
        Some([("sig_userpost", Value::Bytes(signature)), ("userpost", post)].into_iter().collect())
    }
}

/// A signed post with those of its members in hexadecimal that are not text.
pub(crate) fn hex_members(signed: &Value) -> Value {
    map_binary_members(signed, &|bytes| twister::hex::encode(bytes).into_bytes())
}

/// What [`hex_members`] makes, turned back. Hexadecimal ends where its first other character stands, as at the real node.
pub(crate) fn unhex_members(signed: &Value) -> Value {
    map_binary_members(signed, &parse_hex)
}

/// Reads hexadecimal digits up to the first character that is none.
pub(crate) fn parse_hex(text: &[u8]) -> Vec<u8> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let digits = std::str::from_utf8(&text[..digits / 2 * 2]).unwrap_or_default();
    twister::hex::decode(digits).unwrap_or_default()
}

fn map_binary_members(signed: &Value, map: &dyn Fn(&[u8]) -> Vec<u8>) -> Value {
    let within = |value: &Value, names: &[&str]| match value {
        Value::Dictionary(members) => {
            let mut members = members.clone();
            for name in names {
                if let Some(Value::Bytes(bytes)) = members.get_mut(name.as_bytes()) {
                    *bytes = map(bytes);
                }
            }
            Value::Dictionary(members)
        }
        _ => value.clone(),
    };
    let mut signed = within(signed, &["sig_userpost", "sig_wort"]);
    if let Value::Dictionary(members) = &mut signed
        && let Some(post) = members.get_mut(b"userpost".as_slice())
    {
        *post = within(post, &["sig_rt", "sig_fav"]);
        if let Value::Dictionary(fields) = post
            && let Some(message) = fields.get_mut(b"dm".as_slice())
        {
            *message = within(message, &["body", "key", "mac"]);
        }
    }
    signed
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::chain::Registration;

    fn chain_with_alice() -> (Chain, Key) {
        let key = Key::generate();
        let mut chain = Chain::new(0);
        chain.accept(Registration { username: "alice".to_owned(), public: *key.public() });
        chain.mine(1);
        chain.mine(2);
        (chain, key)
    }

    fn signed(text: &str, number: i64, chain: &Chain, key: &Key) -> Value {
        let draft = Draft { text: text.as_bytes().to_vec(), ..Draft::default() };
        draft.sign("alice", number, 1000, chain, key).unwrap()
    }

    #[test]
    fn a_post_that_its_author_signed_is_accepted() {
        let (chain, key) = chain_with_alice();
        let post = Post::accept(&signed("hello", 3, &chain, &key).encode(), "alice", 3, &chain).unwrap();
        assert_eq!((post.number, post.time, post.flags, post.text().as_str()), (3, 1000, 0, "hello"));
    }

    #[test]
    fn a_post_that_another_key_signed_is_refused() {
        let (chain, _) = chain_with_alice();
        let refused = Post::accept(&signed("hello", 3, &chain, &Key::generate()).encode(), "alice", 3, &chain);
        assert_eq!(refused.unwrap_err(), "bad post signature");
    }

    #[test]
    fn one_byte_too_many_is_refused() {
        let (chain, key) = chain_with_alice();
        let len = |letters: usize| signed(&"a".repeat(letters), 0, &chain, &key).encode().len();
        let most = 1500 + MAX_POST_LEN - len(1500);
        assert!(Post::accept(&signed(&"a".repeat(most), 0, &chain, &key).encode(), "alice", 0, &chain).is_ok());
        let refused = Post::accept(&signed(&"a".repeat(most + 1), 0, &chain, &key).encode(), "alice", 0, &chain);
        assert_eq!(refused.unwrap_err(), "bad bencoded post size");
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        let (chain, key) = chain_with_alice();
        let signed = signed(&"☃".repeat(150), 0, &chain, &key);
        let post = Post::accept(&signed.encode(), "alice", 0, &chain).unwrap();
        assert_eq!(post.text(), "☃".repeat(140));
        assert_eq!(post.fields().unwrap()[b"msg2".as_slice()], Value::from("☃".repeat(10).as_str()));
    }

    #[test]
    fn a_post_comes_back_from_its_form_in_json() {
        let (chain, key) = chain_with_alice();
        let signed = signed("hello", 0, &chain, &key);
        let json = Json::from(&hex_members(&signed));
        assert_eq!(unhex_members(&json.to_bencode()), signed);
    }
}
