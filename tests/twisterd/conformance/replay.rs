//! The recorded exchanges, sent to the two nodes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::likeness::differences;
use super::recording::{self, Step};
use super::scenario::Scenario;
use crate::network::Network;
use crate::node::becomes;
use crate::patience;

/// Nodes that have just met announce themselves to swarms within so long.
const ANNOUNCED: Duration = Duration::from_secs(15 * 60);

/// Steps that cannot be demanded of any node: node, step, reason.
const LEFT_OUT: &[(&str, &str, &str)] = &[
    ("A", "raw: GET /", "a page that a node may have or not"),
    ("A", "create key, upper case", "the key would stay in the wallet for good"),
    ("A", "create key, too long", "the key would stay in the wallet for good"),
    ("A", "create key, empty", "the key would stay in the wallet for good"),
    ("A", "register twice while pending", "a block may come first"),
    ("A", "pending registrations", "a block may come first"),
    ("A", "registration while pending", "a block may come first"),
    ("A", "raw: post with \\u escapes is damaged", "it is refused or corrupted"),
    ("B", "dht get long resource name", "nodes need not keep what is over their limits"),
    ("B", "dht get 8 KiB", "nodes need not keep what is over their limits"),
];

/// Steps of the two nodes whose swarms could not join: posts of this network's own are carried by
/// `a_direct_message_is_carried_by_hand_and_a_damaged_one_is_refused`.
const CARRYING: [&str; 2] = ["no swarm: ", "carry: "];

/// What B can only know of A's posts by a swarm.
const BY_SWARM: &[&str] = &[
    "getlasthave",
    "getnumpieces",
    "getposts",
    "peekpost",
    "getmentions",
    "getdirectmsgs",
    "listgroups",
    "getgroupinfo",
];

/// Calls that change nothing, so that they can be repeated until what they ask about has come.
const READING: &[&str] = &["get", "list", "dump", "peek", "dhtget", "torrentstatus"];

/// The last step before which carol and dave have to be registered.
const REGISTERED: &str = "mine: height after";

/// The highest number of carol's posts.
const HIGHEST_NUMBER: u32 = 24;

pub async fn the_recorded_steps_have_the_same_shapes_and_codes(network: Arc<Network>) {
    let steps = recording::load();
    let recorded: BTreeSet<String> = steps.iter().map(Step::name).collect();
    let left_out: BTreeSet<String> = LEFT_OUT.iter().map(|(node, step, _)| format!("{node} {step}")).collect();
    let unknown: Vec<_> = left_out.difference(&recorded).collect();
    assert!(unknown.is_empty(), "left out, but not recorded: {unknown:?}");

    let mut scenario = Scenario::new(&network).await;
    let (mut compared, mut by_swarm) = (0, 0);
    let mut found = Vec::new();
    let mut are_joined = None;
    let demanded = steps.iter().filter(|step| !left_out.contains(&step.name()));
    for step in demanded.filter(|step| !CARRYING.iter().any(|prefix| step.step.starts_with(prefix))) {
        if step.step == REGISTERED && step.node == "A" {
            network.until_registered(&[&scenario.carol, &scenario.dave]).await;
            network.until_allowed(&scenario.carol, HIGHEST_NUMBER).await;
        }
        if step.node == "B" && BY_SWARM.contains(&step.method()) {
            let joined = match are_joined {
                Some(joined) => joined,
                None => *are_joined.insert(become_joined(&network, &scenario).await),
            };
            by_swarm += usize::from(!joined);
            if !joined {
                continue;
            }
        }
        compared += 1;
        found.extend(repeat(&mut scenario, step).await.into_iter().map(|what| format!("{}: {what}", step.name())));
    }
    println!("{compared} of {} recorded steps were compared; {by_swarm} need swarms that are joined", steps.len());
    assert!(found.is_empty(), "{} differences:\n{}", found.len(), found.join("\n"));
}

/// Sends a step, again and again if it only reads, until the reply is like the recorded one. The differences if it never is.
async fn repeat(scenario: &mut Scenario<'_>, step: &Step) -> Vec<String> {
    let reads = READING.iter().any(|prefix| step.method().starts_with(prefix));
    let limit = if reads { patience() } else { Duration::ZERO };
    let mut found = look(scenario, step).await;
    if !found.is_empty() {
        becomes(limit, async || {
            found = look(scenario, step).await;
            found.is_empty()
        })
        .await;
    }
    found
}

async fn look(scenario: &mut Scenario<'_>, step: &Step) -> Vec<String> {
    let reply = scenario.send(step).await;
    let mut found = Vec::new();
    if reply.status != step.status {
        found.push(format!("status is {}, was {}", reply.status, step.status));
    }
    let Ok(actual) = serde_json::from_slice::<Value>(&reply.body) else {
        // Wrong credentials are answered with a page.
        if !step.response.is_string() {
            found.push("the reply is not JSON".to_owned());
        }
        return found;
    };
    scenario.remember(step, &actual);
    found.extend(differences(step.method(), &scenario.translate(&step.response), &actual));
    found
}

/// Whether B is in carol's swarm. On private addresses nodes never join.
async fn become_joined(network: &Network, scenario: &Scenario<'_>) -> bool {
    if !network.node(0).can_join_swarms().await || !network.node(1).can_join_swarms().await {
        return false;
    }
    becomes(patience().min(ANNOUNCED), async || network.node(1).swarm_peers(&scenario.carol).await > 0).await
}
