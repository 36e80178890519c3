//! Running a twisterd for its user, with real processes: the stand-in in place of twisterd, and programs that are none.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod leftover;
mod life;
mod networks;
mod programs;
mod secrecy;
mod support;
mod trouble;
