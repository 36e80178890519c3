//! The report as people read it.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::fs;
use std::path::Path;

use crate::occasion::Occasion;
use crate::report::{Report, ReportError, path, trouble};
use crate::row::{Goal, Measure};

/// The lines of a Markdown file between which the numbers stand.
const BEGIN: &str = "<!-- numbers: written by `make numbers` from a run of `make bench` -->";
const END: &str = "<!-- end of numbers -->";

/// A report as a Markdown table, with the machine above it and the notes below.
pub struct Table<'a>(pub &'a Report);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { machine, rows } = self.0;
        let occasions: BTreeSet<&Occasion> = rows.iter().map(|row| &row.occasion).collect();
        let occasions: Vec<String> = occasions.into_iter().map(Occasion::to_string).collect();
        writeln!(
            f,
            "Measured {}: {}, {} threads, {} GiB, {}, {}. Each figure is the median of its runs, with the lowest and the highest \
             of them.\n",
            occasions.join(", and "),
            machine.processor,
            machine.cores,
            machine.memory_gib,
            machine.system,
            machine.rustc
        )?;
        writeln!(f, "| | figure | median | lowest – highest | runs | to reach | |")?;
        writeln!(f, "|---|---|--:|--:|--:|--:|---|")?;
        let mut notes = Vec::new();
        for row in rows {
            for (index, measure) in row.measures.iter().enumerate() {
                let name = if index == 0 { format!("**{}**", row.name) } else { String::new() };
                let mark = measure.note.as_ref().map(|note| {
                    notes.push(note);
                    format!(" [{}]", notes.len())
                });
                writeln!(f, "| {name} | {}{} | {}", measure.name, mark.unwrap_or_default(), Figures(measure))?;
            }
        }
        writeln!(f)?;
        for row in rows {
            writeln!(f, "- **{}**: {}", row.name, row.how)?;
        }
        if !notes.is_empty() {
            writeln!(f)?;
        }
        for (number, note) in (1..).zip(notes) {
            writeln!(f, "{number}. {note}")?;
        }
        Ok(())
    }
}

impl Table<'_> {
    /// Puts the numbers into a Markdown file, in place of those that are there.
    ///
    /// # Errors
    /// The file cannot be read or written, or has no place for them.
    pub fn put_into(&self, file: &Path) -> Result<(), ReportError> {
        let text = fs::read_to_string(file).map_err(trouble(file))?;
        let changed = replaced(&text, &self.to_string());
        let changed = changed.ok_or_else(|| ReportError::NoPlace { file: path(file), begin: BEGIN, end: END })?;
        fs::write(file, changed).map_err(trouble(file))
    }
}

/// `text` with other numbers; none if it has no place for them.
fn replaced(text: &str, numbers: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", numbers.trim()))
}

/// The cells of a measure, from its median on.
struct Figures<'a>(&'a Measure);

impl fmt::Display for Figures<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Measure { unit, samples, goal, note, .. } = self.0;
        let with_unit = |value: f64| format!("{} {unit}", rounded(value)).trim().to_owned();
        let median = self.0.median().map_or_else(|| "–".to_owned(), with_unit);
        let spread = match self.0.spread() {
            Some((low, high)) if samples.len() > 1 => format!("{} – {}", rounded(low), rounded(high)),
            _ => String::new(),
        };
        let goal = match goal {
            Some(Goal::AtMost(limit)) => format!("≤ {}", with_unit(*limit)),
            Some(Goal::AtLeast(limit)) => format!("≥ {}", with_unit(*limit)),
            None => String::new(),
        };
        let verdict = match (self.0.is_reached(), note) {
            (Some(true), _) => "reached",
            (Some(false), Some(_)) => "**not reached**, see the note",
            (Some(false), None) => "**not reached**",
            (None, _) => "",
        };
        write!(f, "{median} | {spread} | {} | {goal} | {verdict} |", samples.len())
    }
}

/// With three digits that say something, and thousands apart.
fn rounded(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let digits = (2 - value.abs().log10().floor() as i32).max(0) as usize;
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let (sign, number) = whole.strip_prefix('-').map_or(("", whole), |number| ("-", number));
    let mut out = sign.to_owned();
    for (index, digit) in number.chars().enumerate() {
        if index > 0 && (number.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(rest) = rest.map(|rest| rest.trim_end_matches('0')).filter(|rest| !rest.is_empty()) {
        // Writing into a text does not fail.
        let _ = write!(out, ".{rest}");
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::effort::Effort;
    use crate::machine::Machine;
    use crate::row::Row;

    fn report() -> Report {
        let machine = Machine {
            processor: "Z80".to_owned(),
            cores: 1,
            memory_gib: 1,
            system: "CP/M 2.2".to_owned(),
            rustc: "rustc 1.95.0".to_owned(),
        };
        let mut row = Row::new("latency", "one message after the other");
        row.occasion = occasion("abc1234", Effort::Full);
        row.add(Measure::new("private, median", "ms", vec![30.0, 31.256, 35.0]).at_most(40.0));
        row.add(Measure::new("private, p99", "ms", vec![1234.6]).at_most(120.0).note("the disk takes it all"));
        Report { machine, rows: vec![row] }
    }

    fn occasion(commit: &str, effort: Effort) -> Occasion {
        Occasion { date: "1976-07-01".to_owned(), commit: commit.to_owned(), effort }
    }

    #[test]
    fn a_table_says_of_each_figure_whether_it_is_reached_and_why_not() {
        let table = Table(&report()).to_string();
        assert!(
            table.contains("| **latency** | private, median | 31.3 ms | 30 – 35 | 3 | ≤ 40 ms | reached |"),
            "{table}"
        );
        let missed = "|  | private, p99 [1] | 1,235 ms |  | 1 | ≤ 120 ms | **not reached**, see the note |";
        assert!(table.contains(missed) && table.contains("\n1. the disk takes it all\n"), "{table}");
        assert!(table.contains("Measured on 1976-07-01 at commit `abc1234` by `make bench`: Z80,"), "{table}");
    }

    #[test]
    fn a_table_says_of_what_each_of_its_rows_was_measured() {
        let mut report = report();
        let mut rough = Row::new("start", "once");
        rough.occasion = occasion("abc9999", Effort::Quick);
        report.rows.push(rough);
        let table = Table(&report).to_string();
        let both =
            "commit `abc1234` by `make bench`, and on 1976-07-01 at commit `abc9999` by `make bench-quick`, roughly:";
        assert!(table.contains(both), "{table}");
    }

    #[test]
    fn numbers_have_three_digits_and_no_zeros_behind_the_point() {
        let rounds = [0.0, 0.40217, 1.0, 12.34, 79.96, 123.4, 6012.7, 1_234_567.0, -1500.0].map(rounded);
        assert_eq!(rounds, ["0", "0.402", "1", "12.3", "80", "123", "6,013", "1,234,567", "-1,500"]);
    }

    #[test]
    fn numbers_take_the_place_of_those_before_them_and_of_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("README.md");
        fs::write(&file, format!("# Numbers\n\n{BEGIN}\nold\n{END}\n\n## Licence\n")).unwrap();
        let report = report();
        Table(&report).put_into(&file).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("# Numbers\n") && text.ends_with("\n\n## Licence\n"), "{text}");
        assert!(text.contains("Z80") && !text.contains("old"), "{text}");
        fs::write(&file, "# Numbers\n").unwrap();
        assert!(matches!(Table(&report).put_into(&file), Err(ReportError::NoPlace { .. })));
    }
}
