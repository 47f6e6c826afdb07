//! The program that fetches credentials for the kubelet, or the cloud behind it, failed.

use crate::causes::remedies;
use crate::cause::*;
use crate::observations::Failure;

pub(super) const CAUSE: Cause = Cause {
    id: "credential-provider-failed",
    area: Area::Auth,
    title: "The node's credential provider failed",
    outlook: Outlook::Depends,
    signs: &[
        // kubelet, pkg/credentialprovider/plugin/plugin.go. Log lines: the pull then goes on without this credential, and the pod
        // shows an anonymous refusal.
        certain(&[says("error execing credential provider plugin {plugin} for image {image}")]),
        certain(&[says("from external registry credential provider")]),
        certain(&[says("Failed to provide credentials for image")]),
        certain(&[says("error decoding credential provider plugin response")]),
        certain(&[says("credential plugin response did not match expected apiVersion")]),
        certain(&[says("credential provider plugin did not return a valid cacheKeyType")]),
        certain(&[says("credential provider plugin returned the service account token as the password")]),
        // ecr-, acr-credential-provider and auth-provider-gcp, cmd/*/main.go
        certain(&[says("Error running credential provider plugin")]),
        certain(&[says("failed to get token credential for image")]),
        certain(&[says("error reaching registry endpoint")]),
        certain(&[says("registry did not issue a valid AAD challenge")]),
        certain(&[says("while reading access token endpoint")]),
        certain(&[says("Google container registry is disabled, no storage scope is available")]),
        certain(&[says("failed KSA->Federated STS exchange")]),
        // in-tree providers (kubelet <= 1.26, 1.29, 1.30), pkg/credentialprovider/{aws,azure,gcp}
        certain(&[says("error getting credentials from ECR")]),
        likely(&[says("while validating AWS credentials")]),
        likely(&[says("while getting AWS credentials")]),
        likely(&[says("failed to perform token exchange")]),
        likely(&[says("failed to receive challenge")]),
        certain(&[says("Failed to load azure credential file")]),
        certain(&[says("while reading 'google-dockercfg")]),
        // amazon-ecr-credential-helper, and the AWS SDKs under it
        certain(&[says("ecr: Failed to get authorization token")]),
        likely(&[says("no EC2 IMDS role found")]),
        likely(&[says("no valid providers in chain")]),
        likely(&[says("get credentials: failed to refresh cached credentials")]),
        // ECS agent
        likely(&[says("unable to retrieve ecr registry auth"), that("no network failure and no IAM rule is told of", own_failure)]),
        // docker-credential-helpers, client/client.go; docker-py
        certain(&[says("error getting credentials - err")]),
        certain(&[says("Credentials store docker-credential-{helper} exited with")]),
        certain(&[says("docker-credential-{helper} executable file not found")]),
        likely(&[says("Credentials store error")]),
        // The same beside a pull that was refused.
        certain(&[beside("error execing credential provider plugin {plugin}"), that("the registry refused", |failure| failure.refused())]),
        likely(&[beside("Failed to provide credentials for image"), that("the registry refused", |failure| failure.refused())]),
        likely(&[beside("from external registry credential provider"), that("the registry refused", |failure| failure.refused())]),
    ],
    settles: &[],
    // The provider's own trouble stands inside its message: a role that may not ask for tokens, a metadata server that does not answer.
    refines: &[
        "credentials-missing",
        "credentials-rejected",
        "credentials-expired",
        "permission-denied",
        "repository-not-found-or-private",
        "pull-timed-out",
        "connection-timed-out",
        "connection-refused",
        "connection-interrupted",
        "dns-lookup-failed",
        "registry-rate-limited",
    ],
    meaning: "The image and the registry are fine as far as they were used: the program that should fetch the node's \
login for this registry failed, and the pull went on without one.

In clouds the kubelet runs a small program (ecr-credential-provider, acr-credential-provider, auth-provider-gcp) for \
images whose name fits its `matchImages`. The program asks the cloud for a \
token with the identity of the node. It fails where the node has no identity or the identity lacks the right, where the \
metadata server or the cloud's API cannot be reached, where it takes longer \
than a minute, and where program and configuration speak different versions.

The failure is only in the kubelet's log: the events of the pod show an anonymous pull that the registry refused.",
    not_this: "A provider that ran well and returned a token that the registry refuses is credentials-rejected or \
permission-denied. A provider that was never run, because no \
`matchImages` fits, looks like credentials-missing.",
    fixes: &[
        remedies::EKS_NODE_ROLE,
        remedies::ATTACH_ACR,
        remedies::GKE_NODE_ACCOUNT,
        remedies::ECR_PROVIDER,
        Fix {
            title: "Mend the provider on the node",
            who: Who::NodeAdmin,
            steps: &[
                "Read what it says: `journalctl -u kubelet | grep -i 'credential provider'`.",
                "\"not supported\" or \"did not match expected apiVersion\": the apiVersion of the provider in the file \
of --image-credential-provider-config must be one that \
the installed program speaks (credentialprovider.kubelet.k8s.io/v1 since Kubernetes 1.26). Upgrade both together.",
                "\"no such file or directory\" or \"did not exist\": the program must lie in \
--image-credential-provider-bin-dir under the name of the configuration, and run on this system \
(a program linked against glibc does not start on musl).",
                "\"context deadline exceeded\" or \"no EC2 IMDS role found\": the node does not reach its metadata \
server 169.254.169.254, or has no role; also look at the hop limit, the \
proxy settings of the kubelet (NO_PROXY) and the endpoints of the cloud's API.",
                "After a change of the configuration, restart the kubelet. A credential it already has is used until \
its cache time ends.",
            ],
            ..FIX
        },
        Fix {
            title: "Mend the login configuration of the machine",
            who: Who::NodeAdmin,
            steps: &[
                "If the message names docker-credential-…: the helper that credsStore or credHelpers names in \
~/.docker/config.json is not installed or cannot run. Install it, or take the entry out of the file and \
log in again. The kubelet itself never uses these entries.",
            ],
            ..FIX
        },
        remedies::any::GIVE,
    ],
    see_also: &["credentials-missing", "permission-denied", "credentials-expired"],
    links: &["https://kubernetes.io/docs/tasks/administer-cluster/kubelet-credential-provider/"],
};

fn own_failure(failure: &Failure<'_>) -> bool {
    let text = failure.message.text.as_str();
    !["dial tcp", "lookup ", "x509", "not authorized to perform", "AccessDenied"]
        .iter()
        .any(|other| text.contains(other))
}
