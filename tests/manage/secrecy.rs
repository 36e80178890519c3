//! The password is where it has to be, and nowhere else.

use std::fs;
use std::path::{Path, PathBuf};

use mqtt_twister_daemon::NodeProblemCode;

use crate::support::{Bench, PASSWORD};

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn the_password_is_in_no_file_command_line_environment_or_log() {
    let bench = Bench::new();
    let node = bench.private("home", &[]);
    let daemon = bench.run(&node.id).await;
    daemon.client().info().await.expect("the password is right");

    let pid = daemon.status().borrow().pid.unwrap();
    let mut places: Vec<PathBuf> = files(bench.root());
    places.extend(["cmdline", "environ"].map(|name| Path::new("/proc").join(pid.to_string()).join(name)));
    assert!(places.len() > 5, "{places:?}");
    for place in places {
        let text = fs::read(&place).unwrap();
        let is_in = text.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes());
        assert!(!is_in, "{}", place.display());
    }
    let shown = format!("{daemon:?} {:?} {:?}", daemon.status().borrow(), daemon.client());
    assert!(!shown.contains(PASSWORD), "{shown}");
    daemon.end().await;
}

#[tokio::test]
async fn a_password_that_would_be_read_as_something_else_is_refused() {
    let bench = Bench::new();
    let node = bench.private("home", &[]);
    for password in ["", "a b", "a#b", "a\nrpcallowip=*"] {
        assert_eq!(bench.nodes.open(&node.id, password).unwrap_err().code, NodeProblemCode::PasswordRefused);
    }
}
