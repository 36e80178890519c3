//! What the stand-in is told to do differently: words with a value, separated by spaces or lines, in the file `stand-in` in the data
//! directory, else in the environment variable `TWISTERD_STAND_IN`.
//!
//! | word | what it does |
//! |---|---|
//! | `version=93900` | it says that it is of this version |
//! | `answers=no` | it takes RPC connections and never answers |
//! | `crash=start` | it ends with an error before it answers |
//! | `crash=3` | it is gone at once when it is asked for the third time how it is |
//! | `height=300` | so many blocks has the chain that it catches up with |
//! | `sync=FILE` | it has caught up by as many percent as the file says, and not by a tenth each time it is asked how it is |

use std::io;
use std::path::{Path, PathBuf};

/// Blocks of the public network that it plays.
pub(crate) const PUBLIC_HEIGHT: u32 = 300;

/// Version of the program that it plays.
const VERSION: u32 = 94_000;

/// What it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Script {
    pub(crate) version: u32,
    pub(crate) answers: bool,
    pub(crate) crash: Option<Crash>,
    pub(crate) height: u32,
    pub(crate) sync: Sync,
}

/// When it crashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crash {
    AtStart,
    /// When it is asked how it is for this time.
    Asked(u32),
}

/// How it catches up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sync {
    /// By a tenth each time it is asked how it is.
    ByTenths,
    /// As the file says, in percent.
    Told(PathBuf),
}

impl Script {
    pub(crate) fn read(data_dir: &Path) -> io::Result<Self> {
        let text = match std::fs::read_to_string(data_dir.join("stand-in")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                std::env::var("TWISTERD_STAND_IN").unwrap_or_default()
            }
            read => read?,
        };
        text.parse().map_err(|word: String| io::Error::other(format!("the stand-in does not understand {word:?}")))
    }
}

impl Default for Script {
    fn default() -> Self {
        Self { version: VERSION, answers: true, crash: None, height: PUBLIC_HEIGHT, sync: Sync::ByTenths }
    }
}

impl std::str::FromStr for Script {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut script = Self::default();
        for word in text.split_whitespace() {
            script.take(word).ok_or_else(|| word.to_owned())?;
        }
        Ok(script)
    }
}

impl Script {
    fn take(&mut self, word: &str) -> Option<()> {
        let (name, value) = word.split_once('=')?;
        match name {
            "version" => self.version = value.parse().ok()?,
            "answers" => self.answers = value != "no",
            "crash" if value == "start" => self.crash = Some(Crash::AtStart),
            "crash" => self.crash = Some(Crash::Asked(value.parse().ok()?)),
            "height" => self.height = value.parse().ok()?,
            "sync" => self.sync = Sync::Told(value.into()),
            _ => return None,
        }
        Some(())
    }
}
