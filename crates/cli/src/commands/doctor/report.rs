//! What there is to say of one bridge.

use serde::Serialize;

use super::finding::Found;

/// What is well and what is not, in the order in which it was looked at.
#[derive(Debug, Default)]
pub(super) struct Report {
    wells: Vec<Well>,
    findings: Vec<Found>,
}

/// Something that works.
#[derive(Debug, Serialize)]
pub(super) struct Well {
    pub(super) part: &'static str,
    pub(super) message: String,
}

impl Report {
    pub(super) fn well(&mut self, part: &'static str, message: impl Into<String>) {
        self.wells.push(Well { part, message: message.into() });
    }

    pub(super) fn found(&mut self, found: impl Into<Found>) {
        self.findings.push(found.into());
    }

    /// Adds what was looked at elsewhere.
    pub(super) fn join(&mut self, other: Self) {
        self.wells.extend(other.wells);
        self.findings.extend(other.findings);
    }

    pub(super) fn wells(&self) -> &[Well] {
        &self.wells
    }

    pub(super) fn findings(&self) -> &[Found] {
        &self.findings
    }

    /// Puts the gravest findings first.
    pub(super) fn sort(&mut self) {
        self.findings.sort_by_key(|found| found.severity);
    }
}
