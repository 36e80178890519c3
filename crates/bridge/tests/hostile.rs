//! Texts that others have written, in ways that no program would: the checks of the fuzz targets in `fuzz/`, in small.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../../../fuzz/src/config.rs"]
mod config;
#[path = "../../../fuzz/src/damage.rs"]
mod damage;
#[path = "../../../fuzz/src/frame.rs"]
mod frame;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use damage::Damage;

/// What the fuzzer of `target` starts from.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|file| fs::read(file).unwrap()).collect()
}

/// The seeds of `target`, and `count` damaged ones.
fn inputs(target: &str, count: usize) -> impl Iterator<Item = Vec<u8>> {
    let seeds = seeds(target);
    assert!(!seeds.is_empty());
    let mut damage = Damage::new(0x9e37_79b9_7f4a_7c15);
    let damaged: Vec<_> = seeds.iter().cycle().take(count).map(|seed| damage.damaged(seed)).collect();
    seeds.into_iter().chain(damaged)
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn a_damaged_text_is_refused_or_read_as_a_frame_that_can_be_written_again() {
    inputs("frame_text", 200).for_each(|input| frame::check_text(&text(input)));
}

#[test]
fn a_damaged_body_is_refused_or_read_as_a_frame_that_can_be_written_again() {
    inputs("frame_body", 800).for_each(|input| frame::check_body(&input));
}

#[test]
fn a_damaged_configuration_is_refused_or_read_as_one_that_can_be_written_again() {
    let place = tempfile::NamedTempFile::new().unwrap();
    inputs("config", 500).for_each(|input| config::check_text(&text(input), place.path()));
}

#[test]
fn a_frame_that_is_made_to_cost_as_much_as_it_can_is_read_in_a_moment() {
    let head = b"q3Rz9aB1\x07\x00\x00".as_slice();
    let first_record = [b"\x01\x00\x00\x00\x9e\x04".as_slice(), &[b'a'; 542], b"\0"].concat();
    let further_records = b"\x01\x00\x00\x00\0".repeat(4096);
    let long_topics = [head, &first_record, &further_records].concat();
    let one_letter_topics = [head, b"\x01\x00\x00\x00\x01a\0", &further_records].concat();
    for body in [vec![0; 65_536], long_topics, one_letter_topics] {
        let begun = Instant::now();
        frame::check_body(&body);
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
}
