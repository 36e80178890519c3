//! How connections to a broker are set up.

use std::time::Duration;

use rumqttc::NetworkOptions;
use rumqttc::v5::MqttOptions;
use rumqttc::v5::mqttbytes::QoS;

use crate::config::BrokerUrl;
use crate::message::Qos;
use crate::secrets::Password;

const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Largest packet that MQTT has. The client's own default is 10 KiB, and one larger message would close the connection
/// again and again.
const MAX_PACKET_SIZE: u32 = 268_435_455;

/// Messages that the broker may send before the first of them is acknowledged.
const RECEIVE_MAXIMUM: u16 = 64;

/// How long the broker keeps the session while the bridge is away, in seconds: 30 days.
const SESSION_EXPIRY: u32 = 30 * 24 * 3600;

/// Where a broker is and who logs in there.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub url: BrokerUrl,
    pub user: String,
    pub password: Password,
}

impl Login {
    /// Options for a session that outlives its connections and acknowledges by hand.
    pub(crate) fn lasting(&self, client_id: &str) -> MqttOptions {
        let mut options = self.plain(client_id);
        options.set_clean_start(false);
        options.set_session_expiry_interval(Some(SESSION_EXPIRY));
        options.set_receive_maximum(Some(RECEIVE_MAXIMUM));
        options.set_manual_acks(true);
        options
    }

    fn plain(&self, client_id: &str) -> MqttOptions {
        // The client joins host and port by a colon, so an IPv6 address needs its brackets.
        let host = match self.url.host() {
            host if host.contains(':') => format!("[{host}]"),
            host => host.to_owned(),
        };
        let mut options = MqttOptions::new(client_id, host, self.url.port());
        let mut network = NetworkOptions::new();
        // Small packets follow each other all the time; waiting to join them would cost 40 ms each.
        network.set_tcp_nodelay(true);
        options.set_network_options(network);
        options.set_keep_alive(KEEP_ALIVE);
        options.set_max_packet_size(Some(MAX_PACKET_SIZE));
        if !self.user.is_empty() {
            options.set_credentials(&self.user, self.password.reveal());
        }
        options
    }
}

/// Options for a connection that leaves nothing behind.
pub(crate) fn one_off(login: &Login) -> MqttOptions {
    login.plain(&format!("mqtt-twister-{:016x}", rand::random::<u64>()))
}

pub(crate) fn to_rumqttc(qos: Qos) -> QoS {
    match qos {
        Qos::AtMostOnce => QoS::AtMostOnce,
        Qos::AtLeastOnce => QoS::AtLeastOnce,
        Qos::ExactlyOnce => QoS::ExactlyOnce,
    }
}

pub(crate) fn qos_of(qos: QoS) -> Qos {
    match qos {
        QoS::AtMostOnce => Qos::AtMostOnce,
        QoS::AtLeastOnce => Qos::AtLeastOnce,
        QoS::ExactlyOnce => Qos::ExactlyOnce,
    }
}
