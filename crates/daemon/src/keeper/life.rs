//! One life of a node: look after look, and what follows from each.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::net::TcpStream;
use tokio::sync::watch;
use twister::{BlockHeight, Client, RpcError, Username, readable_version};

use crate::OLDEST_VERSION;
use crate::blocks::{BlockDuty, Sight};
use crate::folder::Folder;
use crate::log;
use crate::look::{Course, Look, Purse, look, purse};
use crate::problem::{NodeProblem, NodeProblemCode};
use crate::settings::{NetworkKind, NodeSettings};
use crate::status::{BlockMaking, NodePhase, NodeStatus};
use crate::tempo::Tempo;

/// Of what a node prints no more is kept, in bytes. twisterd has its own log, and prints little.
const LONGEST_CONSOLE: u64 = 1 << 20;

/// Threads that make blocks. One is enough for those who wait, and leaves the other cores alone.
const BLOCK_THREADS: u32 = 1;

/// What is known of a node in this life.
pub(super) struct Life {
    folder: Folder,
    settings: NodeSettings,
    client: Client,
    tempo: Tempo,
    began: Instant,
    /// Whether it has taken possession of its folder, as every twisterd does first.
    is_twisterd: bool,
    first_answer: Option<Instant>,
    /// When it answered or wrote to its log last.
    last_sign: Instant,
    log_len: u64,
    log_len_before: u64,
    course: Course,
    duty: BlockDuty,
    registered: HashMap<Username, BlockHeight>,
    purse: Purse,
    purse_at: Option<Instant>,
    companion: Option<TcpStream>,
    /// Whether nothing is about to change.
    is_calm: bool,
}

impl Life {
    pub(super) fn new(folder: Folder, settings: NodeSettings, client: Client, tempo: Tempo) -> Self {
        let now = Instant::now();
        let log_len = len(&folder);
        Self {
            duty: BlockDuty::new(settings.blocks),
            purse: Purse { accounts: settings.accounts.clone(), fewest_posts: None },
            folder,
            settings,
            client,
            tempo,
            began: now,
            is_twisterd: false,
            first_answer: None,
            last_sign: now,
            log_len,
            log_len_before: log_len,
            course: Course::default(),
            registered: HashMap::new(),
            purse_at: None,
            companion: None,
            is_calm: false,
        }
    }

    /// Waits for its turn, looks at the node once, and shows what it found.
    ///
    /// # Errors
    /// Why the node is to be ended.
    pub(super) async fn step(&mut self, status: &watch::Sender<NodeStatus>) -> Result<(), NodeProblem> {
        tokio::time::sleep(if self.is_calm { self.tempo.calm_look } else { self.tempo.look }).await;
        self.trim_console();
        self.is_twisterd |= self.folder.twisterd().is_some();
        if !self.is_twisterd && self.began.elapsed() > self.tempo.possession {
            return Err(self.no_twisterd("it runs, and has not touched its folder"));
        }
        let companion = self.companion.as_ref().and_then(|companion| companion.local_addr().ok());
        self.is_calm = false;
        let found = match look(&self.client, companion).await {
            Ok(found) => found,
            Err(error) => return self.bear_silence(&error),
        };
        if found.version < OLDEST_VERSION {
            return Err(too_old(found.version));
        }
        self.last_sign = Instant::now();
        self.first_answer.get_or_insert(self.last_sign);
        let now_ms = now_ms();
        let phase = self.course.handle_look(&found, now_ms, self.settings.network.needs_others());
        self.look_into_wallet(&found).await;
        let blocks = self.make_blocks(&found, now_ms / 1000).await;
        self.is_calm = phase == NodePhase::Running && blocks.reason.is_none();
        self.show(status, phase, found, blocks);
        Ok(())
    }

    /// For how long it has answered.
    pub(super) fn answered(&self) -> Duration {
        self.first_answer.map(|first| first.elapsed()).unwrap_or_default()
    }

    pub(super) fn has_answered(&self) -> bool {
        self.first_answer.is_some()
    }

    /// Why it ended by itself.
    pub(super) fn explain_end(&self, how: &str) -> NodeProblem {
        if self.has_answered() {
            let message = format!("twisterd ended although nobody asked it to ({how}). Its log may say why");
            return NodeProblem::new(NodeProblemCode::Crashed, message);
        }
        // Before anything else a twisterd takes its folder and writes into its log.
        if !self.is_twisterd && len(&self.folder) == self.log_len_before {
            return self.no_twisterd(&format!("it ended at once ({how})"));
        }
        let words = log::last_words(&self.folder.console()).or_else(|| log::last_words(&self.folder.log()));
        let said = words.map_or_else(String::new, |words| format!(" It said: {words}"));
        let message = format!("twisterd ended while it was starting ({how}).{said} Its log may say more");
        NodeProblem::new(NodeProblemCode::StartFails, message)
    }

    fn no_twisterd(&self, why: &str) -> NodeProblem {
        let words = log::last_words(&self.folder.console());
        let said = words.map_or_else(String::new, |words| format!(" It said: {words}"));
        NodeProblem::new(
            NodeProblemCode::NotTwisterd,
            format!("the program is not twisterd: {why}.{said} Choose the file twisterd"),
        )
    }

    /// What follows from no answer, or none that helps.
    fn bear_silence(&mut self, error: &RpcError) -> Result<(), NodeProblem> {
        if matches!(error, RpcError::WrongCredentials { .. }) {
            let message = "the node does not accept the password that it was started with: it is not twisterd, or another \
                           program answers at its port. Choose the file twisterd, or let other ports be chosen";
            return Err(NodeProblem::new(NodeProblemCode::PasswordRefused, message));
        }
        let log_len = len(&self.folder);
        if log_len != self.log_len {
            self.log_len = log_len;
            self.last_sign = Instant::now();
        }
        if self.last_sign.elapsed() <= self.tempo.silence {
            return Ok(());
        }
        let silent_s = self.tempo.silence.as_secs_f32();
        let message =
            format!("twisterd runs, but has neither answered nor written to its log for {silent_s} seconds: {error}");
        Err(NodeProblem::new(NodeProblemCode::NoAnswer, message))
    }

    /// Now and then, asks what the accounts have, and notes their names. While the node is busy catching up it is left alone.
    async fn look_into_wallet(&mut self, found: &Look) {
        let is_due = self.purse_at.is_none_or(|at| at.elapsed() >= self.tempo.wallet);
        if !is_due || self.course.is_behind() {
            return;
        }
        let Ok(purse) = purse(&self.client, found.facts.height, &mut self.registered).await else {
            return;
        };
        self.purse_at = Some(Instant::now());
        if purse.accounts != self.purse.accounts {
            let accounts = purse.accounts.clone();
            if let Err(problem) = self.folder.update(|settings| settings.accounts = accounts) {
                tracing::warn!(%problem, "the names of a node's accounts are not noted");
            }
        }
        self.purse = purse;
    }

    /// Lets the node make blocks, or lets it be.
    async fn make_blocks(&mut self, found: &Look, now_s: u64) -> BlockMaking {
        if self.settings.network == NetworkKind::Public {
            return BlockDuty::at_rest(&self.settings.network);
        }
        let blocks = self.duty.handle_look(&Sight {
            now_s,
            height: found.facts.height,
            newest_block_s: found.facts.newest_block_s,
            is_behind: self.course.is_behind(),
            peers: found.facts.peers,
            has_registrations: found.has_registrations,
            fewest_posts: self.purse.fewest_posts,
        });
        // Compared with what it does, and not with what it was told: it may have been started anew, or left over.
        if found.generates != blocks.making
            && let Err(error) = self.client.set_generate(blocks.making, BLOCK_THREADS).await
        {
            tracing::warn!(%error, "a node was not told whether to make blocks");
        }
        self.keep_company(blocks.making && found.facts.peers == 0).await;
        blocks
    }

    /// A twisterd without any connection makes no blocks: it takes itself to be offline. One that is alone in its network is
    /// therefore connected to from here, for as long as it is to make some. Nothing is said on that connection, so twisterd
    /// hangs up after a minute, and it is made anew.
    async fn keep_company(&mut self, is_lonely: bool) {
        if !is_lonely {
            self.companion = None;
            return;
        }
        let is_there = self.companion.as_ref().is_some_and(|companion| {
            // Nothing to read is as it should be; the end is not.
            !matches!(companion.try_read(&mut [0; 64]), Ok(0))
        });
        if !is_there {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.settings.ports.p2p));
            let connected = tokio::time::timeout(self.tempo.answer, TcpStream::connect(address)).await;
            self.companion = connected.ok().and_then(Result::ok);
        }
    }

    fn show(&self, status: &watch::Sender<NodeStatus>, phase: NodePhase, found: Look, blocks: BlockMaking) {
        status.send_if_modified(|status| {
            let new = NodeStatus { phase, facts: Some(found.facts), blocks, ..status.clone() };
            let is_news = new != *status;
            *status = new;
            is_news
        });
    }

    fn trim_console(&self) {
        let console = self.folder.console();
        let is_long = std::fs::metadata(&console).is_ok_and(|facts| facts.len() > LONGEST_CONSOLE);
        if is_long && let Ok(file) = std::fs::File::options().write(true).open(&console) {
            file.set_len(0).ok();
        }
    }
}

fn too_old(version: u32) -> NodeProblem {
    let (version, oldest) = (readable_version(version), readable_version(OLDEST_VERSION));
    NodeProblem::new(
        NodeProblemCode::TooOld,
        format!("this twisterd is version {version}; {oldest} or newer is needed. Get a newer one from its project"),
    )
}

/// Length of the node's log.
fn len(folder: &Folder) -> u64 {
    std::fs::metadata(folder.log()).map_or(0, |facts| facts.len())
}

/// This machine's clock, in milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}
