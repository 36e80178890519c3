//! Invitations that the desktop hands to the app: a file that somebody opened, or a link that somebody followed. They come as arguments
//! of the app's start, or of a second start, which ends at once; on macOS as an event.
//!
//! Deliberately not here: doing anything with them. The window shows one to the person, as one that was pasted.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use mqtt_twister_bridge::invitation::Sealed;
use serde::Serialize;
use url::Url;

use crate::app::App;
use crate::error::{AppErrorCode, CommandError};
use crate::view::BridgeId;

/// How the name of a file ends that is an invitation.
pub const EXTENSION: &str = "twister-invitation";

/// What a link to an invitation begins with: the invitation's text itself.
const SCHEME: &str = "mqtt-twister:";

/// Most of a file that is read, in bytes: a letter with an invitation in it.
const MOST_BYTES: u64 = 100_000;

/// An invitation that was opened, and who could read it. Nothing has been done for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, specta::Type)]
pub struct OpenedInvitation {
    /// The text that it was found in.
    pub text: String,
    /// The account that it says to be from.
    pub from: String,
    /// The account that it is meant for; anybody who has it, if there is none.
    pub to: Option<String>,
    /// The person's bridges that it can be read in.
    pub bridges: Vec<BridgeId>,
}

/// What was opened last and not yet shown.
#[derive(Default)]
pub struct Opened(Mutex<Option<Result<String, CommandError>>>);

/// Where an invitation is.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Here(String),
    File(PathBuf),
}

impl Opened {
    /// Takes what the arguments of a start name, those after the program's name. `folder`: where they were given. Whether there was
    /// anything; that it could not be read is something too. Blocks while a file is read.
    pub fn take(&self, arguments: &[String], folder: &Path) -> bool {
        let Some(place) = arguments.iter().find_map(|argument| place(argument, folder)) else { return false };
        let text = match place {
            Place::Here(text) => Ok(text),
            Place::File(path) => read(&path).map_err(|error| {
                let text = format!("cannot read {}: {error}. Open it again, or paste the invitation", path.display());
                CommandError::new(AppErrorCode::InvitationUnusable, text)
            }),
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
        true
    }

    /// What was opened last; each is given out once.
    pub fn give(&self) -> Option<Result<String, CommandError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl App {
    /// Says whom an invitation is from and which of the person's bridges it can be read in.
    ///
    /// # Errors
    /// [`AppErrorCode::InvitationUnusable`].
    pub fn opened_invitation(&self, text: String) -> Result<OpenedInvitation, CommandError> {
        let (_, invitation) = Sealed::find(&text)?;
        let bridges = self.own_configs().into_iter();
        let readers = bridges.filter(|config| invitation.check_reader(&config.twister.account).is_ok());
        let bridges = readers.map(|config| BridgeId::own(config.name)).collect();
        Ok(OpenedInvitation { text, from: invitation.from.into(), to: invitation.to.map(Into::into), bridges })
    }
}

/// Where the invitation is that an argument names; options name none.
fn place(argument: &str, folder: &Path) -> Option<Place> {
    if argument.is_empty() || argument.starts_with('-') {
        return None;
    }
    if argument.starts_with(SCHEME) {
        return Some(Place::Here(argument.to_owned()));
    }
    let of_url = Url::parse(argument).ok().filter(|url| url.scheme() == "file");
    let path = match of_url {
        Some(url) => url.to_file_path().ok()?,
        None => folder.join(argument),
    };
    Some(Place::File(path))
}

fn read(path: &Path) -> io::Result<String> {
    // Opening a pipe or a device would wait for whoever is at its other end.
    if !path.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const LINK: &str = "mqtt-twister:1.eyJmcm9tIjoi";

    fn taken(arguments: &[&str], folder: &Path) -> Option<Result<String, CommandError>> {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let opened = Opened::default();
        assert_eq!(opened.take(&arguments, folder), opened.0.lock().unwrap().is_some());
        opened.give()
    }

    #[test]
    fn a_link_is_the_invitation_itself() {
        assert_eq!(taken(&["--hidden", LINK], Path::new("/")), Some(Ok(LINK.to_owned())));
    }

    #[test]
    fn a_file_is_found_by_its_name_where_it_was_given_and_by_its_address() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("from alice.twister-invitation");
        std::fs::write(&path, LINK).unwrap();
        let address = Url::from_file_path(&path).unwrap().to_string();
        assert!(address.ends_with("from%20alice.twister-invitation"));
        for argument in ["from alice.twister-invitation", &path.display().to_string(), &address] {
            assert_eq!(taken(&[argument], folder.path()), Some(Ok(LINK.to_owned())), "{argument}");
        }
    }

    #[test]
    fn options_are_no_invitations() {
        assert_eq!(taken(&[], Path::new("/")), None);
        assert_eq!(taken(&["--hidden", ""], Path::new("/")), None);
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let folder = tempfile::tempdir().unwrap();
        for (argument, reason) in [("gone.twister-invitation", "No such file"), (".", "it is no file")] {
            let error = taken(&[argument], folder.path()).unwrap().unwrap_err();
            assert!(error.message.contains(reason), "{}", error.message);
        }
    }

    #[test]
    fn each_is_given_out_once_and_the_newest_wins() {
        let opened = Opened::default();
        for text in ["mqtt-twister:1.a", "mqtt-twister:1.b"] {
            opened.take(&[text.to_owned()], Path::new("/"));
        }
        assert_eq!(opened.give(), Some(Ok("mqtt-twister:1.b".to_owned())));
        assert_eq!(opened.give(), None);
    }
}
