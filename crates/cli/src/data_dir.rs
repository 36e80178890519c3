//! Where bridges keep what they have taken over and not yet passed on.

use std::path::PathBuf;

use crate::error::CliError;

/// The folder's name inside the user's data folder.
const FOLDER: &str = "mqtt-twister";

/// The folder that was given, or else the one in the user's data folder.
pub(crate) fn or_default(given: Option<PathBuf>) -> Result<PathBuf, CliError> {
    given.or_else(|| dirs::data_dir().map(|dir| dir.join(FOLDER))).ok_or(CliError::NoDataDir)
}
