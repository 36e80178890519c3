use mqtt_twister_bridge::config::{
    BridgeConfig, CatchUp, ConfigError, ConfigFile, Limits, Retain, RuleError, Subscription, parse_bridge,
};
use mqtt_twister_bridge::message::Qos;
use serde_json::{Value, json};

pub(super) const WHOLE: &str = r#"[[bridge]]
name = "home"
following = ["mqtt_bob"]
publications = ["home/#"]
subscriptions = ["fridges/#", { filter = "a/+", except = ["a/b"], from = ["mqtt_bob"], rename = "x/$1", max_qos = 1, retain = "strip" }]

[bridge.twister]
url = "http://127.0.0.1:28332"
account = "mqtt_alice"

[bridge.broker]
url = "mqtt://127.0.0.1:1883"

[[bridge.forwards]]
from = "home/#"
except = ["home/secret/#"]
strip_prefix = "home/"
add_prefix = "alice/"
max_qos = 0
retain = "strip"
max_wait_ms = 5000
latest_only = true
expires_after_s = 60
compatible = true

[bridge.peers.mqtt_bob]
topics = ["fridges/#"]
messages_per_minute = 60
max_payload = 1000
first_contact = "everything"
after_absence = "retained"

[bridge.limits]
messages_per_minute = 600
deliver_per_second = 50
"#;

/// A bridge that has nothing special, with `field` set to `value`.
fn with(field: &str, value: Value) -> Result<BridgeConfig, ConfigError> {
    let mut config = json!({
        "name": "home",
        "twister": { "url": "http://127.0.0.1:28332", "account": "mqtt_alice" },
        "broker": { "url": "127.0.0.1" },
        "following": ["mqtt_bob"],
        "publications": ["#"],
    });
    config[field] = value;
    parse_bridge(config)
}

fn rule(field: &str, value: Value) -> RuleError {
    match with(field, value).unwrap_err() {
        ConfigError::Rule(rule) => rule,
        other => panic!("{other}"),
    }
}

/// The field that is refused, and the reason.
fn field(name: &str, value: Value) -> (String, String) {
    match with(name, value).unwrap_err() {
        ConfigError::Json { field, source } => (field, source.to_string()),
        other => panic!("{other}"),
    }
}

#[test]
fn every_rule_is_read_and_written_without_change() {
    let file = ConfigFile::parse_toml(WHOLE).unwrap();
    assert_eq!(ConfigFile::parse_toml(&file.to_toml()).unwrap(), file);
    let bridge = &file.bridges[0];
    let forward = &bridge.forwards[0];
    assert_eq!((forward.max_qos, forward.retain, forward.max_wait_ms), (Some(Qos::AtMostOnce), Retain::Strip, 5000));
    assert_eq!(bridge.subscriptions[1].max_qos, Some(Qos::AtLeastOnce));
    assert_eq!((bridge.limits.messages_per_minute, bridge.limits.quarantine), (600, 100));
    let bob = "mqtt_bob".parse().unwrap();
    assert_eq!(bridge.peers[&bob].after_absence, CatchUp::Retained);
    assert_eq!((bridge.messages_per_minute(&bob), bridge.max_payload(&bob)), (60, 1000));
}

#[test]
fn what_is_not_said_is_what_it_was_before_there_were_rules() {
    let bridge = with("forwards", json!([{ "from": "#" }])).unwrap();
    let forward = &bridge.forwards[0];
    assert_eq!((forward.max_wait_ms, forward.latest_only, forward.compatible), (250, false, false));
    assert_eq!((forward.retain, forward.max_qos), (Retain::Keep, None));
    let limits = Limits { messages_per_minute: 6000, max_payload: 262_144, deliver_per_second: 200, quarantine: 100 };
    assert_eq!(bridge.limits, limits);
    let peer = with("peers", json!({ "mqtt_bob": {} })).unwrap().peers.into_values().next().unwrap();
    assert_eq!((peer.first_contact, peer.after_absence), (CatchUp::FromNowOn, CatchUp::Everything));
}

#[test]
fn a_plain_subscription_is_written_as_the_filter_that_it_is() {
    let bridge = with("subscriptions", json!(["a/#", { "filter": "b" }, { "filter": "c", "max_qos": 0 }])).unwrap();
    let written = serde_json::to_value(&bridge).unwrap();
    assert_eq!(written["subscriptions"], json!(["a/#", "b", { "filter": "c", "max_qos": 0 }]));
    assert_eq!(bridge.subscriptions[1], "b".parse::<Subscription>().unwrap());
    for field in ["peers", "limits"] {
        assert_eq!(written.get(field), None, "what nobody has set is not written");
    }
}

#[test]
fn a_filter_that_several_subscriptions_share_is_published_once() {
    let shared = json!(["a/#", { "filter": "a/#", "from": ["mqtt_bob"] }, "b"]);
    let wanted = with("subscriptions", shared).unwrap().wanted();
    assert_eq!(wanted.iter().map(|filter| filter.as_str()).collect::<Vec<_>>(), ["a/#", "b"]);
}

#[test]
fn a_value_that_is_not_valid_is_refused_by_its_field() {
    let refused = |name, value, expected: &str, word: &str| {
        let (field, reason) = field(name, value);
        assert!(field == expected && reason.contains(word), "{field}: {reason}");
    };
    let forward = |more: (&str, Value)| json!([{ "from": "a/+", more.0: more.1 }]);
    refused("forwards", forward(("rename", json!("b/$"))), "forwards[0].rename", "write $$");
    refused("forwards", forward(("rename", json!("$$SYS/$1"))), "forwards[0].rename", "never cross");
    refused("forwards", forward(("add_prefix", json!("b/#"))), "forwards[0].add_prefix", "no topic can have");
    refused("forwards", forward(("add_prefix", json!("mqtt-twister/"))), "forwards[0].add_prefix", "never cross");
    refused("forwards", forward(("max_qos", json!(3))), "forwards[0].max_qos", "MQTT has 0, 1 and 2");
    refused("forwards", forward(("retain", json!("drop"))), "forwards[0].retain", "keep");
    refused("forwards", forward(("except", json!(["a#"]))), "forwards[0].except[0]", "# must stand alone");
    refused("forwards", forward(("expect", json!(["a"]))), "forwards[0].expect", "unknown field");
    refused("subscriptions", json!(["a", "b+"]), "subscriptions[1]", "+ must stand alone");
    refused("subscriptions", json!([{ "filter": "b+" }]), "subscriptions[0].filter", "+ must stand alone");
    refused("subscriptions", json!([{ "filter": "b", "to": [] }]), "subscriptions[0].to", "unknown field");
    refused("subscriptions", json!([7]), "subscriptions[0]", "a topic filter");
    refused("peers", json!({ "Bob": {} }), "peers.Bob", "a-z");
    refused("peers", json!({ "mqtt_bob": { "colour": 1 } }), "peers.mqtt_bob.colour", "unknown field");
    refused("peers", json!({ "mqtt_bob": { "first_contact": "all" } }), "peers.mqtt_bob.first_contact", "retained");
    refused("limits", json!({ "speed": 1 }), "limits.speed", "unknown field");
    refused("limits", json!({ "max_payload": -1 }), "limits.max_payload", "-1");
}

#[test]
fn rules_that_cannot_work_are_refused_with_the_reason() {
    let refused = |name, value, field: &str, word: &str| {
        let rule = rule(name, value);
        assert!(rule.field() == field && rule.to_string().contains(word), "{}: {rule}", rule.field());
    };
    let forward = |mut more: Value| {
        more["from"] = json!("a/+");
        json!([more])
    };
    refused("forwards", forward(json!({ "rename": "b/$2" })), "forwards[0].rename", "$2");
    refused("forwards", forward(json!({ "rename": "b", "add_prefix": "c" })), "forwards[0].rename", "`strip_prefix`");
    refused("forwards", forward(json!({ "strip_prefix": "b/" })), "forwards[0].strip_prefix", "cannot be stripped");
    refused("forwards", forward(json!({ "except": ["b", "#"] })), "forwards[0].except", "leaves out all");
    refused("forwards", forward(json!({ "max_wait_ms": 86_400_001 })), "forwards[0].max_wait_ms", "a day");
    refused("forwards", forward(json!({ "expires_after_s": 0 })), "forwards[0].expires_after_s", "is 0");
    let private = json!({ "type": "private", "to": ["mqtt_bob"], "compatible": true });
    refused("forwards", forward(private), "forwards[0].compatible", "announced");
    let local = json!([{ "from": "a/mqtt-twister/#", "strip_prefix": "a/" }]);
    refused("forwards", local, "forwards[0]", "never cross");
    refused(
        "subscriptions",
        json!(["a", { "filter": "b", "from": ["mqtt_eve"] }]),
        "subscriptions[1].from",
        "mqtt_eve",
    );
    refused("subscriptions", json!([{ "filter": "b", "except": ["+"] }]), "subscriptions[0].except", "leaves out all");
    refused("subscriptions", json!([{ "filter": "b", "rename": "$1" }]), "subscriptions[0].rename", "$1");
    refused("peers", json!({ "mqtt_eve": {} }), "peers.mqtt_eve", "not followed");
    let peer = |more: Value| json!({ "mqtt_bob": more });
    refused("peers", peer(json!({ "messages_per_minute": 0 })), "peers.mqtt_bob.messages_per_minute", "is 0");
    refused("peers", peer(json!({ "max_payload": 0 })), "peers.mqtt_bob.max_payload", "is 0");
    for name in ["messages_per_minute", "max_payload", "deliver_per_second"] {
        refused("limits", json!({ name: 0 }), &format!("limits.{name}"), "is 0");
    }
    refused("limits", json!({ "max_payload": 262_145 }), "limits.max_payload", "at most 262144");
    refused("limits", json!({ "quarantine": 100_001 }), "limits.quarantine", "at most 100000");
    assert!(with("limits", json!({ "quarantine": 0 })).is_ok());
}

#[test]
fn a_table_in_a_file_is_refused_with_its_line() {
    let error = ConfigFile::parse_toml(&WHOLE.replace("max_qos = 1", "max_qos = 4")).unwrap_err().to_string();
    assert!(error.contains("line 5") && error.contains("subscriptions[1].max_qos"), "{error}");
    let error = ConfigFile::parse_toml(&WHOLE.replace("\"fridges/#\", {", "\"fridges#\", {")).unwrap_err().to_string();
    assert!(error.contains("line 5") && error.contains("subscriptions[0]"), "{error}");
}
