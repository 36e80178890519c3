//! The network's state in the form in which it is kept.
//!
//! Taken in two steps, so that nodes wait only for the first: [`Capture`] holds on to what nodes share anyway, and
//! [`Snapshot`] writes it out. Posts and DHT entries that several nodes have are kept once.
//!
//! Both hold private keys, and have no form for people to read. Not kept: ports, passwords, joined swarms, faults, and posts on their way between nodes, which are found again when the
//! swarms are joined.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use secp256k1::PublicKey;
use serde::{Deserialize, Serialize};
use twister::bencode::Value;

use crate::chain::{Chain, Registration};
use crate::clock::Clock;
use crate::dht::{Entry, Target};
use crate::direct_messages::{StoredMessage, User};
use crate::groups::Group;
use crate::keys::Key;
use crate::node_state::{NodeState, Promoted};
use crate::post::Post;
use crate::world::World;

/// A hold on a network's state at one moment.
pub(crate) struct Capture {
    blocks: Vec<SavedBlock>,
    waiting: Vec<SavedRegistration>,
    nodes: Vec<SavedNode>,
    posts: Table<Post>,
    entries: Table<Entry>,
}

/// A network's state as it is written.
#[derive(Serialize, Deserialize)]
pub(crate) struct Snapshot {
    blocks: Vec<SavedBlock>,
    waiting: Vec<SavedRegistration>,
    nodes: Vec<SavedNode>,
    /// Signed posts in Base64.
    posts: Vec<String>,
    entries: Vec<SavedEntry>,
}

#[derive(Serialize, Deserialize)]
struct SavedBlock {
    time: i64,
    registrations: Vec<SavedRegistration>,
}

#[derive(Serialize, Deserialize)]
struct SavedRegistration {
    username: String,
    public: String,
}

#[derive(Serialize, Deserialize)]
struct SavedNode {
    /// Name and backup text of each key.
    wallet: Vec<(String, String)>,
    users: BTreeMap<String, SavedUser>,
    groups: BTreeMap<String, Group>,
    /// The places in the table of posts, for each account in the order in which the node began to collect them.
    swarms: Vec<(String, Vec<usize>)>,
    /// The places in the table of entries.
    dht: Vec<usize>,
    promoted_waiting: Option<u32>,
    promoted_shown_at: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct SavedUser {
    following: BTreeSet<String>,
    messages: BTreeMap<String, Vec<StoredMessage>>,
    /// Author and number of each post.
    mentions: Vec<(String, u32)>,
    ignored_groups: BTreeSet<String>,
}

/// Bytes are in Base64.
#[derive(Serialize, Deserialize)]
struct SavedEntry {
    username: String,
    resource: String,
    multi: bool,
    framed: String,
    signature: String,
    signer: String,
}

/// Things that nodes share, each once.
struct Table<T> {
    items: Vec<Arc<T>>,
    places: HashMap<*const T, usize>,
}

impl<T> Table<T> {
    fn new() -> Self {
        Self { items: Vec::new(), places: HashMap::new() }
    }

    fn place(&mut self, item: &Arc<T>) -> usize {
        *self.places.entry(Arc::as_ptr(item)).or_insert_with(|| {
            self.items.push(Arc::clone(item));
            self.items.len() - 1
        })
    }
}

impl Capture {
    pub(crate) fn of(world: &World) -> Self {
        let block = |block: &crate::chain::Block| SavedBlock {
            time: block.time,
            registrations: block.registrations.iter().map(SavedRegistration::of).collect(),
        };
        let (mut posts, mut entries) = (Table::new(), Table::new());
        Self {
            blocks: world.chain.blocks().iter().map(block).collect(),
            waiting: world.chain.waiting().iter().map(SavedRegistration::of).collect(),
            nodes: world.nodes.iter().map(|node| SavedNode::of(node, &mut posts, &mut entries)).collect(),
            posts,
            entries,
        }
    }

    pub(crate) fn into_snapshot(self) -> Snapshot {
        Snapshot {
            blocks: self.blocks,
            waiting: self.waiting,
            nodes: self.nodes,
            posts: self.posts.items.iter().map(|post| BASE64_STANDARD.encode(post.signed.encode())).collect(),
            entries: self.entries.items.iter().map(|entry| SavedEntry::of(entry)).collect(),
        }
    }
}

impl Snapshot {
    pub(crate) fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// The network, with empty nodes added until there are `count`; or what cannot be understood.
    pub(crate) fn restore(self, count: usize, clock: Clock, dht_wait: Duration) -> Result<World, String> {
        let mut chain = Chain::default();
        for block in self.blocks {
            let registrations: Result<_, _> = block.registrations.iter().map(SavedRegistration::restore).collect();
            chain.append(block.time, registrations?);
        }
        if chain.blocks().is_empty() {
            return Err("a chain without blocks".to_owned());
        }
        for waiting in &self.waiting {
            chain.accept(waiting.restore()?);
        }
        let posts = self.posts.iter().map(|post| restore_post(&bytes(post)?, &chain).map(Arc::new));
        let posts = posts.collect::<Result<Vec<_>, _>>()?;
        let entries = self.entries.iter().map(|entry| entry.restore().map(Arc::new));
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        let nodes = self.nodes.into_iter().map(|node| node.restore(&posts, &entries));
        let mut nodes = nodes.collect::<Result<Vec<_>, _>>()?;
        nodes.resize_with(count, NodeState::new);
        Ok(World::new(chain, nodes, clock, dht_wait))
    }
}

impl SavedRegistration {
    fn of(registration: &Registration) -> Self {
        let public = twister::hex::encode(&registration.public.serialize());
        Self { username: registration.username.clone(), public }
    }

    fn restore(&self) -> Result<Registration, String> {
        let public = twister::hex::decode(&self.public).and_then(|bytes| PublicKey::from_slice(&bytes).ok());
        let public = public.ok_or_else(|| format!("the public key of {}", self.username))?;
        Ok(Registration { username: self.username.clone(), public })
    }
}

impl SavedNode {
    fn of(node: &NodeState, posts: &mut Table<Post>, entries: &mut Table<Entry>) -> Self {
        let mut swarms: Vec<_> = node.swarms.iter().collect();
        swarms.sort_by_key(|(_, swarm)| swarm.position);
        let mut places = |swarm: &crate::swarm::Swarm| swarm.posts().map(|post| posts.place(post)).collect();
        Self {
            wallet: node.wallet.entries().map(|entry| (entry.name.clone(), entry.key.to_backup_text())).collect(),
            users: node.users.iter().map(|(name, user)| (name.clone(), SavedUser::of(user))).collect(),
            groups: node.groups.clone(),
            swarms: swarms.into_iter().map(|(author, swarm)| (author.clone(), places(swarm))).collect(),
            dht: node.dht.all().map(|entry| entries.place(entry)).collect(),
            promoted_waiting: node.promoted.waiting,
            promoted_shown_at: node.promoted.shown_at,
        }
    }

    fn restore(self, posts: &[Arc<Post>], entries: &[Arc<Entry>]) -> Result<NodeState, String> {
        let mut node = NodeState::new();
        for (name, key) in self.wallet {
            let key = Key::from_backup_text(&key).ok_or_else(|| format!("the key of {name}"))?;
            node.wallet.insert(name, key);
        }
        for (author, places) in self.swarms {
            node.start_swarm(&author);
            for place in places {
                let post = posts.get(place).filter(|post| post.author == author);
                let post = post.ok_or_else(|| format!("a post of {author}"))?;
                node.swarms.get_mut(&author).map(|swarm| swarm.insert(Arc::clone(post)));
            }
        }
        node.users = self.users.into_iter().map(|(name, user)| (name, user.restore(&node))).collect();
        for place in self.dht {
            node.dht.restore(Arc::clone(entries.get(place).ok_or("an entry of the DHT")?));
        }
        node.groups = self.groups;
        node.promoted = Promoted { waiting: self.promoted_waiting, shown_at: self.promoted_shown_at };
        Ok(node)
    }
}

impl SavedUser {
    fn of(user: &User) -> Self {
        Self {
            following: user.following.clone(),
            messages: user.messages.clone(),
            mentions: user.mentions.iter().map(|post| (post.author.clone(), post.number)).collect(),
            ignored_groups: user.ignored_groups.clone(),
        }
    }

    fn restore(self, node: &NodeState) -> User {
        let find = |(author, number): &(String, u32)| node.swarms.get(author)?.get(*number).cloned();
        let mentions: Vec<Arc<Post>> = self.mentions.iter().filter_map(find).collect();
        User {
            following: self.following,
            messages: self.messages,
            mention_keys: mentions.iter().map(|post| (post.author.clone(), post.time)).collect(),
            mentions,
            ignored_groups: self.ignored_groups,
        }
    }
}

impl SavedEntry {
    fn of(entry: &Entry) -> Self {
        Self {
            username: BASE64_STANDARD.encode(&entry.target.username),
            resource: BASE64_STANDARD.encode(&entry.target.resource),
            multi: entry.target.multi,
            framed: BASE64_STANDARD.encode(entry.framed.encode()),
            signature: BASE64_STANDARD.encode(&entry.signature),
            signer: entry.signer.clone(),
        }
    }

    fn restore(&self) -> Result<Entry, String> {
        let (username, resource) = (bytes(&self.username)?, bytes(&self.resource)?);
        let framed = Value::decode(&bytes(&self.framed)?).map_err(|error| error.to_string())?;
        Ok(Entry {
            target: Target { username, resource, multi: self.multi },
            framed,
            signature: bytes(&self.signature)?,
            signer: self.signer.clone(),
        })
    }
}

/// Checks a post once more, so that a file that somebody changed does no harm.
fn restore_post(encoded: &[u8], chain: &Chain) -> Result<Post, String> {
    let signed = Value::decode(encoded).map_err(|error| error.to_string())?;
    let fields = signed.as_dictionary().and_then(|post| post.get(b"userpost".as_slice())?.as_dictionary());
    let field = |name: &str| fields.and_then(|fields| fields.get(name.as_bytes()));
    let author = String::from_utf8_lossy(field("n").and_then(Value::as_bytes).unwrap_or_default());
    let number = field("k").and_then(Value::as_integer).unwrap_or(-1);
    Post::accept(encoded, &author, number, chain).map_err(|reason| format!("a post of {author}: {reason}"))
}

fn bytes(base64: &str) -> Result<Vec<u8>, String> {
    BASE64_STANDARD.decode(base64).map_err(|error| error.to_string())
}
