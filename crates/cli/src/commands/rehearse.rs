//! `rehearse`: what the rules of a configuration would do with a message or a recording. It asks the engine's own routing
//! and packing; nothing is sent.

mod message;
mod trace;

use mqtt_twister_bridge::config::BridgeConfig;
use mqtt_twister_bridge::message::Message;
use mqtt_twister_bridge::pack::Pace;
use twister::Username;

use self::message::{InwardLine, OutwardLine};
use self::trace::TraceLine;
use crate::args::RehearseArgs;
use crate::config;
use crate::error::CliError;
use crate::output::Output;

pub(crate) fn run(args: &RehearseArgs, output: &Output) -> Result<(), CliError> {
    let bridges = config::bridges(&args.config, args.bridge.as_ref())?;
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
