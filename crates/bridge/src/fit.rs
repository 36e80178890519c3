//! How much text fits one post, and whether a text does.

use twister::limits::{
    MAX_POST_SIZE, PostNumbers, custom_post_room, custom_post_size, direct_message_room, direct_message_size, post_size,
};
use twister::{CustomFields, FieldValue, Peer, Username};

use crate::frame::v1;
use crate::route::Receiver;

/// How many bytes a v1 frame may have that `author` sends to `receiver`, in a post with `numbers`.
pub fn frame_room(author: &Username, receiver: &Receiver, numbers: PostNumbers) -> usize {
    match receiver {
        Receiver::Everybody => custom_post_room(author, v1::FIELD, numbers),
        Receiver::Account(name) => direct_message_room(author, &Peer::User(name.clone()), numbers),
    }
}

/// The size in bytes of the post that carries the v1 frame `text`.
pub fn frame_post_size(author: &Username, receiver: &Receiver, text: &str, numbers: PostNumbers) -> usize {
    match receiver {
        Receiver::Everybody => {
            let fields = CustomFields::from([(v1::FIELD.to_owned(), FieldValue::from(text))]);
            custom_post_size(author, &fields, numbers)
        }
        Receiver::Account(name) => direct_message_size(author, &Peer::User(name.clone()), text, numbers),
    }
}

/// The size in bytes of the post that carries the v0 frame `text`; with long numbers, as it may become.
pub(crate) fn v0_post_size(author: &Username, receiver: &Receiver, text: &str) -> usize {
    match receiver {
        Receiver::Everybody => post_size(author, text, None, PostNumbers::WIDEST),
        Receiver::Account(name) => direct_message_size(author, &Peer::User(name.clone()), text, PostNumbers::WIDEST),
    }
}

/// Whether `text`, sent by `author` to `receiver` as a v0 frame, is within the size that the network carries.
pub(crate) fn fits(author: &Username, receiver: &Receiver, text: &str) -> bool {
    v0_post_size(author, receiver, text) <= MAX_POST_SIZE
}
