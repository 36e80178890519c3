//! The post quota over time, and how long it will last. Plain functions; the bridge writes a sample down every few minutes.

use serde::{Deserialize, Serialize};

/// Looks back so far to tell how many posts are used, in seconds: a day, so that nights count.
const RATE_SPAN_S: u64 = 24 * 3600;

/// Nothing is foretold from less, in seconds.
const SHORTEST_SPAN_S: u64 = 600;

/// Posts that the network gives for an hour: two a block, a block in ten minutes.
const USUAL_GAIN_PER_HOUR: f64 = 12.0;

/// How many posts there were at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct QuotaSample {
    /// When, in seconds since 1970.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub time_s: u64,
    /// The next post number to use: as many were used.
    pub used: u32,
    /// How many posts were left.
    pub left: u32,
}

/// How long the posts will last.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct QuotaForecast {
    /// Posts used in an hour lately.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub used_per_hour: f64,
    /// Posts gained in an hour lately.
    #[cfg_attr(feature = "specta", specta(type = specta_typescript::Number))]
    pub gained_per_hour: f64,
    /// When the last is used if it goes on like this, in milliseconds since 1970; none if more are gained than used.
    #[cfg_attr(feature = "specta", specta(type = Option<specta_typescript::Number>))]
    pub empty_at_ms: Option<u64>,
}

/// The posts over time, and what is foretold.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct QuotaHistory {
    /// The samples, the oldest first.
    pub samples: Vec<QuotaSample>,
    /// None while there is too little to tell from.
    pub forecast: Option<QuotaForecast>,
}

impl QuotaHistory {
    /// The history that these samples, the oldest first, make.
    pub fn new(samples: Vec<QuotaSample>) -> Self {
        let forecast = forecast(&samples);
        Self { samples, forecast }
    }
}

/// What is foretold from samples, the oldest first: as it went in the last day, so it will go on.
fn forecast(samples: &[QuotaSample]) -> Option<QuotaForecast> {
    let last = samples.last()?;
    let begins_s = last.time_s.saturating_sub(RATE_SPAN_S);
    // Numbers only grow; if they do not, the account is another one, or the chain is.
    let broken = samples.windows(2).rposition(|pair| pair[1].used < pair[0].used).map_or(0, |index| index + 1);
    let first = samples[broken..].iter().find(|sample| sample.time_s >= begins_s)?;
    let span_s = last.time_s.checked_sub(first.time_s).filter(|span| *span >= SHORTEST_SPAN_S)?;
    let hours = span_s as f64 / 3600.0;
    let used_per_hour = f64::from(last.used - first.used) / hours;
    let total = |sample: &QuotaSample| f64::from(sample.used) + f64::from(sample.left);
    let gained = ((total(last) - total(first)) / hours).max(0.0);
    // Blocks come by chance: of a short time they say little.
    let gained_per_hour =
        if hours < 6.0 { (gained * hours + USUAL_GAIN_PER_HOUR * (6.0 - hours)) / 6.0 } else { gained };
    let lost_per_hour = used_per_hour - gained_per_hour;
    let lasts_h = (lost_per_hour > 0.0).then(|| f64::from(last.left) / lost_per_hour);
    let empty_at_ms =
        lasts_h.map(|hours| last.time_s.saturating_mul(1000).saturating_add((hours * 3_600_000.0) as u64));
    Some(QuotaForecast { used_per_hour, gained_per_hour, empty_at_ms })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HOUR: u64 = 3600;

    fn at(hour: u64, used: u32, left: u32) -> QuotaSample {
        QuotaSample { time_s: 1_800_000_000 + hour * HOUR, used, left }
    }

    #[test]
    fn what_is_used_faster_than_gained_will_end() {
        // 100 an hour used, 12 gained: 88 lost of 880.
        let found = forecast(&[at(0, 0, 1760), at(10, 1000, 880)]).unwrap();
        assert_eq!((found.used_per_hour, found.gained_per_hour), (100.0, 12.0));
        assert_eq!(found.empty_at_ms, Some(at(20, 0, 0).time_s * 1000));
    }

    #[test]
    fn what_is_gained_faster_than_used_lasts() {
        let found = forecast(&[at(0, 0, 100), at(10, 20, 200)]).unwrap();
        assert_eq!((found.used_per_hour, found.empty_at_ms), (2.0, None));
    }

    #[test]
    fn only_the_last_day_counts() {
        let found = forecast(&[at(0, 0, 9000), at(50, 5000, 4600), at(74, 5024, 4864)]).unwrap();
        assert_eq!((found.used_per_hour, found.empty_at_ms), (1.0, None));
    }

    #[test]
    fn of_a_short_time_the_gain_is_mostly_what_is_usual() {
        let found = forecast(&[at(0, 0, 100), at(1, 0, 160)]).unwrap();
        assert_eq!(found.gained_per_hour, 20.0);
    }

    #[test]
    fn nothing_is_foretold_from_nothing_from_minutes_or_across_a_change_of_account() {
        assert_eq!(forecast(&[]), None);
        assert_eq!(forecast(&[at(0, 5, 5)]), None);
        let soon = QuotaSample { time_s: at(0, 0, 0).time_s + 60, ..at(0, 9, 5) };
        assert_eq!(forecast(&[at(0, 5, 5), soon]), None);
        assert_eq!(forecast(&[at(0, 5000, 5), at(5, 0, 500)]), None);
        assert_eq!(forecast(&[at(0, 5000, 5), at(5, 0, 500), at(15, 10, 610)]).unwrap().used_per_hour, 1.0);
    }

    #[test]
    fn an_empty_quota_ends_now_if_it_is_still_wanted() {
        let found = forecast(&[at(0, 0, 1000), at(10, 1120, 0)]).unwrap();
        assert_eq!(found.empty_at_ms, Some(at(10, 0, 0).time_s * 1000));
    }
}
