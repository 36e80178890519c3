//! Builds the UI's files, the icons and the list of what the window may do into the program.

use std::path::Path;
use std::process::ExitCode;

use tauri_build::{AppManifest, Attributes, CodegenContext};

fn main() -> ExitCode {
    println!("cargo:rerun-if-changed=src-tauri/capabilities");
    println!("cargo:rerun-if-changed=src-tauri/permissions");
    println!("cargo:rerun-if-changed=ui/dist");
    if !Path::new("ui/dist/index.html").is_file() {
        eprintln!("The UI is not built: ui/dist/index.html is missing. Run `npm ci && npm run build` in ui/ first.");
        return ExitCode::FAILURE;
    }
    let attributes = Attributes::new()
        .capabilities_path_pattern("./src-tauri/capabilities/**/*")
        .app_manifest(AppManifest::new().permissions_path_pattern("./src-tauri/permissions/**/*"))
        .codegen(CodegenContext::new());
    match tauri_build::try_build(attributes) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
