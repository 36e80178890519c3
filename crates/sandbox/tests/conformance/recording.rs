//! The recorded exchanges.

use serde::Deserialize;
use serde_json::Value;

const RECORDINGS: &str = include_str!("../../../twister/testdata/recordings.jsonl");

/// Steps of the second network, whose swarms are not joined, start so.
const UNJOINED_PREFIXES: [&str; 2] = ["no swarm: ", "carry: "];

/// One recorded exchange.
#[derive(Debug, Deserialize)]
pub struct Step {
    /// What it shows.
    pub step: String,
    /// Which of the two nodes was called.
    pub node: String,
    /// A call, or the raw body of a request.
    pub request: Value,
    pub status: u16,
    pub http_version: String,
    pub content_type: Option<String>,
    pub connection: Option<String>,
    /// JSON, or the raw body.
    pub response: Value,
}

/// What has to happen before a step, besides the recorded calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// Three blocks are made.
    Mine,
    /// A's own posts are stored late, and posts come to B late.
    HoldPosts,
    /// A's own posts are stored.
    StorePosts,
    /// The posts come to B, out of order as they did when this was recorded.
    DeliverPosts,
}

impl Step {
    /// What happens between the steps.
    pub const BEFORE: &[(&str, Before)] = &[
        ("A mine: height after", Before::Mine),
        ("A dm copy_self takes two numbers", Before::HoldPosts),
        ("A dm same second a", Before::StorePosts),
        ("B dms received", Before::DeliverPosts),
    ];

    /// The step's name; no other step has it.
    pub fn name(&self) -> String {
        format!("{} {}", self.node, self.step)
    }

    pub fn is_of_joined_swarms(&self) -> bool {
        !UNJOINED_PREFIXES.iter().any(|prefix| self.step.starts_with(prefix))
    }

    pub fn before(&self) -> Option<Before> {
        let name = self.name();
        Self::BEFORE.iter().find(|(step, _)| *step == name).map(|(_, before)| *before)
    }

    pub fn method(&self) -> &str {
        self.request["method"].as_str().unwrap_or_default()
    }

    pub fn params(&self) -> &Value {
        &self.request["params"]
    }

    /// The newest time that the reply shows of posts, messages and DHT entries.
    pub fn newest_time(&self) -> Option<i64> {
        // Blocks had times of their own when this was recorded.
        match self.method() {
            "getblock" | "getrawtransaction" => None,
            _ => times(&self.response).into_iter().max(),
        }
    }
}

pub fn load() -> Vec<Step> {
    RECORDINGS.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn times(value: &Value) -> Vec<i64> {
    match value {
        Value::Array(items) => items.iter().flat_map(times).collect(),
        Value::Object(members) => {
            let own = members.get("time").and_then(Value::as_i64);
            own.into_iter().chain(members.values().flat_map(times)).collect()
        }
        _ => Vec::new(),
    }
}
