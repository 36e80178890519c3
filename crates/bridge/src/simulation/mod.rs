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
//! events in words; `RUNS=100000` runs more, and `FROM=20000` others.
//!
//! Deliberately not here: HTTP, signatures and encryption, and the packets of MQTT. Frames are compressed in one run of
//! fifty only, as that takes its time.

mod bridge;
mod network;
mod plain;
mod plan;
mod promises;
mod receiving;
mod record;
mod sending;
mod trace;
mod world;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use self::world::{Life, World};

/// How many runs there are unless `RUNS` says otherwise.
const RUNS: u64 = 500;

#[test]
fn hundreds_of_lives_of_two_to_five_bridges_keep_the_promises() {
    if let Some(seed) = number("SEED") {
        return tell(seed, live(seed, true));
    }
    let first = number("FROM").unwrap_or(0);
    let (next, end) = (AtomicU64::new(first), first + number("RUNS").unwrap_or(RUNS));
    let stop = AtomicBool::new(false);
    let failed = Mutex::new(Vec::new());
    let tally = Mutex::new(BTreeMap::new());
    let work = || {
        let mut own: BTreeMap<&'static str, usize> = BTreeMap::new();
        while !stop.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                break;
            }
            let life = live(seed, false);
            life.tally.iter().for_each(|(what, count)| *own.entry(*what).or_default() += count);
            if let (Some(breach), Some(_)) = (&life.breach, number("ALL")) {
                eprintln!("seed {seed}: {}", breach.lines().next().unwrap_or_default());
                continue;
            }
            if life.breach.is_some() {
                failed.lock().unwrap().push(seed);
                stop.store(true, Ordering::Relaxed);
            }
        }
        let mut tally = tally.lock().unwrap();
        own.into_iter().for_each(|(what, count)| *tally.entry(what).or_insert(0) += count);
    };
    let threads = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    if let Some(seed) = failed.into_inner().unwrap().into_iter().min() {
        tell(seed, live(seed, true));
    }
    eprintln!("{:#?}", tally.into_inner().unwrap());
}

#[test]
fn a_seed_is_lived_the_same_way_again() {
    for seed in 0..20 {
        assert_eq!(live(seed, false).hash, live(seed, true).hash, "seed {seed}");
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
