//! Registries and repositories that were shut down, frozen or moved, as data: to add one, add an entry to [`TABLE`] and a case to
//! `registry_retired.txt`. An entry alone is no diagnosis: the registry must also have answered that it has no such image.

use crate::read::image_ref::ImageRef;

/// A registry, or a part of one, that no longer serves what it served.
#[derive(Debug)]
pub struct Retired {
    /// Host, and port if one was used. `*.` in front stands for any number of labels.
    pub registry: &'static str,
    /// Beginning of the repository's path, whole components; empty for the whole registry.
    pub path: &'static str,
    /// How much of it is left.
    pub left: Left,
    /// The day it happened, or the month or year where the day is not known: `2023-04-03`, `2021-05`.
    pub since: &'static str,
    /// What happened, one or two sentences.
    pub story: &'static str,
    /// What to write in place of registry and path, where the rest of the name and the tag stay the same; `None` where no
    /// such place exists.
    pub replacement: Option<&'static str>,
    /// Where it was announced or reported.
    pub source: &'static str,
}

/// How much of a retired registry is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Nothing: whatever the tag, it cannot be pulled.
    Nothing,
    /// What was there on the day; newer tags never came.
    Old,
}

/// The entry that an image falls under; the one with the longest path if there are several.
pub fn find(image: &ImageRef) -> Option<&'static Retired> {
    TABLE.iter().filter(|entry| entry.holds(image)).max_by_key(|entry| entry.path.len())
}

/// The same image at its new place, with its tag and digest, as far as one is known.
///
/// It is the place that its owners name; whether this very tag was carried over is not known here.
pub fn replacement(image: &ImageRef) -> Option<String> {
    let entry = find(image)?;
    let rest = image.repository.strip_prefix(entry.path)?;
    let slash = if rest.is_empty() || rest.starts_with('/') { "" } else { "/" };
    let tag = image.tag.iter().map(|tag| format!(":{tag}"));
    let digest = image.digest.iter().map(|digest| format!("@{digest}"));
    let suffix: String = tag.chain(digest).collect();
    Some(format!("{}{slash}{rest}{suffix}", entry.replacement?))
}

/// Values for the blanks `retired_story`, `retired_since` and `replacement` of the fixes; empty for an image of no retired
/// registry.
pub fn blanks(image: &ImageRef) -> Vec<(&'static str, String)> {
    let Some(entry) = find(image) else { return Vec::new() };
    let mut blanks = vec![("retired_story", entry.story.to_owned()), ("retired_since", entry.since.to_owned())];
    blanks.extend(replacement(image).map(|image| ("replacement", image)));
    blanks
}

impl Retired {
    fn holds(&self, image: &ImageRef) -> bool {
        let registry_fits = match self.registry.strip_prefix('*') {
            Some(suffix) => image.registry.len() > suffix.len() && image.registry.ends_with(suffix),
            None => image.registry == self.registry,
        };
        let rest = image.repository.strip_prefix(self.path);
        registry_fits && rest.is_some_and(|rest| self.path.is_empty() || rest.is_empty() || rest.starts_with('/'))
    }
}

/// All that are known, by registry.
pub const TABLE: &[Retired] = &[
    // The Kubernetes project
    Retired {
        registry: "k8s.gcr.io",
        path: "",
        left: Left::Old,
        since: "2023-04-03",
        story: "k8s.gcr.io was frozen and only redirects to registry.k8s.io; tags made after that day never came to it.",
        replacement: Some("registry.k8s.io"),
        source: "https://kubernetes.io/blog/2023/02/06/k8s-gcr-io-freeze-announcement/",
    },
    Retired {
        registry: "gcr.io",
        path: "google_containers",
        left: Left::Old,
        since: "2023-04-03",
        story: "gcr.io/google_containers is the first name of k8s.gcr.io; the Kubernetes project serves registry.k8s.io alone.",
        replacement: Some("registry.k8s.io"),
        source: "https://github.com/kubernetes-sigs/sig-storage-local-static-provisioner/issues/479",
    },
    Retired {
        registry: "gcr.io",
        path: "google-containers",
        left: Left::Old,
        since: "2023-04-03",
        story: "gcr.io/google-containers is an older name of k8s.gcr.io; the Kubernetes project serves registry.k8s.io alone.",
        replacement: Some("registry.k8s.io"),
        source: "https://github.com/kubernetes-sigs/sig-storage-local-static-provisioner/issues/479",
    },
    Retired {
        registry: "*.gcr.io",
        path: "k8s-artifacts-prod",
        left: Left::Old,
        since: "2023-04-03",
        story: "The k8s-artifacts-prod projects were the inside of k8s.gcr.io, which is frozen.",
        replacement: Some("registry.k8s.io"),
        source: "https://kubernetes.io/blog/2023/02/06/k8s-gcr-io-freeze-announcement/",
    },
    Retired {
        registry: "gcr.io",
        path: "kubernetes-e2e-test-images",
        left: Left::Old,
        since: "2021",
        story: "The test images of Kubernetes moved from Google's own project to the community's registry; many were merged into agnhost.",
        replacement: Some("registry.k8s.io/e2e-test-images"),
        source: "https://github.com/kubernetes/kubernetes/issues/96770",
    },
    Retired {
        registry: "gcr.io",
        path: "kubebuilder",
        left: Left::Nothing,
        since: "2025-03-18",
        story: "The images of gcr.io/kubebuilder were removed when Google Container Registry was shut down; kube-rbac-proxy was \
carried over to registry.k8s.io, and its authors publish it as quay.io/brancz/kube-rbac-proxy.",
        replacement: Some("registry.k8s.io/kubebuilder"),
        source: "https://github.com/kubernetes-sigs/kubebuilder/discussions/3907",
    },
    Retired {
        registry: "quay.io",
        path: "k8scsi",
        left: Left::Nothing,
        since: "2025",
        story: "The CSI sidecars moved to registry.k8s.io/sig-storage in 2020, and the images at quay.io/k8scsi were removed later.",
        replacement: Some("registry.k8s.io/sig-storage"),
        source: "https://github.com/ofek/csi-gcs/issues/186",
    },
    Retired {
        registry: "quay.io",
        path: "kubernetes-ingress-controller/nginx-ingress-controller",
        left: Left::Old,
        since: "2020-07",
        story: "ingress-nginx left quay.io after version 0.33.0; later versions are registry.k8s.io/ingress-nginx/controller, with a v in \
front of the tag.",
        replacement: None,
        source: "https://github.com/byuoitav/terraform-kubernetes-nginx-ingress-controller/issues/8",
    },
    Retired {
        registry: "quay.io",
        path: "coreos/kube-state-metrics",
        left: Left::Old,
        since: "2021-03",
        story: "kube-state-metrics left quay.io/coreos for the registry of the Kubernetes project.",
        replacement: Some("registry.k8s.io/kube-state-metrics/kube-state-metrics"),
        source: "https://github.com/kubernetes/kube-state-metrics/issues/1409",
    },
    Retired {
        registry: "quay.io",
        path: "coreos/prometheus-operator",
        left: Left::Old,
        since: "2020-10",
        story: "The Prometheus operator left quay.io/coreos; since version 0.43.0 it is published under quay.io/prometheus-operator.",
        replacement: Some("quay.io/prometheus-operator/prometheus-operator"),
        source: "https://github.com/prometheus-operator/prometheus-operator/issues/3672",
    },
    Retired {
        registry: "quay.io",
        path: "coreos/prometheus-config-reloader",
        left: Left::Old,
        since: "2020-10",
        story: "The Prometheus operator left quay.io/coreos; since version 0.43.0 it is published under quay.io/prometheus-operator.",
        replacement: Some("quay.io/prometheus-operator/prometheus-config-reloader"),
        source: "https://github.com/prometheus-operator/prometheus-operator/issues/3672",
    },
    Retired {
        registry: "quay.io",
        path: "coreos/flannel",
        left: Left::Old,
        since: "2022-03",
        story: "flannel left quay.io/coreos before version 0.17.0; it is published under ghcr.io/flannel-io.",
        replacement: Some("ghcr.io/flannel-io/flannel"),
        source: "https://github.com/kubernetes/kops/pull/13552",
    },
    // Google Container Registry, projects that were not carried over to Artifact Registry
    Retired {
        registry: "gcr.io",
        path: "kubernetes-helm",
        left: Left::Nothing,
        since: "2020-11",
        story: "Helm 2 and its server Tiller have reached their end; the last images were moved to ghcr.io/helm/tiller. Helm 3 needs no Tiller.",
        replacement: Some("ghcr.io/helm"),
        source: "https://helm.sh/blog/helm-v2-deprecation-timeline/",
    },
    Retired {
        registry: "gcr.io",
        path: "tekton-releases",
        left: Left::Nothing,
        since: "2025-07",
        story: "Tekton closed its repositories at gcr.io; the same images are served by ghcr.io/tektoncd.",
        replacement: Some("ghcr.io/tektoncd"),
        source: "https://github.com/tektoncd/pipeline/issues/8870",
    },
    Retired {
        registry: "gcr.io",
        path: "kuar-demo",
        left: Left::Nothing,
        since: "2025-03-18",
        story: "The project kuar-demo (Kubernetes: Up and Running) was not carried over when Google Container Registry was shut down.",
        replacement: None,
        source: "https://github.com/kubernetes-up-and-running/kuard/issues/60",
    },
    Retired {
        registry: "gcr.io",
        path: "spark-operator",
        left: Left::Nothing,
        since: "2023-10-19",
        story: "The images at gcr.io/spark-operator were removed. The operator is published as ghcr.io/kubeflow/spark-operator, Spark itself \
as docker.io/library/spark and docker.io/apache/spark.",
        replacement: None,
        source: "https://github.com/kubeflow/spark-operator/issues/1860",
    },
    Retired {
        registry: "gcr.io",
        path: "ml-pipeline",
        left: Left::Nothing,
        since: "2025-03-18",
        story: "Kubeflow Pipelines left gcr.io/ml-pipeline; newer releases are published under ghcr.io/kubeflow, with other names \
(kfp-api-server, kfp-frontend, …).",
        replacement: None,
        source: "https://github.com/kubeflow/pipelines/issues/10891",
    },
    Retired {
        registry: "gcr.io",
        path: "arrikto",
        left: Left::Nothing,
        since: "2024",
        story: "The images of Arrikto, which Kubeflow up to 1.8 used, are no longer served.",
        replacement: None,
        source: "https://github.com/kubeflow/community-distribution/issues/2876",
    },
    // Docker Hub
    Retired {
        registry: "docker.io",
        path: "bitnami",
        left: Left::Nothing,
        since: "2025-08-28",
        story: "Bitnami moved all versioned tags from docker.io/bitnami to docker.io/bitnamilegacy, where they get no updates; only some \
images with the tag latest are left.",
        replacement: Some("docker.io/bitnamilegacy"),
        source: "https://github.com/bitnami/containers/issues/83267",
    },
    Retired {
        registry: "docker.io",
        path: "minio",
        left: Left::Nothing,
        since: "2026-09-11",
        story: "MinIO ended its community images in October 2025 and later removed its repositories from Docker Hub; quay.io/minio still \
serves the old tags.",
        replacement: Some("quay.io/minio"),
        source: "https://github.com/makeplane/plane/pull/9829",
    },
    Retired {
        registry: "docker.io",
        path: "jettech/kube-webhook-certgen",
        left: Left::Old,
        since: "2021-07",
        story: "kube-webhook-certgen became a part of ingress-nginx; newer versions are registry.k8s.io/ingress-nginx/kube-webhook-certgen.",
        replacement: None,
        source: "https://github.com/kubernetes/ingress-nginx/issues/7240",
    },
    // Whole registries
    Retired {
        registry: "docker.pkg.github.com",
        path: "",
        left: Left::Nothing,
        since: "2025-02",
        story: "GitHub closed its old Docker registry; images were migrated to ghcr.io, as ghcr.io/OWNER/IMAGE without the repository's name.",
        replacement: None,
        source: "https://github.blog/changelog/2025-01-23-legacy-docker-registry-closing-down/",
    },
    Retired {
        registry: "*.bintray.io",
        path: "",
        left: Left::Nothing,
        since: "2021-05-01",
        story: "JFrog shut Bintray down. JFrog's own images are at releases-docker.jfrog.io; others went where their owners took them.",
        replacement: None,
        source: "https://jfrog.com/blog/into-the-sunset-bintray-jcenter-gocenter-and-chartcenter/",
    },
    Retired {
        registry: "registry.opensource.zalan.do",
        path: "",
        left: Left::Nothing,
        since: "2026",
        story: "Zalando closed its own registry; the images are published under ghcr.io/zalando and ghcr.io/zalando-incubator.",
        replacement: None,
        source: "https://github.com/zalando/skipper/pull/4054",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(image: &str, path: Option<&str>, replaced: Option<&str>) {
        let image = ImageRef::parse(image).expect("the test's image is a reference");
        assert_eq!(find(&image).map(|entry| entry.path), path, "{}", image.text);
        assert_eq!(replacement(&image).as_deref(), replaced, "{}", image.text);
    }

    #[test]
    fn the_replacement_keeps_what_is_not_retired() {
        check(
            "k8s.gcr.io/ingress-nginx/controller:v1.9",
            Some(""),
            Some("registry.k8s.io/ingress-nginx/controller:v1.9"),
        );
        check("bitnami/redis:7.0", Some("bitnami"), Some("docker.io/bitnamilegacy/redis:7.0"));
        check("gcr.io/google_containers/pause", Some("google_containers"), Some("registry.k8s.io/pause"));
        check("quay.io/coreos/flannel:v0.20", Some("coreos/flannel"), Some("ghcr.io/flannel-io/flannel:v0.20"));
        check("gcr.io/kuar-demo/kuard-amd64:blue", Some("kuar-demo"), None);
        check("jfrog.bintray.io/x/y:1", Some(""), None);
        let digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        check(
            &format!("k8s.gcr.io/pause:3.9@{digest}"),
            Some(""),
            Some(&format!("registry.k8s.io/pause:3.9@{digest}")),
        );
    }

    #[test]
    fn neighbours_of_retired_names_are_not_retired() {
        for image in [
            "registry.k8s.io/pause:3.9",
            "bitnamilegacy/redis:7.0",
            "bitnamicharts/redis",
            "quay.io/bitnami/redis:7.0",
            "quay.io/coreos/flannel-cni:1",
            "quay.io/minio/minio:1",
            "gcr.io/my-project/app:1",
            "bintray.io/x:1",
            "notbintray.io/x:1",
        ] {
            check(image, None, None);
        }
    }

    #[test]
    fn entries_are_well_formed() {
        for entry in TABLE {
            let name = format!("{}/{}", entry.registry, entry.path);
            assert!(entry.source.starts_with("https://"), "{name}");
            assert!(!entry.path.starts_with('/') && !entry.path.ends_with('/'), "{name}");
            assert!(entry.story.ends_with('.'), "{name}");
            assert!(entry.since.len() >= 4 && entry.since.bytes().all(|b| b.is_ascii_digit() || b == b'-'), "{name}");
            if let Some(replacement) = entry.replacement {
                let image =
                    ImageRef::parse(&format!("{replacement}/rest")).expect("a replacement is the beginning of a name");
                assert!(find(&image).is_none(), "{name} is replaced by something retired");
            }
        }
    }
}
