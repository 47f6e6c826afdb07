//! The way to the API server from outside: a port of loopback, joined to a socket file that the inside listens on.
//! A file is no part of the network namespace, so nobody has to enter it.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::Duration;
use std::{fs, process};

use crate::Result;
use crate::lifecycle::Running;

/// Serves until the lab is gone. Writes the kubeconfig that leads here. Arguments: the run folder, the lab's process id and its start time.
pub fn run(arguments: &[String]) -> Result<()> {
    let [folder, pid, started] = arguments else {
        return Err("forward wants a folder, a process id and its start".into());
    };
    let (folder, lab) = (Path::new(folder), Running { pid: pid.parse()?, started: started.parse()? });
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let inside = fs::read_to_string(folder.join("kubeconfig.inside"))?;
    let here = format!("https://{}", listener.local_addr()?);
    let config = inside.replace("https://127.0.0.1:6443", &here);
    fs::write(folder.join("kubeconfig.new"), config)?;
    fs::rename(folder.join("kubeconfig.new"), folder.join("kubeconfig"))?;
    thread::spawn(move || {
        while lab.lives() {
            thread::sleep(Duration::from_millis(300));
        }
        process::exit(0);
    });
    let socket = folder.join("api.sock");
    for outside in listener.incoming().flatten() {
        let socket = socket.clone();
        thread::spawn(move || both_ways(UnixStream::connect(socket)?, outside));
    }
    Ok(())
}

/// Copies until both sides have said all.
pub fn both_ways(left: UnixStream, right: TcpStream) -> io::Result<()> {
    let (mut left_in, mut right_out) = (left.try_clone()?, right.try_clone()?);
    let there = thread::spawn(move || {
        let _ = io::copy(&mut left_in, &mut right_out);
        let _ = right_out.shutdown(Shutdown::Write);
    });
    let (mut right_in, mut left_out) = (right, left);
    let _ = io::copy(&mut right_in, &mut left_out);
    let _ = left_out.shutdown(Shutdown::Write);
    let _ = there.join();
    Ok(())
}
