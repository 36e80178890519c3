//! A node's reply, without a connection: the first byte stands for the HTTP status, the rest is the body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mqtt_twister_fuzz::{rpc, status};

fuzz_target!(|input: &[u8]| {
    if let [digit, body @ ..] = input {
        rpc::check_reply(status(*digit), body);
    }
});
