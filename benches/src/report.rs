//! All rows of a run, and the machine.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use serde::{Deserialize, Serialize};

use crate::machine::Machine;
use crate::row::{ROWS, Row};

/// The order of the rows in the report. Rows of other names come after them, by name.
const ORDER: [&str; 10] =
    ["latency", "throughput", "density", "rivals", "backlog", "quiet", "growth", "start", "start (app)", "weight"];

/// The report's file in the folder of all that is measured.
const REPORT: &str = "report.json";

/// What a run has measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Where.
    pub machine: Machine,
    /// What.
    pub rows: Vec<Row>,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A file cannot be read or written.
    #[error("cannot use {file}: {source}")]
    File {
        /// Its path.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// A row or report that this program has not written.
    #[error("{file} is no row of a report: {source}. Delete it and measure again")]
    Form {
        /// Its path.
        file: String,
        /// Why.
        source: serde_json::Error,
    },
    /// The README has no place for the numbers.
    #[error("{file} has no lines {begin:?} and {end:?} between which the numbers could stand: put them back")]
    NoPlace {
        /// Its path.
        file: String,
        /// The line above the numbers.
        begin: &'static str,
        /// The line below them.
        end: &'static str,
    },
}

impl Report {
    /// Puts together the rows that benchmarks have written into `folder`.
    ///
    /// # Errors
    /// A row cannot be read.
    pub fn collect(folder: &Path) -> Result<Self, ReportError> {
        let mut rows = BTreeMap::new();
        let files = folder.join(ROWS);
        for file in fs::read_dir(&files).map_err(trouble(&files))? {
            let file = file.map_err(trouble(&files))?.path();
            let text = fs::read_to_string(&file).map_err(trouble(&file))?;
            let row: Row =
                serde_json::from_str(&text).map_err(|source| ReportError::Form { file: path(&file), source })?;
            let place = ORDER.iter().position(|name| *name == row.name).unwrap_or(ORDER.len());
            rows.insert((place, row.name.clone()), row);
        }
        Ok(Self { machine: Machine::this(), rows: rows.into_values().collect() })
    }

    /// The report that was [written](Self::write) into `folder`.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn load(folder: &Path) -> Result<Self, ReportError> {
        let file = folder.join(REPORT);
        let text = fs::read_to_string(&file).map_err(trouble(&file))?;
        serde_json::from_str(&text).map_err(|source| ReportError::Form { file: path(&file), source })
    }

    /// Writes `report.json` and `report.md` into `folder`.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn write(&self, folder: &Path, table: &str) -> Result<(), ReportError> {
        let write = |name: &str, text: String| {
            let file = folder.join(name);
            fs::write(&file, text).map_err(trouble(&file))
        };
        // Nothing in it has a form that JSON does not have.
        let json = serde_json::to_string_pretty(self).unwrap_or_default();
        write(REPORT, json + "\n")?;
        write("report.md", table.to_owned())
    }
}

pub(crate) fn trouble(file: &Path) -> impl FnOnce(io::Error) -> ReportError {
    let file = path(file);
    move |source| ReportError::File { file, source }
}

pub(crate) fn path(file: &Path) -> String {
    file.display().to_string()
}
