//! The benchmark of the window: how soon it can be used, what it takes of memory while messages cross, and how big the packages are;
//! beside the smallest window that Tauri can open, in the same run on the same display. It makes the rows `start (app)` and `weight`.
//!
//! Named as an argument, one of `start` and `weight` is measured alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout, reason = "a benchmark prints what it has measured")]

mod memory;
mod neighbours;
mod packages;
mod rival;
mod start;
mod weight;

/// The real window, driven as its tests drive it.
#[path = "../../tests/ui"]
mod ui {
    #[allow(dead_code, unused_imports, reason = "made for the tests, which do more")]
    pub mod support;
}

use mqtt_twister_benches::{Effort, Row, folder};

#[tokio::main]
async fn main() {
    let named: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |name: &str| named.is_empty() || named.iter().any(|one| one == name);
    let effort = Effort::asked_for();
    if wanted("start") {
        write(&start::measure(effort).await);
    }
    if wanted("weight") {
        write(&weight::measure(effort).await);
    }
}

fn write(row: &Row) {
    row.write(&folder()).expect("the folder of all that is measured can be written");
}
