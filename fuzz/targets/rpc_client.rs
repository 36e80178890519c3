//! A node's reply, over a connection to the client as a whole: the first byte stands for the HTTP status, the second for the
//! call, the rest is the body.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mqtt_twister_fuzz::client::Node;
use mqtt_twister_fuzz::status;

static NODE: LazyLock<Node> = LazyLock::new(|| Node::start().expect("a port is free"));

fuzz_target!(|input: &[u8]| {
    if let [digit, call, body @ ..] = input {
        NODE.check(*call, status(*digit), body);
    }
});
