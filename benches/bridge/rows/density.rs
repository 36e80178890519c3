//! How many messages share a post, and how small they get in it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use mqtt_twister_benches::{Effort, Measure, Row};
use mqtt_twister_bridge::frame::v1::{self, Content, Entry};
use twister::Username;

use crate::home;

/// How long a message may wait for others. One kind alone takes longer to fill a post.
const MAX_WAIT: Duration = Duration::from_secs(60);
const MAX_WAIT_ALONE: Duration = Duration::from_secs(3600);

/// A message of the recording, and when it was published.
type Line = (Duration, Entry);

pub async fn measure(effort: Effort) -> Vec<Row> {
    let lines = home::entries(effort.of(6.0, 0.5));
    let mut row = Row::new(
        "density",
        "what a mid-size home publishes in six hours, by the engine's own packer, when messages may wait 60 s (one kind alone: an hour); bytes are those of \
         the frame before it becomes text, against `zstd -19` of topics and payloads of the same messages and nothing else",
    );
    let all = pack(&lines, MAX_WAIT);
    row.add(Measure::new("mixed, messages a post", "", vec![lines.len() as f64 / all.len() as f64]).at_least(60.0));
    row.add(Measure::new("mixed, bytes against zstd -19", "×", vec![against_zstd(&all)]).at_most(1.15));
    for (kind, lines) in by_kind(&lines) {
        let frames = pack(&lines, MAX_WAIT_ALONE);
        let figure = lines.len() as f64 / frames.len() as f64;
        row.add(Measure::new(&format!("{kind} alone, messages a post"), "", vec![figure]));
        row.add(Measure::new(&format!("{kind} alone, bytes against zstd -19"), "×", vec![against_zstd(&frames)]));
    }
    vec![row]
}

/// The messages of each kind of device, which the first level of their topics tells.
fn by_kind(lines: &[Line]) -> BTreeMap<&str, Vec<Line>> {
    let mut kinds: BTreeMap<&str, Vec<Line>> = BTreeMap::new();
    for line in lines {
        let level = line.1.topic.as_str().split('/').next().unwrap();
        let kind = match level {
            "tele" | "stat" => "Tasmota",
            "zigbee2mqtt" => "Zigbee2MQTT",
            "homeassistant" => "Home Assistant's discovery",
            "owntracks" => "OwnTracks",
            level if level.starts_with("shell") => "Shelly",
            _ => "all others",
        };
        kinds.entry(kind).or_default().push(line.clone());
    }
    kinds
}

/// The texts of the frames that leave, each with its messages.
fn pack(lines: &[Line], max_wait: Duration) -> Vec<(String, Vec<Entry>)> {
    let author: Username = "account_16_chars".parse().unwrap();
    let texts = home::frames(lines, &author, max_wait).into_iter().map(|packed| packed.text);
    texts.map(|text| (text.clone(), v1::decode(&text).unwrap().entries)).collect()
}

/// The size of all frames against that of the same batches by `zstd -19`.
fn against_zstd(frames: &[(String, Vec<Entry>)]) -> f64 {
    let (mut ours, mut floor) = (0, 0);
    for (text, entries) in frames {
        ours += bytes_of(text);
        floor += zstd(entries);
    }
    ours as f64 / floor as f64
}

/// How many bytes a frame's text stands for: 13 in 16 characters behind the marker.
fn bytes_of(text: &str) -> usize {
    (text.len() - "~m1".len()) * 13 / 16
}

fn zstd(entries: &[Entry]) -> usize {
    let mut program = Command::new("zstd")
        .args(["-19", "--no-check", "--stdout", "--quiet"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("zstd is installed: make setup does that");
    // A frame's messages are fewer than what a pipe holds of them.
    let mut input = program.stdin.take().unwrap();
    for entry in entries {
        let (Content::Whole(payload) | Content::Piece { bytes: payload, .. }) = &entry.content;
        input.write_all(entry.topic.as_str().as_bytes()).unwrap();
        input.write_all(payload).unwrap();
    }
    drop(input);
    program.wait_with_output().unwrap().stdout.len()
}
