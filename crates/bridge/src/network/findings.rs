//! From what was measured to what is wrong.

use serde::{Deserialize, Serialize};

use super::standing::{of_chain, of_clocks, of_dht, of_peers};
use super::{Measurement, NodeFacts, Outcome, Standing, SwarmFacts};
use crate::event::ProblemCode;

/// A node that takes longer holds up every message, in milliseconds.
const SLOW_MS: u32 = 1000;

/// Something that a person should know of their node or network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Finding {
    /// Which.
    pub code: ProblemCode,
    /// How grave it is.
    pub severity: Severity,
    /// The account or address that it is about.
    pub subject: String,
    /// Its figure: blocks behind, seconds, milliseconds, a port.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub amount: i64,
    /// What the node or the system said, in its own words.
    pub detail: Option<String>,
}

/// How grave a finding is; the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum Severity {
    /// No message can cross.
    Fault,
    /// Messages cross, late or at risk.
    Warning,
    /// It could be better.
    Notice,
}

/// What is wrong, the gravest first; empty if all is well. What follows from something else that is wrong is left out.
pub fn diagnose(measurement: &Measurement) -> Vec<Finding> {
    let facts = match &measurement.outcome {
        Outcome::Answered { facts } => facts,
        Outcome::Failed { error } => {
            let gone = Finding::new(error.code, Severity::Fault, &measurement.account);
            return vec![Finding { detail: Some(error.message.clone()), ..gone }];
        }
    };
    let now_s = measurement.at_ms / 1000;
    let standing = Standing::from(&**facts);
    let chain = of_chain(&standing, now_s);
    // A node that has not caught up knows nothing of newer accounts, and has paused its swarms.
    let is_behind = chain.as_ref().is_some_and(|found| found.severity == Severity::Fault);
    let mut findings: Vec<Finding> =
        [of_peers(&standing, now_s), of_clocks(&standing, now_s), chain].into_iter().flatten().collect();
    findings.extend(of_account(facts, &measurement.account, is_behind));
    if !facts.peers.is_empty() && !is_behind {
        findings.extend(of_dht(&standing));
        findings.extend(of_swarms(facts));
    }
    if facts.latency_ms > SLOW_MS {
        findings.push(Finding::new(ProblemCode::NodeSlow, Severity::Warning, "").of(facts.latency_ms));
    }
    findings.sort_by_key(|finding| finding.severity);
    findings
}

fn of_account(facts: &NodeFacts, account: &str, is_behind: bool) -> Option<Finding> {
    match (facts.has_key, facts.registered_at) {
        (false, _) => Some(Finding::new(ProblemCode::AccountNotInWallet, Severity::Fault, account)),
        (true, None) if !is_behind => Some(Finding::new(ProblemCode::AccountNotRegistered, Severity::Fault, account)),
        _ => None,
    }
}

fn of_swarms(facts: &NodeFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    // Whoever follows nobody yet has nobody to be joined with.
    let has_people = facts.swarms.iter().any(|swarm| !swarm.own);
    let alone = |swarm: &&SwarmFacts| swarm.present && !swarm.paused && swarm.peers == 0;
    for swarm in facts.swarms.iter().filter(alone).filter(|swarm| has_people || !swarm.own) {
        let alone = Finding::new(ProblemCode::SwarmNotJoined, Severity::Warning, &swarm.account);
        findings.push(alone.of(u32::from(swarm.own)));
    }
    for swarm in facts.swarms.iter().filter(|swarm| !swarm.present && !swarm.own) {
        findings.push(Finding::new(ProblemCode::PeerNotRegistered, Severity::Warning, &swarm.account));
    }
    let was_reached =
        facts.peers.iter().any(|peer| peer.inbound) || facts.swarms.iter().any(|swarm| swarm.has_incoming);
    if !was_reached {
        findings.push(Finding::new(ProblemCode::PortClosed, Severity::Notice, "").of(facts.ports.1));
    }
    findings
}

impl Finding {
    pub(super) fn new(code: ProblemCode, severity: Severity, subject: &str) -> Self {
        Self { code, severity, subject: subject.to_owned(), amount: 0, detail: None }
    }

    pub(super) fn of(self, amount: impl TryInto<i64>) -> Self {
        Self { amount: amount.try_into().unwrap_or(i64::MAX), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ChainPeer;
    use super::*;
    use crate::check::CheckError;

    const NOW_S: u64 = 1_800_000_000;

    fn swarm(account: &str, own: bool) -> SwarmFacts {
        let account = account.to_owned();
        SwarmFacts { account, own, present: true, peers: 2, posts: 5, paused: false, has_incoming: true }
    }

    fn healthy() -> NodeFacts {
        NodeFacts {
            latency_ms: 2,
            version: "0.9.40".to_owned(),
            height: 1000,
            newest_block_s: NOW_S - 300,
            is_own_chain: false,
            peers: vec![ChainPeer { address: "10.0.0.1:28333".to_owned(), inbound: true, height: Some(1000) }],
            dht_nodes: 20,
            outside_address: Some("203.0.113.7".to_owned()),
            ports: (28333, 29333),
            clock_offset_s: 1,
            clock_warning: false,
            has_key: true,
            registered_at: Some(10),
            swarms: vec![swarm("mqtt_alice", true), swarm("mqtt_bob", false)],
        }
    }

    fn found(change: impl FnOnce(&mut NodeFacts)) -> Vec<(ProblemCode, Severity, String, i64)> {
        let mut facts = healthy();
        change(&mut facts);
        let outcome = Outcome::Answered { facts: Box::new(facts) };
        let measurement = Measurement { at_ms: NOW_S * 1000, account: "mqtt_alice".to_owned(), outcome };
        let entry = |finding: Finding| (finding.code, finding.severity, finding.subject, finding.amount);
        diagnose(&measurement).into_iter().map(entry).collect()
    }

    fn one(
        code: ProblemCode,
        severity: Severity,
        subject: &str,
        amount: i64,
    ) -> Vec<(ProblemCode, Severity, String, i64)> {
        vec![(code, severity, subject.to_owned(), amount)]
    }

    #[test]
    fn a_healthy_node_has_nothing_to_be_told_of() {
        assert_eq!(found(|_| {}), []);
    }

    #[test]
    fn a_node_that_is_gone_is_all_there_is_to_say_with_the_reason() {
        let error = CheckError { code: ProblemCode::NodeUnreachable, message: "nothing listens there".to_owned() };
        let outcome = Outcome::Failed { error };
        let findings = diagnose(&Measurement { at_ms: NOW_S * 1000, account: "mqtt_alice".to_owned(), outcome });
        assert_eq!(findings.len(), 1);
        assert_eq!((findings[0].code, findings[0].severity), (ProblemCode::NodeUnreachable, Severity::Fault));
        assert_eq!(findings[0].detail.as_deref(), Some("nothing listens there"));
    }

    #[test]
    fn a_chain_that_is_behind_says_by_how_many_blocks() {
        let behind = |facts: &mut NodeFacts| facts.peers[0].height = Some(1400);
        assert_eq!(found(behind), one(ProblemCode::NodeSyncing, Severity::Fault, "", 400));
        let days_behind = found(|facts| {
            behind(facts);
            facts.newest_block_s = NOW_S - 3 * 86_400;
            facts.registered_at = None;
            facts.swarms[0].peers = 0;
        });
        assert_eq!(days_behind, one(ProblemCode::NodeSyncing, Severity::Fault, "", 400), "the rest follows from it");
    }

    #[test]
    fn a_block_on_its_way_is_no_matter() {
        assert_eq!(found(|facts| facts.peers[0].height = Some(1002)), []);
    }

    #[test]
    fn a_chain_without_new_blocks_is_told_from_a_node_that_is_behind() {
        let quiet = |hours: u64| found(|facts| facts.newest_block_s = NOW_S - hours * 3600);
        assert_eq!(quiet(1), []);
        assert_eq!(quiet(5), one(ProblemCode::ChainStands, Severity::Warning, "", 5 * 3600));
        assert_eq!(quiet(48), one(ProblemCode::ChainStands, Severity::Fault, "", 48 * 3600));
    }

    #[test]
    fn a_wrong_clock_is_seen_by_blocks_of_the_future_and_by_the_clocks_of_others() {
        let future = found(|facts| facts.newest_block_s = NOW_S + 3 * 3600);
        assert_eq!(future, one(ProblemCode::ClockWrong, Severity::Fault, "", 3 * 3600));
        let slow = found(|facts| facts.clock_offset_s = -3600);
        assert_eq!(slow, one(ProblemCode::ClockWrong, Severity::Warning, "", -3600));
        assert_eq!(found(|facts| facts.clock_offset_s = 60), []);
    }

    #[test]
    fn a_node_without_peers_is_alone_and_nothing_else() {
        let alone = found(|facts| {
            facts.peers.clear();
            facts.dht_nodes = 0;
            facts.swarms.iter_mut().for_each(|swarm| swarm.peers = 0);
        });
        assert_eq!(alone, one(ProblemCode::NoPeers, Severity::Fault, "", 0));
    }

    #[test]
    fn in_a_network_of_one_s_own_being_alone_and_a_quiet_chain_are_usual() {
        let own = |hours: u64, is_alone: bool| {
            found(|facts| {
                facts.is_own_chain = true;
                facts.newest_block_s = NOW_S - hours * 3600;
                if is_alone {
                    facts.peers.clear();
                }
            })
        };
        assert_eq!(own(5, false), []);
        assert_eq!(own(5, true), one(ProblemCode::NoPeers, Severity::Warning, "", 0));
        assert_eq!(own(48, true), one(ProblemCode::NoPeers, Severity::Fault, "", 0));
    }

    #[test]
    fn an_empty_dht_is_a_warning() {
        assert_eq!(found(|facts| facts.dht_nodes = 0), one(ProblemCode::DhtEmpty, Severity::Warning, "", 0));
    }

    #[test]
    fn a_swarm_that_nobody_has_joined_is_named_and_its_own_is_marked() {
        let of_bob = found(|facts| facts.swarms[1].peers = 0);
        assert_eq!(of_bob, one(ProblemCode::SwarmNotJoined, Severity::Warning, "mqtt_bob", 0));
        let own = found(|facts| facts.swarms[0].peers = 0);
        assert_eq!(own, one(ProblemCode::SwarmNotJoined, Severity::Warning, "mqtt_alice", 1));
    }

    #[test]
    fn whoever_follows_nobody_has_nobody_to_be_joined_with() {
        let nobody = found(|facts| {
            facts.swarms.truncate(1);
            facts.swarms[0].peers = 0;
        });
        assert_eq!(nobody, []);
    }

    #[test]
    fn a_followed_account_without_a_swarm_is_not_registered() {
        let stranger = found(|facts| facts.swarms[1].present = false);
        assert_eq!(stranger, one(ProblemCode::PeerNotRegistered, Severity::Warning, "mqtt_bob", 0));
    }

    #[test]
    fn a_closed_port_is_a_notice_with_its_number() {
        let closed = found(|facts| {
            facts.peers[0].inbound = false;
            facts.swarms.iter_mut().for_each(|swarm| swarm.has_incoming = false);
        });
        assert_eq!(closed, one(ProblemCode::PortClosed, Severity::Notice, "", 29333));
    }

    #[test]
    fn an_account_without_key_or_registration_cannot_post() {
        let no_key = found(|facts| facts.has_key = false);
        assert_eq!(no_key, one(ProblemCode::AccountNotInWallet, Severity::Fault, "mqtt_alice", 0));
        let not_registered = found(|facts| facts.registered_at = None);
        assert_eq!(not_registered, one(ProblemCode::AccountNotRegistered, Severity::Fault, "mqtt_alice", 0));
    }

    #[test]
    fn a_slow_node_says_how_slow() {
        assert_eq!(found(|facts| facts.latency_ms = 2500), one(ProblemCode::NodeSlow, Severity::Warning, "", 2500));
    }

    #[test]
    fn the_gravest_comes_first() {
        let codes: Vec<Severity> = found(|facts| {
            facts.latency_ms = 2500;
            facts.peers[0].inbound = false;
            facts.swarms.iter_mut().for_each(|swarm| swarm.has_incoming = false);
            facts.has_key = false;
        })
        .into_iter()
        .map(|entry| entry.1)
        .collect();
        assert_eq!(codes, [Severity::Fault, Severity::Warning, Severity::Notice]);
    }
}
