//! Everything that is wrong with settings that are being written: not the first error alone, but one for each rule.

use serde_json::{Map, Value};

use super::file::{ConfigError, parse_bridge};

/// The lists of rules; each element is checked on its own.
const LISTS: [&str; 4] = ["following", "publications", "forwards", "subscriptions"];

/// What is wrong with a bridge's settings, in the shape of a [`BridgeConfig`](super::BridgeConfig): what is wrong outside the
/// lists of rules first, then one error for each rule and each peer that has any. Fields are as in the whole.
pub fn problems_of(config: &Value) -> Vec<ConfigError> {
    let Some(fields) = config.as_object() else {
        return parse_bridge(config.clone()).err().into_iter().collect();
    };
    let list = |name: &str| fields.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut bare = fields.clone();
    for name in LISTS.into_iter().chain(["peers"]) {
        if fields.get(name).is_none_or(|value| value.is_array() || value.is_object()) {
            bare.shift_remove(name);
        }
    }
    let mut problems: Vec<ConfigError> = parse_bridge(Value::Object(bare.clone())).err().into_iter().collect();
    if !problems.is_empty() {
        // Rules are checked against good settings: what is wrong with these is told already.
        bare = placeholder(fields);
    }
    let followed: Vec<Value> =
        list("following").into_iter().filter(|name| problem_of(&bare, "following", name).is_none()).collect();
    for name in LISTS {
        for (index, element) in list(name).iter().enumerate() {
            let mut base = bare.clone();
            if name != "following" {
                base.insert("following".to_owned(), Value::Array(followed.clone()));
            }
            problems.extend(problem_of(&base, name, element).map(|error| error.at(name, index)));
        }
    }
    for (name, peer) in fields.get("peers").and_then(Value::as_object).into_iter().flatten() {
        let mut whole = bare.clone();
        whole.insert("following".to_owned(), Value::Array(followed.clone()));
        whole.insert("peers".to_owned(), Value::Object(Map::from_iter([(name.clone(), peer.clone())])));
        problems.extend(parse_bridge(Value::Object(whole)).err());
    }
    problems
}

fn problem_of(base: &Map<String, Value>, list: &str, element: &Value) -> Option<ConfigError> {
    let mut whole = base.clone();
    whole.insert(list.to_owned(), Value::Array(vec![element.clone()]));
    parse_bridge(Value::Object(whole)).err()
}

/// Good settings with the account of `fields`, if that is good.
fn placeholder(fields: &Map<String, Value>) -> Map<String, Value> {
    let settings = |account: &Value| {
        Map::from_iter([
            ("name".to_owned(), "x".into()),
            ("twister".to_owned(), serde_json::json!({"url": "http://127.0.0.1:28332", "account": account})),
            ("broker".to_owned(), serde_json::json!({"url": "mqtt://127.0.0.1"})),
        ])
    };
    let own = fields.get("twister").and_then(|twister| twister.get("account")).map(settings);
    let is_good = |settings: &Map<String, Value>| parse_bridge(Value::Object(settings.clone())).is_ok();
    own.filter(is_good).unwrap_or_else(|| settings(&"x".into()))
}

impl ConfigError {
    /// The error of an element that was checked on its own, in the list that it stands in.
    fn at(self, list: &str, index: usize) -> Self {
        match self {
            Self::Json { field, source } => {
                let rest = field.strip_prefix(&format!("{list}[0]")).map(str::to_owned);
                Self::Json { field: rest.map_or(field, |rest| format!("{list}[{index}]{rest}")), source }
            }
            Self::Rule(rule) => Self::Rule(rule.at(index)),
            other => other,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(rules: &Value) -> Vec<String> {
        let mut config = json!({
            "name": "home",
            "twister": {"url": "http://127.0.0.1:28332", "account": "mqtt_alice"},
            "broker": {"url": "127.0.0.1"},
        });
        config.as_object_mut().unwrap().extend(rules.as_object().unwrap().clone());
        let field = |error: &ConfigError| match error {
            ConfigError::Json { field, .. } => field.clone(),
            ConfigError::Rule(rule) => rule.field(),
            other => other.to_string(),
        };
        problems_of(&config).iter().map(field).collect()
    }

    #[test]
    fn good_settings_have_no_problems() {
        let rules = json!({
            "following": ["mqtt_bob"],
            "publications": ["doors/#"],
            "forwards": [{"from": "doors/#", "type": "private", "to": ["mqtt_bob"]}],
            "subscriptions": ["#", {"filter": "a/#", "from": ["mqtt_bob"]}],
            "peers": {"mqtt_bob": {"messages_per_minute": 3}},
        });
        assert_eq!(fields(&rules), [""; 0]);
    }

    #[test]
    fn each_rule_that_is_wrong_is_told_at_its_place() {
        let rules = json!({
            "following": ["mqtt_bob", "No Name"],
            "publications": ["doors/#", "a#"],
            "forwards": [
                {"from": "doors/#"},
                {"from": "doors/#", "type": "private"},
                {"from": "a/#", "strip_prefix": "b/"},
                {"from": "a/#/b"},
                {"from": "a/+", "rename": "b/$2"},
                {"from": "a/+", "max_wait_ms": 100_000_000},
                {"from": "a/+", "expires_after_s": 0},
            ],
            "subscriptions": ["#", "+x", {"filter": "a/#", "from": ["mqtt_carol"]}],
            "peers": {"mqtt_carol": {}, "mqtt_bob": {"max_payload": 0}},
            "limits": {"messages_per_minute": 0},
        });
        assert_eq!(
            fields(&rules),
            [
                "limits.messages_per_minute",
                "following[1]",
                "publications[1]",
                "forwards[1].to",
                "forwards[2].strip_prefix",
                "forwards[3].from",
                "forwards[4].rename",
                "forwards[5].max_wait_ms",
                "forwards[6].expires_after_s",
                "subscriptions[1]",
                "subscriptions[2].from",
                "peers.mqtt_carol",
                "peers.mqtt_bob.max_payload",
            ]
        );
    }

    #[test]
    fn rules_are_checked_though_the_broker_is_not_given_yet() {
        assert_eq!(
            fields(
                &json!({"broker": {"url": ""}, "forwards": [{"from": "a", "type": "private", "to": ["mqtt_alice"]}]})
            ),
            ["broker.url", "forwards[0].to"]
        );
    }
}
