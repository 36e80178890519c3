//! Every page of the window. A new page is a line here; what visits all pages then visits it, too.

/// The pages of the app on its first start.
pub const FIRST: [Page; 4] = [
    Page { name: "welcome", address: "#/welcome" },
    Page { name: "connect", address: "#/connect" },
    Page { name: "settings", address: "#/settings" },
    Page { name: "nodes", address: "#/nodes" },
];

/// The pages that there are once "Try it" is open.
pub const TRYOUT: [Page; 13] = [
    Page { name: "try-it", address: "#/try" },
    Page { name: "overview", address: "#/overview" },
    Page { name: "all-messages", address: "#/messages" },
    Page { name: "publish", address: "#/publish" },
    Page { name: "log", address: "#/log" },
    Page { name: "messages", address: "#/bridge/try%2Falice/messages" },
    Page { name: "rules", address: "#/bridge/try%2Falice/rules" },
    Page { name: "queue", address: "#/bridge/try%2Falice/queue" },
    Page { name: "retained", address: "#/bridge/try%2Falice/retained" },
    Page { name: "people", address: "#/bridge/try%2Falice/people" },
    Page { name: "account", address: "#/bridge/try%2Falice/account" },
    Page { name: "network", address: "#/bridge/try%2Falice/network" },
    Page { name: "bridge-settings", address: "#/bridge/try%2Falice/settings" },
];

/// A page of the window.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// What its picture is called.
    pub name: &'static str,
    /// Where it is.
    pub address: &'static str,
}
