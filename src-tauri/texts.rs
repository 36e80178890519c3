//! The words of the tray and the notifications. They are in the same catalogue as the window's, a file for each language in
//! `ui/src/i18n`; the file `desktop.json` has those that Rust says, `codes.json` the headings of problems.
//!
//! Deliberately not here: plurals and other grammar. A text of Rust's is plain, with names in braces.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::preferences::LanguageChoice;

/// A language that the app speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    English,
    /// French.
    French,
    /// Brazilian Portuguese.
    BrazilianPortuguese,
    /// German.
    German,
}

/// One file of the catalogue in all languages.
type Texts = LazyLock<HashMap<Language, HashMap<String, String>>>;

macro_rules! texts {
    ($file:literal) => {
        LazyLock::new(|| {
            HashMap::from([
                (Language::English, parse(include_str!(concat!("../ui/src/i18n/en/", $file)))),
                (Language::French, parse(include_str!(concat!("../ui/src/i18n/fr/", $file)))),
                (Language::BrazilianPortuguese, parse(include_str!(concat!("../ui/src/i18n/pt-BR/", $file)))),
                (Language::German, parse(include_str!(concat!("../ui/src/i18n/de/", $file)))),
            ])
        })
    };
}

static DESKTOP: Texts = texts!("desktop.json");
static CODES: Texts = texts!("codes.json");

/// Where a Unix system says which language is wanted, the strongest first.
const VARIABLES: [&str; 4] = ["LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"];

impl Language {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::English, Self::French, Self::BrazilianPortuguese, Self::German];

    /// The language that was chosen; `system` when that is left to the system.
    pub fn of(choice: LanguageChoice, system: Self) -> Self {
        match choice {
            LanguageChoice::System => system,
            LanguageChoice::English => Self::English,
            LanguageChoice::French => Self::French,
            LanguageChoice::BrazilianPortuguese => Self::BrazilianPortuguese,
            LanguageChoice::German => Self::German,
        }
    }

    /// The system's language as the environment has it. Where there is nothing in it, the window knows better: see
    /// [`best`](Self::best).
    pub fn of_environment() -> Self {
        let wanted: Vec<String> = VARIABLES.iter().filter_map(|name| std::env::var(name).ok()).collect();
        Self::best(wanted.iter().flat_map(|value| value.split(':')))
    }

    /// The first of the wanted languages that the app speaks, given as `pt-BR`, `pt_BR.UTF-8` or `pt`; else English.
    pub fn best<'a>(wanted: impl IntoIterator<Item = &'a str>) -> Self {
        let known = wanted.into_iter().find_map(|tag| match tag.split(['-', '_', '.', '@']).next()? {
            "en" | "C" | "POSIX" => Some(Self::English),
            "fr" => Some(Self::French),
            "pt" => Some(Self::BrazilianPortuguese),
            "de" => Some(Self::German),
            _ => None,
        });
        known.unwrap_or(Self::English)
    }

    /// A text of the tray or a notification, with what stands for each `{name}`.
    pub fn text(self, key: &str, values: &[(&str, &str)]) -> String {
        let text = lookup(&DESKTOP, self, key).unwrap_or(key);
        values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    /// The heading of a problem, by its code on the wire.
    pub fn heading(self, code: &str) -> String {
        lookup(&CODES, self, code).unwrap_or(code).to_owned()
    }
}

fn lookup(texts: &'static Texts, language: Language, key: &str) -> Option<&'static str> {
    texts.get(&language)?.get(key).map(String::as_str)
}

fn parse(text: &str) -> HashMap<String, String> {
    // A test reads every file: what is not a list of texts does not get this far.
    serde_json::from_str(text).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_the_same_texts_with_the_same_names_in_them() {
        fn names(text: &str) -> Vec<&str> {
            let mut names: Vec<&str> =
                text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).collect();
            names.sort_unstable();
            names
        }
        let english = &DESKTOP[&Language::English];
        assert!(!english.is_empty());
        for language in Language::ALL {
            let texts = &DESKTOP[&language];
            assert_eq!(texts.len(), english.len(), "{language:?}");
            for (key, text) in english {
                assert_eq!(names(&texts[key]), names(text), "{language:?}, {key}");
            }
            assert!(!CODES[&language].is_empty(), "{language:?}");
        }
    }

    #[test]
    fn a_text_has_its_names_filled_in() {
        assert_eq!(Language::English.text("start", &[("name", "home")]), "Start home");
        assert_eq!(Language::German.text("quit", &[]), "Beenden");
    }

    #[test]
    fn the_systems_language_is_found_in_each_way_that_it_is_written() {
        for (wanted, language) in [
            ("de_AT.UTF-8", Language::German),
            ("pt-BR", Language::BrazilianPortuguese),
            ("pt_PT@euro", Language::BrazilianPortuguese),
            ("fr", Language::French),
            ("C.UTF-8", Language::English),
            ("ja_JP.UTF-8", Language::English),
        ] {
            assert_eq!(Language::best([wanted]), language, "{wanted}");
        }
        assert_eq!(Language::best(["ja", "de"]), Language::German);
        assert_eq!(Language::best([]), Language::English);
    }
}
