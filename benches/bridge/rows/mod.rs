//! What is measured, a file each.

mod backlog;
mod density;
mod growth;
mod latency;
mod quiet;
mod rivals;
mod start;
mod throughput;

use std::pin::Pin;

use mqtt_twister_benches::{Effort, Row};

/// Measures a row or more.
pub type Measuring = fn(Effort) -> Pin<Box<dyn Future<Output = Vec<Row>>>>;

/// All rows by their names, in the order in which they are measured.
pub const ALL: [(&str, Measuring); 8] = [
    ("latency", |effort| Box::pin(latency::measure(effort))),
    ("throughput", |effort| Box::pin(throughput::measure(effort))),
    ("density", |effort| Box::pin(density::measure(effort))),
    ("rivals", |effort| Box::pin(rivals::measure(effort))),
    ("backlog", |effort| Box::pin(backlog::measure(effort))),
    ("quiet", |effort| Box::pin(quiet::measure(effort))),
    ("growth", |effort| Box::pin(growth::measure(effort))),
    ("start", |effort| Box::pin(start::measure(effort))),
];
