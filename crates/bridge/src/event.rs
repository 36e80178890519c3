//! What the engine tells the outside: states, messages that crossed, problems. It goes out through a channel; whoever
//! starts a bridge decides how to show it. Nothing here carries a password or a key.

mod message;

pub use message::{Direction, MessageEvent, PAYLOAD_PREVIEW_LEN, Payload, Signature, Step};

use serde::{Deserialize, Serialize};

use crate::config::BridgeName;
use crate::pack::Pace;

/// Something that happened in a bridge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum BridgeEvent {
    /// The state or a counter changed. Sent a few times a second at most.
    State(Box<BridgeState>),
    /// A message went out to the network, came in from it, or was turned away.
    Message(Box<MessageEvent>),
    /// Something went wrong that a person may want to know of.
    Problem(Problem),
}

/// Everything there is to say about a bridge at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct BridgeState {
    /// Which bridge.
    pub bridge: BridgeName,
    /// Whether it runs.
    pub phase: Phase,
    /// Whether messages can cross now: every part is up.
    pub ready: bool,
    /// The local MQTT broker.
    pub broker: PartState,
    /// The Twister node.
    pub node: PartState,
    /// The Twister account: its key, its registration, its profile.
    pub account: PartState,
    /// The Twister network beyond the node: peers and the chain.
    pub network: PartState,
    /// The post quota, once it is known.
    pub quota: Option<Quota>,
    /// What has crossed so far, since the bridge was first set up.
    pub counters: Counters,
}

/// Whether a bridge runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum Phase {
    /// It does not run.
    Stopped,
    /// It runs: what is up and what is not, the parts say.
    Running,
    /// It is finishing what it has begun.
    Stopping,
}

/// A part of what a bridge depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum Part {
    /// The local MQTT broker.
    Broker,
    /// The Twister node.
    Node,
    /// The Twister account.
    Account,
    /// The Twister network beyond the node.
    Network,
    /// The bridge's own database.
    Storage,
    /// One message; the rest goes on.
    Message,
}

/// The state of one part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum PartState {
    /// Nothing is being done with it.
    Idle,
    /// It is being reached for the first time.
    Connecting,
    /// It works.
    Up,
    /// It does not work; the bridge tries again by itself.
    Down {
        /// What is wrong.
        problem: Problem,
    },
}

/// Something wrong: what happened, why, and what to do, in one or two sentences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Problem {
    /// Which bridge.
    pub bridge: BridgeName,
    /// What it is about.
    pub part: Part,
    /// Which problem, for a program to decide on.
    pub code: ProblemCode,
    /// Which problem, for a person to read.
    pub message: String,
    /// When, in milliseconds since 1970.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub time_ms: u64,
}

/// The kinds of problems. A user interface maps each to its own words and never matches on messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum ProblemCode {
    /// Nothing answers at the broker's address.
    BrokerUnreachable,
    /// The broker refuses the user name or password.
    BrokerCredentials,
    /// The broker refuses the connection or a subscription for another reason.
    BrokerRefused,
    /// The broker's certificate is not one to trust.
    BrokerCertificate,
    /// The broker does not accept the bridge's own certificate, or misses it.
    BrokerClientCertificate,
    /// A file that the broker's settings name cannot be used.
    BrokerFiles,
    /// Nothing answers at the node's address.
    NodeUnreachable,
    /// The node refuses the user name or password.
    NodeCredentials,
    /// The node's certificate is not one to trust, or TLS does not come about with it.
    NodeCertificate,
    /// The node accepts the connection but does not answer in time.
    NodeTimeout,
    /// What answers at the node's address is not twisterd.
    NotANode,
    /// The node answered something unexpected.
    NodeRefused,
    /// The node's copy of the chain is behind.
    NodeSyncing,
    /// The node has no connection to others.
    NoPeers,
    /// The account's key is not in the node's wallet.
    AccountNotInWallet,
    /// The account's registration is not in the chain yet.
    AccountNotRegistered,
    /// A followed account is not registered (yet).
    PeerNotRegistered,
    /// The post quota is used up until the next block.
    QuotaExhausted,
    /// A message does not fit one post.
    PayloadTooLarge,
    /// A message from the network was turned away.
    MessageRefused,
    /// The profile could not be read safely, so it was not written.
    ProfileUnreadable,
    /// The bridge's database cannot be written.
    StorageFailed,
    /// What was to become of the profile is refused before it is written.
    ProfileRefused,
    /// A text is no secret key, or the key of another account.
    KeyInvalid,
    /// The node takes long to answer.
    NodeSlow,
    /// No new block has come for long, and the node's peers know of none either.
    ChainStands,
    /// A clock is wrong: this machine's, the node's, or its peers'.
    ClockWrong,
    /// The node knows no other nodes in the DHT.
    DhtEmpty,
    /// Nobody else is in the swarm of an account, as far as the node can see.
    SwarmNotJoined,
    /// Nobody has ever connected to the node from outside.
    PortClosed,
}

/// How many posts the account may still make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Quota {
    /// The next post number to use.
    pub next_number: u32,
    /// The highest post number that the network accepts now.
    pub highest_allowed: u32,
    /// How many posts are left now.
    pub left: u32,
    /// How freely they are used.
    pub pace: Pace,
    /// When the next posts are expected, in milliseconds since 1970: each block brings two, about every ten minutes.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub more_at_ms: u64,
}

/// What has crossed so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Counters {
    /// Messages taken from the local broker that some forward wanted.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub taken: u64,
    /// Messages that were posted and read back from the network, counted once for each receiver.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub posted: u64,
    /// Posts and direct messages that carried them.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub posts: u64,
    /// Messages from the network accepted for the local broker.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub received: u64,
    /// Messages that the local broker has taken over.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub delivered: u64,
    /// Messages turned away, in either direction, because they were invalid or too large.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub refused: u64,
    /// Messages of followed accounts on topics that were not subscribed.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub unwanted: u64,
    /// Messages that were dropped before they left or got in: they were worth nothing any more, or might be lost.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub expired: u64,
    /// Messages that a newer value of their topic took the place of before they left.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub superseded: u64,
    /// Messages that a person dropped while they waited to go out.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub dropped: u64,
    /// Private messages that the receiver's broker has taken over, as it says.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub acked: u64,
    /// Messages that wait to go out.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub waiting_out: u64,
    /// Private messages that are out, and that their receiver has not said to have delivered yet.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub unheard: u64,
    /// Messages that wait for the local broker.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub waiting_in: u64,
}
