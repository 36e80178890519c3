//! A stand-in for `twisterd`: test equipment, and no Twister node. It is built to be started by a program that runs twisterd for
//! its user, takes the flags and the `twister.conf` that twisterd takes, and behaves as that does from outside: it locks its
//! data directory, writes `debug.log`, answers RPC with user and password, catches up with a chain step by step, makes blocks
//! when told to and not alone, and ends on `stop` and SIGTERM. Behind it is a sandbox network.
//!
//! - Without `-connect` it plays a node of a public network, of 300 blocks and one other node.
//! - With `-connect` to its own port it is the first node of a private network.
//! - With `-connect` to another stand-in on this machine it joins that one's network. The other keeps what it has, its wallet
//!   too; while the other is away, this one is an empty node that has met nobody. Of two that are to join each other, the one with
//!   the lower port is the first.
//!
//! What it is to get wrong stands in the file `stand-in` in its data directory, or in the environment variable
//! `TWISTERD_STAND_IN`: see `stand_in/script.rs`.
//!
//! Deliberately not in it: joining two machines. For that there is twisterd.

#[cfg(unix)]
mod stand_in;

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    stand_in::main()
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    eprintln!("there is no stand-in for twisterd on this system");
    ExitCode::FAILURE
}
