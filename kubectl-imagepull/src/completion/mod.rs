//! Tab completion: what a shell, or kubectl for us, is told about the words typed so far.
//!
//! The protocol is cobra's, as kubectl speaks it to `kubectl_complete-imagepull` (kubernetes staging/src/k8s.io/kubectl/pkg/cmd/plugin/
//! plugin_completion.go): arguments are the words, the last one unfinished; the answer is a line each, `value<TAB>help`, and a last
//! line `:N` with cobra's directive. Nothing else is ever printed: a shell's prompt is no place for errors.

mod install;
mod offers;
mod words;

use crate::answer::write;
use crate::args::{Cli, Completion, Shell};
use crate::failure::{Failure, plain};
use clap::CommandFactory;
use std::process::ExitCode;

/// The hidden verb.
pub const VERB: &str = "__complete";
/// The name by which kubectl looks for who completes us.
pub const COMPLETER: &str = "kubectl_complete-imagepull";

/// What can stand at a place.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Offers {
    /// Values and their help, in the order in which they are shown.
    pub values: Vec<(String, String)>,
    /// Names of files, which the shell knows best.
    pub files: bool,
    /// The word goes on behind the value.
    pub unfinished: bool,
}

/// `completion`: a script, or the helper of kubectl.
///
/// # Errors
/// When the helper cannot be written.
pub fn completion(completion: &Completion) -> Result<ExitCode, Failure> {
    let script = match completion.what {
        Shell::Bash => include_str!("shells/kubectl-imagepull.bash").to_owned(),
        Shell::Zsh => include_str!("shells/kubectl-imagepull.zsh").to_owned(),
        Shell::Fish => include_str!("shells/kubectl-imagepull.fish").to_owned(),
        Shell::Powershell => {
            let mut script = Vec::new();
            let mut command = Cli::command();
            clap_complete::generate(clap_complete::Shell::PowerShell, &mut command, "kubectl-imagepull", &mut script);
            String::from_utf8_lossy(&script).into_owned()
        }
        Shell::Install => install::install(completion.to.as_deref())?,
        Shell::Uninstall => install::uninstall(completion.to.as_deref())?,
    };
    Ok(write(&script))
}

/// `__complete`: answers a shell.
pub fn complete(words: &[String]) -> ExitCode {
    let asked = words::understand(&Cli::command(), words);
    let offers = offers::offers(&asked);
    let mut text = String::new();
    for (value, help) in offers.values.iter().filter(|(value, _)| value.starts_with(asked.word.as_str())) {
        text.push_str(&plain(value));
        if !help.is_empty() {
            text.push('\t');
            text.push_str(&plain(help));
        }
        text.push('\n');
    }
    // cobra, completions.go: ShellCompDirectiveNoSpace, -NoFileComp, -KeepOrder.
    let directive = if offers.files { 0 } else { 4 + 32 } + if offers.unfinished { 2 } else { 0 };
    write(&format!("{text}:{directive}\n"))
}
