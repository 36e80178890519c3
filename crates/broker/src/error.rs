//! Why a broker did not start. A running broker has no errors to report: what a single client does wrong ends that client's
//! connection and nothing else.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a broker did not start.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// Something else listens there, very often a broker that the person already has.
    #[error(
        "{addr} is in use by another program, perhaps a broker that is already running; use that one, or choose another port"
    )]
    AddressInUse {
        /// The address asked for.
        addr: SocketAddr,
    },
    /// The address belongs to no network interface of this machine.
    #[error(
        "{addr} is not an address of this machine; use 127.0.0.1, or the address that this machine has in its network"
    )]
    AddressNotHere {
        /// The address asked for.
        addr: SocketAddr,
    },
    /// The system keeps this port for privileged programs.
    #[error("this program may not listen on {addr}; choose a port above 1023 (1883 is usual for MQTT)")]
    PortNotPermitted {
        /// The address asked for.
        addr: SocketAddr,
    },
    /// The system refused the address for another reason.
    #[error("cannot listen on {addr}: {source}")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Others could reach the broker, and nothing would keep them out.
    #[error(
        "{addr} can be reached from other machines and no password is set; set a user name and password, or listen on 127.0.0.1"
    )]
    OpenToStrangers {
        /// The address asked for.
        addr: SocketAddr,
    },
    /// A login was set, but one half of it is empty.
    #[error("the broker's user name or password is empty; fill in both, or neither")]
    EmptyCredentials,
    /// The folder for sessions and retained messages cannot be made or written.
    #[error("cannot use the folder {path} for the broker's data: {source}; check its permissions, or choose another", path = path.display())]
    DataDir {
        /// The folder asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The broker itself refused to run, for instance since its data folder is damaged, was written by a later version, or is in
    /// use by another broker.
    #[error("the broker could not start: {source}")]
    Start {
        /// What the broker said.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl BrokerError {
    /// The variant that fits a failed attempt to listen on `addr`.
    pub(crate) fn from_listen(addr: SocketAddr, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::AddressInUse { addr },
            io::ErrorKind::AddrNotAvailable => Self::AddressNotHere { addr },
            io::ErrorKind::PermissionDenied => Self::PortNotPermitted { addr },
            _ => Self::Listen { addr, source },
        }
    }

    pub(crate) fn from_start(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Start { source: source.into() }
    }
}
