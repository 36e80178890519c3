//! From the body of a request to the body of a reply: JSON-RPC 1.0 with batches, as twisterd understands it.

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use tokio::time::{Instant, sleep, sleep_until};

use crate::json::Json;
use crate::rpc::error::RpcError;
use crate::rpc::{self, Outcome, Peek};
use crate::shared::Shared;

/// How often a look for a single post is repeated.
const PEEK_INTERVAL: Duration = Duration::from_millis(20);

/// A reply, ready to be sent.
pub(crate) struct Executed {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
}

/// Carries out what `body` asks for; `None` if there is to be no reply.
pub(crate) async fn execute(shared: &Arc<Shared>, node: usize, body: &[u8]) -> Option<Executed> {
    let error = |message: &str| Err(RpcError::new(RpcError::PARSE, message));
    let (status, reply) = match Json::parse(body) {
        Some(Json::Array(requests)) => {
            let mut replies = Vec::with_capacity(requests.len());
            for request in &requests {
                let (id, result) = execute_one(shared, node, request).await?;
                replies.push(members(result, id));
            }
            (StatusCode::OK, Json::Array(replies))
        }
        Some(request @ Json::Object(_)) => {
            let (id, result) = execute_one(shared, node, &request).await?;
            (status(&result), members(result, id))
        }
        Some(_) => (StatusCode::INTERNAL_SERVER_ERROR, members(error("Top-level object parse error"), Json::Null)),
        None => (StatusCode::INTERNAL_SERVER_ERROR, members(error("Parse error"), Json::Null)),
    };
    let mut body = Vec::new();
    reply.write(&mut body);
    body.push(b'\n');
    Some(Executed { status, body })
}

/// One call of a batch, or the only one: its id and what it answers; `None` if there is to be no reply.
async fn execute_one(shared: &Arc<Shared>, node: usize, request: &Json) -> Option<(Json, Result<Json, RpcError>)> {
    let id = request.member("id").cloned().unwrap_or(Json::Null);
    let (method, params) = match parse(request) {
        Ok(parsed) => parsed,
        Err(error) => return Some((id, Err(error))),
    };
    let wait = shared.with(|world| world.nodes[node].handle_asked(&method, Instant::now().into_std()));
    if !wait.is_zero() {
        sleep(wait).await;
    }
    let (outcome, delay, is_dropped) = shared.with(|world| {
        let outcome = rpc::call(world, node, &method, params);
        let faults = &mut world.nodes[node].faults;
        (outcome, faults.delay(&method), faults.takes_reply(&method))
    });
    let result = match outcome {
        Ok(Outcome::Done(result)) => Ok(result),
        Ok(Outcome::After(wait, result)) => {
            sleep(wait).await;
            Ok(result)
        }
        Ok(Outcome::Peeking(peek)) => Peeking { shared: Arc::clone(shared), node, peek }.run().await,
        Err(error) => Err(error),
    };
    if !delay.is_zero() {
        sleep(delay).await;
    }
    (!is_dropped).then_some((id, result))
}

fn parse(request: &Json) -> Result<(String, &[Json]), RpcError> {
    let refuse = |message: &str| Err(RpcError::new(RpcError::INVALID_REQUEST, message));
    if !matches!(request, Json::Object(_)) {
        return refuse("Invalid Request object");
    }
    let method = match request.member("method") {
        Some(Json::Text(method)) => String::from_utf8_lossy(method).into_owned(),
        None | Some(Json::Null) => return refuse("Missing method"),
        Some(_) => return refuse("Method must be a string"),
    };
    match request.member("params") {
        Some(Json::Array(params)) => Ok((method, params)),
        None | Some(Json::Null) => Ok((method, &[])),
        Some(_) => refuse("Params must be an array"),
    }
}

fn status(result: &Result<Json, RpcError>) -> StatusCode {
    match result.as_ref().map_err(|error| error.code) {
        Ok(_) => StatusCode::OK,
        Err(RpcError::INVALID_REQUEST) => StatusCode::BAD_REQUEST,
        Err(RpcError::METHOD_NOT_FOUND) => StatusCode::NOT_FOUND,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn members(result: Result<Json, RpcError>, id: Json) -> Json {
    let (result, error) = match result {
        Ok(result) => (result, Json::Null),
        Err(error) => (Json::Null, error.json()),
    };
    Json::object([("result", result), ("error", error), ("id", id)])
}

/// A look for a single post that goes on. The node does not begin another one for the same account meanwhile.
struct Peeking {
    shared: Arc<Shared>,
    node: usize,
    peek: Peek,
}

impl Peeking {
    async fn run(self) -> Result<Json, RpcError> {
        let deadline = Instant::now() + self.peek.timeout;
        while Instant::now() < deadline {
            sleep_until(deadline.min(Instant::now() + PEEK_INTERVAL)).await;
            if let Some(found) = self.shared.with(|world| self.peek.find(world, self.node)) {
                return Ok(found);
            }
        }
        Err(Peek::timed_out())
    }
}

impl Drop for Peeking {
    fn drop(&mut self) {
        self.shared.with(|world| world.nodes[self.node].peeking.remove(&self.peek.author));
    }
}
