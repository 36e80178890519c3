//! Passwords for the commands that need them, from wherever they may be. Never from the command line, which every user of the
//! machine can read.

use std::fs::File;
use std::io;

use mqtt_twister_bridge::config::LoadedBridge;
use mqtt_twister_bridge::secrets::{SecretError, Secrets, Sources};

use crate::args::SecretArgs;
use crate::error::CliError;

/// The places to look into.
pub(crate) fn sources(args: SecretArgs) -> Result<Sources, CliError> {
    let sources = Sources::of_process().map_err(CliError::Secrets)?;
    let Some(number) = args.secrets_fd else { return Ok(sources) };
    let place = format!("file descriptor {number}");
    let unreadable = |source| CliError::Secrets(SecretError::Unreadable { place: place.clone(), source });
    let handed = match number {
        0 => sources.handed(&place, io::stdin().lock()),
        _ => sources.handed(&place, descriptor(number).map_err(unreadable)?),
    };
    handed.map_err(CliError::Secrets)
}

/// A bridge's passwords. Asks beside the other tasks: a keyring may wait for a person to unlock it.
pub(crate) async fn load(bridge: LoadedBridge, sources: Sources) -> Result<Secrets, SecretError> {
    match tokio::task::spawn_blocking(move || bridge.secrets(&sources)).await {
        Ok(secrets) => secrets,
        Err(stopped) => std::panic::resume_unwind(stopped.into_panic()),
    }
}

/// What a file descriptor that was inherited has to say.
#[cfg(unix)]
pub(crate) fn descriptor(number: u32) -> io::Result<File> {
    File::open(format!("/dev/fd/{number}"))
}

/// What a file descriptor that was inherited has to say.
#[cfg(not(unix))]
pub(crate) fn descriptor(_: u32) -> io::Result<File> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "this system has no file descriptors; use standard input, which is 0",
    ))
}
