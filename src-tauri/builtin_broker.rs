//! The broker inside the app, for people who have none. It listens on this machine only, on a port that stays the same
//! once it was chosen, so that a bridge can name it in its settings like any other broker.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use mqtt_twister_bridge::config::BrokerUrl;
use mqtt_twister_broker::{Broker, BrokerOptions};
use tokio::fs;
use tokio::sync::Mutex;

use crate::error::{AppErrorCode, CommandError};
use crate::view::BuiltinBrokerView;

/// The broker inside the app.
pub struct BuiltinBroker {
    folder: PathBuf,
    running: Mutex<Option<Broker>>,
}

impl BuiltinBroker {
    /// One that does not run and keeps its port and its sessions in `folder`.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, running: Mutex::new(None) }
    }

    /// Starts it, unless it runs, and says where it listens.
    ///
    /// # Errors
    /// [`AppErrorCode::BuiltinBrokerFailed`], for example when another program has taken its port.
    pub async fn start(&self) -> Result<BuiltinBrokerView, CommandError> {
        let mut running = self.running.lock().await;
        if running.is_none() {
            let known_port = self.port().await;
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, known_port.unwrap_or(0)));
            let options = BrokerOptions::on(address).with_data_dir(self.folder.join("sessions"));
            let broker = Broker::start(options).await.map_err(|error| failed(error.to_string()))?;
            self.keep_port(broker.addr().port()).await?;
            *running = Some(broker);
        }
        let port = running.as_ref().map_or(0, |broker| broker.addr().port());
        Ok(BuiltinBrokerView { url: url(port).to_string(), running: true })
    }

    /// Stops it.
    pub async fn stop(&self) {
        if let Some(broker) = self.running.lock().await.take() {
            broker.stop().await;
        }
    }

    /// Whether the address is this broker's.
    pub async fn is_at(&self, address: &BrokerUrl) -> bool {
        self.port().await.is_some_and(|port| url(port) == *address)
    }

    /// Where it listens, once it was started for the first time.
    pub async fn view(&self) -> Option<BuiltinBrokerView> {
        let running = self.running.lock().await.is_some();
        self.port().await.map(|port| BuiltinBrokerView { url: url(port).to_string(), running })
    }

    async fn port(&self) -> Option<u16> {
        fs::read_to_string(self.port_path()).await.ok()?.trim().parse().ok()
    }

    async fn keep_port(&self, port: u16) -> Result<(), CommandError> {
        let written = async {
            fs::create_dir_all(&self.folder).await?;
            fs::write(self.port_path(), port.to_string()).await
        };
        written.await.map_err(|error| failed(format!("cannot write {}: {error}", self.port_path().display())))
    }

    fn port_path(&self) -> PathBuf {
        self.folder.join("port")
    }
}

fn url(port: u16) -> BrokerUrl {
    BrokerUrl::new(Ipv4Addr::LOCALHOST.to_string(), port)
}

fn failed(message: String) -> CommandError {
    CommandError::new(AppErrorCode::BuiltinBrokerFailed, message)
}
