//! Compressed bytes: the first two are the length of what they stand for, lower byte first.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mqtt_twister_fuzz::squeeze;

fuzz_target!(|input: &[u8]| {
    if let [low, high, rest @ ..] = input {
        squeeze::check(rest, u16::from_le_bytes([*low, *high]));
        squeeze::check_text(rest);
    }
});
