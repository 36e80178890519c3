//! Recording what crosses to files, within a budget of bytes: a file for each bridge and direction, of lines that
//! `mqtt-twister-cli rehearse` and `estimate` read. The oldest files go when there is no room.
//!
//! What goes out stands in it as the local broker handed it over, once however many get it, and also if nobody does: that is
//! what a rehearsal needs.

mod files;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use mqtt_twister_bridge::event::{Direction, MessageEvent, Step};
use serde::Serialize;
use serde_json::json;

use self::files::Files;
use super::export::payload;
use crate::error::{AppErrorCode, CommandError};
use crate::view::BridgeId;

/// Lines that wait for the disk at most. What is above it is left out and counted.
const MOST_WAITING: usize = 4096;

/// How long lines may stay in memory.
const FLUSH_AFTER: Duration = Duration::from_secs(1);

/// Recording, on or off.
pub struct Recording {
    folder: PathBuf,
    running: Mutex<Option<Running>>,
    figures: Arc<Figures>,
}

/// How recording goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, specta::Type)]
pub struct RecordingState {
    /// Messages are being recorded.
    pub running: bool,
    /// Where the files are.
    pub folder: String,
    /// Bytes of all files.
    #[specta(type = specta_typescript::Number)]
    pub bytes: u64,
    /// Bytes that they have at most.
    #[specta(type = specta_typescript::Number)]
    pub budget: u64,
    /// Messages that were recorded since it was started.
    #[specta(type = specta_typescript::Number)]
    pub messages: u64,
    /// Messages that were left out because the disk was too slow, or that are larger than the budget.
    #[specta(type = specta_typescript::Number)]
    pub lost: u64,
    /// Why it ended by itself.
    pub problem: Option<String>,
}

/// What is counted while the files are written.
#[derive(Debug, Default)]
struct Figures {
    bytes: AtomicU64,
    messages: AtomicU64,
    lost: AtomicU64,
    problem: Mutex<Option<String>>,
}

struct Running {
    lines: SyncSender<Line>,
    writer: JoinHandle<()>,
    /// The message whose first copy was recorded last, so that it is recorded once.
    last: Option<(BridgeId, String)>,
}

/// A line of a file.
struct Line {
    /// Which file: the bridge and the direction.
    file: String,
    time_ms: u64,
    text: String,
}

impl Recording {
    /// Off, with files in `folder`.
    pub fn new(folder: PathBuf) -> Self {
        let figures = Arc::new(Figures::default());
        figures.bytes.store(files::size_of(&folder), Ordering::Relaxed);
        Self { folder, running: Mutex::default(), figures }
    }

    /// Starts, unless it runs.
    ///
    /// # Errors
    /// [`AppErrorCode::FileUnwritable`] when the folder cannot be used.
    pub fn start(&self, budget: u64) -> Result<(), CommandError> {
        let mut running = self.running();
        if running.is_some() {
            return Ok(());
        }
        let files = Files::open(&self.folder, budget).map_err(|error| unwritable(&self.folder, &error.to_string()))?;
        self.figures.messages.store(0, Ordering::Relaxed);
        self.figures.lost.store(0, Ordering::Relaxed);
        *self.figures.problem() = None;
        let (lines, received) = sync_channel(MOST_WAITING);
        let figures = Arc::clone(&self.figures);
        let writer = std::thread::Builder::new().name("recording".to_owned());
        let writer = writer.spawn(move || write(files, &received, &figures));
        let writer = writer.map_err(|error| unwritable(&self.folder, &error.to_string()))?;
        *running = Some(Running { lines, writer, last: None });
        Ok(())
    }

    /// Stops, and returns when everything is in the files. Blocks.
    pub fn stop(&self) {
        let running = self.running().take();
        if let Some(Running { lines, writer, .. }) = running {
            drop(lines);
            // It would have panicked, and then nothing more is written.
            let _ = writer.join();
        }
    }

    /// Records a step, if it is the first of its message.
    pub fn note(&self, bridge: &BridgeId, event: &MessageEvent) {
        if !matches!(event.step, Step::Taken | Step::Queued | Step::Received) {
            return;
        }
        let mut running = self.running();
        let Some(recording) = running.as_mut() else { return };
        let message = event.id.rsplit_once('/').map_or(event.id.as_str(), |(message, _)| message);
        let this = (bridge.clone(), message.to_owned());
        if event.direction == Direction::Out && recording.last.as_ref() == Some(&this) {
            return;
        }
        match recording.lines.try_send(line(bridge, event)) {
            Ok(()) => recording.last = Some(this),
            Err(TrySendError::Full(_)) => drop(self.figures.lost.fetch_add(1, Ordering::Relaxed)),
            Err(TrySendError::Disconnected(_)) => *running = None,
        }
    }

    /// How it goes on. `budget` is what it would be started with.
    pub fn state(&self, budget: u64) -> RecordingState {
        let mut running = self.running();
        if running.as_ref().is_some_and(|running| running.writer.is_finished()) {
            *running = None;
        }
        let Figures { bytes, messages, lost, .. } = &*self.figures;
        RecordingState {
            running: running.is_some(),
            folder: self.folder.display().to_string(),
            bytes: bytes.load(Ordering::Relaxed),
            budget,
            messages: messages.load(Ordering::Relaxed),
            lost: lost.load(Ordering::Relaxed),
            problem: self.figures.problem().clone(),
        }
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Figures {
    fn problem(&self) -> MutexGuard<'_, Option<String>> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes lines until nobody sends any more, or the disk fails.
fn write(mut files: Files, lines: &Receiver<Line>, figures: &Figures) {
    let outcome = loop {
        let written = match lines.recv_timeout(FLUSH_AFTER) {
            Ok(line) => files.write(&line.file, line.time_ms, &line.text).map(|written| {
                let count = if written { &figures.messages } else { &figures.lost };
                count.fetch_add(1, Ordering::Relaxed);
            }),
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => files.flush(),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break files.flush(),
        };
        figures.bytes.store(files.bytes(), Ordering::Relaxed);
        if written.is_err() {
            break written;
        }
    };
    figures.bytes.store(files.bytes(), Ordering::Relaxed);
    if let Err(error) = outcome {
        *figures.problem() = Some(unwritable(files.folder(), &error.to_string()).message);
    }
}

fn line(bridge: &BridgeId, event: &MessageEvent) -> Line {
    let MessageEvent { direction, topic, local_topic, qos, retain, peer, properties, taken_ms, time_ms, .. } = event;
    let time_ms = taken_ms.unwrap_or(*time_ms);
    let mut line = json!({
        // Seconds, as recordings have them.
        "t": time_ms as f64 / 1000.0,
        "topic": local_topic.as_ref().unwrap_or(topic),
        "payload": payload(event.payload.bytes()),
        "qos": qos,
        "retain": retain,
    });
    if let Some(members) = line.as_object_mut() {
        if *direction == Direction::In {
            members.insert("from".to_owned(), json!(peer));
        }
        if *properties != Default::default() {
            members.insert("properties".to_owned(), json!(properties));
        }
    }
    let way = if *direction == Direction::Out { "out" } else { "in" };
    let name = if bridge.tryout { format!("try.{}", bridge.name) } else { bridge.name.to_string() };
    Line { file: format!("{name}-{way}"), time_ms, text: line.to_string() }
}

fn unwritable(folder: &Path, reason: &str) -> CommandError {
    let text = format!(
        "nothing can be recorded in {}: {reason}. Check the folder's permissions and the room on the disk",
        folder.display()
    );
    CommandError::new(AppErrorCode::FileUnwritable, text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use mqtt_twister_bridge::event::Payload;
    use serde_json::Value;

    use super::*;
    use crate::messages::testing::{event, home, out};

    fn lines(folder: &Path, way: &str) -> Vec<Value> {
        let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| file.to_string_lossy().ends_with(&format!("{way}.jsonl")));
        files.sort();
        let text: String = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_message_is_recorded_once_as_the_broker_handed_it_over() {
        let folder = tempfile::tempdir().unwrap();
        let recording = Recording::new(folder.path().join("recordings"));
        recording.note(&home(), &event(0, "before"));
        recording.start(1 << 20).unwrap();
        let sent = MessageEvent { local_topic: Some("doors/1".to_owned()), ..event(1, "alice/doors/1") };
        recording.note(&home(), &MessageEvent { id: "q3Rz9aB1-1/bob".to_owned(), ..sent.clone() });
        recording.note(&home(), &MessageEvent { id: "q3Rz9aB1-1/carol".to_owned(), ..sent });
        recording.note(&home(), &out(1, Step::Posted, "alice/doors/1"));
        let bytes = Payload::from([255].as_slice());
        let came = MessageEvent { direction: Direction::In, peer: Some("bob".to_owned()), ..event(9, "fridges/1") };
        recording.note(&home(), &MessageEvent { step: Step::Received, payload: bytes, ..came });
        recording.note(&home(), &out(2, Step::Taken, "attic/1"));
        recording.stop();
        let sent = lines(&recording.folder, "home-out");
        let first = json!({ "t": 1_700_000_000.0, "topic": "doors/1", "payload": "on", "qos": 0, "retain": false });
        assert_eq!((&sent[0], sent.len(), &sent[1]["topic"]), (&first, 2, &json!("attic/1")));
        let came = lines(&recording.folder, "home-in");
        assert_eq!((&came[0]["payload"], &came[0]["from"]), (&json!({ "base64": "/w==" }), &json!("bob")));
        let state = recording.state(1 << 20);
        assert_eq!((state.running, state.messages, state.lost, state.problem), (false, 3, 0, None));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = Recording::new(file).start(1 << 20).unwrap_err();
        assert!(error.message.contains("nothing can be recorded"), "{}", error.message);
    }
}
