//! The kubelet cannot read what stands in a pull secret, and gives the pull up before it asks the registry.

use crate::causes::remedies;
use crate::cause::*;
use crate::keyring::Keyring;
use crate::observations::Failure;
use crate::settle::Case;
use crate::settle::pull_secrets::object;

pub(super) const CAUSE: Cause = Cause {
    id: "pull-secret-invalid",
    area: Area::Auth,
    title: "A pull secret's content cannot be read",
    outlook: Outlook::Final,
    signs: &[
        // kubelet, pkg/credentialprovider/config.go decodeDockerConfigFieldAuth
        certain(&[says("unable to parse auth field, must be formatted as base64")]),
        // encoding/base64, from the same place. Since kubelet 1.33 it stands alone, as the container's reason.
        certain(&[says("^illegal base64 data at input byte {position}$")]),
        certain(&[says("Error: illegal base64 data at input byte {position}$")]),
        certain(&[says("Failed to pull image {image} illegal base64 data at input byte {position}$")]),
        likely(&[
            says("illegal base64 data at input byte {position}"),
            that("nothing else is said of the registry", unanswered),
        ]),
        // encoding/json, reading pkg/credentialprovider.DockerConfigJSON and its parts
        certain(&[says("cannot unmarshal {kind} into Go * credentialprovider.")]),
        certain(&[says("cannot unmarshal {kind} into Go"), that("it speaks of a docker config", docker_config)]),
        // pkg/credentialprovider/config.go, a file or URL
        likely(&[says("error occurred while trying to unmarshal json")]),
        // encoding/json without a frame: secrets that were stored before the API server checked them
        likely(&[says("^unexpected end of JSON input$")]),
        likely(&[says("^Error: unexpected end of JSON input$")]),
        likely(&[says("Failed to pull image {image} unexpected end of JSON input$")]),
        likely(&[says("^invalid character {character} looking for beginning of"), that("it is no web page", no_html)]),
        likely(&[
            says("^Error: invalid character {character} looking for beginning of"),
            that("it is no web page", no_html),
        ]),
        likely(&[
            says("Failed to pull image {image} invalid character {character} looking for beginning of"),
            that("it is no web page", no_html),
        ]),
        likely(&[says("^invalid character {character} after"), that("it is no web page", no_html)]),
        likely(&[says("^Error: invalid character {character} after"), that("it is no web page", no_html)]),
        likely(&[
            says("Failed to pull image {image} invalid character {character} after"),
            that("it is no web page", no_html),
        ]),
        // API server, pkg/apis/core/validation: the secret is refused when it is written
        certain(&[says("is invalid: data[.dockerconfigjson]:")]),
        certain(&[says("is invalid: data[.dockercfg]:")]),
        // containerd, internal/cri/server/images/image_pull.go ParseAuth
        certain(&[says("invalid decoded auth:")]),
        // containers/image, pkg/docker/config: the login file on the node
        likely(&[says("unmarshaling JSON at {file}"), that("it is a login file", login_file)]),
        likely(&[says("reading JSON file {file}"), that("it is a login file", login_file)]),
        // docker, cli/config: the login file on the node
        likely(&[says("error loading config file"), that("it is a login file", login_file)]),
    ],
    settles: &[Settling {
        from: &["pull-secret-invalid", "unknown-pull-failure", "back-off-only"],
        question: "a secret that the pod names breaks the kubelet's reading of all of them",
        when: settle,
    }],
    refines: &[],
    meaning: "The image, the registry and the network have nothing to do with it: the kubelet stopped before it asked \
anybody, because one of the pod's pull secrets cannot be read.

One bad entry is enough. The kubelet reads all entries of all secrets of the pod first, so a mistake in a secret for \
one registry stops the pull of every image of the pod, \
public ones too.

In the secret, `auth` must be the base64 of user:password, in the standard alphabet and without blanks; the JSON must \
be an object `auths` that holds one object for each registry. The usual \
slips: the token alone was encoded, without the user and the colon; the text was encoded twice or not at all; a line \
break or a placeholder got in.",
    not_this: "A secret of a wrong type, or one without `auths`, is skipped without a word: that is \
pull-secret-wrong-type. A password that is read and wrong is credentials-rejected.",
    fixes: &[
        Fix {
            title: "Make the secret anew",
            steps: &[
                "Set REGISTRY_USERNAME and REGISTRY_PASSWORD to an account or token that may pull from {repository}. \
Where several secrets are listed, find the broken one first (below).",
                "The kubelet reads the secret anew at its next try, at most about five minutes later; the pod need not \
be made again.",
            ],
            commands: &[remedies::WRITE_SECRET],
            warnings: &[
                "The new secret holds this one registry; entries for others that were in the old one are gone.",
            ],
            ..FIX
        },
        Fix {
            title: "Find the broken secret",
            steps: &[
                "Look at every secret that the pod lists. Decode it where nobody looks over your shoulder: it shows \
passwords. Each `auth` must decode to user:password.",
                "If External Secrets, Sealed Secrets, Vault or a chart writes the secret, mend it there, or it comes \
back broken.",
            ],
            checks: &[
                remedies::NAMED_SECRETS,
                reads("kubectl get secret {secret_name}[ -n {namespace}] -o jsonpath='{{.type}}{{\"\\n\"}}'"),
            ],
            ..FIX
        },
    ],
    see_also: &["pull-secret-wrong-type", "credentials-rejected", "pull-secret-not-found"],
    links: &[
        "https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/",
        "https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets",
    ],
};

fn unanswered(failure: &Failure<'_>) -> bool {
    failure.message.answers.is_empty() && failure.message.codes.is_empty()
}

/// A page instead of JSON comes from a registry, and a byte order mark or `<` begins it.
fn no_html(failure: &Failure<'_>) -> bool {
    unanswered(failure) && !failure.message.masked.contains('<')
}

fn docker_config(failure: &Failure<'_>) -> bool {
    let text = failure.message.text.as_str().to_ascii_lowercase();
    text.contains("dockerconfig") || text.contains("docker config")
}

fn login_file(failure: &Failure<'_>) -> bool {
    let text = failure.message.text.as_str();
    ["auth.json", "config.json", ".dockercfg", "auth file"].iter().any(|file| text.contains(file))
}

fn settle(case: &Case<'_>) -> Verdict {
    let Some(secrets) = case.pull_secrets() else { return Verdict::No };
    let Keyring::Broken { secret, message } = secrets.keyring() else { return Verdict::No };
    let Some(broken) = secrets.read().get(secret).copied() else { return Verdict::No };
    let lines = vec![secrets.pod_line(), (object(broken), format!("cannot be read: {message}"))];
    Verdict::Proven(Proof {
        confidence: Confidence::Certain,
        lines,
        values: vec![("secret", broken.metadata.name.clone())],
    })
}
