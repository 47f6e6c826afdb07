//! Reading the cluster without a kubectl for each look: plain HTTP through `kubectl proxy` on a socket file.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Result;

/// A running `kubectl proxy`; ends with the value.
pub struct Api {
    socket: PathBuf,
    proxy: Child,
}

impl Api {
    /// Starts the proxy, in `folder`.
    pub fn start(kubectl: &Path, kubeconfig: &Path, folder: &Path) -> Result<Api> {
        let socket = folder.join("proxy.sock");
        let _ = std::fs::remove_file(&socket);
        let proxy = Command::new(kubectl)
            .arg("proxy")
            .arg(format!("--unix-socket={}", socket.display()))
            .env("KUBECONFIG", kubeconfig)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let api = Api { socket, proxy };
        let begin = Instant::now();
        while api.get("/version").is_err() {
            if begin.elapsed() > Duration::from_secs(15) {
                return Err("kubectl proxy did not come up".into());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(api)
    }

    /// One object or list.
    pub fn get(&self, path: &str) -> Result<Value> {
        let mut stream = UnixStream::connect(&self.socket)?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\nAccept: application/json\r\n\r\n")?;
        let mut text = Vec::new();
        stream.read_to_end(&mut text)?;
        let text = String::from_utf8_lossy(&text);
        let (head, body) = text.split_once("\r\n\r\n").ok_or("half an answer of the API server")?;
        if !head.contains(" 200 ") {
            return Err(format!("{path}: {}", head.lines().next().unwrap_or_default()).into());
        }
        Ok(serde_json::from_str(body)?)
    }

    /// The items of a list of one namespace, such as `pods`.
    pub fn list(&self, namespace: &str, kind: &str) -> Result<Vec<Value>> {
        let mut list = self.get(&format!("/api/v1/namespaces/{namespace}/{kind}"))?;
        Ok(list["items"].as_array_mut().map(std::mem::take).unwrap_or_default())
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        let _ = self.proxy.kill();
        let _ = self.proxy.wait();
    }
}
