//! The nodes of one person: a folder for each, `<root>/nodes/<id>/`. Networks share neither data nor ports.

use std::fs;
use std::io;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::folder::{Folder, make_private_dir};
use crate::keeper::Daemon;
use crate::ports;
use crate::problem::{NodeProblem, NodeProblemCode};
use crate::settings::{NetworkKind, NodeId, NodePorts, NodeSettings};
use crate::tempo::Tempo;

/// So much of a network's name is in the id of its node, in characters. The rest is for a number.
const LONGEST_BASE: usize = 20;

/// The longest name of a network, in characters.
const MAX_NAME_LEN: usize = 40;

/// The nodes that this person has. Everything is on disk; clones see the same.
#[derive(Debug, Clone)]
pub struct Nodes {
    path: PathBuf,
}

impl Nodes {
    /// The nodes in `<root>/nodes`. Nothing is made yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { path: root.into().join("nodes") }
    }

    /// All nodes, by their ids.
    ///
    /// # Errors
    /// [`NodeProblemCode::FolderUnusable`].
    pub fn list(&self) -> Result<Vec<NodeSettings>, NodeProblem> {
        let failed = |source: io::Error| NodeProblem::folder(&self.path, "read", &source);
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries.collect::<Result<Vec<_>, _>>().map_err(failed)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(failed(source)),
        };
        // What bears no id was put there by somebody else, or is on its way out.
        let mut ids: Vec<NodeId> =
            entries.into_iter().filter_map(|entry| entry.file_name().into_string().ok()?.parse().ok()).collect();
        ids.sort_unstable();
        let known = ids.iter().map(|id| self.settings(id));
        // A folder without settings is of a node that was never finished.
        known.filter(|found| !matches!(found, Err(problem) if problem.code == NodeProblemCode::UnknownNode)).collect()
    }

    /// One node.
    ///
    /// # Errors
    /// [`NodeProblemCode::UnknownNode`], [`NodeProblemCode::FolderUnusable`].
    pub fn settings(&self, id: &NodeId) -> Result<NodeSettings, NodeProblem> {
        self.folder(id).settings()
    }

    /// Makes a node: a folder of its own, and ports that are free. A private network without peers is created with this node
    /// as its first, one with peers is joined. Nothing is started.
    ///
    /// # Errors
    /// [`NodeProblemCode::NetworkExists`] for a second public node, or a second one in a network of the same name;
    /// [`NodeProblemCode::NetworkInvalid`], [`NodeProblemCode::NoFreePort`], [`NodeProblemCode::FolderUnusable`].
    pub fn add(&self, network: NetworkKind, program: Option<PathBuf>) -> Result<NodeSettings, NodeProblem> {
        check_network(&network)?;
        let others = self.list()?;
        if let Some(other) = others.iter().find(|other| is_same(&other.network, &network)) {
            return Err(exists(other));
        }
        make_private_dir(&self.path).map_err(|source| NodeProblem::folder(&self.path, "made", &source))?;
        let id = self.free_id(&network)?;
        let kept: Vec<NodePorts> = others.iter().map(|other| other.ports).collect();
        let ports = ports::choose(&kept)?;
        let blocks = network.usual_blocks();
        let settings = NodeSettings { id, network, ports, program, runs: false, blocks, accounts: Vec::new() };
        let folder = self.folder(&settings.id);
        folder.make()?;
        folder.save(&settings)?;
        Ok(settings)
    }

    /// Gives a node another program, other peers, or another rule for making blocks. A running node takes it with its next
    /// start. Nothing else is changed, whatever `change` does.
    ///
    /// # Errors
    /// [`NodeProblemCode::UnknownNode`], [`NodeProblemCode::FolderUnusable`].
    pub fn change(&self, id: &NodeId, change: impl FnOnce(&mut NodeSettings)) -> Result<NodeSettings, NodeProblem> {
        self.folder(id).update(|settings| {
            let mut changed = settings.clone();
            change(&mut changed);
            if let (NetworkKind::Private { peers, .. }, NetworkKind::Private { peers: new, .. }) =
                (&mut settings.network, changed.network)
            {
                *peers = new;
            }
            settings.program = changed.program;
            settings.blocks = changed.blocks;
        })
    }

    /// Chooses other free ports for a node that is not open. Whoever connects to it has to be told.
    ///
    /// # Errors
    /// [`NodeProblemCode::DataInUse`] while it is open, [`NodeProblemCode::UnknownNode`], [`NodeProblemCode::NoFreePort`],
    /// [`NodeProblemCode::FolderUnusable`].
    pub fn choose_ports_anew(&self, id: &NodeId) -> Result<NodeSettings, NodeProblem> {
        let folder = self.folder(id);
        folder.settings()?;
        let _possession = folder.take()?;
        let kept: Vec<NodePorts> = self.list()?.iter().map(|node| node.ports).collect();
        let ports = ports::choose(&kept)?;
        folder.update(|settings| settings.ports = ports)
    }

    /// Leaves the node's network for good: removes its folder with the chain, all posts, and the wallet. The keys of
    /// accounts in it ([`NodeSettings::accounts`]) are lost unless they were backed up, and the names with them.
    ///
    /// # Errors
    /// [`NodeProblemCode::DataInUse`] while the node runs or is open, [`NodeProblemCode::UnknownNode`],
    /// [`NodeProblemCode::FolderUnusable`].
    pub fn remove(&self, id: &NodeId) -> Result<(), NodeProblem> {
        let folder = self.folder(id);
        folder.settings()?;
        let possession = folder.take()?;
        if let Some(holder) = folder.twisterd() {
            return Err(folder.in_use(&holder.to_string()));
        }
        folder.remove()?;
        drop(possession);
        Ok(())
    }

    /// Takes possession of a node, to run it. Nothing is started. `password` is the one that was made for it
    /// ([`crate::new_password`]); the user name is [`crate::RPC_USER`].
    ///
    /// Needs a tokio runtime, on which the node is looked after.
    ///
    /// # Errors
    /// [`NodeProblemCode::DataInUse`] if another process has possession, [`NodeProblemCode::UnknownNode`],
    /// [`NodeProblemCode::PasswordRefused`] for one that no configuration can hold, [`NodeProblemCode::FolderUnusable`].
    pub fn open(&self, id: &NodeId, password: &str) -> Result<Daemon, NodeProblem> {
        self.open_with(id, password, Tempo::default())
    }

    /// The same with another patience.
    ///
    /// # Errors
    /// As for [`Nodes::open`].
    pub fn open_with(&self, id: &NodeId, password: &str, tempo: Tempo) -> Result<Daemon, NodeProblem> {
        Daemon::open(self.folder(id), Zeroizing::new(password.to_owned()), tempo)
    }

    fn folder(&self, id: &NodeId) -> Folder {
        Folder::new(&self.path, id)
    }

    /// An id that tells a person which network it is, and that no folder has.
    fn free_id(&self, network: &NetworkKind) -> Result<NodeId, NodeProblem> {
        let name = match network {
            NetworkKind::Public => "public",
            NetworkKind::Private { name, .. } => name,
        };
        let is_usable = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let readable: String =
            name.to_lowercase().chars().map(|c| if is_usable(c) { c } else { '-' }).take(LONGEST_BASE).collect();
        let base = Some(readable.trim_matches('-')).filter(|base| !base.is_empty()).unwrap_or("private");
        let numbered = (2_u64..).map(|number| format!("{base}-{number}"));
        let mut ids = std::iter::once(base.to_owned()).chain(numbered).filter_map(|text| text.parse().ok());
        ids.find(|id| !self.folder(id).path().exists()).ok_or_else(invalid_name)
    }
}

fn is_same(one: &NetworkKind, other: &NetworkKind) -> bool {
    match (one, other) {
        (NetworkKind::Public, NetworkKind::Public) => true,
        (NetworkKind::Private { name: one, .. }, NetworkKind::Private { name: other, .. }) => one == other,
        _ => false,
    }
}

fn exists(other: &NodeSettings) -> NodeProblem {
    let message = match &other.network {
        NetworkKind::Public => "this program runs a node in the public network already; one is enough".to_owned(),
        NetworkKind::Private { name, .. } => {
            format!(
                "there is a node for a private network called {name:?} already. Use that one, leave it, or choose another name"
            )
        }
    };
    NodeProblem::new(NodeProblemCode::NetworkExists, message)
}

fn check_network(network: &NetworkKind) -> Result<(), NodeProblem> {
    let NetworkKind::Private { name, .. } = network else {
        return Ok(());
    };
    let is_good =
        !name.trim().is_empty() && name.chars().count() <= MAX_NAME_LEN && !name.chars().any(char::is_control);
    if is_good { Ok(()) } else { Err(invalid_name()) }
}

fn invalid_name() -> NodeProblem {
    let message = format!("a network's name has 1 to {MAX_NAME_LEN} characters; choose another one");
    NodeProblem::new(NodeProblemCode::NetworkInvalid, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::settings::BlockPolicy;

    fn private(name: &str, peers: &[&str]) -> NetworkKind {
        NetworkKind::Private { name: name.to_owned(), peers: peers.iter().map(|peer| peer.parse().unwrap()).collect() }
    }

    #[test]
    fn networks_have_folders_and_ports_of_their_own() {
        let root = tempfile::tempdir().unwrap();
        let nodes = Nodes::new(root.path());
        assert_eq!(nodes.list().unwrap(), []);
        let public = nodes.add(NetworkKind::Public, None).unwrap();
        let home = nodes.add(private("Our home", &[]), None).unwrap();
        let other = nodes.add(private("Our Home", &["10.0.0.1:28333"]), None).unwrap();
        let ids = [&public, &home, &other].map(|node| node.id.as_str());
        assert_eq!(ids, ["public", "our-home", "our-home-2"]);
        let mut ports: Vec<u16> = [public.ports, home.ports, other.ports]
            .into_iter()
            .flat_map(|ports| [ports.p2p, ports.dht(), ports.rpc])
            .collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 9);
        assert_eq!(nodes.list().unwrap(), [home, other, public]);
    }

    #[test]
    fn a_network_is_joined_once() {
        let root = tempfile::tempdir().unwrap();
        let nodes = Nodes::new(root.path());
        for network in [NetworkKind::Public, private("home", &["a:1"])] {
            nodes.add(network.clone(), None).unwrap();
            assert_eq!(nodes.add(network, None).unwrap_err().code, NodeProblemCode::NetworkExists);
        }
        for name in ["", "  ", "a\nb", &"a".repeat(41)] {
            assert_eq!(nodes.add(private(name, &[]), None).unwrap_err().code, NodeProblemCode::NetworkInvalid);
        }
    }

    #[test]
    fn a_change_keeps_what_others_rely_on() {
        let root = tempfile::tempdir().unwrap();
        let nodes = Nodes::new(root.path());
        let home = nodes.add(private("home", &["a:1"]), None).unwrap();
        let changed = nodes.change(&home.id, |settings| {
            settings.network = private("another", &["b:2"]);
            settings.ports.rpc += 1;
            settings.blocks = BlockPolicy::Never;
        });
        let expected = NodeSettings { network: private("home", &["b:2"]), blocks: BlockPolicy::Never, ..home };
        assert_eq!(changed.unwrap(), expected);
        assert_eq!(nodes.settings(&expected.id).unwrap(), expected);
        let moved = nodes.choose_ports_anew(&expected.id).unwrap();
        assert_ne!(moved.ports, expected.ports);
    }

    #[test]
    fn leaving_removes_everything_and_only_once() {
        let root = tempfile::tempdir().unwrap();
        let nodes = Nodes::new(root.path());
        let home = nodes.add(private("home", &[]), None).unwrap();
        nodes.remove(&home.id).unwrap();
        assert_eq!(nodes.remove(&home.id).unwrap_err().code, NodeProblemCode::UnknownNode);
        assert_eq!(fs::read_dir(root.path().join("nodes")).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_sees_what_is_in_a_nodes_folder() {
        use std::os::unix::fs::PermissionsExt as _;

        let root = tempfile::tempdir().unwrap();
        let nodes = Nodes::new(root.path());
        let home = nodes.add(private("home", &[]), None).unwrap();
        let folder = nodes.folder(&home.id);
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!([folder.path(), &folder.data()].map(mode), [0o700, 0o700]);
        assert_eq!(mode(&folder.path().join("node.json")), 0o600);
    }
}
