//! Retained messages of a running bridge, for the window: here and there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mqtt_twister_bridge::Bridge;
use mqtt_twister_bridge::retained::{Progress, RetainedRow, RetainedValue, There};
use serde::{Deserialize, Serialize};
use specta_typescript::Number;

use crate::app::App;
use crate::error::{AppErrorCode, CommandError};
use crate::queue::{account_of, receiver_of};
use crate::view::BridgeId;

/// A topic, here and there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, specta::Type)]
pub struct RetainedView {
    /// What it is called at the local broker; none if nothing is kept here.
    pub topic: Option<String>,
    /// What the local broker keeps.
    pub here: Option<RetainedValueView>,
    /// It came in through this bridge.
    pub came_in: bool,
    /// From whom it came in, where the broker keeps that.
    pub from: Option<String>,
    /// Those who get it, and what they have.
    pub there: Vec<ThereView>,
}

/// A retained value, cut for showing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, specta::Type)]
pub struct RetainedValueView {
    /// Bytes of the payload.
    #[specta(type = Number)]
    pub bytes: u64,
    /// Its first bytes in Base64.
    pub preview_base64: String,
}

/// What one receiver was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, specta::Type)]
pub struct ThereView {
    /// The account; none for everybody.
    pub receiver: Option<String>,
    /// The topic, as it was sent.
    pub topic: String,
    /// What it has.
    pub value: Option<RetainedValueView>,
    /// How far something newer is that is on its way.
    pub coming: Option<Progress>,
    /// It has, or is about to have, what is kept here.
    pub same: bool,
}

/// What a receiver was given on a topic, as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, specta::Type)]
pub struct GivenInput {
    /// The account; none for everybody.
    pub receiver: Option<String>,
    /// The topic, as it was sent.
    pub topic: String,
}

impl App {
    /// The retained messages that concern a running bridge.
    ///
    /// # Errors
    /// [`AppErrorCode::NotRunning`], or why broker or database cannot be used.
    pub async fn retained(&self, id: &BridgeId) -> Result<Vec<RetainedView>, CommandError> {
        let bridge = self.bridge(id)?;
        let engine = bridge.engine().await;
        let rows = running(engine.bridge())?.retained().await?;
        Ok(rows.into_iter().map(RetainedView::from).collect())
    }

    /// Clears topics of the local broker, and what others were given of them; and what receivers were given otherwise.
    ///
    /// # Errors
    /// [`AppErrorCode::NotRunning`], a topic that is none, or why broker or database cannot be used.
    pub async fn clear_retained(
        &self,
        id: &BridgeId,
        topics: Vec<String>,
        given: Vec<GivenInput>,
    ) -> Result<(), CommandError> {
        let topic = |text: String| text.parse().map_err(|error| CommandError::field("topic", error));
        let topics = topics.into_iter().map(topic).collect::<Result<Vec<_>, _>>()?;
        let given = given.into_iter().map(|given| Ok((receiver_of(given.receiver)?, topic(given.topic)?)));
        let given = given.collect::<Result<Vec<_>, CommandError>>()?;
        let bridge = self.bridge(id)?;
        let engine = bridge.engine().await;
        let running = running(engine.bridge())?;
        if !given.is_empty() {
            running.clear_retained_there(given).await?;
        }
        if !topics.is_empty() {
            running.clear_retained(topics).await?;
        }
        Ok(())
    }
}

fn running(bridge: Option<&Bridge>) -> Result<&Bridge, CommandError> {
    let text = "the bridge does not run, so nobody knows what is kept here and there: start it";
    bridge.ok_or_else(|| CommandError::new(AppErrorCode::NotRunning, text))
}

impl From<RetainedValue> for RetainedValueView {
    fn from(value: RetainedValue) -> Self {
        Self { bytes: value.bytes, preview_base64: STANDARD.encode(value.preview) }
    }
}

impl From<RetainedRow> for RetainedView {
    fn from(RetainedRow { topic, here, came_in, from, there }: RetainedRow) -> Self {
        let there = there.into_iter().map(|there| {
            let same = there.is_same(here.as_ref());
            let There { receiver, topic, value, coming } = there;
            let coming = coming.map(|(progress, _)| progress);
            let value = value.map(RetainedValueView::from);
            ThereView { receiver: account_of(receiver), topic: topic.into(), value, coming, same }
        });
        Self {
            there: there.collect(),
            topic: topic.map(String::from),
            here: here.map(RetainedValueView::from),
            came_in,
            from: from.map(String::from),
        }
    }
}
