//! Chores of the repository: `cargo xtask VERB`. What they do is said by `cargo xtask help`.

mod api;
// The program's own command line: its manual is made of it.
#[allow(dead_code)]
#[path = "../../kubectl-imagepull/src/args.rs"]
mod args;
mod dist;
mod docs;
mod lab;
mod new_case;
mod new_cause;
mod npm;
mod picture;
mod programs;
mod reproducible;
mod root;
mod score;
mod test;
mod web;

use std::process::ExitCode;

// What the template of a new cause imports: so that it compiles here as it will there.
#[cfg(test)]
use imagepull_classifier::cause;

const HELP: &str = "\
cargo xtask VERB

  test [--only NAME]…     everything that must hold: format, lints, tests, WASM, licences, page, lab
  docs [--check]          write what is generated from the catalogue: docs/causes, README's table and picture
  new-cause AREA ID       a cause: its two files, with what is missing marked; tests fail until it is filled in
  new-case CAUSE [FILE|-] a text that a cause must be named for (`none`: that none must be named for)
  score FILE…             how many labelled texts (JSON lines) are named rightly
  web [--setup|--looks]   the page as one file and the npm package, web-demo/dist; what its tests need;
                          the pictures of how it looks, tests/web/looks
  api [--check]           the list of what the crate offers to others, classifier/public-api.txt
  dist [--twice]          archives of a release and krew's manifest of them, dist/; `dist --help` says more
  lab VERB…               a real node whose registries fail on purpose
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((verb, rest)) = arguments.split_first() else {
        print!("{HELP}");
        return ExitCode::from(2);
    };
    let done = match verb.as_str() {
        "test" => test::run(rest),
        "api" => api::run(rest),
        "dist" => dist::run(rest),
        "docs" => docs::run(rest),
        "new-cause" => new_cause::run(rest),
        "new-case" => new_case::run(rest),
        "score" => score::run(rest),
        "web" => web::run(rest),
        "lab" => return lab::run(rest),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("unknown verb {other:?}\n\n{HELP}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
