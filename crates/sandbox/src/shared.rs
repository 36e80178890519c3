//! The network as the tasks and handles share it.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use crate::world::World;

/// The world behind a lock, with bells for the tasks that attend to it.
#[derive(Debug)]
pub(crate) struct Shared {
    world: Mutex<World>,
    timers: Notify,
    changes: Notify,
}

impl Shared {
    pub(crate) fn new(world: World) -> Self {
        Self { world: Mutex::new(world), timers: Notify::new(), changes: Notify::new() }
    }

    /// Looks at the world or changes it, and rings for whoever has to know.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        // A panic inside may have left a post half delivered; the network is still good for reading.
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let due = world.next_due();
        let seen = look(&mut world);
        if world.next_due() != due {
            self.timers.notify_one();
        }
        if world.is_changed {
            self.changes.notify_one();
        }
        seen
    }

    /// Hands over posts when they are due, for as long as it is polled.
    pub(crate) async fn drive_timers(&self) {
        loop {
            match self.with(|world| world.next_due()) {
                Some(due) => tokio::select! {
                    () = tokio::time::sleep_until(due.into()) => self.with(|world| world.handle_due(Instant::now())),
                    () = self.timers.notified() => {}
                },
                None => self.timers.notified().await,
            }
        }
    }

    /// Returns once something changed that is kept on disk.
    pub(crate) async fn changed(&self) {
        self.changes.notified().await;
    }
}
