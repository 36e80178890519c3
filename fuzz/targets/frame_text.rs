//! The text of a post or direct message, read as a frame.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mqtt_twister_fuzz::frame;

fuzz_target!(|text: &str| frame::check_text(text));
