//! A recording of MQTT traffic: one JSON object a line, in the order of time.

use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mqtt_twister_bridge::frame::v1::{Content, Entry};
use mqtt_twister_bridge::message::{Message, Properties, Qos};
use mqtt_twister_bridge::rehearse::Timed;
use mqtt_twister_bridge::topic::Topic;
use serde::Deserialize;

use crate::error::CliError;

/// The latest time in a recording, in seconds: far beyond any Unix time of today.
const LATEST: f64 = 1e11;

/// One message, and when it was published.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// Since the recording's zero.
    pub(super) at: Duration,
    topic: Topic,
    payload: Vec<u8>,
    qos: Qos,
    retain: bool,
}

/// A line that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {reason}")]
pub(crate) struct TraceError {
    /// Which line, from 1.
    line: usize,
    reason: Reason,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error(
        "{0}; a line is {{\"t\":seconds,\"topic\":\"a/b\",\"payload\":\"text\" or {{\"base64\":\"…\"}},\"qos\":0,\"retain\":false}}"
    )]
    Json(serde_json::Error),
    #[error("the time {0} is not valid; times are seconds from 0 on")]
    Time(f64),
    #[error("the time {now} is before {before}, that of the line before; sort the lines by time")]
    Order { now: f64, before: f64 },
    #[error("the payload is not Base64: {0}")]
    Base64(base64::DecodeError),
    #[error("{0}")]
    Qos(mqtt_twister_bridge::message::QosError),
}

#[derive(Deserialize)]
struct Json {
    t: f64,
    topic: Topic,
    payload: Payload,
    #[serde(default)]
    qos: u8,
    #[serde(default)]
    retain: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Payload {
    Text(String),
    Bytes { base64: String },
}

/// The lines of the recording in a file.
pub(super) fn load(file: &Path) -> Result<Vec<Line>, CliError> {
    let path = || file.to_owned();
    let text = fs::read_to_string(file).map_err(|source| CliError::Trace { path: path(), source })?;
    read(&text).map_err(|source| CliError::TraceLine { path: path(), source })
}

/// The lines of a recording; empty ones are skipped.
pub(super) fn read(text: &str) -> Result<Vec<Line>, TraceError> {
    let mut lines: Vec<Line> = Vec::new();
    for (index, text) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
        let before = lines.last().map_or(Duration::ZERO, |line| line.at);
        lines.push(line(text, before).map_err(|reason| TraceError { line: index + 1, reason })?);
    }
    Ok(lines)
}

impl Line {
    /// Bytes of topic and payload.
    pub(super) fn bytes(&self) -> usize {
        self.topic.as_str().len() + self.payload.len()
    }

    /// The message as a broker hands it over.
    pub(super) fn into_timed(self) -> Timed {
        let message = Message { retain: self.retain, ..Message::new(self.topic, self.payload, self.qos) };
        Timed { at: self.at, message }
    }

    /// The message as the packer takes it; the recording began at `start_s` (Unix seconds).
    pub(super) fn into_entry(self, number: u64, start_s: u64) -> Entry {
        Entry {
            number,
            taken_s: start_s + self.at.as_secs(),
            topic: self.topic,
            qos: self.qos,
            retain: self.retain,
            path: Vec::new(),
            properties: Properties::default(),
            content: Content::Whole(self.payload),
        }
    }
}

fn line(text: &str, before: Duration) -> Result<Line, Reason> {
    let Json { t, topic, payload, qos, retain } = serde_json::from_str(text).map_err(Reason::Json)?;
    if !(0.0..=LATEST).contains(&t) {
        return Err(Reason::Time(t));
    }
    let at = Duration::from_secs_f64(t);
    if at < before {
        return Err(Reason::Order { now: t, before: before.as_secs_f64() });
    }
    let payload = match payload {
        Payload::Text(text) => text.into_bytes(),
        Payload::Bytes { base64 } => STANDARD.decode(base64).map_err(Reason::Base64)?,
    };
    Ok(Line { at, topic, payload, qos: Qos::try_from(qos).map_err(Reason::Qos)?, retain })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_text_or_base64() {
        let text = "{\"t\":0.5,\"topic\":\"a\",\"payload\":\"ü\",\"qos\":1,\"retain\":true}\n\n\
                    {\"t\":1,\"topic\":\"b\",\"payload\":{\"base64\":\"AP8=\"}}";
        let lines = read(text).unwrap();
        assert_eq!((lines[0].at, lines[0].payload.as_slice()), (Duration::from_millis(500), "ü".as_bytes()));
        assert_eq!((lines[1].qos, lines[1].payload.as_slice()), (Qos::AtMostOnce, [0, 255].as_slice()));
    }

    #[test]
    fn a_bad_line_is_named_by_its_number() {
        let good = "{\"t\":5,\"topic\":\"a\",\"payload\":\"\"}\n";
        for (bad, said) in [
            ("nonsense", "line 2: expected"),
            ("{\"t\":1,\"topic\":\"a\",\"payload\":\"\"}", "line 2: the time 1 is before 5"),
            ("{\"t\":-1,\"topic\":\"a\",\"payload\":\"\"}", "line 2: the time -1 is not valid"),
            ("{\"t\":1e300,\"topic\":\"a\",\"payload\":\"\"}", "line 2: the time 1000"),
            ("{\"t\":6,\"topic\":\"a/#\",\"payload\":\"\"}", "line 2: the topic \"a/#\" contains a wildcard"),
            ("{\"t\":6,\"topic\":\"a\",\"payload\":{\"base64\":\"%\"}}", "line 2: the payload is not Base64"),
            ("{\"t\":6,\"topic\":\"a\",\"payload\":\"\",\"qos\":3}", "line 2: 3 is no quality of service"),
        ] {
            let error = read(&format!("{good}{bad}")).unwrap_err().to_string();
            assert!(error.starts_with(said), "{error}");
        }
    }
}
