//! The keyboard: a test that uses nothing else shows that a person can do without a pointer.

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::key::Key;
use serde_json::Value;

use super::Window;

/// How many stops a page has at most on the way that the tab key takes.
const MOST_STOPS: usize = 300;

/// Names what has the focus: the nearest test id, or else the element.
const FOCUSED: &str = "const focused = document.activeElement;
    const named = focused?.closest('[data-testid]');
    return [focused?.dataset?.testid ?? '', named?.dataset?.testid ?? focused?.tagName ?? 'nothing'];";

impl Window {
    /// Presses a key and lets it go.
    pub async fn press_key(&self, key: Key) {
        self.press_keys(&[], key.into()).await;
    }

    /// Presses a key while others are held: `press_chord(&[Key::Control], 'k')`.
    pub async fn press_chord(&self, held: &[Key], key: char) {
        self.press_keys(held, key).await;
    }

    /// Types a text into what has the focus.
    pub async fn type_text(&self, text: &str) {
        self.client.active_element().await.unwrap().send_keys(text).await.unwrap();
    }

    /// Goes on with the tab key until the element with this test id has the focus.
    pub async fn tab_to(&self, id: &str) {
        self.find(id).await;
        let mut passed = Vec::new();
        for _ in 0..MOST_STOPS {
            let [focused, named] = self.focused().await;
            if focused == id {
                return;
            }
            passed.push(named);
            self.press_key(Key::Tab).await;
        }
        self.fail(&format!("the tab key does not come to {id}; it passed {passed:?}")).await
    }

    /// The test id of what has the focus, empty if it has none.
    pub async fn focused_id(&self) -> String {
        let [focused, _] = self.focused().await;
        focused
    }

    async fn focused(&self) -> [String; 2] {
        let Value::Array(names) = self.client.execute(FOCUSED, Vec::new()).await.unwrap() else {
            panic!("the page says what has the focus");
        };
        let mut names = names.into_iter().map(|name| name.as_str().unwrap_or_default().to_owned());
        [names.next().unwrap_or_default(), names.next().unwrap_or_default()]
    }

    async fn press_keys(&self, held: &[Key], key: char) {
        let held: Vec<char> = held.iter().map(|&key| key.into()).collect();
        let mut keys = KeyActions::new("keyboard".to_owned());
        for &value in &held {
            keys = keys.then(KeyAction::Down { value });
        }
        keys = keys.then(KeyAction::Down { value: key }).then(KeyAction::Up { value: key });
        for &value in held.iter().rev() {
            keys = keys.then(KeyAction::Up { value });
        }
        self.client.perform_actions(keys).await.unwrap();
    }
}
