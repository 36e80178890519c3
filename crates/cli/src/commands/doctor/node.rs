//! The node's side of a bridge: node, network, account, posts, profiles.

use std::collections::BTreeSet;

use mqtt_twister_bridge::config::{BridgeConfig, Visibility};
use mqtt_twister_bridge::event::{BridgeState, Phase, ProblemCode};
use mqtt_twister_bridge::network::{self, NodeFacts, Outcome};
use mqtt_twister_bridge::node::{Node, Profile};
use mqtt_twister_bridge::pack::Pace;
use mqtt_twister_bridge::secrets::Password;
use mqtt_twister_bridge::topic::TopicFilter;
use tokio::task::JoinSet;
use twister::Username;

use super::finding::{Code, Found};
use super::report::Report;

/// The field of a profile that says what its account wants.
const TOPICS: &str = "mqtt_topics";

/// Looks at all of it. `state` is what the bridge says if it runs.
pub(super) async fn examine(config: &BridgeConfig, password: &Password, state: &BridgeState) -> Report {
    let mut report = Report::default();
    let account = &config.twister.account;
    let node = match Node::new(&config.twister.url, &config.twister.user, password) {
        Ok(node) => node,
        Err(error) => {
            report.found(error);
            return report;
        }
    };
    let measurement = node.measure(account, &config.following).await;
    network::diagnose(&measurement).into_iter().for_each(|finding| report.found(finding));
    let Outcome::Answered { facts } = &measurement.outcome else { return report };
    report.well("node", said(facts));
    if !(facts.has_key && facts.registered_at.is_some()) {
        return report;
    }
    let (posts, own, others) =
        tokio::join!(posts(&node, account, state), node.profile(account), receivers(&node, config));
    report.join(posts);
    match own {
        Ok(profile) => report.join(published(config, &profile, state.phase == Phase::Running)),
        Err(error) => report.found(Found::warning(Code::Problem(error.code), error.message)),
    }
    report.join(others);
    report
}

fn said(facts: &NodeFacts) -> String {
    let NodeFacts { version, latency_ms, height, peers, dht_nodes, .. } = facts;
    let peers = peers.len();
    format!(
        "twisterd {version} answers in {latency_ms} ms: block {height}, nodes connected: {peers}, known in the DHT: {dht_nodes}"
    )
}

/// How many posts the account has left. A running bridge knows best.
async fn posts(node: &Node, account: &Username, state: &BridgeState) -> Report {
    let mut report = Report::default();
    let left = match &state.quota {
        Some(quota) => Ok(Some(quota.left)),
        None => node.posts_left(account).await.map(|posts| posts.map(|posts| posts.left)),
    };
    match left.map(|left| left.map(|left| (left, Pace::of(left)))) {
        Err(error) => report.found(error),
        // The account has never posted from here.
        Ok(None) => {}
        Ok(Some((left, Pace::Plenty))) => report.well("account", format!("{account} has {left} posts left")),
        Ok(Some((left, Pace::Scarce))) => report.found(Found::warning(
            Code::PostsScarce,
            format!(
                "{account} has {left} posts left, so messages wait to share them. Each block brings two, about twelve in an \
                 hour; let rules wait longer (max_wait_ms) or send only the newest (latest_only)"
            ),
        )),
        Ok(Some((_, Pace::Out))) => report.found(Found::fault(
            Code::Problem(ProblemCode::QuotaExhausted),
            format!(
                "{account} has no posts left, so nothing leaves before the next block, which brings two. Send less: let rules \
                 wait longer (max_wait_ms) or send only the newest (latest_only)"
            ),
        )),
    }
    report
}

/// Whether the profile says what the bridge wants.
fn published(config: &BridgeConfig, profile: &Profile, is_running: bool) -> Report {
    let mut report = Report::default();
    let wanted: BTreeSet<TopicFilter> = config.wanted().into_iter().collect();
    let account = &config.twister.account;
    if wants(profile).unwrap_or_default() == wanted {
        report.well("profile", format!("{account} publishes what it wants"));
        return report;
    }
    let listed = list(wanted.iter().map(TopicFilter::as_str));
    let does = match listed.as_str() {
        "" => "still says that it wants something, so others go on sending it".to_owned(),
        listed => format!("does not say that it wants {listed}, so nobody sends it that in private"),
    };
    report.found(match is_running {
        true => Found::fault(
            Code::ProfileNotPublished,
            format!(
                "the profile of {account} {does}. The bridge runs and tries again by itself; `status` says what is in its way"
            ),
        ),
        false => Found::warning(
            Code::ProfileNotPublished,
            format!("the profile of {account} {does}. The bridge publishes it when it runs: start it"),
        ),
    });
    report
}

/// Whether those who are to get private messages want them.
async fn receivers(node: &Node, config: &BridgeConfig) -> Report {
    let mut report = Report::default();
    let private = || config.forwards.iter().filter(|forward| forward.visibility == Visibility::Private);
    let names: BTreeSet<Username> = private().flat_map(|forward| &forward.to).cloned().collect();
    let mut profiles: JoinSet<_> = names
        .into_iter()
        .map(|name| {
            let node = node.clone();
            async move { (node.profile(&name).await, name) }
        })
        .collect();
    let mut found = Vec::new();
    while let Some(Ok((profile, name))) = profiles.join_next().await {
        // What cannot be read says nothing of what is wanted.
        let Ok(profile) = profile else { continue };
        let Some(wanted) = wants(&profile) else {
            found.push(format!(
                "{name} has not published what it wants, or nobody can be found who knows it, so private messages for it wait \
                 here. They leave when its bridge has run and published it"
            ));
            continue;
        };
        let sent = private().filter(|forward| forward.to.contains(&name));
        let sent: Vec<TopicFilter> = sent.filter_map(|forward| forward.mapping().image_of(&forward.from)).collect();
        if !sent.iter().any(|sent| wanted.iter().any(|wanted| wanted.overlaps(sent))) {
            let (wanted, sent) =
                (list(wanted.iter().map(TopicFilter::as_str)), list(sent.iter().map(TopicFilter::as_str)));
            let wanted = if wanted.is_empty() { "nothing".to_owned() } else { wanted };
            found.push(format!(
                "{name} wants {wanted}, and the rules send it {sent}: it gets none of that. Ask {name} to subscribe to it, or \
                 change the names in the rules"
            ));
        }
    }
    found.sort();
    found.into_iter().for_each(|message| report.found(Found::warning(Code::ReceiverWantsNothing, message)));
    report
}

/// The filters that a profile publishes; none if it says nothing of them.
fn wants(profile: &Profile) -> Option<BTreeSet<TopicFilter>> {
    let field = profile.fields.iter().find(|field| field.name == TOPICS)?;
    let filters: Vec<String> = serde_json::from_str(&field.value).ok()?;
    Some(filters.into_iter().filter_map(|filter| filter.parse().ok()).collect())
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}
