//! Flags and `twister.conf`, read as twisterd reads them: a flag goes before the file, unknown ones are no matter.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::StartError;

/// How the stand-in is to be.
pub(crate) struct Options {
    pub(crate) data_dir: PathBuf,
    pub(crate) port: u16,
    pub(crate) rpc_port: u16,
    connect: Vec<String>,
    user: String,
    password: String,
}

impl Options {
    pub(crate) fn read(arguments: impl Iterator<Item = String>) -> Result<Self, StartError> {
        let mut settings = BTreeMap::<String, Vec<String>>::new();
        for argument in arguments {
            let argument = argument.trim_start_matches('-');
            let (name, value) = argument.split_once('=').unwrap_or((argument, "1"));
            settings.entry(name.to_owned()).or_default().push(value.to_owned());
        }
        let first = |settings: &BTreeMap<String, Vec<String>>, name: &str| {
            settings.get(name).and_then(|values| values.first()).cloned()
        };
        let data_dir = PathBuf::from(first(&settings, "datadir").ok_or(StartError::NoDataDir)?);
        if !data_dir.is_dir() {
            return Err(StartError::NoDataDir);
        }
        let conf = data_dir.join(first(&settings, "conf").unwrap_or_else(|| "twister.conf".to_owned()));
        read_file(&conf, &mut settings);
        let number =
            |name: &str, usual: u16| first(&settings, name).and_then(|value| value.parse().ok()).unwrap_or(usual);
        let password = first(&settings, "rpcpassword").filter(|password| !password.is_empty());
        Ok(Self {
            port: number("port", 28333),
            rpc_port: number("rpcport", 28332),
            connect: settings.get("connect").cloned().unwrap_or_default(),
            user: first(&settings, "rpcuser").unwrap_or_default(),
            password: password.ok_or(StartError::NoPassword)?,
            data_dir,
        })
    }

    /// What callers send to show who they are.
    pub(crate) fn authorization(&self) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", self.user, self.password)))
    }

    /// Whether it is a node of the public network.
    pub(crate) fn is_public(&self) -> bool {
        self.connect.is_empty()
    }

    /// The stand-ins whose network it is to join. None for the first of its own.
    pub(crate) fn others(&self) -> Vec<String> {
        let own = format!("127.0.0.1:{}", self.port);
        self.connect.iter().filter(|peer| **peer != own).cloned().collect()
    }
}

/// A file that is not there is no matter.
fn read_file(conf: &Path, settings: &mut BTreeMap<String, Vec<String>>) {
    let text = std::fs::read_to_string(conf).unwrap_or_default();
    for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
        settings.entry(name.trim().to_owned()).or_default().push(value.trim().to_owned());
    }
}
