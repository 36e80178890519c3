//! A post as it travels in the swarm.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mqtt_twister_fuzz::rpc;

fuzz_target!(|bytes: &[u8]| rpc::check_bencode(bytes));
