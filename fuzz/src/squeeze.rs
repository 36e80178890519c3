//! Compressed bytes, from anybody.

use std::sync::LazyLock;

use mqtt_twister_squeeze::{Compressor, Model, decompress};

/// The longest text that is asked for. Longer ones cost more of the same.
const MAX_LEN: usize = 1024;

const DICTIONARY: &[u8] = b"\0sensors/porch\0{\"temperature\":21.5}\0\x01{\"temperature\":21.6}\0";

static MODEL: LazyLock<Model> = LazyLock::new(|| Model::with_dictionary(DICTIONARY));

/// Whatever is in `compressed`, `len` bytes come out; and these come back when they are compressed again.
pub fn check(compressed: &[u8], len: u16) {
    let len = usize::from(len) % MAX_LEN;
    let text = decompress(MODEL.clone(), compressed, len);
    assert_eq!(text.len(), len);
    check_text(&text);
}

/// What is compressed comes back, and has the size that was foretold.
pub fn check_text(text: &[u8]) {
    let mut compressor = Compressor::new(MODEL.clone());
    compressor.write(text);
    let end = compressor.mark();
    let compressed = compressor.finish_at(end);
    assert_eq!(compressed.len(), end.size());
    assert_eq!(decompress(MODEL.clone(), &compressed, text.len()), text);
}
