//! `rehearse`: what the rules of a configuration would do with a message or a recording. It asks the engine's own routing
//! and packing; nothing is sent.

mod message;
mod trace;

use mqtt_twister_bridge::config::{BridgeConfig, ConfigFile};
use mqtt_twister_bridge::message::Message;
use mqtt_twister_bridge::pack::Pace;
use twister::Username;

use self::message::{InwardLine, OutwardLine};
use self::trace::TraceLine;
use crate::args::RehearseArgs;
use crate::error::CliError;
use crate::output::Output;

pub(crate) fn run(args: &RehearseArgs, output: &Output) -> Result<(), CliError> {
    let bridges = bridges(args)?;
    match (&args.topic, &args.trace) {
        (_, Some(file)) => {
            let lines = super::trace::load(file)?;
            let pace = if args.scarce { Pace::Scarce } else { Pace::Plenty };
            for config in &bridges {
                let recording = lines.iter().cloned().map(super::trace::Line::into_timed);
                output.line(&TraceLine::new(config, pace, recording));
            }
        }
        (Some(topic), None) => {
            let message =
                Message { retain: args.retain, ..Message::new(topic.clone(), args.payload.as_str(), args.qos) };
            for config in &bridges {
                tell(config, &message, args.from.as_ref(), output);
            }
        }
        // The command line demands one of the two.
        (None, None) => {}
    }
    Ok(())
}

fn tell(config: &BridgeConfig, message: &Message, from: Option<&Username>, output: &Output) {
    match from {
        Some(sender) => output.line(&InwardLine::new(config, sender, message)),
        None => output.line(&OutwardLine::new(config, message)),
    }
}

/// The bridges of the configuration, or the one that is asked for.
fn bridges(args: &RehearseArgs) -> Result<Vec<BridgeConfig>, CliError> {
    let path = || args.config.clone();
    let loaded = ConfigFile::load(&args.config).map_err(|source| CliError::Config { path: path(), source })?;
    let bridges: Vec<BridgeConfig> = loaded.bridges.into_iter().map(|bridge| bridge.config).collect();
    let Some(wanted) = &args.bridge else { return Ok(bridges) };
    match bridges.iter().find(|bridge| bridge.name == *wanted) {
        Some(bridge) => Ok(vec![bridge.clone()]),
        None => Err(CliError::NoSuchBridge {
            path: path(),
            bridge: wanted.to_string(),
            has: bridges.iter().map(|bridge| bridge.name.to_string()).collect(),
        }),
    }
}
