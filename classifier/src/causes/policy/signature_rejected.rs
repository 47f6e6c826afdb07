//! A rule of the node, the registry or the cluster wants a signature or an attestation, and this image has none that fits.

use crate::cause::*;
use crate::causes::remedies;
use crate::observations::Failure;

pub(super) const CAUSE: Cause = Cause {
    id: "signature-rejected",
    area: Area::Policy,
    title: "A signature policy refuses the image",
    outlook: Outlook::Final,
    signs: &[
        // CRI-O 1.27 and later and the kubelet (pkg/kubelet/images/image_manager.go): waiting reason, STATUS column, `Error: …`
        certain(&[reason("SignatureValidationFailed")]),
        certain(&[says("SignatureValidationFailed")]),
        certain(&[says("because the signature validation failed")]),
        // containers/image, copy/single.go: the policy of /etc/containers/policy.json says no; CRI-O, podman, skopeo, buildah
        certain(&[says("source image rejected:")]),
        likely(&[says("source image rejected")]),
        // containers/image, signature/policy_eval_*.go: why
        certain(&[says("a signature was required, but no signature exists")]),
        certain(&[says("none of the signatures were accepted")]),
        certain(&[says("signature for identity {identity} is not accepted")]),
        certain(&[says("signature for digest {digest} does not match")]),
        certain(&[says("no public keys imported")]),
        certain(&[says("required email {email} not found")]),
        certain(&[says("unexpected Fulcio OIDC issuer")]),
        certain(&[says("cryptographic signature verification failed")]),
        certain(&[says("cryptographic signature verification of Rekor SET failed")]),
        certain(&[says("invalid GPG signature")]),
        certain(&[says("list of verification policy requirements must not be empty")]),
        certain(&[says("no signature verification policy found for image")]),
        // containers/image, signature/policy_config.go: the policy itself cannot be read, so nothing is let in
        possible(&[says("invalid policy in")]),
        possible(&[says("no policy.json file found")]),
        // containerd, core/transfer/local/pull.go and pkg/imageverifier/bindir; 1.7 and later
        certain(&[says("image verifier {verifier} blocked pull of")]),
        certain(&[says("blocking pull of * image verifier")]),
        certain(&[says("rejected image (exit code {status}):")]),
        // Harbor, src/server/middleware/contenttrust: cosign, notation, Notary (up to 2.8)
        certain(&[says("the image is not signed")]),
        // docker CLI, cli/trust and api/client/trust.go with DOCKER_CONTENT_TRUST=1; Portieris; Connaisseur with Notary v1
        certain(&[says("remote trust data does not exist")]),
        certain(&[says("trust data missing for remote repository")]),
        certain(&[says("trust data has insufficient signatures")]),
        certain(&[says("trust data mismatch for remote repository")]),
        certain(&[says("no valid trust data for")]),
        certain(&[says("no trust data for")]),
        certain(&[says("no trust data available")]),
        certain(&[says("failed to get content trust information")]),
        // sigstore/cosign, pkg/cosign/errors.go; printed by cosign, Kyverno, policy-controller, Connaisseur, Ratify, Kubewarden
        certain(&[says("no matching signatures")]),
        certain(&[says("no matching attestations")]),
        certain(&[says("no signatures found")]),
        certain(&[says("no bundle found in referrers")]),
        // Kyverno, pkg/engine/internal/imageverifier.go
        certain(&[says("failed to verify image {image}")]),
        certain(&[says("failed to verify signature")]),
        certain(&[says("image attestations verification failed")]),
        certain(&[says("image verification failed")]),
        certain(&[says("unverified image {image}")]),
        certain(&[says("image is not verified")]),
        certain(&[says(".attestors[0]")]),
        // sigstore/policy-controller, pkg/webhook/validator.go (before 0.3: cosigned)
        certain(&[says("denied the request: validation failed: failed policy:")]),
        certain(&[says("denied the request: validation failed: no matching policies")]),
        certain(&[says("signature key validation failed for authority")]),
        certain(&[says("signature keyless validation failed for authority")]),
        certain(&[says("attestation key validation failed for authority")]),
        certain(&[says("attestation keyless validation failed for authority")]),
        certain(&[says("disallowed by static policy")]),
        certain(&[says("validation failed: invalid image signature")]),
        certain(&[says("must be an image digest")]),
        // Ratify behind Gatekeeper: the constraint template's words
        certain(&[says("subject failed verification")]),
        certain(&[says("artifact failed verification")]),
        // k8s, plugin/pkg/admission/imagepolicy/admission.go
        certain(&[says("image policy webhook backend denied one or more images")]),
        certain(&[says("one or more images rejected by ImagePolicyWebhook backend")]),
        // Google Binary Authorization (GKE)
        certain(&[says("denied by Binary Authorization")]),
        certain(&[says("denied by {rule} admission rule")]),
        certain(&[says("denied by attestor")]),
        certain(&[says("denied by an attestor")]),
        certain(&[says("no attestations found that were valid and signed")]),
        // k8s, staging/src/k8s.io/apiserver, admission/plugin/webhook/errors: whatever such a webhook says
        certain(&[says("denied the request"), that("the webhook verifies images and does nothing else", verifies_images)]),
        // Portieris (IBM Cloud): ImagePolicy and ClusterImagePolicy
        certain(&[says("no matching repositories in")]),
        // Connaisseur, internal/handler/validation/validation.go; 1.x and 2.x, connaisseur/validators
        certain(&[says("error during {validator} validation of image")]),
        certain(&[says("static deny for image")]),
        certain(&[says("unable to find signed digest for image")]),
        certain(&[says("image not compliant with validation policy")]),
        certain(&[says("no signed digests")]),
        // Kubewarden, verify-image-signatures
        certain(&[says("image signature verification failed")]),
        certain(&[says("image {image} is not accepted: verification of image")]),
        // notation-go and AWS Signer
        certain(&[says("no signature is associated with")]),
        certain(&[says("signature verification failed for all the signatures")]),
    ],
    settles: &[],
    refines: &["back-off-only"],
    meaning: "Network, name and credentials are fine: somebody decided that only images with a signature (or an attestation) by certain keys \
may run here, and this one has none that fits.

Who refuses is in the message. `Source image rejected` and SignatureValidationFailed: the node, by /etc/containers/policy.json \
(CRI-O, OpenShift's ClusterImagePolicy). `image verifier … blocked pull`: the node, by a verifier program of containerd. `The \
image is not signed`: Harbor's project. `admission webhook … denied the request` and ImagePolicyWebhook: the cluster, before a \
pod is made (Kyverno, sigstore policy-controller, Gatekeeper with Ratify, Connaisseur, Portieris, Binary Authorization).

A signature belongs to a digest. A tag that was pushed again, or an image copied without its signatures to a mirror, is \
unsigned, even if its older self was signed. CRI-O reads sigstore signatures only where registries.d says \
`use-sigstore-attachments: true`.",
    not_this: "A registry that may not be used at all is registry-blocked. A refusal because of found vulnerabilities, or because the caller \
lacks rights, is permission-denied. A webhook that does not answer is no pull failure.",
    fixes: &[
        Fix {
            title: "Sign this digest with the key that Harbor's project wants",
            who: Who::RegistryOwner,
            only: &[Place::Registry(Registry::Harbor)],
            steps: &[
                "`cosign sign --key KEY` (or `notation sign`) the digest of {image}: projects that enforce cosign or notation accept any \
signature of that kind stored beside the image.",
                "Or switch it off: project, Configuration, Deployment security.",
                "Replication to another Harbor must include the signatures.",
            ],
            checks: &[reads("crane digest {image}"), reads("cosign tree {image}")],
            ..FIX
        },
        Fix {
            title: "Use an image that is signed as the policy wants",
            steps: &[
                "Find out what is signed: `cosign tree` lists signatures and attestations beside the image; `cosign verify` or `notation \
verify` with the policy's key or identity says whether they fit.",
                "Sign the digest in the pipeline that built it (`cosign sign --key KEY REPOSITORY@DIGEST`, or keyless from CI), or take a \
release that is signed, and set NEW_IMAGE to it, by digest.",
                "When copying to a mirror, take the signatures along: `cosign copy`, `oras copy -r`, `skopeo copy` with \
`use-sigstore-attachments`.",
            ],
            checks: &[reads("cosign tree {image}"), reads("crane digest {image}")],
            commands: &[remedies::CHANGE_IMAGE],
            warnings: remedies::CHANGE_IMAGE_WARNINGS,
            ..FIX
        },
        Fix {
            title: "Let OpenShift's policy accept the image",
            who: Who::ClusterAdmin,
            only: &[Place::Cluster(Cluster::OpenShift)],
            steps: &[
                "`kubectl get clusterimagepolicy,imagepolicy -A` shows which scope wants which key; change the key, the identity or the scope \
there. The machine config operator writes it to the nodes.",
                "Allowed and blocked registries of image.config.openshift.io/cluster end in the same policy.json: `is rejected by policy` without a \
word about signatures comes from there.",
            ],
            checks: &[
                reads("kubectl get clusterimagepolicies.config.openshift.io -o yaml"),
                reads("kubectl get image.config.openshift.io cluster -o yaml"),
            ],
            ..FIX
        },
        Fix {
            title: "Let the node's policy accept the image",
            who: Who::NodeAdmin,
            only: &[Place::Runtime(Runtime::Crio)],
            steps: &[
                "In /etc/containers/policy.json (or /etc/crio/policies/{namespace}.json for one namespace) the longest scope that matches the image \
decides. Add one for its repository, with the key or the Fulcio identity that signed it.",
                "For sigstore signatures add to a file in /etc/containers/registries.d: `docker: {{ {registry}: {{ use-sigstore-attachments: true }} }}`.",
                "`systemctl reload crio`. `invalid policy in` names a mistake in that file: mend it, or restore the packaged one.",
            ],
            checks: &[reads("skopeo inspect docker://{image}")],
            ..FIX
        },
        Fix {
            title: "Ask containerd's verifier why",
            who: Who::NodeAdmin,
            only: &[Place::Runtime(Runtime::Containerd)],
            steps: &[
                "The programs in `bin_dir` of the plugin io.containerd.image-verifier.v1.bindir (/opt/containerd/image-verifier/bin) decide; what \
they print is in the message. Run one by hand: `PROGRAM -name {image} -digest DIGEST -stdin-media-type application/vnd.oci.descriptor.v1+json`.",
                "A verifier that does not answer within `per_verifier_timeout` (10 s) refuses too.",
            ],
            ..FIX
        },
        Fix {
            title: "Let the cluster's policy accept the image",
            who: Who::ClusterAdmin,
            steps: &[
                "Find the policy that the message names and see which key, identity or registry it wants.",
                "Kyverno: `kubectl get clusterpolicy,imagevalidatingpolicy`. sigstore: `kubectl get clusterimagepolicy`. Gatekeeper: `kubectl get \
constraints`, and the log of Ratify. Connaisseur: its Helm values (`policy`, `validators`). Portieris: `kubectl get imagepolicies -A`. GKE: \
`gcloud container binauthz policy export`.",
                "The policy's controller must itself be able to read the registry: give it the pull secret if the repository is private.",
            ],
            checks: &[reads("kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations")],
            ..FIX
        },
    ],
    see_also: &["registry-blocked", "permission-denied", "not-a-pull-failure"],
    links: &[
        "https://github.com/containers/image/blob/main/docs/containers-policy.json.5.md",
        "https://github.com/containerd/containerd/blob/main/docs/image-verification.md",
        "https://kyverno.io/docs/policy-types/cluster-policy/verify-images/",
        "https://docs.sigstore.dev/policy-controller/overview/",
        "https://goharbor.io/docs/main/working-with-projects/project-configuration/implementing-content-trust/",
    ],
};

/// Names of admission webhooks of sigstore (policy-controller, cosigned), Google (Binary Authorization), Connaisseur and IBM
/// (Portieris). They stand in the API server's own part of the message, in quotes.
fn verifies_images(failure: &Failure<'_>) -> bool {
    const WEBHOOKS: &[&str] = &[
        "webhook \"policy.sigstore.dev\"",
        "webhook \"cosigned.sigstore.dev\"",
        "webhook \"imagepolicywebhook.image-policy.k8s.io\"",
        "webhook \"connaisseur-svc.",
        "webhook \"trust.hooks.securityenforcement",
    ];
    WEBHOOKS.iter().any(|webhook| failure.message.text.as_str().contains(webhook))
}
