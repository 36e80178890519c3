//! Instruction counts, and the gate that they have to pass: what grows is mended, or accepted with a reason.
//!
//! Deliberately not here: the counting.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use serde::{Deserialize, Serialize};

/// How much a count may change without a word, in percent. Another compiler or C library moves counts by less.
const TOLERANCE_PERCENT: u64 = 10;

/// How many instructions each part takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// The compiler of the program that was counted, as it calls itself.
    pub rustc: String,
    /// Part by part, by name.
    pub instructions: BTreeMap<String, u64>,
}

/// Why counts cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CountsError {
    /// The file cannot be read or written.
    #[error("cannot use {file}: {source}. `make instructions-accept` writes it anew")]
    File {
        /// Its path.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// The file has something else in it.
    #[error("{file} has no instruction counts: {source}. `make instructions-accept` writes it anew")]
    Form {
        /// Its path.
        file: String,
        /// Why.
        source: serde_json::Error,
    },
}

/// Counts beside those that were accepted. Its text says what has to be known of the difference, and what to do.
#[derive(Debug)]
pub struct Gate<'a> {
    accepted: &'a Counts,
    fresh: &'a Counts,
}

/// What is to be said of one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Grown {
        was: u64,
        is: u64,
    },
    Cheaper {
        was: u64,
        is: u64,
    },
    /// Nobody has accepted a count of it.
    New {
        is: u64,
    },
    /// It was accepted, and is not counted any more.
    Gone,
}

impl Counts {
    /// Where the accepted counts stand, which are committed.
    pub fn accepted_file() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions/counts.json")
    }

    /// Reads them.
    ///
    /// # Errors
    /// The file cannot be read, or has something else in it.
    pub fn read(file: &Path) -> Result<Self, CountsError> {
        let text = fs::read_to_string(file).map_err(trouble(file))?;
        serde_json::from_str(&text).map_err(|source| CountsError::Form { file: path(file), source })
    }

    /// Writes them.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, file: &Path) -> Result<(), CountsError> {
        // Texts and numbers: there is nothing in it that JSON cannot express.
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        fs::write(file, text + "\n").map_err(trouble(file))
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.instructions.iter().try_for_each(|(name, count)| writeln!(f, "{name:<24}{:>15}", grouped(*count)))
    }
}

impl<'a> Gate<'a> {
    /// Puts `fresh` beside what was accepted.
    pub fn new(accepted: &'a Counts, fresh: &'a Counts) -> Self {
        Self { accepted, fresh }
    }

    /// Whether nothing has to be mended or accepted.
    pub fn is_passed(&self) -> bool {
        self.changes().iter().all(|(_, change)| matches!(change, Change::Cheaper { .. }))
    }

    fn changes(&self) -> Vec<(&'a str, Change)> {
        let (accepted, fresh) = (&self.accepted.instructions, &self.fresh.instructions);
        let counted = fresh.iter().filter_map(|(name, is)| {
            let change = match accepted.get(name) {
                None => Change::New { is: *is },
                Some(was) if *is > was + was * TOLERANCE_PERCENT / 100 => Change::Grown { was: *was, is: *is },
                Some(was) if *is < was - was * TOLERANCE_PERCENT / 100 => Change::Cheaper { was: *was, is: *is },
                Some(_) => return None,
            };
            Some((name.as_str(), change))
        });
        let gone = accepted.keys().filter(|name| !fresh.contains_key(*name)).map(|name| (name.as_str(), Change::Gone));
        counted.chain(gone).collect()
    }
}

impl fmt::Display for Gate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changes = self.changes();
        for (name, change) in &changes {
            match change {
                Change::Grown { was, is } => {
                    let percent = 100.0 * (*is as f64 / *was as f64 - 1.0);
                    writeln!(f, "{name} grew: was {}, is {}, {percent:.1} % more.", grouped(*was), grouped(*is))?;
                }
                Change::Cheaper { was, is } => {
                    let percent = 100.0 * (1.0 - *is as f64 / *was as f64);
                    writeln!(
                        f,
                        "{name} got cheaper: was {}, is {}, {percent:.1} % less.",
                        grouped(*was),
                        grouped(*is)
                    )?;
                }
                Change::New { is } => writeln!(f, "{name} has no accepted count: it is {}.", grouped(*is))?,
                Change::Gone => writeln!(f, "{name} has an accepted count, but is not counted any more.")?,
            }
        }
        let (before, now) = (&self.accepted.rustc, &self.fresh.rustc);
        if !changes.is_empty() && before != now {
            writeln!(f, "The accepted counts are of {before}, these of {now}: the compiler may be why.")?;
        }
        if changes.is_empty() {
            writeln!(f, "No count is more than {TOLERANCE_PERCENT} % away from the accepted one.")
        } else if self.is_passed() {
            writeln!(f, "`make instructions-accept` takes the counts anew, so that what was won is not lost unnoticed.")
        } else {
            writeln!(
                f,
                "A count may grow by {TOLERANCE_PERCENT} %. Mend what takes more; `callgrind_annotate target/bench/callgrind/PART` says \
                 where it goes. If it is worth it, `make instructions-accept`, and say why in the commit."
            )
        }
    }
}

/// A count as people read it: `1,234,567`.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}

fn trouble(file: &Path) -> impl FnOnce(io::Error) -> CountsError {
    let file = path(file);
    move |source| CountsError::File { file, source }
}

fn path(file: &Path) -> String {
    file.display().to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn counts(counts: &[(&str, u64)]) -> Counts {
        let instructions = counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        Counts { rustc: "rustc 1.89.0".to_owned(), instructions }
    }

    #[test]
    fn a_count_that_grows_by_more_than_a_tenth_fails_and_is_named() {
        let accepted = counts(&[("pack", 1_000_000), ("route", 1_000_000)]);
        let fresh = counts(&[("pack", 1_100_001), ("route", 1_100_000)]);
        let gate = Gate::new(&accepted, &fresh);
        assert!(!gate.is_passed());
        let text = gate.to_string();
        assert!(text.starts_with("pack grew: was 1,000,000, is 1,100,001, 10.0 % more.\n"), "{text}");
        assert!(text.contains("make instructions-accept"), "{text}");
        assert!(!text.contains("route") && !text.contains("compiler"), "{text}");
    }

    #[test]
    fn what_got_cheaper_passes_and_is_to_be_taken_anew() {
        let (accepted, fresh) = (counts(&[("pack", 200)]), counts(&[("pack", 150)]));
        let gate = Gate::new(&accepted, &fresh);
        assert!(gate.is_passed());
        let text = gate.to_string();
        assert!(text.starts_with("pack got cheaper: was 200, is 150, 25.0 % less.\n"), "{text}");
        assert!(text.contains("make instructions-accept"), "{text}");
    }

    #[test]
    fn small_changes_pass_without_a_word() {
        let accepted = counts(&[("pack", 1000), ("route", 1000)]);
        let fresh = Counts { rustc: "rustc 1.90.0".to_owned(), ..counts(&[("pack", 1100), ("route", 900)]) };
        let gate = Gate::new(&accepted, &fresh);
        assert!(gate.is_passed());
        assert_eq!(gate.to_string(), "No count is more than 10 % away from the accepted one.\n");
    }

    #[test]
    fn a_part_that_only_one_of_them_has_fails() {
        let (none, some) = (counts(&[]), counts(&[("pack", 7)]));
        assert!(!Gate::new(&none, &some).is_passed());
        assert!(Gate::new(&none, &some).to_string().starts_with("pack has no accepted count: it is 7.\n"));
        assert!(!Gate::new(&some, &none).is_passed());
        assert!(Gate::new(&some, &none).to_string().starts_with("pack has an accepted count, but is not counted"));
    }

    #[test]
    fn another_compiler_is_told_as_a_possible_reason() {
        let accepted = counts(&[("pack", 100)]);
        let fresh = Counts { rustc: "rustc 1.90.0".to_owned(), ..counts(&[("pack", 200)]) };
        let text = Gate::new(&accepted, &fresh).to_string();
        assert!(text.contains("are of rustc 1.89.0, these of rustc 1.90.0: the compiler may be why"), "{text}");
    }

    #[test]
    fn accepted_counts_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("counts.json");
        assert!(matches!(Counts::read(&file), Err(CountsError::File { .. })));
        let written = counts(&[("pack", u64::MAX)]);
        written.write(&file).unwrap();
        assert_eq!(Counts::read(&file).unwrap(), written);
        fs::write(&file, "{}").unwrap();
        assert!(matches!(Counts::read(&file), Err(CountsError::Form { .. })));
    }
}
