//! The messages that cross: a history of them for the window, and recording them to disk.
//!
//! What comes first is what the bridges tell; nothing here asks them for anything.

mod civil;
mod entry;
mod export;
mod filter;
mod history;
mod recording;
mod rows;
mod series;
mod settings;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod testing;
mod tree;

use std::collections::HashSet;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use mqtt_twister_bridge::event::MessageEvent;

pub use export::ExportFormat;
pub use filter::Filter;
pub use recording::RecordingState;
pub use rows::{
    Exported, HistoryState, MessageDetail, MessageKey, MessagePage, MessageQuery, MessageRow, Preview, PreviewKind,
    PreviousValue, RowRange, Series, StepTime, TopicPage, TopicRow,
};
pub use settings::MessageSettings;

use self::entry::Entry;
use self::export::Exporter;
use self::history::History;
use self::recording::Recording;
use self::tree::Shown;
use crate::error::{AppErrorCode, CommandError};
use crate::view::BridgeId;

/// Most rows that are asked for at a time.
const MOST_ROWS: usize = 500;

/// Messages that are exported at a time, so that others get at the history too.
const EXPORTED_AT_A_TIME: usize = 200;

/// The messages that cross.
pub struct MessageRoom {
    history: Mutex<History>,
    recording: Recording,
    settings_path: PathBuf,
    settings: Mutex<MessageSettings>,
}

impl MessageRoom {
    /// With settings and recordings in `folder`.
    pub fn open(folder: &Path) -> Self {
        let settings_path = folder.join("messages.json");
        let settings = MessageSettings::load(&settings_path);
        Self {
            history: Mutex::new(History::new(settings.history_bytes())),
            recording: Recording::new(folder.join("recordings")),
            settings_path,
            settings: Mutex::new(settings),
        }
    }

    /// Takes note of a step.
    pub fn note(&self, bridge: &BridgeId, event: &MessageEvent) {
        self.recording.note(bridge, event);
        self.history().note(bridge, event);
    }

    /// Counts steps that were never seen, because too many came at once.
    pub fn miss(&self, count: u64) {
        self.history().miss(count);
    }

    /// The messages that the filter lets through, newest first.
    pub fn page(&self, filter: &Filter, range: RowRange) -> MessagePage {
        let mut history = self.history();
        let newest = history.newest();
        let upto = range.upto.map(|MessageKey(key)| key);
        let page = history.page(filter, upto, range.from as usize, (range.count as usize).min(MOST_ROWS));
        let rows = page.entries.into_iter().map(MessageRow::from).collect();
        MessagePage { rows, total: in_wire(page.total), newer: in_wire(page.newer), newest }
    }

    /// All that is known of a message, unless it went.
    pub fn detail(&self, MessageKey(key): MessageKey) -> Option<MessageDetail> {
        let history = self.history();
        let entry = history.get(key)?;
        let previous = history.like(entry).find(|other| other.key != key);
        Some(MessageDetail::new(entry, previous))
    }

    /// The number at `pointer`, a JSON pointer or empty for the whole payload, in all messages of the same topic as `key`.
    pub fn series(&self, MessageKey(key): MessageKey, pointer: &str) -> Series {
        let history = self.history();
        history.get(key).map(|entry| series::series(&history, entry, pointer)).unwrap_or_default()
    }

    /// Rows of the topic tree.
    pub fn topics(&self, bridge: Option<&BridgeId>, open: &HashSet<String>, range: RowRange) -> TopicPage {
        let history = self.history();
        let (from, count) = (range.from as usize, (range.count as usize).min(MOST_ROWS));
        let shown = Shown { bridge, open, from, count };
        let (total, mut rows) = history.tree().rows(shown);
        for row in &mut rows {
            let newest = row.newest.and_then(|key| history.get(key));
            row.preview = newest.map(|entry| Preview::from(&entry.payload));
        }
        TopicPage { rows, total: in_wire(total) }
    }

    /// How much is kept.
    pub fn state(&self) -> HistoryState {
        let history = self.history();
        HistoryState {
            messages: in_wire(history.len()),
            topics: in_wire(history.tree().topics()),
            bytes: history.bytes() as u64,
            budget: history.budget() as u64,
            forgotten: history.forgotten(),
            missed: history.missed(),
        }
    }

    /// Forgets what is kept. What is recorded stays.
    pub fn clear(&self) {
        self.history().clear();
    }

    /// What is kept and recorded at most.
    pub fn settings(&self) -> MessageSettings {
        *self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is kept and recorded at most; a recording under way goes on with the new budget.
    ///
    /// # Errors
    /// [`AppErrorCode::InvalidSettings`] with the field, or why the settings were not written; then nothing has changed.
    pub fn set_settings(&self, settings: MessageSettings) -> Result<(), CommandError> {
        settings.check()?;
        settings.save(&self.settings_path)?;
        *self.settings.lock().unwrap_or_else(PoisonError::into_inner) = settings;
        self.history().set_budget(settings.history_bytes());
        if self.recording.state(0).running {
            self.recording.stop();
            self.recording.start(settings.recording_bytes())?;
        }
        Ok(())
    }

    /// How recording goes on.
    pub fn recording(&self) -> RecordingState {
        self.recording.state(self.settings().recording_bytes())
    }

    /// Starts recording. Blocks for a moment.
    ///
    /// # Errors
    /// [`AppErrorCode::FileUnwritable`].
    pub fn start_recording(&self) -> Result<(), CommandError> {
        self.recording.start(self.settings().recording_bytes())
    }

    /// Stops recording, and returns when everything is in the files. Blocks.
    pub fn stop_recording(&self) {
        self.recording.stop();
    }

    /// Writes the messages that the filter lets through to a file, oldest first. Returns how many. Blocks.
    ///
    /// # Errors
    /// [`AppErrorCode::FileUnwritable`].
    pub fn export(
        &self,
        filter: &Filter,
        upto: Option<MessageKey>,
        format: ExportFormat,
        to: &Path,
    ) -> Result<u32, CommandError> {
        let write = || {
            let mut exporter = Exporter::begin(format, BufWriter::new(File::create(to)?))?;
            let upto = upto.map_or_else(|| self.history().newest(), |MessageKey(key)| key);
            let mut after = 0;
            loop {
                let batch = self.history().after(filter, after, upto, EXPORTED_AT_A_TIME);
                let Some(last) = batch.last() else { return exporter.end() };
                after = last.key;
                batch.iter().try_for_each(|entry| exporter.write(entry))?;
            }
        };
        write().map_err(|error| {
            let text = format!("the messages cannot be written to {}: {error}. Choose another place", to.display());
            CommandError::new(AppErrorCode::FileUnwritable, text)
        })
    }

    fn history(&self) -> MutexGuard<'_, History> {
        // Each note is complete before the lock is given back.
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl History {
    /// The entries after `after` and up to `upto` that the filter lets through, oldest first, at most `limit`.
    fn after(&mut self, filter: &Filter, after: u64, upto: u64, limit: usize) -> Vec<Entry> {
        let done = self.page(filter, Some(after), 0, 0).total;
        let left = self.page(filter, Some(upto), 0, 0).total - done;
        let count = left.min(limit);
        let page = self.page(filter, Some(upto), left - count, count);
        page.entries.into_iter().rev().cloned().collect()
    }
}

/// A count as it goes to the window.
fn in_wire(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::testing::{event, home};
    use super::*;

    #[test]
    fn an_export_has_every_message_once_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let room = MessageRoom::open(folder.path());
        for number in 1..=450 {
            room.note(&home(), &event(number, &format!("t/{number:03}")));
        }
        let to = folder.path().join("messages.csv");
        let all = Filter::default();
        assert_eq!(room.export(&all, Some(MessageKey(444)), ExportFormat::Csv, &to).unwrap(), 444);
        let text = std::fs::read_to_string(&to).unwrap();
        let topics: Vec<&str> = text.lines().skip(1).map(|line| line.split(',').nth(4).unwrap()).collect();
        let expected: Vec<String> = (1..=444).map(|number| format!("t/{number:03}")).collect();
        assert_eq!(topics, expected);
        let error = room.export(&all, None, ExportFormat::Csv, folder.path()).unwrap_err();
        assert!(error.message.contains("cannot be written"), "{}", error.message);
    }

    #[test]
    fn the_value_before_and_the_topics_newest_value_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let room = MessageRoom::open(folder.path());
        for (number, topic) in [(1, "a/b"), (2, "a"), (3, "a/b")] {
            room.note(&home(), &event(number, topic));
        }
        let detail = |key| room.detail(MessageKey(key));
        assert_eq!(detail(3).unwrap().previous.map(|previous| previous.key), Some(1));
        assert_eq!(detail(1).unwrap().previous, None);
        assert_eq!(detail(9), None);
        let open = HashSet::from(["home:a".to_owned()]);
        let page = room.topics(Some(&home()), &open, RowRange { from: 0, count: 10, upto: None });
        assert_eq!(page.rows.iter().map(|row| row.newest).collect::<Vec<_>>(), [Some(2), Some(3)]);
        assert_eq!(page.rows[1].preview.as_ref().unwrap().line, "on");
    }

    #[test]
    fn settings_are_there_after_a_restart_and_bad_ones_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let room = MessageRoom::open(folder.path());
        let small = MessageSettings { history_mib: 1, ..MessageSettings::default() };
        room.set_settings(small).unwrap();
        assert_eq!(room.state().budget, 1 << 20);
        let error = room.set_settings(MessageSettings { recording_mib: 0, ..small }).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("recording_mib"));
        assert_eq!(MessageRoom::open(folder.path()).settings(), small);
    }
}
