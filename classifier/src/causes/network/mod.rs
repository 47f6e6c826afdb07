//! The way from the node to the registry. Beside the causes stand the remedies that several of them share: which hosts a
//! firewall or a proxy has to let through for each of the large registries (a pull asks more hosts than the one in the
//! image's name).

use crate::cause::*;

area! {
    dns_lookup_failed,
    connection_refused,
    connection_timed_out,
    connection_interrupted,
    network_unreachable,
    proxy_failed,
}

/// Said after a repair outside of the cluster's objects: nothing has to be made again.
const TRIES_AGAIN: &str = "The kubelet tries again by itself, at most about five minutes later.";

/// A pod's network has its own DNS and its own policies.
const NOT_FROM_A_POD: &str = "Try it on the node itself: the runtime pulls from the node's network, so a test inside a pod, a \
NetworkPolicy or the cluster's DNS proves nothing.";

/// A remedy that opens the way to one registry, for firewalls, security groups and proxies alike.
const fn hosts_of(
    only: &'static [Place],
    title: &'static str,
    steps: &'static [&'static str],
    checks: &'static [Command],
) -> Fix {
    Fix { title, who: Who::ClusterAdmin, only, steps, checks, ..FIX }
}

/// docs.docker.com, "Allowlist for Docker Desktop".
const HOSTS_OF_DOCKER_HUB: Fix = hosts_of(
    &[Place::Registry(Registry::DockerHub)],
    "Let the nodes reach all hosts of Docker Hub",
    &[
        "Allow HTTPS (443) from the nodes to registry-1.docker.io, auth.docker.io (tokens), production.cloudflare.docker.com \
and docker-images-prod.*.r2.cloudflarestorage.com (layers): in firewalls, security groups, the NAT gateway and the proxy.",
        "Or pull through a mirror inside your network, named in the runtime's configuration of docker.io.",
        NOT_FROM_A_POD,
    ],
    &[reads("curl -sSI https://registry-1.docker.io/v2/ # on the node; 401 means that the way is open")],
);

/// docs.aws.amazon.com, "Amazon ECR interface VPC endpoints".
const HOSTS_OF_ECR: Fix = hosts_of(
    &[Place::Registry(Registry::Ecr)],
    "Give the nodes a way to Amazon ECR and to its S3 bucket",
    &[
        "In a private subnet: a NAT gateway, or interface endpoints ecr.dkr and ecr.api (private DNS on, their security group \
open for 443 from the nodes) and a gateway endpoint for S3 in the nodes' route table.",
        "Layers come from prod-REGION-starport-layer-bucket.s3.REGION.amazonaws.com: a pull that finds the manifest and then \
hangs has no way to S3.",
        NOT_FROM_A_POD,
    ],
    &[reads("curl -sSI https://{registry}/v2/ # on the node; 401 means that the way is open")],
);

/// learn.microsoft.com, "Configure rules to access an Azure container registry behind a firewall".
const HOSTS_OF_ACR: Fix = hosts_of(
    &[Place::Registry(Registry::Acr)],
    "Give the nodes a way to the Azure registry and to its blobs",
    &[
        "Allow HTTPS (443) to {registry} and to its data endpoint (REGISTRY.REGION.data.azurecr.io if dedicated data endpoints \
are on, else *.blob.core.windows.net).",
        "With a private endpoint: link the zone privatelink.azurecr.io to the virtual network of the nodes; the data endpoint \
needs a record there too. Check with: az aks check-acr.",
        "If the registry has IP rules, add the cluster's outbound address.",
        NOT_FROM_A_POD,
    ],
    &[reads("curl -sSI https://{registry}/v2/ # on the node; 401 means that the way is open")],
);

/// cloud.google.com, "Configure Private Google Access".
const HOSTS_OF_GOOGLE: Fix = hosts_of(
    &[Place::Registry(Registry::ArtifactRegistry), Place::Registry(Registry::Gcr)],
    "Give the nodes a way to Google's registry",
    &[
        "Nodes without external addresses need Private Google Access on their subnet, or Cloud NAT.",
        "If the name leads to 199.36.153.8/30 (private.googleapis.com) or 199.36.153.4/30 (restricted.googleapis.com): the \
network needs a route for that range with the default internet gateway as next hop, and a firewall rule that allows 443 to it.",
        "Private DNS zones must cover *.pkg.dev, *.gcr.io and *.googleapis.com (layers come from storage.googleapis.com).",
        NOT_FROM_A_POD,
    ],
    &[reads("curl -sSI https://{registry}/v2/ # on the node; 401 or 200 means that the way is open")],
);

/// registry.k8s.io answers with redirects (github.com/kubernetes/registry.k8s.io); MCR: learn.microsoft.com.
const HOSTS_OF_REDIRECTORS: Fix = hosts_of(
    &[Place::Registry(Registry::Kubernetes), Place::Registry(Registry::Microsoft)],
    "Let the nodes reach the hosts that the registry sends them to",
    &[
        "registry.k8s.io sends pulls on to *-docker.pkg.dev and to prod-registry-k8s-io-*.s3.dualstack.*.amazonaws.com; \
mcr.microsoft.com to *.data.mcr.microsoft.com. Allow HTTPS (443) to all of them.",
        "Where that cannot be allowed, copy the images to a registry of your own and name that one.",
        NOT_FROM_A_POD,
    ],
    &[reads("curl -sSI https://{registry}/v2/ # on the node")],
);

/// docs.github.com; access.redhat.com/articles/7084334 (quay.io); docs.gitlab.com.
const HOSTS_OF_OTHERS: Fix = hosts_of(
    &[
        Place::Registry(Registry::Ghcr),
        Place::Registry(Registry::Quay),
        Place::Registry(Registry::RedHat),
        Place::Registry(Registry::GitLab),
        Place::Registry(Registry::EcrPublic),
    ],
    "Let the nodes reach the registry and the host of its layers",
    &[
        "Allow HTTPS (443) also to where the layers are: pkg-containers.githubusercontent.com for ghcr.io; cdn.quay.io and \
cdn01.quay.io to cdn06.quay.io for quay.io and Red Hat (which also needs registry.redhat.io, registry.access.redhat.com and \
sso.redhat.com); gitlab.com (tokens) and cdn.registry.gitlab-static.net for registry.gitlab.com; *.cloudfront.net for \
public.ecr.aws.",
        NOT_FROM_A_POD,
    ],
    &[reads("curl -sSI https://{registry}/v2/ # on the node; 401 or 200 means that the way is open")],
);
