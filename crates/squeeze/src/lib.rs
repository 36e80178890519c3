//! Compresses a kilobyte or two of records, given a dictionary of similar ones.
//!
//! A [`Model`] asks whether what comes up to the next digit is what a like record had there and, if not, whether the next byte is
//! or what its bits are. It foretells each answer by a mixture of several contexts. What it foretells well costs next to nothing,
//! in bytes and in time. A [`Compressor`] and [`decompress`] turn the predictions into bytes and back (binary arithmetic coding).
//! Both sides must start with equal models.
//!
//! Every number is an integer and every step is fixed, so that all machines agree; the steps are written down in
//! `docs/frame-format.md`, and changing any of them makes a new format. The output can end where any
//! write to the compressor ended, which fills a given room exactly.
//!
//! Deliberately not in it: what the records are, lengths, checksums.

mod coder;
mod lines;
mod logistic;
mod mixture;
mod model;
mod trail;
mod words;

pub use coder::{Compressor, Mark, decompress};
pub use model::Model;
