//! The TypeScript that the window is written against is made from the Rust declarations and committed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;

use specta_typescript::Typescript;

/// Set it to write the file anew: `UPDATE=1 cargo test --test bindings`.
const UPDATE: &str = "UPDATE";

const COMMITTED: &str = "ui/src/lib/generated/bindings.ts";

#[test]
fn the_committed_typescript_is_what_the_rust_declares() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join(COMMITTED);
    let declared = declared();
    if std::env::var_os(UPDATE).is_some() {
        fs::create_dir_all(committed.parent().unwrap()).unwrap();
        fs::write(&committed, &declared).unwrap();
    }
    assert!(
        fs::read_to_string(committed).unwrap_or_default() == declared,
        "{COMMITTED} is stale. Run `{UPDATE}=1 cargo test -p mqtt-twister --test bindings`."
    );
}

#[test]
fn the_window_may_use_every_command_and_no_other() {
    let permission = include_str!("../permissions/app.toml");
    let mut allowed: Vec<&str> =
        permission.lines().filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\",")).collect();
    let declared = declared();
    let mut registered: Vec<&str> =
        declared.split("__TAURI_INVOKE(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    allowed.sort_unstable();
    registered.sort_unstable();
    assert_eq!(allowed, registered);
}

/// The TypeScript of what the app declares now.
fn declared() -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bindings.ts");
    mqtt_twister::wire::wire().export(Typescript::default(), &file).unwrap();
    fs::read_to_string(file).unwrap()
}
