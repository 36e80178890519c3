//! The tasks of a running bridge, and what they share. They are the drivers: they hold sockets, clocks and the database,
//! and ask the state machines ([`crate::route`], [`crate::incoming`], [`crate::watch`]) what to do.
//!
//! ```text
//! out:  session → taker → outbox → poster → node
//! in:   node → watcher → inbox → deliverer → session
//!       carrier → DHT → fetcher: the way of posts where swarms are not joined
//!       steward: node, account, network, quota     subscriptions: the profile, and what peers want
//!       newcomers: what the broker keeps, for those who come later
//! ```

mod absence;
mod board;
mod carrier;
mod context;
mod deliverer;
mod fetcher;
mod footing;
mod live;
mod moved;
mod newcomers;
mod node_fault;
mod people;
mod poster;
mod proof;
mod queue;
mod readback;
mod retained;
mod steward;
mod subscriptions;
mod taker;
mod upkeep;
mod watcher;

pub(crate) use board::Board;
pub(crate) use context::Context;
pub(crate) use live::LiveConfig;
pub use live::ReconfigureError;
pub(crate) use moved::Moved;
pub(crate) use node_fault::NodeTrouble;
pub use retained::RetainedError;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::mqtt::{INCOMING_CAPACITY, Login, Session, Setup};
use crate::store::StoreError;

/// Starts all tasks of a bridge. They end when the context is told to stop.
pub(crate) async fn spawn(context: Context, login: Login) -> Result<JoinSet<()>, StoreError> {
    let newcomers = newcomers::drive(context.clone(), login.clone());
    let setup = Setup {
        login,
        client_id: context.client_id(),
        publications: context.live.publications(),
        subscribed: context.live.subscribed(),
        board: context.board.clone(),
        store: context.store.clone(),
    };
    let (commands, commands_in) = mpsc::unbounded_channel();
    let (incoming_out, incoming) = mpsc::channel(INCOMING_CAPACITY);
    let (deliveries_out, deliveries) = mpsc::unbounded_channel();
    let known = context.store.broker_session().await?;
    let session = Session::new(setup, known, commands_in, incoming_out, deliveries_out);

    let mut tasks = JoinSet::new();
    // The session ends when the taker and the deliverer, who hold its commands, have ended.
    tasks.spawn(session.drive());
    tasks.spawn(taker::drive(context.clone(), incoming, commands.clone()));
    tasks.spawn(deliverer::drive(context.clone(), deliveries, commands));
    tasks.spawn(steward::drive(context.clone()));
    tasks.spawn(subscriptions::drive(context.clone()));
    let (posted_out, posted) = mpsc::unbounded_channel();
    tasks.spawn(poster::drive(context.clone(), posted_out));
    tasks.spawn(carrier::drive(context.clone(), posted));
    tasks.spawn(fetcher::drive(context.clone()));
    tasks.spawn(watcher::drive(context.clone()));
    tasks.spawn(newcomers);
    tasks.spawn(upkeep::drive(context.clone()));
    tasks.spawn(context.drive_counters());
    Ok(tasks)
}
