//! The way to the API server: kubeconfig, credentials, one deadline for everything, GET requests. The only file that says `kube::`.

mod config;
mod refusal;

pub use config::names;
pub use refusal::{Kind, Refusal};

use crate::args::Connection;
use crate::elements::Elements;
use crate::failure::{Failure, plain};
use crate::progress::Progress;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::Value;
use std::pin::pin;
use std::time::Duration;
use tokio::time::Instant;

const JSON: &str = "application/json";
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const AGENT: &str = concat!("kubectl-imagepull/", env!("CARGO_PKG_VERSION"));
/// Elements of a page: what kubectl asks for.
pub const PAGE: &str = "500";
/// An error's words are short; what is longer is a web page.
const LARGEST_ERROR: usize = 64 << 10;
/// One object; a node with its list of images is the largest that we ask for.
const LARGEST_OBJECT: usize = 64 << 20;
/// A busy server is asked this often in all.
const TRIES: u32 = 3;
/// Longer waits between two tries are the user's to decide.
const LONGEST_WAIT: Duration = Duration::from_secs(3);
/// Where no limit is set, still an end.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// A reachable API server.
pub struct Cluster {
    client: kube::Client,
    names: config::Names,
    deadline: Instant,
    limit: Duration,
    verbose: bool,
    /// For who waits.
    pub progress: Progress,
}

/// Connects, and does `work` with the connection.
///
/// # Errors
/// When there is no way to the server, or `work` has none.
pub fn run<T>(
    connection: Connection,
    verbose: bool,
    work: impl AsyncFnOnce(&Cluster) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("the system gives no network: {error}"), ""))?;
    let done = runtime.block_on(async {
        let limit = connection.request_timeout.0.unwrap_or(FOREVER);
        let deadline = Instant::now() + limit;
        let cluster = connect(connection, verbose, limit, deadline).await?;
        let mut work = pin!(work(&cluster));
        let mut tick = tokio::time::interval_at(Instant::now() + Duration::from_secs(1), Duration::from_millis(250));
        let done = loop {
            tokio::select! {
                biased;
                done = &mut work => break done,
                _ = tick.tick() => cluster.progress.show(),
            }
        };
        cluster.progress.clear();
        done
    });
    // A credential plugin that hangs must not hold the exit up.
    runtime.shutdown_background();
    done
}

async fn connect(
    connection: Connection,
    verbose: bool,
    limit: Duration,
    deadline: Instant,
) -> Result<Cluster, Failure> {
    let (config, names) = config::config(connection).await?;
    let plugin = config::Plugin::of(&config);
    // A credential plugin is run here, and kube waits for it without giving the thread back.
    let building = tokio::task::spawn_blocking(move || kube::Client::try_from(config));
    let client = match tokio::time::timeout_at(deadline, building).await {
        Ok(Ok(Ok(client))) => client,
        Ok(Ok(Err(error))) => return Err(refusal::no_client(&error, &names, &plugin)),
        Ok(Err(_)) | Err(_) => {
            return Err(match plugin.command {
                Some(command) => Failure::new(
                    format!("the credential plugin `{command}` did not answer within {limit:?}"),
                    "Run it by hand: does it wait for a login? `--request-timeout` gives it more time.",
                ),
                None => Failure::new("the connection could not be prepared", ""),
            });
        }
    };
    Ok(Cluster { client, names, deadline, limit, verbose, progress: Progress::default() })
}

/// What is asked for: a path below the server's address and a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    path: String,
    query: Vec<(&'static str, String)>,
}

impl Address {
    /// The path of these segments, each encoded.
    pub fn new(segments: &[&str]) -> Address {
        Address { path: segments.iter().map(|segment| format!("/{}", encoded(segment))).collect(), query: Vec::new() }
    }

    /// The same with one more `key=value`.
    pub fn with(mut self, key: &'static str, value: &str) -> Address {
        self.query.push((key, value.to_owned()));
        self
    }

    /// The object with this name in a collection.
    pub fn below(mut self, name: &str) -> Address {
        self.path.push('/');
        self.path.push_str(&encoded(name));
        self
    }

    fn without(mut self, key: &str) -> Address {
        self.query.retain(|(known, _)| *known != key);
        self
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.path)?;
        for (position, (key, value)) in self.query.iter().enumerate() {
            write!(formatter, "{}{key}={}", if position == 0 { '?' } else { '&' }, encoded(value))?;
        }
        Ok(())
    }
}

/// Percent-encoding of everything that has a meaning in an address (RFC 3986, "unreserved" stays).
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// Form of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Whole objects.
    Objects,
    /// The server's own table, without the objects: what `kubectl get` prints.
    Table,
}

impl Cluster {
    /// Namespace of the context, or of the pod this runs in.
    pub fn namespace(&self) -> &str {
        &self.names.namespace
    }

    /// One object's bytes. Bytes, since a secret must not be taken apart here.
    ///
    /// # Errors
    /// When the server refuses, or cannot be reached in time.
    pub async fn bytes(&self, address: &Address) -> Result<Vec<u8>, Refusal> {
        let mut body = self.ask(address, JSON).await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk(&mut body, address).await? {
            if bytes.len() + chunk.len() > LARGEST_OBJECT {
                return Err(Refusal::new(Kind::NotKubernetes(String::new()), address));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// One object.
    ///
    /// # Errors
    /// When the server refuses, cannot be reached in time, or answers with something else.
    pub async fn object(&self, address: &Address) -> Result<Value, Refusal> {
        let bytes = self.bytes(address).await?;
        match serde_json::from_slice(&bytes) {
            Ok(value @ Value::Object(_)) => Ok(value),
            Err(error) if error.is_eof() && bytes.trim_ascii_start().starts_with(b"{") => {
                Err(Refusal::new(Kind::Broken("the answer is cut off".to_owned()), address))
            }
            _ => Err(Refusal::new(Kind::NotKubernetes(beginning(&bytes)), address)),
        }
    }

    /// A list in pages of 500: `each` gets the bytes of every element. Answers the first page without its elements (a table's
    /// columns stand there).
    ///
    /// # Errors
    /// As [`object`](Self::object). Elements that came before stay handed out.
    pub async fn list(&self, address: &Address, form: Form, each: &mut dyn FnMut(&[u8])) -> Result<Value, Refusal> {
        let mut first = None;
        let mut token: Option<String> = None;
        loop {
            // A continued list has its version in the token; the server refuses both together.
            let mut page = address.clone().without("limit").with("limit", PAGE);
            if let Some(token) = &token {
                page = page.without("resourceVersion").with("continue", token);
            }
            let rest = match self.page(&page, form, each).await {
                Ok(rest) => rest,
                // The list is older than the server remembers. It offers to go on with what there is now.
                Err(Refusal { kind: Kind::Gone(Some(fresh)), .. }) if token.as_deref() != Some(&fresh) => {
                    token = Some(fresh);
                    continue;
                }
                Err(refusal) => return Err(refusal),
            };
            let next = rest["metadata"]["continue"].as_str().filter(|next| !next.is_empty()).map(str::to_owned);
            first.get_or_insert(rest);
            match next {
                // The same token twice would never end.
                Some(next) if token.as_deref() != Some(&next) => token = Some(next),
                _ => return Ok(first.unwrap_or_default()),
            }
        }
    }

    /// One page of a list: what is beyond it is not asked for.
    ///
    /// # Errors
    /// As [`object`](Self::object).
    pub async fn one_page(&self, address: &Address, form: Form, each: &mut dyn FnMut(&[u8])) -> Result<Value, Refusal> {
        self.page(address, form, each).await
    }

    async fn page(&self, address: &Address, form: Form, each: &mut dyn FnMut(&[u8])) -> Result<Value, Refusal> {
        let mut body = self.ask(address, if form == Form::Table { TABLE } else { JSON }).await?;
        let mut elements = Elements::default();
        while let Some(chunk) = self.chunk(&mut body, address).await? {
            elements.feed(&chunk, &mut |element| {
                self.progress.read(1);
                each(element);
            });
        }
        let beginning = beginning(elements.beginning());
        elements.finish().ok_or_else(|| {
            Refusal::new(
                if beginning.starts_with('{') {
                    Kind::Broken("the answer is cut off".to_owned())
                } else {
                    Kind::NotKubernetes(beginning)
                },
                address,
            )
        })
    }

    /// The body of a good answer. A busy server is asked again, shortly.
    async fn ask(&self, address: &Address, accept: &str) -> Result<Body, Refusal> {
        let mut tries = 0;
        loop {
            tries += 1;
            let refusal = match self.ask_once(address, accept).await {
                Ok(body) => return Ok(body),
                Err(refusal) => refusal,
            };
            let wait = match refusal.kind {
                Kind::Busy(after) => after.unwrap_or(Duration::from_secs(1)),
                Kind::Server(502..=504) => Duration::from_millis(200 * u64::from(tries)),
                _ => return Err(refusal),
            };
            if tries == TRIES || wait > LONGEST_WAIT || Instant::now() + wait > self.deadline {
                return Err(refusal);
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn ask_once(&self, address: &Address, accept: &str) -> Result<Body, Refusal> {
        let request = Request::builder()
            .method(Method::GET)
            .uri(address.to_string())
            .header(ACCEPT, accept)
            .header(USER_AGENT, AGENT)
            .body(Body::empty())
            .map_err(|_| Refusal::new(Kind::Broken("no such address can be asked for".to_owned()), address))?;
        let started = Instant::now();
        let answer = tokio::time::timeout_at(self.deadline, self.client.send(request)).await;
        if self.verbose {
            let said = match &answer {
                Ok(Ok(answer)) => answer.status().as_u16().to_string(),
                Ok(Err(_)) => "no answer".to_owned(),
                Err(_) => "too late".to_owned(),
            };
            self.progress.clear();
            eprintln!("GET {} {said} {} ms", plain(&address.to_string()), started.elapsed().as_millis());
        }
        let answer = match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(Refusal::new(refusal::kind(&error), address)),
            Err(_) => return Err(Refusal::new(Kind::TooLate(self.limit), address)),
        };
        if answer.status().is_success() {
            return Ok(answer.into_body());
        }
        Err(self.refused(answer, address).await)
    }

    /// Reads what the server says with a status that is no success.
    async fn refused(&self, answer: Response<Body>, address: &Address) -> Refusal {
        let status = answer.status().as_u16();
        let after = answer.headers().get(RETRY_AFTER).and_then(|after| after.to_str().ok()?.parse().ok());
        let json =
            answer.headers().get(CONTENT_TYPE).is_none_or(|form| form.as_bytes().starts_with(b"application/json"));
        let mut body = answer.into_body();
        let mut bytes = Vec::new();
        while bytes.len() < LARGEST_ERROR
            && let Ok(Some(chunk)) = self.chunk(&mut body, address).await
        {
            bytes.extend_from_slice(&chunk);
        }
        let said: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let message = said["message"].as_str().map(str::to_owned);
        let kind = match status {
            401 => Kind::Unauthorized,
            403 => Kind::Forbidden,
            404 => Kind::NotFound,
            410 => Kind::Gone(said["metadata"]["continue"].as_str().map(str::to_owned)),
            429 => Kind::Busy(after.map(Duration::from_secs)),
            500.. => Kind::Server(status),
            _ => Kind::Other(status),
        };
        // The words of a web page are no help; a Status' are.
        let said = message.unwrap_or_else(|| if json { String::new() } else { "the answer is no JSON".to_owned() });
        Refusal { said: plain(&said), ..Refusal::new(kind, address) }
    }

    /// The next bytes of a body; `None` at its end.
    async fn chunk(&self, body: &mut Body, address: &Address) -> Result<Option<Bytes>, Refusal> {
        loop {
            match tokio::time::timeout_at(self.deadline, body.frame()).await {
                Ok(None) => return Ok(None),
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(bytes) => return Ok(Some(bytes)),
                    Err(_trailers) => {}
                },
                Ok(Some(Err(error))) => return Err(Refusal::new(refusal::in_body(&error), address)),
                Err(_) => return Err(Refusal::new(Kind::TooLate(self.limit), address)),
            }
        }
    }

    /// Why `what` could not be had, for the user.
    pub fn failure(&self, refusal: &Refusal, what: &str) -> Failure {
        refusal.failure(what, &self.names)
    }
}

fn beginning(bytes: &[u8]) -> String {
    let bytes = bytes.trim_ascii_start();
    plain(&String::from_utf8_lossy(&bytes[..bytes.len().min(60)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_encoded() {
        let address = Address::new(&["api", "v1", "namespaces", "a/../b", "pods"])
            .with("fieldSelector", "a=b,c=d")
            .with("limit", "1");
        assert_eq!(address.to_string(), "/api/v1/namespaces/a%2F..%2Fb/pods?fieldSelector=a%3Db%2Cc%3Dd&limit=1");
    }
}
