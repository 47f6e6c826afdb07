//! A name without a registry, and the node does not say which registry it belongs to.

use crate::cause::*;
use crate::causes::remedies;

pub(super) const CAUSE: Cause = Cause {
    id: "short-name-unresolved",
    area: Area::Reference,
    title: "The image has no registry in its name, and the node does not choose one",
    outlook: Outlook::Final,
    signs: &[
        // CRI-O 1.34 and later, internal/storage/image.go
        certain(&[says("short name mode is enforcing, but image name {name} returns ambiguous list")]),
        certain(&[says("returns ambiguous list")]),
        // containers/image, pkg/shortnames/shortnames.go; CRI-O, podman, buildah, skopeo
        certain(&[says("short-name {name} did not resolve to an alias")]),
        certain(&[says("no unqualified-search registries are defined")]),
        certain(&[says("short-name resolution enforced but cannot prompt")]),
        certain(&[says("short name resolution enforced but cannot prompt")]),
        certain(&[says("no containers-registries.conf(5) was found")]),
        certain(&[says("unsupported short-name mode")]),
        // CRI-O up to 1.19, internal/storage/image.go
        certain(&[says("no registries configured while trying to pull an unqualified image")]),
        // podman 1.x, libpod/image/pull.go
        certain(&[says("image name provided is a short name and no search registries are defined")]),
    ],
    settles: &[],
    refines: &["image-inspect-failed", "invalid-image-reference"],
    meaning: "Network, registry and credentials are not at fault: nothing was asked of them yet. The image is written without a registry \
(`nginx:1.27`, `team/web`), and the runtime of the node does not want to guess which registry is meant.

Docker and containerd always complete such names with docker.io. CRI-O and podman look into /etc/containers/registries.conf: an alias for \
the name, else the list unqualified-search-registries. With several registries in the list, CRI-O 1.34 and later refuse (short_name_mode is \
enforcing), since anybody could publish an image of this name at one of them. With no list there is nothing to try.",
    not_this: "A short name that was completed to the wrong registry fails with that registry's answer: tag-not-found or \
repository-not-found-or-private.",
    fixes: &[
        Fix {
            title: "Write the registry in front: docker.io/{repository_path}, if it is an image of Docker Hub",
            who: Who::Author,
            steps: &[
                "Official images of Docker Hub are docker.io/library/NAME.",
                "In a Helm chart that is often a value of its own (image.registry, global.imageRegistry).",
            ],
            commands: &[changes(
                "kubectl set image[ -n {namespace}] {set_image} {container}=docker.io/{repository_path}[:{tag}][@{digest}]",
            )],
            warnings: remedies::CHANGE_IMAGE_WARNINGS,
            ..FIX
        },
        Fix {
            title: "Write another registry in front",
            who: Who::Author,
            steps: &["Set NEW_IMAGE to the whole reference, as registry.example.com/team/web:1.4."],
            commands: &[remedies::CHANGE_IMAGE],
            warnings: remedies::CHANGE_IMAGE_WARNINGS,
            ..FIX
        },
        Fix {
            title: "Tell the node which registry short names belong to",
            who: Who::NodeAdmin,
            steps: &[
                "In /etc/containers/registries.conf: `unqualified-search-registries = [[\"docker.io\"]]`. One registry in the list is never ambiguous.",
                "Or an alias for this name alone, in a file under /etc/containers/registries.conf.d: a line `[[aliases]]`, and below it \
`\"NAME\" = \"docker.io/library/NAME\"`.",
                "Or, with CRI-O, take the first registry that has it: `short_name_mode = \"disabled\"` under `[[crio.image]]` in a file under \
/etc/crio/crio.conf.d. Then `systemctl restart crio`.",
                "OpenShift: the list is `containerRuntimeSearchRegistries` of image.config.openshift.io/cluster.",
            ],
            warnings: &["With several registries in the list, whoever publishes the name first at one of them decides what runs."],
            ..FIX
        },
    ],
    see_also: &["invalid-image-reference", "image-inspect-failed", "repository-not-found-or-private"],
    links: &[
        "https://github.com/containers/image/blob/main/docs/containers-registries.conf.5.md#short-name-resolving",
        "https://github.com/cri-o/cri-o/blob/main/docs/crio.conf.5.md",
    ],
};
