//! The broker's side of a bridge: whether it can be used, and whether the rules are about anything that is there.

use std::collections::BTreeSet;
use std::time::Duration;

use mqtt_twister_bridge::config::BridgeConfig;
use mqtt_twister_bridge::secrets::Password;
use mqtt_twister_bridge::topic::Topic;
use mqtt_twister_bridge::{check, scout};

use super::finding::{Code, Found};
use super::report::Report;

/// Topics that a sentence names at most.
const NAMED: usize = 5;

/// Connects to the broker, and listens so long if rules send something.
pub(super) async fn examine(config: &BridgeConfig, password: &Password, listening: Duration) -> Report {
    let mut report = Report::default();
    match check::check_broker(&config.broker, password).await {
        Ok(said) => {
            let keeps = if said.retain { "keeps retained messages" } else { "keeps no retained messages" };
            let url = &config.broker.url;
            report.well("broker", format!("{url} lets the bridge in, takes QoS up to {}, {keeps}", said.max_qos));
        }
        Err(error) => {
            report.found(error);
            return report;
        }
    }
    if config.forwards.is_empty() {
        return report;
    }
    match scout::topics(&config.broker, password, listening).await {
        Ok(topics) => report.join(matches(config, &topics, listening)),
        Err(error) => report.found(error),
    }
    report
}

/// What can be said of the rules from the topics that were seen: a topic that was not seen may be there all the same.
fn matches(config: &BridgeConfig, topics: &BTreeSet<Topic>, listening: Duration) -> Report {
    let mut report = Report::default();
    let seconds = listening.as_secs();
    if topics.is_empty() {
        let text = format!(
            "the broker shows the bridge no retained message, and none was published within {seconds} s, so whether the rules \
             match anything cannot be said. Publish something meanwhile, listen longer (--listen), or see whether the \
             broker's access rules let the bridge read"
        );
        report.found(Found::notice(Code::BrokerSilent, text));
        return report;
    }
    let is_taken = |topic: &&Topic| config.publications.iter().any(|filter| filter.matches(topic));
    let taken: Vec<&Topic> = topics.iter().filter(is_taken).collect();
    let sent = taken.iter().filter(|topic| config.forwards.iter().any(|forward| forward.matches(topic))).count();
    let seen = topics.len();
    if sent == 0 {
        let text = format!(
            "none of the topics that are at the broker is sent by a rule: {} within {seconds} s. Compare them with \
             publications and forwards: capitals and slashes count",
            some(topics)
        );
        report.found(Found::warning(Code::RulesMatchNothing, text));
        return report;
    }
    report.well("rules", format!("{sent} of the {seen} topics that were seen at the broker are sent"));
    for (index, forward) in config.forwards.iter().enumerate() {
        if !taken.iter().any(|topic| forward.matches(topic)) {
            let text = format!(
                "forwards[{index}] ({}) sends none of the {seen} topics that were seen at the broker within {seconds} s; they \
                 may come later",
                forward.from
            );
            report.found(Found::notice(Code::RuleSawNothing, text));
        }
    }
    report
}

/// Some topics by name, and how many there are.
fn some(topics: &BTreeSet<Topic>) -> String {
    let named: Vec<&str> = topics.iter().take(NAMED).map(Topic::as_str).collect();
    match topics.len() {
        count if count > NAMED => format!("{} and {} more were seen", named.join(", "), count - NAMED),
        1 => format!("{} was seen", named.join(", ")),
        _ => format!("{} were seen", named.join(", ")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use mqtt_twister_bridge::config::ConfigFile;

    use super::*;

    fn codes(topics: &[&str]) -> Vec<Code> {
        let text = "[[bridge]]\nname = 'home'\npublications = ['doors/#', 'sensors/+']\n\
                    forwards = [{ from = 'doors/#' }, { from = 'sensors/#', except = ['sensors/raw'] }]\n\
                    [bridge.twister]\nurl = 'http://127.0.0.1'\naccount = 'alice'\n[bridge.broker]\nurl = '127.0.0.1'\n";
        let config = ConfigFile::parse_toml(text).unwrap().bridges.remove(0);
        let topics = topics.iter().map(|topic| topic.parse().unwrap()).collect();
        let report = matches(&config, &topics, Duration::from_secs(3));
        report.findings().iter().map(|found| found.code).collect()
    }

    #[test]
    fn rules_are_told_to_match_nothing_only_if_there_is_something() {
        assert_eq!(codes(&[]), [Code::BrokerSilent]);
        assert_eq!(codes(&["Doors/1", "sensors/a/b", "sensors/raw"]), [Code::RulesMatchNothing]);
        assert_eq!(codes(&["doors/1", "windows/1"]), [Code::RuleSawNothing]);
        assert_eq!(codes(&["doors/1", "sensors/a"]), []);
    }

    #[test]
    fn topics_are_named_up_to_a_few() {
        let topics = |count: usize| (0..count).map(|n| format!("t/{n}").parse().unwrap()).collect();
        assert_eq!(some(&topics(1)), "t/0 was seen");
        assert_eq!(some(&topics(7)), "t/0, t/1, t/2, t/3, t/4 and 2 more were seen");
    }
}
