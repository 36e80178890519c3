//! Under which addresses other machines may find this one: those that it would itself speak from. Which of them lead here from
//! outside, only a person can know who has set up the router.

use std::net::{IpAddr, SocketAddr, UdpSocket};

/// Somewhere in each kind of network: the way there begins at the address that is looked for. Nothing is sent.
const SOMEWHERE: [&str; 6] =
    ["192.168.0.1:9", "10.0.0.1:9", "172.16.0.1:9", "100.64.0.1:9", "192.0.2.1:9", "[2001:db8::1]:9"];

/// This machine's addresses with a port, each as `host:port`. Empty where there is no network.
pub fn addresses_of(port: u16) -> Vec<String> {
    let mut addresses: Vec<IpAddr> = Vec::new();
    for way in SOMEWHERE {
        if let Some(address) = address_towards(way).filter(|address| !addresses.contains(address)) {
            addresses.push(address);
        }
    }
    addresses.into_iter().map(|address| SocketAddr::new(address, port).to_string()).collect()
}

fn address_towards(destination: &str) -> Option<IpAddr> {
    let destination: SocketAddr = destination.parse().ok()?;
    let any = if destination.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any).ok()?;
    // Of a datagram socket this chooses the way and does no more.
    socket.connect(destination).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_is_told_that_leads_nowhere_from_another_machine() {
        for address in addresses_of(28_333) {
            let parsed: Result<SocketAddr, _> = address.parse();
            let reachable = parsed.is_ok_and(|address| !address.ip().is_loopback() && address.port() == 28_333);
            assert!(reachable, "{address}");
        }
    }
}
