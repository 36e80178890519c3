//! Encryption of direct messages to a public key (ECIES).
//!
//! Source: twister-core. A fresh key pair for every message; SHA-512 of the shared point gives the AES-256-CBC key
//! (first half, zero IV, zero padding) and the HMAC-SHA-512 key (second half).

use std::collections::BTreeMap;

use aes::Aes256;
use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use hmac::{Hmac, KeyInit, Mac};
use secp256k1::{PublicKey, SecretKey, ecdh};
use sha2::{Digest, Sha512};
use twister::bencode::Value;

use crate::keys::Key;

const BLOCK_LEN: usize = 16;
const ZERO_IV: [u8; BLOCK_LEN] = [0; BLOCK_LEN];

/// Encrypts `plain` for the holder of `receiver`, as the `dm` dictionary of a post.
pub(crate) fn encrypt(plain: &[u8], receiver: &PublicKey) -> Option<Value> {
    let ephemeral = Key::generate();
    let (cipher_key, mac_key) = envelope_keys(receiver, ephemeral.secret());
    let mut body = plain.to_vec();
    body.resize(plain.len().next_multiple_of(BLOCK_LEN), 0);
    let len = body.len();
    let encryptor = cbc::Encryptor::<Aes256>::new(&cipher_key.into(), &ZERO_IV.into());
    encryptor.encrypt_padded::<NoPadding>(&mut body, len).ok()?;
    let mac = authenticator(&mac_key, &body)?.finalize().into_bytes().to_vec();
    let members = [
        ("body", Value::Bytes(body)),
        ("key", Value::Bytes(ephemeral.public().serialize().to_vec())),
        ("mac", Value::Bytes(mac)),
        ("orig", Value::Integer(i64::try_from(plain.len()).ok()?)),
    ];
    Some(members.into_iter().collect())
}

/// The plain bytes of a post's `dm` dictionary, if it was encrypted for `receiver` and nobody changed it.
pub(crate) fn decrypt(message: &BTreeMap<Vec<u8>, Value>, receiver: &Key) -> Option<Vec<u8>> {
    let bytes = |name: &str| message.get(name.as_bytes()).and_then(Value::as_bytes);
    let ephemeral = PublicKey::from_slice(bytes("key")?).ok()?;
    let (cipher_key, mac_key) = envelope_keys(&ephemeral, receiver.secret());
    let mut body = bytes("body")?.to_vec();
    authenticator(&mac_key, &body)?.verify_slice(bytes("mac")?).ok()?;
    let decryptor = cbc::Decryptor::<Aes256>::new(&cipher_key.into(), &ZERO_IV.into());
    decryptor.decrypt_padded::<NoPadding>(&mut body).ok()?;
    let len = usize::try_from(message.get("orig".as_bytes())?.as_integer()?).ok()?;
    body.truncate(len);
    Some(body)
}

fn envelope_keys(public: &PublicKey, secret: &SecretKey) -> ([u8; 32], [u8; 32]) {
    let point = ecdh::shared_secret_point(public, secret);
    // Only the point's first coordinate goes into the keys.
    let hash: [u8; 64] = Sha512::digest(&point[..32]).into();
    let (mut cipher_key, mut mac_key) = ([0; 32], [0; 32]);
    cipher_key.copy_from_slice(&hash[..32]);
    mac_key.copy_from_slice(&hash[32..]);
    (cipher_key, mac_key)
}

fn authenticator(mac_key: &[u8; 32], body: &[u8]) -> Option<Hmac<Sha512>> {
    let mut mac = Hmac::<Sha512>::new_from_slice(mac_key).ok()?;
    mac.update(body);
    Some(mac)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_receiver_reads_what_was_encrypted_for_them_and_nobody_else_does() {
        let (bob, eve) = (Key::generate(), Key::generate());
        for plain in [b"".as_slice(), b"secret", &[0; 16], &[7; 33]] {
            let message = encrypt(plain, bob.public()).unwrap();
            let message = message.as_dictionary().unwrap();
            assert_eq!(decrypt(message, &bob).as_deref(), Some(plain));
            assert_eq!(decrypt(message, &eve), None);
        }
    }

    #[test]
    fn the_parts_are_as_long_as_those_of_a_real_node() {
        let message = encrypt(&[1; 27], Key::generate().public()).unwrap();
        let message = message.as_dictionary().unwrap();
        let len = |name: &str| message[name.as_bytes()].as_bytes().unwrap().len();
        assert_eq!((len("body"), len("key"), len("mac")), (32, 33, 64));
        assert_eq!(message[b"orig".as_slice()], Value::Integer(27));
    }

    #[test]
    fn a_changed_message_is_refused() {
        let bob = Key::generate();
        let message = encrypt(b"secret", bob.public()).unwrap();
        let mut message = message.as_dictionary().unwrap().clone();
        message.insert(b"body".to_vec(), Value::Bytes(vec![0; 16]));
        assert_eq!(decrypt(&message, &bob), None);
    }
}
