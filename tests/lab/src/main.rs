//! `cargo xtask lab`: a real single-node cluster whose registries fail on purpose, and the proof that the printed fixes heal.

mod faults;
mod forward;
mod images;
mod lifecycle;
mod node;
mod paths;
mod programs;

use std::process::ExitCode;

/// Errors of the lab are for a person at a terminal.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const USAGE: &str = "\
usage: lab VERB
  build          build the cluster's programs into the cache
  up             start the lab (builds first when something is missing)
  down           end it; nothing is left but the cache
  status         what runs
  ctl ORDER      change the outside: kinds of hosts, images of the node, its disk and daemons
  kinds          the ways in which a host can fail
  lock           rewrite go.mod and go.sum after a change of versions.yaml";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("lab: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<ExitCode> {
    let (verb, rest) = arguments.split_first().ok_or(USAGE)?;
    match verb.as_str() {
        "up" => {
            if let Some(why) = lifecycle::obstacle() {
                return Ok(skipped(&why));
            }
            lifecycle::up()?;
        }
        "build" => {
            println!("{}", programs::build()?.display());
        }
        "down" => lifecycle::down()?,
        "status" => lifecycle::status()?,
        "lock" => programs::lock()?,
        "ctl" => print!("{}", lifecycle::order(rest)?),
        "kinds" => {
            for kind in faults::Kind::ALL {
                println!("{:22} {}", kind.name(), kind.says());
            }
        }
        // What the lab starts of itself.
        "init" => node::init(rest)?,
        "node" => node::run(rest)?,
        "forward" => forward::run(rest)?,
        _ => return Err(USAGE.into()),
    }
    Ok(ExitCode::SUCCESS)
}

/// Exit code of a run that tested nothing, so that nobody takes it for a good one.
const SKIPPED: u8 = 3;

fn skipped(why: &str) -> ExitCode {
    eprintln!("lab: SKIPPED, NOTHING WAS TESTED: {why}");
    ExitCode::from(SKIPPED)
}
