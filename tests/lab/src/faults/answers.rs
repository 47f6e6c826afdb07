//! What a host of each kind answers to one request: who may pull first, then names and formats, then blobs.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{Faults, Kind, Upstream};
use crate::images;

/// One request, read whole.
pub struct Request {
    /// Whom the client connected to.
    pub host: String,
    /// `GET`, `HEAD`, `POST` or `CONNECT`.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Without the `?`.
    pub query: String,
    /// Header Accept.
    pub accept: Option<String>,
    /// Header Authorization.
    pub authorization: Option<String>,
    /// As text.
    pub body: String,
}

/// One answer, and how it arrives.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Without Content-Length and Connection.
    pub headers: Vec<(String, String)>,
    /// Its length is announced, also to HEAD.
    pub body: Vec<u8>,
    /// How much of it arrives.
    pub delivery: Delivery,
}

/// How a body arrives. Numbers are bytes.
pub enum Delivery {
    /// As announced.
    Whole,
    /// The connection ends properly, too early.
    EndsAt(usize),
    /// The connection is reset.
    ResetAt(usize),
    /// Nothing more comes.
    StallsAt(usize),
    /// A hundred kilobytes a second.
    Slowly,
}

impl Answer {
    fn new(status: u16, media_type: &str, body: Vec<u8>) -> Answer {
        Answer {
            status,
            headers: vec![("Content-Type".to_owned(), media_type.to_owned())],
            body,
            delivery: Delivery::Whole,
        }
    }

    /// Plain words.
    pub fn text(status: u16, words: &str) -> Answer {
        Answer::new(status, "text/plain", words.as_bytes().to_vec())
    }

    fn page(status: u16, title: &str) -> Answer {
        Answer::new(
            status,
            "text/html; charset=utf-8",
            format!("<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n").into(),
        )
    }

    fn json(status: u16, value: &Value) -> Answer {
        Answer::new(status, "application/json", value.to_string().into_bytes())
    }

    /// An error in the distribution specification's form.
    fn error(status: u16, code: &str, message: &str) -> Answer {
        Answer::json(status, &json!({"errors": [{"code": code, "message": message}]}))
    }

    fn with(mut self, name: &str, value: impl Into<String>) -> Answer {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// What the request is about.
enum Subject<'a> {
    Token,
    Manifest(&'a str),
    Blob(&'a str),
    Other,
}

impl Request {
    fn subject(&self) -> Subject<'_> {
        if ["/token", "/v2/token", "/v2/auth", "/service/token", "/jwt/auth", "/oauth2/token"]
            .contains(&self.path.as_str())
        {
            return Subject::Token;
        }
        let rest = self.path.strip_prefix("/v2/").unwrap_or_default();
        match (rest.split_once("/manifests/"), rest.split_once("/blobs/")) {
            (Some((repository, _)), _) => Subject::Manifest(repository),
            (_, Some((repository, _))) => Subject::Blob(repository),
            _ => Subject::Other,
        }
    }

    fn repository(&self) -> &str {
        match self.subject() {
            Subject::Manifest(repository) | Subject::Blob(repository) => repository,
            Subject::Token | Subject::Other => "",
        }
    }

    fn is_get(&self) -> bool {
        self.method == "GET"
    }

    /// User and password of an `Authorization: Basic`.
    fn basic(&self) -> Option<(String, String)> {
        let coded = self.authorization.as_deref()?.strip_prefix("Basic ")?;
        let text = String::from_utf8(BASE64_STANDARD.decode(coded).ok()?).ok()?;
        text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
    }

    /// User and password, as Basic or in an OAuth form.
    fn login(&self) -> Option<(String, String)> {
        self.basic().or_else(|| Some((field(&self.body, "username")?, field(&self.body, "password")?)))
    }
}

/// The answer of a host.
pub fn answer(faults: &Faults, kind: Kind, request: &Request) -> Answer {
    if let Some(answer) = whole_host(kind, request) {
        return answer;
    }
    if matches!(request.subject(), Subject::Token) {
        return token(kind, request);
    }
    if let Some(refused) = may_pull(kind, request) {
        return refused;
    }
    match request.subject() {
        Subject::Manifest(_) => manifest(faults, kind, request),
        Subject::Blob(_) => blob(faults, kind, request),
        _ => upstream(faults, kind, request),
    }
}

fn upstream(faults: &Faults, kind: Kind, request: &Request) -> Answer {
    let port = if kind == Kind::Private { Upstream::WITH_PASSWORD } else { Upstream::OPEN };
    faults.upstream.ask(port, request)
}

/// Kinds that say the same to everything.
fn whole_host(kind: Kind, request: &Request) -> Option<Answer> {
    let balancer = |status, title| Some(Answer::page(status, title));
    match kind {
        Kind::Denied => Some(Answer::error(403, "DENIED", "requested access to the resource is denied")),
        Kind::DeniedOnGet if request.is_get() => {
            Some(Answer::error(403, "DENIED", "the image was quarantined by the security team"))
        }
        Kind::Firewall => balancer(403, "Access Denied"),
        Kind::NameUnknown => Some(Answer::error(404, "NAME_UNKNOWN", "repository name not known to registry")),
        Kind::Html => balancer(200, "Welcome to the intranet"),
        Kind::NotFoundPage => balancer(404, "Page not found"),
        Kind::RedirectLoop => Some(Answer::text(302, "").with("Location", format!("{}?again=1", request.path))),
        Kind::Retired => {
            Some(Answer::text(301, "").with("Location", "https://not-found-page-moved.lab.test/registry-has-moved"))
        }
        Kind::RateLimited => Some(
            Answer::error(429, "TOOMANYREQUESTS", "retry-after: 600s, allowed: 44000/minute")
                .with("Retry-After", "600"),
        ),
        Kind::RateLimitedBare => Some(Answer::text(429, "")),
        Kind::Status400 => Some(Answer::error(400, "NAME_INVALID", "invalid repository name")),
        Kind::Status404 => Some(Answer::text(404, "")),
        Kind::Status410 => Some(Answer::text(410, "")),
        Kind::Status500 => Some(Answer::error(500, "UNKNOWN", "unknown error")),
        Kind::Status502 => balancer(502, "502 Bad Gateway"),
        Kind::Status503 => balancer(503, "503 Service Temporarily Unavailable"),
        Kind::Status504 => balancer(504, "504 Gateway Time-out"),
        Kind::Negotiate => Some(Answer::text(401, "").with("WWW-Authenticate", "Negotiate")),
        _ => None,
    }
}

/// How good a login is.
#[derive(PartialEq)]
enum Login {
    None,
    Wrong,
    Expired,
    /// Known, but without rights.
    Powerless,
    Good,
}

fn login(request: &Request) -> Login {
    match request.login() {
        None => Login::None,
        Some((_, password)) if password == "lab" => Login::Good,
        Some((_, password)) if password == "powerless" => Login::Powerless,
        Some((_, password)) if is_expired(&password) => Login::Expired,
        Some(_) => Login::Wrong,
    }
}

/// ECR's passwords say themselves until when they are good: base64 of JSON with `expiration` in Unix seconds.
fn is_expired(password: &str) -> bool {
    let json: Option<Value> =
        BASE64_STANDARD.decode(password).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let expiration = json.and_then(|json| json["expiration"].as_i64());
    expiration.is_some_and(|expiration| expiration < OffsetDateTime::now_utc().unix_timestamp())
}

/// Registries that imitate real ones keep everything below `acme/` private.
fn is_private(repository: &str) -> bool {
    repository.starts_with("acme/")
}

/// `Some`: the registry refuses.
fn may_pull(kind: Kind, request: &Request) -> Option<Answer> {
    let repository = request.repository();
    if kind == Kind::Ecr {
        return ecr(request, repository);
    }
    realm(kind, request)?;
    let granted = request.authorization.as_deref().and_then(|value| value.strip_prefix("Bearer ")).map(rights);
    match granted {
        Some(rights) if rights == format!("pull {repository}") => None,
        None => Some(challenge(kind, request, "")),
        Some(_) => Some(match kind {
            Kind::Hub | Kind::Bearer => challenge(kind, request, ",error=\"insufficient_scope\""),
            _ => challenge(kind, request, ""),
        }),
    }
}

fn challenge(kind: Kind, request: &Request, more: &str) -> Answer {
    let (realm, service) = realm(kind, request).expect("only kinds with a token server are challenged");
    let repository = request.repository();
    let scope = if repository.is_empty() { String::new() } else { format!(",scope=\"repository:{repository}:pull\"") };
    let words = match kind {
        Kind::Harbor => format!("unauthorized to access repository: {repository}, action: pull"),
        Kind::Acr => "authentication required, visit https://aka.ms/acr/authorization for more information.".to_owned(),
        _ => "authentication required".to_owned(),
    };
    Answer::error(401, "UNAUTHORIZED", &words)
        .with("WWW-Authenticate", format!("Bearer realm=\"{realm}\",service=\"{service}\"{scope}{more}"))
}

/// Token server and service of a kind; `None`: no tokens here.
fn realm(kind: Kind, request: &Request) -> Option<(String, String)> {
    let host = &request.host;
    let here = |path: &str| Some((format!("https://{host}{path}"), host.clone()));
    match kind {
        Kind::Hub => Some(("https://auth.docker.io/token".to_owned(), "registry.docker.io".to_owned())),
        Kind::Quay => here("/v2/auth"),
        Kind::Harbor => here("/service/token").map(|(realm, _)| (realm, "harbor-registry".to_owned())),
        Kind::Gitlab => here("/jwt/auth").map(|(realm, _)| (realm, "container_registry".to_owned())),
        Kind::Acr => here("/oauth2/token"),
        Kind::ArtifactRegistry => here("/v2/token"),
        Kind::Bearer | Kind::Ghcr | Kind::Token401 | Kind::Token403 | Kind::Token429 | Kind::Token500 => here("/token"),
        Kind::TokenRefused => Some(("https://refused-token.lab.test/token".to_owned(), host.clone())),
        Kind::TokenUnknownHost => Some(("https://dns-unknown-token.lab.test/token".to_owned(), host.clone())),
        _ => None,
    }
}

fn token(kind: Kind, request: &Request) -> Answer {
    match kind {
        Kind::Token401 => return Answer::error(401, "UNAUTHORIZED", "authentication required"),
        Kind::Token403 => return Answer::error(403, "DENIED", "requested access to the resource is denied"),
        Kind::Token429 => return Answer::error(429, "TOOMANYREQUESTS", "too many requests").with("Retry-After", "120"),
        Kind::Token500 => return Answer::text(500, ""),
        _ => {}
    }
    // These have no OAuth form; clients ask again with GET and Basic.
    if request.method == "POST"
        && matches!(kind, Kind::Hub | Kind::Bearer | Kind::Quay | Kind::Harbor | Kind::ArtifactRegistry)
    {
        return Answer::text(405, "");
    }
    let scope = field(&request.query, "scope").or_else(|| field(&request.body, "scope")).unwrap_or_default();
    let repository = scope.strip_prefix("repository:").and_then(|rest| rest.strip_suffix(":pull")).unwrap_or_default();
    let login = login(request);
    if matches!(login, Login::Wrong | Login::Expired) {
        return match kind {
            Kind::Ghcr => Answer::error(403, "DENIED", "denied"),
            Kind::Gitlab => Answer::error(
                401,
                "UNAUTHORIZED",
                "HTTP Basic: Access denied. The provided password or token is incorrect",
            ),
            _ => Answer::json(401, &json!({"details": "incorrect username or password"})),
        };
    }
    let open = images::exists(repository) && (kind != Kind::Bearer && !is_private(repository));
    let granted = open || (login == Login::Good && images::exists(repository));
    if !granted && login != Login::Good {
        match kind {
            Kind::Ghcr => return Answer::error(403, "DENIED", "requested access to the resource is denied"),
            Kind::Gitlab => return Answer::error(403, "DENIED", "access forbidden"),
            Kind::Acr => return Answer::error(401, "UNAUTHORIZED", "authentication required"),
            Kind::ArtifactRegistry => {
                let words = format!(
                    "Permission \"artifactregistry.repositories.downloadArtifacts\" denied on resource \"{repository}\" (or it may not exist)"
                );
                return Answer::error(403, "DENIED", &words);
            }
            _ => {}
        }
    }
    // Who is let in sees that a repository is missing; Docker Hub does not even then.
    let may_see = granted || (login == Login::Good && kind != Kind::Hub);
    let token = BASE64_STANDARD.encode(if may_see { format!("pull {repository}") } else { "nothing".to_owned() });
    Answer::json(200, &json!({"token": token, "access_token": token, "expires_in": 300}))
}

/// What a token of ours allows.
fn rights(token: &str) -> String {
    BASE64_STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

fn ecr(request: &Request, repository: &str) -> Option<Answer> {
    let account = request.host.split('.').next().unwrap_or_default();
    let region = request.host.split('.').nth(3).unwrap_or_default();
    match login(request) {
        Login::None => {
            let realm = format!("Basic realm=\"https://{}/\",service=\"ecr.amazonaws.com\"", request.host);
            Some(Answer::text(401, "Not Authorized\n").with("WWW-Authenticate", realm))
        }
        Login::Expired => {
            Some(Answer::error(403, "DENIED", "Your authorization token has expired. Reauthenticate and try again."))
        }
        Login::Wrong => Some(Answer::error(400, "DENIED", "Your Authorization Token is invalid.")),
        Login::Powerless => {
            let words = format!(
                "User: arn:aws:sts::{account}:assumed-role/node/i-0a1b2c is not authorized to perform: ecr:BatchGetImage on resource: \
                 arn:aws:ecr:{region}:{account}:repository/{repository} because no identity-based policy allows the ecr:BatchGetImage action"
            );
            Some(Answer::error(403, "DENIED", &words))
        }
        Login::Good if !repository.is_empty() && !images::exists(repository) => {
            let words =
                format!("The repository with name '{repository}' does not exist in the registry with id '{account}'");
            Some(Answer::error(404, "NAME_UNKNOWN", &words))
        }
        Login::Good => None,
    }
}

fn manifest(faults: &Faults, kind: Kind, request: &Request) -> Answer {
    let made = |blob: images::Blob| {
        let digest = blob.digest();
        Answer::new(200, blob.media_type, blob.bytes).with("Docker-Content-Digest", digest)
    };
    let by_tag = !request.path.contains("/manifests/sha256:");
    match kind {
        Kind::IndexChildGone => {
            let index = images::index_without_child(request.repository());
            if by_tag || request.path.ends_with(&index.digest()) {
                return made(index);
            }
            return upstream(faults, kind, request);
        }
        Kind::SchemaOne => return made(images::schema_1(request.repository())),
        Kind::ManifestGone if request.is_get() => return Answer::error(404, "MANIFEST_UNKNOWN", "manifest unknown"),
        Kind::RateLimitedOnGet if request.is_get() => {
            let words =
                "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit";
            return Answer::error(429, "TOOMANYREQUESTS", words);
        }
        _ => {}
    }
    let mut answer = upstream(faults, kind, request);
    if answer.status != 200 {
        return answer;
    }
    match kind {
        Kind::ManifestTampered if request.is_get() => {
            // Same length and still JSON: only the digest shows it.
            let at = answer.body.iter().rposition(|byte| byte.is_ascii_digit()).expect("a manifest has sizes");
            answer.body[at] = if answer.body[at] == b'1' { b'2' } else { b'1' };
        }
        Kind::ManifestTooLarge => {
            let media_type = answer.header("Content-Type").unwrap_or_default().to_owned();
            let mut body = answer.body;
            body.resize(9 << 20, b' ');
            let digest = images::digest(&body);
            answer = Answer::new(200, &media_type, body).with("Docker-Content-Digest", digest);
        }
        Kind::OctetStream => {
            answer.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("Content-Type"));
            answer = answer.with("Content-Type", "application/octet-stream");
        }
        _ => {}
    }
    answer
}

fn blob(faults: &Faults, kind: Kind, request: &Request) -> Answer {
    let elsewhere = |host: &str| {
        let digest = request.path.rsplit("sha256:").next().unwrap_or_default();
        let signed = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=1200&X-Amz-Signature=0123456789abcdef";
        Answer::text(307, "").with("Location", format!("https://{host}/registry/blobs/{digest}?{signed}"))
    };
    match kind {
        Kind::Blob401 => return Answer::error(401, "UNAUTHORIZED", "authentication required"),
        Kind::Blob403 => {
            let body =
                "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
            return Answer::new(403, "application/xml", body.into());
        }
        Kind::Blob404 => return Answer::error(404, "BLOB_UNKNOWN", "blob unknown to registry"),
        Kind::Blob429 => return Answer::error(429, "TOOMANYREQUESTS", "too many requests"),
        Kind::Blob500 => return Answer::error(500, "UNKNOWN", "unknown error"),
        Kind::BlobUnknownHost => return elsewhere("dns-unknown-storage.lab.test"),
        Kind::BlobRefused => return elsewhere("refused-storage.lab.test"),
        Kind::BlobUnknownCa => return elsewhere("tls-unknown-ca-storage.lab.test"),
        _ => {}
    }
    let mut answer = upstream(faults, kind, request);
    let length = answer.body.len();
    // Configurations and the layer that all images share stay whole: it is the image's own, large layer that fails.
    if answer.status != 200 || !request.is_get() || length < 4 << 20 {
        return answer;
    }
    match kind {
        Kind::BlobCorrupt => answer.body[length / 2] ^= 0xff,
        Kind::BlobReset => answer.delivery = Delivery::ResetAt(length / 2),
        Kind::BlobTruncated => answer.delivery = Delivery::EndsAt(length / 2),
        Kind::BlobStall => answer.delivery = Delivery::StallsAt(2 << 20),
        Kind::Slow => answer.delivery = Delivery::Slowly,
        _ => {}
    }
    answer
}

/// A field of a query or form, decoded.
fn field(form: &str, name: &str) -> Option<String> {
    let coded = form.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    let mut bytes = Vec::new();
    let mut rest = coded.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let hex = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded() {
        assert_eq!(
            field("service=x&scope=repository%3Ashop%2Fweb%3Apull", "scope").as_deref(),
            Some("repository:shop/web:pull")
        );
        assert_eq!(field("service=x", "scope"), None);
    }

    #[test]
    fn an_ecr_token_says_itself_that_it_has_expired() {
        let token =
            |expiration: i64| BASE64_STANDARD.encode(json!({"payload": "x", "expiration": expiration}).to_string());
        assert!(is_expired(&token(1_700_000_000)));
        assert!(!is_expired(&token(4_000_000_000)));
        assert!(!is_expired("lab"));
    }
}
