//! How big the packages are that people download.

use std::fs;

use mqtt_twister_benches::Measure;

use crate::rival::programs;

/// What the app's may have, in MB.
const LIMIT: f64 = 15.0;

/// The sizes of the packages, if they were made.
pub fn measures() -> [Measure; 2] {
    let app = Measure::new("app's .deb", "MB", size_of("mqtt-twister").into_iter().collect()).at_most(LIMIT);
    let cli = Measure::new("CLI's .deb", "MB", size_of("mqtt-twister-cli").into_iter().collect());
    [app, cli]
}

/// The size of the newest package of this name, in MB.
fn size_of(name: &str) -> Option<f64> {
    let folder = programs().join("bundle/deb");
    let packages = fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok);
    let ours = packages.filter(|file| file.file_name().to_string_lossy().starts_with(&format!("{name}_")));
    let newest = ours.filter(|file| file.path().extension().is_some_and(|extension| extension == "deb"));
    let newest = newest.filter_map(|file| file.metadata().ok()).max_by_key(|metadata| metadata.modified().ok());
    if newest.is_none() {
        println!("There is no {name}_*.deb in {}: make bundle makes it.", folder.display());
    }
    Some(newest?.len() as f64 / 1e6)
}
