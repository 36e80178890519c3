//! How many posts an account has left, as far as a node can say.

use twister::names::highest_allowed_number;
use twister::{PostNumber, RpcError, Username};

use super::Node;
use crate::check::CheckError;

/// How many posts an account may still make. A bridge that runs may have tried numbers that the node has not heard of yet,
/// and knows better ([`crate::event::Quota`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostsLeft {
    /// The highest number that is known to be used; none if none is.
    pub used: Option<PostNumber>,
    /// The highest number that the network accepts now.
    pub highest_allowed: PostNumber,
    /// How many are left.
    pub left: u32,
}

impl Node {
    /// How many posts an account has left; none if it is not registered, or does not follow itself yet: then the node does not
    /// know its posts.
    ///
    /// # Errors
    /// What the node says.
    pub async fn posts_left(&self, account: &Username) -> Result<Option<PostsLeft>, CheckError> {
        Ok(self.look_for_posts(account).await?)
    }

    async fn look_for_posts(&self, account: &Username) -> Result<Option<PostsLeft>, RpcError> {
        let Some(registration) = self.client.registration(account).await? else { return Ok(None) };
        let Some(used) = self.client.last_have(account).await?.get(account).copied() else { return Ok(None) };
        let height = self.client.info().await?.blocks;
        let highest_allowed = highest_allowed_number(registration.height, height);
        let next = used.map_or(PostNumber(0), PostNumber::next);
        let left = (highest_allowed.0 + 1).saturating_sub(next.0);
        Ok(Some(PostsLeft { used, highest_allowed, left }))
    }
}
