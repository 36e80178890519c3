//! Takes out of a text what a person would not want a stranger to read: names of hosts, users and accounts, the home folder, and
//! whatever looks like a password. The same thing gets the same word everywhere, so that the text still makes sense.

use std::collections::BTreeMap;

use mqtt_twister_bridge::config::BridgeConfig;

/// Stands where something was that looked like a secret.
const HIDDEN: &str = "<hidden>";

/// Words after which a secret may stand: `rpcpassword=…`, `passphrase: …`.
const TELLTALE: [&str; 5] = ["password", "passphrase", "secret", "privkey", "token"];

/// Knows what is to be taken out of a text.
#[derive(Debug, Default)]
pub struct Redaction {
    /// What stands for what, the longest first.
    words: Vec<(String, String)>,
    home: Option<String>,
}

impl Redaction {
    /// Of everything that these bridges name.
    pub fn of<'a>(bridges: impl IntoIterator<Item = &'a BridgeConfig>, home: Option<String>) -> Self {
        let mut named: BTreeMap<String, String> = BTreeMap::new();
        let mut name = |kind: &str, word: &str| {
            if word.is_empty()
                || matches!(word, "localhost" | "127.0.0.1" | "::1" | "[::1]")
                || named.contains_key(word)
            {
                return;
            }
            let number = named.values().filter(|alias| alias.starts_with(kind)).count() + 1;
            named.insert(word.to_owned(), format!("{kind}-{number}"));
        };
        for bridge in bridges {
            name("host", bridge.twister.url.host());
            name("host", bridge.broker.url.host());
            name("user", &bridge.twister.user);
            name("user", &bridge.broker.user);
            name("account", bridge.twister.account.as_str());
            for peer in bridge.following.iter().chain(bridge.peers.keys()) {
                name("peer", peer.as_str());
            }
            for peer in bridge.forwards.iter().flat_map(|forward| &forward.to) {
                name("peer", peer.as_str());
            }
        }
        let mut words: Vec<_> = named.into_iter().collect();
        words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
        Self { words, home: home.filter(|home| home.len() > 1) }
    }

    /// The text without what is to be taken out.
    pub fn apply(&self, text: &str) -> String {
        let text = match &self.home {
            Some(home) => text.replace(home.as_str(), "~"),
            None => text.to_owned(),
        };
        let text = hide_secrets(&hide_logins(&text));
        self.words.iter().fold(text, |text, (word, alias)| replace_word(&text, word, alias))
    }
}

/// `http://user:password@host` without user and password.
fn hide_logins(text: &str) -> String {
    let mut parts = text.split("://");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        kept.push_str("://");
        let end =
            part.find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '<' | '>')).unwrap_or(part.len());
        match part[..end].rfind('@') {
            Some(at) => kept.push_str(&part[at + 1..]),
            None => kept.push_str(part),
        }
    }
    kept
}

/// `rpcpassword=xyzzy` as `rpcpassword=<hidden>`, line by line.
fn hide_secrets(text: &str) -> String {
    let lines = text.split('\n').map(|line| {
        let lower = line.to_ascii_lowercase();
        let found = TELLTALE.iter().find_map(|word| {
            let after = lower.find(word)? + word.len();
            let rest = &line[after..];
            let value = rest.trim_start_matches([' ', '"', '\'']);
            let value = value.strip_prefix(['=', ':'])?;
            Some(line.len() - value.len())
        });
        match found {
            Some(from) if !line[from..].trim().is_empty() => format!("{} {HIDDEN}", &line[..from]),
            _ => line.to_owned(),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Replaces a word where it stands alone, not as a part of a longer one.
fn replace_word(text: &str, word: &str, alias: &str) -> String {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let (before, found) = rest.split_at(at);
        let after = &found[word.len()..];
        kept.push_str(before);
        let alone = !kept.ends_with(part) && !after.starts_with(part);
        kept.push_str(if alone { alias } else { word });
        rest = after;
    }
    kept + rest
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use mqtt_twister_bridge::config::parse_bridge;
    use serde_json::json;

    use super::*;

    fn redaction() -> Redaction {
        let bridge = parse_bridge(json!({
            "name": "home",
            "twister": { "url": "http://node.example.org:28332", "user": "ada", "account": "mqtt_alice" },
            "broker": { "url": "mqtt://127.0.0.1:1883", "user": "lovelace" },
            "following": ["mqtt_bob"],
            "forwards": [{ "from": "doors/#", "type": "private", "to": ["mqtt_carol"] }],
        }));
        Redaction::of([&bridge.unwrap()], Some("/home/ada".to_owned()))
    }

    #[test]
    fn hosts_users_accounts_and_the_home_folder_get_other_names() {
        let text =
            "ada at node.example.org, mqtt_alice to mqtt_bob and mqtt_carol, /home/ada/.config, lovelace at 127.0.0.1";
        assert_eq!(
            redaction().apply(text),
            "user-1 at host-1, account-1 to peer-1 and peer-2, ~/.config, user-2 at 127.0.0.1"
        );
    }

    #[test]
    fn a_name_within_a_longer_word_stays() {
        assert_eq!(redaction().apply("adapter, mqtt_bobby, (mqtt_bob)"), "adapter, mqtt_bobby, (peer-1)");
    }

    #[test]
    fn a_login_in_an_address_goes() {
        let text = "cannot reach mqtt://me:p@ss@broker.lan:1883/x, \"http://u:p@h\"; a@b stays";
        assert_eq!(redaction().apply(text), "cannot reach mqtt://broker.lan:1883/x, \"http://h\"; a@b stays");
    }

    #[test]
    fn whatever_looks_like_a_secret_goes() {
        for text in ["rpcpassword=xyzzy", "the Password: \"xyzzy\"", "{\"passphrase\": \"xyzzy\"}", "secret = xyzzy"] {
            let kept = redaction().apply(text);
            assert!(!kept.contains("xyzzy") && kept.contains(HIDDEN), "{kept}");
        }
        assert_eq!(redaction().apply("the node refuses the password"), "the node refuses the password");
    }
}
