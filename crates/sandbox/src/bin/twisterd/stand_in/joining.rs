//! How stand-ins join each other's networks: one connects to the other's port and says who it is, `HELLO identity port`; the other gives
//! it a node of its network for as long as they are connected, `NODE port user password`. One that has joined a network itself
//! passes on to where it joined. All of it stays on this machine.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::backend::{Backend, Door};

/// The pause between two attempts to reach somebody.
const RETRY: Duration = Duration::from_millis(200);

/// What a stand-in says of itself where it wants to join.
pub(crate) struct Hello {
    /// By what it is known again.
    pub(crate) identity: String,
    /// Where it can be reached itself.
    pub(crate) port: u16,
}

/// Takes in whoever connects.
pub(crate) async fn accept(listener: TcpListener, backend: Arc<Backend>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, address)) = accepted {
                drop(connections.spawn(attend(stream, address, Arc::clone(&backend))));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Joins a network that this stand-in is to join, and again whenever that is lost.
pub(crate) async fn join(hello: Hello, backend: Arc<Backend>) {
    loop {
        for other in backend.others() {
            // Whoever has become the first of a network itself stays that.
            if !backend.is_first() {
                // Whatever goes wrong, it is tried again.
                visit(other, &hello, &backend).await.ok();
                backend.set_joined(None);
            }
            tokio::time::sleep(RETRY).await;
        }
    }
}

async fn attend(stream: TcpStream, address: SocketAddr, backend: Arc<Backend>) {
    backend.greet(address);
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    let read = stream.read_line(&mut line).await;
    backend.forget(address);
    let Some((identity, port)) = parse_hello(&line).filter(|_| read.is_ok()) else {
        return;
    };
    if let Some(host) = backend.joined_host() {
        if let Ok(mut onward) = TcpStream::connect(host).await
            && onward.write_all(line.as_bytes()).await.is_ok()
        {
            copy_bidirectional(&mut stream, &mut onward).await.ok();
        }
        return;
    }
    if let Some((index, door)) = backend.admit(identity, port).await {
        let Door { port, user, password } = door;
        let reply = format!("NODE {port} {user} {password}\n");
        if stream.write_all(reply.as_bytes()).await.is_ok() {
            // Nothing more is said: what is waited for is the end.
            stream.read_u8().await.ok();
        }
        backend.see_off(index).await;
    }
}

/// Identity and port of one that wants to join.
fn parse_hello(line: &str) -> Option<(&str, u16)> {
    let (identity, port) = line.trim_end().strip_prefix("HELLO ")?.split_once(' ')?;
    Some((identity, port.parse().ok()?))
}

/// Is a guest at another stand-in until either ends it.
async fn visit(other: &str, hello: &Hello, backend: &Backend) -> std::io::Result<()> {
    let mut stream = BufReader::new(TcpStream::connect(other).await?);
    let Hello { identity, port } = hello;
    stream.write_all(format!("HELLO {identity} {port}\n").as_bytes()).await?;
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    if let ["NODE", port, user, password] = line.split_whitespace().collect::<Vec<_>>().as_slice()
        && let Ok(port) = port.parse()
    {
        let door = Door { port, user: (*user).to_owned(), password: (*password).to_owned() };
        backend.set_joined(Some((door, other.to_owned())));
        stream.read_u8().await?;
    }
    Ok(())
}
