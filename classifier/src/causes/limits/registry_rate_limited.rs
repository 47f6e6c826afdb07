//! The registry answers that it was asked too often, or for too much.

use crate::causes::remedies;
use crate::cause::*;

pub(super) const CAUSE: Cause = Cause {
    id: "registry-rate-limited",
    area: Area::Limits,
    title: "The registry limits how often one may pull",
    outlook: Outlook::Transient,
    signs: &[
        // HTTP 429 to any request: registry, token server, storage, mirror
        certain(&[status(&[429])]),
        // distribution-spec, error code TOOMANYREQUESTS, in whatever spelling
        certain(&[code("TOOMANYREQUESTS")]),
        certain(&[says("toomanyrequests")]),
        // Docker Hub: pull limits of 2020 and of 2025; limit on requests (edge)
        certain(&[says("pull rate limit")]),
        certain(&[says("Too Many Requests (HAP429)")]),
        // containers/image, docker/errors.go ErrTooManyRequests, and its spelling before 5.1
        certain(&[says("too many requests to registry")]),
        certain(&[says("too many request to registry")]),
        // Harbor, src/server/middleware/repoproxy/proxy.go: the registry behind the proxy cache
        certain(&[says("too many requests to upstream registry")]),
        // IBM Cloud Container Registry, as a 403
        certain(&[says("exceeded your pull traffic quota")]),
        // Google quotas
        certain(&[says("Quota exceeded for quota metric")]),
        // Amazon ECR and ECR Public; AWS SDK
        likely(&[says("Rate exceeded")]),
        likely(&[says("Data limit exceeded")]),
        likely(&[says("ThrottlingException")]),
        likely(&[says("429 Too Many Requests")]),
        likely(&[says("rate limit exceeded")]),
        likely(&[says("request throttled")]),
        // Docker Hub, after many wrong logins from one address
        certain(&[says("too many failed login attempts")]),
    ],
    settles: &[],
    refines: &["permission-denied"],
    meaning: "The image, its name and the network are fine: the registry answers that it was asked too often.

Docker Hub counts the pulls of images by account, and without a login by the public address, which all nodes behind one \
NAT share: a new node can fail although it never pulled anything. \
A login on the nodes by hand does not help, because the kubelet does not use it; a pull secret does. Other registries \
limit requests a second or bytes a month.

Waiting heals it when the window is over: seconds for limits on requests, up to some hours on Docker Hub, a month for \
traffic quotas. Every restart of many pods, and pull policy Always, makes it worse.",
    not_this: "The kubelet's own limit (pull QPS exceeded) is kubelet-pull-qps-exceeded. A proxy that answers 429 to \
CONNECT is proxy-failed.",
    fixes: &[
        Fix {
            title: "Pull with a Docker Hub account, which has a limit of its own",
            ..remedies::docker_hub::GIVE
        },
        Fix {
            title: "Log in to ECR Public",
            who: Who::ClusterAdmin,
            only: &[Place::Registry(Registry::EcrPublic)],
            steps: &[
                "Logged in, the limits are many times higher. Give the node role ecr-public:GetAuthorizationToken and \
sts:GetServiceBearerToken (policy \
AmazonElasticContainerRegistryPublicReadOnly), and list public.ecr.aws under matchImages of ecr-credential-provider.",
                "Or make a pull-through cache rule in ECR for public.ecr.aws, and pull from your own registry.",
            ],
            ..FIX
        },
        Fix {
            title: "Raise the quota, or wait for the next month",
            who: Who::RegistryOwner,
            only: &[Place::Registry(Registry::Ibm)],
            steps: &["`ibmcloud cr quota` shows traffic and storage; `ibmcloud cr quota-set` and the pricing plan \
change them."],
            ..FIX
        },
        Fix {
            title: "Give the proxy cache an account at the registry behind it",
            who: Who::RegistryOwner,
            only: &[Place::Registry(Registry::Harbor), Place::Registry(Registry::Artifactory), Place::Registry(Registry::Nexus)],
            steps: &["If the message speaks of the upstream registry: the limit is the one of the cache's own address. \
Enter an account at the endpoint of the proxy project or remote repository."],
            ..FIX
        },
        Fix {
            title: "Pull through a cache that you own",
            who: Who::NodeAdmin,
            steps: &[
                "A pull-through cache asks once for all nodes: Amazon ECR pull-through cache rules, Azure cache rules, \
Artifact Registry remote repositories, Harbor proxy projects, Artifactory or Nexus remote \
repositories, or `registry:2` with proxy.remoteurl.",
                "containerd: with `config_path = \"/etc/containerd/certs.d\"` set, write in \
/etc/containerd/certs.d/docker.io/hosts.toml the lines `server = \"https://registry-1.docker.io\"` and \
`[[host.\"https://CACHE\"]]`, \
no restart needed. CRI-O: in /etc/containers/registries.conf.d a `[[[[registry]]]]` with `location = \"docker.io\"` and \
a `[[[[registry.mirror]]]]`. Docker: `\"registry-mirrors\"` in /etc/docker/daemon.json.",
                "k3s and RKE2: `mirrors:`, `docker.io:`, `endpoint:` in /etc/rancher/k3s/registries.yaml or \
/etc/rancher/rke2/registries.yaml. OpenShift: an ImageTagMirrorSet or ImageDigestMirrorSet. GKE nodes ask mirror.gcr.io \
first for \
official Docker Hub images by themselves.",
            ],
            ..FIX
        },
        Fix {
            title: "Take the image from a registry without this limit",
            steps: &[
                "Official Docker Hub images are also at public.ecr.aws/docker/library/NAME and \
mirror.gcr.io/library/NAME; many projects publish at ghcr.io or quay.io too. Or copy the image into your own registry: \
`crane copy {image} REGISTRY/NAME:TAG`.",
            ],
            commands: &[remedies::CHANGE_IMAGE],
            warnings: remedies::CHANGE_IMAGE_WARNINGS,
            ..FIX
        },
        Fix {
            title: "Pull less often",
            steps: &[
                "Use a fixed tag with pull policy IfNotPresent: with Always, and with :latest where nothing is set, \
each start of a container asks the registry.",
                "With many failing pods, scale down what need not run now: each try counts.",
            ],
            ..FIX
        },
        Fix {
            title: "Wait: the kubelet tries again by itself",
            steps: &["It tries at least every five minutes; a pull succeeds when the window of the limit is over (on \
Docker Hub up to six hours)."],
            ..FIX
        },
    ],
    see_also: &["kubelet-pull-qps-exceeded", "credentials-missing", "registry-server-error"],
    links: &[
        "https://docs.docker.com/docker-hub/usage/",
        "https://docs.aws.amazon.com/AmazonECR/latest/public/public-service-quotas.html",
    ],
};
