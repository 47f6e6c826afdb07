//! The command line: flags mean what they mean to kubectl.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  # Why does this pod not start?
  kubectl imagepull why web-5d9c -n shop

  # The pods of a workload; every failing pull of a namespace; of the cluster
  kubectl imagepull why deploy/web -n shop
  kubectl imagepull why -n shop
  kubectl imagepull why -A

  # Without a cluster: text from a file, a ticket, a pipe
  kubectl describe pod web-5d9c | kubectl imagepull why -
  kubectl imagepull why -f events.txt -f kubelet.log

  # Everything that was looked at, as one file (no secret values, no env), and the same answer from it
  kubectl imagepull collect web-5d9c -n shop > bundle.json
  kubectl imagepull why -f bundle.json

  # What a cause means, and all of them
  kubectl imagepull explain tls-unknown-authority
  kubectl imagepull causes

Flags stand after the plugin's name: `kubectl imagepull why web -n shop`, not `kubectl -n shop imagepull`.";

const EXIT_CODES: &str = "\
Exit codes:
  0   answered, whatever the answer
  1   could not answer (no file, no cluster, no such pod)
  2   usage
  10  with --exit-code: some failing pull needs somebody to change something
  11  with --exit-code: failing pulls, none of that kind (waiting may help, or the cause is not known)";

const COMPLETION: &str = "\
Examples:
  # `kubectl imagepull why <TAB>` offers pods, those that fail first (once; krew cannot do it)
  kubectl imagepull completion install

  # The program by its own name
  source <(kubectl imagepull completion bash)
  kubectl imagepull completion zsh > \"${fpath[1]}/_kubectl-imagepull\"
  kubectl imagepull completion fish > ~/.config/fish/completions/kubectl-imagepull.fish";

/// Names the cause of a failed image pull, proves it, and prints the fix.
///
/// Reads a pod's status and events, its pull secrets' names and shapes (never a value) and its node, or any pasted text, and
/// says why ErrImagePull and ImagePullBackOff happen. Only reads; changes nothing; sends nothing anywhere but to your cluster.
#[derive(Debug, Parser)]
#[command(name = "kubectl-imagepull", version, after_long_help = EXAMPLES, subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    /// Colours: `auto` obeys the terminal, NO_COLOR and CLICOLOR_FORCE.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    pub color: Color,
    /// What to do.
    #[command(subcommand)]
    pub command: Verb,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Say why images are not pulled: for a pod, a workload, a namespace, the cluster, or a text
    #[command(after_long_help = concat_examples())]
    Why(Why),
    /// Explain a cause: what it means, how it is recognized, what heals it
    Explain(Explain),
    /// List all causes
    Causes(Causes),
    /// Print what `why` would look at, as one JSON document without secret values, for a ticket or for `why -f`
    Collect(Collect),
    /// Complete words by TAB: a shell's script, or the helper by which kubectl completes this plugin
    #[command(after_long_help = COMPLETION)]
    Completion(Completion),
}

fn concat_examples() -> String {
    format!("{EXAMPLES}\n\n{EXIT_CODES}")
}

/// `why`.
#[derive(Debug, Args)]
pub struct Why {
    #[command(flatten)]
    pub selection: Selection,
    /// Explain this text instead of asking a cluster: `kubectl describe`, events, JSON, YAML, logs, a pasted message. `-` is
    /// standard input; may be repeated
    #[arg(short, long = "filename", value_name = "FILE")]
    pub filename: Vec<PathBuf>,
    /// Output form
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    pub output: Form,
    /// Exit with 10 or 11 when pulls fail (see `--help`)
    #[arg(long)]
    pub exit_code: bool,
    #[command(flatten)]
    pub reading: Reading,
    #[command(flatten)]
    pub connection: Connection,
}

/// `collect`.
#[derive(Debug, Args)]
pub struct Collect {
    #[command(flatten)]
    pub selection: Selection,
    /// Replace names of namespaces, pods, nodes, hosts and images, each by the same word everywhere; the answer stays the same
    #[arg(long)]
    pub mask_names: bool,
    #[command(flatten)]
    pub reading: Reading,
    #[command(flatten)]
    pub connection: Connection,
}

/// `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// Id of the cause, as `kubectl imagepull causes` lists them
    pub cause: String,
    /// Output form
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    pub output: PageForm,
}

/// `causes`.
#[derive(Debug, Args)]
pub struct Causes {
    /// Output form
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    pub output: ListForm,
}

/// `completion`.
#[derive(Debug, Args)]
pub struct Completion {
    /// A shell, for the script that completes `kubectl-imagepull`; or `install`, for `kubectl imagepull`
    pub what: Shell,
    /// Folder for `install` and `uninstall`; else the one where kubectl finds the plugin
    #[arg(long, value_name = "FOLDER")]
    pub to: Option<PathBuf>,
}

/// Which pods.
#[derive(Debug, Args)]
pub struct Selection {
    /// Pods by name, or TYPE/NAME: pod, deploy, rs, sts, ds, job, cronjob, or a custom resource that owns pods. None: every
    /// failing pull of the namespace. `-`: standard input
    #[arg(value_name = "TARGET")]
    pub targets: Vec<String>,
    /// Look into this namespace
    #[arg(short, long, value_name = "NAME", help_heading = "Selection")]
    pub namespace: Option<String>,
    /// Look into all namespaces
    #[arg(short = 'A', long, help_heading = "Selection", conflicts_with_all = ["namespace", "targets"])]
    pub all_namespaces: bool,
    /// Only pods with these labels
    #[arg(short = 'l', long, value_name = "QUERY", help_heading = "Selection", conflicts_with = "targets")]
    pub selector: Option<String>,
    /// Only pods with these fields, as `spec.nodeName=worker-1`
    #[arg(long, value_name = "QUERY", help_heading = "Selection", conflicts_with = "targets")]
    pub field_selector: Option<String>,
    /// Only this container
    #[arg(short, long, value_name = "NAME", help_heading = "Selection")]
    pub container: Option<String>,
}

/// How much to read.
#[derive(Debug, Args)]
pub struct Reading {
    /// Pull secrets to read, for named targets: `named` by the pod and its service account, and candidates of the namespace when
    /// none fits; `all`: the same in other namespaces; `none`. Values are never kept or shown
    #[arg(long, value_name = "WHICH", default_value = "named", hide_possible_values = true, help_heading = "Reading")]
    pub secrets: Secrets,
    /// Say on standard error what is asked of the cluster
    #[arg(short, long, help_heading = "Reading")]
    pub verbose: bool,
}

/// How to reach the cluster.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// Kubeconfig file; else $KUBECONFIG, ~/.kube/config, or the pod this runs in
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
    /// Cluster of the kubeconfig
    #[arg(long, value_name = "NAME")]
    pub cluster: Option<String>,
    /// User of the kubeconfig
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Address of the API server
    #[arg(short, long, value_name = "URL")]
    pub server: Option<String>,
    /// Bearer token
    #[arg(long, value_name = "TOKEN")]
    pub token: Option<Token>,
    /// Act as this user
    #[arg(long = "as", value_name = "USER")]
    pub impersonate: Option<String>,
    /// Act as this group too; may be repeated
    #[arg(long = "as-group", value_name = "GROUP", requires = "impersonate")]
    pub impersonate_group: Vec<String>,
    /// Act as this uid
    #[arg(long = "as-uid", value_name = "UID", requires = "impersonate")]
    pub impersonate_uid: Option<String>,
    /// Act with this extra attribute, KEY=VALUE; may be repeated
    #[arg(long = "as-user-extra", value_name = "KEY=VALUE", requires = "impersonate")]
    pub impersonate_extra: Vec<String>,
    /// Time for everything together, as 5s, 2m; 0: no limit
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub request_timeout: Timeout,
    /// Do not check the API server's certificate
    #[arg(long)]
    pub insecure_skip_tls_verify: bool,
    /// Name to expect in the API server's certificate
    #[arg(long, value_name = "NAME")]
    pub tls_server_name: Option<String>,
    /// Certificate authority of the API server
    #[arg(long, value_name = "FILE")]
    pub certificate_authority: Option<PathBuf>,
    /// Ask for answers without compression
    #[arg(long)]
    pub disable_compression: bool,
}

/// A bearer token: never printed, not even by `Debug`.
#[derive(Clone)]
pub struct Token(pub String);

impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Token(…)")
    }
}

impl From<String> for Token {
    fn from(token: String) -> Token {
        Token(token)
    }
}

/// Time for everything together; `None` is no limit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timeout(pub Option<std::time::Duration>);

/// Reads a time as kubectl does: `0`, a number of seconds, or Go's form (`1m30s`, `500ms`).
fn duration(text: &str) -> Result<Timeout, String> {
    let wrong = || format!("`{text}` is no time; write 0, 30s, 2m");
    let mut rest = text.trim();
    if let Ok(seconds) = rest.parse::<u32>() {
        return Ok(Timeout((seconds > 0).then(|| std::time::Duration::from_secs(seconds.into()))));
    }
    let mut seconds = 0.0_f64;
    while !rest.is_empty() {
        let end = rest.find(|c: char| c != '.' && !c.is_ascii_digit()).ok_or_else(wrong)?;
        let number: f64 = rest[..end].parse().map_err(|_| wrong())?;
        rest = &rest[end..];
        let end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
        seconds += number
            * match &rest[..end] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" | "µs" => 1e-6,
                "ns" => 1e-9,
                _ => return Err(wrong()),
            };
        rest = &rest[end..];
    }
    let time = std::time::Duration::try_from_secs_f64(seconds).map_err(|_| wrong())?;
    Ok(Timeout((!text.trim().is_empty() && !time.is_zero()).then_some(time)))
}

/// Forms of `why`'s answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For people
    Text,
    /// The whole answer, for programs
    Json,
    /// The same as YAML
    Yaml,
    /// For a ticket or a chat
    Markdown,
    /// One line a finding, in columns
    Wide,
    /// One line a pod: pod/NAME
    Name,
}

/// Forms of a cause's page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PageForm {
    /// For people
    Text,
    /// For a ticket or a wiki
    Markdown,
}

/// Forms of the list of causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListForm {
    /// For people
    Text,
    /// For programs
    Json,
    /// Ids alone
    Name,
}

/// What completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// Script for bash
    Bash,
    /// Script for zsh
    Zsh,
    /// Script for fish
    Fish,
    /// Script for PowerShell: commands, flags and their values
    Powershell,
    /// Write kubectl_complete-imagepull beside the plugin: kubectl 1.26 and newer completes `kubectl imagepull` by it
    Install,
    /// Remove it
    Uninstall,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless the environment says otherwise
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Which secrets may be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Secrets {
    /// Those that the pod or its service account names; candidates of the namespace when none fits
    #[default]
    Named,
    /// Candidates of other namespaces too
    All,
    /// None
    None,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use std::time::Duration;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn times_are_read_as_kubectl_reads_them() {
        let read = |text| duration(text).map(|timeout| timeout.0);
        assert_eq!(read("0"), Ok(None));
        assert_eq!(read("0s"), Ok(None));
        assert_eq!(read("5"), Ok(Some(Duration::from_secs(5))));
        assert_eq!(read("1m30s"), Ok(Some(Duration::from_secs(90))));
        assert_eq!(read("500ms"), Ok(Some(Duration::from_millis(500))));
        assert_eq!(read("1.5s"), Ok(Some(Duration::from_millis(1500))));
        assert!(read("soon").is_err());
        assert!(read("5 s").is_err());
        assert!(read("-1s").is_err());
        assert!(read("s").is_err());
    }

    #[test]
    fn a_token_is_not_shown_by_debug() {
        let cli = Cli::try_parse_from(["kubectl-imagepull", "why", "--token", "CANARY"]).expect("valid");
        assert!(!format!("{cli:?}").contains("CANARY"));
    }
}
