//! Steps to a first bridge that several journeys take.

use super::Window;

impl Window {
    /// At the accounts: makes one, keeps its key, and goes on.
    pub async fn make_account(&self, name: &str) {
        self.press("make-account").await;
        self.fill("new-account", name).await;
        self.press("create-account").await;
        self.shows("secret", &format!("@{name}")).await;
        self.press("secret-saved").await;
        self.press("next").await;
    }

    /// At the broker: takes the one inside the app, and goes on to the bridge with nothing to share yet.
    pub async fn finish_with_the_builtin_broker(&self) {
        self.press("builtin-broker").await;
        self.says("The built-in broker listens at").await;
        self.press("next").await;
        self.press("next").await;
    }
}
