//! Compresses a kilobyte or two of records, given a dictionary of similar ones.
//!
//! A [`Model`] asks whether the next byte is the one that a like record had there and, if not, for its bits. It foretells each
//! answer by a mixture of several contexts. What it foretells well costs next to nothing, in bytes and in time. A [`Compressor`] and [`decompress`] turn the
//! predictions into bytes and back (binary arithmetic coding). Both sides must start with equal models.
//!
//! Every number is an integer and every step is fixed, so that all machines agree; the steps are written down in
//! `docs/frame-format.md`, and changing any of them makes a new format. The output is a prefix code of its input: a
//! compressor can be stopped after any byte, which fills a given room exactly.
//!
//! Deliberately not in it: what the records are, lengths, checksums.

mod coder;
mod logistic;
mod mixture;
mod model;
mod trail;
mod words;

pub use coder::{Compressor, Mark, decompress};
pub use model::Model;
