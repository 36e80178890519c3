//! The whole program against nodes that it has never seen: two real `twisterd`s that this suite starts as a private network of their
//! own, or two that run already. It relies on nothing but what every node does: blocks come when they come, swarms join late
//! or never, and the accounts are new ones at each run.
//!
//! What runs is said by the environment ([`given`]). Without nodes everything is skipped, and said to be.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod cases;
mod conformance;
mod daemon;
mod given;
mod network;
mod node;
mod side;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use tokio::runtime::Runtime;

use given::Given;
use network::Network;

/// What is said in place of results when there is nothing to run against.
const SKIPPED: &str = "skipped: no twisterd given (TWISTERD=/path/to/twisterd starts two; TWISTER_A=http://user:password@host:port \
                       and TWISTER_B=... are two that run)";

/// How long a test waits for something. Swarms of nodes that have just met may take a quarter of an hour.
fn patience() -> Duration {
    static PATIENCE: OnceLock<Duration> = OnceLock::new();
    *PATIENCE.get_or_init(given::patience)
}

/// What all cases share. The network is started, or met, by the first that needs it.
struct Stage {
    given: Given,
    runtime: Runtime,
    network: OnceLock<Result<Arc<Network>, String>>,
}

impl Stage {
    fn network(&self) -> Result<Arc<Network>, Failed> {
        let network = self.network.get_or_init(|| self.runtime.block_on(Network::ready(&self.given)).map(Arc::new));
        network.clone().map_err(Failed::from)
    }
}

/// How a case ended that did not fail.
trait Ended {
    fn completion(self) -> Completion;
}

impl Ended for () {
    fn completion(self) -> Completion {
        Completion::Completed
    }
}

impl Ended for Completion {
    fn completion(self) -> Completion {
        self
    }
}

fn trial<R: Ended, F: Future<Output = R>>(
    stage: &Arc<Stage>,
    name: &str,
    case: impl FnOnce(Arc<Network>) -> F + Send + 'static,
) -> Trial {
    let shared = Arc::clone(stage);
    let run = move || {
        let network = shared.network()?;
        Ok(shared.runtime.block_on(case(network)).completion())
    };
    Trial::ignorable_test(name, run).with_ignored_flag(matches!(stage.given, Given::Nothing))
}

macro_rules! trials {
    ($stage:expr, $($module:ident::$case:ident),* $(,)?) => {
        vec![$(trial($stage, stringify!($case), $module::$case)),*]
    };
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // A node serves ten connections at a time, and two bridges and a test have more than half of them.
    arguments.test_threads = Some(1);
    let given = match Given::from_environment() {
        Ok(given) => given,
        Err(reason) => {
            eprintln!("{reason}");
            return ExitCode::from(2);
        }
    };
    if matches!(given, Given::Nothing) && !arguments.list {
        println!("{SKIPPED}");
    }
    let stage = Arc::new(Stage { given, runtime: Runtime::new().unwrap(), network: OnceLock::new() });
    use cases::{kinds, limits, messages, outages};
    use conformance::{promises, replay};
    let trials = trials![
        &stage,
        replay::the_recorded_steps_have_the_same_shapes_and_codes,
        promises::a_taken_number_answers_success_and_stores_nothing,
        promises::a_post_may_have_so_many_bytes_and_no_more,
        promises::a_range_excludes_its_beginning_and_includes_its_end,
        promises::a_profile_with_a_stale_number_is_ignored,
        promises::a_direct_message_is_carried_by_hand_and_a_damaged_one_is_refused,
        messages::a_public_message_arrives_as_it_was_sent,
        messages::a_private_message_arrives_at_its_receiver_and_at_nobody_else,
        messages::messages_go_both_ways_and_none_comes_back,
        messages::messages_arrive_where_swarms_are_not_joined,
        kinds::many_messages_share_a_post,
        kinds::a_message_larger_than_a_post_arrives_whole,
        kinds::a_retained_message_is_kept_and_cleared_at_the_far_end,
        kinds::messages_of_qos_2_arrive_once_and_in_order,
        outages::kills_of_both_bridges_lose_nothing,
        outages::a_node_that_is_started_again_loses_nothing,
        limits::without_posts_left_messages_wait_for_the_next_blocks,
    ];
    let conclusion = libtest_mimic::run(&arguments, trials);
    if let Some(Ok(network)) = stage.network.get() {
        stage.runtime.block_on(network.stop());
    }
    conclusion.exit_code()
}
