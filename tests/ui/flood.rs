//! The benchmark of the window under a flood: 2,000 messages a second at a broker of "Try it", every one of them wanted by a
//! rule, while the page of all messages is open. It prints how long the page's main thread was busy at a stretch, and the
//! memory of the page and of the app; `make bench-window` runs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::{AsyncClient, MqttOptions};
use serde_json::Value;

use crate::support::{Window, processes};

/// Set it to a number of seconds for a shorter or a longer one.
const SECONDS_VARIABLE: &str = "FLOOD_SECONDS";

const MESSAGES_A_SECOND: u32 = 2000;

/// Messages are published in bursts, this far apart.
const BEAT: Duration = Duration::from_millis(10);

const TOPICS: u32 = 200;

/// Counts for how long the main thread does not get back to a timer that is always due: a task is never longer than that.
const WATCH: &str = "
    window.__gaps = [];
    let last = performance.now();
    const tick = () => {
        const now = performance.now();
        window.__gaps.push(now - last);
        last = now;
        setTimeout(tick, 1);
    };
    setTimeout(tick, 1);";

/// The gaps since the last look, and how much the page shows.
const LOOK: &str = "
    const gaps = window.__gaps;
    window.__gaps = [];
    const count = document.querySelector('[data-testid=\"message-count\"]');
    return { gaps, shown: count ? count.innerText : '' };";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark: make bench-window"]
async fn flood_of_two_thousand_messages_a_second() {
    let seconds = std::env::var(SECONDS_VARIABLE).ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let window = Window::open().await;
    window.press("try-it").await;
    window.find("sandbox-banner").await;
    window.shows("side-alice bridge-state", "Running").await;
    window.shows("side-bob bridge-state", "Running").await;
    window.go("#/messages").await;
    window.find("timeline").await;
    window.script(WATCH).await;
    let port = broker_port(&window).await;

    let mut before = share(window.home());
    tokio::time::sleep(Duration::from_secs(5)).await;
    println!("Without a flood, with all else that runs on this machine:");
    report(&window, Duration::ZERO, &mut before).await;
    println!(
        "second  shown in the page        busy at a stretch, ms: median    p95    p99    max   page MB   app MB  page's main thread: ran, waited for a core, %"
    );
    let mut all = Vec::new();
    let flood = tokio::spawn(flood(port, seconds));
    let began = Instant::now();
    while !flood.is_finished() {
        tokio::time::sleep(Duration::from_secs(5)).await;
        all.extend(report(&window, began.elapsed(), &mut before).await);
    }
    let sent = flood.await.unwrap();
    let counters = window.script("return window.__TAURI_INTERNALS__.invoke('overview')").await;
    let counters = |bridge: usize| counters["tryout"]["bridges"][bridge]["state"]["counters"].clone();
    println!("{sent} messages were published in {seconds} s.");
    println!("alice: {}", counters(0));
    println!("bob:   {}", counters(1));
    println!("history: {}", window.script("return window.__TAURI_INTERNALS__.invoke('message_history')").await);
    let long = all.iter().filter(|gap| **gap > 50.0).count();
    println!(
        "over all: {} stretches, median {:.1} ms, p99 {:.1} ms, max {:.1} ms; {long} over 50 ms ({:.3} %)",
        all.len(),
        percentile(&mut all, 0.5),
        percentile(&mut all, 0.99),
        percentile(&mut all, 1.0),
        100.0 * long as f64 / all.len() as f64,
    );
    window.close().await;
}

/// Publishes for so many seconds. Returns how many messages.
async fn flood(port: u16, seconds: u64) -> u32 {
    let (client, mut events) = AsyncClient::new(MqttOptions::new("flood", "127.0.0.1", port), 1000);
    let driver = tokio::spawn(async move { while events.poll().await.is_ok() {} });
    let mut beats = tokio::time::interval(BEAT);
    let a_beat = MESSAGES_A_SECOND * u32::try_from(BEAT.as_millis()).unwrap() / 1000;
    let (began, mut sent) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(seconds) {
        beats.tick().await;
        for _ in 0..a_beat {
            let topic = format!("doors/house/{}", sent % TOPICS);
            let payload = format!("{{\"number\":{sent},\"open\":{},\"battery\":{}}}", sent % 2 == 0, 50 + sent % 50);
            client.publish(topic, QoS::AtMostOnce, false, payload).await.unwrap();
            sent += 1;
        }
    }
    client.disconnect().await.unwrap();
    driver.await.unwrap();
    sent
}

/// Prints what was measured since the last time.
async fn report(window: &Window, at: Duration, before: &mut Share) -> Vec<f64> {
    let look = window.script(LOOK).await;
    let mut gaps: Vec<f64> = look["gaps"].as_array().unwrap().iter().filter_map(Value::as_f64).collect();
    let now = share(window.home());
    let percent = |part: u64| 100.0 * part as f64 / (now.at - before.at).as_millis().max(1) as f64;
    let (ran, waited) = (percent(now.ran - before.ran), percent(now.waited - before.waited));
    *before = now;
    println!(
        "{:>6}  {:<46} {:>7.1} {:>6.1} {:>6.1} {:>6.1} {:>9} {:>8} {ran:>6.1} {waited:>6.1}",
        at.as_secs(),
        look["shown"].as_str().unwrap_or_default(),
        percentile(&mut gaps, 0.5),
        percentile(&mut gaps, 0.95),
        percentile(&mut gaps, 0.99),
        percentile(&mut gaps, 1.0),
        memory_mb(window.home(), "WebKitWebProces"),
        memory_mb(window.home(), "mqtt-twister"),
    );
    gaps
}

fn percentile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let index = ((values.len() as f64 * part).ceil() as usize).clamp(1, values.len().max(1)) - 1;
    values.get(index).copied().unwrap_or_default()
}

/// What the page's main thread has had of a core so far, and how long it was ready to run and had none, in milliseconds.
struct Share {
    at: Instant,
    ran: u64,
    waited: u64,
}

fn share(home: &Path) -> Share {
    let used = |process: &PathBuf| {
        let id = process.file_name()?.to_str()?;
        let stat = fs::read_to_string(process.join("task").join(id).join("schedstat")).ok()?;
        let mut nanoseconds = stat.split_whitespace().map(|field| field.parse::<u64>().unwrap_or(0) / 1_000_000);
        Some((nanoseconds.next()?, nanoseconds.next()?))
    };
    let shares = processes(home, "WebKitWebProces").iter().filter_map(used).collect::<Vec<_>>();
    let sum = |part: fn(&(u64, u64)) -> u64| shares.iter().map(part).sum();
    Share { at: Instant::now(), ran: sum(|share| share.0), waited: sum(|share| share.1) }
}

/// The memory in use by the process of this name that was started in `home`.
fn memory_mb(home: &Path, name: &str) -> u64 {
    let resident = processes(home, name).into_iter().filter_map(|process| {
        let status = fs::read_to_string(process.join("status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    });
    resident.sum::<u64>() / 1024
}

/// Where alice's broker listens.
async fn broker_port(window: &Window) -> u16 {
    let overview = window.script("return window.__TAURI_INTERNALS__.invoke('overview')").await;
    let url = overview["tryout"]["bridges"][0]["config"]["broker"]["url"].as_str().unwrap().to_owned();
    url.rsplit(':').next().unwrap().trim_end_matches('/').parse().unwrap()
}
