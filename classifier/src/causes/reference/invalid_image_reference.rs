//! The image reference does not follow the grammar; no request was ever sent.

use crate::cause::*;
use crate::causes::remedies;

pub(super) const CAUSE: Cause = Cause {
    id: "invalid-image-reference",
    area: Area::Reference,
    title: "The image reference is not a valid one",
    outlook: Outlook::Final,
    signs: &[
        // kubelet, images/image_manager.go and kuberuntime: ErrInvalidImageName
        certain(&[reason("InvalidImageName")]),
        certain(&[says("Error: InvalidImageName")]),
        // kubelet >= 1.28 and <= 1.27, pkg/util/parsers
        certain(&[says("couldn't parse image name")]),
        certain(&[says("couldn't parse image reference")]),
        certain(&[says("Failed to apply default image tag")]),
        // distribution/reference: reference.go, normalize.go. Every runtime and tool parses with it.
        certain(&[says("invalid reference format")]),
        certain(&[says("repository name must be lowercase")]),
        certain(&[says("repository name ({path}) must be lowercase")]),
        certain(&[says("cannot specify 64-byte hexadecimal strings")]),
        certain(&[says("repository name must have at least one component")]),
        certain(&[says("repository name must not be more than {limit} characters")]),
        certain(&[says("repository name must be canonical")]),
        certain(&[says("invalid tag format")]),
        likely(&[says("reference {reference} has no name")]),
        // opencontainers/go-digest, digest.go: also said of digests that a server sent
        likely(&[says("invalid checksum digest length")]),
        likely(&[says("invalid checksum digest format")]),
        likely(&[says("unsupported digest algorithm")]),
        // containerd: CRI plugin, image_pull.go and pkg/reference
        certain(&[says("failed to parse image reference {reference}")]),
        certain(&[says("failed to resolve reference {reference}: object required")]),
        certain(&[says("failed to resolve reference {reference}: hostname required")]),
        certain(&[says("failed to resolve reference {reference}: invalid reference$")]),
        certain(&[says("{reference}: object required$")]),
        // containers/image: pkg/shortnames, docker/docker_transport.go, alltransports; CRI-O, podman, skopeo
        certain(&[says("cannot parse input: {reference}")]),
        certain(&[says("cannot normalize input: {reference}")]),
        certain(&[says("{reference} is not a named reference")]),
        certain(&[says("Docker references with both a tag and digest are currently not supported")]),
        certain(&[says("Invalid image name {reference}, unknown transport")]),
        certain(&[says("Invalid image name {reference}, expected colon-separated transport:reference")]),
        // docker 1.10 to 1.12, api/client
        certain(&[says("is not a valid repository/tag")]),
        // docker 1.x, registry/config.go and registry/service.go
        certain(&[says("Invalid repository name ({name}), only [a-z0-9-_.] are allowed")]),
        certain(&[says("Invalid namespace name ({name})")]),
        certain(&[says("Invalid repository name (ex:")]),
        certain(&[says("Invalid repository name, try")]),
        // distribution, errcode: the registry's own, stricter grammar
        likely(&[says("name invalid: invalid repository name")]),
        likely(&[code("TAG_INVALID")]),
        likely(&[says("manifest tag did not match URI")]),
    ],
    settles: &[],
    refines: &["image-inspect-failed"],
    meaning: "Registry, network and credentials are not at fault: nothing was asked of them. The text of the image field does not \
follow the grammar of image references, so the kubelet or the runtime refused it on the spot.

The grammar is `[[HOST[[:PORT]]/]]PATH[[:TAG]][[@DIGEST]]`. The path is in lower case, the tag has letters, digits, `_`, `.` and `-`, the digest \
is `sha256:` and 64 hexadecimal digits. Usual slips: a capital letter in the path, `https://` in front, a blank or quote that came along, two \
tags, a tag that is empty because a variable was (`web:`), a template that was never rendered (`${{TAG}}`, `{{{{ .Values.tag }}}}`, `<tag>`), a digest \
that was cut short, or an image id in place of a name.",
    not_this: "A reference that is well formed and names nothing is tag-not-found or repository-not-found. A short name that the node refuses to \
complete is short-name-unresolved.",
    fixes: &[Fix {
        title: "Write the reference of {container} correctly",
        who: Who::Author,
        steps: &[
            "Look at the image field letter by letter: what the words of the error quote is what the cluster got.",
            "No scheme: registry.example.com/team/web:1.4, not https://registry.example.com/team/web:1.4. Lower case before the tag: \
team/web, not Team/Web.",
            "If it comes from a template or a pipeline, print what it renders (`helm template`, `kustomize build`, `envsubst`): an empty \
variable leaves a bare colon, and a tag of digits only, without quotes in YAML, is a number (`2.417603e+06`).",
        ],
        checks: &[reads("kubectl get pod[ -n {namespace}] {pod} -o jsonpath=\"{{.spec[['initContainers','containers']][[*]].image}}\"")],
        commands: &[remedies::CHANGE_IMAGE],
        warnings: remedies::CHANGE_IMAGE_WARNINGS,
        ..FIX
    }],
    see_also: &["tag-not-found", "short-name-unresolved", "image-inspect-failed"],
    links: &[
        "https://kubernetes.io/docs/concepts/containers/images/#image-names",
        "https://pkg.go.dev/github.com/distribution/reference",
    ],
};
