//! `demo`: a sandbox network, two brokers and the bridges of alice and bob, and messages that cross.

use std::fmt;

use mqtt_twister_bridge::config::{BridgeConfig, BridgeName, BrokerUrl};
use mqtt_twister_bridge::event::BridgeEvent;
use mqtt_twister_bridge::message::{Message, Qos};
use mqtt_twister_bridge::publish::publish;
use mqtt_twister_bridge::topic::TopicError;
use mqtt_twister_tryout::{Tryout, TryoutBridge};
use serde::Serialize;

use crate::args::DemoArgs;
use crate::bridges::Bridges;
use crate::error::CliError;
use crate::message_line::MessageLine;
use crate::output::Output;
use crate::shutdown::Shutdown;

/// What the demo publishes itself: on whose broker (the bridge's place in the tryout), topic and payload.
const SAMPLES: [(usize, &str, &str); 3] =
    [(0, "sensors/kitchen/temperature", "21.5"), (0, "doors/front", "open"), (1, "fridges/bob/temperature", "4.2")];

/// Where to publish and to listen.
#[derive(Serialize)]
#[serde(tag = "type", rename = "broker")]
struct BrokerLine<'a> {
    bridge: &'a BridgeName,
    url: &'a BrokerUrl,
}

/// A sample that could not be published.
#[derive(Serialize)]
#[serde(tag = "type", rename = "sample_failed")]
struct SampleFailedLine {
    topic: &'static str,
    message: String,
}

pub(crate) async fn run(args: DemoArgs, output: &Output) -> Result<(), CliError> {
    let mut shutdown = Shutdown::listen().map_err(CliError::Runtime)?;
    output.text("Starting a sandbox network with two nodes, and a broker each for alice and bob ...");
    let tryout = tokio::select! {
        started = Tryout::start(args.data_dir.as_deref()) => started?,
        () = shutdown.requested() => return Ok(()),
    };
    for TryoutBridge { config, .. } in tryout.bridges() {
        output.line(&BrokerLine { bridge: &config.name, url: &config.broker.url });
    }
    output.text(Introduction(tryout.bridges()));
    let mut bridges = Bridges::new();
    for TryoutBridge { config, secrets } in tryout.bridges() {
        bridges.start(config.clone(), secrets.clone(), tryout.bridges_dir(), output, Some(show)).await;
    }
    let outcome = bridges.run_until(&mut shutdown, output, publish_samples(tryout.bridges(), output)).await;
    tryout.stop().await;
    outcome
}

/// Publishes the samples as any client of the brokers would.
async fn publish_samples(bridges: &[TryoutBridge], output: &Output) {
    for (place, topic, payload) in SAMPLES {
        let Some(TryoutBridge { config, secrets }) = bridges.get(place) else { continue };
        let sent = match sample(topic, payload) {
            Ok(message) => publish(&config.broker, &secrets.broker, message).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(message) = sent {
            output.warning(&SampleFailedLine { topic, message });
        }
    }
}

fn sample(topic: &str, payload: &str) -> Result<Message, TopicError> {
    Ok(Message::new(topic.parse()?, payload, Qos::AtLeastOnce))
}

/// Shows the messages that cross, and nothing else.
fn show(event: &BridgeEvent) -> Option<String> {
    match event {
        BridgeEvent::Message(message) => Some(MessageLine(message).to_string()),
        BridgeEvent::State(_) | BridgeEvent::Problem(_) => None,
    }
}

/// What a person can do with it.
struct Introduction<'a>(&'a [TryoutBridge]);

impl fmt::Display for Introduction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for TryoutBridge { config, .. } in self.0 {
            writeln!(f, "{}: {}", config.name, rules(config))?;
        }
        if let [alice, bob, ..] = self.0 {
            let (alice, bob) = (&alice.config.broker.url, &bob.config.broker.url);
            writeln!(f, "\nTo join in, with mosquitto-clients installed, from other terminals:")?;
            writeln!(f, "  mosquitto_sub -h {} -p {} -v -t 'doors/#' -t 'sensors/#'", bob.host(), bob.port())?;
            writeln!(f, "  mosquitto_pub -h {} -p {} -q 1 -t doors/front -m closed", alice.host(), alice.port())?;
        }
        f.write_str("Ctrl-C ends the demo.\n")
    }
}

/// What a bridge sends and what it takes, in a line.
fn rules(config: &BridgeConfig) -> String {
    let list = |filters: Vec<&str>| filters.join(", ");
    let sends = config.forwards.iter().map(|forward| forward.from.as_str()).collect();
    let takes = config.subscriptions.iter().map(|subscription| subscription.filter.as_str()).collect();
    format!("sends {}; takes {}", list(sends), list(takes))
}

impl fmt::Display for BrokerLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}'s broker is at {}", self.bridge, self.url)
    }
}

impl fmt::Display for SampleFailedLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the sample message on {} could not be published: {}", self.topic, self.message)
    }
}
