//! Whether two topic filters have anything in common.

use mqtt_twister_bridge::topic::TopicFilter;

/// Whether some topic is matched by both.
pub(super) fn overlap(a: &TopicFilter, b: &TopicFilter) -> bool {
    !of_different_worlds(a, b) && overlap_levels(&levels(a), &levels(b))
}

fn levels(filter: &TopicFilter) -> Vec<&str> {
    filter.as_str().split('/').collect()
}

/// A filter that begins with a wildcard matches nothing that begins with `$`.
fn of_different_worlds(a: &TopicFilter, b: &TopicFilter) -> bool {
    let wild = |filter: &TopicFilter| filter.as_str().starts_with(['+', '#']);
    let reserved = |filter: &TopicFilter| filter.as_str().starts_with('$');
    (wild(a) && reserved(b)) || (reserved(a) && wild(b))
}

fn overlap_levels(a: &[&str], b: &[&str]) -> bool {
    match (a, b) {
        (["#", ..], _) | (_, ["#", ..]) => true,
        ([x, a @ ..], [y, b @ ..]) => (x == y || *x == "+" || *y == "+") && overlap_levels(a, b),
        ([], []) => true,
        ([], _) | (_, []) => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn filters(a: &str, b: &str) -> (TopicFilter, TopicFilter) {
        (a.parse().unwrap(), b.parse().unwrap())
    }

    #[test]
    fn filters_overlap_when_a_topic_can_match_both() {
        for (a, b) in [("a/+", "+/b"), ("a/#", "a"), ("#", "x"), ("a/+/c", "a/b/#")] {
            let (a, b) = filters(a, b);
            assert!(overlap(&a, &b) && overlap(&b, &a), "{a} and {b}");
        }
        for (a, b) in [("a/+", "b/+"), ("a/+", "a"), ("+/+", "a/b/c"), ("#", "$SYS/#")] {
            let (a, b) = filters(a, b);
            assert!(!overlap(&a, &b) && !overlap(&b, &a), "{a} and {b}");
        }
    }
}
