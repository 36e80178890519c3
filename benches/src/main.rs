//! `report`: puts together what the benchmarks have measured. `report README.md` writes the last report into that file.

#![allow(clippy::print_stdout)]

use std::path::Path;
use std::process::ExitCode;

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
    let report = Report::collect(&folder)?;
    let table = Table(&report);
    report.write(&folder, &table.to_string())?;
    println!("{table}");
    Ok(())
}
