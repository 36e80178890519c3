//! How bridges are, in the text format of Prometheus (version 0.0.4) and in words.

use std::fmt::Write as _;

use mqtt_twister_bridge::config::BridgeName;
use mqtt_twister_bridge::event::{BridgeState, Counters, PartState};

/// A bridge; without a state if it could not start.
type Entry = (BridgeName, Option<BridgeState>);

/// What a counter of messages is called, what it means, and where it stands.
type Counter = (&'static str, &'static str, fn(&Counters) -> u64);

/// They count since the bridge was first set up, so they go on over restarts.
const COUNTERS: [Counter; 11] = [
    ("messages_taken", "Messages taken from the local broker that a rule wanted.", |counters| counters.taken),
    ("messages_posted", "Messages that were posted and read back, once for each receiver.", |counters| counters.posted),
    ("posts", "Posts and direct messages that carried them.", |counters| counters.posts),
    ("messages_acknowledged", "Private messages that the receiver's broker has taken over.", |counters| counters.acked),
    ("messages_received", "Messages from the network accepted for the local broker.", |counters| counters.received),
    ("messages_delivered", "Messages that the local broker has taken over.", |counters| counters.delivered),
    ("messages_refused", "Messages turned away because they were invalid or too large.", |counters| counters.refused),
    ("messages_unwanted", "Messages of followed accounts that nothing subscribes to.", |counters| counters.unwanted),
    ("messages_expired", "Messages dropped because they were worth nothing any more.", |counters| counters.expired),
    ("messages_superseded", "Messages replaced by a newer value before they left.", |counters| counters.superseded),
    ("messages_dropped", "Messages that a person dropped while they waited.", |counters| counters.dropped),
];

/// The metrics of all bridges and of the process.
pub(super) fn metrics(bridges: &[Entry]) -> String {
    let mut text = Text::default();
    text.family("build_info", "gauge", "The version of the program; always 1.");
    text.sample("build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    let states = || bridges.iter().filter_map(|(name, state)| Some((name.as_str(), state.as_ref()?)));

    text.family("bridge_ready", "gauge", "Whether messages can cross: 1 if they can.");
    for (name, state) in bridges {
        let is_ready = state.as_ref().is_some_and(|state| state.ready);
        text.sample("bridge_ready", &[("bridge", name.as_str())], u64::from(is_ready));
    }
    text.family("part_up", "gauge", "Whether a part that the bridge stands on works: 1 if it does.");
    for (name, state) in states() {
        for (part, is) in parts(state) {
            text.sample("part_up", &[("bridge", name), ("part", part)], u64::from(*is == PartState::Up));
        }
    }
    for (counter, help, value) in COUNTERS {
        let family = format!("{counter}_total");
        text.family(&family, "counter", help);
        for (name, state) in states() {
            text.sample(&family, &[("bridge", name)], value(&state.counters));
        }
    }
    text.family("messages_waiting", "gauge", "Messages that wait, to go out to the network or in to the broker.");
    for (name, state) in states() {
        let Counters { waiting_out, waiting_in, .. } = state.counters;
        text.sample("messages_waiting", &[("bridge", name), ("direction", "out")], waiting_out);
        text.sample("messages_waiting", &[("bridge", name), ("direction", "in")], waiting_in);
    }
    text.family("messages_unheard", "gauge", "Private messages that are out and whose receiver is silent.");
    for (name, state) in states() {
        text.sample("messages_unheard", &[("bridge", name)], state.counters.unheard);
    }
    text.family("posts_left", "gauge", "Posts that the account may still make now.");
    let quotas = || states().filter_map(|(name, state)| Some((name, state.quota.as_ref()?)));
    for (name, quota) in quotas() {
        text.sample("posts_left", &[("bridge", name)], u64::from(quota.left));
    }
    text.family("next_posts_timestamp_seconds", "gauge", "When the next posts are expected, in Unix time.");
    for (name, quota) in quotas() {
        text.sample("next_posts_timestamp_seconds", &[("bridge", name)], quota.more_at_ms / 1000);
    }
    if let Some(bytes) = resident_memory() {
        text.0.push_str("# HELP process_resident_memory_bytes Resident memory of the process.\n");
        let _ = writeln!(text.0, "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes {bytes}");
    }
    text.0
}

/// Why not all is well, a line a reason; empty if messages can cross on every bridge.
pub(super) fn ailments(bridges: &[Entry]) -> String {
    let mut text = String::new();
    for (name, state) in bridges {
        match state {
            None => drop(writeln!(text, "{name}: not started")),
            Some(state) if state.ready => {}
            Some(state) => {
                for (part, is) in parts(state) {
                    let _ = match is {
                        PartState::Up => Ok(()),
                        PartState::Down { problem } => writeln!(text, "{name}: {part}: {}", problem.message),
                        PartState::Idle | PartState::Connecting => writeln!(text, "{name}: {part}: not reached yet"),
                    };
                }
            }
        }
    }
    text
}

fn parts(state: &BridgeState) -> [(&'static str, &PartState); 4] {
    [("broker", &state.broker), ("node", &state.node), ("account", &state.account), ("network", &state.network)]
}

/// Resident memory in bytes, where the system says it in a file.
fn resident_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// The text so far. Names of bridges have nothing that would have to be escaped.
#[derive(Default)]
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP mqtt_twister_{name} {help}\n# TYPE mqtt_twister_{name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        let labels: Vec<String> = labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        let _ = writeln!(self.0, "mqtt_twister_{name}{{{}}} {value}", labels.join(","));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use mqtt_twister_bridge::event::{Part, Phase, Problem, ProblemCode};

    use super::*;

    fn home() -> BridgeState {
        let mut state = BridgeState::stopped("home".parse().unwrap());
        state.phase = Phase::Running;
        for part in [&mut state.broker, &mut state.node, &mut state.account, &mut state.network] {
            *part = PartState::Up;
        }
        state.ready = true;
        state.counters = Counters { taken: 7, waiting_out: 2, ..Counters::default() };
        state
    }

    #[test]
    fn every_sample_has_its_family_told_once_before_it() {
        let text = metrics(&[("home".parse().unwrap(), Some(home())), ("cabin".parse().unwrap(), None)]);
        let mut told = Vec::new();
        for line in text.lines() {
            match line.strip_prefix("# TYPE ") {
                Some(rest) => {
                    let family = rest.split(' ').next().unwrap();
                    assert!(!told.contains(&family), "{family} is told twice");
                    told.push(family);
                }
                None if line.starts_with("# HELP ") => {}
                None => assert_eq!(line.split(['{', ' ']).next(), told.last().copied(), "{line}"),
            }
        }
        for line in [
            "mqtt_twister_bridge_ready{bridge=\"home\"} 1",
            "mqtt_twister_bridge_ready{bridge=\"cabin\"} 0",
            "mqtt_twister_part_up{bridge=\"home\",part=\"node\"} 1",
            "mqtt_twister_messages_taken_total{bridge=\"home\"} 7",
            "mqtt_twister_messages_waiting{bridge=\"home\",direction=\"out\"} 2",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn health_is_that_messages_can_cross_on_every_bridge() {
        let name: BridgeName = "home".parse().unwrap();
        assert_eq!(ailments(&[(name.clone(), Some(home()))]), "");
        let problem = Problem {
            bridge: name.clone(),
            part: Part::Node,
            code: ProblemCode::NodeUnreachable,
            message: "nothing listens there".to_owned(),
            time_ms: 0,
        };
        let ill = BridgeState { ready: false, node: PartState::Down { problem }, ..home() };
        assert_eq!(
            ailments(&[(name, Some(ill)), ("cabin".parse().unwrap(), None)]),
            "home: node: nothing listens there\ncabin: not started\n"
        );
    }
}
