//! A node's lists of direct messages, and what it does with one that arrives.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use twister::bencode::Value;

use crate::ecies;
use crate::node_state::NodeState;
use crate::post::{Dictionary, Post};

/// One line of a list of direct messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredMessage {
    pub(crate) time: i64,
    pub(crate) text: Vec<u8>,
    pub(crate) from_me: bool,
    pub(crate) from: String,
    pub(crate) number: i64,
}

/// What a node keeps for an account, of its wallet or not.
#[derive(Debug, Default)]
pub(crate) struct User {
    pub(crate) following: BTreeSet<String>,
    /// Lists of messages, by the other side's name or the group's alias.
    pub(crate) messages: BTreeMap<String, Vec<StoredMessage>>,
    pub(crate) mentions: Vec<Arc<Post>>,
    /// Author and time of the posts in `mentions`.
    pub(crate) mention_keys: HashSet<(String, i64)>,
    pub(crate) ignored_groups: BTreeSet<String>,
}

impl User {
    /// Puts a received message into its list, before those of the same second, unless the first of these has the same text.
    ///
    /// The comparison goes no further. That is why equal texts of one second are stored once or several times, as they
    /// arrive, and why looking through all posts again stores messages again.
    pub(crate) fn receive(&mut self, list: &str, message: StoredMessage) {
        let list = self.messages.entry(list.to_owned()).or_default();
        let place = list.iter().position(|old| message.time <= old.time).unwrap_or(list.len());
        let repeated = list.get(place).is_some_and(|old| (old.time, &old.text) == (message.time, &message.text));
        if !repeated {
            list.insert(place, message);
        }
    }

    /// Puts a message that this account sent behind all others of its list.
    pub(crate) fn append_sent(&mut self, list: &str, message: StoredMessage) {
        self.messages.entry(list.to_owned()).or_default().push(message);
    }
}

impl NodeState {
    /// Tries the keys of the wallet on a direct message, and files it for whom it is.
    ///
    /// Answers with the accounts whose posts the node has to collect from now on, as they are in one of its groups.
    pub(crate) fn receive_message(&mut self, post: &Post) -> Vec<String> {
        let fields = post.fields();
        let sealed = fields.and_then(|fields| fields.get(b"dm".as_slice())).and_then(Value::as_dictionary);
        let opened = sealed.and_then(|sealed| {
            self.wallet.entries().find_map(|entry| Some((entry.name.clone(), ecies::decrypt(sealed, &entry.key)?)))
        });
        let Some((receiver, plain)) = opened else {
            return Vec::new();
        };
        let is_group = self.groups.contains_key(&receiver);
        let refused = |user: &User| !user.following.contains(&post.author);
        if !is_group && self.users.get(&receiver).is_some_and(refused) {
            return Vec::new();
        }

        let decoded = Value::decode(&plain).ok();
        let members = decoded.as_ref().and_then(Value::as_dictionary);
        let part = |name: &str| members.and_then(|members| members.get(name.as_bytes()));
        if let Some(invite) = part("group_invite").and_then(Value::as_dictionary) {
            self.receive_invite(post, &receiver, invite);
            return Vec::new();
        }
        if let (Some(Value::List(names)), true) = (part("group_members"), is_group) {
            let names = names.iter().filter_map(Value::as_bytes).filter(|name| !name.is_empty());
            let names: Vec<_> = names.map(|name| String::from_utf8_lossy(name).into_owned()).collect();
            names.iter().for_each(|name| self.receive_member(post, &receiver, name));
            return names;
        }
        let (text, peer) = match (part("msg").and_then(Value::as_bytes), part("to").and_then(Value::as_bytes)) {
            (Some(text), Some(to)) => (text.to_vec(), String::from_utf8_lossy(to).into_owned()),
            _ => (plain, receiver.clone()),
        };
        if text.is_empty() || peer.is_empty() {
            return Vec::new();
        }
        let from_me = post.author == receiver;
        let message = StoredMessage { from_me, text, ..note(post, "") };
        if is_group {
            self.store_in_group(&receiver, &message);
        } else {
            let list = if from_me { &peer } else { &post.author };
            self.users.entry(receiver).or_default().receive(list, message);
        }
        Vec::new()
    }

    fn receive_invite(&mut self, post: &Post, member: &str, invite: &Dictionary) {
        let text = |name: &str| {
            let text = invite.get(name.as_bytes()).and_then(Value::as_bytes)?;
            Some(String::from_utf8_lossy(text).into_owned())
        };
        let (Some(description), Some(key)) = (text("desc"), text("key")) else {
            return;
        };
        // A node that has the group's key learns nothing from an invitation, not even a new member.
        if let Some(alias) = self.add_group(&key, &description) {
            let Some(group) = self.groups.get_mut(&alias) else {
                return;
            };
            group.members.insert(member.to_owned());
            if let Some(user) = self.users.get_mut(member) {
                let text = format!("*** Invited by '{}' to group: {description}", post.author);
                user.receive(&alias, note(post, &text));
            }
        }
    }

    fn receive_member(&mut self, post: &Post, alias: &str, member: &str) {
        let is_new = self.groups.get_mut(alias).is_some_and(|group| group.members.insert(member.to_owned()));
        if is_new {
            let text = format!("*** New member '{member}' invited by '{}'", post.author);
            self.store_in_group(alias, &note(post, &text));
        }
    }

    /// Files a group's message for all its members that this node knows.
    fn store_in_group(&mut self, alias: &str, message: &StoredMessage) {
        let members = self.groups.get(alias).map(|group| group.members.clone()).unwrap_or_default();
        for member in members {
            if let Some(user) = self.users.get_mut(&member).filter(|user| !user.ignored_groups.contains(alias)) {
                user.receive(alias, message.clone());
            }
        }
    }
}

/// A line of the node's own about `post`.
fn note(post: &Post, text: &str) -> StoredMessage {
    StoredMessage {
        time: post.time,
        text: text.as_bytes().to_vec(),
        from_me: false,
        from: post.author.clone(),
        number: i64::from(post.number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(messages: &[(i64, &str, i64)]) -> Vec<i64> {
        let mut user = User::default();
        for &(time, text, number) in messages {
            let text = text.as_bytes().to_vec();
            user.receive("carol", StoredMessage { time, text, from_me: false, from: "carol".to_owned(), number });
        }
        user.messages["carol"].iter().map(|message| message.number).collect()
    }

    #[test]
    fn the_newest_message_of_one_second_stands_first() {
        assert_eq!(received(&[(5, "a", 1), (5, "b", 2), (6, "c", 3), (4, "d", 4), (5, "e", 5)]), [4, 5, 2, 1, 3]);
    }

    #[test]
    fn a_repeated_text_is_dropped_only_if_it_equals_the_first_of_its_second() {
        assert_eq!(received(&[(5, "a", 1), (5, "a", 2)]), [1]);
        assert_eq!(received(&[(5, "a", 1), (5, "b", 2), (5, "a", 3)]), [3, 2, 1]);
        assert_eq!(received(&[(5, "a", 1), (6, "a", 2)]), [1, 2]);
    }
}
