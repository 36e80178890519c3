//! A text that is encrypted by a passphrase, in the format of age with ASCII armour: other tools can open it, too.

use std::io::{Read as _, Write as _};

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, Encryptor};
use mqtt_twister_bridge::secrets::Password;
use zeroize::Zeroizing;

use crate::error::{AppErrorCode, CommandError};

/// How an encrypted text begins.
const BEGINNING: &str = "-----BEGIN AGE ENCRYPTED FILE-----";

/// An encrypted text.
pub struct Sealed<'a>(&'a str);

impl<'a> Sealed<'a> {
    /// The text, if it is an encrypted one.
    pub fn of(text: &'a str) -> Option<Self> {
        text.trim_start().starts_with(BEGINNING).then_some(Self(text))
    }

    /// Opens it; takes about a second. What is longer than `most_bytes` is not settings.
    ///
    /// # Errors
    /// [`AppErrorCode::PassphraseNeeded`], [`AppErrorCode::PassphraseWrong`], [`AppErrorCode::ImportUnreadable`].
    pub fn open(&self, passphrase: Option<&Password>, most_bytes: usize) -> Result<Zeroizing<String>, CommandError> {
        let Some(passphrase) = passphrase.filter(|passphrase| !passphrase.is_empty()) else {
            let message = "the file is encrypted. Enter the passphrase that it was exported with";
            return Err(CommandError::new(AppErrorCode::PassphraseNeeded, message));
        };
        let decryptor = Decryptor::new_buffered(ArmoredReader::new(self.0.trim_start().as_bytes())).map_err(refused)?;
        let identity = age::scrypt::Identity::new(secret(passphrase));
        let reader = decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity)).map_err(refused)?;
        let mut text = Zeroizing::new(String::new());
        reader.take(most_bytes as u64).read_to_string(&mut text).map_err(|error| damaged(&error))?;
        Ok(text)
    }
}

/// Encrypts a text; takes about a second.
pub(super) fn seal(text: &str, passphrase: &Password) -> Result<Zeroizing<String>, CommandError> {
    let sealed = || -> std::io::Result<Vec<u8>> {
        let armoured = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
        let mut writer = Encryptor::with_user_passphrase(secret(passphrase)).wrap_output(armoured)?;
        writer.write_all(text.as_bytes())?;
        writer.finish()?.finish()
    };
    let failed = |reason: String| {
        CommandError::new(AppErrorCode::ExportFailed, format!("the settings were not encrypted: {reason}"))
    };
    let bytes = sealed().map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map(Zeroizing::new).map_err(|error| failed(error.to_string()))
}

fn secret(passphrase: &Password) -> SecretString {
    SecretString::from(passphrase.reveal().to_owned())
}

fn refused(error: DecryptError) -> CommandError {
    match error {
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => {
            let message = "the passphrase does not fit this file. Check it and try again";
            CommandError::new(AppErrorCode::PassphraseWrong, message)
        }
        DecryptError::NoMatchingKeys => {
            let message = "the file is encrypted for a key, not by a passphrase, so it was not exported by this app";
            CommandError::new(AppErrorCode::ImportUnreadable, message)
        }
        error => damaged(&error),
    }
}

fn damaged(error: &dyn std::fmt::Display) -> CommandError {
    let message = format!("the encrypted file cannot be read: {error}. It may be damaged; export it again");
    CommandError::new(AppErrorCode::ImportUnreadable, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    fn code(outcome: Result<Zeroizing<String>, CommandError>) -> ErrorCode {
        outcome.unwrap_err().code
    }

    #[test]
    fn what_is_sealed_opens_with_its_passphrase_and_no_other() {
        let passphrase = Password::new("correct horse");
        let text = seal("geheim", &passphrase).unwrap();
        assert!(!text.contains("geheim"));
        let sealed = Sealed::of(&text).unwrap();
        assert_eq!(*sealed.open(Some(&passphrase), 100).unwrap(), "geheim");
        let wrong = Password::new("battery staple");
        assert_eq!(code(sealed.open(Some(&wrong), 100)), ErrorCode::App(AppErrorCode::PassphraseWrong));
        assert_eq!(code(sealed.open(None, 100)), ErrorCode::App(AppErrorCode::PassphraseNeeded));
        let damaged = text.replace('A', "B");
        assert!(Sealed::of(&damaged).is_none() || Sealed::of(&damaged).unwrap().open(Some(&passphrase), 100).is_err());
    }

    #[test]
    fn a_plain_text_is_not_sealed() {
        assert!(Sealed::of("{}").is_none());
    }
}
