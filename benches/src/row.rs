//! One row of the report: what a benchmark has measured.

use std::path::Path;
use std::{fs, io};

use serde::{Deserialize, Serialize};

use crate::occasion::Occasion;

/// What a benchmark has measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its name, in the field's words: `latency`.
    pub name: String,
    /// How it was measured, in a sentence.
    pub how: String,
    /// When it was measured, and of what.
    pub occasion: Occasion,
    /// What came out.
    pub measures: Vec<Measure>,
}

/// One figure, measured several times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// What it is: `private, median`.
    pub name: String,
    /// Its unit: `ms`; empty for a ratio.
    pub unit: String,
    /// One value for each run.
    pub samples: Vec<f64>,
    /// What it should reach, if it has to reach something.
    pub goal: Option<Goal>,
    /// Why it cannot be reached, with the proof; or what has to be known to read the figure.
    pub note: Option<String>,
}

/// What the median of a measure should be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// This or less.
    AtMost(f64),
    /// This or more.
    AtLeast(f64),
}

impl Row {
    /// A row without measures, of now.
    pub fn new(name: &str, how: &str) -> Self {
        Self { name: name.to_owned(), how: how.to_owned(), occasion: Occasion::now(), measures: Vec::new() }
    }

    /// Adds a measure.
    pub fn add(&mut self, measure: Measure) {
        self.measures.push(measure);
    }

    /// Writes it into `folder`, in place of an earlier one of its name.
    ///
    /// # Errors
    /// The folder or the file cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let rows = folder.join(ROWS);
        fs::create_dir_all(&rows)?;
        let text = serde_json::to_string_pretty(self)?;
        fs::write(rows.join(format!("{}.json", self.name)), text + "\n")
    }
}

/// The folder of the rows, in the folder of all that is measured.
pub(crate) const ROWS: &str = "rows";

impl Measure {
    /// A measure of which one value a run is known.
    pub fn new(name: &str, unit: &str, samples: Vec<f64>) -> Self {
        Self { name: name.to_owned(), unit: unit.to_owned(), samples, goal: None, note: None }
    }

    /// Its median should be this or less.
    #[must_use]
    pub fn at_most(self, limit: f64) -> Self {
        Self { goal: Some(Goal::AtMost(limit)), ..self }
    }

    /// Its median should be this or more.
    #[must_use]
    pub fn at_least(self, limit: f64) -> Self {
        Self { goal: Some(Goal::AtLeast(limit)), ..self }
    }

    /// With something that has to be known to read it.
    #[must_use]
    pub fn note(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }

    /// The median of all runs; none if there was none.
    pub fn median(&self) -> Option<f64> {
        median(&self.samples)
    }

    /// The lowest and the highest value.
    pub fn spread(&self) -> Option<(f64, f64)> {
        let low = self.samples.iter().copied().min_by(f64::total_cmp)?;
        let high = self.samples.iter().copied().max_by(f64::total_cmp)?;
        Some((low, high))
    }

    /// Whether it is what it should be; none if it need not be anything. What was not measured is not reached.
    pub fn is_reached(&self) -> Option<bool> {
        let goal = self.goal?;
        Some(self.median().is_some_and(|median| match goal {
            Goal::AtMost(limit) => median <= limit,
            Goal::AtLeast(limit) => median >= limit,
        }))
    }
}

/// The value in the middle; the mean of the two in the middle of an even count.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    Some(if sorted.len() % 2 == 1 { upper } else { (sorted[sorted.len() / 2 - 1] + upper) / 2.0 })
}

/// The lowest value that `part` of all values (0 to 1) are not above.
pub fn percentile(values: &[f64], part: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() as f64 * part).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_value_in_the_middle_however_they_come() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn a_percentile_is_a_value_that_was_measured() {
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!([0.0, 0.5, 0.99, 1.0].map(|part| percentile(&values, part)), [1.0, 50.0, 99.0, 100.0].map(Some));
        assert_eq!(percentile(&[], 0.5), None);
    }

    #[test]
    fn a_measure_is_reached_by_its_median_and_not_by_its_best_run() {
        let slow = Measure::new("median", "ms", vec![10.0, 50.0, 60.0]);
        assert_eq!(slow.is_reached(), None);
        assert_eq!(slow.clone().at_most(40.0).is_reached(), Some(false));
        assert_eq!(slow.clone().at_most(50.0).is_reached(), Some(true));
        assert_eq!(slow.at_least(50.5).is_reached(), Some(false));
        assert_eq!(Measure::new("median", "ms", Vec::new()).at_most(40.0).is_reached(), Some(false));
    }
}
