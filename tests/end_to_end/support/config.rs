//! Configurations as people write them, with the addresses of a test filled in.

use super::processes::toml_bridge_as;
use super::{Mosquitto, Network, USER};

/// mosquitto-twister's own example, alice's side.
pub fn alice_json(broker: &Mosquitto, network: &Network) -> String {
    let (broker, node) = (broker.address(), network.url_with_password(0));
    format!(
        r##"{{"mosquitto":"{broker}","twister":"{node}","username":"mqtt_alice","following":["mqtt_bob"],
  "publications":["sensors/#","doors/#"],"forwards":[{{"from":"sensors/#"}},{{"from":"doors/#","type":"private","to":["mqtt_bob"]}}],
  "subscriptions":["fridges/#","earrings/#"]}}"##
    )
}

/// mosquitto-twister's own example, bob's side.
pub fn bob_json(broker: &Mosquitto, network: &Network) -> String {
    let (broker, node) = (broker.address(), network.url_with_password(1));
    format!(
        r##"{{"mosquitto":"{broker}","twister":"{node}","username":"mqtt_bob","following":["mqtt_alice"],
  "publications":["fridges/#"],"forwards":[{{"from":"fridges/#"}}],"subscriptions":["doors/#"]}}"##
    )
}

/// A bridge in the program's own format: `rules` are the lines of its lists.
pub fn toml_bridge(name: &str, account: &str, node: &str, broker: &str, rules: &str) -> String {
    toml_bridge_as(USER, name, account, node, broker, rules)
}
