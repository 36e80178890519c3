//! How stand-ins join each other's networks: one connects to the other's port and says who it is, `HELLO identity`; the other gives
//! it a node of its network for as long as they are connected, `NODE port user password`. One that has joined a network itself
//! passes on to where it joined. All of it stays on this machine.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::backend::{Backend, Door};

/// The pause between two attempts to reach somebody.
const RETRY: Duration = Duration::from_millis(200);

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

/// Joins the network of one of `others`, and again whenever that is lost.
pub(crate) async fn join(others: Vec<String>, identity: String, backend: Arc<Backend>) {
    loop {
        for other in &others {
            // Whatever goes wrong, it is tried again.
            visit(other, &identity, &backend).await.ok();
            backend.set_joined(None);
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
    let Some(identity) = line.trim_end().strip_prefix("HELLO ").filter(|_| read.is_ok()) else {
        return;
    };
    if let Some(host) = backend.host() {
        if let Ok(mut onward) = TcpStream::connect(host).await
            && onward.write_all(line.as_bytes()).await.is_ok()
        {
            copy_bidirectional(&mut stream, &mut onward).await.ok();
        }
        return;
    }
    if let Some((index, door)) = backend.admit(identity).await {
        let Door { port, user, password } = door;
        let reply = format!("NODE {port} {user} {password}\n");
        if stream.write_all(reply.as_bytes()).await.is_ok() {
            // Nothing more is said: what is waited for is the end.
            stream.read(&mut [0; 1]).await.ok();
        }
        backend.see_off(index).await;
    }
}

/// Is a guest at another stand-in until either ends it.
async fn visit(other: &str, identity: &str, backend: &Backend) -> std::io::Result<()> {
    let mut stream = BufReader::new(TcpStream::connect(other).await?);
    stream.write_all(format!("HELLO {identity}\n").as_bytes()).await?;
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    if let ["NODE", port, user, password] = line.split_whitespace().collect::<Vec<_>>().as_slice()
        && let Ok(port) = port.parse()
    {
        let door = Door { port, user: (*user).to_owned(), password: (*password).to_owned() };
        backend.set_joined(Some((door, other.to_owned())));
        stream.read(&mut [0; 1]).await?;
    }
    Ok(())
}
