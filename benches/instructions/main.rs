//! Counts the instructions that the pure parts of the engine take, and holds the counts against the accepted ones. Instructions
//! are the same on a busy machine as on a quiet one, so that a part that got slower shows where times say nothing.
//!
//! `check` (`make bench-instructions`) fails if a count grew, `accept` (`make instructions-accept`) writes `counts.json` anew.
//!
//! Callgrind is run from here and not by a framework: what one would add, the comparison with the last run on the same machine,
//! is not what is asked for, and its runner is two hundred packages to build.
//!
//! Deliberately not here: what has sockets, tasks or a database; what it costs is measured in time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod callgrind;
#[path = "../../crates/bridge/tests/home/mod.rs"]
mod home;
mod inputs;
mod parts;

use std::collections::BTreeMap;
use std::error::Error;
use std::process::ExitCode;

use mqtt_twister_benches::{Counts, Gate, Machine};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        [] | ["check"] => check(),
        ["accept"] => accept(),
        [callgrind::RUN, part] => run(part),
        _ => Err(format!("{arguments:?} cannot be done here: say check or accept").into()),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn check() -> Result<ExitCode, Box<dyn Error>> {
    let accepted = Counts::read(&Counts::accepted_file())?;
    let fresh = count()?;
    let gate = Gate::new(&accepted, &fresh);
    println!("{fresh}\n{gate}");
    Ok(if gate.is_passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn accept() -> Result<ExitCode, Box<dyn Error>> {
    let fresh = count()?;
    fresh.write(&Counts::accepted_file())?;
    println!("{fresh}");
    Ok(ExitCode::SUCCESS)
}

fn count() -> Result<Counts, callgrind::CountError> {
    let count = |(part, _): &(&str, _)| Ok(((*part).to_owned(), callgrind::count(part)?));
    let instructions = parts::PARTS.iter().map(count).collect::<Result<BTreeMap<_, _>, _>>()?;
    Ok(Counts { rustc: Machine::this().rustc, instructions })
}

/// What callgrind looks at: one part in a process of its own, so that none depends on what ran before it.
fn run(part: &str) -> Result<ExitCode, Box<dyn Error>> {
    let (_, prepare) = parts::PARTS.iter().find(|(name, _)| *name == part).ok_or("there is no such part")?;
    callgrind::counted(&mut *prepare());
    Ok(ExitCode::SUCCESS)
}
