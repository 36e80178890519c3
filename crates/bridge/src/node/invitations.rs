//! Signing invitations with an account's key, and finding out who signed one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use twister::NodeFault;

use super::Node;
use crate::check::CheckError;
use crate::invitation::{Invitation, Sealed};

/// What is known of an invitation's author.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum Authorship {
    /// It was signed with the key of the account that it names.
    Proven,
    /// It has no signature: anybody may have written it.
    Unsigned,
    /// It has a signature, and the node's chain has no account of that name to compare it with.
    UnknownAccount,
    /// Somebody else signed it, or it was changed since.
    Forged,
}

impl Node {
    /// The invitation as a text, signed with the key of its author if the wallet has it and gives it out; unsigned
    /// otherwise.
    ///
    /// # Errors
    /// The node does not answer.
    pub async fn seal(&self, invitation: &Invitation) -> Result<Sealed, CheckError> {
        let unsigned = Sealed::unsigned(invitation);
        match self.client.sign_message(&invitation.from, unsigned.signed_text()).await {
            Ok(signature) => Ok(STANDARD.decode(signature).map_or(unsigned.clone(), |bytes| unsigned.signed(&bytes))),
            Err(error) if cannot_sign(error.node_fault()) => Ok(unsigned),
            Err(error) => Err(error.into()),
        }
    }

    /// Who wrote an invitation.
    ///
    /// # Errors
    /// The node does not answer.
    pub async fn authorship(&self, sealed: &Sealed, invitation: &Invitation) -> Result<Authorship, CheckError> {
        let Some(signature) = sealed.signature() else { return Ok(Authorship::Unsigned) };
        let signature = STANDARD.encode(signature);
        let verified = self.client.verify_message(&invitation.from, &signature, sealed.signed_text()).await?;
        Ok(match verified {
            Some(true) => Authorship::Proven,
            Some(false) => Authorship::Forged,
            None => Authorship::UnknownAccount,
        })
    }
}

fn cannot_sign(fault: Option<NodeFault>) -> bool {
    matches!(fault, Some(NodeFault::KeyNotInWallet | NodeFault::WalletLocked | NodeFault::UnknownCommand))
}
