//! `report`: puts together what the benchmarks have measured. `report README.md` writes the last report into that file.

#![allow(clippy::print_stdout)]

use std::path::Path;
use std::process::{Command, ExitCode};

use mqtt_twister_benches::{Report, ReportError, Table, folder};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), ReportError> {
    let folder = folder();
    if let Some(file) = std::env::args().nth(1) {
        return Table(&Report::load(&folder)?).put_into(Path::new(&file));
    }
    let report = Report::collect(&folder, said("date", &["--utc", "+%F"]), commit())?;
    let table = Table(&report);
    report.write(&folder, &table.to_string())?;
    println!("{table}");
    Ok(())
}

/// The commit that is checked out, with a `+` if files differ from it. What is told here of files does not change what is
/// measured of them.
fn commit() -> String {
    let commit = said("git", &["rev-parse", "--short", "HEAD"]);
    let changes = said("git", &["status", "--porcelain", "--untracked-files=no", "--", ".", ":!README.md", ":!docs"]);
    if changes.is_empty() { commit } else { commit + "+" }
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
