//! What the backup text of a private key says of itself. Deliberately not in it: making keys and signing, which are the
//! node's.

use secp256k1::{PublicKey, SecretKey};
use zeroize::Zeroizing;

use crate::credentials::Secret;
use crate::hex;

/// First byte of a private key's backup text, before Base58Check.
const SECRET_PREFIX: u8 = 0x80;

/// Length of a private key in bytes.
const KEY_LEN: usize = 32;

/// The public key that belongs to a private one, in hexadecimal as the node writes it; `None` if the text is no private key
/// or was mistyped.
pub fn public_key_of(secret: &Secret) -> Option<String> {
    let bytes = bs58::decode(secret.expose().trim()).with_check(Some(SECRET_PREFIX)).into_vec().ok()?;
    let bytes = Zeroizing::new(bytes);
    let (key, form) = bytes.get(1..)?.split_at_checked(KEY_LEN)?;
    let public = PublicKey::from_secret_key(&SecretKey::from_secret_bytes(key.try_into().ok()?).ok()?);
    match form {
        [1] => Some(hex::encode(&public.serialize())),
        [] => Some(hex::encode(&public.serialize_uncompressed())),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Recorded from a real node, with the public key that it gave out for it.
    const KEY: &str = "L1ZnDp2hnvTMHuACayaVhMB81sMBzgA5SFeYkj47yJeiH2KKVPNe";
    const PUBLIC: &str = "02e4507341b8964fa9a0d900d26b0fb7e601259ca9de65d5d3380f71c9ca8d94fe";

    fn public(text: &str) -> Option<String> {
        public_key_of(&Secret::from(text.to_owned()))
    }

    #[test]
    fn a_recorded_key_has_the_public_key_that_the_node_gave_out() {
        assert_eq!(public(KEY).unwrap(), PUBLIC);
        assert_eq!(public(&format!(" {KEY}\n")).unwrap(), PUBLIC);
    }

    #[test]
    fn what_is_mistyped_or_no_key_has_none() {
        for text in ["", "hello", &KEY.replace("VPNe", "VPNf"), &KEY[1..], &format!("{KEY}{KEY}"), "0OIl"] {
            assert_eq!(public(text), None, "{text:?}");
        }
    }
}
