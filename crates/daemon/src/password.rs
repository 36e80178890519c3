//! The password of a node's RPC, and how it is carried without being seen.

use rand::Rng as _;
use rand::distr::Alphanumeric;
use zeroize::Zeroizing;

/// twisterd takes its time with strangers only if the password is shorter than 20 characters; this one cannot be guessed.
const LEN: usize = 32;

/// A password for a new node, of letters and digits. The caller keeps it, in the system's keyring, and gives it whenever the
/// node is opened.
pub fn new_password() -> Zeroizing<String> {
    Zeroizing::new(rand::rng().sample_iter(Alphanumeric).take(LEN).map(char::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_into_a_line_of_a_configuration_and_is_new_each_time() {
        let (one, other) = (new_password(), new_password());
        assert!(one.len() == LEN && one.chars().all(|c| c.is_ascii_alphanumeric()));
        assert_ne!(one, other);
    }
}
