//! The commands, one module each.

pub(crate) mod account;
pub(crate) mod check;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod estimate;
pub(crate) mod follow;
pub(crate) mod init;
pub(crate) mod queue;
pub(crate) mod rehearse;
pub(crate) mod run;
pub(crate) mod sandbox;
pub(crate) mod status;
pub(crate) mod subscribe;
pub(crate) mod tail;
pub(crate) mod trace;
