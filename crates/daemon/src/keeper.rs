//! Looks after one node: begins it, watches it, begins it again when it ends by itself, and ends it when asked.
//!
//! One task does it all, so that nothing happens to a node twice at a time. What is done about a failure is decided in
//! `attempts`, what a look means in `look`, and whether blocks are made in `blocks`.

mod life;
mod process;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use twister::{Client, Credentials, NodeUrl};
use zeroize::Zeroizing;

use self::life::Life;
use self::process::Process;
use crate::RPC_USER;
use crate::attempts::{Attempts, Next};
use crate::blocks::BlockDuty;
use crate::folder::{Folder, Possession};
use crate::log::{self, LogTail};
use crate::problem::{NodeProblem, NodeProblemCode};
use crate::settings::NodeSettings;
use crate::status::{NodePhase, NodeStatus};
use crate::tempo::Tempo;

/// A node that is looked after, running or not. While there is one, no other process can look after the same node.
///
/// Dropped, it leaves a running twisterd to itself; whoever opens and starts the node next takes it over. [`Daemon::end`]
/// stops it first.
#[derive(Debug)]
pub struct Daemon {
    folder: Folder,
    client: Client,
    orders: mpsc::UnboundedSender<Order>,
    status: watch::Receiver<NodeStatus>,
    keeper: JoinHandle<()>,
}

/// What a keeper is told.
enum Order {
    /// The node is to run.
    Start,
    /// It is not to run. Answered when it does not.
    Stop(oneshot::Sender<()>),
}

/// Why a keeper stops what it does.
enum Interruption {
    Stop(oneshot::Sender<()>),
    /// Nobody is there any more to give orders.
    Abandoned,
}

/// How a node's life ended.
enum Ended {
    Interrupted(Interruption),
    /// By itself, after it had answered for a time.
    Failed {
        problem: NodeProblem,
        answered: Duration,
    },
}

struct Keeper {
    folder: Folder,
    /// Held for as long as this runs.
    _possession: Possession,
    password: Zeroizing<String>,
    client: Client,
    tempo: Tempo,
    orders: mpsc::UnboundedReceiver<Order>,
    status: watch::Sender<NodeStatus>,
}

impl Daemon {
    pub(crate) fn open(folder: Folder, password: Zeroizing<String>, tempo: Tempo) -> Result<Self, NodeProblem> {
        let settings = folder.settings()?;
        // In a configuration file a `#` begins a comment, and spaces at the end are left out.
        if password.is_empty() || !password.chars().all(|c| c.is_ascii_graphic() && c != '#') {
            let message = "a node's password has letters, digits and signs but no # or spaces; have a new one made";
            return Err(NodeProblem::new(NodeProblemCode::PasswordRefused, message));
        }
        let possession = folder.take()?;
        let credentials = Credentials::new(RPC_USER, password.as_str());
        let client = Client::new(&NodeUrl::loopback(settings.ports.rpc), &credentials);
        let client = client.map_err(|error| NodeProblem::new(NodeProblemCode::PasswordRefused, error.to_string()))?;
        let (orders, taken) = mpsc::unbounded_channel();
        let at_rest = NodeStatus::stopped(settings.id, BlockDuty::at_rest(&settings.network));
        let (status, seen) = watch::channel(at_rest);
        let keeper = Keeper {
            folder: folder.clone(),
            _possession: possession,
            password,
            client: client.clone().with_timeout(tempo.answer),
            tempo,
            orders: taken,
            status,
        };
        let keeper = tokio::spawn(keeper.drive());
        Ok(Self { folder, client, orders, status: seen, keeper })
    }

    /// Lets the node run from now on, and whenever its nodes are started. Returns at once; what comes of it is in
    /// [`Daemon::status`]. A node that failed is tried again.
    ///
    /// # Errors
    /// [`NodeProblemCode::FolderUnusable`] if that cannot be written down.
    pub fn start(&self) -> Result<(), NodeProblem> {
        self.folder.update(|settings| settings.runs = true)?;
        // Its receiver lives as long as the keeper, which ends with this.
        self.orders.send(Order::Start).ok();
        Ok(())
    }

    /// Lets the node not run any more, and returns when it does not: it is asked to end, then told to, then killed.
    ///
    /// # Errors
    /// [`NodeProblemCode::FolderUnusable`] if that cannot be written down; it is ended all the same.
    pub async fn stop(&self) -> Result<(), NodeProblem> {
        let noted = self.folder.update(|settings| settings.runs = false);
        self.rest().await;
        noted.map(drop)
    }

    /// Ends the node for now, as at the end of the program that looks after it, and gives its folder free. Whether it is to run
    /// ([`NodeSettings::runs`]) stays as it is.
    pub async fn end(self) {
        self.rest().await;
        drop(self.orders);
        self.keeper.await.ok();
    }

    /// How the node is, now and as it changes.
    pub fn status(&self) -> watch::Receiver<NodeStatus> {
        self.status.clone()
    }

    /// What the node is.
    ///
    /// # Errors
    /// [`NodeProblemCode::FolderUnusable`], [`NodeProblemCode::UnknownNode`].
    pub fn settings(&self) -> Result<NodeSettings, NodeProblem> {
        self.folder.settings()
    }

    /// Where its RPC answers, on this machine alone.
    pub fn url(&self) -> NodeUrl {
        self.client.url().clone()
    }

    /// A client of its RPC, with user name and password.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The end of its log. Reads a file of 64 KiB at most.
    pub fn log(&self) -> LogTail {
        log::tail(&self.folder.log())
    }

    async fn rest(&self) {
        let (done, rested) = oneshot::channel();
        self.orders.send(Order::Stop(done)).ok();
        rested.await.ok();
    }
}

impl Keeper {
    async fn drive(mut self) {
        while let Some(order) = self.orders.recv().await {
            match order {
                Order::Start => {
                    if self.keep_running().await.is_break() {
                        return;
                    }
                }
                Order::Stop(done) => self.at_rest(done),
            }
        }
    }

    /// Keeps the node running until it is not wanted any more, or hopeless. Breaks off if there is nobody to do it for.
    async fn keep_running(&mut self) -> ControlFlow<()> {
        let mut attempts = Attempts::new(self.tempo);
        loop {
            let (problem, answered) = match self.live().await {
                Ended::Interrupted(interruption) => return self.heed(interruption),
                Ended::Failed { problem, answered } => (problem, answered),
            };
            tracing::warn!(%problem, "a node ended by itself");
            match attempts.handle_end(problem, answered) {
                Next::GiveUp(problem) => {
                    self.show_without_process(NodePhase::Failed { problem });
                    return ControlFlow::Continue(());
                }
                Next::Again { problem, attempt, pause } => {
                    let at_ms = life::now_ms() + u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                    self.show_without_process(NodePhase::Restarting { problem, attempt, at_ms });
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        interruption = interruption(&mut self.orders) => return self.heed(interruption),
                    }
                }
            }
        }
    }

    /// One life of the node, from its beginning to its end.
    async fn live(&mut self) -> Ended {
        let failed = |problem| Ended::Failed { problem, answered: Duration::ZERO };
        let settings = match self.folder.settings() {
            Ok(settings) => settings,
            Err(problem) => return failed(problem),
        };
        self.show_without_process(NodePhase::Starting { since_ms: life::now_ms() });
        let mut process = tokio::select! {
            begun = Process::begin(&self.folder, &settings, &self.password, &self.client, &self.tempo) => match begun {
                Ok(process) => process,
                Err(problem) => return failed(problem),
            },
            interruption = interruption(&mut self.orders) => return Ended::Interrupted(interruption),
        };
        self.status.send_modify(|status| {
            status.pid = process.pid();
            status.adopted = process.is_adopted();
        });
        let mut life = Life::new(self.folder.clone(), settings, self.client.clone(), self.tempo);
        loop {
            tokio::select! {
                how = process.ended() => return Ended::Failed { problem: life.explain_end(&how), answered: life.answered() },
                interruption = interruption(&mut self.orders) => {
                    if matches!(interruption, Interruption::Stop(_)) {
                        self.status.send_modify(|status| status.phase = NodePhase::Stopping);
                        process.end(&self.client, life.has_answered(), &self.tempo).await;
                    }
                    return Ended::Interrupted(interruption);
                }
                step = life.step(&self.status) => if let Err(problem) = step {
                    process.end(&self.client, false, &self.tempo).await;
                    return Ended::Failed { problem, answered: life.answered() };
                },
            }
        }
    }

    fn heed(&self, interruption: Interruption) -> ControlFlow<()> {
        match interruption {
            Interruption::Stop(done) => {
                self.at_rest(done);
                ControlFlow::Continue(())
            }
            Interruption::Abandoned => ControlFlow::Break(()),
        }
    }

    fn at_rest(&self, done: oneshot::Sender<()>) {
        self.show_without_process(NodePhase::Stopped);
        done.send(()).ok();
    }

    fn show_without_process(&self, phase: NodePhase) {
        self.status.send_modify(|status| {
            let blocks = self.folder.settings().map_or(status.blocks, |settings| BlockDuty::at_rest(&settings.network));
            *status = NodeStatus { phase, ..NodeStatus::stopped(status.id.clone(), blocks) };
        });
    }
}

/// Waits for an order that ends what is going on.
async fn interruption(orders: &mut mpsc::UnboundedReceiver<Order>) -> Interruption {
    loop {
        match orders.recv().await {
            Some(Order::Start) => {}
            Some(Order::Stop(done)) => return Interruption::Stop(done),
            None => return Interruption::Abandoned,
        }
    }
}

/// Waits until `is_so`, but no longer than `patience`; looks every so often.
async fn within(patience: Duration, every: Duration, is_so: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + patience;
    while !is_so() {
        if Instant::now() >= deadline {
            return false;
        }
        tokio::time::sleep(every).await;
    }
    true
}
