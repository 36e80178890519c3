//! A node's keys: those of its accounts, and those of the groups that they are in.

use std::collections::BTreeMap;

use secp256k1::PublicKey;

use crate::keys::Key;

/// First character of a group's alias. No account that the chain registers has it.
pub(crate) const GROUP_MARK: char = '*';

/// The keys of one node. Real nodes order them by key, that is, in no useful order; so does this.
#[derive(Debug, Default)]
pub(crate) struct Wallet {
    keys: BTreeMap<PublicKey, Entry>,
}

/// One key and the name that it has in this wallet.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) key: Key,
}

impl Wallet {
    pub(crate) fn insert(&mut self, name: String, key: Key) {
        self.keys.insert(*key.public(), Entry { name, key });
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.keys.values()
    }

    /// Names of the accounts, registered or not.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = &str> {
        self.entries().map(|entry| entry.name.as_str()).filter(|name| !name.starts_with(GROUP_MARK))
    }

    /// The key of the account or group `name`.
    pub(crate) fn key(&self, name: &str) -> Option<&Key> {
        self.entries().find(|entry| entry.name == name).map(|entry| &entry.key)
    }

    pub(crate) fn has_key(&self, public: &PublicKey) -> bool {
        self.keys.contains_key(public)
    }
}
