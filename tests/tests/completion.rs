//! The scripts that `completion` prints, in the shells they are for. What kubectl offers stands in `api_server.rs`.
#![cfg(unix)]

use imagepull_tests::folder::Folder;
use imagepull_tests::program::{self, Program};
use std::process::Command;

/// What the shell prints for a script that may call `kubectl-imagepull`; `None`, which is said, where the shell is not there.
fn shell(shell: &str, script: &str) -> Option<String> {
    if Command::new(shell).arg("--version").output().is_err() {
        eprintln!("SKIPPED: completion was NOT tested in {shell}. To enable: apt-get install {shell}");
        return None;
    }
    let folder = Folder::new();
    folder.link("kubectl-imagepull", program::path());
    folder.write("hosts.txt", "");
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap_or_default());
    let ended = Command::new("timeout")
        .args(["60", shell, "-c", script])
        .env("PATH", path)
        .env("HOME", folder.path())
        .env_remove("KUBECONFIG")
        .current_dir(folder.path())
        .output()
        .expect("the shell runs");
    Some(format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr)))
}

#[test]
fn bash_completes() {
    const ASK: &str = "source <(kubectl-imagepull completion bash)
        ask() { COMP_LINE=$1; COMP_POINT=${#1}; _kubectl_imagepull; echo \"[${COMPREPLY[*]}]\"; }
        ask 'kubectl-imagepull '
        ask 'kubectl-imagepull explain tls-un'
        ask 'kubectl-imagepull why --output=j'
        ask 'kubectl-imagepull why --conte'
        ask 'kubectl-imagepull why -f '
        complete -p kubectl-imagepull";
    let Some(said) = shell("bash", ASK) else { return };
    let lines: Vec<&str> = said.lines().collect();
    let want = [
        "[why explain causes collect completion]",
        "[tls-unknown-authority]",
        "[json]",
        "[--context]",
        "[]",
        "complete -F _kubectl_imagepull kubectl-imagepull",
    ];
    assert_eq!(lines, want, "{said}");
}

#[test]
fn fish_completes() {
    const ASK: &str = "kubectl-imagepull completion fish | source
        for line in 'kubectl-imagepull explain tls-un' 'kubectl-imagepull why --output=j' 'kubectl-imagepull why -f hos'
            complete -C $line
        end";
    let Some(said) = shell("fish", ASK) else { return };
    let values: Vec<&str> = said.lines().filter_map(|line| line.split('\t').next()).collect();
    assert_eq!(values, ["tls-unknown-authority", "--output=json", "hosts.txt"], "{said}");
}

#[test]
fn zsh_completes() {
    // A terminal of its own, since zsh completes nowhere else; what is waited for is what it writes there.
    const ASK: &str = r#"zmodload zsh/zpty
        zpty -b z zsh -f -i
        zpty -w z 'PS1="> "; autoload -U compinit; compinit -u -D; source <(kubectl-imagepull completion zsh); bindkey "^I" complete-word; echo re''ady'
        zpty -r z out '*ready*'
        zpty -w -n z $'kubectl-imagepull explain tls-un\t'
        zpty -r z out '*tls-unknown-authority*' && echo first
        zpty -w -n z $'\025kubectl-imagepull why --output=j\t'
        zpty -r z out '*--output=json*' && echo second
        zpty -d z"#;
    let Some(said) = shell("zsh", ASK) else { return };
    assert_eq!(said.lines().collect::<Vec<_>>(), ["first", "second"], "{said}");
}

#[test]
fn powershell_gets_commands_flags_and_their_values() {
    let script = Program::new("completion powershell").run().answered().stdout;
    for word in ["Register-ArgumentCompleter -Native -CommandName 'kubectl-imagepull'", "'why'", "'--context'"] {
        assert!(script.contains(word), "{word}");
    }
}
