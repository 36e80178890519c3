//! The topics of what the history keeps, as a tree: how many messages there are on each and below it, and the newest.

use std::collections::{BTreeMap, HashSet};

use super::entry::Entry;
use super::rows::TopicRow;
use crate::view::BridgeId;

/// The topics, bridge by bridge.
#[derive(Debug, Default)]
pub struct Tree {
    bridges: BTreeMap<String, (BridgeId, Node)>,
}

/// A level of a topic.
#[derive(Debug, Default)]
struct Node {
    below: BTreeMap<Box<str>, Node>,
    /// Messages on this topic.
    own: u64,
    /// Messages on this topic and below it.
    all: u64,
    /// The newest message on this topic.
    newest: u64,
}

/// Which part of the tree is open, and which rows of it are shown.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The only bridge whose topics are shown; none for all.
    pub bridge: Option<&'a BridgeId>,
    /// The topics that are open, as [`TopicRow::place`] names them.
    pub open: &'a HashSet<String>,
    /// The first row.
    pub from: usize,
    /// How many rows.
    pub count: usize,
}

/// A walk through what is open.
struct Walk<'a> {
    shown: Shown<'a>,
    /// Rows so far, shown or not.
    total: usize,
    rows: Vec<TopicRow>,
}

impl Tree {
    /// Takes a message in.
    pub(super) fn add(&mut self, entry: &Entry) {
        let fresh = || (entry.flow.bridge.clone(), Node::default());
        let mut node = &mut self.bridges.entry(entry.flow.bridge.to_string()).or_insert_with(fresh).1;
        node.all += 1;
        for level in entry.flow.topic.as_str().split('/') {
            if !node.below.contains_key(level) {
                node.below.insert(level.into(), Node::default());
            }
            let Some(next) = node.below.get_mut(level) else { return };
            node = next;
            node.all += 1;
        }
        node.own += 1;
        node.newest = entry.key;
    }

    /// Leaves a message out; topics without any go.
    pub(super) fn remove(&mut self, entry: &Entry) {
        let name = entry.flow.bridge.to_string();
        let Some((_, node)) = self.bridges.get_mut(&name) else { return };
        let levels: Vec<&str> = entry.flow.topic.as_str().split('/').collect();
        node.remove(&levels);
        if node.all == 0 {
            self.bridges.remove(&name);
        }
    }

    /// How many topics have messages.
    pub fn topics(&self) -> usize {
        self.bridges.values().map(|(_, node)| node.topics()).sum()
    }

    /// The rows of what is open, and how many there are in all.
    pub fn rows(&self, shown: Shown<'_>) -> (usize, Vec<TopicRow>) {
        let mut walk = Walk { shown, total: 0, rows: Vec::new() };
        for (name, (bridge, node)) in &self.bridges {
            match shown.bridge {
                Some(only) if only == bridge => walk.levels(bridge, node, "", 0),
                Some(_) => {}
                None => {
                    let place = format!("{name}:");
                    let open = shown.open.contains(&place);
                    walk.row(|| TopicRow::of_bridge(bridge, place, node.all, node.topics(), open));
                    if open {
                        walk.levels(bridge, node, "", 1);
                    }
                }
            }
        }
        (walk.total, walk.rows)
    }
}

impl Node {
    fn remove(&mut self, levels: &[&str]) {
        self.all = self.all.saturating_sub(1);
        let Some((first, rest)) = levels.split_first() else {
            self.own = self.own.saturating_sub(1);
            return;
        };
        let Some(below) = self.below.get_mut(*first) else { return };
        below.remove(rest);
        if below.all == 0 {
            self.below.remove(*first);
        }
    }

    /// Topics with messages, this one and those below.
    fn topics(&self) -> usize {
        usize::from(self.own > 0) + self.below.values().map(Self::topics).sum::<usize>()
    }
}

impl Walk<'_> {
    fn row(&mut self, row: impl FnOnce() -> TopicRow) {
        let Shown { from, count, .. } = self.shown;
        if (from..from.saturating_add(count)).contains(&self.total) {
            self.rows.push(row());
        }
        self.total += 1;
    }

    fn levels(&mut self, bridge: &BridgeId, node: &Node, prefix: &str, depth: u32) {
        for (level, node) in &node.below {
            let topic = format!("{prefix}{level}");
            let place = format!("{bridge}:{topic}");
            let open = self.shown.open.contains(&place);
            let newest = (node.own > 0).then_some(node.newest);
            let inner = !node.below.is_empty();
            self.row(|| TopicRow {
                place,
                bridge: bridge.clone(),
                topic: Some(topic.clone()),
                level: level.to_string(),
                depth,
                messages: node.all,
                topics: 0,
                inner,
                open: open && inner,
                newest,
                preview: None,
            });
            if open {
                self.levels(bridge, node, &format!("{topic}/"), depth + 1);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::messages::history::History;
    use crate::messages::testing::{event, home};

    fn history(topics: &[&str]) -> History {
        let mut history = History::new(1 << 20);
        for (number, topic) in topics.iter().enumerate() {
            history.note(&home(), &event(u32::try_from(number).unwrap(), topic));
        }
        history
    }

    fn rows(history: &History, bridge: Option<&BridgeId>, open: &[&str]) -> Vec<String> {
        let open = open.iter().map(ToString::to_string).collect();
        let (total, rows) = history.tree().rows(Shown { bridge, open: &open, from: 0, count: 100 });
        assert_eq!(total, rows.len());
        let text = |row: &TopicRow| format!("{}{}={}", "  ".repeat(row.depth as usize), row.level, row.messages);
        rows.iter().map(text).collect()
    }

    #[test]
    fn a_bridge_is_a_root_and_opens_level_by_level() {
        let history = history(&["a/b", "a/b", "a", "c//d"]);
        assert_eq!(rows(&history, None, &[]), ["home=4"]);
        assert_eq!(rows(&history, None, &["home:", "home:a"]), ["home=4", "  a=3", "    b=2", "  c=1"]);
        assert_eq!(rows(&history, Some(&home()), &["home:c", "home:c/"]), ["a=3", "c=1", "  =1", "    d=1"]);
        assert_eq!(history.tree().topics(), 3);
    }

    #[test]
    fn topics_go_with_their_last_message() {
        let mut history = history(&["a/b", "a/c"]);
        let entry = history.get(1).unwrap().clone();
        let mut tree = Tree::default();
        tree.add(&entry);
        tree.remove(&entry);
        assert_eq!(
            (tree.topics(), tree.rows(Shown { bridge: None, open: &HashSet::new(), from: 0, count: 9 }).0),
            (0, 0)
        );
        history.clear();
        assert_eq!(history.tree().topics(), 0);
    }

    #[test]
    fn only_the_rows_that_are_shown_are_made() {
        let topics: Vec<String> = (0..50).map(|number| format!("t{number:02}")).collect();
        let history = history(&topics.iter().map(String::as_str).collect::<Vec<_>>());
        let shown = Shown { bridge: Some(&home()), open: &HashSet::new(), from: 10, count: 2 };
        let (total, rows) = history.tree().rows(shown);
        let levels: Vec<&str> = rows.iter().map(|row| row.level.as_str()).collect();
        assert_eq!((total, levels.as_slice()), (50, ["t10", "t11"].as_slice()));
    }
}
