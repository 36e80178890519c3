//! The arguments of `account`.

use std::path::PathBuf;

use clap::Subcommand;
use mqtt_twister_bridge::config::BridgeName;
use twister::Username;

use super::SecretArgs;

#[derive(Debug, clap::Args)]
pub(crate) struct AccountArgs {
    #[command(subcommand)]
    pub(crate) command: AccountCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// List the accounts in the node's wallet
    List(AtNode),
    /// Make a new account: its key, and its registration, which takes effect with the next block
    ///
    /// The account's secret key is printed once. Keep it: whoever has it owns the name, and without it a lost wallet means
    /// a lost name.
    Create(OneAccount),
    /// Send the registration of an account whose key is in the wallet, again if it was lost, and say how far it is
    Register(OneAccount),
    /// Put the secret key of a registered account into the wallet; the key is read from standard input
    Import(ImportAccount),
}

#[derive(Debug, clap::Args)]
pub(crate) struct AtNode {
    /// The configuration, whose bridge says where the node is
    pub(crate) config: PathBuf,

    /// The bridge whose node is meant, if there are several
    #[arg(long, value_name = "NAME")]
    pub(crate) bridge: Option<BridgeName>,

    #[command(flatten)]
    pub(crate) secrets: SecretArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct OneAccount {
    #[command(flatten)]
    pub(crate) node: AtNode,

    /// The account
    pub(crate) account: Username,

    /// Wait until the registration is in the chain, ten minutes or more
    #[arg(long)]
    pub(crate) wait: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ImportAccount {
    #[command(flatten)]
    pub(crate) node: AtNode,

    /// The account
    pub(crate) account: Username,

    /// Read the key from this open file descriptor in place of standard input
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) key_fd: u32,
}
