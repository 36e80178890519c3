//! What can go wrong between this program and a node. Four things are kept apart, since a person acts differently on
//! each: the node refused, the node could not be reached, it did not answer in time, and it is no Twister node.

use std::io;
use std::time::Duration;

use crate::node_url::NodeUrl;
use crate::tls::Fingerprint;

/// Why a call to a node gave no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RpcError {
    /// The node understood the call and refused it. [`RpcError::node_fault`] says what it objected to.
    #[error("the node refused: {message} (error {code})")]
    Node {
        /// The node's number for the error, one of [`code`] or another.
        code: i64,
        /// The node's own words. May be empty.
        message: String,
    },
    /// The node does not accept the user name and password.
    #[error("{node} does not accept the user name and password; they are rpcuser and rpcpassword in its twister.conf")]
    WrongCredentials {
        /// The asked node.
        node: NodeUrl,
    },
    /// The node does not talk to this machine's address.
    #[error("{node} does not accept RPC from this machine; start twisterd with -rpcallowip and this machine's address")]
    AddressNotAllowed {
        /// The asked node.
        node: NodeUrl,
    },
    /// No connection came about, or it was cut before the reply.
    #[error("cannot reach {node}: {cause}")]
    Unreachable {
        /// The asked node.
        node: NodeUrl,
        /// What happened to the connection.
        cause: ConnectFailure,
    },
    /// TLS did not come about; nothing was sent.
    #[error("no secure connection to {}: {failure}", node.base())]
    Tls {
        /// The asked node.
        node: NodeUrl,
        /// What TLS objected to.
        failure: TlsFailure,
    },
    /// The node took the call and did not answer in time. The call may have taken effect all the same.
    #[error("{node} did not answer {method} within {} seconds", after.as_secs_f32())]
    TimedOut {
        /// The asked node.
        node: NodeUrl,
        /// The RPC method.
        method: String,
        /// How long was waited.
        after: Duration,
    },
    /// Something answers at this address, but not as twisterd does.
    #[error(
        "{node} is not a Twister node: {evidence}; check host and port (twisterd's RPC port is 28332 unless changed)"
    )]
    NotANode {
        /// The asked address.
        node: NodeUrl,
        /// What answered instead.
        evidence: Evidence,
    },
    /// The node answered the call with a result of another shape than this client knows.
    #[error("the node answered {method} in a form that this program does not know: {detail}")]
    UnexpectedReply {
        /// The RPC method.
        method: String,
        /// What was expected and missing. Never part of a secret.
        detail: String,
    },
    /// The HTTP client could not be set up; nothing was sent.
    #[error("cannot set up the connection to {node}: {reason}")]
    Setup {
        /// The node that was to be asked.
        node: NodeUrl,
        /// The HTTP client's reason.
        reason: String,
    },
}

/// What happened to a connection that brought no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConnectFailure {
    /// Nothing listens on that port.
    #[error("nothing listens there; is twisterd running, and is the port right?")]
    Refused,
    /// The host name has no address.
    #[error("its host name is not known; check the spelling and the network")]
    UnknownHost,
    /// The connection could not be made in time: the machine is off, or a firewall drops the packets.
    #[error("no connection in time; is the machine on, and does a firewall let this through?")]
    NoConnectionInTime,
    /// The network knows no way to the machine.
    #[error("there is no route to it; is this machine online?")]
    NoRoute,
    /// The other end closed the connection before it had answered. The call may have taken effect all the same.
    #[error(
        "it closed the connection before it answered; it may be starting up or shutting down, or be no Twister node: check host and port"
    )]
    Closed,
    /// Another failure of the network.
    #[error("the connection failed ({0})")]
    Io(io::ErrorKind),
}

/// Why TLS did not come about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsFailure {
    /// No authority that the system trusts vouches for the certificate.
    #[error(
        "this system does not trust the node's certificate ({reason}). Most nodes make their own: if it is the one of which \
         `openssl x509 -in server.cert -noout -fingerprint -sha256` says {shown} in the node's folder, add # and that \
         fingerprint to the address"
    )]
    Untrusted {
        /// The certificate that the node shows.
        shown: Fingerprint,
        /// What the system objects to.
        reason: String,
    },
    /// It is not the certificate that the address names.
    #[error(
        "the node's certificate is another one than the address names; it shows {shown}. Either it was made anew, or \
         somebody else answers in the node's place: ask whoever runs the node, by a way that you trust"
    )]
    OtherCertificate {
        /// The certificate that the node shows.
        shown: Fingerprint,
    },
    /// Something answers without TLS.
    #[error(
        "what answers there does not speak TLS; start twisterd with -rpcssl, or use http:// if nobody can listen in"
    )]
    NotTls,
    /// Both speak TLS, and do not agree.
    #[error(
        "the two sides found no common way to encrypt ({reason}); a newer twisterd or OpenSSL at the node may help"
    )]
    Handshake {
        /// What went wrong, as the TLS library says it.
        reason: String,
    },
}

/// What answers in a node's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Evidence {
    /// A web server or another program that speaks HTTP but no JSON.
    #[error("a web server answers there (HTTP status {status})")]
    WebServer {
        /// The HTTP status of the reply.
        status: u16,
    },
    /// JSON that is no reply of twisterd.
    #[error("another service answers there (HTTP status {status}, with JSON that is not twisterd's)")]
    ForeignJson {
        /// The HTTP status of the reply.
        status: u16,
    },
    /// Something that does not speak HTTP.
    #[error("what answers there does not speak HTTP")]
    NotHttp,
    /// A reply longer than any of twisterd's.
    #[error("what answers there sends more than a node would")]
    EndlessReply,
}

/// The node's own error numbers. Source: twister-core's `rpcprotocol.h`, and recorded replies.
pub mod code {
    /// Wrong number or type of parameters; the message is the command's help text.
    pub const MISC: i64 = -1;
    /// A wallet error; `dhtput` uses it for entries that it may not sign.
    pub const WALLET: i64 = -4;
    /// No such transaction, block or key.
    pub const INVALID_KEY: i64 = -5;
    /// The account exists already, or does not exist in the wallet.
    pub const WALLET_INVALID_ACCOUNT: i64 = -11;
    /// The wallet is encrypted and locked.
    pub const WALLET_UNLOCK_NEEDED: i64 = -13;
    /// The transaction that would register a name is refused.
    pub const TX_REJECTED: i64 = -22;
    /// `peekpost` found nothing in its time.
    pub const POST_NOT_FOUND: i64 = -24;
    /// Another `peekpost` for this account is under way.
    pub const RESOURCE_BUSY: i64 = -25;
    /// The request has the wrong form.
    pub const INVALID_REQUEST: i64 = -32600;
    /// The node does not have this command.
    pub const METHOD_NOT_FOUND: i64 = -32601;
    /// A post is refused; the message says why.
    pub const INVALID_PARAMS: i64 = -32602;
    /// Signing, encrypting or looking up failed; the message says which.
    pub const INTERNAL: i64 = -32603;
    /// The request is not JSON.
    pub const PARSE: i64 = -32700;
}

/// What a node objected to, read from code and message together, since twisterd uses one code for several things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeFault {
    /// Number or type of the parameters is wrong.
    Usage,
    /// The node has no such command: it is older or newer than 0.9.40, or no twisterd.
    UnknownCommand,
    /// The node could not read the request at all.
    MalformedRequest,
    /// The wallet is encrypted and locked; nothing can be signed until somebody unlocks it.
    WalletLocked,
    /// The wallet has a key for this name already.
    NameInWallet,
    /// Somebody else has registered this name.
    NameTaken,
    /// The chain refuses the registration: the name is not allowed, or its registration is pending already.
    RegistrationRefused,
    /// The name is not registered, or not in a block yet.
    NotRegistered,
    /// There is no such block.
    BlockNotFound,
    /// The wallet has no key for the name, so that it cannot sign or register it.
    KeyNotInWallet,
    /// The text is no private key.
    InvalidKey,
    /// The post number is past what the account may use at this height (or the account is not registered yet).
    QuotaExhausted,
    /// The signed post would be larger than 2048 bytes.
    PostTooLarge,
    /// A ready-made post has another number than the one it was handed in for.
    NumberMismatch,
    /// A ready-made post has another author than the one it was handed in for.
    AuthorMismatch,
    /// A ready-made post's signature is not its author's.
    BadSignature,
    /// The post's height is above the node's chain: the node has to catch up first.
    PostFromFuture,
    /// Bytes that are not a post in another way: not bencode, no signature, text that is not UTF-8.
    InvalidPost,
    /// A ready-made post's author is not followed at the node.
    AuthorNotFollowed,
    /// There is no account of the receiver's name to encrypt for.
    UnknownRecipient,
    /// The node knows no group under this alias.
    UnknownGroup,
    /// The post was not found in time.
    PostNotFound,
    /// The node is busy with a like request; ask again later.
    Busy,
    /// The DHT entry cannot be signed: a single entry of somebody else, or one without sequence number.
    DhtPutRefused,
}

impl RpcError {
    /// What the node objected to, if it was the node that refused and for a reason known here.
    pub fn node_fault(&self) -> Option<NodeFault> {
        match self {
            Self::Node { code, message } => NodeFault::classify(*code, message),
            _ => None,
        }
    }

    /// True where the call may have taken effect although no answer came, so that a caller who repeats it must look first.
    pub fn leaves_outcome_open(&self) -> bool {
        matches!(self, Self::TimedOut { .. } | Self::UnexpectedReply { .. })
            || matches!(self, Self::Unreachable { cause: ConnectFailure::Closed | ConnectFailure::Io(_), .. })
    }
}

impl NodeFault {
    fn classify(error_code: i64, message: &str) -> Option<Self> {
        let says = |text: &str| message.contains(text);
        let fault = match error_code {
            code::MISC => Self::Usage,
            code::WALLET => Self::DhtPutRefused,
            code::INVALID_KEY if says("transaction") => Self::NotRegistered,
            code::INVALID_KEY if says("Username not found") => Self::KeyNotInWallet,
            code::INVALID_KEY if says("private key") => Self::InvalidKey,
            code::INVALID_KEY => Self::BlockNotFound,
            code::WALLET_INVALID_ACCOUNT if says("exists in wallet") => Self::NameInWallet,
            code::WALLET_INVALID_ACCOUNT if says("exists in tx database") => Self::NameTaken,
            code::WALLET_INVALID_ACCOUNT if says("must exist in wallet") => Self::KeyNotInWallet,
            code::WALLET_INVALID_ACCOUNT if says("no such user in wallet") => Self::KeyNotInWallet,
            code::WALLET_INVALID_ACCOUNT if says("does not exist in tx database") => Self::NotRegistered,
            code::WALLET_UNLOCK_NEEDED => Self::WalletLocked,
            code::TX_REJECTED => Self::RegistrationRefused,
            code::POST_NOT_FOUND => Self::PostNotFound,
            code::RESOURCE_BUSY => Self::Busy,
            code::INVALID_REQUEST | code::PARSE => Self::MalformedRequest,
            code::METHOD_NOT_FOUND => Self::UnknownCommand,
            code::INVALID_PARAMS => Self::of_refused_post(message),
            code::INTERNAL if says("signing") => Self::KeyNotInWallet,
            code::INTERNAL if says("encrypting") => Self::UnknownRecipient,
            code::INTERNAL if says("group") => Self::UnknownGroup,
            code::INTERNAL if says("swarm resource forwarding") => Self::AuthorNotFollowed,
            _ => return None,
        };
        Some(fault)
    }

    fn of_refused_post(message: &str) -> Self {
        let starts = |text: &str| message.starts_with(text);
        match () {
            () if starts("too much posts") => Self::QuotaExhausted,
            () if starts("bad bencoded post size") => Self::PostTooLarge,
            () if starts("expected piece") => Self::NumberMismatch,
            () if starts("expected username") => Self::AuthorMismatch,
            () if starts("bad post signature") => Self::BadSignature,
            () if starts("post from future") => Self::PostFromFuture,
            () => Self::InvalidPost,
        }
    }
}
