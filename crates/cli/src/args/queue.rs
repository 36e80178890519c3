//! The arguments of `status` and `queue`.

use std::path::PathBuf;

use clap::ValueEnum;
use mqtt_twister_bridge::config::BridgeName;
use mqtt_twister_bridge::queue::RowId;
use mqtt_twister_bridge::route::Receiver;
use mqtt_twister_bridge::topic::TopicFilter;
use twister::names::UsernameError;

#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    /// The configuration that the bridges run with
    pub(crate) config: PathBuf,

    /// Where the bridges keep their data, as given to run [default: mqtt-twister in the user's data folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct QueueArgs {
    /// The configuration that the bridges run with
    pub(crate) config: PathBuf,

    /// What to do with the messages
    #[arg(value_enum, default_value_t = QueueCommand::List)]
    pub(crate) command: QueueCommand,

    /// Only of this bridge
    #[arg(long, value_name = "NAME")]
    pub(crate) bridge: Option<BridgeName>,

    /// Only what is for this account, or the public messages with everybody (an account of that name: @everybody)
    #[arg(long, value_name = "ACCOUNT|everybody", value_parser = receiver)]
    pub(crate) to: Option<Receiver>,

    /// Only on topics that this filter matches
    #[arg(long, value_name = "FILTER")]
    pub(crate) topic: Option<TopicFilter>,

    /// Only the message with this number, as list shows it. May be given again
    #[arg(long = "id", value_name = "N")]
    pub(crate) ids: Vec<RowId>,

    /// All messages; without it, drop wants to know which
    #[arg(long, conflicts_with_all = ["to", "topic", "ids"])]
    pub(crate) all: bool,

    /// How many messages of a bridge to list
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,

    /// Where the bridges keep their data, as given to run [default: mqtt-twister in the user's data folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

/// What `queue` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum QueueCommand {
    /// List them
    List,
    /// Keep them until they are released
    Hold,
    /// Let those go that are held
    Release,
    /// Never send them, or, if they are out, not again
    Drop,
    /// Post those again at once that are out and whose receiver is silent
    Retry,
}

fn receiver(text: &str) -> Result<Receiver, String> {
    match (text, text.strip_prefix('@')) {
        ("everybody", _) => Ok(Receiver::Everybody),
        (_, name) => {
            name.unwrap_or(text).parse().map(Receiver::Account).map_err(|error: UsernameError| error.to_string())
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_no_account_unless_it_is_written_as_one() {
        assert_eq!(receiver("everybody"), Ok(Receiver::Everybody));
        assert_eq!(receiver("@everybody"), Ok(Receiver::Account("everybody".parse().unwrap())));
        assert_eq!(receiver("bob"), receiver("@bob"));
        assert!(receiver("Bob").is_err());
    }
}
