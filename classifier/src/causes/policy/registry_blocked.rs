//! A list of the node or the cluster says that images of this registry may not be used.

use crate::cause::*;
use crate::causes::remedies;
use crate::observations::Failure;

pub(super) const CAUSE: Cause = Cause {
    id: "registry-blocked",
    area: Area::Policy,
    title: "The node or the cluster may not use this registry",
    outlook: Outlook::Final,
    signs: &[
        // containers/image, docker/docker_client.go: `blocked = true` in registries.conf; "in <file> or <dir>", "in one of <files>"
        certain(&[says("registry {prefix} is blocked in")]),
        // containers/image, signature/policy_eval_simple.go: type "reject" asks for no signature (OpenShift's allowedRegistries)
        certain(&[says("running image {image} is rejected by policy"), that("nothing is said of signatures", no_signature)]),
        certain(&[says("any signatures for image {image} are rejected by policy"), that("nothing is said of signatures", no_signature)]),
        // containerd, core/remotes/docker/resolver.go, fetcher.go: hosts.toml leaves no host that may resolve or pull
        certain(&[says("no resolve hosts")]),
        certain(&[says("no pull hosts")]),
        // Docker Desktop: Registry Access Management, Image Access Management
        certain(&[says("access to {registry} has been restricted by your administrators")]),
        certain(&[says("registry access management")]),
        certain(&[says("image access management")]),
        // OpenShift, image.openshift.io/ImagePolicy admission plug-in
        certain(&[says("this image is prohibited by policy")]),
        // Gatekeeper library, K8sAllowedRepos, K8sDisallowedRepos
        certain(&[says("has an invalid image repo {image}")]),
        certain(&[says("has an invalid image repo *, allowed repos are")]),
        // Kyverno policies, restrict-image-registries, and Azure Policy, K8sAzureContainerAllowedImages
        likely(&[says("unknown image registry")]),
        likely(&[says("has not been allowed"), says("container image {image}")]),
        // k8s docs and others, ValidatingAdmissionPolicy and OPA examples
        possible(&[says("image registry {registry} is not allowed")]),
        possible(&[says("comes from untrusted registry")]),
        possible(&[says("image comes from untrusted registry")]),
        // containerd, internal/cri/server/images/image_pull.go and core/remotes/docker/config: the list of hosts cannot be read
        possible(&[says("get registry endpoints:")]),
        possible(&[says("parse registry endpoint")]),
        possible(&[says("failed to create OCI registry:")]),
        // containers/image, sysregistriesv2: the same for registries.conf
        possible(&[says("loading registries configuration")]),
        possible(&[says("pull-from-mirror must not be set for a non-mirror registry")]),
    ],
    settles: &[],
    refines: &["back-off-only"],
    meaning: "The image and its registry may be perfectly fine: a list on the node, or a policy of the cluster, says that nothing may be pulled \
from there, and no request was sent.

With CRI-O and podman it is `blocked = true` in /etc/containers/registries.conf, or `\"type\": \"reject\"` in \
/etc/containers/policy.json. On OpenShift both are written from image.config.openshift.io (blockedRegistries, allowedRegistries) \
and from mirror sets with NeverContactSource. With containerd it is a hosts.toml whose hosts lack the capability `resolve` \
(tags need it) or `pull`. Docker Desktop has Registry Access Management. Gatekeeper and Kyverno keep lists of registries too, and \
refuse the pod before it exists.",
    not_this: "A refusal for want of a signature is signature-rejected. A firewall that lets no packet through shows as \
connection-timed-out or connection-refused, a proxy's refusal as proxy-failed. A registry that refuses the caller is \
permission-denied.",
    fixes: &[
        Fix {
            title: "Use the copy of the image in a registry that is allowed",
            steps: &[
                "Most places that block registries have a mirror or a proxy project for them: ask for its name, and set NEW_IMAGE to the image's \
name there.",
                "If there is none: `skopeo copy docker://{image} docker://ALLOWED/PATH:TAG` (or `crane copy`) from a machine that may.",
            ],
            commands: &[remedies::CHANGE_IMAGE],
            warnings: remedies::CHANGE_IMAGE_WARNINGS,
            ..FIX
        },
        Fix {
            title: "Allow the registry in OpenShift",
            who: Who::ClusterAdmin,
            only: &[Place::Cluster(Cluster::OpenShift)],
            steps: &[
                "`kubectl edit image.config.openshift.io cluster`: under spec.registrySources add {registry} to allowedRegistries, or take it out of \
blockedRegistries (only one of the two lists may exist). If allowedRegistries is used, quay.io, registry.redhat.io and \
image-registry.openshift-image-registry.svc:5000 must stay in it.",
                "An ImageDigestMirrorSet or ImageTagMirrorSet with `mirrorSourcePolicy: NeverContactSource` blocks its source too; digest mirrors do not \
serve pulls by tag.",
                "The machine config operator rolls the change out, node by node.",
            ],
            checks: &[
                reads("kubectl get image.config.openshift.io cluster -o yaml"),
                reads("kubectl get imagedigestmirrorset,imagetagmirrorset -o yaml"),
                reads("kubectl get machineconfigpool"),
            ],
            warnings: &["Nodes are drained and some restarted while the change rolls out."],
            ..FIX
        },
        Fix {
            title: "Allow the registry in registries.conf or policy.json",
            who: Who::NodeAdmin,
            only: &[Place::Runtime(Runtime::Crio)],
            steps: &[
                "`grep -rn -A3 blocked /etc/containers/registries.conf /etc/containers/registries.conf.d`: in the `[[[[registry]]]]` whose prefix matches \
{repository}, delete `blocked = true`.",
                "`rejected by policy`: in /etc/containers/policy.json add under transports.docker an entry for {registry} with `\"type\": \
\"insecureAcceptAnything\"`, or with the key that its images are signed by.",
                "`systemctl reload crio` on each node.",
            ],
            ..FIX
        },
        Fix {
            title: "Give a host of hosts.toml its capabilities",
            who: Who::NodeAdmin,
            only: &[Place::Runtime(Runtime::Containerd)],
            steps: &[
                "/etc/containerd/certs.d/{registry}/hosts.toml must have one `[[host.\"https://…\"]]` with `capabilities = [[\"pull\", \"resolve\"]]` \
(resolve turns a tag into a digest), or a `server` line.",
                "containerd reads the file at each pull: no restart is needed.",
            ],
            ..FIX
        },
        Fix {
            title: "Change the list of the policy",
            who: Who::ClusterAdmin,
            steps: &[
                "Add {registry} to the policy that the message names: Gatekeeper `kubectl get k8sallowedrepos -o yaml`, Kyverno `kubectl get \
clusterpolicy -o yaml`, ValidatingAdmissionPolicy `kubectl get validatingadmissionpolicy -o yaml`; with Docker Desktop in the organisation's \
settings.",
            ],
            checks: &[reads("kubectl get validatingwebhookconfigurations,validatingadmissionpolicies")],
            ..FIX
        },
    ],
    see_also: &["signature-rejected", "permission-denied", "proxy-failed"],
    links: &[
        "https://docs.openshift.com/container-platform/latest/openshift_images/image-configuration.html",
        "https://github.com/containers/image/blob/main/docs/containers-registries.conf.5.md",
        "https://github.com/containerd/containerd/blob/main/docs/hosts.md",
    ],
};

/// CRI-O's frame `SignatureValidationFailed` says which of the two it is (CAUSES.md, rule 4).
fn no_signature(failure: &Failure<'_>) -> bool {
    let message = failure.message;
    !message.masked.contains("SignatureValidationFailed")
        && !message.masked.contains("signature validation failed")
        && message.reason.as_deref() != Some("SignatureValidationFailed")
}
