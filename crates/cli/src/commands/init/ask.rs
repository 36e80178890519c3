//! Questions and answers: at a terminal, or line by line from a program. Questions go to standard error, so that standard
//! output has the results only. A password is not shown while it is typed.

use std::fmt::Display;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::str::FromStr;

use mqtt_twister_bridge::secrets::Password;
use zeroize::Zeroizing;

use crate::error::CliError;

/// Whoever answers.
pub(super) struct Answers {
    /// Nobody reads along: questions are left out.
    silent: bool,
}

impl Answers {
    pub(super) fn new(silent: bool) -> Self {
        Self { silent }
    }

    /// Says something to whoever answers.
    pub(super) fn say(&self, text: &str) {
        if !self.silent {
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// The answer, or what is taken for an empty one.
    pub(super) fn text(&mut self, question: &str, default: Option<&str>) -> Result<String, CliError> {
        self.question(question, default);
        let line = self.line()?;
        Ok(match (line.trim(), default) {
            ("", Some(default)) => default.to_owned(),
            (answer, _) => answer.to_owned(),
        })
    }

    /// The answer, which is asked for until it is one.
    pub(super) fn until_valid<T>(&mut self, question: &str, default: Option<&str>) -> Result<T, CliError>
    where
        T: FromStr<Err: Display>,
    {
        loop {
            match self.text(question, default)?.parse() {
                Ok(value) => return Ok(value),
                Err(error) => self.say(&format!("  {error}")),
            }
        }
    }

    /// Any number of answers, with commas between them.
    pub(super) fn list<T>(&mut self, question: &str) -> Result<Vec<T>, CliError>
    where
        T: FromStr<Err: Display>,
    {
        loop {
            let line = self.text(question, None)?;
            let answers = line.split(',').map(str::trim).filter(|answer| !answer.is_empty());
            match answers.map(str::parse).collect() {
                Ok(values) => return Ok(values),
                Err(error) => self.say(&format!("  {error}")),
            }
        }
    }

    /// At least one answer.
    pub(super) fn some<T>(&mut self, question: &str) -> Result<Vec<T>, CliError>
    where
        T: FromStr<Err: Display>,
    {
        loop {
            match self.list(question)? {
                none if none.is_empty() => self.say("  One at least is needed."),
                values => return Ok(values),
            }
        }
    }

    /// Whether the answer begins with y.
    pub(super) fn yes(&mut self, question: &str, default: bool) -> Result<bool, CliError> {
        let answer = self.text(question, Some(if default { "yes" } else { "no" }))?;
        Ok(answer.starts_with(['y', 'Y']))
    }

    /// A password; it is not shown where a person types it.
    pub(super) fn password(&mut self, question: &str) -> Result<Password, CliError> {
        self.question(question, None);
        let _unseen = Unseen::at_terminal();
        let line = self.line();
        if io::stdin().is_terminal() {
            self.say("");
        }
        line.map(|line| Password::new(line.as_str()))
    }

    fn question(&self, question: &str, default: Option<&str>) {
        if self.silent {
            return;
        }
        let mut stderr = io::stderr().lock();
        let _ = match default {
            Some(default) => write!(stderr, "{question} [{default}] "),
            None => write!(stderr, "{question} "),
        };
        let _ = stderr.flush();
    }

    /// The next line, without its end.
    fn line(&mut self) -> Result<Zeroizing<String>, CliError> {
        let mut line = Zeroizing::new(String::new());
        if io::stdin().lock().read_line(&mut line).map_err(CliError::Answer)? == 0 {
            return Err(CliError::NoAnswer);
        }
        let end = line.trim_end_matches(['\r', '\n']).len();
        line.truncate(end);
        Ok(line)
    }
}

/// While it exists, a terminal does not show what is typed.
struct Unseen;

impl Unseen {
    fn at_terminal() -> Option<Self> {
        (io::stdin().is_terminal() && stty("-echo")).then(|| Self)
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        stty("echo");
    }
}

/// Has the terminal of standard input set; every Unix has a program for it.
fn stty(setting: &str) -> bool {
    std::process::Command::new("stty").arg(setting).status().is_ok_and(|status| status.success())
}
