//! Two to five bridges live through hours and days in simulated time, with everything going wrong that can, and have to
//! keep their promises.
//!
//! A run is drawn from its seed ([`plan`]): who there is, what they publish, which troubles come and when they end. The
//! [`world`] lives through it in memory. The engine's two halves run over a database as in earnest; what its tasks do with
//! broker and node is done here ([`bridge`], [`sending`], [`receiving`]) with a simulated broker and [`network`], in the same
//! order of calls. After the troubles everything heals, and when all has come to rest, what was seen from outside
//! ([`record`]) is held against the [`promises`].
//!
//! A run that fails tells its seed. `SEED=7 cargo test -p mqtt-twister-bridge simulation` runs this one alone, with the last
//! events in words; `RUNS=100000` runs more or fewer, `FROM=20000` others, and `ALL=1` goes on after a failure.
//!
//! A trouble that no run meets tests nothing, so the runs count what befell them ([`TROUBLES`]).
//!
//! Deliberately not here: HTTP, signatures and encryption, and the packets of MQTT. Frames are compressed in one run of
//! two hundred only, as that takes its time.

mod bridge;
mod network;
mod nodes;
mod plain;
mod plan;
mod promises;
mod receiving;
mod record;
mod sending;
mod trace;
mod troubles;
mod world;

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use self::world::{Life, World};

/// How many runs there are unless `RUNS` says otherwise.
const RUNS: u64 = 10_000;

/// Each of these befalls at least one run of a hundred.
const TROUBLES: [&str; 26] = [
    "calls of a node that is away",
    "jumps of a clock",
    "kills between two steps of a task",
    "kills between two tasks",
    "kills in a transaction",
    "members that begin late",
    "messages of peers on v0",
    "messages offered again by a broker",
    "messages to peers on v0",
    "numbers that others took",
    "peers heard of late",
    "peers that change from v0 to v1",
    "posts a day and more on their way",
    "posts before their swarm joins",
    "posts found again",
    "posts listed late by their own node",
    "posts lost on their way",
    "posts overtaken by later ones",
    "posts that the node says to have and has not",
    "posts whose swarm never joins",
    "posts without a reply",
    "receivers unknown to the node",
    "times that a broker is away",
    "times that the quota is used up",
    "writes to a full disk",
    "wrong clocks",
];

#[test]
fn ten_thousand_lives_of_two_to_five_bridges_keep_the_promises() {
    if let Some(seed) = number("SEED") {
        return tell(seed, live(seed, true));
    }
    let (first, runs) = (number("FROM").unwrap_or(0), number("RUNS").unwrap_or(RUNS));
    let (next, end) = (AtomicU64::new(first), first + runs);
    let failed = AtomicU64::new(u64::MAX);
    let tally = Mutex::new(Tally::default());
    let work = || {
        let mut own = Tally::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            // Of several that fail, the first is told, however the threads take turns.
            if seed >= end.min(failed.load(Ordering::Relaxed)) {
                break;
            }
            let life = live(seed, false);
            own.add(&life);
            match (life.breach, number("ALL")) {
                (Some(breach), Some(_)) => eprintln!("seed {seed}: {}", breach.lines().next().unwrap_or_default()),
                (Some(_), None) => drop(failed.fetch_min(seed, Ordering::Relaxed)),
                (None, _) => {}
            }
        }
        tally.lock().unwrap().join(own);
    };
    let threads = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    match failed.into_inner() {
        u64::MAX => {}
        seed => tell(seed, live(seed, true)),
    }
    let tally = tally.into_inner().unwrap();
    eprint!("{tally}");
    for what in TROUBLES.into_iter().filter(|_| runs >= 1000) {
        assert!(tally.runs(what) >= runs / 100, "{what}: in {} of {runs} runs only", tally.runs(what));
    }
}

#[test]
fn a_seed_is_lived_the_same_way_again() {
    for seed in 0..20 {
        assert_eq!(live(seed, false).hash, live(seed, true).hash, "seed {seed}");
    }
}

/// What was counted over many runs: how often in all, and in how many of them.
#[derive(Default)]
struct Tally(BTreeMap<&'static str, (usize, u64)>);

impl Tally {
    fn add(&mut self, life: &Life) {
        self.join(Self(life.tally.iter().map(|(what, count)| (*what, (*count, 1))).collect()));
    }

    fn join(&mut self, other: Self) {
        for (what, (count, runs)) in other.0 {
            let (all, in_runs) = self.0.entry(what).or_default();
            *all += count;
            *in_runs += runs;
        }
    }

    /// In how many runs there was `what`.
    fn runs(&self, what: &str) -> u64 {
        self.0.get(what).map_or(0, |(_, runs)| *runs)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(what, (count, runs))| writeln!(f, "{count:>9} {what}, in {runs} runs"))
    }
}

fn live(seed: u64, in_words: bool) -> Life {
    let lived = catch_unwind(AssertUnwindSafe(|| World::new(seed, in_words).live()));
    lived.unwrap_or_else(|_| Life {
        hash: 0,
        breach: Some("it panicked, as told above".to_owned()),
        lines: Vec::new(),
        tally: BTreeMap::new(),
    })
}

fn tell(seed: u64, life: Life) {
    if let Some(breach) = life.breach {
        let lines = life.lines.join("\n");
        panic!(
            "{lines}\n\nseed {seed}: {breach}\nTo see it again: SEED={seed} cargo test -p mqtt-twister-bridge simulation"
        );
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}
