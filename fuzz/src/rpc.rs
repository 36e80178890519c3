//! Replies of a node, which may be any program that listens on its port; and what authors have put into their posts, which
//! no node checks.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use http_body_util::BodyExt;
use jsonrpsee::http_client::transport::Error as TransportError;
use jsonrpsee::http_client::{HttpBody, HttpRequest, HttpResponse};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use tower::{Layer, ServiceExt, service_fn};
use twister::bencode::{self, DecodeError};
use twister::translate::TranslateLayer;
use twister::{
    Block, DhtEntry, DirectMessage, GroupAlias, GroupInfo, Mention, MiningInfo, NodeInfo, Registration, RpcError,
    SignedPost, TorrentStatus, Username, hex,
};

/// Where a node shows bytes of a post as hexadecimal digits.
const BYTES: [&str; 10] = [
    "/sig_userpost",
    "/sig_wort",
    "/userpost/sig_rt",
    "/userpost/sig_fav",
    "/userpost/dm/body",
    "/userpost/dm/key",
    "/userpost/dm/mac",
    "/userpost/pfav/body",
    "/userpost/pfav/key",
    "/userpost/pfav/mac",
];

/// A reply is refused, or handed on as JSON-RPC 2.0 whose values can be read as what any call expects.
pub fn check_reply(status: u16, body: &[u8]) {
    let Some(translated) = translated(status, body) else { return };
    assert!(serde_json::from_slice::<IgnoredAny>(&translated).is_ok(), "what is handed on is JSON");
    // Values are handed on as they are written: there may be numbers or nesting that no client can read.
    let Ok(replies) = serde_json::from_slice::<Value>(&translated) else { return };
    let replies = replies.as_array().cloned().unwrap_or_else(|| vec![replies]);
    for reply in replies {
        assert_eq!(reply["jsonrpc"], "2.0");
        match (reply.get("result"), reply.get("error")) {
            (Some(result), None) => check_result(result),
            (None, Some(error)) => check_error(error),
            _ => panic!("neither a result nor an error, or both: {reply}"),
        }
    }
}

/// Bytes are refused or read as bencode, and what was read is written and read again without change.
pub fn check_bencode(bytes: &[u8]) {
    if let Ok(value) = bencode::Value::decode(bytes) {
        assert_eq!(bencode::Value::decode(&value.encode()), Ok(value));
    }
}

/// What the client's layer makes of a reply.
fn translated(status: u16, body: &[u8]) -> Option<Vec<u8>> {
    let reply = HttpResponse::builder().status(status).body(HttpBody::from(body.to_vec())).ok()?;
    let mut reply = Some(reply);
    let node = service_fn(move |_: HttpRequest| {
        let reply = reply.take().expect("one request");
        async { Ok::<_, TransportError>(reply) }
    });
    let request = HttpRequest::new(HttpBody::empty());
    let reply = at_once(TranslateLayer.layer(node).oneshot(request)).ok()?;
    assert_eq!(reply.status(), 200);
    Some(at_once(reply.into_body().collect()).expect("the body is there already").to_bytes().to_vec())
}

/// Nothing here waits for anything.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("there is nothing to wait for"),
    }
}

fn check_error(error: &Value) {
    let code = error["code"].as_i64().expect("an error has a code");
    let message = error["message"].as_str().expect("an error has a message").to_owned();
    let _ = RpcError::Node { code, message }.node_fault();
}

fn check_result(result: &Value) {
    any::<NodeInfo>(result);
    any::<Registration>(result);
    any::<Block>(result);
    any::<MiningInfo>(result);
    any::<Option<TorrentStatus>>(result);
    any::<BTreeMap<String, i64>>(result);
    any::<BTreeMap<String, Vec<DirectMessage>>>(result);
    any::<Vec<Username>>(result);
    any::<Vec<GroupAlias>>(result);
    any::<GroupInfo>(result);
    let posts = SignedPost::deserialize(result).into_iter();
    let listed = Vec::<SignedPost>::deserialize(result).into_iter().flatten();
    let mentions = Vec::<Mention>::deserialize(result).into_iter().flatten().map(|mention| mention.post);
    let entries = Vec::<DhtEntry>::deserialize(result).into_iter().flatten();
    let values = entries.flat_map(|entry| match entry.value.get("posts").and_then(Value::as_array) {
        Some(posts) => posts.clone(),
        None => vec![entry.value],
    });
    let left_in_the_dht = values.filter_map(|value| SignedPost::from_json(value).ok());
    posts.chain(listed).chain(mentions).chain(left_in_the_dht).for_each(|post| check_post(&post));
}

fn any<'a, T: Deserialize<'a>>(result: &'a Value) {
    let _ = T::deserialize(result);
}

/// A post keeps its JSON. Its bencode is what a strict reader takes, every key in its order and once, and a node that gets
/// it shows the same JSON again.
fn check_post(post: &SignedPost) {
    assert_eq!(SignedPost::from_json(post.as_json().clone()).as_ref(), Ok(post));
    let _ = post.is_promoted();
    let _ = post.post.text();
    let Ok(bytes) = post.bencode() else { return };
    match bencode::Value::decode(&bytes) {
        Ok(value) => {
            assert_eq!(value.encode(), bytes);
            let mut expected = post.as_json().clone();
            for place in BYTES {
                if let Some(Value::String(digits)) = expected.pointer_mut(place) {
                    digits.make_ascii_lowercase();
                }
            }
            assert_eq!(as_json(&as_shown(value)), expected);
        }
        Err(error) => assert_eq!(error, DecodeError::TooDeep),
    }
}

/// The post with hexadecimal digits in place of bytes that are not text: what twisterd's `hexcapePost` does.
fn as_shown(mut post: bencode::Value) -> bencode::Value {
    for place in BYTES {
        let mut names = place.split('/').skip(1);
        let found = names.try_fold(&mut post, |value, name| match value {
            bencode::Value::Dictionary(members) => members.get_mut(name.as_bytes()),
            _ => None,
        });
        if let Some(bencode::Value::Bytes(bytes)) = found {
            *bytes = hex::encode(bytes).into_bytes();
        }
    }
    post
}

fn as_json(value: &bencode::Value) -> Value {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("a text stays a text");
    match value {
        bencode::Value::Integer(number) => (*number).into(),
        bencode::Value::Bytes(bytes) => text(bytes).into(),
        bencode::Value::List(items) => items.iter().map(as_json).collect(),
        bencode::Value::Dictionary(members) => {
            members.iter().map(|(name, value)| (text(name), as_json(value))).collect()
        }
    }
}
