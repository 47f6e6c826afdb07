//! A connection stood and was cut.

use super::*;

pub(super) const CAUSE: Cause = Cause {
    id: "connection-interrupted",
    area: Area::Network,
    title: "The connection was cut in the middle",
    outlook: Outlook::Transient,
    signs: &[
        // Go, net: ECONNRESET, EPIPE; without "read:" up to Go 1.4.
        certain(&[says("read tcp {addresses}: read: connection reset by peer")]),
        certain(&[says("read tcp {addresses}: connection reset by peer")]),
        certain(&[says("write tcp {addresses}: write: connection reset by peer")]),
        certain(&[says("write tcp {addresses}: write: broken pipe")]),
        certain(&[says("dial tcp {address}: connect: connection reset by peer")]),
        // Windows, WSAECONNRESET and WSAECONNABORTED.
        certain(&[says("existing connection was forcibly closed by the remote host")]),
        certain(&[says("established connection was aborted by the software in your host machine")]),
        // Go, net/http: the peer closed before it answered.
        certain(&[says("Head {url}: EOF")]),
        certain(&[says("Get {url}: EOF")]),
        certain(&[says("Post {url}: EOF")]),
        // containerd, core/content/helpers.go (2.x; 1.x); c/image, docker/body_reader.go: the body is too short.
        certain(&[says("short read: expected {n} bytes but got {m}: unexpected EOF")]),
        certain(&[says("failed to read expected number of bytes: unexpected EOF")]),
        certain(&[says("happened during read: unexpected EOF")]),
        certain(&[says("failed to copy: unexpected EOF")]),
        // Also what a proxy leaves that hangs up at CONNECT (see proxy-failed), hence no more than likely.
        likely(&[says("unexpected EOF"), that("no layer is being unpacked", not_unpacking)]),
        likely(&[says(": EOF$"), that("it is not a socket of the node's runtime, nor a layer", not_runtime)]),
        // Go, net/http/h2_bundle.go.
        certain(&[says("stream error: stream ID {id} {code}")]),
        certain(&[says("http2: server sent GOAWAY")]),
        certain(&[says("http2: Transport received GOAWAY")]),
        certain(&[says("http2: Transport received Server's graceful shutdown GOAWAY")]),
        certain(&[says("http2: client connection lost")]),
        certain(&[says("http2: client connection force closed")]),
        certain(&[says("connection error: PROTOCOL_ERROR")]),
        // Go, net/http/transport.go, transfer.go.
        certain(&[says("http: server closed idle connection")]),
        certain(&[says("http: unexpected EOF reading trailer")]),
        likely(&[says("transport connection broken"), that("what came back was HTTP", spoke_http)]),
        likely(&[says("use of closed network connection"), that("it is not a socket of the node's runtime", not_runtime)]),
        // Go, crypto/tls: bytes changed on the wire.
        likely(&[says("local error: tls: bad record MAC")]),
        // Shortened, or another program.
        likely(&[says("connection reset by peer"), that("it is not a socket of the node's runtime", not_runtime)]),
        likely(&[says("broken pipe"), that("it is not a socket of the node's runtime", not_runtime)]),
    ],
    settles: &[],
    refines: &[],
    meaning: "The image and its name are fine as far as this shows: the node was talking to the registry, or already loading, and \
the connection was cut by the other side or on the way.

Once is bad luck, and the next attempt often succeeds. Again and again at the same place it has a reason: a load balancer or \
reverse proxy that ends long transfers, a registry that restarts, a firewall that resets what it does not like (a reset or an \
EOF right at the beginning is typical of filtering by name), or packets lost for size (MTU).",
    not_this: "A connection that never came about is connection-timed-out or connection-refused. A layer that arrived whole and is \
damaged is image-corrupted. A connection to the node's own runtime that ends is runtime-unavailable.",
    fixes: &[
        Fix {
            title: "Let the kubelet try again",
            who: Who::Author,
            steps: &[
                TRIES_AGAIN,
                "Layers that arrived are kept by containerd and Docker, so each attempt has less to load.",
            ],
            ..FIX
        },
        Fix {
            title: "Look at what stands between the node and the registry",
            who: Who::ClusterAdmin,
            steps: &[
                "Pull the same image on the node several times, and on a node elsewhere. If it always breaks at the first \
request, a firewall or a filter resets it: allow the host by name. If it breaks after a fixed time or size, it is a limit.",
                "Raise idle and read timeouts of load balancers, NAT gateways and TLS inspection, or let the registry by-pass \
them.",
                "If the way out is a proxy: `unexpected EOF` right after the address is what it leaves when it hangs up.",
                "If large transfers alone break, try a smaller MTU on the node's interface.",
                NOT_FROM_A_POD,
            ],
            checks: &[reads("crictl pull {image} # on the node"), reads("curl -sSI https://{registry}/v2/ # on the node")],
            ..FIX
        },
        Fix {
            title: "Look at the registry's front",
            who: Who::RegistryOwner,
            steps: &[
                "Read the registry's log and that of its ingress or reverse proxy at the time of the failure: restarts, memory, \
timeouts (nginx: proxy_read_timeout, proxy_max_temp_file_size 0), storage behind it.",
                "With HTTP/2 errors (stream error, GOAWAY): try HTTP/1.1 on the front.",
            ],
            ..FIX
        },
        Fix {
            title: "Pull fewer images at a time, or from nearby",
            who: Who::NodeAdmin,
            steps: &[
                "On a thin line: `serializeImagePulls: true` (or a small `maxParallelImagePulls`) in the kubelet's configuration, \
`max_concurrent_downloads = 1` in containerd's or `max-concurrent-downloads` in /etc/docker/daemon.json.",
                "Or pull through a mirror inside your network.",
            ],
            ..FIX
        },
    ],
    see_also: &["connection-timed-out", "image-corrupted", "proxy-failed", "registry-server-error", "runtime-unavailable"],
    links: &["https://kubernetes.io/docs/concepts/containers/images/#serial-and-parallel-image-pulls"],
};

/// A broken connection whose answer is "malformed" is another protocol: plain-http-registry, not-a-registry.
fn spoke_http(failure: &crate::observations::Failure<'_>) -> bool {
    !failure.mentions("malformed")
}

fn not_runtime(failure: &crate::observations::Failure<'_>) -> bool {
    not_unpacking(failure)
        && !["unix ", ".sock", "reading from server", "transport is closing", "goaway: code"]
            .iter()
            .any(|words| failure.mentions(words))
}

/// A stream that ends too early inside of a layer that is being unpacked is the layer's fault.
fn not_unpacking(failure: &crate::observations::Failure<'_>) -> bool {
    ![
        "extract",
        "register layer",
        "failed to unpack",
        "unpacking failed",
        "tar file",
        "archive/tar",
        "gzip",
        "zstd",
        "apply",
        "untar",
    ]
    .iter()
    .any(|words| failure.mentions(words))
}
