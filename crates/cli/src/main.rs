//! `mqtt-twister-cli`: the bridge without a window, for servers, small computers and the curious.
//!
//! It reads arguments, starts what the other crates offer, and puts into words or JSON what they tell. How messages
//! travel is deliberately not in it: that is `mqtt-twister-bridge`.

mod args;
mod bridges;
mod commands;
mod config;
mod data_dir;
mod edit;
mod error;
mod message_line;
mod metrics;
mod news;
mod output;
mod reach;
mod secrets;
mod shutdown;

use std::io;
use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use crate::args::{Args, Command, LogFilter, LogFormat};
use crate::error::CliError;
use crate::output::Output;

/// Threads for the database and for making frames. Each keeps the memory that its largest work took, and a Raspberry Pi has
/// little.
const BLOCKING_THREADS: usize = 4;

fn main() -> ExitCode {
    let args = Args::parse();
    let output = Output::new(args.json, args.log_format == LogFormat::Json);
    log(args.log.clone(), args.log_format);
    match start(args, &output) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            output.failure(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

/// Has what happens inside written to standard error.
fn log(filter: Option<LogFilter>, format: LogFormat) {
    let filter = filter.map_or_else(EnvFilter::from_default_env, LogFilter::into_filter);
    match format {
        LogFormat::Text => tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init(),
        LogFormat::Json => {
            // What a person would be told is told whatever the filter says.
            let filter = output::always_logged().into_iter().fold(filter, EnvFilter::add_directive);
            tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).with_writer(io::stderr).init();
        }
    }
}

/// Returns the exit code.
fn start(args: Args, output: &Output) -> Result<u8, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
        .map_err(CliError::Runtime)?;
    runtime.block_on(async {
        match args.command {
            Command::Doctor(args) => return commands::doctor::run(args, output).await,
            Command::Init(args) => commands::init::run(args, output).await,
            Command::Run(args) => commands::run::run(args, output).await,
            Command::Account(args) => commands::account::run(args, output).await,
            Command::Follow(args) => commands::follow::run(args, output).await,
            Command::Subscribe(args) => commands::subscribe::run(args, output).await,
            Command::Tail(args) => commands::tail::run(args, output).await,
            Command::Sandbox(args) => commands::sandbox::run(args, output).await,
            Command::Demo(args) => commands::demo::run(args, output).await,
            Command::Check(args) => commands::check::run(&args, output),
            Command::Estimate(args) => commands::estimate::run(&args, output),
            Command::Rehearse(args) => commands::rehearse::run(&args, output),
            Command::Status(args) => commands::status::run(args, output).await,
            Command::Queue(args) => commands::queue::run(args, output).await,
        }
        .map(|()| 0)
    })
}
