//! Who is let in. Whoever is in may publish and subscribe to everything.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use mqtt5::broker::{AuthProvider, AuthResult};
use mqtt5::packet::connect::ConnectPacket;
use mqtt5::protocol::v5::reason_codes::ReasonCode;
use tracing::warn;

use crate::Credentials;

/// How long a wrong password is left without an answer, so that guessing is slow. The engine's own remedy, locking the
/// address out, is not used: on loopback all clients share one address, and one misconfigured device would lock out the rest.
const REFUSAL_DELAY: Duration = Duration::from_millis(500);

/// Compares a client's login with the one set, or lets everybody in when none is.
pub(crate) struct Login {
    credentials: Option<Credentials>,
}

impl Login {
    pub(crate) fn new(credentials: Option<Credentials>) -> Self {
        Self { credentials }
    }

    async fn answer(&self, connect: &ConnectPacket, client: SocketAddr) -> AuthResult {
        let Some(credentials) = &self.credentials else {
            return AuthResult::success();
        };
        if credentials.admit(connect.username.as_deref(), connect.password.as_deref()) {
            // Without the user's name: the engine would add it to every message that the client publishes.
            return AuthResult::success();
        }
        warn!(%client, client_id = connect.client_id, "refused a client with a wrong user name or password");
        tokio::time::sleep(REFUSAL_DELAY).await;
        AuthResult::fail(ReasonCode::BadUsernameOrPassword)
    }
}

impl AuthProvider for Login {
    fn authenticate<'a>(
        &'a self,
        connect: &'a ConnectPacket,
        client: SocketAddr,
    ) -> Pin<Box<dyn Future<Output = mqtt5::Result<AuthResult>> + Send + 'a>> {
        Box::pin(async move { Ok(self.answer(connect, client).await) })
    }

    fn authorize_publish<'a>(
        &'a self,
        _client_id: &str,
        _user_id: Option<&'a str>,
        _topic: &'a str,
    ) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(async { true })
    }

    fn authorize_subscribe<'a>(
        &'a self,
        _client_id: &str,
        _user_id: Option<&'a str>,
        _topic_filter: &'a str,
    ) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(async { true })
    }
}
