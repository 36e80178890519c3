//! What happens in a run, drawn from its seed before it begins: who is there, what they publish, and which troubles come.

use std::collections::BTreeSet;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};
use serde_json::json;
use twister::Username;

use crate::config::{BridgeConfig, parse_bridge};
use crate::message::{Properties, Qos};
use crate::route::Waiting;
use crate::topic::{Topic, TopicFilter};

const NAMES: [&str; 5] = ["alice", "bob", "carol", "dave", "erin"];

/// First levels of topics. What goes through the ring is sent on by whoever gets it.
const CLASSES: [&str; 5] = ["sensors", "news", "doors", "lamps", "status"];
pub(super) const RING: &str = "ring";

pub(super) const SECOND: u64 = 1000;
pub(super) const MINUTE: u64 = 60 * SECOND;
pub(super) const HOUR: u64 = 60 * MINUTE;
pub(super) const DAY: u64 = 24 * HOUR;

/// A run. Times are in milliseconds from its beginning; members are named by their place in `members`.
#[derive(Debug)]
pub(super) struct Plan {
    pub members: Vec<Member>,
    pub publications: Vec<Publication>,
    pub troubles: Troubles,
    /// When the troubles are over.
    pub heals_at: u64,
    /// Frames are compressed, which costs time.
    pub compressed: bool,
}

/// Someone with an account, a node and a broker.
#[derive(Debug)]
pub(super) struct Member {
    pub name: Username,
    pub kind: Kind,
    pub follows: BTreeSet<usize>,
    /// Classes of topics.
    pub wants: BTreeSet<&'static str>,
    pub rules: Vec<Rule>,
    pub begins_at: u64,
    /// How many posts it has left at the beginning.
    pub posts_left: u32,
    /// For each member, when it is heard of, and whether it has announced v1 then.
    pub hears: Vec<Vec<(u64, bool)>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The engine under test.
    Bridge,
    /// An implementation of v0, which gives its messages ids or not.
    Plain { ids: bool },
}

/// What goes out, and to whom.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub class: &'static str,
    pub audience: Audience,
    pub waiting: Waiting,
    pub compatible: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Audience {
    Everybody,
    Members(BTreeSet<usize>),
}

/// A message that a member's broker has.
#[derive(Debug, Clone)]
pub(super) struct Publication {
    pub at: u64,
    pub by: usize,
    pub topic: Topic,
    pub payload: Vec<u8>,
    pub qos: Qos,
    pub retain: bool,
    pub properties: Properties,
    pub path: Vec<Username>,
}

/// How much of each trouble there is until the run heals; probabilities unless said.
#[derive(Debug, Clone, Default)]
pub(super) struct Troubles {
    /// A post number is taken by another client of the account just before it is used.
    pub theft: f64,
    /// A post never reaches a node.
    pub loss: f64,
    /// A post takes minutes to days.
    pub delay: f64,
    /// The node answers success and loses the post.
    pub ghost: f64,
    /// The reply to a post is lost.
    pub open: f64,
    /// The node lists a post of its own late.
    pub lag: f64,
    /// Posts are found again that were looked at before.
    pub repeats: f64,
    /// The node does not know a receiver for a while.
    pub unknown: f64,
    /// How many of each of these there are.
    pub crashes: usize,
    pub full_disks: usize,
    pub outages: usize,
    pub broker_absences: usize,
    pub clock_jumps: usize,
    /// The clocks are wrong from the beginning.
    pub wrong_clocks: bool,
    /// Blocks come in hours instead of minutes.
    pub famine: bool,
    /// Swarms join late or never.
    pub apart: bool,
    /// Members begin late, or are heard of late.
    pub strangers: bool,
}

impl Troubles {
    fn draw(rng: &mut StdRng) -> Self {
        if rng.random_bool(0.12) {
            return Self::default();
        }
        let mut share = |most: f64| if rng.random_bool(0.5) { rng.random_range(0.0..most) } else { 0.0 };
        let mut troubles = Self {
            theft: share(0.3),
            loss: share(0.4),
            delay: share(0.3),
            ghost: share(0.1),
            open: share(0.2),
            lag: share(0.1),
            repeats: share(0.3),
            unknown: share(0.1),
            ..Self::default()
        };
        let mut times = |most: usize| if rng.random_bool(0.5) { rng.random_range(1..=most) } else { 0 };
        troubles.crashes = times(12);
        troubles.full_disks = times(3);
        troubles.outages = times(4);
        troubles.broker_absences = times(3);
        troubles.clock_jumps = times(4);
        troubles.wrong_clocks = rng.random_bool(0.2);
        troubles.famine = rng.random_bool(0.25);
        troubles.apart = rng.random_bool(0.3);
        troubles.strangers = rng.random_bool(0.4);
        troubles
    }

    /// Nothing at all goes wrong, and all are there from the beginning.
    pub(super) fn is_none(&self) -> bool {
        let Self { theft, loss, delay, ghost, open, lag, repeats, unknown, .. } = *self;
        let chances = [theft, loss, delay, ghost, open, lag, repeats, unknown];
        let times =
            [self.crashes, self.full_disks, self.outages, self.broker_absences, self.clock_jumps].iter().sum::<usize>();
        let kinds = [self.wrong_clocks, self.famine, self.apart, self.strangers];
        chances == [0.0; 8] && times == 0 && kinds == [false; 4]
    }

    /// All clocks are right.
    pub(super) fn clocks_are_right(&self) -> bool {
        self.clock_jumps == 0 && !self.wrong_clocks
    }
}

impl Plan {
    pub(super) fn draw(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let troubles = Troubles::draw(&mut rng);
        let compressed = seed.is_multiple_of(200);
        let heals_at = (HOUR as f64 * 100_f64.powf(rng.random_range(0.0..1.0))) as u64;
        let count = [2, 2, 3, 3, 4, 5].choose(&mut rng).copied().unwrap_or(2);
        let ring = count > 2 && rng.random_bool(0.2);
        let kinds: Vec<Kind> = (0..count)
            .map(|member| match member > 1 && !ring && rng.random_bool(0.35) {
                true => Kind::Plain { ids: rng.random_bool(0.5) },
                false => Kind::Bridge,
            })
            .collect();
        let mut members: Vec<Member> = kinds
            .iter()
            .enumerate()
            .map(|(member, kind)| draw_member(&mut rng, &troubles, member, *kind, &kinds, ring, heals_at))
            .collect();
        follow(&mut rng, &mut members);
        let publications = draw_publications(&mut rng, &members, heals_at, compressed);
        Self { members, publications, troubles, heals_at, compressed }
    }
}

impl Member {
    /// The rule that says where a message goes.
    pub(super) fn rule(&self, topic: &Topic) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.class == class(topic))
    }

    pub(super) fn wants(&self, topic: &Topic) -> bool {
        self.wants.contains(class(topic))
    }

    /// What it wants, as it publishes it.
    pub(super) fn filters(&self) -> Vec<TopicFilter> {
        self.wants.iter().map(|class| format!("{class}/#").parse().unwrap()).collect()
    }

    pub(super) fn is_bridge(&self) -> bool {
        self.kind == Kind::Bridge
    }
}

impl Rule {
    pub(super) fn is_for(&self, member: usize) -> bool {
        match &self.audience {
            Audience::Everybody => true,
            Audience::Members(members) => members.contains(&member),
        }
    }

    pub(super) fn is_public(&self) -> bool {
        self.audience == Audience::Everybody
    }
}

/// The first level of a topic.
pub(super) fn class(topic: &Topic) -> &str {
    topic.as_str().split('/').next().unwrap_or_default()
}

fn draw_member(
    rng: &mut StdRng,
    troubles: &Troubles,
    member: usize,
    kind: Kind,
    kinds: &[Kind],
    ring: bool,
    heals_at: u64,
) -> Member {
    let count = kinds.len();
    let others: Vec<usize> = (0..count).filter(|other| *other != member).collect();
    let mut rules = Vec::new();
    for class in CLASSES {
        if rng.random_bool(0.7) {
            rules.push(draw_rule(rng, class, &others));
        }
    }
    let mut wants: BTreeSet<&'static str> = CLASSES.into_iter().filter(|_| rng.random_bool(0.8)).collect();
    if ring {
        wants.insert(RING);
        let next = BTreeSet::from([(member + 1) % count]);
        let audience = if rng.random_bool(0.5) { Audience::Members(next) } else { Audience::Everybody };
        rules.push(Rule { class: RING, audience, waiting: Waiting::default(), compatible: false });
    }
    let late = |rng: &mut StdRng, chance: f64| match troubles.strangers && rng.random_bool(chance) {
        true => rng.random_range(0..heals_at),
        false => 0,
    };
    let begins_at = late(rng, 0.2);
    let hears = (0..count)
        .map(|other| {
            let first = late(rng, 0.3);
            let packed = kinds[other] == Kind::Bridge;
            match packed && troubles.strangers && rng.random_bool(0.1) {
                // It was heard of when it ran an older version.
                true => vec![(first, false), (rng.random_range(first..=heals_at), true)],
                false => vec![(first, packed)],
            }
        })
        .collect();
    let name: Username = NAMES[member].parse().unwrap();
    let posts_left = if troubles.famine { rng.random_range(0..25) } else { 100_000 };
    let follows = others.into_iter().collect();
    Member { name, kind, follows, wants, rules, begins_at, posts_left, hears }
}

fn draw_rule(rng: &mut StdRng, class: &'static str, others: &[usize]) -> Rule {
    let public = match class {
        "sensors" | "news" => true,
        "doors" | "lamps" => false,
        _ => rng.random_bool(0.3),
    };
    let audience = match public {
        true => Audience::Everybody,
        false => {
            let count = rng.random_range(1..=others.len());
            Audience::Members(others.choose_multiple(rng, count).copied().collect())
        }
    };
    let max_wait = [0, 0, 250, 250, 250, 5000, 60_000, 300_000].choose(rng).copied().unwrap_or(0);
    let expires_after = rng.random_bool(0.1).then(|| Duration::from_millis(rng.random_range(10 * MINUTE..6 * HOUR)));
    let waiting = Waiting { max_wait: Duration::from_millis(max_wait), latest_only: class == "status", expires_after };
    Rule { class, audience, waiting, compatible: class == "news" }
}

/// Whoever gets private messages follows their sender; others may not follow each other.
fn follow(rng: &mut StdRng, members: &mut [Member]) {
    for member in 0..members.len() {
        for other in 0..members.len() {
            let writes = members[other].rules.iter().any(|rule| !rule.is_public() && rule.is_for(member));
            if !writes && members[member].is_bridge() && rng.random_bool(0.25) {
                members[member].follows.remove(&other);
            }
        }
    }
}

pub(super) fn config(member: &Member) -> BridgeConfig {
    let following: Vec<&str> = member.follows.iter().map(|other| NAMES[*other]).collect();
    let subscriptions: Vec<String> = member.filters().iter().map(|filter| filter.as_str().to_owned()).collect();
    let config = json!({
        "name": member.name,
        "twister": { "url": "http://127.0.0.1:28332", "account": member.name },
        "broker": { "url": "127.0.0.1" },
        "following": following,
        "subscriptions": subscriptions,
    });
    parse_bridge(config).unwrap()
}

fn draw_publications(rng: &mut StdRng, members: &[Member], heals_at: u64, compressed: bool) -> Vec<Publication> {
    let most = if compressed { 30 } else { 110 };
    // Few messages as a rule: what goes wrong with many goes wrong with these, and sooner.
    let count = 6 + (rng.random_range(0.0..1.0_f64).powi(8) * f64::from(most)) as usize;
    let mut publications: Vec<Publication> = Vec::new();
    let mut at = 0;
    for serial in 0..count {
        // Bursts, and long silences.
        at = match rng.random_bool(0.5) {
            true => at + rng.random_range(0..2 * SECOND),
            false => rng.random_range(0..heals_at * 9 / 10),
        };
        let by = (0..members.len()).collect::<Vec<_>>().choose(rng).copied().unwrap_or(0);
        let at = at.max(members[by].begins_at);
        publications.extend(draw_publication(rng, &members[by], by, serial, at));
    }
    publications.shuffle(rng);
    publications.sort_by_key(|publication| publication.at);
    publications
}

fn draw_publication(rng: &mut StdRng, member: &Member, by: usize, serial: usize, at: u64) -> Option<Publication> {
    let rule = member.rules.choose(rng)?;
    let small_only = !member.is_bridge() || rule.compatible;
    let empty = rng.random_bool(0.08);
    // What is empty is known by its topic, everything else by its payload.
    let topic = match empty {
        true => format!("{}/e{serial}", rule.class),
        false => format!("{}/{}", rule.class, rng.random_range(0..3)),
    };
    let len = match rng.random_range(0..100) {
        0..85 => 0,
        85..92 => rng.random_range(0..600),
        92..98 if !small_only => rng.random_range(600..4000),
        _ if !small_only => rng.random_range(4000..12_000),
        _ => 0,
    };
    let mut payload = Vec::new();
    if !empty {
        payload = format!("m{serial}.").into_bytes();
        payload.extend((0..len).map(|_| rng.random::<u8>()));
    }
    let qos = [Qos::AtMostOnce, Qos::AtLeastOnce, Qos::AtLeastOnce, Qos::ExactlyOnce, Qos::ExactlyOnce];
    let qos = qos.choose(rng).copied()?;
    let mut properties = Properties::default();
    if rng.random_bool(0.08) {
        properties.expiry_s = Some(rng.random_range(60..24 * 3600));
    }
    if rng.random_bool(0.05) {
        properties.content_type = Some("text/plain".to_owned());
        properties.user = vec![("source".to_owned(), "porch".to_owned())];
    }
    let topic = topic.parse().ok()?;
    let retain = rng.random_bool(0.2);
    Some(Publication { at, by, topic, payload, qos, retain, properties, path: Vec::new() })
}
