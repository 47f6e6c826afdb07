//! Chores of the repository: `cargo xtask VERB`. What they do is said by `cargo xtask help`.

mod score;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask VERB

  score FILE…      how many labelled texts (JSON lines) are named rightly
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((verb, rest)) = arguments.split_first() else {
        print!("{HELP}");
        return ExitCode::from(2);
    };
    let done = match verb.as_str() {
        "score" => score::run(rest),
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
