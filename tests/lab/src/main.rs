//! `cargo xtask lab`: a real single-node cluster whose registries fail on purpose, and the proof that the printed fixes heal.

mod api;
mod faults;
mod forward;
mod images;
mod lifecycle;
mod node;
mod paths;
mod programs;
mod record;
mod run;
mod scenario;

use std::process::ExitCode;

/// Errors of the lab are for a person at a terminal.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const USAGE: &str = "\
usage: lab VERB
  build [krew]   build the cluster's programs into the cache, or krew and its validator
  up             start the lab (builds first when something is missing)
  down           end it; nothing is left but the cache
  status         what runs
  test [--core] [--observe] [--jobs N] [NAME...]
                 try scenarios: break, ask why, run what was printed, see it run; a lab that was not up is ended afterwards
  record [NAME...]
                 write what is to be seen of each scenario to tests/recordings, and say which messages changed
  list           the scenarios
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
            let folder = match rest {
                [] => programs::build()?,
                [name] if name == "krew" => programs::build_krew()?,
                _ => return Err(USAGE.into()),
            };
            println!("{}", folder.display());
        }
        "test" => return test(rest, false),
        "record" => return test(rest, true),
        "list" => {
            for scenario in scenario::all()? {
                println!("{:42} {}{}", scenario.name, scenario.why, if scenario.core { " (core)" } else { "" });
            }
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
        "runc" => node::runc(rest)?,
        "forward" => forward::run(rest)?,
        _ => return Err(USAGE.into()),
    }
    Ok(ExitCode::SUCCESS)
}

/// Tries scenarios against the lab, which is started when it does not run, or against `IMAGEPULL_TEST_KUBECONFIG`.
fn test(arguments: &[String], recording: bool) -> Result<ExitCode> {
    let mut core = false;
    let mut observe = recording;
    let mut jobs = 6;
    let mut names = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--core" => core = true,
            // Looks at the failures themselves, without the plugin.
            "--observe" => observe = true,
            "--jobs" => jobs = rest.next().ok_or("--jobs wants a number")?.parse()?,
            name => names.push(name.to_owned()),
        }
    }
    let all = scenario::all()?;
    if let Some(unknown) = names.iter().find(|name| all.iter().all(|scenario| scenario.name != **name)) {
        return Err(format!("no such scenario: {unknown}").into());
    }
    let mut chosen = all;
    chosen.retain(|scenario| (!core || scenario.core) && (names.is_empty() || names.contains(&scenario.name)));

    let elsewhere = std::env::var_os("IMAGEPULL_TEST_KUBECONFIG").is_some();
    let mut ours = false;
    let _alone;
    if !elsewhere {
        if let Some(why) = lifecycle::obstacle() {
            return Ok(skipped(&why));
        }
        _alone = alone()?;
        ours = !lifecycle::is_up();
        lifecycle::up()?;
    }
    let done = try_chosen(chosen, jobs, observe, recording);
    // Whoever starts it ends it; what is left then is a failure, too.
    if ours {
        lifecycle::down()?;
        println!("the lab is down, and nothing of it is left");
    }
    done
}

/// Two runs on one lab, from two checkouts perhaps, would take the hosts and namespaces from each other. Held until it is dropped.
fn alone() -> Result<std::fs::File> {
    let folder = paths::cache().join("lab");
    std::fs::create_dir_all(&folder)?;
    let file = std::fs::File::create(folder.join("lock"))?;
    if file.try_lock().is_err() {
        eprintln!("lab: another run is under way; waiting for its end");
        file.lock()?;
    }
    Ok(file)
}

fn try_chosen(mut chosen: Vec<scenario::Scenario>, jobs: usize, observe: bool, recording: bool) -> Result<ExitCode> {
    let begin = std::time::Instant::now();
    let bench = run::Bench::new(observe)?;
    let skipped: Vec<_> =
        if bench.is_lab { Vec::new() } else { chosen.extract_if(.., |scenario| !scenario.anywhere).collect() };
    let outcomes = if recording {
        let outcomes = run::try_all(&bench, &chosen, jobs, &record::record);
        record::write_versions(&bench)?;
        outcomes
    } else {
        run::try_all(&bench, &chosen, jobs, &|_, _| Ok(()))
    };
    for scenario in &skipped {
        eprintln!(
            "SKIPPED {}: needs the registries and node of the lab. To run it: unset IMAGEPULL_TEST_KUBECONFIG",
            scenario.name
        );
    }
    std::fs::create_dir_all(paths::cache().join("lab"))?;
    std::fs::write(paths::cache().join("lab/results.json"), serde_json::to_string_pretty(&outcomes)?)?;
    let failed = outcomes.iter().filter(|outcome| !outcome.defects.is_empty()).count();
    println!("the lab took {:.0} s", begin.elapsed().as_secs_f32());
    println!("{} passed, {failed} failed, {} skipped", outcomes.len() - failed, skipped.len());
    for outcome in outcomes.iter().filter(|outcome| !outcome.defects.is_empty()) {
        println!(
            "  FAILED {}: {}",
            outcome.name,
            outcome.defects.first().and_then(|why| why.lines().next()).unwrap_or_default()
        );
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Exit code of a run that tested nothing, so that nobody takes it for a good one.
const SKIPPED: u8 = 3;

fn skipped(why: &str) -> ExitCode {
    eprintln!("lab: SKIPPED, NOTHING WAS TESTED: {why}");
    ExitCode::from(SKIPPED)
}
