//! The arguments of `init`, `follow`, `subscribe` and `tail`.

use std::path::PathBuf;

use mqtt_twister_bridge::config::BridgeName;
use mqtt_twister_bridge::topic::TopicFilter;
use twister::Username;

#[derive(Debug, clap::Args)]
pub(crate) struct InitArgs {
    /// The configuration to write; one that is there is never overwritten
    #[arg(default_value = "mqtt-twister.toml")]
    pub(crate) config: PathBuf,
}

/// Which bridge of which file is changed.
#[derive(Debug, clap::Args)]
pub(crate) struct ChangeArgs {
    /// The configuration to change: TOML with [[bridge]] tables
    pub(crate) config: PathBuf,

    /// The bridge that is meant, if there are several
    #[arg(long, value_name = "NAME")]
    pub(crate) bridge: Option<BridgeName>,

    /// Take it away again
    #[arg(long)]
    pub(crate) remove: bool,

    /// Where the bridges keep their data, as given to run [default: mqtt-twister in the user's data folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct FollowArgs {
    #[command(flatten)]
    pub(crate) change: ChangeArgs,

    /// The accounts whose messages may come in
    #[arg(required = true)]
    pub(crate) accounts: Vec<Username>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SubscribeArgs {
    #[command(flatten)]
    pub(crate) change: ChangeArgs,

    /// The topics that are wanted from the network
    #[arg(required = true)]
    pub(crate) filters: Vec<TopicFilter>,

    /// Only messages of this account. May be given again
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) from: Vec<Username>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct TailArgs {
    /// The configuration that the bridges run with
    pub(crate) config: PathBuf,

    /// Only of this bridge
    #[arg(long, value_name = "NAME")]
    pub(crate) bridge: Option<BridgeName>,

    /// Only on topics that this filter matches
    #[arg(long, value_name = "FILTER")]
    pub(crate) topic: Option<TopicFilter>,

    /// Show what is in the messages, too: payloads, cut after 4 KiB, and with --json their properties
    #[arg(long)]
    pub(crate) payloads: bool,

    /// Where the bridges keep their data, as given to run [default: mqtt-twister in the user's data folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}
