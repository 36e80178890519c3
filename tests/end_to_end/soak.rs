//! SIGKILL of bridges, brokers and nodes at any instant loses nothing, and nothing of QoS 2 comes twice.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use rumqttc::QoS;
use tempfile::TempDir;

use crate::support::{BridgeProcess, Client, Message, Mosquitto, Network, PASSWORD, toml_bridge};

/// What a short run does; the environment asks for longer ones.
const KILLS: usize = 12;
const MESSAGES: usize = 600;

/// The seed is printed; set it here to see the same choices again.
const SEED_VARIABLE: &str = "SOAK_SEED";

/// Where the messages go, and from whom: the first part says which side publishes, the last the quality of service.
const TOPICS: [(&str, QoS); 6] = [
    ("alice/open/1", QoS::AtLeastOnce),
    ("alice/open/2", QoS::ExactlyOnce),
    ("alice/closed/1", QoS::AtLeastOnce),
    ("alice/closed/2", QoS::ExactlyOnce),
    ("bob/closed/1", QoS::AtLeastOnce),
    ("bob/closed/2", QoS::ExactlyOnce),
];

#[derive(Debug, Clone, Copy)]
enum Target {
    Bridge,
    Broker,
    Node,
}

/// One person's place: a broker, a bridge, and people who publish and watch there.
struct Place {
    broker: Mosquitto,
    bridge: Option<BridgeProcess>,
    config: String,
    setting: (&'static str, &'static str),
    dir: TempDir,
    publisher: Client,
    watcher: Client,
}

impl Place {
    async fn of(name: &'static str, node: usize, network: &Network, setting: &'static str) -> Self {
        let (other, account) = if name == "alice" { ("bob", "mqtt_alice") } else { ("alice", "mqtt_bob") };
        let broker = Mosquitto::start().await;
        let rules = format!(
            "following = ['mqtt_{other}']\npublications = ['{name}/#']\nsubscriptions = ['{other}/#']\n\
             forwards = [{{ from = '{name}/open/#' }}, {{ from = '{name}/closed/#', type = 'private', to = ['mqtt_{other}'] }}]"
        );
        let config = toml_bridge(name, account, &network.url(node), &broker.address(), &rules);
        let watcher = Client::watching(broker.port(), &format!("{other}/#")).await;
        let publisher = Client::connect(broker.port(), "person").await;
        let dir = TempDir::new().unwrap();
        let mut place = Self { broker, bridge: None, config, setting: (setting, PASSWORD), dir, publisher, watcher };
        place.start_bridge();
        place
    }

    fn start_bridge(&mut self) {
        self.bridge = Some(BridgeProcess::start(self.dir.path(), &self.config, &[self.setting]));
    }

    fn bridge(&self) -> &BridgeProcess {
        self.bridge.as_ref().expect("the bridge runs")
    }

    async fn kill_bridge(&mut self) {
        self.bridge.take().expect("the bridge runs").kill().await;
        self.start_bridge();
    }

    /// The bridge is frozen in the middle of whatever it says to the broker, and finds it killed.
    async fn kill_broker(&mut self) {
        self.bridge().freeze();
        self.broker.kill().await;
        self.broker.start_again().await;
        self.bridge().thaw();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_of_bridges_brokers_and_nodes_lose_nothing_and_double_nothing_of_qos_2() {
    let asked = |variable: &str| std::env::var(variable).ok().map(|text| text.parse::<u64>().unwrap());
    let seed = asked(SEED_VARIABLE).unwrap_or_else(rand::random);
    let kills = asked("SOAK_KILLS").map_or(KILLS, |count| count as usize);
    let messages = asked("SOAK_MESSAGES").map_or(MESSAGES, |count| count as usize);
    eprintln!("{SEED_VARIABLE}={seed} SOAK_KILLS={kills} SOAK_MESSAGES={messages}");
    let mut random = StdRng::seed_from_u64(seed);
    let network = Network::of_alice_and_bob().await;
    let mut places = [
        Place::of("alice", 0, &network, "MQTT_TWISTER_ALICE_NODE_PASSWORD").await,
        Place::of("bob", 1, &network, "MQTT_TWISTER_BOB_NODE_PASSWORD").await,
    ];
    // From their first start on, the brokers keep for the bridges what comes while they are gone.
    tokio::join!(places[0].bridge().ready(), places[1].bridge().ready());

    let mut next = 0;
    for kill in 1..=kills {
        let instant = Duration::from_millis(random.random_range(20..700));
        let end = messages * kill / kills;
        publish_for(instant, &places, &mut next, end).await;
        let side = random.random_range(0..2);
        let target = [Target::Bridge, Target::Broker, Target::Node][random.random_range(0..3)];
        eprintln!("kill {kill}: {target:?} {side} after {instant:?}, {next} published");
        match target {
            Target::Bridge => places[side].kill_bridge().await,
            Target::Broker => places[side].kill_broker().await,
            Target::Node => {
                network.take_down(side).await;
                publish_for(Duration::from_millis(random.random_range(20..700)), &places, &mut next, end).await;
                network.bring_up(side).await;
            }
        }
    }
    publish_for(Duration::MAX, &places, &mut next, messages).await;

    for (side, name) in ["bob", "alice"].into_iter().enumerate() {
        let expected: BTreeMap<&str, Vec<usize>> = TOPICS
            .iter()
            .enumerate()
            .filter(|(_, (topic, _))| topic.starts_with(name))
            .map(|(index, (topic, _))| (*topic, (index..messages).step_by(TOPICS.len()).collect()))
            .collect();
        let all = places[side].watcher.while_they_come(|messages| firsts(messages) == sorted(&expected)).await;
        let arrived = by_topic(&all);
        for (topic, numbers) in &expected {
            let came = arrived.get(*topic).cloned().unwrap_or_default();
            let lost: Vec<_> = numbers.iter().filter(|number| !came.contains(number)).collect();
            assert!(lost.is_empty(), "{topic}: {} of {} are lost: {lost:?}", lost.len(), numbers.len());
            let copies = came.len() - numbers.len();
            eprintln!("{topic}: all {} arrived, and {copies} copies", numbers.len());
            if topic.ends_with('2') {
                assert_eq!(came, *numbers, "{topic}: once each, and in order");
            }
        }
    }
    let [alice, bob] = places;
    // One that was killed last may have begun anew at this moment, and does not know yet what it is to do when asked to stop.
    tokio::join!(alice.bridge().ready(), bob.bridge().ready());
    tokio::join!(alice.bridge.unwrap().stop(), bob.bridge.unwrap().stop());
}

/// Publishes the messages up to number `end`, one after the other, for so long at most. None is under way then.
async fn publish_for(time: Duration, places: &[Place; 2], next: &mut usize, end: usize) {
    let over = tokio::time::Instant::now().checked_add(time);
    while *next < end && over.is_none_or(|over| tokio::time::Instant::now() < over) {
        let (topic, qos) = TOPICS[*next % TOPICS.len()];
        let side = usize::from(topic.starts_with("bob"));
        places[side].publisher.publish_with(topic, next.to_string(), qos).await;
        *next += 1;
    }
    if let Some(over) = over {
        tokio::time::sleep_until(over).await;
    }
}

fn by_topic(messages: &[Message]) -> BTreeMap<&str, Vec<usize>> {
    let mut numbers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for message in messages {
        let number = str::from_utf8(&message.payload).unwrap().parse().unwrap();
        numbers.entry(&message.topic).or_default().push(number);
    }
    numbers
}

/// Which numbers came, each once.
fn firsts(messages: &[Message]) -> BTreeMap<&str, Vec<usize>> {
    sorted(&by_topic(messages))
}

fn sorted<'a>(numbers: &BTreeMap<&'a str, Vec<usize>>) -> BTreeMap<&'a str, Vec<usize>> {
    let sorted = |(topic, numbers): (&&'a str, &Vec<usize>)| {
        let mut numbers = numbers.clone();
        numbers.sort_unstable();
        numbers.dedup();
        (*topic, numbers)
    };
    numbers.iter().map(sorted).collect()
}
