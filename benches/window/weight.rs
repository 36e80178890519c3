//! What the app takes of memory after ten minutes of a busy bridge, and of disk.

use std::time::Duration;

use mqtt_twister_benches::{Effort, Measure, Row};
use tokio::time::Instant;

use crate::memory::Memory;
use crate::neighbours::Neighbours;
use crate::packages;
use crate::rival::{APP_NAME, EMPTY_WINDOW, open_empty_window, open_empty_window_drawn_alike};
use crate::ui::support::{Window, processes};

const MESSAGES_A_SECOND: u32 = 100;

/// What the app may take for what an empty window takes.
const LIMIT: f64 = 1.5;

/// Looks at a program that has the machine to itself: those count.
const LOOKS: usize = 5;

/// Part of all messages that must have come to the other side at the end, when the last ones are under way.
const ARRIVED: f64 = 0.95;

/// Looks at empty windows alone, then at the app and one of them while messages cross, then at the app alone while they go on.
///
/// What two programs share, as WebKit's libraries, each of them has half of the cost of. Hence the figures are of a time in which
/// the other one is not there. The looks at both show that the empty window stays as it is, and whether the app grows.
pub async fn measure(effort: Effort) -> Row {
    let (during, pause) = effort.of((600, 5), (10, 1));
    let (during, pause) = (Duration::from_secs(during), Duration::from_secs(pause));
    let neighbours = Neighbours::start().await;
    println!("second  arrived  MiB: all  program  page  network");

    let began = Instant::now();
    let look = |window: &Window, name: &str| look(window, name, began, &neighbours);
    let look_at_empty = async |window: &Window| {
        tokio::time::sleep(pause).await;
        let mut looks = tokio::time::interval(pause);
        let mut memory = Vec::new();
        for _ in 0..LOOKS {
            looks.tick().await;
            memory.push(look(window, EMPTY_WINDOW));
        }
        memory
    };
    let drawn_alike = open_empty_window_drawn_alike().await;
    let drawn_alike_alone = look_at_empty(&drawn_alike).await;
    drawn_alike.close().await;
    let empty = open_empty_window().await;
    let empty_alone = look_at_empty(&empty).await;

    let app = neighbours.machine().open().await;
    app.shows("overview-alice overview-state", "Running").await;
    let flowing = Instant::now();
    let looking = async {
        let mut looks = tokio::time::interval(pause);
        while flowing.elapsed() < during {
            looks.tick().await;
            look(&app, APP_NAME);
            look(&empty, EMPTY_WINDOW);
        }
        empty.close().await;
        let mut app_alone = Vec::new();
        for _ in 0..LOOKS {
            looks.tick().await;
            app_alone.push(look(&app, APP_NAME));
        }
        app_alone
    };
    let whole = during + pause * u32::try_from(LOOKS).unwrap();
    let (sent, app_alone) = tokio::join!(neighbours.publish(MESSAGES_A_SECOND, whole), looking);
    let arrived = neighbours.arrived();
    println!("{sent} messages were published, {arrived} have come to the other side.");
    assert!(arrived as f64 >= ARRIVED * sent as f64, "of {sent} messages only {arrived} have arrived");
    app.close().await;
    neighbours.stop().await;

    let mut row = Row::new(
        "weight",
        &format!(
            "the packages as people download them; memory of the app's process and those of its page (PSS) with the overview open, \
             after {} seconds in which one bridge sends {MESSAGES_A_SECOND} messages a second, 120 bytes of JSON on 200 topics. Each \
             program is looked at while the other one does not run: what both share would count half. The app draws its page without \
             the graphics processor, which Tauri's empty window does not; hence that is looked at both ways",
            during.as_secs()
        ),
    );
    packages::measures().into_iter().for_each(|measure| row.add(measure));
    let against = |empty: &[f64]| app_alone.iter().zip(empty).map(|(app, empty)| app / empty).collect();
    let (ratio, ratio_drawn_alike) = (against(&empty_alone), against(&drawn_alike_alone));
    row.add(Measure::new("app's memory", "MiB", app_alone));
    row.add(Measure::new("empty window's memory", "MiB", empty_alone));
    row.add(Measure::new("app against empty window", "", ratio).at_most(LIMIT));
    row.add(Measure::new("memory of an empty window drawn as the app is", "MiB", drawn_alike_alone));
    row.add(Measure::new("app against an empty window drawn as the app is", "", ratio_drawn_alike));
    for measure in &row.measures {
        println!("{}: {:.1?} {}", measure.name, measure.samples, measure.unit);
    }
    row
}

/// Prints what a window's processes take now, and returns the sum, in MiB.
fn look(window: &Window, name: &str, began: Instant, neighbours: &Neighbours) -> f64 {
    let [process] = &processes(window.home(), name)[..] else { panic!("{name} is not one process") };
    let memory = Memory::of(process);
    let part = |name| memory.of_named(name);
    println!(
        "{:6}  {:7} {:9.1} {:8.1} {:5.1} {:8.1}  {name}",
        began.elapsed().as_secs(),
        neighbours.arrived(),
        memory.total(),
        part(name),
        part("WebKitWeb"),
        part("WebKitNetwork"),
    );
    memory.total()
}
