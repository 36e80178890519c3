//! Starting the process `twisterd`.
//!
//! Its password is in no file and on no command line, which everybody on the machine can read: twisterd reads a configuration
//! file once, at its start, and the one it is told to read is its standard input, a pipe that only the two processes have. See
//! `docs/decisions/node-password.md`.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

use crate::RPC_USER;
use crate::folder::{Folder, private};
use crate::problem::{NodeProblem, NodeProblemCode};
use crate::program;
use crate::settings::{NetworkKind, NodeSettings};

/// Starts the node's process. It outlives this one.
pub(crate) fn launch(
    program: &Path,
    folder: &Folder,
    settings: &NodeSettings,
    password: &str,
) -> Result<Child, NodeProblem> {
    let console = console(folder).map_err(|source| NodeProblem::folder(&folder.console(), "written", &source))?;
    let error_output =
        console.try_clone().map_err(|source| NodeProblem::folder(&folder.console(), "written", &source))?;
    let mut command = Command::new(program);
    command.args(arguments(folder, settings)).current_dir(folder.data());
    command.stdin(Stdio::piped()).stdout(console).stderr(error_output);
    // A Ctrl-C in the terminal that this program was started from is not for the node.
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn().map_err(|error| not_started(program, &error))?;
    if let Some(mut input) = child.stdin.take() {
        let configuration = Zeroizing::new(format!("rpcuser={RPC_USER}\nrpcpassword={password}\n"));
        tokio::spawn(async move {
            // One that ends before it has read this is noticed by its end.
            input.write_all(configuration.as_bytes()).await.ok();
        });
    }
    Ok(child)
}

/// The command line: everything but the password.
fn arguments(folder: &Folder, settings: &NodeSettings) -> Vec<OsString> {
    let mut data = OsString::from("-datadir=");
    data.push(folder.data());
    let mut arguments = vec![data, "-conf=/dev/stdin".into()];
    let ports = settings.ports;
    arguments.extend([format!("-port={}", ports.p2p), format!("-rpcport={}", ports.rpc)].map(OsString::from));
    if let NetworkKind::Private { peers, .. } = &settings.network {
        arguments.extend(["-checkpoints=0", "-dnsseed=0", "-listen=1"].map(OsString::from));
        // Without -connect a node looks for others by itself, and the chain of the public network would replace its own. So
        // the first node of a network is told to connect to itself, which it notices and leaves at that.
        let own = [format!("127.0.0.1:{}", ports.p2p)];
        let others = peers.iter().map(|peer| peer.as_str().to_owned());
        let all: Vec<String> = if peers.is_empty() { own.to_vec() } else { others.collect() };
        arguments.extend(all.into_iter().map(|peer| format!("-connect={peer}").into()));
    }
    arguments
}

/// The file that takes what the program prints, emptied. Whatever is written goes to its end, so that it can be emptied again.
fn console(folder: &Folder) -> io::Result<File> {
    let file = private().append(true).open(folder.console())?;
    file.set_len(0)?;
    Ok(file)
}

fn not_started(program: &Path, error: &io::Error) -> NodeProblem {
    match error.kind() {
        io::ErrorKind::PermissionDenied => program::not_executable(program),
        // The system's word for a file of another kind of computer.
        _ if is_foreign(error) => program::not_a_program(program),
        io::ErrorKind::NotFound => {
            let shown = program.display();
            let message =
                format!("{shown}, or the program that it needs to run, is not there. Choose another twisterd");
            NodeProblem::new(NodeProblemCode::ProgramNotFound, message)
        }
        _ => {
            let shown = program.display();
            let message = format!("{shown} could not be started: {error}. End other programs, and try again");
            NodeProblem::new(NodeProblemCode::StartFails, message)
        }
    }
}

#[cfg(unix)]
fn is_foreign(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error())
}

#[cfg(not(unix))]
fn is_foreign(_: &io::Error) -> bool {
    false
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::settings::{BlockPolicy, NodePorts};

    fn flags(network: NetworkKind) -> Vec<String> {
        let settings = NodeSettings {
            id: "home".parse().unwrap(),
            network,
            ports: NodePorts { p2p: 21_000, rpc: 23_000 },
            program: None,
            runs: true,
            blocks: BlockPolicy::Never,
            accounts: Vec::new(),
        };
        let folder = Folder::new(Path::new("/nodes"), &settings.id);
        arguments(&folder, &settings).into_iter().map(|argument| argument.into_string().unwrap()).collect()
    }

    const USUAL: [&str; 4] = ["-datadir=/nodes/home/data", "-conf=/dev/stdin", "-port=21000", "-rpcport=23000"];
    const PRIVATE: [&str; 3] = ["-checkpoints=0", "-dnsseed=0", "-listen=1"];

    #[test]
    fn a_public_node_is_as_it_comes() {
        assert_eq!(flags(NetworkKind::Public), USUAL);
    }

    #[test]
    fn a_private_node_connects_to_its_peers_and_to_nobody_else() {
        let peers = ["10.0.0.1:28333", "[fe80::1]:31333"].map(|peer| peer.parse().unwrap()).to_vec();
        let joined = flags(NetworkKind::Private { name: "home".to_owned(), peers });
        let connects = ["-connect=10.0.0.1:28333", "-connect=[fe80::1]:31333"];
        assert_eq!(joined, [&USUAL[..], &PRIVATE, &connects].concat());
    }

    #[test]
    fn the_first_node_of_a_network_looks_for_nobody() {
        let first = flags(NetworkKind::Private { name: "home".to_owned(), peers: Vec::new() });
        assert_eq!(first, [&USUAL[..], &PRIVATE, &["-connect=127.0.0.1:21000"]].concat());
    }
}
