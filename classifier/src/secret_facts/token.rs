//! What kind of token a password is, and when it dies, as far as the token itself says.

use serde::{Deserialize, Serialize};

use super::shape::{self, UsernameShape};
use super::word;
use crate::keyring::{go_base64, go_json};
use crate::read::tree::Node;

/// A token that was recognized by its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenFacts {
    /// Who issues such tokens.
    pub kind: TokenKind,
    /// When it dies.
    pub expiry: Expiry,
}

impl TokenFacts {
    /// As a bundle has it; `None` for `null`.
    pub(super) fn read(token: &Node) -> Option<TokenFacts> {
        let seconds = |key: &str| token.text(&["expiry", key])?.parse().ok();
        let expiry = match (token.text(&["expiry"]), seconds("at"), seconds("within-seconds")) {
            (Some("with-job"), ..) => Expiry::WithJob,
            (Some("never"), ..) => Expiry::Never,
            (_, Some(at), _) => Expiry::At(at),
            (_, _, Some(seconds)) => Expiry::WithinSeconds(seconds),
            _ => Expiry::Unreadable,
        };
        Some(TokenFacts { kind: word(token, "kind")?, expiry })
    }
}

/// When a token dies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expiry {
    /// At this moment, in seconds since 1970; the token says so itself.
    At(i64),
    /// So many seconds after it was issued. When that was, the token does not say; the secret that holds it was written
    /// later than that.
    WithinSeconds(i64),
    /// With the CI job that it was made for: in a cluster's secret it is as good as dead.
    WithJob,
    /// The token carries no date and tokens of its kind have none.
    Never,
    /// It may have one, only its issuer knows.
    #[default]
    Unreadable,
}

/// Kinds of tokens that can be told by their form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenKind {
    /// `aws ecr get-login-password`: base64 of a JSON with `expiration`; 12 hours.
    Ecr,
    /// Azure Container Registry's refresh token: a JWT; 3 hours.
    AzureRefresh,
    /// An Azure Container Registry admin password or scope-map token (`+ACR` inside).
    AzureRegistryPassword,
    /// Google's OAuth access token (`ya29.`); 1 hour.
    GoogleAccess,
    /// A Google service account's key file.
    GoogleKeyFile,
    /// GitHub, classic personal token (`ghp_`).
    GithubClassic,
    /// GitHub, fine-grained personal token (`github_pat_`): always has an expiry, not readable.
    GithubFineGrained,
    /// GitHub, token of an OAuth or GitHub app acting for a user (`gho_`, `ghu_`, `ghr_`).
    GithubUser,
    /// GitHub, an app's installation token, such as the `GITHUB_TOKEN` of an Actions job (`ghs_`).
    GithubJob,
    /// GitLab, personal, project or group token (`glpat-`).
    GitlabAccess,
    /// GitLab deploy token (`gldt-`).
    GitlabDeploy,
    /// GitLab CI job token (`glcbt-`, or any password of `gitlab-ci-token`).
    GitlabJob,
    /// GitLab OAuth application secret or token (`gloas-`).
    GitlabOauth,
    /// Docker Hub personal token (`dckr_pat_`).
    DockerHubPersonal,
    /// Docker Hub organization token (`dckr_oat_`); its user is the organization.
    DockerHubOrganization,
    /// Artifactory access token: a JWT of version 2.
    ArtifactoryAccess,
    /// Artifactory reference token (`cmVmdGtu…`).
    ArtifactoryReference,
    /// Artifactory API key (`AKCp`).
    ArtifactoryApiKey,
    /// A Kubernetes service account's token, as OpenShift's own registry takes it.
    KubernetesServiceAccount,
    /// A Red Hat registry service account's token.
    RedHatRegistry,
    /// IBM Cloud IAM bearer token; 1 hour.
    IbmIam,
    /// Any other JSON Web Token.
    Jwt,
    /// A kind that a newer version of this program knows.
    #[default]
    #[serde(other)]
    Unknown,
}

/// Recognizes a password.
pub(crate) fn read(username: UsernameShape, password: &[u8]) -> Option<TokenFacts> {
    let facts = |kind, expiry| Some(TokenFacts { kind, expiry });
    if shape::is_google_key(password) {
        return facts(TokenKind::GoogleKeyFile, Expiry::Never);
    }
    let password = password.trim_ascii();
    // GitHub: "Behind GitHub's new authentication token formats"; GitLab: docs, "Token overview"; Docker: docs, access tokens
    const PREFIXES: [(&str, TokenKind, Expiry); 17] = [
        ("ya29.", TokenKind::GoogleAccess, Expiry::WithinSeconds(3600)),
        ("ghp_", TokenKind::GithubClassic, Expiry::Unreadable),
        ("github_pat_", TokenKind::GithubFineGrained, Expiry::Unreadable),
        ("gho_", TokenKind::GithubUser, Expiry::Unreadable),
        ("ghu_", TokenKind::GithubUser, Expiry::Unreadable),
        ("ghr_", TokenKind::GithubUser, Expiry::Unreadable),
        ("ghs_", TokenKind::GithubJob, Expiry::WithJob),
        ("glpat-", TokenKind::GitlabAccess, Expiry::Unreadable),
        ("gldt-", TokenKind::GitlabDeploy, Expiry::Unreadable),
        ("glcbt-", TokenKind::GitlabJob, Expiry::WithJob),
        ("gloas-", TokenKind::GitlabOauth, Expiry::Unreadable),
        ("dckr_pat_", TokenKind::DockerHubPersonal, Expiry::Unreadable),
        ("dckr_oat_", TokenKind::DockerHubOrganization, Expiry::Unreadable),
        ("AKCp", TokenKind::ArtifactoryApiKey, Expiry::Never),
        // Artifactory, under its own words below; here so that a token that does not decode is still known
        ("cmVmdGtu", TokenKind::ArtifactoryReference, Expiry::Unreadable),
        ("_dcgcr_", TokenKind::GoogleAccess, Expiry::WithinSeconds(3600)),
        ("sha256~", TokenKind::KubernetesServiceAccount, Expiry::Unreadable),
    ];
    if let Some(expiry) = artifactory_reference_expiry(password) {
        return facts(TokenKind::ArtifactoryReference, expiry);
    }
    if let Some((_, kind, expiry)) = PREFIXES.iter().find(|(prefix, ..)| password.starts_with(prefix.as_bytes())) {
        return facts(*kind, *expiry);
    }
    if let Some(token) = json_web_token(username, password) {
        return Some(token);
    }
    if let Some(expiry) = ecr_expiry(password) {
        return facts(TokenKind::Ecr, expiry);
    }
    match username {
        // longer than any password of a person: the token in a form that we cannot read (ECR Public)
        UsernameShape::Aws if password.len() > 300 => facts(TokenKind::Ecr, Expiry::WithinSeconds(12 * 3600)),
        UsernameShape::GitlabJob if !password.is_empty() => facts(TokenKind::GitlabJob, Expiry::WithJob),
        _ if password.len() >= 32 && password.windows(4).any(|window| window == b"+ACR") => {
            facts(TokenKind::AzureRegistryPassword, Expiry::Unreadable)
        }
        _ => None,
    }
}

fn jwt_facts(username: UsernameShape, header: &Object<'_>, claims: &Object<'_>) -> TokenFacts {
    let issuer = claims.text("iss").unwrap_or_default();
    let kind = if issuer == "Azure Container Registry" || claims.says("grant_type", "refresh_token") {
        TokenKind::AzureRefresh
    } else if issuer == "kubernetes/serviceaccount" || claims.get("kubernetes.io").is_some() {
        TokenKind::KubernetesServiceAccount
    } else if issuer.starts_with("jfac@") || issuer.starts_with("jfrt@") || issuer.starts_with("jfxr@") {
        TokenKind::ArtifactoryAccess
    } else if issuer.contains("iam.cloud.ibm.com") || username == UsernameShape::IbmCloud {
        TokenKind::IbmIam
    } else if username == UsernameShape::RedHatServiceAccount {
        TokenKind::RedHatRegistry
    } else if header.says("ver", "2") {
        TokenKind::ArtifactoryAccess
    } else {
        TokenKind::Jwt
    };
    let expiry = match claims.seconds("exp") {
        None | Some(0) => Expiry::Never,
        Some(at) => Expiry::At(at),
    };
    TokenFacts { kind, expiry }
}

/// What header and claims of a JSON Web Token (RFC 7519) say, signature unread.
fn json_web_token(username: UsernameShape, password: &[u8]) -> Option<TokenFacts> {
    let mut parts = password.split(|byte| *byte == b'.');
    let (header, claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || !header.starts_with(b"eyJ") {
        return None;
    }
    let (header, claims) = (go_base64::decode_any(header)?, go_base64::decode_any(claims)?);
    let (header, claims) = (Object::read(&header)?, Object::read(&claims)?);
    header.get("alg").is_some().then(|| jwt_facts(username, &header, &claims))
}

/// The private registry's token: base64 of `{"payload":…,"datakey":…,"type":"DATA_KEY","expiration":<seconds>}`.
fn ecr_expiry(password: &[u8]) -> Option<Expiry> {
    let token = go_base64::decode_any(password)?;
    let token = Object::read(&token)?;
    let is_ecr = token.get("payload").is_some() && (token.get("datakey").is_some() || token.says("type", "DATA_KEY"));
    is_ecr.then(|| token.seconds("expiration").map_or(Expiry::WithinSeconds(12 * 3600), Expiry::At))
}

/// Base64 of `reftkn:01:<seconds, 0 for never>:<secret>`.
fn artifactory_reference_expiry(password: &[u8]) -> Option<Expiry> {
    if !password.starts_with(b"cmVmdGtu") {
        return None;
    }
    let decoded = String::from_utf8(go_base64::decode_any(password)?).ok()?;
    let seconds: i64 = decoded.strip_prefix("reftkn:")?.split(':').nth(1)?.parse().ok()?;
    Some(if seconds == 0 { Expiry::Never } else { Expiry::At(seconds) })
}

/// A JSON object as a token holds it: its members, values raw.
pub(super) struct Object<'a>(Vec<(String, &'a [u8])>);

impl<'a> Object<'a> {
    /// `None` if the text is no JSON object.
    pub(super) fn read(text: &'a [u8]) -> Option<Object<'a>> {
        let is_object = text.trim_ascii_start().starts_with(b"{") && go_json::check(text).is_ok();
        is_object.then(|| go_json::members(text)).flatten().map(Object)
    }

    /// A member's value, raw.
    pub(super) fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    /// A member that is text.
    fn text(&self, name: &str) -> Option<String> {
        self.get(name).filter(|value| go_json::kind(value) == Some("string")).map(go_json::unquote)
    }

    fn says(&self, name: &str, text: &str) -> bool {
        self.text(name).is_some_and(|said| said == text)
    }

    /// A number of seconds, also with a fraction or in quotation marks.
    fn seconds(&self, name: &str) -> Option<i64> {
        let number = self.text(name).or_else(|| String::from_utf8(self.get(name)?.to_vec()).ok())?;
        whole(&number)
    }
}

/// The whole part of a number as JSON writes it: `1700000002`, `1700000002.5`, `1.700000002e9`.
fn whole(number: &str) -> Option<i64> {
    let (digits, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    // Times of today have ten digits; what has more zeros than eighteen is none.
    let places = usize::try_from(exponent.parse::<i64>().ok()?).ok().filter(|places| *places <= 18)?;
    let moved: String = fraction.chars().chain(std::iter::repeat('0')).take(places).collect();
    [whole, &moved].concat().parse().ok()
}
