//! What axe-core has to say about a page: it finds what keeps people out who cannot see well, or use a pointer.

use std::fmt;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Window;

/// The checker, as it lies among the packages of the user interface.
const AXE: &str = "ui/node_modules/axe-core/axe.min.js";

/// The rules that are asked: those of WCAG 2.2 in levels A and AA, and what axe-core counts as good practice.
const TAGS: [&str; 6] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const RUN: &str = "const [tags, done] = arguments;
    const options = { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] };
    axe.run(document, options).then(
        (results) => done({ violations: results.violations }),
        (error) => done({ failed: String(error) }),
    );";

/// A rule that a page breaks.
#[derive(Debug, Deserialize)]
pub struct Violation {
    /// The rule, in axe-core's words.
    pub id: String,
    /// What it asks for.
    pub help: String,
    /// Where it is broken.
    pub nodes: Vec<Place>,
}

/// An element that breaks a rule.
#[derive(Debug, Deserialize)]
pub struct Place {
    /// The element as HTML.
    pub html: String,
    /// What would mend it.
    #[serde(rename = "failureSummary")]
    pub remedy: Option<String>,
}

impl Window {
    /// Which rules the page that shows now breaks.
    pub async fn axe(&self) -> Vec<Violation> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(AXE);
        let source = std::fs::read_to_string(source).expect("axe-core is installed: make setup does that");
        self.client.execute(&source, Vec::new()).await.unwrap();
        let mut outcome: Value = self.client.execute_async(RUN, vec![json!(TAGS)]).await.unwrap();
        assert_eq!(outcome["failed"], Value::Null, "axe-core could not look at the page");
        serde_json::from_value(outcome["violations"].take()).unwrap()
    }

    /// Ends the test if the page that shows now breaks a rule.
    pub async fn is_accessible(&self, page: &str) {
        let violations = self.axe().await;
        if !violations.is_empty() {
            let words: Vec<String> = violations.iter().map(ToString::to_string).collect();
            self.fail(&format!("{page} keeps people out:\n{}", words.join("\n"))).await;
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.id, self.help)?;
        for Place { html, remedy } in &self.nodes {
            writeln!(f, "  {html}\n    {}", remedy.as_deref().unwrap_or_default().replace('\n', "\n    "))?;
        }
        Ok(())
    }
}
