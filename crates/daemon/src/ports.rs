//! Ports for a node: free ones for a new node, and whether a node's own are free when it is to start.

use std::io;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};

use rand::seq::SliceRandom as _;

use crate::problem::{NodeProblem, NodeProblemCode};
use crate::settings::NodePorts;

/// Ports are chosen from here: above those of well-known services, below those that systems hand out for connections, and
/// with room for the port of DHT and swarms, which lies 1000 higher.
const CHOICE: std::ops::Range<u16> = 20_000..31_000;

/// Ports that are free now and that none of `kept`, the ports of other nodes, needs.
pub(crate) fn choose(kept: &[NodePorts]) -> Result<NodePorts, NodeProblem> {
    let mut candidates: Vec<u16> = CHOICE.collect();
    candidates.shuffle(&mut rand::rng());
    let is_kept = |port: u16| kept.iter().any(|ports| [ports.p2p, ports.dht(), ports.rpc].contains(&port));
    let is_good = |ports: NodePorts| {
        let all = [ports.p2p, ports.dht(), ports.rpc];
        ports.rpc != ports.dht() && !all.into_iter().any(is_kept) && check(ports).is_ok()
    };
    let mut pairs = candidates.chunks_exact(2).map(|pair| NodePorts { p2p: pair[0], rpc: pair[1] });
    pairs.find(|ports| is_good(*ports)).ok_or_else(|| {
        let message =
            "no free ports were found on this computer. End programs that listen on many ports, and try again";
        NodeProblem::new(NodeProblemCode::NoFreePort, message)
    })
}

/// Whether all three ports are free.
///
/// # Errors
/// [`NodeProblemCode::PortTaken`], with the first that is not.
pub(crate) fn check(ports: NodePorts) -> Result<(), NodeProblem> {
    let all = Ipv4Addr::UNSPECIFIED;
    let tried = [
        (ports.p2p, TcpListener::bind((all, ports.p2p)).map(drop)),
        (ports.dht(), TcpListener::bind((all, ports.dht())).map(drop)),
        (ports.dht(), UdpSocket::bind((all, ports.dht())).map(drop)),
        (ports.rpc, TcpListener::bind((Ipv4Addr::LOCALHOST, ports.rpc)).map(drop)),
    ];
    tried.into_iter().try_for_each(|(port, outcome)| outcome.map_err(|error| taken(port, &error)))
}

fn taken(port: u16, error: &io::Error) -> NodeProblem {
    NodeProblem::new(
        NodeProblemCode::PortTaken,
        format!(
            "port {port} cannot be used by the node ({error}). End the program that has it, or let other ports be chosen"
        ),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn chosen_ports_are_free_and_nobody_elses() {
        let one = choose(&[]).unwrap();
        assert_eq!(check(one), Ok(()));
        // The highest are the only ones that nobody keeps.
        let kept: Vec<NodePorts> =
            (CHOICE.start..CHOICE.end - 2040).step_by(2).map(|p2p| NodePorts { p2p, rpc: p2p + 1 }).collect();
        let other = choose(&kept).unwrap();
        assert!(other.p2p >= CHOICE.end - 2040 && other.rpc >= CHOICE.end - 2040, "{other:?}");
    }

    #[test]
    fn a_taken_port_is_named() {
        let ports = choose(&[]).unwrap();
        let _other = TcpListener::bind((Ipv4Addr::UNSPECIFIED, ports.dht())).unwrap();
        let problem = check(ports).unwrap_err();
        assert_eq!(problem.code, NodeProblemCode::PortTaken);
        assert!(problem.message.contains(&ports.dht().to_string()), "{problem}");
    }
}
