//! What the benchmarks measure, what they send for it, and the report of it.
//!
//! A benchmark makes a [`Row`] of [`Measure`]s, and [`Row::write`]s it as soon as it is measured. The program `report` puts the
//! rows together: `report.json`, a Markdown table, and the numbers in the README.
//!
//! [`Counts`] of instructions are the same on a busy machine as on a quiet one, so no medians are needed: a [`Gate`] holds them
//! against those that were accepted.
//!
//! Deliberately not here: the measuring itself. It stands beside this package in `benches/`, and belongs to the packages whose
//! programs it runs.

mod counts;
mod effort;
mod load;
mod machine;
mod meters;
mod occasion;
mod report;
mod row;
mod table;

pub use counts::{Counts, CountsError, Gate};
pub use effort::{Effort, FOLDER_VARIABLE, QUICK_VARIABLE, folder};
pub use load::{Load, Processors, Run};
pub use machine::Machine;
pub use meters::{Ledger, LedgerError, Meters};
pub use occasion::Occasion;
pub use report::{Report, ReportError};
pub use row::{Goal, Measure, Row, median, percentile};
pub use table::Table;
