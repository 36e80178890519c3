//! What a call answers instead of a result, with the codes that twisterd shares with Bitcoin.

use crate::json::Json;

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RpcError {
    pub(crate) code: i64,
    pub(crate) message: String,
}

impl RpcError {
    /// Wrong parameters, and whatever has no code of its own.
    pub(crate) const MISC: i64 = -1;
    pub(crate) const WALLET: i64 = -4;
    pub(crate) const UNKNOWN_KEY: i64 = -5;
    pub(crate) const ACCOUNT_NAME: i64 = -11;
    pub(crate) const REJECTED: i64 = -22;
    pub(crate) const TIMEOUT: i64 = -24;
    pub(crate) const BUSY: i64 = -25;
    pub(crate) const INVALID_REQUEST: i64 = -32600;
    pub(crate) const METHOD_NOT_FOUND: i64 = -32601;
    pub(crate) const INVALID_PARAMS: i64 = -32602;
    pub(crate) const INTERNAL: i64 = -32603;
    pub(crate) const PARSE: i64 = -32700;

    pub(crate) fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(crate) fn json(&self) -> Json {
        Json::object([("code", Json::Integer(self.code)), ("message", Json::text(&self.message))])
    }
}
