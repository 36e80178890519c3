//! The door of a running bridge for other processes of the same user: what the command line asks of it, and what a person
//! wants done with what waits, or changed in its rules.
//!
//! A local socket, on Windows a named pipe, in the bridge's name. Each request and each reply is one line of JSON; a
//! connection carries one after the other. Nothing that is said here carries a password or a key. What is in messages is told
//! only to whoever watches them and asks for that ([`Client::watch`]).
//!
//! Deliberately not here: what the answers are ([`crate::queue`], [`crate::event`]), and starting or stopping bridges.

mod client;
mod protocol;
mod serve;
#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod socket;

pub use client::{Client, ControlError, Told, Watching};
pub use protocol::Status;
pub(crate) use serve::serve;
pub(crate) use socket::Listener;

#[cfg(test)]
mod tests;
