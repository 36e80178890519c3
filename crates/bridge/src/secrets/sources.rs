//! The places where a password may be, in the order in which they are asked: what was handed over through a file
//! descriptor, the credentials that systemd gives a service, environment variables, and the keyring.
//!
//! Deliberately not among them: the command line, which every user of a machine can read.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::{Password, SecretError, SecretKind, load_kept};
use crate::config::BridgeName;

/// The credential of systemd that holds passwords as lines of `NAME=VALUE`.
pub const CREDENTIAL: &str = "mqtt-twister-secrets";

/// Most bytes that are handed over: there are two passwords for a bridge.
const LONGEST: u64 = 64 * 1024;

/// Where passwords are looked for. [`default`](Self::default) looks into environment variables and the keyring.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// What was handed over, by [`SecretKind::variable`].
    handed: HashMap<String, Password>,
    /// The folder of systemd's credentials.
    credentials: Option<PathBuf>,
    /// What [`CREDENTIAL`] holds.
    credential_lines: HashMap<String, Password>,
}

impl Sources {
    /// The places that this process has: with systemd's credentials, if `$CREDENTIALS_DIRECTORY` names their folder.
    ///
    /// # Errors
    /// [`SecretError`] if [`CREDENTIAL`] is there and cannot be read.
    pub fn of_process() -> Result<Self, SecretError> {
        Self::with_credentials(std::env::var_os("CREDENTIALS_DIRECTORY"))
    }

    fn with_credentials(folder: Option<OsString>) -> Result<Self, SecretError> {
        let Some(folder) = folder.filter(|folder| !folder.is_empty()).map(PathBuf::from) else {
            return Ok(Self::default());
        };
        let path = folder.join(CREDENTIAL);
        let credential_lines = match fs::File::open(&path) {
            Ok(file) => read_lines(&format!("the credential {CREDENTIAL}"), file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => HashMap::new(),
            Err(source) => return Err(SecretError::Credential { path, source }),
        };
        Ok(Self { credentials: Some(folder), credential_lines, ..Self::default() })
    }

    /// Takes over passwords as lines of `NAME=VALUE`, from `place`, which errors name. Empty lines and those that begin with
    /// `#` are left out.
    ///
    /// # Errors
    /// [`SecretError::Line`] and [`SecretError::Unreadable`].
    #[must_use = "the sources with what was handed over come back"]
    pub fn handed(mut self, place: &str, from: impl Read) -> Result<Self, SecretError> {
        self.handed.extend(read_lines(place, from)?);
        Ok(self)
    }

    /// The password, wherever it is; none if it is nowhere. Blocks while the keyring answers.
    ///
    /// # Errors
    /// [`SecretError::NoKeyring`] when it is not handed over and there is no keyring to ask, [`SecretError::Credential`].
    pub fn load(&self, bridge: &BridgeName, kind: SecretKind) -> Result<Option<Password>, SecretError> {
        match self.given(bridge, kind)? {
            Some(password) => Ok(Some(password)),
            None => load_kept(bridge, kind),
        }
    }

    /// The password if whoever started the program gave it; the keyring is not asked.
    ///
    /// # Errors
    /// [`SecretError::Credential`].
    pub fn given(&self, bridge: &BridgeName, kind: SecretKind) -> Result<Option<Password>, SecretError> {
        let variable = kind.variable(bridge);
        if let Some(password) = self.handed.get(&variable) {
            return Ok(Some(password.clone()));
        }
        if let Some(password) = self.credential(&variable)? {
            return Ok(Some(password));
        }
        Ok(std::env::var(&variable).ok().map(Password::new))
    }

    /// A credential of its own goes before a line among others.
    fn credential(&self, variable: &str) -> Result<Option<Password>, SecretError> {
        let Some(folder) = &self.credentials else { return Ok(None) };
        let path = folder.join(variable);
        match fs::read_to_string(&path).map(Zeroizing::new) {
            Ok(text) => Ok(Some(Password::new(text.trim_end_matches(['\r', '\n'])))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(self.credential_lines.get(variable).cloned()),
            Err(source) => Err(SecretError::Credential { path, source }),
        }
    }
}

fn read_lines(place: &str, from: impl Read) -> Result<HashMap<String, Password>, SecretError> {
    let mut text = Zeroizing::new(String::new());
    let unreadable = |source| SecretError::Unreadable { place: place.to_owned(), source };
    from.take(LONGEST).read_to_string(&mut text).map_err(unreadable)?;
    let lines = text.lines().enumerate();
    let filled = lines.filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    let read = |(index, line): (usize, &str)| match line.split_once('=') {
        Some((name, value)) if is_name(name.trim()) => Ok((name.trim().to_owned(), Password::new(value))),
        _ => Err(SecretError::Line { place: place.to_owned(), line: index + 1 }),
    };
    filled.map(read).collect()
}

/// Whether it has the form of [`SecretKind::variable`].
fn is_name(name: &str) -> bool {
    let bridge = name
        .strip_prefix("MQTT_TWISTER_")
        .and_then(|rest| rest.strip_suffix("_NODE_PASSWORD").or_else(|| rest.strip_suffix("_BROKER_PASSWORD")));
    bridge.is_some_and(|bridge| !bridge.is_empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    const NODE: &str = "MQTT_TWISTER_SOURCES_TEST_NODE_PASSWORD";
    const BROKER: &str = "MQTT_TWISTER_SOURCES_TEST_BROKER_PASSWORD";

    fn given(sources: &Sources, kind: SecretKind) -> Option<String> {
        let bridge = "sources-test".parse().unwrap();
        sources.given(&bridge, kind).unwrap().map(|password| password.reveal().to_owned())
    }

    #[test]
    fn what_is_handed_over_is_lines_with_a_name_and_a_value() {
        let text = format!("# passwords\n\n{NODE}=a=b # no comment \r\n{BROKER}=\n");
        let sources = Sources::default().handed("a test", text.as_bytes()).unwrap();
        assert_eq!(given(&sources, SecretKind::Node).as_deref(), Some("a=b # no comment "));
        assert_eq!(given(&sources, SecretKind::Broker).as_deref(), Some(""));
    }

    #[test]
    fn a_line_of_another_form_is_told_by_its_number_and_never_repeated() {
        for line in ["geheim", "PASSWORD=geheim", "MQTT_TWISTER_NODE_PASSWORD=geheim", "=geheim"] {
            let error = Sources::default().handed("a test", format!("\n{line}\n").as_bytes()).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains("line 2 of a test") && !shown.contains("geheim"), "{shown}");
        }
    }

    #[test]
    fn a_credential_of_its_own_goes_before_a_line_and_what_is_handed_over_before_both() {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join(CREDENTIAL), format!("{NODE}=line\n{BROKER}=line\n")).unwrap();
        fs::write(folder.path().join(NODE), "its own\n").unwrap();
        let sources = Sources::with_credentials(Some(folder.path().into())).unwrap();
        assert_eq!(given(&sources, SecretKind::Node).as_deref(), Some("its own"));
        assert_eq!(given(&sources, SecretKind::Broker).as_deref(), Some("line"));
        let sources = sources.handed("a test", format!("{NODE}=handed").as_bytes()).unwrap();
        assert_eq!(given(&sources, SecretKind::Node).as_deref(), Some("handed"));
    }

    #[test]
    fn without_credentials_of_systemd_there_are_none() {
        let folder = TempDir::new().unwrap();
        for place in [None, Some(OsString::new()), Some(folder.path().into())] {
            assert_eq!(given(&Sources::with_credentials(place).unwrap(), SecretKind::Node), None);
        }
    }

    #[test]
    fn a_password_that_was_handed_over_never_shows_itself() {
        let sources = Sources::default().handed("a test", format!("{NODE}=geheim").as_bytes()).unwrap();
        assert!(!format!("{sources:?}").contains("geheim"));
    }
}
