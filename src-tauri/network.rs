//! How the node and the network of a bridge are: what was measured, and what is wrong.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use mqtt_twister_bridge::network::{Finding, Measurement, Outcome, SyncProgress, diagnose, sync_progress};
use serde::Serialize;

use crate::app::App;
use crate::error::CommandError;
use crate::view::BridgeId;

/// Looks at a node's height that are remembered: the pace of some minutes.
const MOST_LOOKS: usize = 60;

/// How the node and the network are.
#[derive(Debug, Clone, PartialEq, Serialize, specta::Type)]
pub struct NetworkReport {
    /// The node's address.
    pub node: String,
    /// What is wrong, the gravest first.
    pub findings: Vec<Finding>,
    /// How far the node has caught up; none if it has, or does not answer.
    pub sync: Option<SyncProgress>,
    /// What was measured.
    pub measurement: Measurement,
}

/// The heights of the bridges' nodes at the last looks: time in milliseconds, and height.
#[derive(Debug, Default)]
pub struct Looks(Mutex<HashMap<BridgeId, VecDeque<(u64, u32)>>>);

impl App {
    /// Asks a bridge's node how it and the network are. A node that does not answer is a result too.
    ///
    /// # Errors
    /// [`AppErrorCode::UnknownBridge`](crate::error::AppErrorCode::UnknownBridge), or a password that cannot be had.
    pub async fn network(&self, id: &BridgeId) -> Result<NetworkReport, CommandError> {
        let (bridge, node) = self.node_of(id).await?;
        let measurement = node.measure(&bridge.config.twister.account, &bridge.config.following).await;
        let sync = match &measurement.outcome {
            Outcome::Answered { facts } => {
                let looks = self.looks.add(id, measurement.at_ms, facts.height);
                sync_progress(&looks, facts.highest_known())
            }
            Outcome::Failed { .. } => None,
        };
        let findings = diagnose(&measurement);
        Ok(NetworkReport { node: node.url().to_string(), findings, sync, measurement })
    }
}

impl Looks {
    /// Notes a look, and returns those so far.
    fn add(&self, id: &BridgeId, at_ms: u64, height: u32) -> Vec<(u64, u32)> {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let looks = looks.entry(id.clone()).or_default();
        looks.push_back((at_ms, height));
        if looks.len() > MOST_LOOKS {
            looks.pop_front();
        }
        looks.iter().copied().collect()
    }
}
