//! Remedies that several causes share: how each kind of registry hands out a credential, how a pod gets it, and how a node
//! or a cluster reads a registry without one. Every registry is a module with `GIVE` (make a pull secret and attach it) and
//! `RENEW` (put a new credential into the secret that is there).

use crate::cause::*;

/// Writes the secret anew, whatever had its name: the type of a secret cannot be changed, so it is deleted and created. Unlike
/// `kubectl apply` this leaves no copy of the password in the last-applied annotation, where everybody who may list the metadata of
/// secrets could read it; and a login that was not set stops it before anything is deleted.
pub(super) const WRITE_SECRET: Command = changes(
    "kubectl create secret docker-registry {secret_name}[ -n {namespace}] --docker-server={registry_server} \
--docker-username=\"$REGISTRY_USERNAME\" --docker-password=\"$REGISTRY_PASSWORD\" --dry-run=client -o yaml \
| kubectl replace[ -n {namespace}] --force -f -",
);

/// Puts another image into the object that makes the pod; into the pod itself if nothing does.
pub(super) const CHANGE_IMAGE: Command = changes("{change_image}");

/// Side effects of [`CHANGE_IMAGE`], and of any other change of the image.
pub(super) const CHANGE_IMAGE_WARNINGS: &[&str] = &[
    "If Argo CD, Flux or Helm manages {owner}, change the image in git: they put the old one back.",
    "A {stateful_set} waits for its broken pod for ever: delete that pod after the change.",
];

/// For the image of a pod's sandbox, which no pod names: the container runtime does. Stands first wherever that image fails.
pub(crate) const SANDBOX: Fix = Fix {
    title: "Give the nodes a sandbox image that they can pull",
    who: Who::NodeAdmin,
    known: &["sandbox_image"],
    steps: &[
        "{sandbox_image} is no image of a pod: the container runtime starts it as the sandbox of each pod. Its name stands in \
the runtime's configuration: `sandbox` under `pinned_images` (containerd 2, /etc/containerd/config.toml), `sandbox_image` \
(containerd 1), `pause_image` (CRI-O, /etc/crio/crio.conf.d). Write a name there that the nodes can pull, and restart the runtime.",
        "Or bring the image to the nodes: `ctr -n k8s.io images import`, or push it where the runtime looks for it. The kubelet \
tries again by itself.",
    ],
    ..FIX
};

/// Lets the kubelet pull an image whose pod forbids it, under another name where NEW_IMAGE is set. The policy of a pod that exists
/// cannot be changed, so a bare pod is made again (--force); a controller's template can.
pub(super) const LET_IT_PULL: Command = changes(
    "case {set_image} in pod/*) force=--force ;; *) force= ;; esac; kubectl get {set_image}[ -n {namespace}] -o yaml | \
sed -e 's/imagePullPolicy: Never/imagePullPolicy: IfNotPresent/' -e \"s|image: {image}\\$|image: ${{NEW_IMAGE:-{image}}}|\" | \
kubectl replace[ -n {namespace}] $force -f -",
);

/// Adds the secret to the service account's list.
pub(crate) const ATTACH_SECRET: Command = changes("{attach}");

/// Shows which secrets the pod names.
pub(super) const NAMED_SECRETS: Command =
    reads("kubectl get pod {pod}[ -n {namespace}] -o jsonpath='{{.spec.imagePullSecrets[[*]].name}}{{\"\\n\"}}'");

/// A pod gets the service account's list when it is created, never later (plugin/pkg/admission/serviceaccount).
pub(crate) const RECREATE: Command = disrupts("{recreate}");

/// Side effects of [`ATTACH_SECRET`].
pub(super) const ATTACH_WARNINGS: &[&str] = &[
    "Every new pod of the service account uses the secret, and existing pods do not: they got their list when they were \
created.",
    "Where the pod's own template lists imagePullSecrets, the list of the service account is ignored: add the secret to the \
template instead.",
];

const GIVE_WARNINGS: &[&str] = &[
    "A secret that has this name already is overwritten: choose another SECRET_NAME then.",
    ATTACH_WARNINGS[0],
    ATTACH_WARNINGS[1],
];

const RENEW_WARNINGS: &[&str] =
    &["The secret then holds this one registry; entries for other registries that were in it are replaced."];

const NAME_IT: &str = "The secret must stand in the pod's own namespace, and the pod's service account (or the pod \
template) must list it \
under imagePullSecrets.";

const WHICH_SECRET: &str = "Write it into the secret that the pod names; where a command says SECRET_NAME, set it to \
that secret.";

const AT_NEXT_TRY: &str = "The kubelet reads the secret anew at its next try, at most about five minutes later; the pod \
need not \
be made again.";

/// One kind of registry: what to ask it for.
macro_rules! account {
    ($(#[$meta:meta])* $name:ident, $only:expr, $what:literal, [$($step:expr),* $(,)?]) => {
        $(#[$meta])*
        pub(in crate::causes) mod $name {
            use super::*;
            /// Make a pull secret and attach it.
            pub(in crate::causes) const GIVE: Fix = Fix {
                title: concat!("Create a pull secret with ", $what, " and attach it"),
                only: $only,
                steps: &[$($step,)* NAME_IT],
                commands: &[WRITE_SECRET, ATTACH_SECRET, RECREATE],
                warnings: GIVE_WARNINGS,
                ..FIX
            };
            /// Put a new credential into the secret.
            pub(in crate::causes) const RENEW: Fix = Fix {
                title: concat!("Put ", $what, " into the pull secret"),
                only: $only,
                steps: &[$($step,)* WHICH_SECRET, AT_NEXT_TRY],
                checks: &[NAMED_SECRETS],
                commands: &[WRITE_SECRET],
                warnings: RENEW_WARNINGS,
                ..FIX
            };
        }
    };
}

account! {
    /// docs.docker.com, Docker Hub, "Access tokens".
    docker_hub, &[Place::Registry(Registry::DockerHub)], "a Docker Hub access token",
    [
        "In Docker Hub, under Account settings, Personal access tokens, generate a token with the permission Read-only. \
For an organization, use an organization access token; the user name is then the organization's name.",
        "Set REGISTRY_USERNAME to the Docker ID and REGISTRY_PASSWORD to the token. Accounts with two-factor login or single \
sign-on cannot pull with their password.",
    ]
}
account! {
    /// docs.aws.amazon.com, Amazon ECR, "Private registry authentication".
    ecr, &[Place::Registry(Registry::Ecr)], "an ECR token, which lasts 12 hours,",
    [
        "Set REGISTRY_USERNAME to AWS and REGISTRY_PASSWORD to the output of `aws ecr get-login-password --region \
REGION`, with \
the region that stands in {registry}, as an identity that may read the repository.",
        "The token ends after 12 hours. For more than a test, let the nodes read with their own role, or have a job \
renew the secret.",
    ]
}
account! {
    /// learn.microsoft.com, Azure Container Registry, "Pull images from a registry with a pull secret".
    acr, &[Place::Registry(Registry::Acr)], "an ACR token or service principal",
    [
        "Make a token that may only pull: `az acr token create --name puller --registry NAME --scope-map \
_repositories_pull`; \
the user name is the token's name. Or give a service principal the role AcrPull; the user name is its client id (a GUID).",
        "Set REGISTRY_USERNAME and REGISTRY_PASSWORD to these. What `az acr login` leaves behind ends after three hours \
and is of no use here.",
    ]
}
account! {
    /// cloud.google.com, Artifact Registry, "Authentication", JSON key.
    google, &[Place::Registry(Registry::ArtifactRegistry), Place::Registry(Registry::Gcr)], "a service account key",
    [
        "Give a service account the role roles/artifactregistry.reader on the repository, and make a JSON key for it.",
        "Set REGISTRY_USERNAME to _json_key and REGISTRY_PASSWORD to the whole content of the key file: \
REGISTRY_PASSWORD=\"$(cat key.json)\". An access token (user oauth2accesstoken) ends after one hour and is of no use here.",
    ]
}
account! {
    /// docs.github.com, "Working with the Container registry".
    ghcr, &[Place::Registry(Registry::Ghcr)], "a GitHub token with read:packages",
    [
        "On GitHub, make a personal access token (classic) with the one scope read:packages. Where the organization \
uses SAML \
single sign-on, authorize the token for it. The owner of the token needs read access to the package itself: a package \
may not inherit \
the access of its repository.",
        "Set REGISTRY_USERNAME to the GitHub user name and REGISTRY_PASSWORD to the token. The GITHUB_TOKEN of a \
workflow ends with the job.",
    ]
}
account! {
    /// docs.gitlab.com, "Deploy tokens".
    gitlab, &[Place::Registry(Registry::GitLab)], "a GitLab deploy token",
    [
        "In GitLab, under Settings, Repository, Deploy tokens of the project or group, make a token with the scope \
read_registry.",
        "Set REGISTRY_USERNAME to the user name that GitLab shows with it (gitlab+deploy-token-…) and REGISTRY_PASSWORD \
to the token. \
CI_JOB_TOKEN ends with the job and is of no use here.",
    ]
}
account! {
    /// docs.quay.io, "Robot accounts".
    quay, &[Place::Registry(Registry::Quay)], "a Quay robot account",
    [
        "In Quay, make a robot account and give it Read on the repository: a robot sees nothing by itself.",
        "Set REGISTRY_USERNAME to its whole name (organization+robot) and REGISTRY_PASSWORD to its token.",
    ]
}
account! {
    /// goharbor.io, "Create project robot accounts".
    harbor, &[Place::Registry(Registry::Harbor)], "a Harbor robot account",
    [
        "In Harbor, under Robot accounts of the project, make one with the permission to pull repositories, and look at \
its expiration.",
        "Set REGISTRY_USERNAME in single quotes, as in REGISTRY_USERNAME='robot$project+name': in double quotes the \
shell eats \
the part after the dollar sign. Set REGISTRY_PASSWORD to its secret.",
    ]
}
account! {
    /// jfrog.com, "Artifactory, Access tokens".
    artifactory, &[Place::Registry(Registry::Artifactory)], "an Artifactory token",
    [
        "In Artifactory, make an identity token or an access token for a user that may read the Docker repository.",
        "Set REGISTRY_USERNAME to exactly the user that the token was made for, and REGISTRY_PASSWORD to the token.",
    ]
}
account! {
    /// help.sonatype.com, "Docker registry", authentication.
    nexus, &[Place::Registry(Registry::Nexus)], "a Nexus user or user token",
    [
        "In Nexus, give a user the privileges browse and read on the Docker repository. Where clients log in with \
tokens, the \
Docker Bearer Token Realm must be active.",
        "Set REGISTRY_USERNAME and REGISTRY_PASSWORD to the user's name and password, or to both halves of a user token.",
    ]
}
account! {
    /// docs.oracle.com, "Pulling images from Registry during deployment".
    oci, &[Place::Registry(Registry::Oci)], "an OCI auth token",
    [
        "In Oracle Cloud, under your profile, Auth tokens, generate a token for a user whose group may read repos in \
the compartment.",
        "Set REGISTRY_USERNAME to the tenancy's namespace, a slash and the user (for a user of an identity domain: \
namespace/domain/user; for an older federated one: namespace/oracleidentitycloudservice/user), and REGISTRY_PASSWORD to \
the auth token.",
    ]
}
account! {
    /// cloud.ibm.com, Container Registry, "Accessing Container Registry".
    ibm, &[Place::Registry(Registry::Ibm)], "an IBM Cloud API key",
    [
        "Make an API key of a service ID that has the role Reader on Container Registry.",
        "Set REGISTRY_USERNAME to iamapikey and REGISTRY_PASSWORD to the API key. In IBM Cloud Kubernetes Service, the \
secret \
all-icr-io of the namespace default can be copied instead.",
    ]
}
account! {
    /// access.redhat.com, "Red Hat Container Registry Authentication".
    red_hat, &[Place::Registry(Registry::RedHat)], "a Red Hat registry service account",
    [
        "At access.redhat.com/terms-based-registry, make a registry service account.",
        "Set REGISTRY_USERNAME in single quotes, as in REGISTRY_USERNAME='1234567|name', and REGISTRY_PASSWORD to its token.",
    ]
}
account! {
    /// Any registry.
    any, &[], "an account of the registry",
    [
        "Set REGISTRY_USERNAME and REGISTRY_PASSWORD to an account, a robot account or an access token that may pull \
from {repository}. \
With `read -rs REGISTRY_PASSWORD` it stays out of the shell's history.",
        "If several namespaces pull from {registry}, each needs its own secret: the kubelet looks in the pod's \
namespace only.",
    ]
}

/// EKS nodes read ECR with the role of the node, through ecr-credential-provider.
pub(super) const EKS_NODE_ROLE: Fix = Fix {
    title: "Let the nodes of the cluster read from ECR",
    who: Who::ClusterAdmin,
    only: &[Place::Registry(Registry::Ecr), Place::Cluster(Cluster::Eks)],
    steps: &[
        "Attach the policy AmazonEC2ContainerRegistryReadOnly (or AmazonEC2ContainerRegistryPullOnly) to the IAM role \
of the nodes: \
`aws iam attach-role-policy --role-name NODE_ROLE --policy-arn \
arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly`. On Fargate it \
is the pod execution role. The role of the pod (IRSA, Pod Identity) does not matter: the node pulls.",
        "If the repository belongs to another account, its repository policy must allow the node role ecr:BatchGetImage, \
ecr:GetDownloadUrlForLayer and ecr:BatchCheckLayerAvailability too.",
        "In a network without internet, the endpoints ecr.api, ecr.dkr and the S3 gateway must be there, and their \
policies must allow it.",
        "On the node, `journalctl -u kubelet | grep -i credential` shows why the provider gave nothing.",
    ],
    ..FIX
};

/// ECR from nodes that are not EKS's own.
pub(super) const ECR_PROVIDER: Fix = Fix {
    title: "Let the kubelet fetch ECR tokens by itself",
    who: Who::NodeAdmin,
    only: &[Place::Registry(Registry::Ecr)],
    steps: &[
        "Install ecr-credential-provider (kubernetes/cloud-provider-aws) on every node, and start the kubelet with \
--image-credential-provider-config and --image-credential-provider-bin-dir. Kubernetes has had no built-in ECR login \
since 1.27.",
        "List every host under matchImages: *.dkr.ecr.*.amazonaws.com does not match *.dkr.ecr.*.amazonaws.com.cn, nor \
a name of your own.",
        "Give the node's instance profile the policy AmazonEC2ContainerRegistryReadOnly.",
    ],
    ..FIX
};

/// AKS nodes read ACR with the kubelet identity.
pub(super) const ATTACH_ACR: Fix = Fix {
    title: "Attach the registry to the cluster",
    who: Who::ClusterAdmin,
    only: &[Place::Registry(Registry::Acr), Place::Cluster(Cluster::Aks)],
    steps: &[
        "`az aks update --name CLUSTER --resource-group GROUP --attach-acr REGISTRY` gives the kubelet identity of the \
cluster the \
role AcrPull on the registry (for a registry that uses ABAC repository permissions: Container Registry Repository \
Reader). The one \
who runs it must be Owner or User Access Administrator of the registry.",
        "`az aks check-acr --name CLUSTER --resource-group GROUP --acr {registry}` tests it from a node. It tests the \
registry, \
not this repository and tag.",
        "A new role can take some minutes to be seen; the kubelet then heals by itself.",
    ],
    ..FIX
};

/// GKE nodes read Artifact Registry with the service account of the node.
pub(super) const GKE_NODE_ACCOUNT: Fix = Fix {
    title: "Let the nodes' service account read the repository",
    who: Who::ClusterAdmin,
    only: &[Place::Registry(Registry::ArtifactRegistry), Place::Registry(Registry::Gcr), Place::Cluster(Cluster::Gke)],
    steps: &[
        "Find the service account of the node pool: `gcloud container node-pools describe POOL --cluster CLUSTER \
--location LOCATION \
--format='value(config.serviceAccount,config.oauthScopes)'`; default means \
PROJECT_NUMBER-compute@developer.gserviceaccount.com.",
        "Give it the role on the repository, in the project that owns the image: `gcloud artifacts repositories \
add-iam-policy-binding \
REPOSITORY --location=LOCATION --project=PROJECT --member=serviceAccount:NODE_ACCOUNT --role=roles/artifactregistry.reader`.",
        "Workload Identity does not matter here: the kubelet pulls as the node, not as the pod's service account. The \
scopes of the \
node pool must hold devstorage.read_only or cloud-platform; they can only be changed with a new node pool.",
        "Images at gcr.io stand in Artifact Registry repositories named gcr.io, us.gcr.io, eu.gcr.io and asia.gcr.io.",
    ],
    ..FIX
};

/// OpenShift's own registry: pulling across namespaces needs a role in the image's namespace.
pub(super) const OPENSHIFT_PULLER: Fix = Fix {
    title: "Let namespace {namespace} pull from the image's namespace",
    who: Who::Author,
    only: &[Place::Registry(Registry::OpenShift)],
    steps: &[
        "The first part of {repository_path} is the namespace that owns the image; the one who runs this must be admin \
there. \
The same with oc: `oc policy add-role-to-group system:image-puller system:serviceaccounts:NAMESPACE -n OWNER`.",
        "Within one namespace no role is needed: then look whether the service account still lists its own dockercfg \
secret under \
imagePullSecrets.",
    ],
    commands: &[changes(
        "kubectl create rolebinding pull-for-{namespace} -n \"$(dirname {repository_path})\" \
--clusterrole=system:image-puller \
--group=system:serviceaccounts:{namespace} --dry-run=client -o yaml | kubectl apply -f -",
    )],
    warnings: &["Every service account of the namespace may then pull every image of the other one."],
    ..FIX
};

/// Red Hat's registry on OpenShift: the cluster's own pull secret has the account.
pub(super) const OPENSHIFT_GLOBAL: Fix = Fix {
    title: "Put the account into the cluster's global pull secret",
    who: Who::ClusterAdmin,
    only: &[Place::Registry(Registry::RedHat), Place::Cluster(Cluster::OpenShift)],
    steps: GLOBAL_STEPS,
    checks: &[reads("kubectl get secret pull-secret -n openshift-config -o jsonpath='{{.type}}'")],
    warnings: &["The change rolls through all nodes; older OpenShift versions drain and restart each of them."],
    ..FIX
};

const GLOBAL_STEPS: &[&str] = &[
    "Save it: `oc extract secret/pull-secret -n openshift-config --to=.` writes the file .dockerconfigjson. Add the \
account to it: \
`oc registry login --registry={registry} --auth-basic=USER:TOKEN --to=.dockerconfigjson`.",
    "Put it back: `oc set data secret/pull-secret -n openshift-config --from-file=.dockerconfigjson`. The nodes then \
have it in \
/var/lib/kubelet/config.json, for the kubelet and for CRI-O. Delete the file.",
];

/// A credential for every pod of the node, without any secret.
pub(super) const EVERY_NODE: Fix = Fix {
    title: "Or give the credential to the nodes, for all pods",
    who: Who::NodeAdmin,
    steps: &[
        "k3s and RKE2: in /etc/rancher/k3s/registries.yaml (RKE2: /etc/rancher/rke2/registries.yaml) write, each line \
two blanks \
deeper than the one before: `configs:`, `\"{registry}\":`, `auth:`, and under it `username: …` and `password: …`. Then \
restart \
the service (k3s, k3s-agent, rke2-server or rke2-agent).",
        "Rancher: Cluster Management, the cluster, Registries, with the account as authentication for {registry}; it \
rolls the same \
file out. A secret of the type Registry under Storage, Secrets is an ordinary pull secret of its namespace.",
        "OpenShift: add the account to the secret pull-secret of the namespace openshift-config, the cluster's global \
pull secret.",
        "minikube: `minikube addons configure registry-creds`, then `minikube addons enable registry-creds`. MicroK8s, \
kubeadm and \
others: put a docker config with the account at /var/lib/kubelet/config.json on each node.",
    ],
    warnings: &["Every pod on these nodes can then pull with this account, whatever its namespace."],
    ..FIX
};
