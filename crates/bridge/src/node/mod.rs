//! A node and its wallet, asked directly: the accounts in it, their keys and profiles, and how the node is. For windows and
//! tools, whether a bridge runs or not.
//!
//! Deliberately not here: moving messages, and what a bridge waits for ([`crate::Bridge`]).

mod accounts;
mod ground;
mod invitations;
mod measure;
mod posts;
mod profile;

use std::time::Duration;

use twister::{Client, Credentials, NodeUrl};

pub use accounts::{NewAccount, Registration, RegistrationStep};
pub(crate) use ground::Ground;
pub use invitations::Authorship;
pub use posts::PostsLeft;
pub use profile::{Profile, ProfileField};

use crate::check::CheckError;
use crate::secrets::Password;

/// How long a person waits for an answer of the node before being told that there is none.
const PATIENCE: Duration = Duration::from_secs(8);

/// A node, and the right to ask it.
#[derive(Debug, Clone)]
pub struct Node {
    client: Client,
}

impl Node {
    /// The node at `url`. Nothing is sent yet.
    ///
    /// # Errors
    /// The connection cannot be set up.
    pub fn new(url: &NodeUrl, user: &str, password: &Password) -> Result<Self, CheckError> {
        Ok(Self::of(Client::new(url, &Credentials::new(user, password.reveal()))?))
    }

    /// The node that somebody talks to already.
    pub(crate) fn of(client: Client) -> Self {
        Self { client: client.with_timeout(PATIENCE) }
    }

    /// Its address.
    pub fn url(&self) -> &NodeUrl {
        self.client.url()
    }

    /// Up to `count` registered or followed names that begin with `prefix`, without those that no account can have.
    ///
    /// # Errors
    /// What the node says.
    pub async fn names_starting_with(&self, prefix: &str, count: u32) -> Result<Vec<String>, CheckError> {
        let names = self.client.names_starting_with(prefix, count).await?;
        Ok(names.into_iter().filter(|name| name.parse::<twister::Username>().is_ok()).collect())
    }
}
