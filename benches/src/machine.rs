//! The machine that something was measured on, as far as figures depend on it.

use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// The machine that something was measured on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Its processor, as that calls itself.
    pub processor: String,
    /// How many threads run at a time.
    pub cores: usize,
    /// Its memory in GiB.
    pub memory_gib: u64,
    /// Its system and kernel.
    pub system: String,
    /// The compiler.
    pub rustc: String,
}

impl Machine {
    /// This machine. What it does not tell is `unknown`.
    pub fn this() -> Self {
        let unknown = || "unknown".to_owned();
        let line = |file: &str, name: &str, separator: char| {
            let text = fs::read_to_string(file).ok()?;
            let line = text.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(separator)?.1.trim().trim_matches('"').to_owned())
        };
        let memory_kib = line("/proc/meminfo", "MemTotal", ':')
            .and_then(|text| text.trim_end_matches(" kB").parse::<u64>().ok())
            .unwrap_or_default();
        let name = line("/etc/os-release", "PRETTY_NAME", '=').unwrap_or_else(unknown);
        let kernel = said(Command::new("uname").arg("-sr")).unwrap_or_else(unknown);
        Self {
            processor: line("/proc/cpuinfo", "model name", ':').unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_gib: memory_kib.div_ceil(1 << 20),
            system: format!("{name}, {kernel}"),
            rustc: said(Command::new("rustc").arg("--version")).unwrap_or_else(unknown),
        }
    }
}

fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
