//! The body of a v1 frame, in a frame whose text, checksum and compression are as they should be.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mqtt_twister_fuzz::frame;

fuzz_target!(|body: &[u8]| frame::check_body(body));
