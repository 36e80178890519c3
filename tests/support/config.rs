//! Configurations as people write them.

/// A bridge in the program's own format, whose node wants to hear `user`: `rules` are the lines of its lists.
pub fn toml_bridge_as(user: &str, name: &str, account: &str, node: &str, broker: &str, rules: &str) -> String {
    format!(
        "[[bridge]]\nname = \"{name}\"\n{rules}\n\
         [bridge.twister]\nurl = \"{node}\"\nuser = \"{user}\"\naccount = \"{account}\"\n\
         [bridge.broker]\nurl = \"{broker}\"\n\n"
    )
}
