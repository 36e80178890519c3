//! People: whom a bridge follows and sends to, what of theirs was refused, and inviting them.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mqtt_twister_bridge::Quarantined;
use mqtt_twister_bridge::invitation::{Approval, Invitation, InvitationError, InvitedNetwork, Proposal, Sealed};
use mqtt_twister_bridge::node::Authorship;
use mqtt_twister_bridge::people::Person;
use mqtt_twister_bridge::topic::TopicFilter;
use mqtt_twister_daemon::{NetworkKind, NodeSettings};
use serde::{Deserialize, Serialize};
use twister::{NodeUrl, PeerAddressError, Username};

use crate::app::App;
use crate::error::{AppErrorCode, CommandError};
use crate::nodes::is_in;
use crate::view::{BridgeId, BridgeInput, Saved};

/// Refused messages that are shown at most.
const MOST_REFUSED: usize = 200;

/// A message that was refused.
#[derive(Debug, Clone, PartialEq, Serialize, specta::Type)]
pub struct RefusedMessage {
    /// When, in milliseconds since 1970.
    #[specta(type = specta_typescript::Number)]
    pub time_ms: u64,
    /// Who sent it.
    pub sender: String,
    /// The number of the post that brought it.
    pub number: u32,
    /// Its topic, if that could be read.
    pub topic: Option<String>,
    /// Why, for a program.
    pub code: String,
    /// Why, for a person.
    pub reason: String,
    /// The beginning of its payload in Base64; of the frame's text, if that could not be read.
    pub payload_base64: String,
    /// The whole payload's length in bytes.
    pub payload_len: u32,
}

/// An invitation as the person wants it.
#[derive(Debug, Clone, Deserialize, specta::Type)]
pub struct InvitationInput {
    /// Whom it is for; anybody who has it, if it is empty.
    pub to: String,
    /// Topics that this side offers to send.
    pub offers: Vec<String>,
    /// Topics that this side would like to receive.
    pub wants: Vec<String>,
    /// How many messages a minute this side expects to send at most.
    pub per_minute: Option<u32>,
    /// The largest payload that this side expects to send, in bytes.
    pub max_payload: Option<u32>,
    /// A few words.
    pub note: String,
    /// Where the private network of the bridge's node can be reached, as `host:port`; of no use with another node.
    #[serde(default)]
    pub peers: Vec<String>,
}

/// An invitation to be sent.
#[derive(Debug, Clone, PartialEq, Serialize, specta::Type)]
pub struct MadeInvitation {
    /// The text: a link, and what its QR code says.
    pub text: String,
    /// Whether it is signed. The node may not give the key out.
    pub signed: bool,
}

/// An invitation that was read. Nothing has been done for it.
#[derive(Debug, Clone, PartialEq, Serialize, specta::Type)]
pub struct ReadInvitation {
    /// The account that it says to be from.
    pub from: String,
    /// Whether that is so.
    pub authorship: Authorship,
    /// Topics that it offers.
    pub offers: Vec<TopicFilter>,
    /// Topics that it wants.
    pub wants: Vec<TopicFilter>,
    /// How many messages a minute its author expects to send at most.
    pub per_minute: Option<u32>,
    /// The largest payload that its author expects to send, in bytes.
    pub max_payload: Option<u32>,
    /// A few words.
    pub note: String,
    /// When it was made, in milliseconds since 1970, by its author's clock.
    #[specta(type = specta_typescript::Number)]
    pub made_ms: u64,
    /// Whether it answers another one.
    pub is_answer: bool,
    /// The private network that its author is in.
    pub network: Option<InvitedNetwork>,
    /// Whether the bridge's node is one of the app's, and in that network.
    pub in_network: bool,
    /// What it would add to the bridge.
    pub proposal: Proposal,
}

/// An invitation that was approved of.
#[derive(Debug, Clone, PartialEq, Serialize, specta::Type)]
pub struct AcceptedInvitation {
    /// How the bridge was saved.
    pub saved: Saved,
    /// The answer to send back; none if this was one, and the other side has agreed to all of it.
    pub answer: Option<MadeInvitation>,
}

impl App {
    /// The people of a bridge; nobody of one that does not run.
    ///
    /// # Errors
    /// [`AppErrorCode::UnknownBridge`], or what the bridge's database says.
    pub async fn people(&self, id: &BridgeId) -> Result<Vec<Person>, CommandError> {
        let asked = self.bridge(id)?.ask(async |bridge| bridge.people().await).await;
        Ok(asked.transpose()?.unwrap_or_default())
    }

    /// What a bridge has refused, the newest first; nothing of one that does not run.
    ///
    /// # Errors
    /// [`AppErrorCode::UnknownBridge`], or what the bridge's database says.
    pub async fn quarantine(&self, id: &BridgeId) -> Result<Vec<RefusedMessage>, CommandError> {
        let asked = self.bridge(id)?.ask(async |bridge| bridge.quarantine(MOST_REFUSED).await).await;
        Ok(asked.transpose()?.unwrap_or_default().into_iter().map(RefusedMessage::from).collect())
    }

    /// Throws away what a running bridge has refused.
    ///
    /// # Errors
    /// [`AppErrorCode::UnknownBridge`], or what the bridge's database says.
    pub async fn clear_quarantine(&self, id: &BridgeId) -> Result<(), CommandError> {
        let asked = self.bridge(id)?.ask(async |bridge| bridge.clear_quarantine().await).await;
        asked.transpose()?;
        Ok(())
    }

    /// Makes an invitation from the account of a bridge.
    ///
    /// # Errors
    /// [`AppErrorCode::InvalidSettings`] with the field, or what the node says.
    pub async fn make_invitation(&self, id: &BridgeId, input: InvitationInput) -> Result<MadeInvitation, CommandError> {
        let (bridge, node) = self.node_of(id).await?;
        let to = Some(input.to.trim()).filter(|to| !to.is_empty());
        let invitation = Invitation {
            from: bridge.config.twister.account.clone(),
            to: to.map(|to| to.parse().map_err(|error| CommandError::field("to", error))).transpose()?,
            offers: filters("offers", &input.offers)?,
            wants: filters("wants", &input.wants)?,
            per_minute: input.per_minute,
            max_payload: input.max_payload,
            network: self.invited_network(&bridge.config.twister.url, &input.peers)?,
            note: input.note.trim().to_owned(),
            made: now_s(),
            answers: None,
        };
        invitation.check().map_err(|error| CommandError::new(AppErrorCode::InvitationUnusable, error.to_string()))?;
        Ok(MadeInvitation::from(node.seal(&invitation).await?))
    }

    /// Reads an invitation for a bridge. Nothing else is done.
    ///
    /// # Errors
    /// [`AppErrorCode::InvitationUnusable`], [`AppErrorCode::InvitationForged`], or what the node says.
    pub async fn read_invitation(&self, id: &BridgeId, text: &str) -> Result<ReadInvitation, CommandError> {
        let (bridge, node) = self.node_of(id).await?;
        let (sealed, invitation) = read(text, &bridge.config.twister.account)?;
        let own = self.private_network(&bridge.config.twister.url);
        let in_network = own.zip(invitation.network.as_ref()).is_some_and(|(own, invited)| is_in(&own, invited));
        let authorship = match node.authorship(&sealed, &invitation).await? {
            // An account of that name in another network is somebody else's.
            Authorship::Forged if invitation.network.is_some() && !in_network => Authorship::UnknownAccount,
            Authorship::Forged => return Err(forged(&invitation.from)),
            authorship => authorship,
        };
        Ok(ReadInvitation {
            proposal: invitation.proposal(&bridge.config),
            from: invitation.from.into(),
            authorship,
            offers: invitation.offers,
            wants: invitation.wants,
            per_minute: invitation.per_minute,
            max_payload: invitation.max_payload,
            note: invitation.note,
            made_ms: invitation.made.saturating_mul(1000),
            is_answer: invitation.answers.is_some(),
            network: invitation.network,
            in_network,
        })
    }

    /// What an invitation says of the network: its name and the addresses that the person gives, if the app runs a node in a
    /// private one for the bridge.
    fn invited_network(&self, node: &NodeUrl, peers: &[String]) -> Result<Option<InvitedNetwork>, CommandError> {
        let Some(NodeSettings { network: NetworkKind::Private { name, .. }, .. }) = self.private_network(node) else {
            return Ok(None);
        };
        let peers: Result<Vec<_>, _> = peers.iter().map(|peer| peer.parse()).collect();
        let peers = peers.map_err(|error: PeerAddressError| CommandError::field("peers", error))?;
        Ok((!peers.is_empty()).then_some(InvitedNetwork { name, peers }))
    }

    /// Adds what the person approves of in an invitation to a bridge, and makes the answer.
    ///
    /// # Errors
    /// As [`read_invitation`](Self::read_invitation) and [`save`](Self::save); then nothing was added.
    pub async fn accept_invitation(
        &self,
        id: &BridgeId,
        text: &str,
        approval: Approval,
    ) -> Result<AcceptedInvitation, CommandError> {
        if id.tryout {
            let text = "the bridges of \"Try it\" have rules of their own: accept the invitation in a bridge of yours";
            return Err(CommandError::new(AppErrorCode::InvitationUnusable, text));
        }
        let (bridge, node) = self.node_of(id).await?;
        let (sealed, invitation) = read(text, &bridge.config.twister.account)?;
        if node.authorship(&sealed, &invitation).await? == Authorship::Forged {
            return Err(forged(&invitation.from));
        }
        let answer = invitation.answer(&approval, &bridge.config, sealed.id(), now_s());
        // Whoever approves of all that an answer says has nothing to add to it, and one who sends nothing has nothing to say.
        let is_agreed =
            invitation.answers.is_some() && answer.offers == invitation.wants && answer.wants == invitation.offers;
        let answer = match is_agreed || answer.check().is_err() {
            true => None,
            false => Some(MadeInvitation::from(node.seal(&answer).await?)),
        };
        let config = serde_json::to_value(invitation.apply(&approval, &bridge.config))
            .map_err(|error| CommandError::new(AppErrorCode::InvalidSettings, error.to_string()))?;
        let input = BridgeInput { replaces: Some(id.clone()), config, node_password: None, broker_password: None };
        Ok(AcceptedInvitation { saved: self.save(input).await?, answer })
    }
}

fn read(text: &str, account: &Username) -> Result<(Sealed, Invitation), CommandError> {
    let (sealed, invitation) = Sealed::find(text)?;
    invitation.check_reader(account)?;
    Ok((sealed, invitation))
}

fn forged(from: &Username) -> CommandError {
    let text = format!(
        "the invitation says to be from {from}, and was not signed with the key of {from}: it was changed on its way, or \
         somebody else has made it. Nothing was done; ask {from} for another one, by a way that you trust"
    );
    CommandError::new(AppErrorCode::InvitationForged, text)
}

fn filters(field: &str, texts: &[String]) -> Result<Vec<TopicFilter>, CommandError> {
    let parsed = texts.iter().enumerate().map(|(index, text)| {
        text.trim().parse().map_err(|error| CommandError::field(format!("{field}[{index}]"), error))
    });
    parsed.collect()
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

impl From<Sealed> for MadeInvitation {
    fn from(sealed: Sealed) -> Self {
        Self { text: sealed.text(), signed: sealed.signature().is_some() }
    }
}

impl From<Quarantined> for RefusedMessage {
    fn from(entry: Quarantined) -> Self {
        Self {
            time_ms: entry.time_ms,
            sender: entry.sender,
            number: entry.number,
            topic: entry.topic,
            code: entry.code,
            reason: entry.reason,
            payload_base64: STANDARD.encode(&entry.payload),
            payload_len: u32::try_from(entry.payload_len).unwrap_or(u32::MAX),
        }
    }
}

impl From<InvitationError> for CommandError {
    fn from(error: InvitationError) -> Self {
        Self::new(AppErrorCode::InvitationUnusable, error.to_string())
    }
}
