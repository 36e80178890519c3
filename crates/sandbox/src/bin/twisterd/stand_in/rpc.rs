//! The calls that the stand-in has something of its own to say to; all others are the sandbox's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use tokio::sync::Notify;

use super::backend::Backend;
use super::folder::Folder;
use super::script::{Crash, Script, Sync};

/// Calls that twisterd does not write into its log.
const QUIET: &[&str] = &["getinfo", "getbestblockhash", "getblock", "getmininginfo", "getlasthave", "getnumpieces"];

/// Answers calls.
pub(crate) struct Rpc {
    backend: Arc<Backend>,
    folder: Arc<Folder>,
    script: Script,
    /// How often it was asked how it is.
    asked: AtomicU32,
    /// How far it has caught up, in percent.
    percent: AtomicU32,
    stop: Notify,
}

impl Rpc {
    pub(crate) fn new(backend: Arc<Backend>, folder: Arc<Folder>, script: &Script) -> Self {
        let (asked, percent) = (AtomicU32::new(0), AtomicU32::new(0));
        Self { backend, folder, script: script.clone(), asked, percent, stop: Notify::new() }
    }

    /// Returns once it was asked to stop.
    pub(crate) async fn stopped(&self) {
        self.stop.notified().await;
    }

    /// Answers one call, or a batch: status and body.
    pub(crate) async fn answer(&self, body: &[u8]) -> (u16, Vec<u8>) {
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        let method = request["method"].as_str().unwrap_or_default();
        if !QUIET.contains(&method) {
            self.folder.log(&format!("ThreadRPCServer method={method}"));
        }
        let is_well_formed = request["params"].is_array() || request["params"].is_null();
        let own = match method {
            _ if !is_well_formed => return self.pass_on(body).await,
            "stop" => {
                self.stop.notify_one();
                Some(json!("Twister server stopping"))
            }
            "setgenerate" => {
                let params = &request["params"];
                self.backend.set_generate(params[0].as_bool().unwrap_or(true), params[1].as_i64().unwrap_or(-1));
                Some(Value::Null)
            }
            "getinfo" => self.info().await,
            "getmininginfo" => self.mining_info().await,
            "getpeerinfo" => self.peers().await,
            "getblockcount" => self.height().await.map(Value::from),
            "getbestblockhash" => match self.height().await {
                Some(height) => self.ask("getblockhash", json!([height])).await,
                None => None,
            },
            _ => return self.pass_on(body).await,
        };
        match own {
            Some(result) => {
                let reply = json!({ "result": result, "error": null, "id": request["id"] });
                (200, format!("{reply}\n").into_bytes())
            }
            None => self.pass_on(body).await,
        }
    }

    async fn pass_on(&self, body: &[u8]) -> (u16, Vec<u8>) {
        let failed = |error: std::io::Error| {
            let reply = json!({ "result": null, "error": { "code": -1, "message": error.to_string() }, "id": null });
            (500, format!("{reply}\n").into_bytes())
        };
        self.backend.call(body).await.unwrap_or_else(failed)
    }

    async fn ask(&self, method: &str, params: Value) -> Option<Value> {
        let body = json!({ "id": 0, "method": method, "params": params }).to_string();
        let (_, reply) = self.backend.call(body.as_bytes()).await.ok()?;
        let mut reply: Value = serde_json::from_slice(&reply).ok()?;
        Some(reply["result"].take()).filter(|result| !result.is_null())
    }

    async fn info(&self) -> Option<Value> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        if self.script.crash == Some(Crash::Asked(asked)) {
            self.folder.log("the stand-in was told to crash");
            std::process::abort();
        }
        let mut info = self.ask("getinfo", json!([])).await?;
        info["version"] = self.script.version.into();
        info["blocks"] = self.height().await?.into();
        info["connections"] = self.peers().await?.as_array().map_or(0, Vec::len).into();
        // What is said now holds until it is asked again.
        if self.percent.load(Ordering::Relaxed) < 100 && (self.backend.others().is_empty() || self.backend.has_joined())
        {
            self.percent.fetch_add(10, Ordering::Relaxed);
        }
        Some(info)
    }

    async fn mining_info(&self) -> Option<Value> {
        let mut info = self.ask("getmininginfo", json!([])).await?;
        info["generate"] = self.backend.generates().into();
        info["blocks"] = self.height().await?.into();
        Some(info)
    }

    async fn peers(&self) -> Option<Value> {
        let mut peers = self.ask("getpeerinfo", json!([])).await?;
        let strangers = self.backend.strangers().into_iter().map(|address| {
            json!({ "addr": address.to_string(), "services": "00000000", "inbound": true, "conntime": 0, "version": 0,
                    "subver": "", "startingheight": -1, "banscore": 0 })
        });
        peers.as_array_mut()?.extend(strangers);
        Some(peers)
    }

    /// Height of the newest block that it has, as far as it has caught up.
    async fn height(&self) -> Option<u64> {
        let height = self.ask("getblockcount", json!([])).await?.as_u64()?;
        let percent = match &self.script.sync {
            _ if self.backend.is_first() => 100,
            Sync::ByTenths => self.percent.load(Ordering::Relaxed),
            Sync::Told(file) => std::fs::read_to_string(file).ok()?.trim().parse().unwrap_or(0),
        };
        Some(height * u64::from(percent.min(100)) / 100)
    }
}
