//! What the doctor has found, each with a code that stays the same from version to version.

use std::fmt;

use mqtt_twister_bridge::check::CheckError;
use mqtt_twister_bridge::event::ProblemCode;
use mqtt_twister_bridge::network::{Finding, Severity};
use serde::Serialize;

use super::words;

/// Something that is wrong, or could be better.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Found {
    pub(super) code: Code,
    pub(super) severity: Severity,
    /// What it is, why, and what to do.
    pub(super) message: String,
}

/// Which finding, for programs to decide on. Those that a bridge knows too have the codes of its problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Code {
    /// The bridge does not run.
    NotRunning,
    /// The bridge holds its database and cannot be asked.
    NotAnswering,
    /// There is no keyring to ask for a password that was not handed over.
    KeyringUnavailable,
    /// The node wants a password, and none is known.
    PasswordMissing,
    /// A password travels unencrypted over a network.
    PasswordInTheClear,
    /// Few posts are left.
    PostsScarce,
    /// The profile does not say what the bridge wants.
    ProfileNotPublished,
    /// A receiver of private messages wants none of them, as far as its profile says.
    ReceiverWantsNothing,
    /// A rule can never have an effect, or has a smaller one than it seems.
    RuleWithoutEffect,
    /// Messages would go round between bridges of the file.
    MessagesGoRound,
    /// No rule sends any of the topics that are at the broker.
    RulesMatchNothing,
    /// A rule sends none of the topics that are at the broker.
    RuleSawNothing,
    /// No topic was seen at the broker.
    BrokerSilent,
    /// What a bridge knows too.
    #[serde(untagged)]
    Problem(ProblemCode),
}

impl Found {
    pub(super) fn fault(code: Code, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Fault, message: message.into() }
    }

    pub(super) fn warning(code: Code, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Warning, message: message.into() }
    }

    pub(super) fn notice(code: Code, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Notice, message: message.into() }
    }
}

impl From<CheckError> for Found {
    fn from(CheckError { code, message }: CheckError) -> Self {
        Self::fault(Code::Problem(code), message)
    }
}

impl From<Finding> for Found {
    fn from(finding: Finding) -> Self {
        let message = words::of(&finding);
        Self { code: Code::Problem(finding.code), severity: finding.severity, message }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, severity, message } = self;
        let severity = match severity {
            Severity::Fault => "FAULT",
            Severity::Warning => "warning",
            Severity::Notice => "notice",
        };
        write!(f, "  {severity:<8} {message} [{code}]")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_the_same_for_people_and_programs() {
        for (code, text) in [(Code::NotRunning, "not_running"), (Code::Problem(ProblemCode::NoPeers), "no_peers")] {
            assert_eq!(code.to_string(), text);
            assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{text}\""));
        }
    }
}
