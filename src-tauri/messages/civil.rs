//! Times as people and spreadsheets read them: ISO 8601 in UTC.

/// A time in milliseconds since 1970, as `2026-11-23T10:05:20.123Z`.
pub fn iso(time_ms: u64) -> String {
    let (year, month, day) = date(time_ms / 86_400_000);
    let of_day = time_ms % 86_400_000;
    let (hour, minute, second, ms) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1000 % 60, of_day % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

/// The same in a form that may stand in a file's name, and sorts by age: `20261123T100520123Z`.
pub fn stamp(time_ms: u64) -> String {
    iso(time_ms).chars().filter(|c| c.is_ascii_alphanumeric()).collect()
}

/// Year, month and day of a day counted from 1 January 1970. Years are counted from March on, so that a leap day is the last of
/// its year, and in eras of 400 years, which all have the same number of days.
fn date(days: u64) -> (u64, u64, u64) {
    const DAYS_TO_1970: u64 = 719_468;
    const DAYS_OF_ERA: u64 = 146_097;
    let days = days + DAYS_TO_1970;
    let (era, day_of_era) = (days / DAYS_OF_ERA, days % DAYS_OF_ERA);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (time_ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_000, "2024-02-29T23:59:59.000Z"),
            (1_795_428_320_123, "2026-11-23T10:05:20.123Z"),
            (4_102_444_800_000, "2100-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(iso(time_ms), text);
        }
        assert_eq!(stamp(1_795_428_320_123), "20261123T100520123Z");
    }
}
