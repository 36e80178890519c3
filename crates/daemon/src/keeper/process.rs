//! The process of a node: started here, or left over and taken over. Ending it, politely first.

use std::time::{Duration, Instant};

use tokio::process::Child;
use twister::Client;

use super::within;
use crate::folder::Folder;
use crate::launch::launch;
use crate::problem::NodeProblem;
use crate::process::{Plea, send};
use crate::program::{check_program, find_program, nowhere};
use crate::settings::NodeSettings;
use crate::tempo::Tempo;
use crate::{ports, process};

/// How often the system is asked whether a process is gone that is not a child of this one.
const LOOK_FOR_END: Duration = Duration::from_millis(50);

/// How long a killed process may take to be gone.
const LAST_BREATH: Duration = Duration::from_secs(10);

/// How long a node may take to say that it will end.
const STOP_ANSWER: Duration = Duration::from_secs(5);

/// A node's process.
pub(super) struct Process {
    folder: Folder,
    /// None if it was started by another process, and is known by the lock that it holds.
    child: Option<Child>,
    pid: Option<u32>,
}

impl Process {
    /// Begins the node: takes over a twisterd that was left over, or starts one.
    pub(super) async fn begin(
        folder: &Folder,
        settings: &NodeSettings,
        password: &str,
        client: &Client,
        tempo: &Tempo,
    ) -> Result<Self, NodeProblem> {
        if folder.twisterd().is_some() && adopt(folder, client, tempo).await? {
            let pid = folder.twisterd().and_then(|holder| holder.pid);
            tracing::info!(node = %settings.id, pid, "took over a node that ran already");
            return Ok(Self { folder: folder.clone(), child: None, pid });
        }
        let program = match &settings.program {
            Some(program) => program.clone(),
            None => find_program().ok_or_else(nowhere)?,
        };
        check_program(&program)?;
        ports::check(settings.ports)?;
        // Nothing is waited for from here on, so that no started process is forgotten.
        let child = launch(&program, folder, settings, password)?;
        let pid = child.id();
        if let Some(Err(problem)) = pid.map(|pid| folder.note_pid(pid)) {
            tracing::warn!(%problem, "should the node be left over and hang, it will be taken for somebody else's");
        }
        tracing::info!(node = %settings.id, pid, program = %program.display(), "started a node");
        Ok(Self { folder: folder.clone(), child: Some(child), pid })
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.pid
    }

    pub(super) fn is_adopted(&self) -> bool {
        self.child.is_none()
    }

    /// Waits for its end, and says how it ended.
    pub(super) async fn ended(&mut self) -> String {
        match &mut self.child {
            Some(child) => match child.wait().await {
                Ok(status) => status.to_string(),
                Err(error) => error.to_string(),
            },
            None => {
                while self.folder.twisterd().is_some() {
                    tokio::time::sleep(LOOK_FOR_END).await;
                }
                "it was not started here, so it is not known how".to_owned()
            }
        }
    }

    /// Ends it: asks it to by its RPC if it listens, then with SIGTERM, then with SIGKILL.
    pub(super) async fn end(&mut self, client: &Client, listens: bool, tempo: &Tempo) {
        let asked = client.clone().with_timeout(STOP_ANSWER);
        let agrees = listens && asked.stop().await.is_ok();
        if agrees && self.ends_within(tempo.farewell).await {
            return;
        }
        self.plead(Plea::Terminate);
        if self.ends_within(if agrees { tempo.term } else { tempo.farewell }).await {
            return;
        }
        tracing::warn!(pid = self.pid, "a node does not end, so it is killed");
        self.plead(Plea::Kill);
        self.ends_within(LAST_BREATH).await;
    }

    async fn ends_within(&mut self, patience: Duration) -> bool {
        tokio::time::timeout(patience, self.ended()).await.is_ok()
    }

    fn plead(&mut self, plea: Plea) {
        match &mut self.child {
            Some(child) if plea == Plea::Kill => drop(child.start_kill()),
            // A child that was not waited for keeps its number, so that it is nobody else's.
            Some(child) => child.id().into_iter().for_each(|pid| send(pid, plea)),
            // Whoever holds the lock at this moment is the node.
            None => self.folder.twisterd().and_then(|holder| holder.pid).into_iter().for_each(|pid| send(pid, plea)),
        }
    }
}

/// Deals with a twisterd that runs on the folder already. True if it answers, and is taken over; false if it is gone.
async fn adopt(folder: &Folder, client: &Client, tempo: &Tempo) -> Result<bool, NodeProblem> {
    let deadline = Instant::now() + tempo.possession;
    while let Some(holder) = folder.twisterd() {
        if client.info().await.is_ok() {
            return Ok(true);
        }
        // It may be about to begin, or to end.
        if Instant::now() < deadline {
            tokio::time::sleep(tempo.look).await;
            continue;
        }
        // Started here once and deaf since: it is in nobody's service any more.
        let Some(pid) = holder.pid.filter(|pid| folder.last_pid() == Some(*pid)) else {
            return Err(folder.in_use(&holder.to_string()));
        };
        tracing::warn!(pid, "a node that was left over does not answer, so it is ended");
        return end_leftover(folder, pid, tempo).await.map(|()| false);
    }
    Ok(false)
}

async fn end_leftover(folder: &Folder, pid: u32, tempo: &Tempo) -> Result<(), NodeProblem> {
    let is_gone = || folder.twisterd().is_none_or(|holder| holder.pid != Some(pid));
    for (plea, patience) in [(Plea::Terminate, tempo.term), (Plea::Kill, LAST_BREATH)] {
        process::send(pid, plea);
        if within(patience, LOOK_FOR_END, is_gone).await {
            return Ok(());
        }
    }
    Err(folder.in_use(&format!("process {pid}, a twisterd, does not end")))
}
