//! The command palette: the shortest way to anything that has a name.

use fantoccini::key::Key;

use super::Window;

impl Window {
    /// Opens the palette by its keys, and does what is found by this name.
    pub async fn command(&self, name: &str) {
        self.press_chord(&[Key::Control], 'k').await;
        self.fill("palette-input", name).await;
        self.shows("palette", name).await;
        self.press_key(Key::Enter).await;
        self.is_gone("palette").await;
    }
}
