//! `kubectl imagepull`: the porch in front of the classifier. Fetches text, hands it over, prints the answer, sets the exit code.
//! Holds no text about causes and never looks inside a message.

mod answer;
mod args;
mod cluster;
mod completion;
mod document;
mod elements;
mod failure;
mod gather;
mod objects;
mod pages;
mod progress;
mod scan;
mod source;
mod target;

use args::{Cli, Collect, Color, Reading, Secrets, Verb, Why};
use clap::{CommandFactory, FromArgMatches};
use failure::Failure;
use imagepull_classifier::{Options, diagnose, diagnose_all, redact};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

/// musl's own halves the speed of large lists.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    if let Some(words) = asked_by_a_shell() {
        return completion::complete(&words);
    }
    let cli = match parse() {
        Ok(cli) => cli,
        // `exit` of clap panics nowhere, but its printing must not turn `--help | head` into an error.
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match cli.color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    let done = match cli.command {
        Verb::Why(why) => self::why(why),
        Verb::Explain(explain) => pages::explain(&explain),
        Verb::Causes(causes) => pages::causes(&causes),
        Verb::Collect(collect) => self::collect(collect),
        Verb::Completion(completion) => completion::completion(&completion),
    };
    done.unwrap_or_else(|failure| {
        eprintln!("{failure}");
        ExitCode::from(1)
    })
}

/// The words to complete, where a shell asks: by the hidden verb, or by the name that kubectl looks for. They are no command line
/// that clap could read: flags among them mean nothing yet.
fn asked_by_a_shell() -> Option<Vec<String>> {
    let mut words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    let called = words.next().unwrap_or_default();
    let named = Path::new(&called).file_stem().is_some_and(|stem| stem == completion::COMPLETER);
    (named || words.next().is_some_and(|verb| verb == completion::VERB)).then(|| words.collect())
}

/// Reads the command line; called as a plugin, help says `kubectl imagepull`.
fn parse() -> Result<Cli, clap::Error> {
    let called = std::env::args_os().next().unwrap_or_default();
    let called = Path::new(&called).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name =
        if called.starts_with("kubectl-") || called.is_empty() { "kubectl imagepull" } else { "kubectl-imagepull" };
    let mut command = Cli::command().bin_name(name);
    let cli = Cli::from_arg_matches(&command.clone().try_get_matches()?)?;
    let usage = |command: &mut clap::Command, verb: &str, words: &str| {
        let verb = command.find_subcommand_mut(verb).expect("a command of ours");
        Err(verb
            .clone()
            .bin_name(format!("{name} {}", verb.get_name()))
            .error(clap::error::ErrorKind::ArgumentConflict, words))
    };
    if let Verb::Why(why) = &cli.command {
        let dash = why.selection.targets.iter().any(|target| target == "-");
        if dash && why.selection.targets.len() > 1 {
            return usage(&mut command, "why", "`-` is standard input and stands alone; use `-f` for several texts");
        }
        if !why.filename.is_empty() || dash {
            let selection = &why.selection;
            if (!selection.targets.is_empty() && !dash)
                || selection.all_namespaces
                || selection.selector.is_some()
                || selection.field_selector.is_some()
                || selection.container.is_some()
            {
                return usage(
                    &mut command,
                    "why",
                    "pods are chosen in a cluster, or text is explained: not both at once",
                );
            }
        }
    }
    if let Verb::Collect(collect) = &cli.command
        && collect.selection.targets.iter().any(|target| target == "-")
    {
        return usage(&mut command, "collect", "`collect` asks a cluster; text needs no collecting");
    }
    Ok(cli)
}

fn why(why: Why) -> Result<ExitCode, Failure> {
    let mut paths = why.filename.clone();
    if why.selection.targets.iter().any(|target| target == "-") {
        paths.push(PathBuf::from("-"));
    }
    let options = Options { now: Some(now()) };
    if paths.is_empty() {
        let document = fetch(&why.selection, &why.reading, why.connection)?;
        let report = diagnose(&document, &options);
        return Ok(answer::print(&report, &[&document], why.output, why.exit_code));
    }
    let inputs = source::read(&paths)?;
    for remark in inputs.iter().filter_map(|input| input.remark.as_ref()) {
        eprintln!("{}", failure::plain(remark));
    }
    let texts: Vec<&str> = inputs.iter().map(|input| input.text.as_str()).collect();
    let report = diagnose_all(&texts, &options);
    Ok(answer::print(&report, &texts, why.output, why.exit_code))
}

fn collect(collect: Collect) -> Result<ExitCode, Failure> {
    let document = fetch(&collect.selection, &collect.reading, collect.connection)?;
    let document = if collect.mask_names { redact::mask_names(&document) } else { document };
    Ok(answer::write(&document))
}

/// Asks the cluster; the document is the classifier's input.
fn fetch(selection: &args::Selection, reading: &Reading, connection: args::Connection) -> Result<String, Failure> {
    let chosen = target::Chosen::read(selection)?;
    let secrets = if matches!(chosen.what, target::What::Named(_)) { reading.secrets } else { Secrets::None };
    cluster::run(connection, reading.verbose, async |cluster| gather::gather(cluster, &chosen, secrets).await)
}

/// Seconds since 1970.
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
