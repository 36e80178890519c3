//! Rules that would make messages go round, found before they are saved.
//!
//! What a bridge publishes at its broker does not come back to it (no-local), so its own subscriptions and forwards make no
//! loop, not even on shared topics. What it publishes does reach *another* bridge at the same broker, which may send it out
//! again. So a warning needs two bridges at one broker, and a topic that can really travel the whole way: filters, excepts,
//! names, senders, receivers and the order of rules are followed from the first broker on.
//!
//! Bridges also know a message that comes back by its path, and drop it. That is no reason to be silent here: until it is
//! dropped it has cost posts, and frames that mosquitto-twister can read carry no path.
//!
//! All bridges count as being on one Twister network.
//!
//! Deliberately not here: bridges of other people, whose rules nobody here knows, and brokers that are joined by other
//! means. Brokers count as one if they have the same address; all ways to write this machine's own are one.

mod region;

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::net::IpAddr;

use twister::Username;

use crate::config::{BridgeConfig, BridgeName, BrokerUrl, Forward, Subscription, Visibility};
use crate::topic::TopicFilter;

use region::Region;

/// Two rules that would send messages where they have been. The text says why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoopWarning {
    /// Messages come back to where they were taken from, and are sent out again.
    #[error(
        "messages would go round: what {sends} sends out comes back to its broker by {brings}{}, and goes out again. Leave \
         these topics out of one of the two by `except`, or have {brings} deliver them under another name (`add_prefix`)",
        Through(through)
    )]
    Round {
        /// The rule that takes them from the broker.
        sends: RuleRef,
        /// The rule that brings them back.
        brings: RuleRef,
        /// The bridges on the way between.
        through: Vec<BridgeName>,
    },
    /// Messages come back to the broker where they were published.
    #[error(
        "messages would come twice: what {sends} sends out comes back to its broker by {brings}{}, under the name that it \
         has there already. Leave these topics out of one of the two by `except`",
        Through(through)
    )]
    Echo {
        /// The rule that takes them from the broker.
        sends: RuleRef,
        /// The rule that brings them back.
        brings: RuleRef,
        /// The bridges on the way between.
        through: Vec<BridgeName>,
    },
    /// Messages go back to the account that they come from.
    #[error(
        "{peer} would get its own messages back: {brings} brings them to the broker, and {sends} sends them to {peer}. \
         Leave these topics out of one of the two by `except`"
    )]
    Returned {
        /// The rule that brings them in.
        brings: RuleRef,
        /// The rule that sends them out.
        sends: RuleRef,
        /// Whose messages they are.
        peer: Username,
    },
    /// Messages of others are posted for everybody.
    #[error(
        "messages of others would go out again: {brings} brings them to the broker, and {sends} posts them for everybody \
         to read, also for those who sent them. Leave these topics out of one of the two by `except`"
    )]
    Reposted {
        /// The rule that brings them in.
        brings: RuleRef,
        /// The rule that sends them out.
        sends: RuleRef,
    },
}

/// A rule of a bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleRef {
    /// Whose.
    pub bridge: BridgeName,
    /// `forwards` or `subscriptions`.
    pub list: &'static str,
    /// Position in it, from 0.
    pub index: usize,
    /// The rule's filter.
    pub filter: TopicFilter,
}

/// The loops that the rules of `bridges` would make together.
pub fn find(bridges: &[BridgeConfig]) -> Vec<LoopWarning> {
    let map = Map { bridges };
    let mut warnings = Vec::new();
    for (bridge, config) in bridges.iter().enumerate() {
        for index in 0..config.forwards.len() {
            map.follow(Place { bridge, index }, &mut warnings);
        }
        for index in 0..config.subscriptions.len() {
            map.return_to_strangers(Place { bridge, index }, &mut warnings);
        }
    }
    warnings
}

impl LoopWarning {
    /// Whether messages would go round by way of `bridge`.
    pub fn concerns(&self, bridge: &BridgeName) -> bool {
        let (one, other) = self.rules();
        let through: &[BridgeName] = match self {
            Self::Round { through, .. } | Self::Echo { through, .. } => through,
            Self::Returned { .. } | Self::Reposted { .. } => &[],
        };
        one.bridge == *bridge || other.bridge == *bridge || through.contains(bridge)
    }

    /// The two rules.
    pub fn rules(&self) -> (&RuleRef, &RuleRef) {
        match self {
            Self::Round { sends, brings, .. } | Self::Echo { sends, brings, .. } => (sends, brings),
            Self::Returned { brings, sends, .. } | Self::Reposted { brings, sends } => (brings, sends),
        }
    }
}

impl fmt::Display for RuleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}] ({}) of {}", self.list, self.index, self.filter, self.bridge)
    }
}

struct Through<'a>(&'a [BridgeName]);

impl fmt::Display for Through<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = self.0.iter().map(BridgeName::as_str).collect();
        write!(f, " (through {})", names.join(", "))
    }
}

/// All that is known of who sends what to whom.
struct Map<'a> {
    bridges: &'a [BridgeConfig],
}

/// A rule: its bridge, and its position in one of the bridge's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Place {
    bridge: usize,
    index: usize,
}

/// Messages that a forward takes from its broker.
struct Taken {
    forward: Place,
    topics: Region,
    /// The forwards that sent them before, the first being where they were published.
    before: Vec<Place>,
}

impl Map<'_> {
    /// Follows what the forward at `start` sends until it comes back. Each forward on the way is followed once.
    fn follow(&self, start: Place, warnings: &mut Vec<LoopWarning>) {
        let began = self.taken_of(start, &Region::all());
        let taken = |topics: &Region| Taken { forward: start, topics: topics.clone(), before: Vec::new() };
        let mut queue: VecDeque<Taken> = began.iter().map(taken).collect();
        let mut visited = HashSet::from([start]);
        while let Some(taken) = queue.pop_front() {
            let mut before = taken.before.clone();
            before.push(taken.forward);
            for (subscription, topics) in self.landings(taken.forward, &taken.topics) {
                let home = self.same_broker(subscription.bridge, start.bridge);
                if home && began.iter().any(|began| began.meets(&topics)) {
                    self.warn_of_return(&before, subscription, warnings);
                    continue;
                }
                for (forward, topics) in self.takers(subscription.bridge, &topics) {
                    if visited.insert(forward) {
                        queue.push_back(Taken { forward, topics, before: before.clone() });
                    }
                }
            }
        }
    }

    fn warn_of_return(&self, forwards: &[Place], subscription: Place, warnings: &mut Vec<LoopWarning>) {
        let Some((start, rest)) = forwards.split_first() else { return };
        let through = rest.iter().map(|forward| self.bridges[forward.bridge].name.clone()).collect();
        let (sends, brings) = (self.forward_ref(*start), self.subscription_ref(subscription));
        let warning = match subscription.bridge == start.bridge {
            true => LoopWarning::Echo { sends, brings, through },
            // A ring is told of once, from its first forward.
            false if rest.iter().any(|forward| forward < start) => return,
            false => LoopWarning::Round { sends, brings, through },
        };
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    /// Messages of accounts whose rules are not known here that would go back to them.
    fn return_to_strangers(&self, subscription: Place, warnings: &mut Vec<LoopWarning>) {
        let known = |account: &Username| self.bridges.iter().any(|bridge| bridge.twister.account == *account);
        let config = &self.bridges[subscription.bridge];
        for peer in config.following.iter().filter(|peer| !known(peer)) {
            for topics in self.landings_of(subscription, peer, &Region::all()) {
                for (forward, _) in self.takers(subscription.bridge, &topics) {
                    let (brings, sends) = (self.subscription_ref(subscription), self.forward_ref(forward));
                    let rule = self.forward(forward);
                    let warning = match rule.visibility {
                        Visibility::Public => LoopWarning::Reposted { brings, sends },
                        Visibility::Private if rule.to.contains(peer) => {
                            LoopWarning::Returned { brings, sends, peer: peer.clone() }
                        }
                        Visibility::Private => continue,
                    };
                    if !warnings.contains(&warning) {
                        warnings.push(warning);
                    }
                }
            }
        }
    }

    /// Where what `forward` sends of `topics` is delivered: by which subscription, and under which names.
    fn landings(&self, forward: Place, topics: &Region) -> Vec<(Place, Region)> {
        let rule = self.forward(forward);
        let account = &self.bridges[forward.bridge].twister.account;
        let Some(sent) = topics.mapped(&rule.mapping()) else { return Vec::new() };
        let mut found = Vec::new();
        for (bridge, config) in self.bridges.iter().enumerate().filter(|(bridge, _)| *bridge != forward.bridge) {
            if rule.visibility == Visibility::Private && !rule.to.contains(&config.twister.account) {
                continue;
            }
            for index in 0..config.subscriptions.len() {
                let subscription = Place { bridge, index };
                let landings = self.landings_of(subscription, account, &sent);
                found.extend(landings.into_iter().map(|topics| (subscription, topics)));
            }
        }
        found
    }

    /// The names under which `subscription` delivers what `sender` posts on `sent`.
    fn landings_of(&self, subscription: Place, sender: &Username, sent: &Region) -> Vec<Region> {
        let config = &self.bridges[subscription.bridge];
        if !config.following.contains(sender) || config.twister.account == *sender {
            return Vec::new();
        }
        let (earlier, rest) = config.subscriptions.split_at(subscription.index);
        let Some(rule) = rest.first().filter(|rule| is_from(rule, sender)) else { return Vec::new() };
        let all = [TopicFilter::all()];
        let allowed = config.peers.get(sender).map_or(&[][..], |peer| &peer.topics);
        let allowed = if allowed.is_empty() { &all[..] } else { allowed };
        let takes = |allowed: &TopicFilter| sent.narrowed(allowed)?.narrowed(&rule.filter)?.less(&rule.except);
        let is_hidden = |topics: &Region| {
            earlier.iter().any(|rule| is_from(rule, sender) && topics.is_within(&rule.filter, &rule.except))
        };
        let wanted = allowed.iter().filter_map(takes).filter(|topics| !is_hidden(topics));
        wanted.filter_map(|topics| topics.mapped(&rule.mapping())).collect()
    }

    /// Which forwards take `topics` that the bridge `publisher` publishes at its broker, and which part of them.
    fn takers(&self, publisher: usize, topics: &Region) -> Vec<(Place, Region)> {
        let mut found = Vec::new();
        for (bridge, config) in self.bridges.iter().enumerate() {
            if bridge == publisher || !self.same_broker(bridge, publisher) {
                continue;
            }
            for index in 0..config.forwards.len() {
                let forward = Place { bridge, index };
                found.extend(self.taken_of(forward, topics).into_iter().map(|topics| (forward, topics)));
            }
        }
        found
    }

    /// What `forward` takes of `topics` at its broker.
    fn taken_of(&self, forward: Place, topics: &Region) -> Vec<Region> {
        let rule = self.forward(forward);
        let publications = &self.bridges[forward.bridge].publications;
        let takes = |listens: &TopicFilter| topics.narrowed(listens)?.narrowed(&rule.from)?.less(&rule.except);
        publications.iter().filter_map(takes).filter(|topics| !self.is_hidden(forward, topics)).collect()
    }

    /// Whether an earlier public rule of the same bridge posts all of `topics`, so that this one does not count. A private
    /// rule leaves what its receiver does not want to the next one, so it hides none.
    fn is_hidden(&self, forward: Place, topics: &Region) -> bool {
        let is_public = |rule: &Forward| rule.visibility == Visibility::Public;
        let mut earlier = self.bridges[forward.bridge].forwards[..forward.index].iter();
        is_public(self.forward(forward))
            && earlier.any(|rule| is_public(rule) && topics.is_within(&rule.from, &rule.except))
    }

    fn same_broker(&self, one: usize, other: usize) -> bool {
        same_broker(&self.bridges[one].broker.url, &self.bridges[other].broker.url)
    }

    fn forward(&self, place: Place) -> &Forward {
        &self.bridges[place.bridge].forwards[place.index]
    }

    fn forward_ref(&self, place: Place) -> RuleRef {
        let filter = self.forward(place).from.clone();
        RuleRef { bridge: self.bridges[place.bridge].name.clone(), list: "forwards", index: place.index, filter }
    }

    fn subscription_ref(&self, place: Place) -> RuleRef {
        let bridge = &self.bridges[place.bridge];
        let filter = bridge.subscriptions[place.index].filter.clone();
        RuleRef { bridge: bridge.name.clone(), list: "subscriptions", index: place.index, filter }
    }
}

fn is_from(rule: &Subscription, sender: &Username) -> bool {
    rule.from.is_empty() || rule.from.contains(sender)
}

fn same_broker(one: &BrokerUrl, other: &BrokerUrl) -> bool {
    let here = |url: &BrokerUrl| {
        let host = url.host();
        host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    };
    one.port() == other.port() && (one.host().eq_ignore_ascii_case(other.host()) || here(one) && here(other))
}

#[cfg(test)]
mod tests;
