//! Configurations: the program's own TOML, mosquitto-twister's JSON, and the JSON that the user interface sends.

use std::fs;
use std::path::Path;

use mqtt_twister_bridge::config::{BridgeConfig, ConfigFile, parse_bridge};
use mqtt_twister_bridge::mapping::Mapping;
use mqtt_twister_bridge::topic::Topic;

/// A text is refused with a reason or read, and what was read is written and read again without change. `place` is a file
/// that may be overwritten.
pub fn check_text(text: &str, place: &Path) {
    fs::write(place, text).expect("the place can be written");
    match ConfigFile::load(place) {
        Ok(loaded) => loaded.bridges.iter().for_each(|bridge| check_bridge(&bridge.config)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Ok(file) = ConfigFile::parse_toml(text) {
        assert_eq!(file.check(), Ok(()));
        assert_eq!(ConfigFile::parse_toml(&file.to_toml()).expect("it was written from a good one"), file);
    }
    if let Ok(json) = serde_json::from_str(text)
        && let Ok(bridge) = parse_bridge(json)
    {
        check_bridge(&bridge);
    }
}

/// The user interface gets a bridge as JSON and sends it back; and the bridge's rules know what they make of topics.
fn check_bridge(bridge: &BridgeConfig) {
    bridge.forwards.iter().for_each(|rule| check_mapping(&rule.mapping()));
    bridge.subscriptions.iter().for_each(|rule| check_mapping(&rule.mapping()));
    let json = serde_json::to_value(bridge).expect("JSON can express it");
    assert_eq!(parse_bridge(json).expect("it was written from a good one"), *bridge);
}

/// Whatever topic a rule takes, the new one is among those that the rule says it makes.
fn check_mapping(mapping: &Mapping<'_>) {
    assert_eq!(mapping.check(), Ok(()));
    let (filter, image) = (mapping.filter.as_str(), mapping.image_of(mapping.filter));
    for plus in ["", "x", "$y", "mqtt-twister", "é é"] {
        for hash in ["", "x", "x/y//", "/", "$1"] {
            let named = |filter: &str| filter.replace('+', plus).replace('#', hash).parse::<Topic>().ok();
            let topics = [named(filter), filter.strip_suffix("/#").and_then(named)];
            for topic in topics.into_iter().flatten() {
                let name = mapping.apply(&topic).filter(|name| !name.is_local());
                let is_in_image = |name: Topic| image.as_ref().is_some_and(|image| image.matches(&name));
                assert!(name.is_none_or(is_in_image), "{topic} by {mapping:?} is not in {image:?}");
            }
        }
    }
}
