//! Calls about the node's own state.

use crate::json::Json;
use crate::rpc::blocks::DIFFICULTY;
use crate::rpc::{Answer, Call, Method};

/// What the stock version says about itself.
const WARNING: &str = "This is a pre-release test build - use at your own risk";

/// The port at which a node's swarm listens, as nodes of hosts of their own have it.
const SWARM_PORT: u16 = 29333;

/// The port of the block chain's network, likewise.
const CHAIN_PORT: u16 = SWARM_PORT - 1000;

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "getinfo",
        counts: 0..=0,
        help: "getinfo\nReturns an object containing various state info.",
        run: info,
    },
    Method {
        name: "getmininginfo",
        counts: 0..=0,
        help: "getmininginfo\nReturns an object containing mining-related information.",
        run: mining_info,
    },
    Method {
        name: "getconnectioncount",
        counts: 0..=0,
        help: "getconnectioncount\nReturns the number of connections to other nodes.",
        run: |call| Ok(connections(call).into()),
    },
    Method {
        name: "getpeerinfo",
        counts: 0..=0,
        help: "getpeerinfo\nReturns data about each connected network node.",
        run: peers,
    },
    Method {
        name: "torrentstatus",
        counts: 1..=1,
        help: "torrentstatus <username>\nreport torrent status",
        run: torrent_status,
    },
];

/// The address of a node in the network that the sandbox plays.
fn address(node: usize) -> String {
    format!("10.77.{}.{}", (node + 1) / 256, (node + 1) % 256)
}

fn connections(call: &Call<'_>) -> Json {
    Json::from(call.world.connected_to(call.node).count())
}

fn info(call: &mut Call<'_>) -> Answer {
    let world = &call.world;
    let faults = world.nodes[call.node].network_faults;
    let in_dht = |other: &usize| faults.reaches_dht() && world.nodes[*other].network_faults.reaches_dht();
    let dht_nodes = world.connected_to(call.node).filter(in_dht).count();
    let is_joined = (0..world.nodes.len()).any(|other| world.are_joined(call.node, other));
    // A node learns its outside address from those that its swarms are joined with.
    let outside_address = if is_joined { address(call.node) } else { "0.0.0.0".to_owned() };
    let mut members = vec![
        ("version", Json::Integer(94_000)),
        ("protocolversion", Json::Integer(70_003)),
        ("walletversion", Json::Integer(60_000)),
        ("blocks", Json::Integer(call.height().into())),
        ("timeoffset", Json::Integer(faults.clock_offset_s)),
        ("connections", connections(call)),
        ("addrman_total", Json::Integer(0)),
        ("addrman_get", Json::Integer(0)),
        ("dht_nodes", Json::from(dht_nodes)),
        ("dht_global_nodes", Json::from(dht_nodes + 1)),
        ("proxy", Json::text("")),
        ("ext_port1", Json::Integer(CHAIN_PORT.into())),
        ("ext_port2", Json::Integer(SWARM_PORT.into())),
        ("difficulty", Json::Real(DIFFICULTY)),
        ("testnet", Json::Bool(false)),
        ("public_server_mode", Json::Bool(false)),
        ("errors", Json::text(WARNING)),
        ("ext_addr_net1", Json::text("")),
        ("ext_addr_net2", Json::text(outside_address)),
        ("dht_torrents", Json::from(world.nodes[call.node].swarms.len())),
    ];
    let traffic = [
        "num_peers",
        "peerlist_size",
        "num_active_requests",
        "download_rate",
        "upload_rate",
        "dht_download_rate",
        "dht_upload_rate",
        "ip_overhead_download_rate",
        "ip_overhead_upload_rate",
        "payload_download_rate",
        "payload_upload_rate",
        "total_download",
        "total_upload",
        "total_dht_download",
        "total_dht_upload",
        "total_ip_overhead_download",
        "total_ip_overhead_upload",
        "total_payload_download",
        "total_payload_upload",
    ];
    // Nothing travels over a network here.
    members.extend(traffic.map(|name| (name, Json::Integer(0))));
    Ok(Json::object(members).into())
}

fn peers(call: &mut Call<'_>) -> Answer {
    let world = &call.world;
    let peer = |other: usize| {
        Json::object([
            ("addr", Json::text(format!("{}:{CHAIN_PORT}", address(other)))),
            ("services", Json::text("00000001")),
            ("lastsend", Json::Integer(0)),
            ("lastrecv", Json::Integer(0)),
            ("bytessent", Json::Integer(0)),
            ("bytesrecv", Json::Integer(0)),
            ("conntime", Json::Integer(0)),
            ("version", Json::Integer(70_003)),
            ("subver", Json::text("")),
            // The node with the lower number is the one that was there to be connected to.
            ("inbound", Json::Bool(other > call.node)),
            ("startingheight", Json::Integer(world.height_at(other).into())),
            ("banscore", Json::Integer(0)),
        ])
    };
    Ok(Json::Array(world.connected_to(call.node).map(peer).collect()).into())
}

fn mining_info(call: &mut Call<'_>) -> Answer {
    let mining = call.state().mining;
    let members = [
        ("blocks", Json::Integer(call.height().into())),
        ("currentblocksize", Json::Integer(1000)),
        ("currentblocktx", Json::Integer(0)),
        ("difficulty", Json::Real(DIFFICULTY)),
        ("errors", Json::text(WARNING)),
        ("generate", Json::Bool(mining.is_on)),
        ("genproclimit", Json::Integer(mining.processors)),
        ("hashespersec", Json::Integer(0)),
        ("pooledtx", Json::from(call.world.chain.waiting().len())),
        ("testnet", Json::Bool(false)),
    ];
    Ok(Json::object(members).into())
}

fn torrent_status(call: &mut Call<'_>) -> Answer {
    let author = call.params.at(0).text()?;
    let world = &call.world;
    let Some(swarm) = world.nodes[call.node].swarms.get(&author) else {
        return Ok(Json::Null.into());
    };
    let peers = world.peers_of(call.node, &author);
    let peer_members = |peer: &usize| {
        let bitfield = world.nodes[*peer].swarms.get(&author).map(|swarm| swarm.bitfield()).unwrap_or_default();
        Json::object([
            ("addr", Json::text(format!("{}:{SWARM_PORT}", address(*peer)))),
            ("flags", Json::text("0x1a")),
            ("connection_type", Json::Integer(3)),
            ("download_queue_length", Json::Integer(0)),
            ("failcount", Json::Integer(0)),
            ("bitfield", Json::text(bitfield)),
        ])
    };
    // A node that has peers also finds its own address among them.
    let own = usize::from(!peers.is_empty());
    let members = [
        ("state", Json::Integer(3)),
        ("paused", Json::Bool(false)),
        ("auto_managed", Json::Bool(false)),
        ("num_peers", Json::from(peers.len())),
        ("list_peers", Json::from(peers.len() + own)),
        ("connect_candidates", Json::from(own)),
        ("num_connections", Json::from(peers.len())),
        ("num_complete", Json::Integer(-1)),
        ("num_pieces", Json::from(swarm.len())),
        ("bitfield", Json::text(swarm.bitfield())),
        ("has_incoming", Json::Bool(!peers.is_empty())),
        ("priority", Json::Integer(0)),
        ("queue_position", Json::from(swarm.position)),
        ("peers", Json::Array(peers.iter().map(peer_members).collect())),
    ];
    Ok(Json::object(members).into())
}
