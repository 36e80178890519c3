//! Invitations as text: `mqtt-twister:1.<body>.<signature>`, to be sent as a link, pasted, or drawn as a QR code.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use twister::Username;

use super::{ContentError, Invitation, id_of};

/// What every invitation begins with.
const SCHEME: &str = "mqtt-twister:";

/// The version of the format that this program writes and reads.
const VERSION: &str = "1";

/// Length of a signature in bytes.
const SIGNATURE_LEN: usize = 65;

/// Longest invitation, in characters. A QR code of it can still be read from a screen.
pub const LONGEST_TEXT: usize = 2000;

/// Most of a text that is searched for an invitation, in bytes.
const LONGEST_LETTER: usize = 100_000;

/// An invitation in its envelope: text that can be sent, signed or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    signed_text: String,
    signature: Option<[u8; SIGNATURE_LEN]>,
}

/// Why a text is no invitation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvitationError {
    /// Nothing in it looks like one.
    #[error("there is no invitation in this text: one begins with {SCHEME}{VERSION}. and is copied whole")]
    NotFound,
    /// It is longer than any.
    #[error("the invitation is longer than {LONGEST_TEXT} characters, so it is none of this program's")]
    TooLong,
    /// A newer program has made it.
    #[error("the invitation was made by a newer version of the program ({0}): update this one")]
    Newer(String),
    /// A part of it is missing or was changed on its way.
    #[error("the invitation is damaged ({0}): have it sent again, and copy it whole")]
    Damaged(&'static str),
    /// It can be read, and is not one to use.
    #[error("this is no usable invitation: {0}")]
    Content(#[from] ContentError),
    /// It is meant for somebody else.
    #[error("the invitation is for {to}, and this bridge is {account}: open it in the bridge of {to}")]
    ForAnother {
        /// Whom it is for.
        to: Username,
        /// Whose bridge it was opened in.
        account: Username,
    },
    /// It is the reader's own.
    #[error("this invitation is your own: send it to the person whom you want to invite")]
    Own,
}

impl Sealed {
    /// An invitation without a signature.
    pub fn unsigned(invitation: &Invitation) -> Self {
        // Of texts, numbers and lists: that cannot fail.
        let body = serde_json::to_vec(invitation).unwrap_or_default();
        Self { signed_text: format!("{SCHEME}{VERSION}.{}", URL_SAFE_NO_PAD.encode(body)), signature: None }
    }

    /// The same with a signature of [`signed_text`](Self::signed_text). One of another length than signatures have is left
    /// out.
    pub fn signed(self, signature: &[u8]) -> Self {
        Self { signature: signature.try_into().ok(), ..self }
    }

    /// Finds an invitation in a text that may have more around it, and reads it.
    ///
    /// # Errors
    /// [`InvitationError`]: nothing of it is to be used then.
    pub fn find(text: &str) -> Result<(Self, Invitation), InvitationError> {
        let text = text.get(..LONGEST_LETTER).unwrap_or(text);
        let start = text.find(SCHEME).ok_or(InvitationError::NotFound)?;
        let rest = &text[start + SCHEME.len()..];
        let end = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        // A full stop may end the sentence that it stands in.
        let rest = rest[..end].trim_end_matches('.');
        if rest.len() + SCHEME.len() > LONGEST_TEXT {
            return Err(InvitationError::TooLong);
        }
        let (version, rest) = rest.split_once('.').ok_or(InvitationError::NotFound)?;
        match version.parse::<u32>() {
            Ok(1) => {}
            Ok(_) => return Err(InvitationError::Newer(version.to_owned())),
            Err(_) => return Err(InvitationError::NotFound),
        }
        let (body, signature) = match rest.split_once('.') {
            Some((body, signature)) => (body, Some(signature)),
            None => (rest, None),
        };
        let sealed = Self {
            signed_text: format!("{SCHEME}{version}.{body}"),
            signature: signature.map(read_signature).transpose()?,
        };
        Ok((sealed, read_body(body)?))
    }

    /// The text to send.
    pub fn text(&self) -> String {
        match &self.signature {
            Some(signature) => format!("{}.{}", self.signed_text, URL_SAFE_NO_PAD.encode(signature)),
            None => self.signed_text.clone(),
        }
    }

    /// What the signature is of.
    pub fn signed_text(&self) -> &str {
        &self.signed_text
    }

    /// The signature, if there is one.
    pub fn signature(&self) -> Option<&[u8]> {
        self.signature.as_ref().map(<[u8; SIGNATURE_LEN]>::as_slice)
    }

    /// What an answer calls this invitation.
    pub fn id(&self) -> String {
        id_of(&self.signed_text)
    }
}

impl Invitation {
    /// Whether `account` may use it.
    ///
    /// # Errors
    /// [`InvitationError::Own`], [`InvitationError::ForAnother`].
    pub fn check_reader(&self, account: &Username) -> Result<(), InvitationError> {
        if self.from == *account {
            return Err(InvitationError::Own);
        }
        match &self.to {
            Some(to) if to != account => Err(InvitationError::ForAnother { to: to.clone(), account: account.clone() }),
            _ => Ok(()),
        }
    }
}

fn is_part(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.')
}

fn read_signature(text: &str) -> Result<[u8; SIGNATURE_LEN], InvitationError> {
    let damaged = InvitationError::Damaged("its signature cannot be read");
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| damaged.clone())?;
    bytes.try_into().map_err(|_| damaged)
}

fn read_body(body: &str) -> Result<Invitation, InvitationError> {
    let bytes = URL_SAFE_NO_PAD.decode(body).map_err(|_| InvitationError::Damaged("its text cannot be read"))?;
    // Not with the reason, which would quote what somebody else has written.
    let invitation: Invitation = serde_json::from_slice(&bytes)
        .map_err(|_| InvitationError::Damaged("something in it is not as it should be"))?;
    invitation.check()?;
    Ok(invitation)
}
