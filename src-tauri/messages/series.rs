//! A number over time: the payload itself, or a field of it that is JSON.

use serde_json::Value;

use super::entry::Entry;
use super::history::History;
use super::rows::Series;

/// Most points of a series: more than a chart has pixels.
const MOST_POINTS: usize = 2000;

/// Longest payload that is looked into, in bytes.
const LONGEST: usize = 64 * 1024;

/// The number at `pointer` (a JSON pointer; empty for the whole payload) in all messages like this one.
pub(super) fn series(history: &History, like: &Entry, pointer: &str) -> Series {
    let points =
        history.all_like(like).filter_map(|entry| Some((entry.began_ms(), number_in(entry.payload.bytes(), pointer)?)));
    let mut points: Vec<(u64, f64)> = points.take(MOST_POINTS).collect();
    points.sort_by_key(|(time_ms, _)| *time_ms);
    let (times_ms, values) = points.into_iter().unzip();
    Series { times_ms, values }
}

/// The number in a payload; what is true or false counts as 1 or 0.
fn number_in(payload: &[u8], pointer: &str) -> Option<f64> {
    if payload.len() > LONGEST {
        return None;
    }
    let value: Value = serde_json::from_slice(payload).ok()?;
    let number = match value.pointer(pointer)? {
        Value::Number(number) => number.as_f64()?,
        Value::Bool(on) => f64::from(u8::from(*on)),
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use mqtt_twister_bridge::event::{MessageEvent, Payload};

    use super::*;
    use crate::messages::testing::{event, home};

    #[test]
    fn a_number_is_the_payload_or_a_field_of_it() {
        for (payload, pointer, number) in [
            ("21.5", "", Some(21.5)),
            (" -3e2 ", "", Some(-300.0)),
            ("\"7\"", "", Some(7.0)),
            (r#"{"a":{"b":[1,2.5]},"on":true}"#, "/a/b/1", Some(2.5)),
            (r#"{"a":{"b":[1,2.5]},"on":true}"#, "/on", Some(1.0)),
            (r#"{"a":{}}"#, "/a", None),
            (r#"{"a":1}"#, "/b", None),
            ("on", "", None),
            ("\"inf\"", "", None),
        ] {
            assert_eq!(number_in(payload.as_bytes(), pointer), number, "{payload} {pointer}");
        }
    }

    #[test]
    fn a_series_has_the_messages_that_have_the_number_in_the_order_of_time() {
        let mut history = History::new(1 << 20);
        for (number, (topic, payload)) in [("a", "1"), ("b", "9"), ("a", "off"), ("a", "2")].into_iter().enumerate() {
            let time_ms = 1000 * number as u64;
            let payload = Payload::from(payload.as_bytes());
            let number = u32::try_from(number).unwrap();
            history.note(&home(), &MessageEvent { payload, time_ms, ..event(number, topic) });
        }
        let series = series(&history, history.get(1).unwrap(), "");
        assert_eq!((series.times_ms, series.values), (vec![0, 3000], vec![1.0, 2.0]));
    }
}
