//! An API server on loopback that answers from a list of objects, as far as this project asks: GET of objects and lists, field
//! and label selectors, pages, tables. It records every request, and can be told to fail in the ways a real one does.
//!
//! The tests of `api_server.rs` hold it to a real kube-apiserver.

use crate::folder::Folder;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `GET`.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Decoded.
    pub query: HashMap<String, String>,
    /// Names in lower case; those that came several times are joined by a comma.
    pub headers: HashMap<String, String>,
}

impl Request {
    /// A parameter of the query; empty if it is not there.
    pub fn param(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    /// A header; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// What the server does with a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// 200 with this.
    Json(Value),
    /// 200 with this text as JSON.
    Text(Arc<str>),
    /// A Status with this code, reason and message.
    Status(u16, &'static str, String),
    /// The same with `Retry-After` seconds.
    Busy(u64),
    /// A web page with this code.
    Html(u16),
    /// 200, a length, and half of the bytes.
    CutOff(String),
    /// Half of a JSON text as if it were whole.
    HalfJson(String),
    /// Nothing, for longer than any test waits.
    Hang,
    /// The connection ends without a word.
    HangUp,
    /// No HTTP at all.
    Garbage,
}

/// Decides before the objects do; `None` leaves it to them.
pub type Rule = dyn Fn(&Request) -> Option<Answer> + Send + Sync;

/// The server. It ends with this value.
pub struct FakeApi {
    address: String,
    requests: Arc<Mutex<Vec<Request>>>,
    folder: Folder,
}

impl FakeApi {
    /// Serves these objects.
    pub fn serve(objects: Vec<Value>) -> FakeApi {
        FakeApi::with(objects, |_| None)
    }

    /// Serves these objects, but for what the rule answers.
    ///
    /// # Panics
    /// When there is no port to listen on.
    pub fn with(objects: Vec<Value>, rule: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static) -> FakeApi {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = format!("http://{}", listener.local_addr().expect("it listens"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let store = Arc::new(Store { objects });
        let rule: Arc<Rule> = Arc::new(rule);
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (store, rule, seen) = (Arc::clone(&store), Arc::clone(&rule), Arc::clone(&seen));
                std::thread::spawn(move || {
                    let _ = connection(stream, &store, &*rule, &seen);
                });
            }
        });
        let folder = Folder::new();
        folder.write("kubeconfig", kubeconfig(&address, "    token: KUBECONFIG-TOKEN\n"));
        FakeApi { address, requests, folder }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A kubeconfig for it: context `test`, namespace `shop`.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// The program with these arguments, and this server as its cluster.
    pub fn program(&self, arguments: &str) -> crate::program::Program {
        crate::program::Program::new(arguments).env("KUBECONFIG", self.kubeconfig())
    }

    /// Everything that was asked so far.
    ///
    /// # Panics
    /// When a request was no GET: the program reads, and nothing else.
    pub fn requests(&self) -> Vec<Request> {
        let requests = self.requests.lock().expect("no test panics here").clone();
        for request in &requests {
            assert_eq!(request.method, "GET", "{request:?}");
        }
        requests
    }
}

/// A kubeconfig with one context `test`; `user` are the lines below `user:`.
pub fn kubeconfig(server: &str, user: &str) -> String {
    let user = if user.is_empty() { "    {}\n" } else { user };
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: test\n\
         clusters:\n- name: test\n  cluster:\n    server: {server}\n\
         contexts:\n- name: test\n  context:\n    cluster: test\n    user: test\n    namespace: shop\n\
         users:\n- name: test\n  user:\n{user}"
    )
}

fn connection(stream: TcpStream, store: &Store, rule: &Rule, seen: &Mutex<Vec<Request>>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    while let Some(request) = read(&mut reader)? {
        seen.lock().expect("no thread panics here").push(request.clone());
        let answer = if request.method == "GET" {
            rule(&request).unwrap_or_else(|| store.answer(&request))
        } else {
            Answer::Status(405, "MethodNotAllowed", "this server only reads".to_owned())
        };
        if !write(&mut stream, answer)? {
            return Ok(());
        }
    }
    Ok(())
}

fn read(reader: &mut impl BufRead) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default().to_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let query = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect();
    let mut headers: HashMap<String, String> = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        let value = value.trim();
        headers
            .entry(name.to_ascii_lowercase())
            .and_modify(|known| known.push_str(&format!(",{value}")))
            .or_insert_with(|| value.to_owned());
    }
    Ok(Some(Request { method, path: decoded(path), query, headers }))
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%'
            && let Some(hex) =
                after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok())
        {
            bytes.push(hex);
            rest = &after[2..];
        } else {
            bytes.push(if byte == b'+' { b' ' } else { byte });
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Answers whether the connection goes on.
fn write(stream: &mut TcpStream, answer: Answer) -> std::io::Result<bool> {
    let head = |code: u16, form: &str, length: usize, more: &str| {
        format!("HTTP/1.1 {code} X\r\nContent-Type: {form}\r\nContent-Length: {length}\r\n{more}\r\n")
    };
    let mut whole = |code: u16, form: &str, body: &str, more: &str| -> std::io::Result<bool> {
        stream.write_all(head(code, form, body.len(), more).as_bytes())?;
        stream.write_all(body.as_bytes())?;
        Ok(true)
    };
    match answer {
        Answer::Json(value) => whole(200, "application/json", &value.to_string(), ""),
        Answer::Text(text) => whole(200, "application/json", &text, ""),
        Answer::Status(code, reason, message) => {
            whole(code, "application/json", &status(code, reason, &message).to_string(), "")
        }
        Answer::Busy(seconds) => {
            let body = status(429, "TooManyRequests", "too many requests").to_string();
            whole(429, "application/json", &body, &format!("Retry-After: {seconds}\r\n"))
        }
        Answer::Html(code) => whole(code, "text/html", "<!DOCTYPE html><html><body>Please log in</body></html>", ""),
        Answer::HalfJson(text) => whole(200, "application/json", &text[..text.len() / 2], ""),
        Answer::CutOff(text) => {
            stream.write_all(head(200, "application/json", text.len(), "").as_bytes())?;
            stream.write_all(&text.as_bytes()[..text.len() / 2])?;
            Ok(false)
        }
        Answer::Hang => {
            std::thread::sleep(Duration::from_secs(300));
            Ok(false)
        }
        Answer::HangUp => Ok(false),
        Answer::Garbage => {
            stream.write_all(b"SSH-2.0-OpenSSH_9.2p1\r\n")?;
            Ok(false)
        }
    }
}

fn status(code: u16, reason: &str, message: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason, "code": code})
}

/// 403 as a real server words it.
pub fn forbidden(request: &Request) -> Answer {
    Answer::Status(403, "Forbidden", format!("{} is forbidden: User \"ann\" cannot do that", request.path))
}

struct Store {
    objects: Vec<Value>,
}

/// Where a path points.
struct Asked<'a> {
    group: &'a str,
    namespace: Option<&'a str>,
    plural: &'a str,
    name: Option<&'a str>,
}

impl<'a> Asked<'a> {
    fn read(path: &'a str) -> Option<Asked<'a>> {
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let (group, rest) = match segments.as_slice() {
            ["api", "v1", rest @ ..] => ("", rest),
            ["apis", group, _version, rest @ ..] => (*group, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
            rest => (None, rest),
        };
        match rest {
            [plural] => Some(Asked { group, namespace, plural, name: None }),
            [plural, name] => Some(Asked { group, namespace, plural, name: Some(name) }),
            _ => None,
        }
    }
}

impl Store {
    fn answer(&self, request: &Request) -> Answer {
        let Some(asked) = Asked::read(&request.path) else { return self.not_found(&request.path) };
        let found: Vec<&Value> = self
            .objects
            .iter()
            .filter(|object| plural(object) == asked.plural && group(object) == asked.group)
            .filter(|object| asked.namespace.is_none_or(|namespace| object["metadata"]["namespace"] == namespace))
            .filter(|object| asked.name.is_none_or(|name| object["metadata"]["name"] == name))
            .filter(|object| selected_by_fields(object, request.param("fieldSelector")))
            .filter(|object| selected_by_labels(object, request.param("labelSelector")))
            .collect();
        match (asked.name, found.as_slice()) {
            (Some(_), [object]) => Answer::Json((*object).clone()),
            (Some(name), _) => self.not_found(&format!("{} \"{name}\"", asked.plural)),
            (None, found) => list(found, request),
        }
    }

    fn not_found(&self, what: &str) -> Answer {
        Answer::Status(404, "NotFound", format!("{what} not found"))
    }
}

fn list(found: &[&Value], request: &Request) -> Answer {
    let from: usize = request.param("continue").parse().unwrap_or(0);
    let limit: usize = request.param("limit").parse().ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let to = from.saturating_add(limit).min(found.len());
    let page = &found[from.min(to)..to];
    let token = if to < found.len() { to.to_string() } else { String::new() };
    let metadata = json!({"resourceVersion": "1", "continue": token});
    if request.header("accept").contains("as=Table") {
        let object = request.param("includeObject");
        let rows: Vec<Value> = page
            .iter()
            .map(|object_of_row| {
                let shown = if object == "None" {
                    Value::Null
                } else {
                    json!({"kind": "PartialObjectMetadata", "metadata": object_of_row["metadata"]})
                };
                json!({"cells": cells(object_of_row), "object": shown})
            })
            .collect();
        let columns = json!([{"name": "Name", "type": "string"}, {"name": "Ready", "type": "string"}, {"name": "Status", "type": "string"}]);
        return Answer::Json(
            json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": columns, "rows": rows}),
        );
    }
    // Elements of a list do not say what they are.
    let items: Vec<Value> = page
        .iter()
        .map(|object| {
            let mut object = (*object).clone();
            if let Some(object) = object.as_object_mut() {
                object.remove("kind");
                object.remove("apiVersion");
            }
            object
        })
        .collect();
    Answer::Json(json!({"kind": "List", "apiVersion": "v1", "metadata": metadata, "items": items}))
}

/// A row as kubectl prints it; of pods: name, READY, STATUS.
fn cells(object: &Value) -> Value {
    let name = &object["metadata"]["name"];
    if object["kind"] != "Pod" {
        return json!([name, object["type"], "1"]);
    }
    let none = Vec::new();
    let statuses = object["status"]["containerStatuses"].as_array().unwrap_or(&none);
    let ready = statuses.iter().filter(|status| status["ready"] == true).count();
    let waiting = statuses.iter().find_map(|status| status["state"]["waiting"]["reason"].as_str());
    let word = waiting.or(object["status"]["phase"].as_str()).unwrap_or("Unknown");
    json!([name, format!("{ready}/{}", statuses.len()), word])
}

fn plural(object: &Value) -> String {
    format!("{}s", object["kind"].as_str().unwrap_or_default().to_lowercase())
}

fn group(object: &Value) -> &str {
    object["apiVersion"].as_str().and_then(|version| version.rsplit_once('/')).map_or("", |(group, _)| group)
}

fn selected_by_fields(object: &Value, selector: &str) -> bool {
    selector.split(',').filter(|term| !term.is_empty()).all(|term| {
        let (path, wanted, equal) = match term.split_once("!=") {
            Some((path, wanted)) => (path, wanted, false),
            None => {
                let (path, wanted) = term.split_once('=').unwrap_or((term, ""));
                (path, wanted.trim_start_matches('='), true)
            }
        };
        let value = path.split('.').fold(object, |object, field| &object[field]);
        (value.as_str().unwrap_or_default() == wanted) == equal
    })
}

fn selected_by_labels(object: &Value, selector: &str) -> bool {
    let labels = &object["metadata"]["labels"];
    selector.split(',').filter(|term| !term.is_empty()).all(|term| match term.split_once('=') {
        Some((key, wanted)) => labels[key] == wanted.trim_start_matches('='),
        None => labels.get(term).is_some(),
    })
}
