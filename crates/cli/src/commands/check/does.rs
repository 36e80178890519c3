//! What a rule does, in words.

use std::fmt;

use mqtt_twister_bridge::config::{Forward, Retain, Subscription, Visibility};
use mqtt_twister_bridge::mapping::Mapping;
use mqtt_twister_bridge::message::Qos;
use mqtt_twister_bridge::pack::DEFAULT_MAX_WAIT;
use mqtt_twister_bridge::topic::TopicFilter;
use serde::Serialize;
use twister::Username;

/// A rule, to be said in words.
pub(super) enum Does<'a> {
    /// For what goes out.
    Forward(&'a Forward),
    /// For what comes in.
    Subscription(&'a Subscription),
}

impl fmt::Display for Does<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forward(forward) => write_forward(f, forward),
            Self::Subscription(subscription) => write_subscription(f, subscription),
        }
    }
}

impl Serialize for Does<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn write_forward(f: &mut fmt::Formatter<'_>, forward: &Forward) -> fmt::Result {
    write_filter(f, &forward.from, &forward.except)?;
    match forward.visibility {
        Visibility::Public => {
            f.write_str(" goes out")?;
            write_name(f, &forward.mapping())?;
            f.write_str(" for everybody to read, as posts")?;
        }
        Visibility::Private => {
            write!(f, " goes to {}", names(&forward.to))?;
            write_name(f, &forward.mapping())?;
            f.write_str(", encrypted, as far as they subscribe to it")?;
        }
    }
    write_changes(f, forward.max_qos, forward.retain)?;
    if forward.compatible {
        f.write_str(", one message a post, readable for mosquitto-twister")?;
    }
    if forward.max_wait() != DEFAULT_MAX_WAIT {
        write!(f, ", after {} s at most", forward.max_wait().as_secs_f64())?;
    }
    if forward.latest_only {
        f.write_str(", only the newest of each topic")?;
    }
    match forward.expires_after_s {
        Some(seconds) => write!(f, ", not after {seconds} s"),
        None => Ok(()),
    }
}

fn write_subscription(f: &mut fmt::Formatter<'_>, subscription: &Subscription) -> fmt::Result {
    write_filter(f, &subscription.filter, &subscription.except)?;
    if !subscription.from.is_empty() {
        write!(f, " of {}", names(&subscription.from))?;
    }
    f.write_str(" may come in")?;
    write_name(f, &subscription.mapping())?;
    write_changes(f, subscription.max_qos, subscription.retain)
}

fn write_filter(f: &mut fmt::Formatter<'_>, filter: &TopicFilter, except: &[TopicFilter]) -> fmt::Result {
    write!(f, "{filter}")?;
    if except.is_empty() {
        return Ok(());
    }
    let except: Vec<&str> = except.iter().map(TopicFilter::as_str).collect();
    write!(f, " except {}", except.join(", "))
}

/// The new name, if there is one.
fn write_name(f: &mut fmt::Formatter<'_>, mapping: &Mapping<'_>) -> fmt::Result {
    match (mapping.rename, mapping.strip_prefix, mapping.add_prefix) {
        (Some(rename), _, _) => write!(f, " as {rename}"),
        (None, None, None) => Ok(()),
        (None, Some(strip), None) => write!(f, " without {strip}"),
        (None, None, Some(add)) => write!(f, " with {add} before it"),
        (None, Some(strip), Some(add)) => write!(f, " with {add} in the place of {strip}"),
    }
}

fn write_changes(f: &mut fmt::Formatter<'_>, max_qos: Option<Qos>, retain: Retain) -> fmt::Result {
    if let Some(qos) = max_qos {
        write!(f, ", with QoS {} at most", u8::from(qos))?;
    }
    match retain {
        Retain::Keep => Ok(()),
        Retain::Strip => f.write_str(", not retained"),
    }
}

fn names(accounts: &[Username]) -> String {
    let names: Vec<&str> = accounts.iter().map(Username::as_str).collect();
    names.join(", ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn forward(mut more: Value) -> String {
        more["from"] = json!("home/#");
        Does::Forward(&serde_json::from_value(more).unwrap()).to_string()
    }

    fn subscription(mut more: Value) -> String {
        more["filter"] = json!("home/#");
        Does::Subscription(&serde_json::from_value(more).unwrap()).to_string()
    }

    #[test]
    fn a_plain_rule_is_one_short_sentence() {
        assert_eq!(forward(json!({})), "home/# goes out for everybody to read, as posts");
        let private = json!({ "type": "private", "to": ["bob", "eve"] });
        assert_eq!(forward(private), "home/# goes to bob, eve, encrypted, as far as they subscribe to it");
    }

    #[test]
    fn everything_that_a_rule_changes_is_said() {
        let all = json!({
            "except": ["home/x"], "rename": "a/$1", "max_qos": 1, "retain": "strip", "max_wait_ms": 5000,
            "latest_only": true, "expires_after_s": 60, "compatible": true,
        });
        assert_eq!(
            forward(all),
            "home/# except home/x goes out as a/$1 for everybody to read, as posts, with QoS 1 at most, not retained, one \
             message a post, readable for mosquitto-twister, after 5 s at most, only the newest of each topic, not after \
             60 s"
        );
        let from_bob = json!({ "from": ["bob"], "strip_prefix": "home/", "add_prefix": "bob/" });
        assert_eq!(subscription(from_bob), "home/# of bob may come in with bob/ in the place of home/");
        assert_eq!(subscription(json!({ "strip_prefix": "home/" })), "home/# may come in without home/");
        assert_eq!(subscription(json!({ "add_prefix": "b/" })), "home/# may come in with b/ before it");
    }
}
