//! The block chain that all nodes of a network share: who registered which name when, and how high the chain is.
//!
//! Not in it: proof of work. A block is made when someone asks for it.

use std::collections::BTreeMap;

use secp256k1::PublicKey;
use twister::{BlockHeight, Username, names};

use crate::keys::{double_sha256, length_prefixed};

/// The text that rides in every block when its miner sets none.
pub(crate) const PROMOTED_MESSAGE: &str = "Promoted posts are needed to run the network infrastructure. \
    If you want to help, start generating blocks and advertise. [en]";

/// The account that [`PROMOTED_MESSAGE`] names as its author.
pub(crate) const PROMOTED_USER: &str = "nobody";

/// The difficulty that every block has, in the header's form.
pub(crate) const BITS: u32 = 0x207f_ffff;

/// A block's or transaction's hash.
pub(crate) type Hash = [u8; 32];

/// A transaction that registers a name.
#[derive(Debug, Clone)]
pub(crate) struct Registration {
    pub(crate) username: String,
    pub(crate) public: PublicKey,
}

impl Registration {
    pub(crate) const VERSION: u32 = 1;
    pub(crate) const NONCE: u32 = 1;

    pub(crate) fn serialized(&self) -> Vec<u8> {
        transaction(b"", self.username.as_bytes(), &push(&self.public.serialize()), Self::NONCE)
    }

    /// The id by which the transaction waits for a block.
    pub(crate) fn id(&self) -> Hash {
        double_sha256(&self.serialized())
    }

    /// The id by which the chain finds the transaction.
    pub(crate) fn username_hash(&self) -> Hash {
        double_sha256(&length_prefixed(self.username.as_bytes()))
    }
}

/// One block.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub(crate) previous: Hash,
    pub(crate) merkle_root: Hash,
    pub(crate) time: i64,
    pub(crate) registrations: Vec<Registration>,
    coinbase: Vec<u8>,
}

impl Block {
    pub(crate) const VERSION: u32 = 2;
    pub(crate) const NONCE: u32 = 1;

    pub(crate) fn new(height: u32, previous: Hash, time: i64, registrations: Vec<Registration>) -> Self {
        // A miner's script holds the height and random bytes; fixed ones here, so that a block always has the same size.
        let mut script = vec![0; 19];
        script[..4].copy_from_slice(&height.to_le_bytes());
        let coinbase = transaction(PROMOTED_MESSAGE.as_bytes(), PROMOTED_USER.as_bytes(), &script, 0);
        let mut block = Self { previous, merkle_root: [0; 32], time, registrations, coinbase };
        block.merkle_root = merkle_root(block.transaction_ids());
        block
    }

    pub(crate) fn hash(&self) -> Hash {
        double_sha256(&self.header())
    }

    /// Ids of all transactions; the first is the miner's own.
    pub(crate) fn transaction_ids(&self) -> Vec<Hash> {
        let coinbase = double_sha256(&self.coinbase);
        std::iter::once(coinbase).chain(self.registrations.iter().map(Registration::id)).collect()
    }

    pub(crate) fn serialized(&self) -> Vec<u8> {
        let mut bytes = self.header();
        bytes.extend(u8::try_from(self.registrations.len() + 1));
        bytes.extend_from_slice(&self.coinbase);
        self.registrations.iter().for_each(|registration| bytes.extend(registration.serialized()));
        bytes
    }

    fn header(&self) -> Vec<u8> {
        let mut bytes = Self::VERSION.to_le_bytes().to_vec();
        bytes.extend_from_slice(&self.previous);
        bytes.extend_from_slice(&self.merkle_root);
        // The header has room for 32 bits of time.
        bytes.extend_from_slice(&self.time.to_le_bytes()[..4]);
        bytes.extend_from_slice(&BITS.to_le_bytes());
        bytes.extend_from_slice(&Self::NONCE.to_le_bytes());
        bytes
    }
}

/// A registered account.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) height: u32,
    pub(crate) registration: Registration,
}

/// The chain, and the registrations that wait for its next block.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    blocks: Vec<Block>,
    heights: BTreeMap<Hash, u32>,
    accounts: BTreeMap<String, Account>,
    waiting: Vec<Registration>,
}

impl Chain {
    /// A chain of one block.
    pub(crate) fn new(now: i64) -> Self {
        let mut chain = Self::default();
        chain.append(now, Vec::new());
        chain
    }

    pub(crate) fn height(&self) -> u32 {
        u32::try_from(self.blocks.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// The height that posts and DHT entries carry: one less than the chain's, so that no node takes it for the future.
    pub(crate) fn stamp_height(&self) -> i64 {
        i64::from(self.height()) - 1
    }

    pub(crate) fn block(&self, height: u32) -> Option<&Block> {
        self.blocks.get(usize::try_from(height).ok()?)
    }

    pub(crate) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    pub(crate) fn height_of(&self, hash: &Hash) -> Option<u32> {
        self.heights.get(hash).copied()
    }

    pub(crate) fn account(&self, username: &str) -> Option<&Account> {
        self.accounts.get(username)
    }

    /// Registered names that start with `prefix`, in alphabetical order.
    pub(crate) fn names_from<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.accounts
            .range(prefix.to_owned()..)
            .map(|(name, _)| name.as_str())
            .take_while(move |n| n.starts_with(prefix))
    }

    pub(crate) fn waiting(&self) -> &[Registration] {
        &self.waiting
    }

    /// Takes a registration in for the next block; false if the name is none, or taken, or waits already.
    pub(crate) fn accept(&mut self, registration: Registration) -> bool {
        let name = &registration.username;
        let acceptable = name.parse::<Username>().is_ok()
            && !self.accounts.contains_key(name)
            && !self.waiting.iter().any(|waiting| waiting.username == *name);
        if acceptable {
            self.waiting.push(registration);
        }
        acceptable
    }

    /// Makes the next block from all that waits.
    pub(crate) fn mine(&mut self, now: i64) {
        let registrations = std::mem::take(&mut self.waiting);
        self.append(now, registrations);
    }

    /// Appends a block made earlier, when a network is restored.
    pub(crate) fn append(&mut self, time: i64, registrations: Vec<Registration>) {
        let height = u32::try_from(self.blocks.len()).unwrap_or(u32::MAX);
        let previous = self.blocks.last().map(Block::hash).unwrap_or_default();
        let block = Block::new(height, previous, time, registrations);
        for registration in &block.registrations {
            let account = Account { height, registration: registration.clone() };
            self.accounts.insert(registration.username.clone(), account);
        }
        self.heights.insert(block.hash(), height);
        self.blocks.push(block);
    }

    /// Whether `username` may have a post of this number by now.
    pub(crate) fn number_allowed(&self, username: &str, number: i64) -> bool {
        let Some(account) = self.account(username) else {
            return false;
        };
        let highest = names::highest_allowed_number(BlockHeight(account.height), BlockHeight(self.height()));
        (0..=i64::from(highest.0)).contains(&number)
    }
}

/// A hash as nodes show it: the bytes in reverse.
pub(crate) fn hash_text(hash: &Hash) -> String {
    let mut bytes = *hash;
    bytes.reverse();
    twister::hex::encode(&bytes)
}

/// Reads what [`hash_text`] writes.
pub(crate) fn parse_hash(text: &str) -> Option<Hash> {
    let mut bytes: Hash = twister::hex::decode(text)?.try_into().ok()?;
    bytes.reverse();
    Some(bytes)
}

fn transaction(message: &[u8], username: &[u8], key_script: &[u8], nonce: u32) -> Vec<u8> {
    let mut bytes = Registration::VERSION.to_le_bytes().to_vec();
    let message = if message.is_empty() { Vec::new() } else { push(message) };
    bytes.extend(length_prefixed(&message));
    bytes.extend(length_prefixed(&push(username)));
    bytes.extend(length_prefixed(key_script));
    bytes.extend_from_slice(&nonce.to_le_bytes());
    bytes
}

/// The script that holds `data`.
fn push(data: &[u8]) -> Vec<u8> {
    const PUSH_WITH_ONE_BYTE_LENGTH: u8 = 0x4c;
    let mut script = Vec::with_capacity(data.len() + 2);
    match u8::try_from(data.len()) {
        Ok(len) if len < PUSH_WITH_ONE_BYTE_LENGTH => script.push(len),
        Ok(len) => script.extend([PUSH_WITH_ONE_BYTE_LENGTH, len]),
        Err(_) => script.extend([PUSH_WITH_ONE_BYTE_LENGTH, u8::MAX]),
    }
    script.extend_from_slice(data);
    script
}

fn merkle_root(mut level: Vec<Hash>) -> Hash {
    while level.len() > 1 {
        level =
            level.chunks(2).map(|pair| double_sha256(&[pair[0], *pair.last().unwrap_or(&pair[0])].concat())).collect();
    }
    level.first().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::keys::Key;

    #[test]
    fn a_registration_serialises_as_recorded_from_a_real_node() {
        let public =
            twister::hex::decode("02e4507341b8964fa9a0d900d26b0fb7e601259ca9de65d5d3380f71c9ca8d94fe").unwrap();
        let registration =
            Registration { username: "carol".to_owned(), public: PublicKey::from_slice(&public).unwrap() };
        assert_eq!(
            twister::hex::encode(&registration.serialized()),
            "010000000006056361726f6c222102e4507341b8964fa9a0d900d26b0fb7e601259ca9de65d5d3380f71c9ca8d94fe01000000"
        );
        let (id, hash) = (hash_text(&registration.id()), hash_text(&registration.username_hash()));
        assert_eq!(id, "793c49ded3ec963c000cc258735156084f93d5a3fadfaa3f2b8c1a0038bee4fd");
        assert_eq!(hash, "8e96507887aef5c3215e8673d0859929e60e7d317d114c48d137efefbc59f92a");
    }

    #[test]
    fn an_account_may_use_two_more_numbers_with_every_block() {
        let mut chain = Chain::new(0);
        let public = *Key::generate().public();
        assert!(chain.accept(Registration { username: "alice".to_owned(), public }));
        assert!(!chain.number_allowed("alice", 0));
        chain.mine(1);
        assert!(chain.number_allowed("alice", 20) && !chain.number_allowed("alice", 21));
        chain.mine(2);
        assert!(chain.number_allowed("alice", 22) && !chain.number_allowed("alice", 23));
        assert!(!chain.number_allowed("alice", -1) && !chain.number_allowed("bob", 0));
    }

    #[test]
    fn names_that_break_the_rules_or_are_taken_are_refused() {
        let mut chain = Chain::new(0);
        let public = *Key::generate().public();
        let mut accept = |name: &str| chain.accept(Registration { username: name.to_owned(), public });
        assert!(!accept("") && !accept("Carol") && !accept("a23456789012345678"));
        assert!(accept("carol") && !accept("carol"));
        chain.mine(1);
        assert!(!chain.accept(Registration { username: "carol".to_owned(), public }));
    }

    #[test]
    fn blocks_are_found_by_their_hash() {
        let mut chain = Chain::new(0);
        chain.mine(1);
        let hash = chain.block(1).unwrap().hash();
        assert_eq!(parse_hash(&hash_text(&hash)), Some(hash));
        assert_eq!(chain.height_of(&hash), Some(1));
        assert_eq!(chain.block(1).unwrap().previous, chain.block(0).unwrap().hash());
    }
}
