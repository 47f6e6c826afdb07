//! The real registry behind the healthy hosts: two distribution processes over one storage. A repository is pushed when it is first asked for.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;

use super::answers::{Answer, Delivery, Request};
use crate::Result;
use crate::images::{self, Image};

/// Both processes, and what has been pushed.
pub struct Upstream {
    program: Vec<u8>,
    /// Repository and tag; the lock is held during a push, so that nobody reads half of it.
    pushed: Mutex<HashSet<(String, String)>>,
}

impl Upstream {
    /// Port of the process that serves everybody.
    pub const OPEN: u16 = 5001;
    /// Port of the process that wants user and password `lab`.
    pub const WITH_PASSWORD: u16 = 5002;

    /// `program` is what images run.
    pub fn new(program: Vec<u8>) -> Upstream {
        Upstream { program, pushed: Mutex::default() }
    }

    /// Passes a request on.
    pub fn ask(&self, port: u16, request: &Request) -> Answer {
        let answer = self.provide(&request.path).and_then(|()| {
            let mut headers = vec![("Host", request.host.as_str())];
            headers.extend(request.accept.as_deref().map(|accept| ("Accept", accept)));
            headers.extend(
                request
                    .authorization
                    .as_deref()
                    .filter(|_| port == Upstream::WITH_PASSWORD)
                    .map(|value| ("Authorization", value)),
            );
            let target = format!("{}?{}", request.path, request.query);
            exchange(port, &request.method, &target, &headers, b"")
        });
        answer.unwrap_or_else(|error| Answer::text(500, &format!("the lab's own registry failed: {error}\n")))
    }

    /// Pushes a good image under a tag, until its old content is asked for by a new start of the lab or by [`Upstream::forget`].
    pub fn rebuild(&self, repository: &str, tag: &str) -> Result<()> {
        let mut pushed = self.pushed.lock().expect("no thread panics while it pushes");
        let image = images::image(repository, "1", &self.program).ok_or("every repository has a tag 1")?;
        push(repository, tag, &image)?;
        pushed.insert((repository.to_owned(), tag.to_owned()));
        Ok(())
    }

    /// Makes a tag what its name says again, when it is next asked for.
    pub fn forget(&self, repository: &str, tag: &str) {
        self.pushed.lock().expect("no thread panics while it pushes").remove(&(repository.to_owned(), tag.to_owned()));
    }

    /// Pushes what a path such as `/v2/shop/web/manifests/1` names.
    fn provide(&self, path: &str) -> Result<()> {
        let Some((repository, tag)) = path.strip_prefix("/v2/").and_then(|rest| rest.split_once("/manifests/")) else {
            return Ok(());
        };
        if !images::exists(repository) {
            return Ok(());
        }
        let mut pushed = self.pushed.lock().expect("no thread panics while it pushes");
        let key = (repository.to_owned(), tag.to_owned());
        if pushed.contains(&key) {
            return Ok(());
        }
        if let Some(image) = images::image(repository, tag, &self.program) {
            push(repository, tag, &image)?;
            pushed.insert(key);
        }
        Ok(())
    }
}

fn push(repository: &str, tag: &str, image: &Image) -> Result<()> {
    for blob in &image.blobs {
        let started = exchange(
            Upstream::OPEN,
            "POST",
            &format!("/v2/{repository}/blobs/uploads/"),
            &[("Host", "registry")],
            b"",
        )?;
        let place = started.header("Location").ok_or("the registry gave no place for an upload")?;
        let place = place.split_once("/v2/").map_or(place, |(_, path)| path);
        let target = format!("/v2/{place}&digest={}", blob.digest());
        let headers = [("Host", "registry"), ("Content-Type", "application/octet-stream")];
        let done = exchange(Upstream::OPEN, "PUT", &target, &headers, &blob.bytes)?;
        if done.status != 201 {
            return Err(format!("pushing a blob of {repository}: {}", done.status).into());
        }
    }
    for (index, manifest) in image.manifests.iter().enumerate() {
        let name = if index + 1 == image.manifests.len() { tag.to_owned() } else { manifest.digest() };
        let headers = [("Host", "registry"), ("Content-Type", manifest.media_type)];
        let done =
            exchange(Upstream::OPEN, "PUT", &format!("/v2/{repository}/manifests/{name}"), &headers, &manifest.bytes)?;
        if done.status != 201 {
            let words = String::from_utf8_lossy(&done.body).into_owned();
            return Err(format!("pushing {repository}:{tag}: {} {words}", done.status).into());
        }
    }
    Ok(())
}

/// One HTTP/1.0 request, so that the answer ends with the connection and is never in chunks.
fn exchange(port: u16, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    let mut head = format!("{method} {target} HTTP/1.0\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    stream.write_all(body)?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;

    let mut parsed = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut parsed);
    let httparse::Status::Complete(length) = response.parse(&bytes)? else { return Err("half an answer".into()) };
    let headers: HashMap<String, String> = response
        .headers
        .iter()
        .map(|header| (header.name.to_owned(), String::from_utf8_lossy(header.value).into_owned()))
        .collect();
    let status = response.code.unwrap_or(500);
    let mut body = bytes.split_off(length);
    if method == "HEAD" {
        // The length is what counts in an answer to HEAD; `Answer` says it by its body.
        let announced = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("Content-Length"));
        body = vec![0; announced.and_then(|(_, length)| length.parse().ok()).unwrap_or(0)];
    }
    let headers = headers
        .into_iter()
        .filter(|(name, _)| !["content-length", "connection", "date"].contains(&name.to_lowercase().as_str()));
    Ok(Answer { status, headers: headers.collect(), body, delivery: Delivery::Whole })
}
