//! A credential was sent, and the registry did not accept it.

use crate::causes::remedies;
use crate::cause::*;
use crate::observations::{Asked, Credential, Failure};
use crate::secret_facts::{Oddity, UsernameShape};
use crate::settle::Case;
use crate::settle::pull_secrets::{LoginSent, object};

pub(super) const CAUSE: Cause = Cause {
    id: "credentials-rejected",
    area: Area::Auth,
    title: "The registry refused the login that was sent",
    outlook: Outlook::Final,
    signs: &[
        // Docker Hub, auth.docker.io
        certain(&[says("incorrect username or password")]),
        // Quay, auth/credentials.py and endpoints/v2/errors.py InvalidLogin
        certain(&[says("Could not find robot with username")]),
        certain(&[says("Specified credentials are invalid")]),
        certain(&[says("invalid username or password")]),
        // GitLab, app/services/auth and doc: old and new wording
        certain(&[says("HTTP Basic: Access denied")]),
        certain(&[says("The provided password or token is incorrect")]),
        // Artifactory: the token belongs to another user; wrong password; broken docker token
        certain(&[says("Wrong username was used")]),
        certain(&[says("BAD_CREDENTIAL")]),
        certain(&[says("Bad credentials")]),
        certain(&[says("Bad props auth token")]),
        certain(&[says("Props Authentication Token not found")]),
        // IBM Cloud Container Registry
        certain(&[says("The login credentials are not valid")]),
        // Azure Container Registry, and Entra ID behind it
        certain(&[says("Invalid clientid or client secret")]),
        certain(&[says("Application not registered with AAD")]),
        certain(&[says("client id must be guid")]),
        certain(&[says("AADSTS7000215")]),
        certain(&[says("AADSTS700016")]),
        // docker login, cli: the answer to the try
        certain(&[says("login attempt to {url} failed with status: 401")]),
        // Docker 1.x, registry/auth.go, v1 login
        certain(&[says("Wrong login/password")]),
        // containerd, core/remotes/docker/auth/fetch.go: a user name and a secret went to the token server
        likely(&[says("failed to fetch oauth token"), status(&[401])]),
        // ghcr.io and GitLab refuse a bad login with 403, where others mean a missing permission
        likely(&[says("failed to fetch oauth token"), status(&[403]), that("the registry is GHCR or GitLab", refuses_with_403)]),
        // ghcr.io, to docker with a login that it does not take
        likely(&[says("denied: denied"), that("it does not answer the request for a token", not_for_a_token)]),
        // GitHub, Container registry and the older docker.pkg.github.com
        likely(&[says("User cannot be authenticated with the token provided")]),
        likely(&[says("Your request could not be authenticated by the GitHub Packages service")]),
        // containerd, authorizer.go: error parameter of the second challenge
        likely(&[says("server message: invalid_token")]),
        // Artifactory access: signature, revoked, parse
        likely(&[says("Token failed verification")]),
        // AWS: a token of another account or region; UnrecognizedClientException
        likely(&[says("unauthorized: Not Authorized")]),
        likely(&[says("denied: Not Authorized")]),
        likely(&[says("The security token included in the request is invalid")]),
        // Google Artifact Registry
        likely(&[says("unauthorized: authentication failed")]),
        // podman login, skopeo login
        likely(&[says("logging into {registry} invalid username/password")]),
        likely(&[says("invalid credentials")]),
        // containerd: the token server does not take the form of the login
        possible(&[says("failed to fetch oauth token"), status(&[400])]),
        // containers/image, docker/errors.go ErrUnauthorizedForCredentials: any 401 of the token server, whether something was sent or not
        possible(&[says("unable to retrieve auth token: invalid username/password")]),
        possible(&[says("unable to retrieve auth token: invalid username/password: unauthorized: {words}")]),
        // containerd >= 1.6.25, resolver.go: a Basic login was refused, or there was none for an unknown scheme (rule 17)
        possible(&[says("unexpected status from {method} request to * 401"), that("a credential is not spoken of", bare_401)]),
        // the same 401 in frames that nobody has listed, or shortened by whoever tells it
        possible(&[status(&[401]), that("nor what was asked for", |failure| failure.answered(Asked::Unknown, &[401]) && !failure.mentions("HTTP/1.1 401")), that("a credential is not spoken of", bare_401)]),
    ],
    settles: &[
        Settling {
            from: &["credentials-rejected"],
            question: "a pull secret of the pod has a login that fits the image, and it is not known to be over",
            when: |case| settle(case, case.confidence.max(Confidence::Likely)),
        },
        Settling {
            from: &["credentials-missing"],
            question: "the same, where the words leave open whether a credential was sent",
            when: |case| if case.confidence == Confidence::Certain { Verdict::No } else { settle(case, Confidence::Likely) },
        },
    ],
    refines: &[],
    meaning: "The image and the network are fine as far as they were used, and a login did reach the registry: the \
registry did not accept it.

The password or token is wrong, was revoked or changed, belongs to another user, account or region, or the account is \
locked, needs a token instead of its password, or was \
mistyped when the secret was made (a line end or a blank at the end, `$` or `!` eaten by the shell). A wrong login also \
stops the pull of public images of the same \
registry: the node never falls back to asking without one.

The login comes from the pull secrets of the pod, from the node's configuration or from a credential provider; the node \
tries each that fits the registry, in this order.",
    not_this: "A token that says itself that it is over is credentials-expired. A login that is valid, and may not read \
this repository, is permission-denied. No \
login at all is credentials-missing.",
    fixes: &[
        remedies::docker_hub::RENEW,
        remedies::ecr::RENEW,
        remedies::acr::RENEW,
        remedies::google::RENEW,
        remedies::ghcr::RENEW,
        remedies::gitlab::RENEW,
        remedies::quay::RENEW,
        remedies::harbor::RENEW,
        remedies::artifactory::RENEW,
        remedies::nexus::RENEW,
        remedies::oci::RENEW,
        remedies::ibm::RENEW,
        remedies::red_hat::RENEW,
        remedies::any::RENEW,
        Fix {
            title: "Try the login of the secret by hand",
            steps: &[
                "Log in with the same user and password from another machine, with `docker login`, `podman login` or \
`crane auth login`. If that works, the \
secret holds something else: a line end after the password, another account, another registry.",
                "If it fails too, look in the registry's own interface whether the account is locked and the token \
still exists.",
            ],
            checks: &[
                remedies::NAMED_SECRETS,
            ],
            ..FIX
        },
        Fix {
            title: "Or take the login away, if the image is public",
            steps: &[
                "Without an entry that fits {registry}, the node asks without a login, and public images are pulled.",
            ],
            ..FIX
        },
    ],
    see_also: &["credentials-expired", "credentials-missing", "permission-denied", "pull-secret-invalid"],
    links: &["https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/"],
};

fn refuses_with_403(failure: &Failure<'_>) -> bool {
    matches!(failure.place.registry, Some(Registry::Ghcr | Registry::GitLab))
        || failure
            .message
            .answers
            .iter()
            .any(|answer| answer.url.as_deref().is_some_and(|url| url.contains("//ghcr.io/")))
}

/// Who asks without a login for what is not public hears it, too: CAUSES, rule 2.
fn not_for_a_token(failure: &Failure<'_>) -> bool {
    !failure.message.text.as_str().contains("/token?")
}

fn bare_401(failure: &Failure<'_>) -> bool {
    failure.message.credential == Credential::Unsaid
        && !failure.answered(Asked::Token, &[401])
        && !matches!(failure.place.registry, Some(Registry::Quay | Registry::Harbor))
}

fn settle(case: &Case<'_>, confidence: Confidence) -> Verdict {
    let Some(LoginSent { secret, entry, mut lines }) = case.login_sent() else { return Verdict::No };
    let odd = entry.oddities.iter().find_map(|oddity| why_odd(*oddity));
    let odd = odd.or((entry.username == UsernameShape::HarborRobotWithoutDollar).then_some(
        "the user name lacks the \
dollar sign of a Harbor robot account: a shell has eaten it",
    ));
    lines.extend(odd.map(|odd| (object(secret), odd.to_owned())));
    let confidence = if odd.is_some() { Confidence::Certain } else { confidence };
    Verdict::Proven(Proof { confidence, lines, values: vec![("secret", secret.metadata.name.clone())] })
}

/// What is odd about an entry, where it explains a refusal.
fn why_odd(oddity: Oddity) -> Option<&'static str> {
    Some(match oddity {
        Oddity::PasswordEndsInNewline => "the password ends in a line break",
        Oddity::PasswordHasOuterBlank => "the password begins or ends with a blank",
        Oddity::UsernameHasOuterBlank => "the user name begins or ends with a blank or a line break",
        Oddity::UnexpandedVariable => "user name or password holds a variable that nobody filled in",
        Oddity::Placeholder => "the password is a placeholder",
        Oddity::PasswordInQuotes => "the password stands in quotation marks",
        Oddity::PasswordIsDockerConfig => "the password is a whole docker configuration",
        Oddity::JsonKeyWithoutItsUser => "the password is a Google key file, and the user name is not _json_key",
        Oddity::JsonKeyUserWithoutKey => "the user name is that of a Google key file, and the password is none",
        Oddity::AuthDiffers | Oddity::KeyHasUser | Oddity::UnreadToken | Oddity::LeftWithHelper | Oddity::Unknown => {
            return None;
        }
    })
}
