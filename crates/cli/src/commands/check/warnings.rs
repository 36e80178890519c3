//! What is valid in a configuration but probably not meant.

use mqtt_twister_bridge::config::{BridgeConfig, ProtocolChoice};
use mqtt_twister_bridge::topic::TopicFilter;
use twister::Username;

/// A rule that has no effect, or a smaller one than it seems. The text says what to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Warning {
    #[error(
        "forwards[{index}] ({from}) will never send anything: no publication takes such topics from the broker. \
         Add {from} to publications"
    )]
    ForwardWithoutPublication { index: usize, from: TopicFilter },
    #[error(
        "forwards[{index}] ({from}) sends only a part: not all its topics are taken from the broker. \
         Add {from} to publications if it should send all"
    )]
    ForwardPartlyPublished { index: usize, from: TopicFilter },
    #[error(
        "publications[{index}] ({filter}) is taken from the broker and goes nowhere: no forward sends such topics. \
         Add a forward, or remove it"
    )]
    PublicationWithoutForward { index: usize, filter: TopicFilter },
    #[error(
        "{list}[{index}] ({filter}) has no effect: topics that begin with $ or mqtt-twister/ are about one broker \
         and never cross. Remove it"
    )]
    Reserved { list: &'static str, index: usize, filter: TopicFilter },
    #[error(
        "{list}[{index}] ({filter}): except {except} leaves out nothing, for the rule is not about such topics. Remove it"
    )]
    IdleExcept { list: &'static str, index: usize, filter: TopicFilter, except: TopicFilter },
    #[error(
        "subscriptions[{index}] ({filter}) brings in nothing of {peer}: peers.{peer}.topics allows no such topics. Add \
         {filter} there, or leave {peer} out of the subscription's `from`"
    )]
    NothingAllowed { index: usize, filter: TopicFilter, peer: Username },
    #[error("subscriptions will bring in nothing: the bridge follows nobody. Add the accounts to following")]
    FollowsNobody,
    #[error("nothing goes out and nothing comes in: add publications with forwards, or following with subscriptions")]
    DoesNothing,
    #[error(
        "broker.protocol is 3.1.1, in which the broker does not tell the bridge which messages are retained, so they cross as \
         ordinary ones. Leave it out if the broker speaks MQTT 5"
    )]
    NothingRetained,
    #[error("other users of this machine can read this file and the password in it: run chmod 600 on it")]
    ReadablePassword,
}

/// The warnings of one bridge, in the order of its fields.
pub(crate) fn of(config: &BridgeConfig) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if config.forwards.is_empty() && config.subscriptions.is_empty() {
        warnings.push(Warning::DoesNothing);
    }
    if config.broker.protocol == ProtocolChoice::V311 && !config.forwards.is_empty() {
        warnings.push(Warning::NothingRetained);
    }
    warnings.extend(publications(config));
    warnings.extend(forwards(config));
    warnings.extend(reserved("subscriptions", config.subscriptions.iter().map(|subscription| &subscription.filter)));
    warnings.extend(excepts(config));
    warnings.extend(allowed(config));
    if config.following.is_empty() && !config.subscriptions.is_empty() {
        warnings.push(Warning::FollowsNobody);
    }
    warnings
}

fn publications(config: &BridgeConfig) -> impl Iterator<Item = Warning> + '_ {
    let sent = |filter: &TopicFilter| config.forwards.iter().any(|forward| forward.from.overlaps(filter));
    let idle = config.publications.iter().enumerate().filter(move |(_, filter)| !is_reserved(filter) && !sent(filter));
    reserved("publications", config.publications.iter())
        .chain(idle.map(|(index, filter)| Warning::PublicationWithoutForward { index, filter: filter.clone() }))
}

fn forwards(config: &BridgeConfig) -> impl Iterator<Item = Warning> + '_ {
    let warn = |(index, from): (usize, &TopicFilter)| {
        let from = from.clone();
        match &config.publications {
            _ if is_reserved(&from) => None,
            all if all.iter().any(|filter| filter.covers(&from)) => None,
            all if all.iter().any(|filter| filter.overlaps(&from)) => {
                Some(Warning::ForwardPartlyPublished { index, from })
            }
            _ => Some(Warning::ForwardWithoutPublication { index, from }),
        }
    };
    let filters = || config.forwards.iter().map(|forward| &forward.from);
    reserved("forwards", filters()).chain(filters().enumerate().filter_map(warn))
}

fn excepts(config: &BridgeConfig) -> impl Iterator<Item = Warning> + '_ {
    let forwards = config.forwards.iter().map(|forward| (&forward.from, &forward.except)).enumerate();
    let wanted =
        config.subscriptions.iter().map(|subscription| (&subscription.filter, &subscription.except)).enumerate();
    let rules = forwards.map(|rule| ("forwards", rule)).chain(wanted.map(|rule| ("subscriptions", rule)));
    rules.flat_map(|(list, (index, (filter, except)))| {
        let idle = except.iter().filter(|except| !except.overlaps(filter)).cloned();
        idle.map(move |except| Warning::IdleExcept { list, index, filter: filter.clone(), except })
    })
}

/// Subscriptions to messages of a peer that may not send such.
fn allowed(config: &BridgeConfig) -> impl Iterator<Item = Warning> + '_ {
    config.subscriptions.iter().enumerate().flat_map(|(index, subscription)| {
        let limited = subscription.from.iter().filter(|peer| {
            let allowed = config.peers.get(*peer).map_or(&[][..], |peer| &peer.topics);
            !allowed.is_empty() && !allowed.iter().any(|filter| filter.overlaps(&subscription.filter))
        });
        limited.map(move |peer| Warning::NothingAllowed {
            index,
            filter: subscription.filter.clone(),
            peer: peer.clone(),
        })
    })
}

fn reserved<'a>(
    list: &'static str,
    filters: impl Iterator<Item = &'a TopicFilter> + 'a,
) -> impl Iterator<Item = Warning> + 'a {
    let reserved = filters.enumerate().filter(|(_, filter)| is_reserved(filter));
    reserved.map(move |(index, filter)| Warning::Reserved { list, index, filter: filter.clone() })
}

fn is_reserved(filter: &TopicFilter) -> bool {
    ["$", "mqtt-twister/"].iter().any(|prefix| filter.as_str().starts_with(prefix))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use mqtt_twister_bridge::config::ConfigFile;

    use super::*;

    /// The warnings of a bridge with these lists.
    fn warnings(lists: &str) -> Vec<Warning> {
        let text = format!(
            "[[bridge]]\nname = \"alice\"\n{lists}\n[bridge.twister]\nurl = \"http://127.0.0.1:28332\"\n\
             account = \"alice\"\n[bridge.broker]\nurl = \"127.0.0.1\"\n"
        );
        of(&ConfigFile::parse_toml(&text).unwrap().bridges[0])
    }

    fn filter(text: &str) -> TopicFilter {
        text.parse().unwrap()
    }

    #[test]
    fn a_bridge_that_is_complete_has_none() {
        let lists = "publications = ['a/#', 'b']\nforwards = [{ from = 'a/x' }, { from = 'b' }]\n\
                     following = ['bob']\nsubscriptions = ['c/#']";
        assert_eq!(warnings(lists), []);
        assert_eq!(warnings("following = ['bob']\nsubscriptions = ['#']"), []);
    }

    #[test]
    fn a_forward_needs_a_publication_that_covers_it() {
        let found = warnings("publications = ['a/b']\nforwards = [{ from = 'a/#' }, { from = 'c/#' }]");
        assert_eq!(
            found,
            [
                Warning::ForwardPartlyPublished { index: 0, from: filter("a/#") },
                Warning::ForwardWithoutPublication { index: 1, from: filter("c/#") },
            ]
        );
    }

    #[test]
    fn a_publication_needs_a_forward() {
        let found = warnings("publications = ['a/#', 'b/#']\nforwards = [{ from = 'a/x' }]");
        assert_eq!(found, [Warning::PublicationWithoutForward { index: 1, filter: filter("b/#") }]);
    }

    #[test]
    fn what_is_left_out_must_be_in_the_rule() {
        let found = warnings("publications = ['a/#']\nforwards = [{ from = 'a/#', except = ['a/b', 'c'] }]");
        let (filter, except) = (filter("a/#"), filter("c"));
        assert_eq!(found, [Warning::IdleExcept { list: "forwards", index: 0, filter, except }]);
    }

    #[test]
    fn a_subscription_needs_topics_that_its_sender_may_use() {
        let lists = "following = ['bob']\nsubscriptions = [{ filter = 'a/#', from = ['bob'] }]\n\
                     peers = { bob = { topics = ['b/#'] } }";
        let expected = Warning::NothingAllowed { index: 0, filter: filter("a/#"), peer: "bob".parse().unwrap() };
        assert_eq!(warnings(lists), [expected]);
        assert_eq!(warnings(&lists.replace("b/#", "+/b")), []);
    }

    #[test]
    fn topics_about_the_broker_itself_never_cross() {
        for topics in ["$SYS/#", "mqtt-twister/home/state"] {
            let found = warnings(&format!("publications = ['{topics}']\nforwards = [{{ from = '{topics}' }}]"));
            let reserved = |list| Warning::Reserved { list, index: 0, filter: filter(topics) };
            assert_eq!(found, [reserved("publications"), reserved("forwards")]);
        }
    }

    #[test]
    fn the_older_version_of_mqtt_does_not_tell_what_is_retained() {
        let lists = "publications = ['a']\nforwards = [{ from = 'a' }]";
        let text = format!(
            "[[bridge]]\nname = \"alice\"\n{lists}\n[bridge.twister]\nurl = \"http://127.0.0.1:28332\"\n\
             account = \"alice\"\n[bridge.broker]\nurl = \"127.0.0.1\"\nprotocol = \"3.1.1\"\n"
        );
        assert_eq!(of(&ConfigFile::parse_toml(&text).unwrap().bridges[0]), [Warning::NothingRetained]);
    }

    #[test]
    fn what_comes_in_needs_topics_and_people() {
        assert_eq!(warnings("subscriptions = ['a']"), [Warning::FollowsNobody]);
        assert_eq!(warnings("following = ['bob']"), [Warning::DoesNothing]);
    }
}
