//! How long it takes from the start of the process until the window can be used.
//!
//! The end of a start is known by the page alone: a mark that it makes when the first answers of the app are on the screen. It has the
//! time by the system's clock, so what the driver of the window takes to ask for it does not count.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mqtt_twister_benches::{Effort, Measure, Row, median};

use crate::neighbours::Neighbours;
use crate::rival::{APP_NAME, EMPTY_WINDOW, open_empty_window};
use crate::ui::support::{Window, processes};

/// What the app may take, in milliseconds.
const LIMIT: f64 = 1500.0;

/// The system's clock when the page began, and when it had been painted, in milliseconds since 1970; null before that.
const MOMENTS: &str = "
    const [mark] = performance.getEntriesByName('interactive');
    return mark ? [performance.timeOrigin, performance.timeOrigin + mark.startTime] : null;";

/// How long a start may take until something must be wrong.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ticks a second in which Linux tells programs of processes' times.
const TICKS: f64 = 100.0;

/// A start, in milliseconds after the process began.
struct Start {
    /// When the page began to load.
    page: f64,
    /// When it could be used.
    interactive: f64,
}

/// Starts both programs in turns.
pub async fn measure(effort: Effort) -> Row {
    let (mut app, mut empty) = (Vec::new(), Vec::new());
    println!("start, ms: page of the app  usable  page of the empty window  usable");
    for _ in 0..effort.of(5, 2) {
        let neighbours = Neighbours::start().await;
        let window = neighbours.machine().open().await;
        let own = started(&window, APP_NAME).await;
        window.shows("overview-alice overview-state", "Running").await;
        window.close().await;
        neighbours.stop().await;

        let window = open_empty_window().await;
        let rival = started(&window, EMPTY_WINDOW).await;
        window.close().await;

        println!("{:27.0} {:7.0} {:25.0} {:7.0}", own.page, own.interactive, rival.page, rival.interactive);
        app.push(own.interactive);
        empty.push(rival.interactive);
    }
    let ratio = app.iter().zip(&empty).map(|(app, empty)| app / empty).collect();
    let mut row = Row::new(
        "start (app)",
        "from the start of the process to the second frame after the first answers are in the page, by a mark in the page itself: \
         then they are on the screen and its buttons work. The app has one bridge, which it starts too, and nothing cached in its \
         home; files are in the system's cache. The display is in memory, without a graphics card",
    );
    row.add(Measure::new("app, usable", "ms", app).at_most(LIMIT));
    row.add(Measure::new("empty Tauri window, painted", "ms", empty));
    row.add(Measure::new("app against empty window", "", ratio));
    for measure in &row.measures {
        println!("{}: {:.1} {}", measure.name, median(&measure.samples).unwrap_or_default(), measure.unit);
    }
    row
}

async fn started(window: &Window, name: &str) -> Start {
    let limit = Instant::now() + PATIENCE;
    let moments = loop {
        let moments = window.script(MOMENTS).await;
        if let Some(moments) = moments.as_array() {
            break moments.iter().filter_map(serde_json::Value::as_f64).collect::<Vec<_>>();
        }
        assert!(Instant::now() < limit, "the window of {name} was not painted");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let [process] = &processes(window.home(), name)[..] else { panic!("{name} is not one process") };
    let began = began(process);
    Start { page: moments[0] - began, interactive: moments[1] - began }
}

/// When a process began, in milliseconds since 1970, as exact as Linux knows it: to ten milliseconds.
fn began(process: &Path) -> f64 {
    let stat = fs::read_to_string(process.join("stat")).unwrap();
    // The second field is a name in brackets, with whatever in it.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks: f64 = fields.split_whitespace().nth(19).unwrap().parse().unwrap();
    let uptime = fs::read_to_string("/proc/uptime").unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let uptime: f64 = uptime.split_whitespace().next().unwrap().parse().unwrap();
    now.as_secs_f64() * 1000.0 - (uptime - ticks / TICKS) * 1000.0
}
