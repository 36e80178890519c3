//! Programs that are no twisterd, or not one that will do.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mqtt_twister_daemon::{NodeProblem, NodeProblemCode, Tempo};

use crate::support::{Bench, until_failed};

/// A file with this text, that may be run if `mode` says so.
fn file(bench: &Bench, text: &str, mode: u32) -> PathBuf {
    let path = bench.root().join("chosen");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

/// What is said of a chosen program.
async fn verdict(bench: &Bench, program: &Path) -> NodeProblem {
    let node = bench.public();
    bench.choose(&node.id, program);
    let daemon = bench.open_with(&node.id, Tempo { possession: Duration::from_secs(1), ..Tempo::quick() });
    daemon.start().unwrap();
    until_failed(&daemon).await
}

#[tokio::test]
async fn a_file_that_is_gone_is_not_found() {
    let bench = Bench::new();
    let problem = verdict(&bench, &bench.root().join("gone")).await;
    assert_eq!(problem.code, NodeProblemCode::ProgramNotFound);
}

#[tokio::test]
async fn a_file_that_may_not_be_run_is_told_so() {
    let bench = Bench::new();
    let problem = verdict(&bench, &file(&bench, "#!/bin/sh\n", 0o600)).await;
    assert_eq!(problem.code, NodeProblemCode::ProgramNotExecutable);
}

#[tokio::test]
async fn a_file_that_is_no_program_is_told_so() {
    let bench = Bench::new();
    assert_eq!(verdict(&bench, &file(&bench, "holiday pictures", 0o700)).await.code, NodeProblemCode::NotAProgram);
}

#[tokio::test]
async fn a_program_for_another_computer_is_no_program_here() {
    let bench = Bench::new();
    assert_eq!(verdict(&bench, &file(&bench, "\x7fELF of nowhere", 0o700)).await.code, NodeProblemCode::NotAProgram);
}

#[tokio::test]
async fn a_program_that_ends_at_once_is_not_twisterd_and_its_words_are_shown() {
    let bench = Bench::new();
    let problem = verdict(&bench, &file(&bench, "#!/bin/sh\necho 'usage: other [options]'\nexit 2\n", 0o700)).await;
    assert_eq!(problem.code, NodeProblemCode::NotTwisterd);
    assert!(problem.message.contains("exit status: 2"), "{problem}");
    assert!(problem.message.contains("usage: other [options]"), "{problem}");
}

#[tokio::test]
async fn a_program_that_only_runs_is_not_twisterd() {
    let bench = Bench::new();
    let problem = verdict(&bench, &file(&bench, "#!/bin/sh\nexec sleep 1000\n", 0o700)).await;
    assert_eq!(problem.code, NodeProblemCode::NotTwisterd);
}

#[tokio::test]
async fn a_version_that_is_too_old_is_told_with_the_one_that_is_needed() {
    let bench = Bench::new();
    let node = bench.public();
    bench.script(&node.id, "version=93900");
    let daemon = bench.open(&node.id);
    daemon.start().unwrap();
    let problem = until_failed(&daemon).await;
    assert_eq!(problem.code, NodeProblemCode::TooOld);
    assert!(problem.message.contains("0.9.39") && problem.message.contains("0.9.40"), "{problem}");
    daemon.end().await;
    bench.nodes.remove(&node.id).expect("it was ended");
}
