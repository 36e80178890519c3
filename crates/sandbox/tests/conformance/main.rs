//! Every exchange recorded from real nodes, replayed against the sandbox and compared.
//!
//! Masked is only what must differ: keys, signatures, hashes, encrypted texts, group aliases, block times and what the
//! sandbox has no network for. Even these are compared as far as possible: what was the same in the recording must be the
//! same here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/http.rs"]
mod http;
mod masks;
mod recording;
mod scenario;

use std::collections::BTreeSet;

use masks::Masks;
use recording::Step;
use scenario::Scenario;

/// Recorded steps that are not compared: node, step, reason.
const LEFT_OUT: &[(&str, &str, &str)] = &[];

#[tokio::test]
async fn every_recorded_exchange_is_the_same_in_the_sandbox() {
    let steps = recording::load();
    let recorded: BTreeSet<_> = steps.iter().map(Step::name).collect();
    assert_eq!(recorded.len(), steps.len(), "recorded steps have names of their own");
    let left_out: BTreeSet<_> = LEFT_OUT.iter().map(|(node, step, _)| format!("{node} {step}")).collect();
    assert!(left_out.is_subset(&recorded), "left out, but not recorded: {:?}", left_out.difference(&recorded));
    let unknown: Vec<_> = Step::BEFORE.iter().filter(|(step, _)| !recorded.contains(*step)).collect();
    assert!(unknown.is_empty(), "prepared, but not recorded: {unknown:?}");

    let mut compared = BTreeSet::new();
    let mut differences = Vec::new();
    let (joined, unjoined): (Vec<_>, Vec<_>) = steps.iter().partition(|step| step.is_of_joined_swarms());
    for (steps, mut scenario) in [(joined, Scenario::joined().await), (unjoined, Scenario::unjoined().await)] {
        let mut masks = Masks::default();
        for step in &steps {
            scenario.prepare(step, &steps).await;
            let reply = scenario.send(step, &masks).await;
            if left_out.contains(&step.name()) {
                continue;
            }
            compared.insert(step.name());
            differences
                .extend(masks.compare(step, &reply).into_iter().map(|found| format!("{}: {found}", step.name())));
        }
        scenario.stop().await;
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
    let missing: Vec<_> = recorded.difference(&compared).filter(|step| !left_out.contains(*step)).collect();
    assert!(missing.is_empty(), "neither compared nor left out: {missing:?}");
}
