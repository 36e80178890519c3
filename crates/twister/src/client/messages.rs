//! Direct messages and groups.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Client, names, range_object, text};
use crate::error::RpcError;
use crate::names::{PostNumber, Username};
use crate::peer::{GroupAlias, Peer};
use crate::wire::{DirectMessage, GroupInfo, SignedPost};

/// Which positions of a node's list are wanted. The default wants all; positions shift as messages come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MessageRange {
    /// Only positions above this one.
    pub since: Option<u32>,
    /// Only positions up to this one, itself included.
    pub max: Option<u32>,
}

/// Whether a direct message is also sent to its sender, so that other nodes of the sender can read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelfCopy {
    /// One post, which only the receiver can read. The sender's node keeps the text by itself.
    No,
    /// Two posts, with the number given and the next, in random order.
    Yes,
}

impl Client {
    /// Encrypts a text for `to`, signs it and puts it into the swarm of `from` (`newdirectmsg`). With [`SelfCopy::Yes`] it
    /// takes two numbers, and the returned post is the second, whichever of the two that is.
    ///
    /// Success means neither that the post is stored (see [`new_post`](Self::new_post)) nor that the receiver has it or
    /// ever will: a receiver who does not follow `from` does not get it.
    ///
    /// [`NodeFault::UnknownRecipient`](crate::NodeFault::UnknownRecipient) and those of [`new_post`](Self::new_post).
    pub async fn new_direct_message(
        &self,
        from: &Username,
        number: PostNumber,
        to: &Peer,
        message: &str,
        copy: SelfCopy,
    ) -> Result<SignedPost, RpcError> {
        let mut params = vec![text(from), json!(number), text(to), message.into()];
        if copy == SelfCopy::Yes {
            params.push(Value::Bool(true));
        }
        self.typed("newdirectmsg", params).await
    }

    /// The conversation of `local`, an account of this wallet, with `peer` (`getdirectmsgs`), in both directions and in the
    /// node's order: at most `count` messages, the last ones. Empty also if `local` is not in this wallet.
    pub async fn direct_messages(
        &self,
        local: &Username,
        peer: &Peer,
        range: MessageRange,
        count: u32,
    ) -> Result<Vec<DirectMessage>, RpcError> {
        let wanted = range_object([("username", Some(text(peer)))].into_iter().chain(range.members()));
        let params = vec![text(local), json!(count), Value::Array(vec![wanted])];
        let mut by_peer: BTreeMap<String, Vec<DirectMessage>> = self.typed("getdirectmsgs", params).await?;
        Ok(by_peer.remove(peer.as_str()).unwrap_or_default())
    }

    /// Makes the node look for direct messages to `local` once more in all posts that it holds (`rescandirectmsgs`): brings
    /// in those that came before their sender was followed, and stores known ones again.
    pub async fn rescan_direct_messages(&self, local: &Username) -> Result<(), RpcError> {
        self.done("rescandirectmsgs", vec![text(local)]).await
    }

    /// Makes a group and returns its alias at this node (`creategroup`).
    pub async fn create_group(&self, description: &str) -> Result<GroupAlias, RpcError> {
        self.typed("creategroup", vec![description.into()]).await
    }

    /// Invites `members` to a group in the name of `from` (`newgroupinvite`). It takes one number per member plus one, from
    /// `number` on.
    pub async fn new_group_invite(
        &self,
        from: &Username,
        number: PostNumber,
        group: &GroupAlias,
        members: &[Username],
    ) -> Result<(), RpcError> {
        self.done("newgroupinvite", vec![text(from), json!(number), text(group), names(members)]).await
    }

    /// The groups known to the node, or those of one `member` (`listgroups`).
    pub async fn groups(&self, member: Option<&Username>) -> Result<Vec<GroupAlias>, RpcError> {
        self.typed("listgroups", member.map(text).into_iter().collect()).await
    }

    /// Description and members of a group (`getgroupinfo`). [`NodeFault::UnknownGroup`](crate::NodeFault::UnknownGroup).
    pub async fn group_info(&self, group: &GroupAlias) -> Result<GroupInfo, RpcError> {
        self.typed("getgroupinfo", vec![text(group)]).await
    }
}

impl MessageRange {
    pub(super) fn members(self) -> [(&'static str, Option<Value>); 2] {
        [("since_id", self.since.map(Value::from)), ("max_id", self.max.map(Value::from))]
    }
}
