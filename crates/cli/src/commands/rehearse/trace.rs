//! What becomes of a recording, for people and for programs.

use std::fmt;

use mqtt_twister_bridge::config::{BridgeConfig, Visibility};
use mqtt_twister_bridge::pack::Pace;
use mqtt_twister_bridge::rehearse::{POSTS_A_DAY, RuleTotal, Timed, TraceRehearsal, rehearse_trace};
use mqtt_twister_bridge::route::PublishedTopics;
use serde::Serialize;

/// What the rules of a bridge make of a recording.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "trace")]
pub(super) struct TraceLine {
    bridge: String,
    messages: usize,
    /// Messages that no publication takes from the broker.
    unheard: usize,
    /// Messages that are taken and that no rule sends.
    unsent: usize,
    seconds: f64,
    rules: Vec<RuleLine>,
    posts: f64,
    post_bytes: usize,
    /// Posts a day at this rate; none if the recording has no length.
    posts_a_day: Option<f64>,
    /// Days in which an account gains so many posts.
    quota_days: f64,
}

/// What one forward makes of it.
#[derive(Debug, Serialize)]
struct RuleLine {
    /// Which forward, from 0, and its filter.
    forward: usize,
    from: String,
    /// Who can read it; nobody named is everybody.
    to: Vec<String>,
    /// Copies of messages, one for each receiver.
    copies: usize,
    superseded: usize,
    expired: usize,
    too_large: usize,
    /// Posts, shared ones in part.
    posts: f64,
    posts_a_day: Option<f64>,
    quota_days: f64,
}

impl TraceLine {
    pub(super) fn new(config: &BridgeConfig, pace: Pace, recording: impl Iterator<Item = Timed>) -> Self {
        let total = rehearse_trace(config, &PublishedTopics::new(), pace, recording);
        let rule = |(forward, rule): (usize, &RuleTotal)| RuleLine::new(config, forward, rule, &total);
        let posts = total.posts();
        Self {
            bridge: config.name.to_string(),
            rules: total.rules.iter().enumerate().map(rule).collect(),
            messages: total.messages,
            unheard: total.unheard,
            unsent: total.unsent,
            seconds: total.seconds,
            posts,
            post_bytes: total.post_bytes,
            posts_a_day: total.posts_a_day(posts),
            quota_days: posts / POSTS_A_DAY,
        }
    }
}

impl RuleLine {
    fn new(config: &BridgeConfig, forward: usize, rule: &RuleTotal, total: &TraceRehearsal) -> Self {
        let config = &config.forwards[forward];
        let to = match config.visibility {
            Visibility::Public => Vec::new(),
            Visibility::Private => config.to.iter().map(|name| name.to_string()).collect(),
        };
        let RuleTotal { copies, superseded, expired, too_large, posts } = *rule;
        Self {
            forward,
            from: config.from.to_string(),
            to,
            copies,
            superseded,
            expired,
            too_large,
            posts,
            posts_a_day: total.posts_a_day(posts),
            quota_days: rule.quota_days(),
        }
    }

    fn name(&self) -> String {
        let to = if self.to.is_empty() { "everybody".to_owned() } else { self.to.join(", ") };
        format!("forwards[{}] ({}) to {to}", self.forward, self.from)
    }

    /// What of its copies did not leave.
    fn lost(&self) -> String {
        let parts = [(self.superseded, "replaced"), (self.expired, "expired"), (self.too_large, "too large")];
        let parts: Vec<String> =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        if parts.is_empty() { String::new() } else { format!("  {}", parts.join(", ")) }
    }
}

impl fmt::Display for TraceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bridge, messages, unheard, unsent, seconds, .. } = self;
        writeln!(f, "{bridge}: {messages} messages in {:.1} hours", seconds / 3600.0)?;
        if *unheard > 0 {
            writeln!(f, "  {unheard} of them are not listened to: no publication takes them from the broker")?;
        }
        if *unsent > 0 {
            writeln!(f, "  {unsent} of them are listened to and not sent: no forward is about them")?;
        }
        let names: Vec<String> = self.rules.iter().map(RuleLine::name).collect();
        let width = names.iter().map(|name| name.chars().count()).chain([5]).max().unwrap_or_default();
        writeln!(
            f,
            "  {:width$}  {:>8}  {:>9}  {:>11}  {:>13}",
            "rule", "messages", "posts", "posts a day", "days of quota"
        )?;
        for (name, rule) in names.iter().zip(&self.rules) {
            let RuleLine { copies, posts, quota_days, .. } = rule;
            let a_day = a_day(rule.posts_a_day);
            let lost = rule.lost();
            writeln!(f, "  {name:width$}  {copies:>8}  {posts:>9.1}  {a_day:>11}  {quota_days:>13.2}{lost}")?;
        }
        let copies: usize = self.rules.iter().map(|rule| rule.copies).sum();
        let (posts, a_day, quota_days) = (self.posts, a_day(self.posts_a_day), self.quota_days);
        write!(f, "  {:width$}  {copies:>8}  {posts:>9.1}  {a_day:>11}  {quota_days:>13.2}", "total")?;
        match self.posts_a_day {
            Some(posts) => {
                let share = posts / POSTS_A_DAY * 100.0;
                write!(f, "\nAn account gains {POSTS_A_DAY:.0} posts a day: this traffic uses {share:.0} % of them")
            }
            None => Ok(()),
        }
    }
}

fn a_day(posts: Option<f64>) -> String {
    posts.map_or_else(|| "-".to_owned(), |posts| format!("{posts:.1}"))
}
