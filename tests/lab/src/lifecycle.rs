//! Up, down and status: the lab as seen from outside of its namespaces.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::node::{self, Order, Outcome};
use crate::programs;
use crate::{Result, paths};

/// A process that can be told from a later one with the same number.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Running {
    /// Process id.
    pub pid: u32,
    /// When it began, in clock ticks since boot (proc_pid_stat(5), field 22).
    pub started: u64,
}

impl Running {
    /// The process with that number now.
    fn of(pid: u32) -> Option<Running> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The second field is a name in parentheses, which may hold anything.
        let mut rest = stat.rsplit_once(')')?.1.split_whitespace();
        let state = rest.next()?;
        let started = rest.nth(18)?.parse().ok()?;
        (state != "Z").then_some(Running { pid, started })
    }

    /// Whether it is still there.
    pub fn lives(self) -> bool {
        Running::of(self.pid) == Some(self)
    }

    fn kill(self) -> Result<()> {
        if self.lives() {
            let pid = rustix::process::Pid::from_raw(self.pid.try_into()?).ok_or("no process")?;
            rustix::process::kill_process(pid, rustix::process::Signal::KILL)?;
        }
        Ok(())
    }
}

/// What `up` wrote down for `down`.
#[derive(Serialize, Deserialize)]
struct State {
    /// `unshare`; when it dies, the kernel ends the lab.
    lab: Running,
    /// Process 1 of the lab; gone when all others are.
    init: Option<Running>,
    forwarder: Option<Running>,
    /// Its namespaces, as links of /proc name them. Mounts and interfaces live in them, and end with the last process that is inside.
    #[serde(default)]
    namespaces: Vec<String>,
}

impl State {
    fn read() -> Option<State> {
        serde_json::from_str(&fs::read_to_string(paths::run().join("state.json")).ok()?).ok()
    }

    fn write(&self) -> Result<()> {
        Ok(fs::write(paths::run().join("state.json"), serde_json::to_string(self)?)?)
    }
}

/// Why the lab cannot run here, with the line that would change it.
pub fn obstacle() -> Option<String> {
    let found = |program: &str| {
        env::var("PATH").unwrap_or_default().split(':').any(|folder| PathBuf::from(folder).join(program).exists())
    };
    if !cfg!(target_os = "linux") {
        return Some(
            "the lab needs Linux. On another system: IMAGEPULL_TEST_KUBECONFIG=<kubeconfig of a kind or k3d cluster>"
                .to_owned(),
        );
    }
    if !rustix::process::geteuid().is_root() {
        return Some(
            "the lab needs root, for namespaces and mounts of its own. To run it: sudo -E cargo xtask lab up"
                .to_owned(),
        );
    }
    let go_wanted = !programs::is_built();
    if go_wanted && !found("go") {
        return Some(
            "the lab builds its cluster with Go. To run it: apt-get install golang, or https://go.dev/dl".to_owned(),
        );
    }
    let tools = [
        ("unshare", "util-linux"),
        ("mount", "mount"),
        ("ip", "iproute2"),
        ("setsid", "util-linux"),
        ("fallocate", "util-linux"),
    ];
    let missing = tools.iter().find(|(program, _)| !found(program))?;
    Some(format!("the lab needs {}. To run it: apt-get install {}", missing.0, missing.1))
}

/// Builds what is missing and starts the lab; nothing when it runs already.
pub fn up() -> Result<()> {
    if is_up() {
        println!("the lab is up: export KUBECONFIG={}", paths::run().join("kubeconfig").display());
        return Ok(());
    }
    let begin = Instant::now();
    let programs = programs::build()?;
    let built = begin.elapsed();
    down()?;
    fs::create_dir_all(paths::run().join("bin"))?;
    fs::create_dir_all(paths::logs())?;
    for log in fs::read_dir(paths::logs())?.flatten() {
        fs::remove_file(log.path())?;
    }
    let started = start(&programs);
    if started.is_err() {
        down()?;
    }
    started?;
    println!(
        "the lab is up after {:.0} s ({:.0} s of them building): export KUBECONFIG={}",
        begin.elapsed().as_secs_f32(),
        built.as_secs_f32(),
        paths::run().join("kubeconfig").display()
    );
    Ok(())
}

fn start(programs: &std::path::Path) -> Result<()> {
    let run = paths::run();
    let exe = env::current_exe()?;
    let log = fs::File::create(paths::logs().join("lab.log"))?;
    // A copy: the next build replaces the original while the lab runs. It has to be found inside, too.
    let own = run.join("bin/imagepull-lab");
    fs::copy(&exe, &own)?;
    let mut lab = Command::new("setsid")
        .args(["unshare", "--mount", "--net", "--pid", "--uts", "--fork", "--kill-child", "--mount-proc"])
        .arg(&own)
        .arg("init")
        .args([programs, &run, &paths::logs()])
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()?;
    let mut state = State {
        lab: Running::of(lab.id()).ok_or("the lab ended at once")?,
        init: None,
        forwarder: None,
        namespaces: Vec::new(),
    };
    state.write()?;

    let begin = Instant::now();
    while !run.join("ready").exists() {
        if lab.try_wait()?.is_some() || begin.elapsed() > Duration::from_secs(180) {
            let said = fs::read_to_string(paths::logs().join("lab.log")).unwrap_or_default();
            return Err(format!("the lab did not come up; {} says:\n{said}", paths::logs().display()).into());
        }
        if state.init.is_none() {
            let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", lab.id())).unwrap_or_default();
            state.init = children.split_whitespace().next().and_then(|pid| Running::of(pid.parse().ok()?));
            state.namespaces = state.init.map(|init| namespaces(init.pid)).unwrap_or_default();
            state.write()?;
        }
        thread::sleep(Duration::from_millis(100));
    }
    let forwarder = Command::new("setsid")
        .arg(&own)
        .arg("forward")
        .arg(&run)
        .args([state.lab.pid.to_string(), state.lab.started.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    state.forwarder = Running::of(forwarder.id());
    state.write()?;
    while !run.join("kubeconfig").exists() {
        if begin.elapsed() > Duration::from_secs(200) {
            return Err("the forwarder did not come up".into());
        }
        thread::sleep(Duration::from_millis(50));
    }
    fs::set_permissions(run.join("kubeconfig"), fs::Permissions::from_mode(0o600))?;
    symlink(programs.join("kubectl"), run.join("bin/kubectl"))?;
    let ctl = run.join("bin/ctl");
    fs::write(&ctl, format!("#!/bin/sh\nexec '{}' ctl \"$@\"\n", own.display()))?;
    fs::set_permissions(ctl, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// Namespaces of a process that are not ours.
fn namespaces(pid: u32) -> Vec<String> {
    let links = |pid: &str| -> Vec<String> {
        let link = |kind| fs::read_link(format!("/proc/{pid}/ns/{kind}")).ok();
        ["mnt", "net", "pid", "uts"].into_iter().filter_map(link).map(|to| to.to_string_lossy().into_owned()).collect()
    };
    let own = links("self");
    links(&pid.to_string()).into_iter().filter(|link| !own.contains(link)).collect()
}

/// What is still there of a lab that was ended: processes in its namespaces, its mounts and interfaces, should they have got out.
fn leftovers(state: &State) -> Vec<String> {
    let mut left = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        if Running::of(pid).is_some() && namespaces(pid).iter().any(|link| state.namespaces.contains(link)) {
            let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
            left.push(format!("process {pid} ({})", name.trim()));
        }
    }
    let run = paths::run();
    for line in fs::read_to_string("/proc/self/mounts").unwrap_or_default().lines() {
        let place = line.split_whitespace().nth(1).unwrap_or_default();
        if place.starts_with(node::BASE) || PathBuf::from(place).starts_with(&run) {
            left.push(format!("mount {place}"));
        }
    }
    let interfaces = node::INTERFACES.iter().filter(|name| PathBuf::from("/sys/class/net").join(name).exists());
    left.extend(interfaces.map(|name| format!("interface {name}")));
    left
}

/// Ends the lab and everything of it. Fails when something is left.
pub fn down() -> Result<()> {
    let state = State::read();
    if let Some(state) = &state {
        state.lab.kill()?;
        for process in [state.init, state.forwarder, Some(state.lab)].into_iter().flatten() {
            let begin = Instant::now();
            // Both end by themselves; process 1 only after all others of its namespace.
            while process.lives() && begin.elapsed() < Duration::from_secs(20) {
                thread::sleep(Duration::from_millis(50));
            }
            process.kill()?;
            // Dead is not gone before its parent has seen it, which are we where `up` ran in this very process.
            if let Some(pid) = rustix::process::Pid::from_raw(process.pid.try_into()?) {
                let _ = rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::NOHANG);
            }
            while PathBuf::from(format!("/proc/{}", process.pid)).exists() && begin.elapsed() < Duration::from_secs(22)
            {
                thread::sleep(Duration::from_millis(50));
            }
        }
    }
    let begin = Instant::now();
    let mut left = node::remove_cgroups();
    // The kernel takes a moment to see that a group is empty.
    while !left.is_empty() && begin.elapsed() < Duration::from_secs(10) {
        thread::sleep(Duration::from_millis(100));
        left = node::remove_cgroups();
    }
    let mut left: Vec<String> = left.iter().map(|group| format!("cgroup {}", group.display())).collect();
    left.extend(state.iter().flat_map(leftovers));
    if paths::run().exists() {
        fs::remove_dir_all(paths::run())?;
    }
    if left.is_empty() { Ok(()) } else { Err(format!("the lab left something behind: {}", left.join(", ")).into()) }
}

/// Whether a lab runs.
pub fn is_up() -> bool {
    State::read().is_some_and(|state| state.lab.lives()) && paths::run().join("bin/ctl").exists()
}

/// Prints what runs.
pub fn status() -> Result<()> {
    if !is_up() {
        println!("the lab is down");
        return Ok(());
    }
    println!("the lab is up: export KUBECONFIG={}", paths::run().join("kubeconfig").display());
    for program in programs::PROGRAMS {
        println!("  {} {}", program.name, programs::version(program.name)?);
    }
    print!("{}", order(&["hosts".to_owned()])?);
    Ok(())
}

/// Tells the inside to do something and returns what it printed.
pub fn order(words: &[String]) -> Result<String> {
    // Given by the copy in the run folder as well as by the original.
    let socket = env::current_exe()?.parent().and_then(|bin| bin.parent()).map(|run| run.join("ctl.sock"));
    let socket = socket.filter(|socket| socket.exists()).unwrap_or_else(|| paths::run().join("ctl.sock"));
    let mut stream =
        UnixStream::connect(&socket).map_err(|error| format!("the lab is down ({}: {error})", socket.display()))?;
    writeln!(stream, "{}", serde_json::to_string(&Order { words: words.to_vec() })?)?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    let outcome: Outcome = serde_json::from_str(&line)?;
    if outcome.done { Ok(outcome.text) } else { Err(outcome.text.into()) }
}
