//! The container runtime did not answer the kubelet, or the tool that was used.

use super::ON_ANOTHER_NODE;
use crate::cause::*;
use crate::observations::Failure;

pub(super) const CAUSE: Cause = Cause {
    id: "runtime-unavailable",
    area: Area::Node,
    title: "The node's container runtime did not answer",
    outlook: Outlook::Depends,
    signs: &[
        // grpc-go, internal/transport/http2_client.go, over net: nobody listens at the socket. Up to grpc 1.52 without the colon.
        certain(&[says("dial unix {socket}: connect: connection refused"), that("the socket is the runtime's", runtime)]),
        certain(&[says("dial unix {socket}: connect: no such file or directory"), that("the socket is the runtime's", runtime)]),
        certain(&[says("dial unix {socket}: connect: permission denied"), that("the socket is the runtime's", runtime)]),
        certain(&[says("dial unix {socket}: connect: resource temporarily unavailable")]),
        certain(&[says("dial unix {socket}: i/o timeout")]),
        // containerd, pkg/dialer: the address is a URL there
        certain(&[says("dialing: dial {socket}: timeout"), that("the socket is the runtime's", runtime)]),
        likely(&[says("dial unix {socket}:"), that("the socket is the runtime's", runtime)]),
        likely(&[says("Error while dialing dial unix {socket}"), that("the socket is the runtime's", runtime)]),
        // grpc-go: the connection broke in the middle of the call
        certain(&[says("error reading from server: EOF")]),
        certain(&[says("error reading from server: read unix")]),
        certain(&[says("closing transport due to: connection error")]),
        certain(&[says("connection closed before server preface received")]),
        certain(&[says("all SubConns are in TransientFailure")]),
        certain(&[says("the client connection is closing")]),
        certain(&[says("code = Unavailable desc = transport is closing")]),
        likely(&[says("transport is closing")]),
        certain(&[says("read unix @->{socket}")]),
        // grpc-go, server.go: a runtime without its CRI part, or too old or too new for this kubelet
        // (runtime.v1.ImageService, runtime.v1alpha2.ImageService, runtime.ImageService)
        certain(&[says("desc = unknown service {service}")]),
        certain(&[says("unknown method {method} for service {service}")]),
        // k8s, staging/src/k8s.io/cri-client/pkg/remote_image.go
        certain(&[says("image API is not implemented for endpoint")]),
        certain(&[says("validate CRI v1 image API for endpoint")]),
        certain(&[says("validate service connection")]),
        certain(&[says("imageRef of image {image} is not set")]),
        // containerd, internal/cri/instrument
        certain(&[says("server is not initialized yet")]),
        // grpc-go, rpc_util.go: the list of images or containers is too long
        likely(&[says("received message larger than max")]),
        // moby, client/errors.go, client/request.go
        certain(&[says("cannot connect to the Docker daemon")]),
        certain(&[says("is the docker daemon running")]),
        certain(&[says("trying to connect to the Docker daemon socket")]),
        certain(&[says("trying to connect to the docker API at")]),
        certain(&[says("failed to connect to the docker API at")]),
        likely(&[says("error during connect:")]),
        // podman, pkg/bindings
        certain(&[says("cannot connect to Podman")]),
        certain(&[says("unable to connect to Podman")]),
        // cri-tools, cmd/crictl
        certain(&[says("make sure you are running as root and the runtime has been started")]),
        certain(&[says("make sure you are running as root and the endpoint has been started")]),
        certain(&[says("unable to determine image API version")]),
        certain(&[says("unable to determine runtime API version")]),
        // containerd, cmd/ctr; nerdctl
        certain(&[says("failed to dial {socket}sock")]),
        certain(&[says("cannot access containerd socket")]),
        // k8s, pkg/kubelet/runtime.go
        likely(&[says("container runtime is down")]),
        // kubelet: two minutes without an answer to ImageStatus (runtimeRequestTimeout)
        likely(&[reason("ImageInspectError"), says("context deadline exceeded")]),
        likely(&[says("failed to inspect image * context deadline exceeded")]),
        likely(&[reason("ImageInspectError"), says("code = Unavailable")]),
    ],
    settles: &[],
    refines: &["image-inspect-failed", "connection-refused", "connection-interrupted", "connection-timed-out", "pull-timed-out"],
    meaning: "The image, its name and the registry play no part in this: the program on the node that pulls images (containerd, CRI-O or \
Docker) did not answer.

`connection refused` and `no such file or directory` on a socket mean that it is not running, or that the kubelet is told \
another path than it listens at. `EOF`, `transport is closing` and `graceful_stop` in the middle of a pull mean that it was \
restarted or killed (an update, too little memory, a node that drains); then the next attempt is fine. `unknown service \
runtime.v1.ImageService` means that it runs without its Kubernetes part: containerd with `disabled_plugins = [[\"cri\"]]` (the \
package's default), with a configuration it cannot load, or a version too old for this kubelet. `permission denied` is seen \
by tools that are not run as root.",
    not_this: "A socket of a snapshotter (stargz, soci, nydus) is unpack-failed. A refused connection to an address with a port is the \
network's: connection-refused. A 5xx with the word unavailable is the registry's: registry-server-error.",
    fixes: &[
        Fix {
            title: "Start the runtime in minikube again",
            only: &[Place::Cluster(Cluster::Minikube)],
            steps: &["`minikube stop`, then `minikube start`: nothing in the cluster is lost. `minikube logs` tells why it had stopped."],
            checks: &[reads("minikube status")],
            ..FIX
        },
        Fix {
            title: "Start Docker again",
            only: &[Place::Cluster(Cluster::DockerDesktop)],
            steps: &["Start or restart Docker Desktop; it starts its Kubernetes with it."],
            checks: &[reads("docker version")],
            ..FIX
        },
        Fix {
            title: "Start containerd, with its CRI part",
            who: Who::NodeAdmin,
            only: &[Place::Runtime(Runtime::Containerd)],
            steps: &[
                "On the node: `systemctl status containerd`, `journalctl -u containerd -e`; `systemctl restart containerd` if it is down.",
                "`unknown service runtime.v1.ImageService`: take `cri` out of `disabled_plugins` in /etc/containerd/config.toml; do not set \
both `registry.mirrors` and `config_path`; then restart. `ctr plugins ls | grep cri` must say ok.",
                "The kubelet's `containerRuntimeEndpoint` must be unix:///run/containerd/containerd.sock (k3s and RKE2: \
/run/k3s/containerd/containerd.sock).",
                "`received message larger than max`: too many images and dead containers on the node; `crictl rmi --prune`.",
            ],
            checks: &[reads("kubectl get node {node} -o wide"), reads("kubectl describe node {node}")],
            ..FIX
        },
        Fix {
            title: "Start CRI-O",
            who: Who::NodeAdmin,
            only: &[Place::Runtime(Runtime::Crio)],
            steps: &[
                "On the node: `systemctl status crio`, `journalctl -u crio -e`; `systemctl restart crio` if it is down.",
                "The kubelet's `containerRuntimeEndpoint` must be unix:///var/run/crio/crio.sock. CRI-O's minor version should be that of \
the kubelet.",
            ],
            checks: &[reads("kubectl get node {node} -o wide"), reads("kubectl describe node {node}")],
            ..FIX
        },
        Fix {
            title: "Start the node's container runtime",
            who: Who::NodeAdmin,
            steps: &[
                "On the node: `systemctl status containerd crio docker cri-docker` shows which one it is and whether it runs; restart it, and \
read its journal for the reason it stopped (`journalctl -u containerd -e`; `dmesg | grep -i oom`).",
                "From Kubernetes 1.24 on, Docker needs cri-dockerd beside it, and the kubelet its socket: unix:///run/cri-dockerd.sock.",
                "A tool that says `permission denied` must be run as root, or by a member of the socket's group.",
                "The kubelet goes on by itself as soon as the runtime answers.",
            ],
            checks: &[reads("kubectl get node {node} -o wide"), reads("kubectl describe node {node}")],
            ..FIX
        },
        ON_ANOTHER_NODE,
    ],
    see_also: &["image-inspect-failed", "pull-timed-out", "unpack-failed", "connection-refused"],
    links: &[
        "https://kubernetes.io/docs/setup/production-environment/container-runtimes/",
        "https://kubernetes.io/docs/tasks/debug/debug-cluster/crictl/",
    ],
};

fn runtime(failure: &Failure<'_>) -> bool {
    !super::speaks_of_snapshotter(failure)
}
