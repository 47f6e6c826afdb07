//! The registry wants a credential and the node sent none.

use crate::causes::remedies;
use crate::cause::*;
use crate::observations::{Asked, Credential, Failure, Role};
use crate::settle::Case;
use crate::settle::pull_secrets::object;

pub(super) const CAUSE: Cause = Cause {
    id: "credentials-missing",
    area: Area::Auth,
    title: "The registry wants a login, and none was sent",
    outlook: Outlook::Final,
    signs: &[
        // containerd, core/remotes/docker/authorizer.go: no credential for the host, so the token is asked for without one.
        // The kubelet of AKS adds such an attempt after every other one: only alone, or first, it tells the cause.
        certain(&[
            says("failed to fetch anonymous token"),
            status(&[401]),
            that("no credential was tried before it", nothing_tried_before),
        ]),
        possible(&[says("failed to fetch anonymous token"), status(&[401])]),
        // containerd >= 1.6.25 and >= 1.7.8, authorizer.go; distribution, registry/client/auth/session.go (docker)
        certain(&[says("no basic auth credentials"), that("no credential was tried before it", nothing_tried_before)]),
        possible(&[says("no basic auth credentials")]),
        // containerd, authorizer.go: half a credential
        certain(&[says("failed to handle basic auth because missing username or secret")]),
        // Harbor, src/server/middleware/v2auth/access.go
        certain(&[says("authorize header needed to send * to repository")]),
        // Oracle Cloud (OCIR), to a pull without a login
        certain(&[says("Anonymous users are only allowed read access on public repos")]),
        // Google Artifact Registry, to a pull without a login
        certain(&[says("Unauthenticated requests do not have permission")]),
        // distribution, registry/api/errcode/register.go: default message of UNAUTHORIZED. Docker prints `unauthorized:` before it,
        // containers/image (CRI-O, podman, skopeo) the message alone. Some registries say it to a wrong password too.
        likely(&[
            says(": authentication required"),
            that("no credential is known to be sent", unsent),
            that("nothing is denied", undenied),
            that("containers/image does not speak of a user name", no_username),
        ]),
        possible(&[says("invalid username/password: unauthorized: authentication required")]),
        // containers/image up to 2.x, docker_client.go: any 401 of the token server
        possible(&[says("unable to retrieve auth token: 401")]),
        // curl and `ctr --http-dump`: the answer itself, to a request that carried nothing
        possible(&[says("HTTP/1.1 401 Unauthorized"), that("no credential is known to be sent", unsent)]),
        // registry.redhat.io and registry.connect.redhat.com
        likely(&[says("Please login to the Red Hat Registry using your Customer Portal credentials")]),
        // IBM Cloud Container Registry, "Why am I getting Authorization required errors"
        likely(&[says("Authorization required. See"), that("no credential is known to be sent", unsent)]),
        likely(&[says("unauthorized: Authorization required"), that("no credential is known to be sent", unsent)]),
        // Huawei Cloud SWR
        likely(&[says("You may not login yet")]),
        // Docker 1.x with a v1 registry, registry/session.go errLoginRequired; Artifactory
        likely(&[says("Authentication is required"), that("no credential is known to be sent", unsent)]),
        // gcr.io over the v1 protocol
        possible(&[says("no valid credential was supplied")]),
        // containerd before 1.6.25, remotes/docker/resolver.go: a Basic registry without and with a wrong login end alike
        possible(&[says("status code [manifests*401")]),
        // containerd, resolver.go: Quay and Harbor give everybody a token, and say 401 only then (rule 17)
        possible(&[that("Quay or Harbor answered 401 to the manifest, and a credential is not spoken of", bare_401_of_token_giver)]),
        // containers/image, docker/errors.go ErrUnauthorizedForCredentials: printed for any 401 of the token server. With the bare code
        // behind it, nothing was sent (seen with CRI-O 1.34 and 1.36); a wrong login gets words of its own.
        likely(&[says("invalid username/password: denied$")]),
        possible(&[
            code("UNAUTHORIZED"),
            that("no credential is known to be sent", unsent),
            that("nothing is denied", undenied),
            that("containers/image does not speak of a user name", no_username),
        ]),
    ],
    settles: &[
        Settling {
            from: &["credentials-missing"],
            question: "neither the pod nor its service account names any pull secret",
            when: nothing_named,
        },
        Settling {
            from: &["credentials-rejected"],
            question: "the same, where the words leave open whether a credential was sent",
            when: |case| if case.confidence == Confidence::Possible { nothing_named(case) } else { Verdict::No },
        },
    ],
    refines: &[],
    meaning: "The image, its name and the network are fine as far as they were used: the registry was reached, and it \
does not hand this \
image to strangers. The node came without a login, or with one that the registry did not take for one.

A node sends a credential for a pull only if a secret that the pod names (by itself or through its service account, \
when the pod was created) has an entry that fits the \
image's registry, or if the node's own configuration or a credential provider has one. A login on the node with `docker \
login`, or on your own \
machine, is not used.

The usual reasons: there is no pull secret in the namespace; nothing names it; its entry is for another host, port or \
path; it was added after the pod; \
or, in a cloud, the nodes have no right to read from the registry.",
    not_this: "A login that was sent and refused is credentials-rejected. Where the registry leaves open whether the \
repository exists at all, it \
is repository-not-found-or-private. A secret that the pod names and that does not exist is pull-secret-not-found.",
    fixes: &[
        remedies::EKS_NODE_ROLE,
        remedies::ATTACH_ACR,
        remedies::GKE_NODE_ACCOUNT,
        remedies::OPENSHIFT_PULLER,
        remedies::OPENSHIFT_GLOBAL,
        remedies::docker_hub::GIVE,
        remedies::ecr::GIVE,
        remedies::ECR_PROVIDER,
        remedies::acr::GIVE,
        remedies::google::GIVE,
        remedies::ghcr::GIVE,
        remedies::gitlab::GIVE,
        remedies::quay::GIVE,
        remedies::harbor::GIVE,
        remedies::artifactory::GIVE,
        remedies::nexus::GIVE,
        remedies::oci::GIVE,
        remedies::ibm::GIVE,
        remedies::red_hat::GIVE,
        remedies::any::GIVE,
        Fix {
            title: "See which secrets the pod has, and for which registries",
            steps: &[
                "The secrets of the pod are the ones its service account listed when the pod was created, or its own. \
Compare the registry of \
each with {registry}: host and port must be the same, letter by letter.",
            ],
            checks: &[
                reads("kubectl get pod {pod}[ -n {namespace}] -o jsonpath='{{.spec.serviceAccountName}}{{\": \
\"}}{{.spec.imagePullSecrets[[*]].name}}{{\"\\n\"}}'"),
                reads("kubectl get secrets[ -n {namespace}] --field-selector type=kubernetes.io/dockerconfigjson"),
            ],
            ..FIX
        },
        remedies::EVERY_NODE,
    ],
    see_also: &[
        "credentials-rejected",
        "repository-not-found-or-private",
        "pull-secret-not-attached",
        "pull-secret-wrong-registry",
        "pull-secret-added-after-pod",
        "credential-provider-failed",
    ],
    links: &[
        "https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/",
        "https://kubernetes.io/docs/concepts/containers/images/#using-a-private-registry",
    ],
};

fn nothing_tried_before(failure: &Failure<'_>) -> bool {
    let first = failure.attempt.and_then(|attempt| attempt.messages.first());
    failure.message.role != Role::Credential || first.is_none_or(|first| std::ptr::eq(first, failure.message))
}

fn unsent(failure: &Failure<'_>) -> bool {
    failure.message.credential != Credential::Sent
}

/// Docker Hub puts `denied` and `authentication required` into one answer, for a repository that is missing or private.
fn undenied(failure: &Failure<'_>) -> bool {
    let message = failure.message;
    !message.codes.iter().any(|code| code == "DENIED") && !message.masked.contains("access to the resource is denied")
}

/// `invalid username/password` is what containers/image says to every 401 of a token server.
fn no_username(failure: &Failure<'_>) -> bool {
    !failure.message.masked.contains("username/password")
}

fn bare_401_of_token_giver(failure: &Failure<'_>) -> bool {
    matches!(failure.place.registry, Some(Registry::Quay | Registry::Harbor))
        && failure.message.credential == Credential::Unsaid
        && (failure.answered(Asked::Manifest, &[401]) || failure.answered(Asked::Unknown, &[401]))
}

fn nothing_named(case: &Case<'_>) -> Verdict {
    let Some(secrets) = case.pull_secrets() else { return Verdict::No };
    if let Some((secret, entry)) = secrets.sent().first() {
        // Words and facts disagree: something has changed since, or somebody else was asked.
        let object = object(secret);
        return match case.credential_in_words() {
            Credential::NotSent => Verdict::Open {
                question: format!(
                    "{object} has a login for {}, and the last try went out without one. Was the secret written after \
that try, or does a mirror answer for the registry?",
                    entry.key
                ),
                command: None,
            },
            Credential::Sent | Credential::Unsaid => Verdict::No,
        };
    }
    let listed = secrets.account.is_none_or(|account| !account.pull_secrets.is_empty());
    let could_fit = secrets.unnamed.iter().chain(&secrets.elsewhere).any(|secret| secrets.fits(secret));
    if !secrets.named.is_empty() || listed || could_fit || !case.words_allow_nothing_sent() {
        return Verdict::No;
    }
    let mut lines = vec![secrets.pod_line()];
    lines.extend(secrets.account_line());
    let confidence = case.confidence.max(Confidence::Likely);
    Verdict::Proven(Proof { confidence, lines, values: vec![("service_account", secrets.account_name().to_owned())] })
}
