//! The end of a node's log.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// So much of the log is shown at most, in bytes. twisterd lets it grow to megabytes.
const LONGEST_TAIL: u64 = 64 * 1024;

/// The last lines of a node's log, as it wrote them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct LogTail {
    /// Whole lines, the oldest first, 64 KiB at most. Empty if there is no log yet.
    pub text: String,
    /// Whether older lines were left out.
    pub cut: bool,
    /// Where all of it is.
    pub path: PathBuf,
}

/// Reads the end of a log. One that cannot be read is empty.
pub(crate) fn tail(path: &Path) -> LogTail {
    let (text, cut) = read_tail(path, LONGEST_TAIL).unwrap_or_default();
    LogTail { text, cut, path: path.to_owned() }
}

/// The last line that says something, up to 300 characters of it.
pub(crate) fn last_words(path: &Path) -> Option<String> {
    let (text, _) = read_tail(path, 4096).ok()?;
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().take(300).collect())
}

fn read_tail(path: &Path, longest: u64) -> io::Result<(String, bool)> {
    let mut file = File::open(path)?;
    let len = file.metadata()?.len();
    let cut = len > longest;
    file.seek(SeekFrom::Start(len.saturating_sub(longest)))?;
    let mut bytes = Vec::new();
    // It may grow while it is read.
    file.take(longest).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    // Where it was cut is the middle of a line.
    let whole = if cut { text.split_once('\n').map_or("", |(_, rest)| rest) } else { &text };
    Ok((whole.to_owned(), cut))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn of_a_long_log_the_last_whole_lines_are_shown() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("debug.log");
        assert_eq!(tail(&path), LogTail { path: path.clone(), ..LogTail::default() });

        let mut text = String::new();
        (0..20_000).for_each(|line| writeln!(text, "line {line}").unwrap());
        std::fs::write(&path, &text).unwrap();
        let tail = tail(&path);
        assert!(tail.cut && tail.text.len() <= 64 * 1024, "{}", tail.text.len());
        assert!(tail.text.starts_with("line ") && tail.text.ends_with("line 19999\n"));
    }

    #[test]
    fn the_last_words_are_the_last_line_with_something_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("console.log");
        std::fs::write(&path, "first\nError: no room\n\n").unwrap();
        assert_eq!(last_words(&path).as_deref(), Some("Error: no room"));
    }
}
