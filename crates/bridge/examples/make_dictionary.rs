//! Makes a frame dictionary from its messages: `cargo run -p mqtt-twister-bridge --example make_dictionary < 1.jsonl > 1.bin`.

use std::io::{Read as _, Write as _, stdin, stdout};

use mqtt_twister_bridge::frame::v1::dictionary;

fn main() -> std::io::Result<()> {
    let mut source = String::new();
    stdin().read_to_string(&mut source)?;
    stdout().write_all(&dictionary::build(&source)?)
}
