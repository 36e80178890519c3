//! `estimate`: what a recorded stretch of MQTT traffic would cost in posts. It runs the engine's own packer over the
//! recording's time, so the posts are the real ones; nothing is sent.

use std::fmt;
use std::time::Duration;

use mqtt_twister_bridge::fit::{frame_post_size, frame_room};
use mqtt_twister_bridge::frame::v1::{Notes, Stream};
use mqtt_twister_bridge::pack::{DropReason, Pace, Packed, Packer, Terms};
use mqtt_twister_bridge::rehearse::POSTS_A_DAY;
use mqtt_twister_bridge::route::Receiver;
use serde::Serialize;
use twister::limits::PostNumbers;

use super::trace::{self, Line};
use crate::args::EstimateArgs;
use crate::error::CliError;
use crate::output::Output;

/// When an estimate's recording begins, in Unix seconds.
const START_S: u64 = 1_700_000_000;
/// The account that posts, unless one is given: as long as names can be.
pub(crate) const LONGEST_ACCOUNT: &str = "account_16_chars";

/// One post.
#[derive(Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename = "post")]
struct PostLine {
    /// Which one, from 1.
    post: u64,
    /// When it leaves, in seconds from the recording's zero.
    t: f64,
    /// Messages and pieces of messages in it.
    messages: usize,
    /// Its size in bytes, as the network limits it.
    bytes: usize,
}

/// All of it.
#[derive(Debug, Default, PartialEq, Serialize)]
#[serde(tag = "type", rename = "estimate")]
struct Estimate {
    /// Messages in the recording.
    messages: usize,
    /// Bytes of their topics and payloads.
    message_bytes: usize,
    /// Messages that were replaced by newer values of their topics.
    superseded: usize,
    /// Messages that no posts can carry.
    too_large: usize,
    /// Posts that carry the others.
    posts: u64,
    /// Bytes of these posts.
    post_bytes: usize,
    /// Messages a post, on average; those that were replaced count as carried.
    messages_a_post: f64,
    /// From the first message to the last, in seconds.
    seconds: f64,
    /// Days in which an account gains so many posts.
    quota_days: f64,
}

pub(crate) fn run(args: &EstimateArgs, output: &Output) -> Result<(), CliError> {
    let lines = trace::load(&args.trace)?;
    let post = |line: PostLine| {
        if args.per_post {
            output.line(&line);
        }
    };
    output.line(&estimate(args, lines, post));
    Ok(())
}

/// Runs the packer over the recording's time and hands each post to `tell`.
fn estimate(args: &EstimateArgs, lines: Vec<Line>, mut tell: impl FnMut(PostLine)) -> Estimate {
    let private = args.private.clone().filter(|_| !args.public);
    let receiver = private.map_or(Receiver::Everybody, Receiver::Account);
    let room = frame_room(&args.account, &receiver, PostNumbers::WIDEST);
    let mut packer = Packer::new(Stream::from_number(START_S), 1, room);
    packer.set_pace(if args.scarce { Pace::Scarce } else { Pace::Plenty });
    let max_wait = Duration::from_millis(args.max_wait_ms);
    let terms = Terms { max_wait, latest_only: args.latest_only, expires_at: None };
    let seconds = match (lines.first(), lines.last()) {
        (Some(first), Some(last)) => (last.at - first.at).as_secs_f64(),
        _ => 0.0,
    };
    let mut sum = Estimate { messages: lines.len(), seconds, ..Estimate::default() };
    let mut lines = lines.into_iter().peekable();
    let mut number = 0;
    loop {
        let due = packer.poll_timeout();
        let now = match (lines.peek(), due) {
            (Some(line), due) if due.is_none_or(|due| line.at < due) => line.at,
            (_, Some(due)) => due,
            (_, None) => break,
        };
        if let Some(line) = lines.next_if(|line| line.at <= now) {
            number += 1;
            sum.message_bytes += line.bytes();
            packer.handle_message(line.into_entry(number, START_S), terms, now);
        }
        while let Some(packed) = packer.poll_frame(now, START_S + now.as_secs(), &Notes::default()) {
            tell(sum.add(&packed, now, frame_post_size(&args.account, &receiver, &packed.text, PostNumbers::WIDEST)));
        }
        for dropped in packer.poll_dropped() {
            match dropped.reason {
                DropReason::Superseded => sum.superseded += 1,
                DropReason::TooLarge => sum.too_large += 1,
                // Nothing in a recording expires.
                DropReason::Expired => {}
            }
        }
    }
    sum.finish();
    sum
}

impl Estimate {
    fn add(&mut self, packed: &Packed, now: Duration, bytes: usize) -> PostLine {
        self.posts += 1;
        self.post_bytes += bytes;
        PostLine { post: self.posts, t: now.as_secs_f64(), messages: packed.messages.len(), bytes }
    }

    fn finish(&mut self) {
        let posts = self.posts as f64;
        self.messages_a_post = if self.posts == 0 { 0.0 } else { (self.messages - self.too_large) as f64 / posts };
        self.quota_days = posts / POSTS_A_DAY;
    }
}

impl fmt::Display for PostLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { post, t, messages, bytes } = self;
        write!(f, "post {post:>5}  at {t:>10.3} s  {messages:>4} messages  {bytes:>4} bytes")
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { messages, message_bytes, superseded, too_large, posts, post_bytes, .. } = self;
        writeln!(f, "{messages} messages of {message_bytes} bytes in {:.1} hours", self.seconds / 3600.0)?;
        if *superseded > 0 {
            writeln!(f, "{superseded} of them are replaced by newer values before they leave")?;
        }
        if *too_large > 0 {
            writeln!(f, "{too_large} of them are too large to be carried")?;
        }
        writeln!(f, "{posts} posts of {post_bytes} bytes: {:.1} messages a post", self.messages_a_post)?;
        write!(f, "An account gains as many posts in {:.2} days", self.quota_days)?;
        if self.seconds > 0.0 {
            let share = self.quota_days * 86_400.0 / self.seconds;
            write!(f, ": this traffic uses {:.0} % of what it gains meanwhile", share * 100.0)?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::{Args, Command};

    fn estimated(options: &[&str], text: &str) -> (Estimate, Vec<PostLine>) {
        let words = ["mqtt-twister-cli", "estimate", "trace"].iter().chain(options);
        let Command::Estimate(args) = Args::try_parse_from(words).unwrap().command else { unreachable!() };
        let mut posts = Vec::new();
        let sum = estimate(&args, trace::read(text).unwrap(), |line| posts.push(line));
        (sum, posts)
    }

    fn lines(times: &[f64]) -> String {
        let line = |t| format!("{{\"t\":{t},\"topic\":\"a\",\"payload\":\"21.5\",\"qos\":0,\"retain\":false}}\n");
        times.iter().map(line).collect()
    }

    #[test]
    fn messages_far_apart_have_a_post_each_and_close_ones_share() {
        let (sum, posts) = estimated(&[], &lines(&[0.0, 0.1, 0.2, 60.0]));
        let shape: Vec<(f64, usize)> = posts.iter().map(|post| (post.t, post.messages)).collect();
        assert_eq!(shape, [(0.0, 1), (0.35, 2), (60.0, 1)]);
        assert_eq!((sum.messages, sum.posts, sum.message_bytes), (4, 3, 20));
        assert!(posts.iter().all(|post| post.bytes < 500));
    }

    #[test]
    fn a_longer_wait_needs_fewer_posts() {
        let (sum, _) = estimated(&["--scarce", "--max-wait-ms", "60000"], &lines(&[0.0, 0.1, 0.2, 59.0]));
        assert_eq!((sum.posts, sum.messages_a_post), (1, 4.0));
        let (latest, _) = estimated(&["--latest-only", "--scarce"], &lines(&[0.0, 0.1, 0.2]));
        assert_eq!((latest.posts, latest.superseded), (1, 2));
    }

    #[test]
    fn a_day_of_quota_is_288_posts() {
        let times: Vec<f64> = (0..288).map(f64::from).collect();
        let (sum, _) = estimated(&["--private", "bob"], &lines(&times));
        assert_eq!((sum.posts, sum.quota_days), (288, 1.0));
    }

    #[test]
    fn an_empty_recording_costs_nothing() {
        let (sum, posts) = estimated(&[], "");
        assert_eq!((sum, posts), (Estimate::default(), vec![]));
    }
}
