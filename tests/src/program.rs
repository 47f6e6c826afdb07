//! `kubectl-imagepull` as a user runs it: built once, started with an environment of its own.

use crate::folder::Folder;
use crate::repository;
use serde_json::Value;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The program, built if it is not up to date. `IMAGEPULL_TEST_PROGRAM` names another, such as the release build.
///
/// # Panics
/// When it cannot be built.
pub fn path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        if let Some(path) = std::env::var_os("IMAGEPULL_TEST_PROGRAM") {
            return path.into();
        }
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--package", "kubectl-imagepull", "--message-format", "json-render-diagnostics"])
            .current_dir(repository::root())
            .stderr(Stdio::inherit())
            .output()
            .expect("cargo runs");
        assert!(built.status.success(), "kubectl-imagepull does not build");
        let executable = String::from_utf8_lossy(&built.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find_map(|message| {
                message["executable"].as_str().filter(|path| path.contains("kubectl-imagepull")).map(PathBuf::from)
            });
        executable.expect("cargo names what it built")
    })
}

/// One start of the program. Its home is an empty folder, its environment holds nothing but the PATH.
#[derive(Debug)]
pub struct Program {
    home: Folder,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    input: Option<Vec<u8>>,
}

/// What came of it.
#[derive(Debug)]
pub struct Ended {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Exit code; `None` when it was ended by a signal.
    pub code: Option<i32>,
    /// From start to end.
    pub time: Duration,
    /// The most memory it had, in KiB; 0 where the system does not tell (only Linux does).
    pub memory: u64,
}

impl Program {
    /// With these arguments, parted by blanks.
    pub fn new(arguments: &str) -> Program {
        Program {
            home: Folder::new(),
            arguments: arguments.split_whitespace().map(OsString::from).collect(),
            environment: Vec::new(),
            input: None,
        }
    }

    /// One more argument, as it is.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Program {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// One more variable of the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Program {
        self.environment.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// On standard input.
    #[must_use]
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Program {
        self.input = Some(input.into());
        self
    }

    /// The folder that is its home.
    pub fn home(&self) -> &Folder {
        &self.home
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When it cannot be started, prints what is no UTF-8, or goes on for two minutes.
    pub fn run(self) -> Ended {
        let mut command = Command::new(path());
        command
            .args(&self.arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.home.path())
            .stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let started = Instant::now();
        let mut child = command.spawn().expect("the program starts");
        let input = self.input.clone().zip(child.stdin.take());
        let writer = std::thread::spawn(move || {
            if let Some((input, mut stdin)) = input {
                // A program that has failed already reads no more.
                let _ = stdin.write_all(&input);
            }
        });
        let mut stdout = child.stdout.take().expect("piped");
        let mut stderr = child.stderr.take().expect("piped");
        let errors = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).map(|_| text)
        });
        let output = std::thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).map(|_| text)
        });
        let mut memory = 0;
        let status = loop {
            memory = memory.max(peak(child.id()));
            if let Some(status) = child.try_wait().expect("the program can be waited for") {
                break status;
            }
            if started.elapsed() > Duration::from_secs(120) {
                let _ = child.kill();
                panic!("the program does not end: {:?}", self.arguments);
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let time = started.elapsed();
        writer.join().expect("the writer ends");
        let text = |thread: std::thread::JoinHandle<std::io::Result<String>>| {
            thread.join().expect("the reader ends").expect("output is UTF-8")
        };
        Ended { stdout: text(output), stderr: text(errors), code: status.code(), time, memory }
    }
}

fn peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

impl Ended {
    /// Standard output as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// The same, after checking that the program answered.
    ///
    /// # Panics
    /// When it ended with another code than 0.
    pub fn answered(self) -> Ended {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// The same, after checking that the program said why it could not answer.
    ///
    /// # Panics
    /// When it ended otherwise, or standard error lacks one of the words.
    pub fn failed(self, words: &[&str]) -> Ended {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert!(self.stderr.lines().any(|line| line.starts_with("error: ")), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "no `{word}` in: {}", self.stderr);
        }
        self
    }
}

/// All that a program printed.
pub fn words(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
