//! What a user name and a password look like, without saying them.

use serde::{Deserialize, Serialize};

use super::token::Object;
use crate::keyring::go_base64;

/// The shape of a user name: which kind of account writes it so. KEYRING.md of the project's notes has the sources; each
/// variant names the registry's own documentation term.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UsernameShape {
    /// No user name.
    Empty,
    /// Nothing known: a person's or an account's name.
    Plain,
    /// An e-mail address.
    Email,
    /// `AWS`: Elastic Container Registry, public or private.
    Aws,
    /// `oauth2accesstoken`: Google, with an access token.
    GoogleAccessToken,
    /// `_token` or `_dcgcr_…`: Google's credential helpers.
    GoogleHelperToken,
    /// `_json_key`: Google, the key file as password.
    GoogleJsonKey,
    /// `_json_key_base64`: Google, the key file in base64 as password.
    GoogleJsonKeyBase64,
    /// `00000000-0000-0000-0000-000000000000`: Azure, with a token.
    AzureToken,
    /// Another GUID: an Azure service principal.
    Guid,
    /// `robot$…`: Harbor.
    HarborRobot,
    /// `robot`, or `robot+…`: a Harbor robot whose `$…` a shell has eaten.
    HarborRobotWithoutDollar,
    /// `<namespace>+<name>`: a Quay robot.
    QuayRobot,
    /// `$oauthtoken` or `$app`: Quay, and NVIDIA's nvcr.io.
    DollarToken,
    /// `gitlab-ci-token`: a GitLab CI job.
    GitlabJob,
    /// `gitlab+deploy-token-…`: a GitLab deploy token.
    GitlabDeployToken,
    /// `<number>|<name>`: a Red Hat registry service account.
    RedHatServiceAccount,
    /// `iamapikey` or `iambearer`: IBM Cloud.
    IbmCloud,
    /// `<tenancy>/…`: Oracle Cloud, and other names with a slash.
    WithSlash,
    /// `serviceaccount` or `<token>`: OpenShift's own registry.
    ServiceAccount,
    /// `token`, `oauth`, `x-access-token`, `nologin`…: a filler beside a token.
    Filler,
    /// A shape that a newer version of this program knows.
    #[default]
    #[serde(other)]
    Unknown,
}

/// Something odd about an entry. Each is a known way to end up refused although the secret is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Oddity {
    /// The password ends in a line break: `echo` without `-n`, or a file's last line.
    PasswordEndsInNewline,
    /// The password begins or ends with another blank.
    PasswordHasOuterBlank,
    /// The user name begins or ends with a blank or line break.
    UsernameHasOuterBlank,
    /// User name or password holds a shell or template variable that nobody expanded (`$TOKEN`, `${TOKEN}`, `$(cmd)`,
    /// `{{ .Token }}`).
    UnexpandedVariable,
    /// The password is a stand-in: `***`, `<password>`, `changeme`.
    Placeholder,
    /// The password stands in quotation marks.
    PasswordInQuotes,
    /// The password is itself a docker configuration, plain or in base64.
    PasswordIsDockerConfig,
    /// The password is a Google key file, the user name not `_json_key`.
    JsonKeyWithoutItsUser,
    /// The user name is `_json_key` (or `_json_key_base64`), the password no Google key file (or not in base64).
    JsonKeyUserWithoutKey,
    /// `auth` says something else than `username` and `password`; the kubelet takes `auth`.
    AuthDiffers,
    /// The key carries a user (`https://user@registry`); it does no harm and no good.
    KeyHasUser,
    /// There is an `identitytoken` or `registrytoken`, which the kubelet does not read.
    UnreadToken,
    /// The entry is empty and the configuration names a credential helper (`credsStore`, `credHelpers`): the password stayed in
    /// the keychain of the machine that wrote it.
    LeftWithHelper,
    /// An oddity that a newer version of this program knows.
    #[serde(other)]
    Unknown,
}

/// The shape of a user name.
pub(crate) fn username_shape(username: &[u8]) -> UsernameShape {
    let Ok(name) = std::str::from_utf8(username) else { return UsernameShape::Plain };
    let name = name.trim();
    match name {
        "" => return UsernameShape::Empty,
        "AWS" => return UsernameShape::Aws,
        "oauth2accesstoken" => return UsernameShape::GoogleAccessToken,
        "_token" => return UsernameShape::GoogleHelperToken,
        "_json_key" => return UsernameShape::GoogleJsonKey,
        "_json_key_base64" => return UsernameShape::GoogleJsonKeyBase64,
        "00000000-0000-0000-0000-000000000000" => return UsernameShape::AzureToken,
        "robot" => return UsernameShape::HarborRobotWithoutDollar,
        "$oauthtoken" | "$app" => return UsernameShape::DollarToken,
        "gitlab-ci-token" => return UsernameShape::GitlabJob,
        "iamapikey" | "iambearer" => return UsernameShape::IbmCloud,
        "serviceaccount" | "<token>" => return UsernameShape::ServiceAccount,
        "token" | "oauth" | "oauth2" | "x-access-token" | "nologin" | "unused" | "none" => {
            return UsernameShape::Filler;
        }
        _ => {}
    }
    let number_bar = || name.split_once('|').is_some_and(|(number, _)| number.bytes().all(|b| b.is_ascii_digit()));
    if name.starts_with("_dcgcr_") {
        UsernameShape::GoogleHelperToken
    } else if name.starts_with("robot$") {
        UsernameShape::HarborRobot
    } else if name.starts_with("robot+") {
        UsernameShape::HarborRobotWithoutDollar
    } else if name.starts_with("gitlab+deploy-token") {
        UsernameShape::GitlabDeployToken
    } else if is_guid(name) {
        UsernameShape::Guid
    } else if number_bar() {
        UsernameShape::RedHatServiceAccount
    } else if name.contains('/') {
        UsernameShape::WithSlash
    } else if name.contains('@') {
        UsernameShape::Email
    } else if name.contains('+') {
        UsernameShape::QuayRobot
    } else {
        UsernameShape::Plain
    }
}

/// What is odd about a pair of user name and password.
pub(crate) fn oddities(username: &[u8], password: &[u8]) -> Vec<Oddity> {
    let mut oddities = Vec::new();
    let mut note = |found: bool, oddity: Oddity| {
        if found {
            oddities.push(oddity);
        }
    };
    let is_outer_blank = |text: &[u8]| text.trim_ascii().len() != text.len();
    let ends_in_newline = password.ends_with(b"\n") || password.ends_with(b"\r");
    let is_key = is_google_key(password);
    let is_encoded_key = || go_base64::decode_any(password).is_some_and(|decoded| is_google_key(&decoded));
    let shape = username_shape(username);
    // a key file may end in a line break: JSON does not mind
    note(ends_in_newline && !is_key, Oddity::PasswordEndsInNewline);
    note(is_outer_blank(password) && !ends_in_newline && !is_key, Oddity::PasswordHasOuterBlank);
    note(is_outer_blank(username), Oddity::UsernameHasOuterBlank);
    let harmless_dollar = matches!(shape, UsernameShape::HarborRobot | UsernameShape::DollarToken);
    note(!is_key && is_unexpanded(password) || !harmless_dollar && is_unexpanded(username), Oddity::UnexpandedVariable);
    note(is_placeholder(password), Oddity::Placeholder);
    note(in_quotes(password), Oddity::PasswordInQuotes);
    note(is_docker_config(password), Oddity::PasswordIsDockerConfig);
    match shape {
        UsernameShape::GoogleJsonKey => note(!is_key, Oddity::JsonKeyUserWithoutKey),
        UsernameShape::GoogleJsonKeyBase64 => note(!is_encoded_key(), Oddity::JsonKeyUserWithoutKey),
        _ => note(is_key, Oddity::JsonKeyWithoutItsUser),
    }
    oddities
}

/// A Google service account's key file.
pub(crate) fn is_google_key(text: &[u8]) -> bool {
    is_object_with(text, "private_key")
}

fn is_docker_config(password: &[u8]) -> bool {
    is_object_with(password, "auths")
        || go_base64::decode_any(password).is_some_and(|decoded| is_object_with(&decoded, "auths"))
}

fn is_object_with(text: &[u8], field: &str) -> bool {
    Object::read(text).is_some_and(|object| object.get(field).is_some())
}

/// `$NAME` (whole text), `${NAME}`, `$(…)`, `{{ … }}`, `%NAME%` (whole text). A `$` inside a password proves nothing.
fn is_unexpanded(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let text = text.trim();
    let is_name = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_uppercase() || first == '_')
            && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let between = |open: &str, close: &str| {
        text.find(open).and_then(|start| text[start + open.len()..].find(close)).is_some_and(|inside| inside > 0)
    };
    text.strip_prefix('$').is_some_and(is_name)
        || text.strip_prefix('%').and_then(|rest| rest.strip_suffix('%')).is_some_and(is_name)
        || between("${", "}")
        || text.starts_with("$(") && text.ends_with(')')
        || between("{{", "}}")
}

fn is_placeholder(password: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(password) else { return false };
    let text = text.trim().to_ascii_lowercase();
    let words = ["password", "passwd", "token", "changeme", "secret", "redacted", "yourpassword", "yourtoken", "todo"];
    let bare: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let framed = text.starts_with('<') && text.ends_with('>') && text.len() > 2
        || text.starts_with('[') && text.ends_with(']') && words.contains(&bare.as_str());
    let masked = text.len() >= 3 && (text.bytes().all(|byte| byte == b'*') || text.bytes().all(|byte| byte == b'x'));
    framed || masked || words.contains(&bare.as_str())
}

fn in_quotes(password: &[u8]) -> bool {
    let text = password.trim_ascii();
    text.len() > 2 && matches!((text[0], text[text.len() - 1]), (b'"', b'"') | (b'\'', b'\''))
}

fn is_guid(name: &str) -> bool {
    name.len() == 36
        && name.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
