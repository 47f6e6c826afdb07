//! The inside of the lab: a machine of its own made of namespaces, on which a whole cluster runs.

mod daemons;
mod machine;
mod network;
mod pki;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::faults::{Authorities, Faults, Kind, Upstream};
use daemons::Daemons;
pub use machine::remove_cgroups;

/// Where everything of the lab lies inside of its namespaces.
pub const BASE: &str = "/mnt/lab";
/// Interfaces that it makes, besides those of pods.
pub const INTERFACES: [&str; 3] = ["hole", "void", "lab0"];
/// The node's name.
pub const NODE: &str = "lab-node";

/// First process of the namespaces: starts the node and reaps what is orphaned; when it ends, the kernel ends everything else.
pub fn init(arguments: &[String]) -> Result<()> {
    let child = Command::new(std::env::current_exe()?).arg("node").args(arguments).spawn()?;
    let child = rustix::process::Pid::from_child(&child);
    loop {
        match rustix::process::wait(rustix::process::WaitOptions::empty()) {
            Ok(Some((ended, _))) if ended == child => return Ok(()),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Builds the machine, starts the cluster, and then obeys orders until it is ended. Arguments: folder of programs, of the run, of the logs.
pub fn run(arguments: &[String]) -> Result<()> {
    let [programs, run, logs] = arguments else { return Err("node wants three folders".into()) };
    machine::set_up(Path::new(programs), Path::new(run), Path::new(logs))?;
    network::set_up()?;

    let authorities = Authorities::new()?;
    let trusted = system_roots_and(&authorities.trusted_pem());
    fs::write(format!("{BASE}/trusted-ca.pem"), trusted)?;
    fs::write(format!("{BASE}/unknown-ca.pem"), authorities.unknown_pem())?;
    let program = fs::read(format!("{BASE}/bin/hello"))?;
    let faults = Faults::start(authorities, Upstream::new(program))?;

    pki::make()?;
    let daemons = Arc::new(Mutex::new(Daemons::new()?));
    let api = UnixListener::bind(format!("{BASE}/run/api.sock"))?;
    thread::spawn(move || pass_on(&api));
    daemons::start_cluster(&daemons)?;

    let orders = UnixListener::bind(format!("{BASE}/run/ctl.sock"))?;
    fs::write(format!("{BASE}/run/ready"), "")?;
    for stream in orders.incoming().flatten() {
        let (faults, daemons) = (Arc::clone(&faults), Arc::clone(&daemons));
        thread::spawn(move || {
            let _ = obey(&stream, &faults, &daemons);
        });
    }
    Ok(())
}

/// Stands in front of runc and takes the seccomp profile out of what it is to create: runc without libseccomp, which is what
/// `go build` alone can give, refuses any profile, and the kubelet asks for one for each sandbox.
pub fn runc(arguments: &[String]) -> Result<()> {
    use std::os::unix::process::CommandExt;
    let bundle =
        arguments.windows(2).find(|pair| pair[0] == "--bundle").map(|pair| Path::new(&pair[1]).join("config.json"));
    if let Some(path) = bundle {
        let mut config: serde_json::Value = serde_json::from_slice(&fs::read(&path)?)?;
        if config["linux"]["seccomp"].is_object() {
            config["linux"].as_object_mut().expect("it has a seccomp").remove("seccomp");
            fs::write(&path, config.to_string())?;
        }
    }
    Err(Command::new(format!("{BASE}/bin/runc")).args(arguments).exec().into())
}

/// The node trusts what the machine trusts, and the lab's own authority.
fn system_roots_and(own: &str) -> String {
    fs::read_to_string("/etc/ssl/certs/ca-certificates.crt").unwrap_or_default() + own
}

/// Connects a socket file, which can be reached from outside of the network namespace, to the API server.
fn pass_on(listener: &UnixListener) {
    for outside in listener.incoming().flatten() {
        thread::spawn(move || {
            let inside = std::net::TcpStream::connect(("127.0.0.1", daemons::API_PORT))?;
            crate::forward::both_ways(outside, inside)
        });
    }
}

/// One order of `lab ctl`.
#[derive(Serialize, Deserialize)]
pub struct Order {
    /// Words of the command line.
    pub words: Vec<String>,
}

/// What came of it.
#[derive(Serialize, Deserialize)]
pub struct Outcome {
    /// Whether it was done.
    pub done: bool,
    /// What it printed, or why not.
    pub text: String,
}

fn obey(stream: &UnixStream, faults: &Arc<Faults>, daemons: &Mutex<Daemons>) -> Result<()> {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    let order: Order = serde_json::from_str(&line)?;
    let words: Vec<&str> = order.words.iter().map(String::as_str).collect();
    let outcome = match carry_out(&words, faults, daemons) {
        Ok(text) => Outcome { done: true, text },
        Err(error) => Outcome { done: false, text: error.to_string() },
    };
    let mut stream = stream;
    writeln!(stream, "{}", serde_json::to_string(&outcome)?)?;
    Ok(())
}

/// What `ctl` can say; the text is the list that `ctl` prints when it is asked something else.
pub const ORDERS: &str = "\
set HOST KIND        make a host behave in another way
heal HOST            make a host healthy
restore HOST         give a host back the kind of its name
rebuild IMAGE        push a good image under that name, as its author does who built it anew
forget IMAGE...      remove images from the node
pull IMAGE           bring an image to the node behind the kubelet's back (user and password `lab` where they are wanted)
tag IMAGE NAME       give an image of the node a second name
fill MIB             leave only so much room on containerd's disk
free                 give the room back
allow-http HOST [HOST:PORT]   tell containerd that a registry speaks plain HTTP (there)
trust HOST           tell containerd to trust the company's authority for a host
distrust HOST        take both back
daemon NAME stop|start   for containerd and kubelet
node COMMAND...      run anything on the node
hosts                list the hosts that were set";

fn carry_out(words: &[&str], faults: &Arc<Faults>, daemons: &Mutex<Daemons>) -> Result<String> {
    match words {
        ["set", host, kind] => {
            let kind = Kind::named(kind).ok_or_else(|| format!("no such kind: {kind}"))?;
            faults.set(host, Some(kind));
            Ok(String::new())
        }
        ["heal", host] => {
            faults.set(host, Some(Kind::Healthy));
            Ok(String::new())
        }
        ["restore", host] => {
            faults.set(host, None);
            Ok(String::new())
        }
        ["hosts"] => Ok(faults.list().into_iter().map(|(host, kind)| format!("{host} {}\n", kind.name())).collect()),
        ["rebuild", image] => {
            let (repository, tag) =
                repository_and_tag(image).ok_or_else(|| format!("{image} is no HOST/REPOSITORY:TAG"))?;
            faults.rebuild(repository, tag)?;
            Ok(String::new())
        }
        ["forget", images @ ..] => {
            for image in images {
                machine::forget(image)?;
                // What was rebuilt is broken again, for the next time.
                if let Some((repository, tag)) = repository_and_tag(image) {
                    faults.forget(repository, tag);
                }
            }
            Ok(String::new())
        }
        ["pull", image] => {
            machine::ctr(&["images", "pull", "--user", "lab:lab", "--hosts-dir", "/etc/containerd/certs.d", image])
        }
        ["tag", image, name] => machine::ctr(&["images", "tag", "--force", image, name]),
        ["fill", mib] => machine::fill(mib.parse()?),
        ["free"] => machine::free(),
        ["allow-http", host] => machine::certs_d(host, &plain_http(host)),
        ["allow-http", host, place] => machine::certs_d(host, &plain_http(place)),
        ["trust", host] => machine::certs_d(
            host,
            &format!("server = \"https://{host}\"\n[host.\"https://{host}\"]\n  ca = \"{BASE}/unknown-ca.pem\"\n"),
        ),
        ["distrust", host] => machine::run("rm", &["-rf", &format!("/etc/containerd/certs.d/{host}")]),
        ["daemon", name, "stop"] => daemons.lock().expect("not poisoned").stop(name),
        ["daemon", name, "start"] => {
            daemons.lock().expect("not poisoned").start(name)?;
            daemons::wait_for("containerd", || machine::ctr(&["version"]).is_ok())?;
            Ok(String::new())
        }
        ["node", program, arguments @ ..] => machine::run(program, arguments),
        _ => Err(format!("ctl says one of:\n{ORDERS}").into()),
    }
}

fn repository_and_tag(image: &str) -> Option<(&str, &str)> {
    image.split_once('/')?.1.rsplit_once(':')
}

fn plain_http(place: &str) -> String {
    format!("server = \"http://{place}\"\n[host.\"http://{place}\"]\n  capabilities = [\"pull\", \"resolve\"]\n")
}
