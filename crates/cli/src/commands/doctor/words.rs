//! The words for what is found out from a node's measurement.

use mqtt_twister_bridge::event::ProblemCode;
use mqtt_twister_bridge::network::{Finding, Severity};
use mqtt_twister_bridge::queue::Span;

/// What it is, why, and what to do.
pub(super) fn of(finding: &Finding) -> String {
    let Finding { code, severity, subject, amount, detail } = finding;
    if let Some(detail) = detail {
        return detail.clone();
    }
    match code {
        ProblemCode::NoPeers => {
            "the node has no connection to other nodes, so nothing travels further than to it. Check \
                                 its internet connection, or in a private network its -connect addresses"
                .to_owned()
        }
        ProblemCode::NodeSyncing => format!(
            "the node's chain is behind by {amount} blocks that others have. Leave it running until it has caught up; the \
             bridge begins by itself then"
        ),
        ProblemCode::ChainStands => {
            let waits = match severity {
                Severity::Fault => ", and nodes pause what they do for accounts until there is one",
                Severity::Warning | Severity::Notice => "",
            };
            format!(
                "the newest block is {} old, and the node's peers know of none either{waits}. In a private network some \
                 node has to make blocks (setgenerate true 1); otherwise see whether the node is cut off",
                span(*amount)
            )
        }
        ProblemCode::ClockWrong if *severity == Severity::Fault => format!(
            "a clock is wrong by {} or more: this machine's, the node's, or that of whoever made the newest block. Set the \
             clocks of both machines (timedatectl), then restart twisterd",
            span(amount.abs())
        ),
        ProblemCode::ClockWrong => {
            let way = if *amount > 0 { "behind" } else { "ahead of" };
            format!(
                "a clock is wrong: the node's is {} {way} those of its peers. Set the clock of its machine (timedatectl)",
                span(amount.abs())
            )
        }
        ProblemCode::AccountNotInWallet => format!(
            "the node's wallet has no key for {subject}, so nothing can be posted. Check twister.account; a new account is \
             made with `account create`, one that you have elsewhere comes in with `account import`"
        ),
        ProblemCode::AccountNotRegistered => format!(
            "{subject} is not registered in the chain, so it cannot post. A registration takes effect with the next block; \
             if none was sent, or the node was restarted since, run `account register`"
        ),
        ProblemCode::DhtEmpty => {
            "the node knows no other nodes of the DHT, so profiles and posts are found late or not at \
                                  all. Give it some minutes after its start; if that does not help, let UDP reach it"
                .to_owned()
        }
        ProblemCode::SwarmNotJoined if *amount == 1 => format!(
            "nobody else collects the posts of {subject} yet, as far as the node can see. Others see them by the DHT, later; \
             it can take 15 minutes after somebody followed it"
        ),
        ProblemCode::SwarmNotJoined => format!(
            "the node has found nobody else with the posts of {subject} yet. They come by the DHT meanwhile, later; it can \
             take 15 minutes after it was followed"
        ),
        ProblemCode::PeerNotRegistered => format!(
            "{subject} is not a registered account (yet), or the node does not follow it yet. Check the name in following; \
             the bridge follows it by itself when it runs"
        ),
        ProblemCode::PortClosed => format!(
            "nobody has connected to the node from outside, so it takes part by its own connections only. Let port {amount} \
             through the router for quicker delivery"
        ),
        ProblemCode::NodeSlow => format!(
            "the node takes {amount} ms to answer, and every message waits for that. See what else its machine does"
        ),
        // Whoever adds a finding to the engine adds its words here; until then its code says what it is.
        other => format!("{} {subject} {amount}", super::finding::Code::Problem(*other)).trim_end().to_owned(),
    }
}

fn span(seconds: i64) -> Span {
    Span(u64::try_from(seconds).unwrap_or(0).saturating_mul(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(code: ProblemCode, amount: i64) -> Finding {
        Finding { code, severity: Severity::Warning, subject: "mqtt_bob".to_owned(), amount, detail: None }
    }

    #[test]
    fn what_the_node_said_is_repeated_as_it_is() {
        let detail = Some("nothing listens there".to_owned());
        assert_eq!(of(&Finding { detail, ..finding(ProblemCode::NodeUnreachable, 0) }), "nothing listens there");
    }

    #[test]
    fn a_clock_is_said_to_be_behind_or_ahead() {
        assert!(of(&finding(ProblemCode::ClockWrong, 7200)).contains("2 hours behind those of its peers"));
        assert!(of(&finding(ProblemCode::ClockWrong, -7200)).contains("2 hours ahead of those of its peers"));
    }

    #[test]
    fn a_figure_stands_in_its_sentence() {
        assert!(of(&finding(ProblemCode::NodeSyncing, 400)).contains("behind by 400 blocks"));
        assert!(of(&finding(ProblemCode::PeerNotRegistered, 0)).starts_with("mqtt_bob is not"));
    }
}
