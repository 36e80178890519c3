//! What `docs/configuration.md` says is true.

use mqtt_twister_bridge::config::ConfigFile;
use serde_json::Value;

const DOCUMENTATION: &str = include_str!("../../../../docs/configuration.md");

/// The rest of a bridge, around an example that has only some of its fields.
const BEFORE: &str = "[[bridge]]\nname = 'alice'\nfollowing = ['mqtt_bob']\n";
const AFTER: &str = "\n[bridge.twister]\nurl = 'http://127.0.0.1:28332'\naccount = 'mqtt_alice'\n\
                     [bridge.broker]\nurl = '127.0.0.1'\n";

fn examples() -> impl Iterator<Item = &'static str> {
    DOCUMENTATION.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap())
}

fn read(example: &str) -> ConfigFile {
    let text = match example.starts_with("[[bridge]]") {
        true => example.to_owned(),
        false => [BEFORE, example, AFTER].concat(),
    };
    ConfigFile::parse_toml(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

#[test]
fn every_example_in_the_documentation_is_a_configuration() {
    assert!(examples().count() >= 3);
    for example in examples() {
        let file = read(example);
        assert_eq!(ConfigFile::parse_toml(&file.to_toml()).unwrap(), file);
    }
}

#[test]
fn the_examples_become_what_their_comments_say() {
    let mut told = 0;
    for example in examples() {
        let forwards = &read(example).bridges[0].forwards;
        let comments = example.lines().filter(|line| line.contains("from =")).filter_map(|line| line.split_once("# "));
        for (index, (_, comment)) in comments.enumerate() {
            if let Some((topic, becomes)) = comment.split_once(" becomes ") {
                let mapped = forwards[index].mapping().apply(&topic.parse().unwrap());
                assert_eq!(mapped.map(String::from).as_deref(), Some(becomes), "{comment}");
                told += 1;
            }
        }
    }
    assert_eq!(told, 3);
}

#[test]
fn every_field_is_in_the_documentation() {
    let mut whole = serde_json::to_value(&read(super::rules::WHOLE).bridges[0]).unwrap();
    for plain in ["twister", "broker"] {
        whole[plain].as_object_mut().unwrap().insert("user".to_owned(), Value::Null);
    }
    let mut fields = Vec::new();
    collect(&whole, &mut fields);
    assert!(fields.len() > 30);
    for field in fields {
        let named =
            [format!("`{field}`"), format!(".{field}`")].iter().any(|name| DOCUMENTATION.contains(name.as_str()));
        assert!(named, "{field} is not documented");
    }
}

/// The names of all fields, without those of accounts.
fn collect(value: &Value, fields: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if name != "mqtt_bob" {
                    fields.push(name.clone());
                }
                collect(value, fields);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, fields)),
        _ => {}
    }
}
