//! What the node's errors mean for a person.

use twister::{NodeFault, RpcError};

use crate::event::{Part, ProblemCode};

/// An error of the node, as a bridge shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodeTrouble {
    pub part: Part,
    pub code: ProblemCode,
    pub message: String,
}

impl NodeTrouble {
    pub(crate) fn of(error: &RpcError) -> Self {
        let (part, code) = match error {
            RpcError::WrongCredentials { .. } | RpcError::AddressNotAllowed { .. } => {
                (Part::Node, ProblemCode::NodeCredentials)
            }
            RpcError::Unreachable { .. } | RpcError::Setup { .. } => (Part::Node, ProblemCode::NodeUnreachable),
            RpcError::Tls { .. } => (Part::Node, ProblemCode::NodeCertificate),
            RpcError::TimedOut { .. } => (Part::Node, ProblemCode::NodeTimeout),
            RpcError::NotANode { .. } => (Part::Node, ProblemCode::NotANode),
            RpcError::UnexpectedReply { .. } => (Part::Node, ProblemCode::NodeRefused),
            RpcError::Node { .. } => match error.node_fault() {
                Some(NodeFault::KeyNotInWallet) => (Part::Account, ProblemCode::AccountNotInWallet),
                Some(NodeFault::NotRegistered) => (Part::Account, ProblemCode::AccountNotRegistered),
                Some(NodeFault::QuotaExhausted) => (Part::Account, ProblemCode::QuotaExhausted),
                Some(NodeFault::PostTooLarge) => (Part::Message, ProblemCode::PayloadTooLarge),
                _ => (Part::Node, ProblemCode::NodeRefused),
            },
        };
        Self { part, code, message: error.to_string() }
    }
}
