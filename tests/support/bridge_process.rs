//! The program itself, as a process of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::{in_time, processor_time};

/// The program under test.
const CLI: &str = env!("CARGO_BIN_EXE_mqtt-twister-cli");

/// `mqtt-twister-cli run --json`, with a folder of its own for the configuration and the data. Killed when dropped.
pub struct BridgeProcess {
    child: Child,
    lines: watch::Receiver<Vec<Value>>,
    errors: watch::Receiver<Vec<Value>>,
}

impl BridgeProcess {
    /// Starts the bridges of `config`, which is written into `dir`; the data is kept there too. Settings are environment
    /// variables.
    pub fn start(dir: &Path, config: &str, settings: &[(&str, &str)]) -> Self {
        Self::start_with(dir, config, settings, &[])
    }

    /// The same, with more arguments.
    pub fn start_with(dir: &Path, config: &str, settings: &[(&str, &str)], options: &[&str]) -> Self {
        let is_json = config.trim_start().starts_with('{');
        let file: PathBuf = dir.join(if is_json { "config.json" } else { "config.toml" });
        fs::write(&file, config).unwrap();
        let mut command = command(dir);
        command.args(["--json", "run"]).arg(&file).args(options).arg("--data-dir").arg(dir.join("data"));
        command.envs(settings.iter().copied());
        Self::spawn(command)
    }

    /// The same as a service runs it, with words for people on its output: of what it does, only that it is ready can be waited for.
    pub fn start_as_service(dir: &Path, config: &str, settings: &[(&str, &str)]) -> Self {
        let file = dir.join("config.toml");
        fs::write(&file, config).unwrap();
        let mut command = command(dir);
        command.arg("run").arg(&file).arg("--data-dir").arg(dir.join("data"));
        command.envs(settings.iter().copied());
        Self::spawn(command)
    }

    /// Starts whatever the command is.
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = collect(child.stdout.take().unwrap());
        let errors = collect(child.stderr.take().unwrap());
        Self { child, lines, errors }
    }

    /// Waits until messages can cross on all its bridges.
    pub async fn ready(&self) {
        self.line("the line ready", |line| line["type"] == "ready" || line == "ready").await;
    }

    /// Waits for a line that is `wanted` and returns it.
    pub async fn line(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.line_of(self.lines.clone(), what, wanted).await
    }

    /// The same on its standard error.
    pub async fn log_line(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.line_of(self.errors.clone(), what, wanted).await
    }

    /// Whether each line of its standard error so far is a JSON object.
    pub fn logs_objects_only(&self) -> bool {
        self.errors.borrow().iter().all(Value::is_object)
    }

    async fn line_of(
        &self,
        mut lines: watch::Receiver<Vec<Value>>,
        what: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let found = tokio::time::timeout(crate::patience(), async {
            let lines = lines.wait_for(|lines| lines.iter().any(&wanted)).await.ok()?;
            lines.iter().find(|line| wanted(line)).cloned()
        });
        match found.await {
            Ok(Some(line)) => line,
            _ => panic!("{what} did not come. The program said:\n{}", self.said()),
        }
    }

    /// Waits for a problem with this code and returns its text.
    pub async fn problem(&self, bridge: &str, code: &str) -> String {
        let what = format!("the problem {code} of {bridge}");
        let line = self.line(&what, |line| problem(line, bridge, code).is_some()).await;
        problem(&line, bridge, code).unwrap().to_owned()
    }

    /// Waits for a state of the bridge that is `wanted`.
    pub async fn state(&self, bridge: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.line(what, |line| line["type"] == "state" && line["bridge"] == bridge && wanted(line)).await
    }

    /// Waits until it has taken `count` messages from its broker and all of them are out, however long that takes as long as
    /// it gets on.
    pub async fn all_out(&self, bridge: &str, count: u64) {
        let mut steps_seen = 0;
        while steps_seen < 2 * count {
            let gets_on = |state: &Value| steps(state) > steps_seen;
            let state = self.state(bridge, &format!("more than {steps_seen} steps of {count} messages"), gets_on).await;
            steps_seen = steps(&state);
        }
    }

    /// The most memory that it ever had, in MiB.
    pub fn peak_memory_mib(&self) -> u64 {
        let id = self.child.id().expect("the process runs");
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    }

    /// What it has had of the processors so far.
    pub fn processor_time(&self) -> Duration {
        processor_time(self.child.id().expect("the process runs"))
    }

    /// Stops it in the middle of whatever it does, until [`thaw`](Self::thaw).
    pub fn freeze(&self) {
        signal(&self.child, "STOP");
    }

    /// Lets it go on as if nothing had happened.
    pub fn thaw(&self) {
        signal(&self.child, "CONT");
    }

    /// Asks it with SIGHUP to read its configuration again.
    pub fn hang_up(&self) {
        signal(&self.child, "HUP");
    }

    /// Waits until it ends by itself, and checks that it does so cleanly.
    pub async fn ended(mut self) {
        let status = in_time("the program's end", self.child.wait()).await.unwrap();
        assert_eq!(status.code(), Some(0), "the program said:\n{}", self.said());
    }

    /// Kills it with SIGKILL: it gets no time for anything.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it with SIGTERM to stop, and checks that it does so cleanly.
    pub async fn stop(mut self) {
        terminate(&self.child);
        let status = in_time("the program's end", self.child.wait()).await.unwrap();
        assert_eq!(status.code(), Some(0), "the program said:\n{}", self.said());
    }

    /// Whether any of its output contains this text.
    pub fn has_said(&self, text: &str) -> bool {
        self.said().contains(text)
    }

    fn said(&self) -> String {
        let (lines, errors) = (self.lines.borrow(), self.errors.borrow());
        lines.iter().chain(errors.iter()).map(|line| format!("{line}\n")).collect()
    }
}

/// Runs another command of the program on the TOML configuration that a [`BridgeProcess`] was started with in `dir`, and
/// returns what it prints. The first of `words` is the command.
pub async fn ask(dir: &Path, words: &[&str]) -> Vec<Value> {
    let (name, options) = words.split_first().expect("a command");
    let mut command = command(dir);
    command.args(["--json", name]).arg(dir.join("config.toml")).args(options).arg("--data-dir").arg(dir.join("data"));
    let output = in_time(name, command.output()).await.unwrap();
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!((output.status.code(), stderr.as_str()), (Some(0), ""), "{words:?} said:\n{stdout}");
    stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// Asks a process with SIGTERM to stop.
pub fn terminate(child: &Child) {
    signal(child, "TERM");
}

/// Sends a signal to a process.
pub fn signal(child: &Child, name: &str) {
    let id = child.id().expect("the process runs").to_string();
    let name = format!("-{name}");
    assert!(std::process::Command::new("kill").args([&name, &id]).status().unwrap().success());
}

/// The program, with nothing of the person's own settings.
pub fn command(home: &Path) -> Command {
    let mut command = Command::new(CLI);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MQTT_TWISTER_") {
            command.env_remove(&name);
        }
    }
    command
        .env("HOME", home)
        .env_remove("XDG_DATA_HOME")
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// How far messages have come that go out: a step for each that was taken, and one for each that is out.
fn steps(state: &Value) -> u64 {
    let counter = |name: &str| state["counters"][name].as_u64().unwrap();
    2 * counter("taken") - counter("waiting_out")
}

fn problem<'a>(line: &'a Value, bridge: &str, code: &str) -> Option<&'a str> {
    let parts = ["broker", "node", "account", "network"].iter().map(|part| &line[part]["problem"]);
    let fits = |problem: &&Value| problem["bridge"] == bridge && problem["code"] == code;
    parts.chain([line]).find(fits).and_then(|problem| problem["message"].as_str())
}

/// Reads lines as they come: JSON where they are JSON, else as text.
fn collect(pipe: impl AsyncRead + Unpin + Send + 'static) -> watch::Receiver<Vec<Value>> {
    let (tell, lines) = watch::channel(Vec::new());
    tokio::spawn(async move {
        let mut pipe = BufReader::new(pipe).lines();
        while let Ok(Some(line)) = pipe.next_line().await {
            let value = serde_json::from_str(&line).unwrap_or(Value::String(line));
            tell.send_modify(|lines| lines.push(value));
        }
    });
    lines
}
