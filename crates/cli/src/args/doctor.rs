//! The arguments of `doctor`.

use std::path::PathBuf;

use mqtt_twister_bridge::config::BridgeName;

use super::SecretArgs;

pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0  nothing is wrong; notices there may be
  1  something failed while it looked
  2  it could not begin: wrong arguments, or a configuration that cannot be read or is not valid
  3  there are warnings: messages cross, late or at risk
  4  there is a fault: messages cannot cross on some bridge

Every finding ends with its code in brackets (with --json: code); docs/doctor.md lists them.";

#[derive(Debug, clap::Args)]
pub(crate) struct DoctorArgs {
    /// The configuration: TOML with [[bridge]] tables, or a mosquitto-twister JSON file
    pub(crate) config: PathBuf,

    /// Only this bridge of the configuration
    #[arg(long, value_name = "NAME")]
    pub(crate) bridge: Option<BridgeName>,

    /// How long to listen at each broker for topics that the rules could be about
    #[arg(long, value_name = "SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) listen: u64,

    /// Where the bridges keep their data, as given to run [default: mqtt-twister in the user's data folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) secrets: SecretArgs,
}
