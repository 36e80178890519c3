//! How the node and the network are: a node that is lost and found again, with the diagnosis that shows.

use crate::support::{Machine, Stranger, two_bridges};

#[tokio::test(flavor = "multi_thread")]
async fn the_loss_of_a_node_is_diagnosed_in_plain_words_and_so_is_its_recovery() {
    let accounts = ["mqtt_alice@0", "mqtt_bob@1"];
    let network = Stranger::start(&accounts).await;
    let ports: Vec<String> = network.nodes.iter().map(|node| node.port().to_owned()).collect();
    let password = network.nodes[0].password.clone();
    let window = two_bridges(Machine::new(), &network).open().await;
    window.go("#/overview").await;
    window.press("start-all").await;
    window.go("#/bridge/alice/network").await;
    window.shows("node-facts", "0.9.40").await;
    window.shows("swarms", "@mqtt_alice").await;
    window.screenshot("network.png").await;
    window.is_accessible("The network").await;

    network.kill().await;
    window.shows("finding", "The node does not answer").await;
    window.shows("finding", "nothing is lost meanwhile").await;
    window.screenshot("network-lost.png").await;
    window.is_accessible("The network without its node").await;

    let back = ["--block-seconds", "2", "--password", &password, "--port", &ports[0], "--port", &ports[1]];
    let network = Stranger::start_with(&accounts, &back).await;
    window.shows("node-facts", "0.9.40").await;
    window.close().await;
    network.kill().await;
}
