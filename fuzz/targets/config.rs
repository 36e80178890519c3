//! A configuration file of either format.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mqtt_twister_fuzz::config;
use tempfile::NamedTempFile;

static PLACE: LazyLock<NamedTempFile> = LazyLock::new(|| NamedTempFile::new().expect("a file can be made"));

fuzz_target!(|text: &str| config::check_text(text, PLACE.path()));
