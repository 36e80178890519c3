//! The whole network in one place: the chain, the nodes, and how posts and DHT entries get from one to another.
//!
//! A plain state machine. It reads the [`Clock`] for the time that posts carry, takes the present instant where delays are
//! counted, and never waits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use twister::bencode::Value;

use crate::arrivals::{Arrivals, ReleaseOrder, When};
use crate::chain::{Chain, Registration};
use crate::clock::Clock;
use crate::dht::{Entry, Target};
use crate::keys::Key;
use crate::node_state::NodeState;
use crate::post::{Draft, FLAG_DIRECT, Post};

/// The text of a post that another client of an account made.
const STOLEN_TEXT: &str = "another client was here first";

/// Which way a post comes to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// From the node's own RPC. A real node stores what it posts a moment after it has answered; until then its highest
    /// number lags behind.
    Rpc,
    /// From another node.
    Peer,
}

/// Which of the two posts of a direct message with a copy for its sender gets the lower number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SelfCopy {
    /// Either, by chance, as at a real node.
    #[default]
    ByChance,
    /// The copy.
    First,
    /// The one for the receiver.
    Last,
}

/// The whole network.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) chain: Chain,
    pub(crate) nodes: Vec<NodeState>,
    pub(crate) clock: Clock,
    /// Pairs of nodes whose swarms are joined, the lower index first.
    links: BTreeSet<(usize, usize)>,
    /// Posts that are due at an instant; the number keeps those of one instant in order.
    timed: BTreeMap<(Instant, u64), (usize, Via, Arc<Post>)>,
    timed_count: u64,
    /// How many of an account's next numbers another client takes first.
    thefts: BTreeMap<String, u32>,
    /// How long a look into the DHT waits for more replies once it has one.
    pub(crate) dht_wait: Duration,
    pub(crate) self_copy: SelfCopy,
    /// Whether anything that is kept on disk changed since this was cleared last.
    pub(crate) is_changed: bool,
}

impl World {
    pub(crate) fn new(chain: Chain, nodes: Vec<NodeState>, clock: Clock, dht_wait: Duration) -> Self {
        Self {
            chain,
            nodes,
            clock,
            links: BTreeSet::new(),
            timed: BTreeMap::new(),
            timed_count: 0,
            thefts: BTreeMap::new(),
            dht_wait,
            self_copy: SelfCopy::default(),
            is_changed: false,
        }
    }

    pub(crate) fn mine(&mut self, count: u32) {
        for _ in 0..count {
            self.chain.mine(self.clock.now());
        }
        let height = self.chain.height();
        self.nodes.iter_mut().filter(|node| node.is_up).for_each(|node| node.promoted.waiting = Some(height));
        self.is_changed = true;
    }

    /// Makes a key for `username` and offers its registration to the chain; false if the chain refuses the name.
    pub(crate) fn register(&mut self, node: usize, username: &str) -> bool {
        let key = Key::generate();
        let accepted = self.chain.accept(Registration { username: username.to_owned(), public: *key.public() });
        if accepted {
            self.nodes[node].wallet.insert(username.to_owned(), key);
            self.is_changed = true;
        }
        accepted
    }

    /// Lets `follower`, known to `node`, follow an account; nothing happens if that is not registered.
    pub(crate) fn follow(&mut self, node: usize, follower: &str, author: &str) {
        if self.start_swarm(node, author) {
            let user = self.nodes[node].users.entry(follower.to_owned()).or_default();
            user.following.insert(author.to_owned());
            self.is_changed = true;
        }
    }

    /// Lets a node collect the posts of a registered account, from joined nodes as well; false if it is not registered.
    pub(crate) fn start_swarm(&mut self, node: usize, author: &str) -> bool {
        if self.chain.account(author).is_none() {
            return false;
        }
        if self.nodes[node].start_swarm(author) {
            self.is_changed = true;
            for peer in self.peers_of(node, author) {
                self.fetch(node, peer, author);
            }
        }
        true
    }

    /// Whether the swarms of two nodes are joined.
    pub(crate) fn are_joined(&self, a: usize, b: usize) -> bool {
        let is_cut_off = |node: usize| self.nodes[node].network_faults.is_cut_off;
        a != b && self.links.contains(&(a.min(b), a.max(b))) && !is_cut_off(a) && !is_cut_off(b)
    }

    /// The nodes that a node is connected to in the block chain's network.
    pub(crate) fn connected_to(&self, node: usize) -> impl Iterator<Item = usize> {
        let reaches = |node: usize| self.nodes[node].is_up && !self.nodes[node].network_faults.is_cut_off;
        (0..self.nodes.len()).filter(move |other| *other != node && reaches(node) && reaches(*other))
    }

    /// Height of a node's copy of the chain.
    pub(crate) fn height_at(&self, node: usize) -> u32 {
        let height = self.chain.height();
        self.nodes[node].network_faults.chain_ends_at.map_or(height, |end| end.min(height))
    }

    /// Takes the connections of a node away, or gives them back. It then gets what it missed.
    pub(crate) fn cut_off(&mut self, node: usize, is_cut_off: bool) {
        self.nodes[node].network_faults.is_cut_off = is_cut_off;
        self.meet_again(node);
    }

    /// Joins the swarms of two nodes: each gets what it lacks.
    pub(crate) fn join(&mut self, a: usize, b: usize) {
        if a != b && self.links.insert((a.min(b), a.max(b))) {
            self.exchange(a, b);
        }
    }

    pub(crate) fn part(&mut self, a: usize, b: usize) {
        self.links.remove(&(a.min(b), a.max(b)));
    }

    /// Nodes that run, are joined with `node`, and collect the posts of `author`.
    pub(crate) fn peers_of(&self, node: usize, author: &str) -> Vec<usize> {
        let collects = |peer: &usize| self.nodes[*peer].is_up && self.nodes[*peer].swarms.contains_key(author);
        (0..self.nodes.len()).filter(|peer| self.are_joined(node, *peer)).filter(collects).collect()
    }

    /// Starts or stops a node. What it posted itself is stored before it stops; what it missed it gets when it starts.
    pub(crate) fn set_up(&mut self, node: usize, is_up: bool) {
        if !is_up {
            self.land_everything(node);
        }
        let was_up = std::mem::replace(&mut self.nodes[node].is_up, is_up);
        if is_up && !was_up {
            self.meet_again(node);
        }
    }

    /// Lets a node and those that it is joined with give each other what they lack.
    fn meet_again(&mut self, node: usize) {
        for peer in 0..self.nodes.len() {
            if self.are_joined(node, peer) && self.nodes[peer].is_up {
                self.exchange(node, peer);
            }
        }
    }

    /// Signs a post of an account of `node`; `None` if its key is not there or the text is not UTF-8.
    pub(crate) fn sign(&self, node: usize, author: &str, number: i64, draft: Draft) -> Option<Value> {
        let key = self.nodes[node].wallet.key(author)?;
        draft.sign(author, number, self.clock.now(), &self.chain, key)
    }

    /// Takes in a post from a node's own RPC, after the check that it may be posted.
    pub(crate) fn publish(&mut self, node: usize, post: Post) {
        self.start_swarm(node, &post.author.clone());
        self.steal(node, &post.author, post.number);
        self.offer(node, Via::Rpc, &Arc::new(post));
    }

    /// Lets another client take the next `count` numbers that are used for posts of `author`.
    pub(crate) fn steal_numbers(&mut self, author: &str, count: u32) {
        self.thefts.insert(author.to_owned(), count);
    }

    /// Brings a post to a node by the rule that is set there.
    pub(crate) fn offer(&mut self, node: usize, via: Via, post: &Arc<Post>) {
        if !self.nodes[node].is_up {
            return;
        }
        match self.mailbox(node, via).accept(post) {
            When::Now => self.hand_over(node, post),
            When::OnRelease => {}
            When::In(delay) => {
                self.timed_count += 1;
                let due = (Instant::now() + delay, self.timed_count);
                self.timed.insert(due, (node, via, Arc::clone(post)));
            }
        }
    }

    /// When the next post is due, if one is on its way.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.timed.first_key_value().map(|((due, _), _)| *due)
    }

    /// Hands over all posts that are due at `now`.
    pub(crate) fn handle_due(&mut self, now: Instant) {
        while let Some(entry) = self.timed.first_entry().filter(|entry| entry.key().0 <= now) {
            let (node, _, post) = entry.remove();
            self.hand_over(node, &post);
        }
    }

    /// Hands over everything that a node posted itself and that waits to be stored.
    pub(crate) fn land_everything(&mut self, node: usize) {
        let own = |timed: &&(usize, Via, Arc<Post>)| (timed.0, timed.1) == (node, Via::Rpc);
        let timed: Vec<_> = self.timed.values().filter(own).cloned().collect();
        timed.iter().for_each(|(_, _, post)| self.hand_over(node, post));
        self.release(node, Via::Rpc, &ReleaseOrder::AsPosted);
    }

    pub(crate) fn set_rule(&mut self, node: usize, via: Via, rule: Arrivals) {
        let due = self.mailbox(node, via).set_rule(rule);
        due.iter().for_each(|post| self.hand_over(node, post));
    }

    pub(crate) fn release(&mut self, node: usize, via: Via, order: &ReleaseOrder) {
        let due = self.mailbox(node, via).release(order);
        due.iter().for_each(|post| self.hand_over(node, post));
    }

    /// Looks through the posts that an account's node holds, once more, for direct messages to it.
    pub(crate) fn rescan(&mut self, node: usize, username: &str) {
        let following = self.nodes[node].users.entry(username.to_owned()).or_default().following.clone();
        for author in following {
            let posts = self.nodes[node].swarms.get(&author).map(|swarm| swarm.posts().cloned().collect::<Vec<_>>());
            for post in posts.unwrap_or_default().iter().filter(|post| post.flags == FLAG_DIRECT) {
                self.receive(node, post);
            }
        }
        self.is_changed = true;
    }

    /// Signs a value and puts it into the DHT; false if the signer's key is not in the node's wallet.
    pub(crate) fn dht_put(&mut self, node: usize, target: Target, value: Value, signer: &str, seq: i64) -> bool {
        let stamp = (self.clock.now(), self.chain.stamp_height());
        let Some(key) = self.nodes[node].wallet.key(signer) else {
            return false;
        };
        let seq = (seq >= 0).then_some(seq);
        let entry = Arc::new(Entry::new(target, value, seq, stamp, signer, |framed| key.sign(framed)));
        // Others cannot verify the signature of a name that is not registered.
        let is_shared = entry.is_stored_by_others()
            && self.chain.account(signer).is_some()
            && self.nodes[node].network_faults.reaches_dht();
        for (i, other) in self.nodes.iter_mut().enumerate() {
            // The node that puts an entry keeps it without asking whether others would.
            if i == node || (is_shared && other.is_up && other.network_faults.reaches_dht()) {
                other.dht.insert(Arc::clone(&entry));
            }
        }
        self.is_changed = true;
        true
    }

    /// What running nodes answer to a look into the DHT, as the asking node puts it together.
    pub(crate) fn dht_get(&self, node: usize, target: &Target) -> Vec<Arc<Entry>> {
        let reaches = |node: usize| self.nodes[node].network_faults.reaches_dht();
        let others = (0..self.nodes.len()).filter(|other| *other != node && self.nodes[*other].is_up);
        let others = others.filter(|other| reaches(node) && reaches(*other));
        let answers = std::iter::once(node).chain(others).flat_map(|node| self.nodes[node].dht.entries(target));
        let mut found: Vec<Arc<Entry>> = Vec::new();
        for entry in answers.filter(|entry| !entry.is_expired(self.chain.height())) {
            if target.multi {
                if !found.iter().any(|known| known.signature == entry.signature) {
                    found.push(Arc::clone(entry));
                }
            } else if found.iter().all(|known| entry.seq() > known.seq()) {
                found = vec![Arc::clone(entry)];
            }
        }
        found
    }

    fn mailbox(&mut self, node: usize, via: Via) -> &mut crate::arrivals::Mailbox {
        let node = &mut self.nodes[node];
        match via {
            Via::Rpc => &mut node.landing,
            Via::Peer => &mut node.arrivals,
        }
    }

    /// Stores a post at a node that collects it and lacks it, lets it be read there, and passes it on.
    fn hand_over(&mut self, node: usize, post: &Arc<Post>) {
        if !self.nodes[node].is_up {
            return;
        }
        let swarm = self.nodes[node].swarms.get_mut(&post.author);
        if !swarm.is_some_and(|swarm| swarm.insert(Arc::clone(post))) {
            return;
        }
        self.is_changed = true;
        self.receive(node, post);
        for peer in self.peers_of(node, &post.author) {
            if !self.nodes[peer].swarms.get(&post.author).is_some_and(|swarm| swarm.has(post.number)) {
                self.offer(peer, Via::Peer, post);
            }
        }
    }

    fn receive(&mut self, node: usize, post: &Arc<Post>) {
        if post.flags & FLAG_DIRECT == 0 {
            self.nodes[node].receive_post(post);
            return;
        }
        for author in self.nodes[node].receive_message(post) {
            self.start_swarm(node, &author);
        }
    }

    /// Lets two joined nodes give each other what they lack.
    fn exchange(&mut self, a: usize, b: usize) {
        let theirs = &self.nodes[b].swarms;
        let shared: Vec<String> =
            self.nodes[a].swarms.keys().filter(|author| theirs.contains_key(*author)).cloned().collect();
        for author in shared {
            self.fetch(a, b, &author);
            self.fetch(b, a, &author);
        }
    }

    /// Lets a node get the posts of `author` that it lacks from another one.
    fn fetch(&mut self, node: usize, from: usize, author: &str) {
        let lacks = |post: &&Arc<Post>| !self.nodes[node].swarms.get(author).is_some_and(|own| own.has(post.number));
        let swarm = self.nodes[from].swarms.get(author).filter(|_| self.nodes[from].is_up);
        let posts: Vec<_> = swarm.into_iter().flat_map(|swarm| swarm.posts()).filter(lacks).cloned().collect();
        posts.iter().for_each(|post| self.offer(node, Via::Peer, post));
    }

    /// Uses `number` for a post of another client, if that was asked for.
    fn steal(&mut self, node: usize, author: &str, number: u32) {
        match self.thefts.get_mut(author) {
            Some(count @ 1..) => *count -= 1,
            _ => return,
        }
        let draft = Draft { text: STOLEN_TEXT.as_bytes().to_vec(), ..Draft::default() };
        let number = i64::from(number);
        let signed = self.sign(node, author, number, draft);
        let post = signed.and_then(|signed| Post::accept(&signed.encode(), author, number, &self.chain).ok());
        if let Some(post) = post {
            self.hand_over(node, &Arc::new(post));
        }
    }
}
