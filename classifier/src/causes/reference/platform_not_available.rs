//! The image exists, but not for the operating system and processor of the node.

use crate::cause::*;
use crate::causes::remedies;
use crate::observations::{NodeFacts, PodFacts};
use crate::read::image_ref::ImageRef;
use crate::settle::Case;

pub(super) const CAUSE: Cause = Cause {
    id: "platform-not-available",
    area: Area::Reference,
    title: "The image has no variant for the platform of the node",
    outlook: Outlook::Final,
    signs: &[
        // containerd, core/images/handlers.go (LimitManifests) and image.go (Manifest); docker, ctr, nerdctl, BuildKit
        certain(&[says("no match for platform in manifest")]),
        // containerd 1.2 in development, images/image.go (pull request 2410)
        certain(&[says("no match for current platform {platform} in manifest")]),
        // containerd 1.6, unpacker.go; client/image.go; pkg/unpack of 1.7
        certain(&[says("does not support platform {platform} for image")]),
        // moby, distribution/pull_v2*.go and daemon/containerd/image_pull.go
        certain(&[says("no matching manifest for {platform} in the manifest list entries")]),
        certain(&[says("no matching manifest for * in the manifest list entries")]),
        certain(&[says("no matching manifest for {platform}")]),
        // docker 1.10 to 1.13
        certain(&[says("no supported platform found in manifest list")]),
        certain(&[says("cannot download image with operating system {os} when requesting")]),
        certain(&[says("image operating system {os} cannot be used on this platform")]),
        // moby, distribution/pull_v2_windows.go
        certain(&[says("a Windows version {version}-based image is incompatible with a")]),
        // moby, daemon/images/image.go and daemon/containerd: the image is here, for another platform
        certain(&[says("was found but does not match the specified platform")]),
        certain(&[says("was found but does not provide the specified platform")]),
        certain(&[says("was found but its platform * does not match the specified platform")]),
        // containers/image, internal/manifest; before 5.0 without quotes; CRI-O, podman, skopeo
        certain(&[says("no image found in manifest list for architecture")]),
        certain(&[says("no image found in image index for architecture")]),
        // Amazon ECS on Fargate
        certain(&[says("does not contain descriptor matching platform")]),
        // go-containerregistry, pkg/v1/remote/index.go: crane, kaniko, ko, kpack
        certain(&[says("no child with platform {platform} in index")]),
        // containerd 1.1: an index without a match, said as if a manifest were missing
        possible(&[says("manifest {digest}: not found$")]),
    ],
    settles: &[Settling {
        from: &["platform-not-available"],
        question: "which platform the node has, and on which nodes the image runs",
        when: on_this_node,
    }],
    refines: &[],
    meaning: "Name, network and access are fine: the image was found. It is a multi-platform image (or one for another platform), and \
none of its variants is made for the operating system and processor of this node.

That happens on arm64 nodes (AWS Graviton, Ampere, Raspberry Pi, kind and minikube on Apple silicon) with images built for amd64 \
only, on amd64 nodes with images built on an Apple machine, and on Windows nodes, where even the build of Windows must fit. Nodes of other \
kinds in the same cluster run the image without trouble.",
    not_this: "An image with a single variant for the wrong processor is pulled without complaint and then stops with `exec format error`, which is \
no failure of the pull. A variant that the index lists and that is gone is digest-not-found.",
    fixes: &[
        Fix {
            title: "Name an image that has this platform",
            who: Who::Author,
            steps: &[
                "If the image is yours: `docker buildx build --platform {os}/{arch} -t REPOSITORY:NEWTAG --push .`. Without --platform it is \
built for the machine that builds it, as an Apple computer's arm64.",
                "If it is not: newer releases often have more platforms than old ones; some projects publish the processor in the tag or in the \
name (`-arm64`, `arm64v8/…`).",
                "Set NEW_IMAGE to its full name.",
            ],
            checks: &[reads("docker buildx imagetools inspect {image}"), reads("crane manifest {image}")],
            commands: &[remedies::CHANGE_IMAGE],
            warnings: remedies::CHANGE_IMAGE_WARNINGS,
            ..FIX
        },
        Fix {
            title: "Or run the pod on nodes that the image is made for",
            who: Who::Author,
            steps: &[
                "Look which platforms the image has, and which the nodes are.",
                "Add to the pod template under spec: `nodeSelector:` with `kubernetes.io/arch: amd64` (or arm64) or `kubernetes.io/os: windows`. The \
pod is then made anew by its controller.",
            ],
            checks: &[
                reads("kubectl get nodes -L kubernetes.io/os,kubernetes.io/arch,node.kubernetes.io/windows-build"),
                reads("docker buildx imagetools inspect {image}"),
                reads("crane manifest {image}"),
                reads("skopeo inspect --raw docker://{image}"),
            ],
            ..FIX
        },
        Fix {
            title: "Build the image for all platforms of the cluster",
            who: Who::RegistryOwner,
            steps: &[
                "`docker buildx build --platform linux/amd64,linux/arm64 -t {image} --push .`. With two builders: push both under tags of their \
own and join them with `docker buildx imagetools create -t {image} IMAGE-amd64 IMAGE-arm64`.",
                "The kubelet finds the new variant by itself at its next attempt, at most about five minutes later.",
            ],
            ..FIX
        },
    ],
    see_also: &["tag-not-found", "digest-not-found", "unsupported-image-format"],
    links: &[
        "https://kubernetes.io/docs/concepts/containers/images/#multi-architecture-images-with-image-indexes",
        "https://docs.docker.com/build/building/multi-platform/",
        "https://learn.microsoft.com/virtualization/windowscontainers/deploy-containers/version-compatibility",
    ],
};

fn on_this_node(case: &Case<'_>) -> Verdict {
    let of = |pod: &PodFacts| case.facts.node(pod.node.as_deref()?);
    let Some((pod, node, platform)) = case.pod.and_then(|pod| Some((pod, of(pod)?, platform(of(pod)?)?))) else {
        return Verdict::No;
    };
    let mut lines = vec![(format!("node {}", node.name), format!("is {platform}"))];
    let image = |container: &str| ImageRef::parse(container).map(|image| (image.name(), image.tag, image.digest));
    let wanted = case.image.and_then(|wanted| image(&wanted.text));
    let elsewhere = case.facts.pods.iter().filter(|other| *other != pod).find_map(|other| {
        let there = of(other).and_then(self::platform).filter(|there| *there != platform)?;
        other.containers.iter().find(|container| container.has_run && image(&container.image) == wanted)?;
        Some((format!("pod {}/{}", other.namespace, other.name), format!("runs the same image on a node that is {there}")))
    });
    lines.extend(elsewhere.filter(|_| wanted.is_some()));
    Verdict::Proven(Proof { confidence: case.confidence, lines, values: Vec::new() })
}

/// As registries write it: `linux/arm64`.
fn platform(node: &NodeFacts) -> Option<String> {
    Some(format!("{}/{}", node.os.as_deref().unwrap_or("linux"), node.arch.as_deref()?))
}

#[cfg(test)]
mod tests {
    use crate::{Options, diagnose};

    #[test]
    fn the_nodes_platform_and_where_the_image_runs_are_shown() {
        let pod = |name: &str, node: &str, state: &str| {
            format!(
                r#"{{"kind":"Pod","apiVersion":"v1","metadata":{{"name":"{name}","namespace":"shop"}},"spec":{{"nodeName":"{node}","containers":[{{"name":"app","image":"corp.example.com/web:1"}}]}},"status":{{"containerStatuses":[{{"name":"app","image":"corp.example.com/web:1","state":{state}}}]}}}}"#
            )
        };
        let node = |name: &str, arch: &str| {
            format!(
                r#"{{"kind":"Node","apiVersion":"v1","metadata":{{"name":"{name}"}},"status":{{"nodeInfo":{{"architecture":"{arch}","operatingSystem":"linux"}}}}}}"#
            )
        };
        let waits = r#"{"waiting":{"reason":"ErrImagePull","message":"failed to pull and unpack image \"corp.example.com/web:1\": no match for platform in manifest: not found"}}"#;
        let runs = r#"{"running":{"startedAt":"2026-01-01T00:00:00Z"}}"#;
        let items = [pod("a", "arm", waits), pod("b", "amd", runs), node("arm", "arm64"), node("amd", "amd64")];
        let list = format!(r#"{{"kind":"List","apiVersion":"v1","items":[{}]}}"#, items.join(","));
        let report = diagnose(&list, &Options::default());
        let best = &report.findings[0].diagnoses[0];
        let facts: Vec<&str> = best.evidence.iter().skip(1).map(|evidence| evidence.text.as_str()).collect();
        assert_eq!((best.cause.as_str(), best.settled_from.as_deref()), ("platform-not-available", None));
        assert_eq!(
            facts,
            ["node arm: is linux/arm64", "pod shop/b: runs the same image on a node that is linux/amd64"]
        );
    }
}
