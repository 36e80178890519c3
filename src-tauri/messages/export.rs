//! Messages as JSON or CSV, for other programs.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mqtt_twister_bridge::event::{Direction, Signature, Step};
use mqtt_twister_bridge::message::Properties;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::civil::iso;
use super::entry::Entry;

/// What a file of messages looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// A list of objects with all that is known.
    Json,
    /// A line a message, with the most important columns first.
    Csv,
}

impl ExportFormat {
    /// What files of it end with.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
        }
    }
}

/// A message in a JSON file.
#[derive(Serialize)]
struct Exported<'a> {
    time: String,
    bridge: String,
    direction: Direction,
    state: Step,
    topic: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_topic: Option<&'a str>,
    peer: Option<&'a str>,
    public: bool,
    qos: u8,
    retain: bool,
    payload: Value,
    account: &'a str,
    post: Option<u32>,
    signature: Option<Signature>,
    properties: &'a Properties,
    path: &'a [String],
    steps: Vec<ExportedStep>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct ExportedStep {
    step: Step,
    time: String,
}

/// The first line of a CSV file.
const COLUMNS: [&str; 13] = [
    "time",
    "bridge",
    "direction",
    "state",
    "topic",
    "peer",
    "public",
    "qos",
    "retain",
    "payload",
    "payload_encoding",
    "post",
    "reason",
];

/// Writes messages to a file, one by one. Call [`end`](Self::end) at the end.
pub struct Exporter<W> {
    format: ExportFormat,
    to: W,
    count: u32,
}

impl<W: Write> Exporter<W> {
    /// Begins a file.
    pub fn begin(format: ExportFormat, mut to: W) -> io::Result<Self> {
        match format {
            ExportFormat::Json => to.write_all(b"[")?,
            ExportFormat::Csv => write_line(&mut to, COLUMNS)?,
        }
        Ok(Self { format, to, count: 0 })
    }

    /// Writes a message.
    pub fn write(&mut self, entry: &Entry) -> io::Result<()> {
        match self.format {
            ExportFormat::Json => {
                self.to.write_all(if self.count == 0 { b"\n" } else { b",\n" })?;
                serde_json::to_writer(&mut self.to, &exported(entry, &Properties::default()))?;
            }
            ExportFormat::Csv => write_line(&mut self.to, line(entry).iter().map(String::as_str))?,
        }
        self.count += 1;
        Ok(())
    }

    /// Ends the file. Returns how many messages are in it.
    pub fn end(mut self) -> io::Result<u32> {
        if self.format == ExportFormat::Json {
            self.to.write_all(b"\n]\n")?;
        }
        self.to.flush()?;
        Ok(self.count)
    }
}

/// A payload as JSON: text, or Base64 in an object.
pub(super) fn payload(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!(text),
        Err(_) => json!({ "base64": STANDARD.encode(bytes) }),
    }
}

fn exported<'a>(entry: &'a Entry, nothing: &'a Properties) -> Exported<'a> {
    let flow = &entry.flow;
    Exported {
        time: iso(entry.began_ms()),
        bridge: flow.bridge.to_string(),
        direction: flow.direction,
        state: entry.step(),
        topic: flow.topic.as_str(),
        sent_topic: flow.sent_topic.as_deref(),
        peer: flow.peer.as_deref(),
        public: flow.public,
        qos: entry.qos,
        retain: entry.retain,
        payload: payload(entry.payload.bytes()),
        account: &flow.account,
        post: entry.number,
        signature: entry.signature,
        properties: entry.properties().unwrap_or(nothing),
        path: entry.path(),
        steps: entry.steps().map(|(step, ms)| ExportedStep { step, time: iso(ms) }).collect(),
        reason: entry.reason(),
    }
}

fn line(entry: &Entry) -> [String; 13] {
    let (flow, bytes) = (&entry.flow, entry.payload.bytes());
    let (text, encoding) = match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), "text"),
        Err(_) => (STANDARD.encode(bytes), "base64"),
    };
    [
        iso(entry.began_ms()),
        flow.bridge.to_string(),
        word(&flow.direction),
        word(&entry.step()),
        flow.topic.to_string(),
        flow.peer.clone().unwrap_or_default(),
        flow.public.to_string(),
        entry.qos.to_string(),
        entry.retain.to_string(),
        text,
        encoding.to_owned(),
        entry.number.map(|number| number.to_string()).unwrap_or_default(),
        entry.reason().unwrap_or_default().to_owned(),
    ]
}

/// A word of the engine's, as it stands in JSON.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

/// A line of CSV (RFC 4180).
fn write_line<'a>(to: &mut impl Write, fields: impl IntoIterator<Item = &'a str>) -> io::Result<()> {
    for (index, field) in fields.into_iter().enumerate() {
        if index > 0 {
            to.write_all(b",")?;
        }
        match field.contains([',', '"', '\r', '\n']) {
            true => write!(to, "\"{}\"", field.replace('"', "\"\""))?,
            false => to.write_all(field.as_bytes())?,
        }
    }
    to.write_all(b"\r\n")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use mqtt_twister_bridge::event::{MessageEvent, Payload};

    use super::*;
    use crate::messages::entry::Flow;
    use crate::messages::testing::{event, home};

    fn export(format: ExportFormat, payloads: &[&[u8]]) -> String {
        let mut bytes = Vec::new();
        let mut exporter = Exporter::begin(format, &mut bytes).unwrap();
        for payload in payloads {
            let message = MessageEvent { payload: Payload::from(*payload), ..event(1, "doors/1") };
            let flow = Flow::of(&home(), &message).unwrap();
            exporter.write(&Entry::new(1, flow.into(), &message)).unwrap();
        }
        assert_eq!(exporter.end().unwrap() as usize, payloads.len());
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn json_has_all_that_is_known() {
        let list: Vec<Value> = serde_json::from_str(&export(ExportFormat::Json, &[b"open", &[255]])).unwrap();
        assert_eq!((&list[0]["payload"], &list[1]["payload"]), (&json!("open"), &json!({ "base64": "/w==" })));
        assert_eq!(list[0]["time"], json!("2023-11-14T22:13:20.005Z"));
        assert_eq!(list[0]["steps"], json!([{ "step": "queued", "time": "2023-11-14T22:13:20.005Z" }]));
        assert_eq!((&list[0]["topic"], &list[0]["state"]), (&json!("doors/1"), &json!("queued")));
        assert_eq!(serde_json::from_str::<Vec<Value>>(&export(ExportFormat::Json, &[])).unwrap(), [] as [Value; 0]);
    }

    #[test]
    fn csv_quotes_what_would_break_a_line() {
        let text = export(ExportFormat::Csv, &[b"a,\"b\"\nc", &[255]]);
        let (first, rest) = text.split_once("\r\n").unwrap();
        assert_eq!(first, COLUMNS.join(","));
        assert!(
            rest.starts_with(
                "2023-11-14T22:13:20.005Z,home,out,queued,doors/1,,true,0,false,\"a,\"\"b\"\"\nc\",text,,"
            )
        );
        assert!(rest.contains(",/w==,base64,,"));
    }
}
