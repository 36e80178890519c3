//! Keys of accounts and groups: secp256k1, compact recoverable signatures, and their backup text.
//!
//! Source: twister-core signs like Bitcoin's `signmessage`, with its own name in front of the message.

use std::fmt;

use rand::RngCore;
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::{Message, PublicKey, SecretKey};
use sha2::{Digest, Sha256};

/// Length of a signature in bytes.
pub(crate) const SIGNATURE_LEN: usize = 65;

/// What stands before every signed message, so that a signature of one network is worth nothing on another.
const MESSAGE_MAGIC: &[u8] = b"twister Signed Message:\n";

/// First byte of a private key's backup text, before Base58Check.
const SECRET_PREFIX: u8 = 0x80;

/// First byte of a compact signature whose key is written in its short form; the recovery number is added to it.
const COMPRESSED_HEADER: u8 = 31;

/// A private key with its public key.
#[derive(Clone)]
pub(crate) struct Key {
    secret: SecretKey,
    public: PublicKey,
}

impl Key {
    pub(crate) fn generate() -> Self {
        loop {
            let mut bytes = [0; 32];
            rand::rng().fill_bytes(&mut bytes);
            // All but a handful of the 2^256 values are keys.
            if let Ok(secret) = SecretKey::from_secret_bytes(bytes) {
                return Self::from(secret);
            }
        }
    }

    /// Reads the backup text that [`Key::to_backup_text`] writes.
    pub(crate) fn from_backup_text(text: &str) -> Option<Self> {
        let bytes = bs58::decode(text).with_check(Some(SECRET_PREFIX)).into_vec().ok()?;
        let (&compressed, secret) = bytes.get(1..)?.split_last()?;
        let secret = SecretKey::from_secret_bytes(secret.try_into().ok()?).ok()?;
        (compressed == 1).then(|| Self::from(secret))
    }

    /// The key as `createwalletuser` shows it: whoever has it owns the account.
    pub(crate) fn to_backup_text(&self) -> String {
        let mut bytes = vec![SECRET_PREFIX];
        bytes.extend_from_slice(&self.secret.to_secret_bytes());
        bytes.push(1);
        bs58::encode(bytes).with_check().into_string()
    }

    pub(crate) fn secret(&self) -> &SecretKey {
        &self.secret
    }

    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        let signature = RecoverableSignature::sign_ecdsa_recoverable(digest(message), &self.secret);
        let (recovery, compact) = signature.serialize_compact();
        let mut out = [0; SIGNATURE_LEN];
        out[0] = COMPRESSED_HEADER + u8::from(recovery);
        out[1..].copy_from_slice(&compact);
        out
    }
}

impl From<SecretKey> for Key {
    fn from(secret: SecretKey) -> Self {
        Self { public: PublicKey::from_secret_key(&secret), secret }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("public", &self.public).finish_non_exhaustive()
    }
}

/// Whether `signature` of `message` was made with the private key that belongs to `public`.
pub(crate) fn verify(message: &[u8], signature: &[u8], public: &PublicKey) -> bool {
    let recover = || {
        let (header, compact) = signature.split_first()?;
        let recovery = RecoveryId::try_from(i32::from(header.checked_sub(27)? & !4)).ok()?;
        RecoverableSignature::from_compact(compact, recovery).ok()?.recover_ecdsa(digest(message)).ok()
    };
    recover().as_ref() == Some(public)
}

/// SHA-256 of SHA-256, the chain's hash.
pub(crate) fn double_sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(Sha256::digest(bytes)).into()
}

/// `bytes` after their length, as the chain serialises texts.
pub(crate) fn length_prefixed(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 3);
    match u16::try_from(bytes.len()) {
        Ok(len @ 0..=252) => out.extend_from_slice(&len.to_le_bytes()[..1]),
        Ok(len) => {
            out.push(253);
            out.extend_from_slice(&len.to_le_bytes());
        }
        Err(_) => {
            out.push(254);
            out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
        }
    }
    out.extend_from_slice(bytes);
    out
}

fn digest(message: &[u8]) -> Message {
    let mut bytes = length_prefixed(MESSAGE_MAGIC);
    bytes.extend_from_slice(&length_prefixed(message));
    Message::from_digest(double_sha256(&bytes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use twister::bencode::Value;

    use super::*;

    #[test]
    fn a_signature_recorded_from_a_real_node_verifies() {
        let public =
            twister::hex::decode("02e4507341b8964fa9a0d900d26b0fb7e601259ca9de65d5d3380f71c9ca8d94fe").unwrap();
        let public = PublicKey::from_slice(&public).unwrap();
        let signature = twister::hex::decode(
            "20a61f0e288fb3549b6e071bc0d2ed59cd166741d4d6f75c95f710fe0f5f18ed1d\
             116ce36e328284ec2db5ebb08cb7a78ed5e60315f788aac97f2a1be6a4c3831a",
        )
        .unwrap();
        let post: Value = [
            ("height", Value::from(302)),
            ("k", Value::from(0)),
            ("msg", Value::from("hello world")),
            ("n", Value::from("carol")),
            ("time", Value::from(1_795_397_288)),
        ]
        .into_iter()
        .collect();
        assert!(verify(&post.encode(), &signature, &public));
        assert!(!verify(b"another message", &signature, &public));
    }

    #[test]
    fn only_the_signer_s_key_verifies_a_signature() {
        let (alice, bob) = (Key::generate(), Key::generate());
        let signature = alice.sign(b"message");
        assert!(verify(b"message", &signature, alice.public()));
        assert!(!verify(b"message", &signature, bob.public()));
        assert!(!verify(b"massage", &signature, alice.public()));
        assert!(!verify(b"message", &signature[..64], alice.public()));
        assert!(!verify(b"message", &[], alice.public()));
    }

    #[test]
    fn a_key_comes_back_from_its_backup_text() {
        let text = "L1ZnDp2hnvTMHuACayaVhMB81sMBzgA5SFeYkj47yJeiH2KKVPNe";
        assert_eq!(Key::from_backup_text(text).unwrap().to_backup_text(), text);
        assert!(Key::from_backup_text("L1ZnDp2hnvTMHuACayaVhMB81sMBzgA5SFeYkj47yJeiH2KKVPNf").is_none());
        assert!(Key::from_backup_text("").is_none());
    }

    #[test]
    fn a_private_key_is_not_shown_by_debug() {
        let key = Key::generate();
        let shown = format!("{key:?}");
        assert!(!shown.contains(&key.to_backup_text()));
        assert!(!shown.contains(&twister::hex::encode(&key.secret().to_secret_bytes())));
    }
}
