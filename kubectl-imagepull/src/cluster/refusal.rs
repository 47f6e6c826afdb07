//! Why the API server gave no answer, and how to say that to a person.

use super::Address;
use super::config::{Names, Plugin};
use crate::failure::{Failure, plain};
use std::error::Error;
use std::time::Duration;

/// The server gave no answer, or none that helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What happened.
    pub kind: Kind,
    /// The server's own words; empty if none.
    pub said: String,
    /// What was asked.
    pub asked: Address,
}

/// Kinds of refusals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 401: who are you?
    Unauthorized,
    /// 403: you may not.
    Forbidden,
    /// 404: not there.
    NotFound,
    /// 410: a list's continuation is too old; the token to go on with, if one is offered.
    Gone(Option<String>),
    /// 429: too much at once; the wait that is asked for, if one is.
    Busy(Option<Duration>),
    /// 5xx.
    Server(u16),
    /// Another status.
    Other(u16),
    /// Not a word: refused, no route, no such host, a proxy in between; the system's words.
    Unreachable(String),
    /// No such host name; the system's words.
    NoSuchHost(String),
    /// The certificate or the handshake; the words of the TLS library.
    Tls(String),
    /// The time is up.
    TooLate(Duration),
    /// The connection or the answer broke off; in words.
    Broken(String),
    /// Something else answers there; its first words.
    NotKubernetes(String),
    /// A credential could not be had or renewed; in words.
    NoCredential(String),
}

impl Refusal {
    /// A refusal without words.
    pub fn new(kind: Kind, asked: &Address) -> Refusal {
        Refusal { kind, said: String::new(), asked: asked.clone() }
    }

    /// Whether the whole connection is in doubt, so that asking for something else is no use.
    pub fn is_about_the_connection(&self) -> bool {
        matches!(
            self.kind,
            Kind::Unauthorized
                | Kind::Unreachable(_)
                | Kind::NoSuchHost(_)
                | Kind::Tls(_)
                | Kind::NotKubernetes(_)
                | Kind::NoCredential(_)
        )
    }

    /// In a few words, for a list of what was not read.
    pub fn why(&self) -> String {
        match &self.kind {
            Kind::Unauthorized => "not logged in (401)".to_owned(),
            Kind::Forbidden => "forbidden".to_owned(),
            Kind::NotFound => "not found".to_owned(),
            Kind::Gone(_) => "changed while it was read (410)".to_owned(),
            Kind::Busy(_) => "the API server is busy (429)".to_owned(),
            Kind::Server(status) | Kind::Other(status) => format!("the API server answered {status}"),
            Kind::Unreachable(_) | Kind::NoSuchHost(_) => "the API server cannot be reached".to_owned(),
            Kind::Tls(_) => "no trusted connection".to_owned(),
            Kind::TooLate(limit) => format!("no answer within {limit:?}"),
            Kind::Broken(_) => "the answer broke off".to_owned(),
            Kind::NotKubernetes(_) => "the answer is not from an API server".to_owned(),
            Kind::NoCredential(_) => "no credential".to_owned(),
        }
    }

    /// For the user: `what` could not be had.
    pub fn failure(&self, what: &str, names: &Names) -> Failure {
        let server = names.describe();
        let words = if self.said.is_empty() { String::new() } else { format!(": {}", self.said) };
        match &self.kind {
            Kind::Unauthorized => Failure::new(
                format!("{server} does not know who you are (401){words}"),
                "The credential of this context is missing, wrong or expired: log in again (aws, gcloud, az, oc, tsh …), then try `kubectl get pods`.",
            ),
            Kind::Forbidden => {
                let who = names.acting_as.as_ref().map_or_else(String::new, |user| format!(", acting as {user}"));
                Failure::new(
                    format!("{what}: not allowed{who}{words}"),
                    "Ask for `get` and `list` on pods and events of the namespace (README, \"Permissions\"), or explain text instead:\n\
                     kubectl describe pod NAME | kubectl imagepull why -",
                )
            }
            Kind::NotFound => {
                Failure::new(format!("{what}: not found{words}"), "Is it the right namespace (`-n`) and context?")
            }
            Kind::Gone(_) => Failure::new(format!("{what}: the list changed while it was read (410)"), "Try again."),
            Kind::Busy(after) => Failure::new(
                format!("{server} is busy (429){words}"),
                match after {
                    Some(after) => format!("It asks to wait {} s. Try again then.", after.as_secs()),
                    None => "Try again in a minute.".to_owned(),
                },
            ),
            Kind::Server(status) => Failure::new(
                format!("{server} answered {status}{words}"),
                "The API server, or a proxy before it, has trouble of its own. Try again; `kubectl get --raw /readyz?verbose` says more.",
            ),
            Kind::Other(status) => Failure::new(format!("{what}: {server} answered {status}{words}"), ""),
            Kind::Unreachable(words) => Failure::new(
                format!("{server} cannot be reached: {words}"),
                format!("Is the cluster running, and is a VPN or proxy needed?{}", names.through()),
            ),
            Kind::NoSuchHost(words) => Failure::new(
                format!("{server} cannot be found: {words}"),
                format!("Is the address in the kubeconfig right, and is a VPN needed?{}", names.through()),
            ),
            Kind::Tls(words) => Failure::new(
                format!("no trusted connection to {server}: {words}"),
                "Does the kubeconfig have this cluster's certificate authority? `--certificate-authority FILE` and `--tls-server-name NAME` replace it for once.",
            ),
            Kind::TooLate(limit) => Failure::new(
                format!("{server} did not answer within {limit:?}"),
                format!("Try `--request-timeout 2m`.{}", names.through()),
            ),
            Kind::Broken(words) => Failure::new(
                format!("{what}: the connection to {server} broke off: {words}"),
                "Try again. If it happens each time, something between here and the API server cuts long answers.",
            ),
            Kind::NotKubernetes(words) => Failure::new(
                format!("what answers at {server} is no Kubernetes API server: {}", shown(words)),
                "Is the address right? A login page or a proxy may stand before it.",
            ),
            Kind::NoCredential(words) => Failure::new(format!("no credential for {server}: {words}"), "Log in again."),
        }
    }
}

fn shown(words: &str) -> String {
    if words.is_empty() {
        "its answer is empty or too large".to_owned()
    } else {
        format!("its answer begins with `{words}`")
    }
}

impl Names {
    fn describe(&self) -> String {
        match &self.context {
            Some(context) => format!("the API server {} (context {context})", self.server),
            None => format!("the API server {}", self.server),
        }
    }

    fn through(&self) -> String {
        self.proxy.as_ref().map_or_else(String::new, |proxy| format!(" Requests go through the proxy {proxy}."))
    }
}

/// What an error of kube is.
pub fn kind(error: &kube::Error) -> Kind {
    if let kube::Error::Auth(error) = error {
        return Kind::NoCredential(auth(error, &Plugin::default()).what);
    }
    let chain = chain(error);
    if let Some(auth) = chain.iter().find_map(|error| error.downcast_ref::<kube::client::AuthError>()) {
        return Kind::NoCredential(self::auth(auth, &Plugin::default()).what);
    }
    let words: Vec<String> = chain.iter().map(|error| error.to_string()).collect();
    let all = words.join(": ").to_lowercase();
    let last = plain(words.last().map_or("no answer", String::as_str));
    let io = chain.iter().find_map(|error| error.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    if all.contains("dns error") || all.contains("failed to lookup address") {
        Kind::NoSuchHost(last)
    } else if all.contains("certificate")
        || all.contains("tls")
        || all.contains("handshake")
        || all.contains("corrupt message")
    {
        Kind::Tls(last)
    } else if matches!(
        io,
        Some(std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe | std::io::ErrorKind::UnexpectedEof)
    ) || all.contains("before message completed")
        || all.contains("incomplete")
    {
        Kind::Broken(last)
    } else if all.contains("invalid http") || all.contains("parse error") {
        Kind::NotKubernetes("no HTTP".to_owned())
    } else {
        Kind::Unreachable(last)
    }
}

/// What an error in the middle of an answer is.
pub fn in_body(error: &kube::Error) -> Kind {
    Kind::Broken(plain(&chain(error).last().map_or_else(|| "no more data".to_owned(), ToString::to_string)))
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    let mut chain = vec![error];
    while let Some(source) = chain[chain.len() - 1].source() {
        chain.push(source);
    }
    chain
}

/// No client could be made of the configuration.
pub fn no_client(error: &kube::Error, names: &Names, plugin: &Plugin) -> Failure {
    let auth_error = match error {
        kube::Error::Auth(error) => Some(error),
        error => chain(error).into_iter().find_map(|error| error.downcast_ref::<kube::client::AuthError>()),
    };
    if let Some(error) = auth_error {
        return auth(error, plugin);
    }
    match error {
        kube::Error::ProxyProtocolUnsupported { .. } => Failure::new(
            format!("the proxy {} is of a kind that is not known", names.proxy.as_deref().unwrap_or_default()),
            "Known are http://, https:// and socks5://.",
        ),
        error => Failure::new(
            format!(
                "the kubeconfig's certificates or keys for {} cannot be used: {}",
                names.describe(),
                plain(&chain(error).last().map_or_else(String::new, ToString::to_string))
            ),
            "`kubectl config view --minify` shows where they come from.",
        ),
    }
}

/// A credential plugin, or a token file. Says nothing of what a plugin printed on standard output: that is the credential.
fn auth(error: &kube::client::AuthError, plugin: &Plugin) -> Failure {
    use kube::client::AuthError;
    let command = plugin.command.clone().unwrap_or_else(|| "of the kubeconfig".to_owned());
    let hint = plugin.hint.clone().map_or_else(String::new, |hint| format!("\n{hint}"));
    match error {
        AuthError::AuthExecStart(error) if error.kind() == std::io::ErrorKind::NotFound => Failure::new(
            format!("the credential plugin `{command}` is not installed, or not on the PATH"),
            format!("The kubeconfig's user logs in with it.{hint}"),
        ),
        AuthError::AuthExecStart(error) => Failure::new(
            format!("the credential plugin `{command}` cannot be started: {error}"),
            hint.trim_start().to_owned(),
        ),
        AuthError::AuthExecRun { out, .. } => {
            let said = String::from_utf8_lossy(&out.stderr);
            let said: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
            let said = said[said.len().saturating_sub(5)..].join("\n");
            let advice = if said.is_empty() && plugin.spoke { "Its message is above.".to_owned() } else { said };
            let ended = out
                .status
                .code()
                .map_or_else(|| "was ended by a signal".to_owned(), |code| format!("failed (exit code {code})"));
            Failure::new(
                format!("the credential plugin `{command}` {ended}"),
                format!("{advice}\nLog in again, then retry."),
            )
        }
        AuthError::AuthExecParse(_) | AuthError::ExecPluginFailed | AuthError::MalformedTokenExpirationDate(_) => {
            Failure::new(
                format!("the credential plugin `{command}` printed no credential"),
                "It must print an ExecCredential with a status; run it by hand to see what it prints.",
            )
        }
        AuthError::MissingCommand => Failure::new("the kubeconfig's `exec` names no command", ""),
        AuthError::ReadTokenFile(error, path) => {
            Failure::new(format!("the token file {} cannot be read: {error}", path.display()), "")
        }
        _ => Failure::new("the kubeconfig's credential cannot be used", "`kubectl get pods` says more."),
    }
}
