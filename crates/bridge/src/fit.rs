//! Whether a text fits one post.

use twister::limits::{MAX_POST_SIZE, PostNumbers, direct_message_size, post_size};
use twister::{Peer, Username};

use crate::route::Receiver;

/// Whether `text`, sent by `author` to `receiver` as a v0 frame, is within the size that the network carries.
pub(crate) fn fits(author: &Username, receiver: &Receiver, text: &str) -> bool {
    let size = match receiver {
        Receiver::Everybody => post_size(author, text, None, PostNumbers::WIDEST),
        Receiver::Account(name) => direct_message_size(author, &Peer::User(name.clone()), text, PostNumbers::WIDEST),
    };
    size <= MAX_POST_SIZE
}
