#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

/// A rule's words, as a person writes them.
#[derive(Debug, Clone, Default)]
struct Words<'a> {
    from: &'a str,
    strip: &'a str,
    add: &'a str,
    rename: &'a str,
}

impl Words<'_> {
    fn with<T>(&self, work: impl FnOnce(Mapping<'_>) -> T) -> T {
        let prefix = |text: &str| (!text.is_empty()).then(|| text.parse::<TopicPrefix>().unwrap());
        let (strip, add) = (prefix(self.strip), prefix(self.add));
        let rename = (!self.rename.is_empty()).then(|| self.rename.parse::<Rename>().unwrap());
        let filter = self.from.parse().unwrap();
        let (strip_prefix, add_prefix) = (strip.as_ref(), add.as_ref());
        work(Mapping { filter: &filter, strip_prefix, add_prefix, rename: rename.as_ref() })
    }

    fn apply(&self, topic: &str) -> Option<String> {
        self.with(|mapping| {
            assert_eq!(mapping.check(), Ok(()));
            mapping.apply(&topic.parse().unwrap()).map(String::from)
        })
    }

    fn error(&self) -> MappingError {
        self.with(|mapping| mapping.check().unwrap_err())
    }
}

fn renamed(from: &str, rename: &str, topic: &str) -> Option<String> {
    Words { from, rename, ..Words::default() }.apply(topic)
}

fn prefixed(from: &str, strip: &str, add: &str, topic: &str) -> Option<String> {
    Words { from, strip, add, ..Words::default() }.apply(topic)
}

#[test]
fn wish_5_levels_are_stripped() {
    assert_eq!(prefixed("home/attic/#", "home/attic/", "", "home/attic/lamp/1").as_deref(), Some("lamp/1"));
    assert_eq!(renamed("+/+/#", "$3", "home/attic/lamp/1").as_deref(), Some("lamp/1"));
}

#[test]
fn wish_5_a_prefix_is_changed_for_another() {
    assert_eq!(prefixed("home/#", "home/", "alice/", "home/lamp").as_deref(), Some("alice/lamp"));
    assert_eq!(prefixed("lamp/+", "", "alice-", "lamp/1").as_deref(), Some("alice-lamp/1"));
}

#[test]
fn wish_5_captures_go_anywhere_and_in_any_order() {
    assert_eq!(renamed("sensors/+/+", "weather/$2/$1", "sensors/porch/wind").as_deref(), Some("weather/wind/porch"));
    assert_eq!(renamed("a/+/#", "$2/of/$1", "a/b/c/d").as_deref(), Some("c/d/of/b"));
    assert_eq!(renamed("a/+", "x-$1-$1", "a/b").as_deref(), Some("x-b-b"));
    assert_eq!(renamed("a/+", "b/$$$1", "a/b").as_deref(), Some("b/$b"));
}

#[test]
fn wish_5_a_suffix_is_added() {
    assert_eq!(renamed("#", "$1/from_alice", "home/lamp").as_deref(), Some("home/lamp/from_alice"));
}

#[test]
fn wish_5_many_topics_become_one() {
    for topic in ["alarm/door", "alarm/window"] {
        assert_eq!(renamed("alarm/+", "alarm", topic).as_deref(), Some("alarm"));
    }
}

#[test]
fn a_hash_that_stands_for_no_level_leaves_none() {
    assert_eq!(renamed("sport/#", "games/$1/now", "sport").as_deref(), Some("games/now"));
    assert_eq!(renamed("sport/#", "games/$1/now", "sport/").as_deref(), Some("games//now"));
    assert_eq!(renamed("sport/#", "$1", "sport"), None);
    assert_eq!(prefixed("sport/#", "sport/", "", "sport"), None);
}

#[test]
fn what_the_filter_does_not_match_has_no_new_name() {
    assert_eq!(renamed("a/+", "b/$1", "b/c"), None);
}

#[test]
fn a_new_name_that_mqtt_cannot_carry_is_none() {
    assert_eq!(renamed("+", "$1$1$1", &"x".repeat(30_000)), None);
}

#[test]
fn a_mapping_that_cannot_work_is_refused_with_the_reason() {
    let words = |from, strip, add, rename| Words { from, strip, add, rename };
    assert_eq!(words("a/+", "", "b/", "c").error(), MappingError::RenameAndPrefix);
    assert!(matches!(words("a/+", "", "", "$1/$2").error(), MappingError::UnknownCapture { capture: 2, count: 1, .. }));
    assert!(matches!(words("+/a", "a/", "", "").error(), MappingError::NotAPrefix { .. }));
    assert!(matches!(words("a", "a/", "", "").error(), MappingError::NotAPrefix { .. }));
    assert!(matches!(words("a/b", "a/b", "", "").error(), MappingError::NothingLeft { .. }));
    assert!(matches!(words("a/$SYS/#", "a/", "", "").error(), MappingError::Local { .. }));
    assert!(matches!(words("a/mqtt-twister/#", "a/", "", "").error(), MappingError::Local { .. }));
    let long = "x".repeat(65_000);
    assert!(matches!(words(&long, "", &long, "").error(), MappingError::TooLong { len: 130_000 }));
}

#[test]
fn what_becomes_of_a_part_of_the_topics_is_known() {
    let image = |words: Words<'_>, topics: &str| {
        words.with(|mapping| mapping.image_of(&topics.parse().unwrap()).map(|image| image.to_string()))
    };
    let rename = Words { from: "a/+/#", rename: "b/$2/$1", ..Words::default() };
    assert_eq!(image(rename.clone(), "a/x/y").as_deref(), Some("b/y/x"));
    assert_eq!(image(rename.clone(), "a/+/y").as_deref(), Some("b/y/+"));
    assert_eq!(image(rename.clone(), "#").as_deref(), Some("b/#"));
    assert_eq!(image(rename, "b/#"), None);
    let prefix = Words { from: "a/#", strip: "a/", add: "b-", ..Words::default() };
    assert_eq!(image(prefix.clone(), "a/x/+").as_deref(), Some("b-x/+"));
    assert_eq!(image(prefix, "a/+/x").as_deref(), Some("+/x"));
}

#[test]
fn a_prefix_that_no_topic_can_have_is_refused() {
    let prefix = |text: &str| text.parse::<TopicPrefix>().unwrap_err();
    assert_eq!(prefix(""), TopicPrefixError::Empty);
    assert!(matches!(prefix("a/+/"), TopicPrefixError::NotATopic(_)));
    assert!(matches!(prefix("$SYS/"), TopicPrefixError::Local(_)));
    assert!(matches!(prefix("mqtt-twister/x"), TopicPrefixError::Local(_)));
    assert!(matches!(prefix(&"x".repeat(70_000)), TopicPrefixError::TooLong { .. }));
}

#[test]
fn a_new_name_that_no_topic_can_have_is_refused() {
    let rename = |text: &str| text.parse::<Rename>().unwrap_err();
    assert_eq!(rename(""), RenameError::Empty);
    assert!(matches!(rename("a/#"), RenameError::NotATopic(_)));
    assert!(matches!(rename("a\0"), RenameError::NotATopic(_)));
    for text in ["a/$", "a/$x", "a/$0", "$$$"] {
        assert!(matches!(rename(text), RenameError::Dollar(_)), "{text}");
    }
    assert!(matches!(rename("$$SYS/$1"), RenameError::Local(_)));
    assert!(matches!(rename("mqtt-twister/$1"), RenameError::Local(_)));
}

/// Levels as people and machines write them, some of them empty.
fn levels() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec("[a-c$ü ]{0,3}", 1..6)
}

fn topic(levels: &[String]) -> Option<Topic> {
    levels.join("/").parse().ok()
}

/// A filter that matches a topic with `levels`, and a new name that puts everything back where it was.
fn filter_of(levels: &[String], wild: &[bool], from_here: usize) -> (String, String) {
    let (mut filter, mut rename, mut captures) = (Vec::new(), Vec::new(), 0);
    for (index, level) in levels.iter().enumerate() {
        if index == from_here {
            break;
        }
        if wild[index] {
            captures += 1;
            filter.push("+".to_owned());
            rename.push(format!("${captures}"));
        } else {
            filter.push(level.clone());
            rename.push(level.replace('$', "$$"));
        }
    }
    if from_here <= levels.len() {
        filter.push("#".to_owned());
        rename.push(format!("${}", captures + 1));
    }
    (filter.join("/"), rename.join("/"))
}

proptest! {
    #[test]
    fn what_captures_take_apart_they_put_together_again(
        levels in levels(), wild in proptest::collection::vec(any::<bool>(), 6), from_here in 0usize..8,
    ) {
        let (from, rename) = filter_of(&levels, &wild, from_here);
        if let (Some(topic), Ok(filter), Ok(rename)) = (topic(&levels), from.parse(), rename.parse()) {
            let mapping = Mapping { rename: Some(&rename), ..Mapping::of(&filter) };
            let expected = filter.matches(&topic).then(|| topic.clone());
            prop_assert_eq!(mapping.apply(&topic), expected);
        }
    }

    #[test]
    fn what_one_end_adds_the_other_strips(levels in levels(), prefix in "[a-c/]{1,6}") {
        if let Some(topic) = topic(&levels) {
            let prefix: TopicPrefix = prefix.parse().unwrap();
            let exact: TopicFilter = topic.as_str().parse().unwrap();
            let added = Mapping { add_prefix: Some(&prefix), ..Mapping::of(&exact) }.apply(&topic).unwrap();
            let exact: TopicFilter = added.as_str().parse().unwrap();
            let stripped = Mapping { strip_prefix: Some(&prefix), ..Mapping::of(&exact) }.apply(&added);
            prop_assert_eq!(stripped, Some(topic));
        }
    }

    #[test]
    fn whatever_a_rule_makes_is_a_topic_that_its_image_matches(
        levels in levels(), wild in proptest::collection::vec(any::<bool>(), 6), from_here in 0usize..8,
        rename in "[a-b/$1-3]{1,10}", strip in "[a-c/]{0,3}", add in "[a-c/]{0,3}",
    ) {
        let (from, _) = filter_of(&levels, &wild, from_here);
        let (Some(topic), Ok(filter)) = (topic(&levels), from.parse::<TopicFilter>()) else { return Ok(()) };
        let (strip, add, rename) = (strip.parse().ok(), add.parse().ok(), rename.parse::<Rename>().ok());
        let renames = Mapping { rename: rename.as_ref(), ..Mapping::of(&filter) };
        let prefixes = Mapping { strip_prefix: strip.as_ref(), add_prefix: add.as_ref(), ..Mapping::of(&filter) };
        for mapping in [renames, prefixes] {
            if let (Ok(()), Some(mapped)) = (mapping.check(), mapping.apply(&topic)) {
                prop_assert!(mapped.as_str().parse::<Topic>().is_ok());
                let exact = topic.as_str().parse().unwrap();
                for topics in [&filter, &exact] {
                    let image = mapping.image_of(topics).unwrap();
                    prop_assert!(mapped.is_local() || image.matches(&mapped), "{} {}", mapped, image);
                }
            }
        }
    }
}
