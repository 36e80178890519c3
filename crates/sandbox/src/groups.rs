//! Groups: a key that several accounts share, known on every node by another alias.

use std::collections::BTreeSet;
use std::fmt;

use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::keys::Key;
use crate::node_state::NodeState;
use crate::wallet::GROUP_MARK;

/// How many letters an alias has after its mark.
const ALIAS_LETTERS: usize = 8;

/// A group, as one node knows it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) description: String,
    /// The group's private key as backup text, which is the form that invitations carry.
    pub(crate) key_text: String,
    pub(crate) members: BTreeSet<String>,
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("description", &self.description)
            .field("members", &self.members)
            .finish_non_exhaustive()
    }
}

impl NodeState {
    /// Takes in a group by its private key, under a new alias. `None` if the text is no key, or the node has it already.
    pub(crate) fn add_group(&mut self, key_text: &str, description: &str) -> Option<String> {
        let key = Key::from_backup_text(key_text).filter(|key| !self.wallet.has_key(key.public()))?;
        let mut letters = rand::rng();
        let letters = (0..ALIAS_LETTERS).map(|_| letters.random_range('a'..='z'));
        let alias: String = std::iter::once(GROUP_MARK).chain(letters).collect();
        self.wallet.insert(alias.clone(), key);
        let (description, key_text) = (description.to_owned(), key_text.to_owned());
        self.groups.insert(alias.clone(), Group { description, key_text, members: BTreeSet::new() });
        Some(alias)
    }
}
