//! What the app takes of memory after ten minutes of a busy bridge, and of disk.

use std::time::Duration;

use mqtt_twister_benches::{Effort, Measure, Row};
use tokio::time::Instant;

use crate::memory::Memory;
use crate::neighbours::Neighbours;
use crate::packages;
use crate::rival::{APP_NAME, EMPTY_WINDOW, open_empty_window};
use crate::ui::support::{Window, processes};

const MESSAGES_A_SECOND: u32 = 100;

/// What the app may take for what an empty window takes.
const LIMIT: f64 = 1.5;

/// Looks at the end that count.
const LOOKS: usize = 5;

/// Part of all messages that must have come to the other side at the end, when the last ones are under way.
const ARRIVED: f64 = 0.95;

/// Runs both programs beside each other, and looks at them while messages cross.
pub async fn measure(effort: Effort) -> Row {
    let (during, pause) = effort.of((600, 10), (20, 2));
    let (during, pause) = (Duration::from_secs(during), Duration::from_secs(pause));
    let neighbours = Neighbours::start().await;
    let empty = open_empty_window().await;
    let app = neighbours.machine().open().await;
    app.shows("overview-alice overview-state", "Running").await;

    println!("second  arrived  app MiB: all  program  page  network   empty window MiB: all  program  page  network");
    let began = Instant::now();
    let mut looks = tokio::time::interval(pause);
    let publishing = neighbours.publish(MESSAGES_A_SECOND, during);
    let looking = async {
        let mut seen = Vec::new();
        while began.elapsed() < during {
            looks.tick().await;
            let look = (memory(&app, APP_NAME), memory(&empty, EMPTY_WINDOW));
            println!(
                "{:6}  {:7} {} {}",
                began.elapsed().as_secs(),
                neighbours.arrived(),
                columns(&look.0, APP_NAME),
                columns(&look.1, EMPTY_WINDOW)
            );
            seen.push(look);
        }
        seen
    };
    let (sent, seen) = tokio::join!(publishing, looking);
    let arrived = neighbours.arrived();
    println!("{sent} messages were published, {arrived} have come to the other side.");
    assert!(arrived as f64 >= ARRIVED * sent as f64, "of {sent} messages only {arrived} have arrived");
    app.close().await;
    empty.close().await;
    neighbours.stop().await;

    let mut row = Row::new(
        "weight",
        "the packages as people download them; memory of the app's process and those of its page (PSS) with the overview open, at \
         the end of ten minutes in which one bridge sends 100 messages a second, 120 bytes of JSON on 200 topics; the empty window \
         stands beside it for as long",
    );
    packages::measures().into_iter().for_each(|measure| row.add(measure));
    let last = &seen[seen.len().saturating_sub(LOOKS)..];
    let of = |value: fn(&(Memory, Memory)) -> f64| last.iter().map(value).collect::<Vec<_>>();
    row.add(Measure::new("app's memory", "MiB", of(|(app, _)| app.total())));
    row.add(Measure::new("empty window's memory", "MiB", of(|(_, empty)| empty.total())));
    row.add(
        Measure::new("app against empty window", "", of(|(app, empty)| app.total() / empty.total())).at_most(LIMIT),
    );
    for measure in &row.measures {
        println!("{}: {:.1?} {}", measure.name, measure.samples, measure.unit);
    }
    row
}

fn memory(window: &Window, name: &str) -> Memory {
    let [process] = &processes(window.home(), name)[..] else { panic!("{name} is not one process") };
    Memory::of(process)
}

fn columns(memory: &Memory, name: &str) -> String {
    let part = |name| memory.of_named(name);
    format!("{:13.1} {:8.1} {:5.1} {:8.1}", memory.total(), part(name), part("WebKitWeb"), part("WebKitNetwork"))
}
