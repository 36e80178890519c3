//! What a program and all the processes that it has started take of memory.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Memory in MiB, by the names of the processes. What several processes share, all of them share the cost of (PSS).
#[derive(Debug, Clone, PartialEq)]
pub struct Memory(BTreeMap<String, f64>);

impl Memory {
    /// What a process takes and those that it has started, which it is given as a folder in `/proc`.
    pub fn of(process: &Path) -> Self {
        let mut memory = BTreeMap::new();
        for id in family(id(process).expect("a process has a number")) {
            let process = Path::new("/proc").join(id.to_string());
            // One that ended meanwhile takes nothing.
            let (Ok(name), Ok(rollup)) =
                (fs::read_to_string(process.join("comm")), fs::read_to_string(process.join("smaps_rollup")))
            else {
                continue;
            };
            let kib =
                rollup.lines().find_map(|line| line.strip_prefix("Pss:")?.split_whitespace().next()?.parse().ok());
            *memory.entry(name.trim().to_owned()).or_default() += kib.unwrap_or(0.0) / 1024.0;
        }
        Self(memory)
    }

    /// All of it.
    pub fn total(&self) -> f64 {
        self.0.values().sum()
    }

    /// What the processes take whose name begins so.
    pub fn of_named(&self, name: &str) -> f64 {
        self.0.iter().filter(|(full, _)| full.starts_with(name)).map(|(_, memory)| memory).sum()
    }
}

/// A process, and all below it.
fn family(root: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| {
            let process = entry.ok()?.path();
            let stat = fs::read_to_string(process.join("stat")).ok()?;
            let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
            Some((id(&process)?, parent))
        })
        .collect();
    let mut family = vec![root];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        family.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(child, _)| child));
        next += 1;
    }
    family
}

fn id(process: &Path) -> Option<u32> {
    process.file_name()?.to_str()?.parse().ok()
}
