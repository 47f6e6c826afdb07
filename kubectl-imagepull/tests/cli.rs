//! The program on texts, as a user runs it: forms, colours, exit codes, pipes, and what it says when it cannot answer.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Somebody has to change something.
const FINAL: &str = "\
Name:             web-5d9c
Namespace:        shop
Events:
  Type     Reason     Age                From               Message
  ----     ------     ----               ----               -------
  Normal   Scheduled  83s                default-scheduler  Successfully assigned shop/web-5d9c to worker-1
  Normal   Pulling    40s (x3 over 82s)  kubelet            Pulling image \"nginx:nope\"
  Warning  Failed     39s (x3 over 81s)  kubelet            Failed to pull image \"nginx:nope\": rpc error: code = NotFound desc = failed to pull and unpack image \"docker.io/library/nginx:nope\": failed to resolve reference \"docker.io/library/nginx:nope\": docker.io/library/nginx:nope: not found
  Warning  Failed     39s (x3 over 81s)  kubelet            Error: ErrImagePull
";

/// Nobody knows.
const BACK_OFF: &str = "\
Name:             web-5d9c
Namespace:        shop
Events:
  Type     Reason     Age                From               Message
  ----     ------     ----               ----               -------
  Normal   BackOff    39s (x3 over 81s)  kubelet            Back-off pulling image \"nginx:nope\"
  Warning  Failed     39s (x3 over 81s)  kubelet            Error: ImagePullBackOff
";

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-imagepull"));
    command.args(arguments).env_clear().env("HOME", "/nowhere").stdin(Stdio::null());
    command
}

fn run(arguments: &[&str], input: &[u8]) -> Output {
    run_command(program(arguments), input)
}

fn run_command(mut command: Command, input: &[u8]) -> Output {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    // A program that fails early does not read.
    let _ = child.stdin.take().expect("piped").write_all(input);
    child.wait_with_output().expect("it ends")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

struct File(PathBuf);

impl File {
    fn new(content: &[u8]) -> File {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("imagepull-cli-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, content).expect("a file");
        File(path)
    }

    fn name(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn the_cause_is_named_from_a_pipe_and_from_a_file() {
    let file = File::new(FINAL.as_bytes());
    for output in [
        run(&["why", "-"], FINAL.as_bytes()),
        run(&["why", "-f", "-"], FINAL.as_bytes()),
        run(&["why", "-f", file.name()], b""),
    ] {
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains("tag-not-found"), "{}", text(&output.stdout));
        assert_eq!(text(&output.stderr), "");
    }
}

#[test]
fn several_files_are_one_question() {
    let (first, second) = (
        File::new(FINAL.as_bytes()),
        File::new(FINAL.replace("web-5d9c", "api-77").replace("nginx", "redis").as_bytes()),
    );
    let output = run(&["why", "-f", first.name(), "--filename", second.name(), "-o", "name"], b"");
    assert_eq!(text(&output.stdout), "pod/web-5d9c\npod/api-77\n");
    let output = run(&["why", "-f", "-", "-f", second.name(), "-o", "name"], FINAL.as_bytes());
    assert_eq!(text(&output.stdout), "pod/web-5d9c\npod/api-77\n");
    let output = run(&["why", "-f", "-", "-f", "-"], FINAL.as_bytes());
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn every_form_says_the_same() {
    let json: serde_json::Value =
        serde_json::from_slice(&run(&["why", "-", "-o", "json"], FINAL.as_bytes()).stdout).expect("JSON");
    assert_eq!(json["findings"][0]["diagnoses"][0]["cause"], "tag-not-found");
    let yaml = text(&run(&["why", "-", "-o", "yaml"], FINAL.as_bytes()).stdout);
    assert!(yaml.contains("cause: tag-not-found"), "{yaml}");
    let wide = text(&run(&["why", "-", "-o", "wide"], FINAL.as_bytes()).stdout);
    let rows: Vec<&str> = wide.lines().collect();
    assert_eq!(rows.len(), 2);
    assert!(rows[0].starts_with("NAMESPACE   POD") && rows[1].starts_with("shop        web-5d9c"), "{wide}");
    let markdown = text(&run(&["why", "-", "-o", "markdown"], FINAL.as_bytes()).stdout);
    assert!(markdown.contains("tag-not-found"), "{markdown}");
}

#[test]
fn exit_codes_tell_scripts_what_to_do_only_when_asked() {
    for (input, plain, asked) in [(FINAL, 0, 10), (BACK_OFF, 0, 11), ("all is well\n", 0, 0)] {
        assert_eq!(run(&["why", "-"], input.as_bytes()).status.code(), Some(plain), "{input}");
        assert_eq!(run(&["why", "-", "--exit-code"], input.as_bytes()).status.code(), Some(asked), "{input}");
    }
    let healed = FINAL.replace("  Warning  Failed     39s (x3 over 81s)  kubelet            Error: ErrImagePull",
        "  Normal   Pulled     2s                 kubelet            Successfully pulled image \"nginx:nope\" in 1s (1s including waiting). Image size: 1 bytes.");
    assert_eq!(run(&["why", "-", "--exit-code"], healed.as_bytes()).status.code(), Some(0));
    for usage in [
        &["why", "--nonsense"][..],
        &["why", "-f", "x", "pod"],
        &["why", "-", "pod"],
        &["why", "-f", "x", "-A"],
        &["why", "-o", "nonsense"],
        &["explain"],
        &["collect", "-"],
        &["why", "-A", "pod"],
        &["why", "--as-group", "x"],
        &[],
    ] {
        assert_eq!(run(usage, b"").status.code(), Some(2), "{usage:?}");
    }
}

#[test]
fn what_cannot_be_read_is_told_with_what_to_do() {
    let folder = std::env::temp_dir();
    let gzip = File::new(&[0x1f, 0x8b, 8, 0]);
    let empty = File::new(b"\n");
    for (file, words) in [
        ("/nowhere/at/all", "no such file"),
        (folder.to_str().expect("UTF-8"), "is a directory"),
        (gzip.name(), "is compressed"),
        (empty.name(), "is empty"),
    ] {
        let output = run(&["why", "-f", file], b"");
        assert_eq!(output.status.code(), Some(1), "{file}");
        assert_eq!(text(&output.stdout), "");
        let stderr = text(&output.stderr);
        assert!(stderr.starts_with("error: ") && stderr.contains(words) && stderr.lines().count() > 1, "{stderr}");
    }
}

#[test]
fn text_that_is_not_utf8_is_read_all_the_same() {
    let mut bytes = b"caf\xe9\n".to_vec();
    bytes.extend(FINAL.as_bytes());
    let output = run(&["why", "-"], &bytes);
    assert!(text(&output.stdout).contains("tag-not-found"));
    assert!(text(&output.stderr).contains("not all UTF-8"));
    // PowerShell's `>`
    let wide: Vec<u8> = std::iter::once(0xfeff).chain(FINAL.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let output = run(&["why", "-"], &wide);
    assert!(text(&output.stdout).contains("tag-not-found"));
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn colours_obey_flags_and_environment() {
    let coloured = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = program(&[&["why", "-"], arguments].concat());
        command.envs(environment.iter().copied());
        text(&run_command(command, FINAL.as_bytes()).stdout).contains('\u{1b}')
    };
    assert!(!coloured(&[], &[]), "a pipe has none");
    assert!(coloured(&["--color", "always"], &[]));
    assert!(coloured(&["--color=always"], &[("NO_COLOR", "1")]), "a flag wins");
    assert!(coloured(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[], &[("TERM", "dumb")]));
    for form in ["json", "yaml", "wide", "name", "markdown"] {
        assert!(!coloured(&["-o", form, "--color", "always"], &[]), "{form}");
    }
}

#[test]
fn words_of_the_input_cannot_steer_a_terminal() {
    let input =
        FINAL.replace("rpc error", "\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}rpc error").replace("nginx", "ngi\u{1b}[31mnx");
    for form in ["text", "json", "yaml", "markdown", "wide", "name"] {
        let output = run(&["why", "-", "-o", form], input.as_bytes());
        let stdout = text(&output.stdout);
        for bad in ['\u{1b}', '\u{7}', '\u{9b}'] {
            assert!(!stdout.contains(bad), "{bad:?} in {form}: {stdout:?}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    for arguments in
        [&["why", "-"][..], &["causes"], &["--help"], &["explain", "tag-not-found"], &["why", "-", "--exit-code"]]
    {
        let mut command = program(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        drop(child.stdout.take());
        let _ = child.stdin.take().expect("piped").write_all(FINAL.repeat(200).as_bytes());
        let output = child.wait_with_output().expect("it ends");
        assert!(matches!(output.status.code(), Some(0 | 10)), "{arguments:?}: {:?}", output.status);
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
    }
}

#[test]
fn help_and_version_are_worth_reading() {
    let help = text(&run(&["--help"], b"").stdout);
    for words in
        ["Usage: kubectl imagepull", "Examples:", "kubectl describe pod web-5d9c | kubectl imagepull why -", "collect"]
    {
        assert!(help.contains(words), "{words} in {help}");
    }
    let why = text(&run(&["why", "--help"], b"").stdout);
    for words in [
        "Usage: kubectl imagepull why",
        "Exit codes:",
        "--all-namespaces",
        "--as-group",
        "Connection",
        "--request-timeout",
        "--field-selector",
    ] {
        assert!(why.contains(words), "{words} in {why}");
    }
    let short = text(&run(&["why", "-h"], b"").stdout);
    assert!(short.lines().count() < why.lines().count());
    assert!(text(&run(&["--version"], b"").stdout).contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_catalogue_can_be_read() {
    let names = text(&run(&["causes", "-o", "name"], b"").stdout);
    assert!(names.lines().count() > 40, "{names}");
    let json: serde_json::Value = serde_json::from_slice(&run(&["causes", "-o", "json"], b"").stdout).expect("JSON");
    assert_eq!(json.as_array().map(Vec::len), Some(names.lines().count()));
    for name in names.lines() {
        for form in ["text", "markdown"] {
            let output = run(&["explain", name, "-o", form], b"");
            assert_eq!(output.status.code(), Some(0), "{name}");
            assert!(output.stdout.len() > 200, "{name}: {}", text(&output.stdout));
        }
    }
    assert_eq!(run(&["explain", "TAG_NOT_FOUND"], b"").status.code(), Some(0));
    let output = run(&["explain", "tag-not-fuond"], b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("Did you mean tag-not-found"));
}

#[test]
fn standard_input_is_read_only_when_asked_for() {
    // In CI standard input is often a pipe that nobody writes to; without `-`, the cluster is asked.
    let output = run(&["why"], FINAL.as_bytes());
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("no cluster to ask"), "{}", text(&output.stderr));
}
