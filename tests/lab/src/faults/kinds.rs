//! Every way in which a host of the lab can behave, by name.

macro_rules! kinds {
    ($($variant:ident $name:literal $says:literal)*) => {
        /// How a host behaves. A host's name begins with its kind; `ctl set` and `ctl heal` change it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind { $(#[doc = $says] $variant,)* }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Kind] = &[$(Kind::$variant),*];

            /// As scenarios write it.
            pub fn name(self) -> &'static str {
                match self { $(Kind::$variant => $name),* }
            }

            /// What it does, in one line.
            pub fn says(self) -> &'static str {
                match self { $(Kind::$variant => $says),* }
            }
        }
    };
}

kinds! {
    Healthy "registry" "answers everybody, as distribution does"
    // Who may pull
    Private "private" "wants Basic credentials (the second distribution process, with a password file)"
    Bearer "bearer" "wants a token; its token server refuses a wrong password and gives nobody's token no rights"
    Hub "hub" "Docker Hub: a token for everybody, insufficient_scope for what is private or missing"
    Ghcr "ghcr" "GitHub: 403 at the token server for what is private, missing or a wrong token"
    Quay "quay" "Quay: a token for everybody, then a bare 401"
    Harbor "harbor" "Harbor: a token for everybody, then a 401 with its own words"
    Gitlab "gitlab" "GitLab: 403 at the token server with `access forbidden`"
    Acr "acr" "Azure: 401 at the token server"
    ArtifactRegistry "artifact-registry" "Google: 403 at the token server, with a permission's name"
    Ecr "ecr" "Amazon: Basic; expired tokens, missing permissions and missing repositories in its own words"
    Token401 "token-401" "the token server says 401 to everybody"
    Token403 "token-403" "the token server says 403 to everybody"
    Token500 "token-500" "the token server is broken"
    Token429 "token-429" "the token server limits the rate"
    TokenRefused "token-refused" "the token server's host refuses connections"
    TokenUnknownHost "token-unknown-host" "the token server's host has no address"
    Negotiate "negotiate" "wants Kerberos"
    Denied "denied" "403 with DENIED on everything"
    DeniedOnGet "denied-on-get" "403 with DENIED on GET, HEAD is fine"
    Firewall "firewall" "403 with a page of a web application firewall"
    // Names and formats
    NameUnknown "name-unknown" "404 with NAME_UNKNOWN on everything"
    ManifestGone "manifest-gone" "HEAD finds the manifest, GET does not"
    IndexChildGone "index-child-gone" "an index whose image for this machine was deleted"
    ManifestTampered "manifest-tampered" "GET delivers other bytes than HEAD announced"
    ManifestTooLarge "manifest-too-large" "a manifest of nine megabytes"
    SchemaOne "schema-1" "Docker's first manifest format"
    OctetStream "octet-stream" "manifests without their media type"
    Html "html" "a web page for every address"
    NotFoundPage "not-found-page" "404 with a web page for every address"
    RedirectLoop "redirect-loop" "redirects to itself for ever"
    Retired "retired" "301 to a page that says the registry has moved"
    // Limits
    RateLimited "rate-limited" "429 with Retry-After and TOOMANYREQUESTS"
    RateLimitedBare "rate-limited-bare" "429 without a word"
    RateLimitedOnGet "rate-limited-on-get" "Docker Hub's limit: HEAD is free, GET is 429 with its words"
    // Servers
    Status400 "status-400" "400 on everything"
    Status404 "status-404" "404 without a body"
    Status410 "status-410" "410 Gone"
    Status500 "status-500" "500 on everything"
    Status502 "status-502" "502 of a load balancer"
    Status503 "status-503" "503 of a load balancer"
    Status504 "status-504" "504 of a load balancer"
    // Blobs
    Blob401 "blob-401" "layers are 401"
    Blob403 "blob-403" "layers are 403, in the words of an object store"
    Blob404 "blob-404" "layers are gone"
    Blob429 "blob-429" "layers are rate limited"
    Blob500 "blob-500" "the storage behind the registry is broken"
    BlobReset "blob-reset" "the connection is reset in the middle of a layer"
    BlobTruncated "blob-truncated" "layers end early"
    BlobCorrupt "blob-corrupt" "layers have the right length and wrong bytes"
    BlobStall "blob-stall" "layers stop after two megabytes, the connection stays"
    BlobUnknownHost "blob-unknown-host" "layers are redirected to a host that has no address"
    BlobRefused "blob-refused" "layers are redirected to a host that refuses connections"
    BlobUnknownCa "blob-unknown-ca" "layers are redirected to a host with an unknown certificate"
    Slow "slow" "layers come at a hundred kilobytes a second"
    // Names of hosts
    DnsUnknown "dns-unknown" "no such host"
    DnsServfail "dns-servfail" "the name server fails"
    DnsSilent "dns-silent" "the name server does not answer"
    DnsRefused "dns-refused" "the name server refuses to answer"
    // Connections
    Refused "refused" "nobody listens"
    BlackHole "black-hole" "packets vanish"
    NoRoute "no-route" "the route says unreachable"
    Reset "reset" "the connection is reset after the first bytes"
    Eof "eof" "the connection is closed after the first bytes"
    TlsHang "tls-hang" "the connection opens, then silence"
    HttpHang "http-hang" "TLS is fine, then silence"
    // TLS
    TlsExpired "tls-expired" "the certificate expired three days ago"
    TlsNotYetValid "tls-not-yet-valid" "the certificate begins tomorrow"
    TlsWrongName "tls-wrong-name" "the certificate is for another host"
    TlsUnknownCa "tls-unknown-ca" "signed by a company's authority that the node does not know"
    TlsSelfSigned "tls-self-signed" "signed by itself"
    TlsCommonName "tls-common-name" "an old certificate without alternative names"
    TlsTooOld "tls-too-old" "speaks TLS 1.0 only"
    TlsClientCertificate "tls-client-certificate" "wants a client's certificate"
    TlsNotSpoken "tls-not-spoken" "something else (SSH) listens there"
    PlainHttp "plain-http" "HTTP without TLS on every port"
    // Proxies (by the host that is asked for through the proxy)
    ProxyForbids "proxy-forbids" "the proxy says 403 at CONNECT"
    ProxyWantsPassword "proxy-wants-password" "the proxy says 407 at CONNECT"
    ProxyOverloaded "proxy-overloaded" "the proxy says 503 at CONNECT"
    ProxyHangsUp "proxy-hangs-up" "the proxy closes the connection at CONNECT"
    ProxyOpensTls "proxy-opens-tls" "the proxy shows a certificate of its own"
    Proxy "proxy" "is the proxy"
}

impl Kind {
    /// By its name.
    pub fn named(name: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// What a host is when nobody set anything: well-known registries by their names, hosts of the lab by the longest kind that
    /// their first label begins with. `None`: the lab's name server knows no such host.
    pub fn of_host(host: &str) -> Option<Kind> {
        let known = match host {
            "docker.io" | "registry-1.docker.io" | "auth.docker.io" | "index.docker.io" => Some(Kind::Hub),
            "ghcr.io" => Some(Kind::Ghcr),
            "quay.io" => Some(Kind::Quay),
            "registry.gitlab.com" => Some(Kind::Gitlab),
            "k8s.gcr.io" => Some(Kind::NameUnknown),
            "registry.k8s.io" => Some(Kind::Healthy),
            _ if host.ends_with(".amazonaws.com") && host.contains(".dkr.ecr.") => Some(Kind::Ecr),
            _ if host.ends_with(".azurecr.io") => Some(Kind::Acr),
            _ if host.ends_with("-docker.pkg.dev") => Some(Kind::ArtifactRegistry),
            _ => None,
        };
        if known.is_some() {
            return known;
        }
        let label =
            ["lab.test", "proxied.example"].iter().find_map(|zone| host.strip_suffix(zone)?.strip_suffix('.'))?;
        let begins = |kind: &&Kind| {
            label == kind.name() || label.strip_prefix(kind.name()).is_some_and(|rest| rest.starts_with('-'))
        };
        Some(Kind::ALL.iter().filter(begins).max_by_key(|kind| kind.name().len()).copied().unwrap_or(Kind::Healthy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_what_its_name_begins_with() {
        assert_eq!(Kind::of_host("registry.lab.test"), Some(Kind::Healthy));
        assert_eq!(Kind::of_host("anything.lab.test"), Some(Kind::Healthy));
        assert_eq!(Kind::of_host("tls-expired-two.lab.test"), Some(Kind::TlsExpired));
        assert_eq!(Kind::of_host("rate-limited-on-get.lab.test"), Some(Kind::RateLimitedOnGet));
        assert_eq!(Kind::of_host("proxy-forbids.proxied.example"), Some(Kind::ProxyForbids));
        assert_eq!(Kind::of_host("123456789012.dkr.ecr.eu-west-1.amazonaws.com"), Some(Kind::Ecr));
        assert_eq!(Kind::of_host("registry.example.org"), None);
    }

    #[test]
    fn names_are_unique() {
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.name()), Some(*kind));
        }
    }
}
