//! Builds the page into the program.

use std::process::ExitCode;

use tauri_build::{Attributes, CodegenContext};

fn main() -> ExitCode {
    match tauri_build::try_build(Attributes::new().codegen(CodegenContext::new())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
