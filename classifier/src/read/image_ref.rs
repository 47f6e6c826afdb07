//! Image references, by the grammar of distribution/reference (reference.go, normalize.go).

/// A parsed image reference.
///
/// ```text
/// nginx                            registry docker.io, repository library/nginx
/// quay.io/team/web:1.2             registry quay.io, repository team/web, tag 1.2
/// localhost:5000/web@sha256:<64>   registry localhost:5000, repository web, digest sha256:<64>
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRef {
    /// As written.
    pub text: String,
    /// Host and port; `docker.io` where none is written.
    pub registry: String,
    /// Whether the registry was written out.
    pub registry_written: bool,
    /// Path, with `library/` where Docker Hub adds it.
    pub repository: String,
    /// Tag, if written.
    pub tag: Option<String>,
    /// Digest, if written, as `sha256:…`.
    pub digest: Option<String>,
}

impl ImageRef {
    /// Parses a reference. `None` if it is not one (the kubelet would say `InvalidImageName`).
    pub fn parse(text: &str) -> Option<ImageRef> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) if is_digest(digest) => (rest, Some(digest.to_owned())),
            Some(_) => return None,
            None => (text, None),
        };
        let last_slash = rest.rfind('/').map_or(0, |at| at + 1);
        let (name, tag) = match rest[last_slash..].rfind(':') {
            Some(colon) => (&rest[..last_slash + colon], Some(&rest[last_slash + colon + 1..])),
            None => (rest, None),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return None;
        }
        let (registry, path, registry_written) = match name.split_once('/') {
            Some((host, path)) if is_host(host) => (host, path, true),
            _ => ("docker.io", name, false),
        };
        // normalize.go: index.docker.io is an old name of docker.io
        let registry = if registry == "index.docker.io" { "docker.io" } else { registry };
        // reference.go: a host that is none may still be the first component of a path (`a_b.c/app`)
        let host_fits = is_host_and_port(registry) || is_path_component(registry);
        if path.is_empty() || path.len() > 255 || !path.split('/').all(is_path_component) || !host_fits {
            return None;
        }
        // normalize.go: 64 hexadecimal digits are an image id, not a name
        if text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return None;
        }
        let repository =
            if registry == "docker.io" && !path.contains('/') { format!("library/{path}") } else { path.to_owned() };
        Some(ImageRef {
            text: text.to_owned(),
            registry: registry.to_owned(),
            registry_written,
            repository,
            tag: tag.map(str::to_owned),
            digest,
        })
    }

    /// Registry and path, without tag and digest, as written in full: `docker.io/library/nginx`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The registry's host without its port.
    pub fn host(&self) -> &str {
        self.registry.split(':').next().unwrap_or_default()
    }
}

/// The first component names a registry if it has a dot or a port, or is `localhost`, or has a capital letter (normalize.go,
/// splitDockerDomain).
fn is_host(text: &str) -> bool {
    text.contains('.') || text.contains(':') || text == "localhost" || text.bytes().any(|b| b.is_ascii_uppercase())
}

fn is_host_and_port(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let ipv6 = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host_fits = !host.is_empty()
        && (ipv6.is_some_and(|ip| !ip.is_empty() && ip.bytes().all(|b| b.is_ascii_hexdigit() || b == b':'))
            || host.split('.').all(|label| {
                !label.is_empty()
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            }));
    host_fits && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_path_component(text: &str) -> bool {
    let bytes = text.as_bytes();
    let alnum = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    if bytes.is_empty() || !alnum(bytes[0]) || !alnum(bytes[bytes.len() - 1]) {
        return false;
    }
    let mut at = 0;
    while at < bytes.len() {
        if alnum(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && !alnum(bytes[at]) {
            at += 1;
        }
        let separator = &text[start..at];
        if !(matches!(separator, "." | "_" | "__") || separator.bytes().all(|b| b == b'-')) {
            return false;
        }
    }
    true
}

/// `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`
fn is_tag(text: &str) -> bool {
    let bytes = text.as_bytes();
    !bytes.is_empty()
        && bytes.len() <= 128
        && (bytes[0].is_ascii_alphanumeric() || bytes[0] == b'_')
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        let length = match algorithm {
            "sha256" => 64,
            "sha384" => 96,
            "sha512" => 128,
            _ => return false,
        };
        hex.len() == length && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // Golden vectors after distribution/reference, reference_test.go and normalize_test.go.
    #[test]
    fn references_are_split_as_distribution_splits_them() {
        let check = |text: &str, registry: &str, repository: &str, tag: Option<&str>| {
            let image = ImageRef::parse(text).unwrap_or_else(|| panic!("{text} is a reference"));
            assert_eq!(
                (image.registry.as_str(), image.repository.as_str(), image.tag.as_deref()),
                (registry, repository, tag)
            );
        };
        check("nginx", "docker.io", "library/nginx", None);
        check("nginx:1.27", "docker.io", "library/nginx", Some("1.27"));
        check("user/app:1", "docker.io", "user/app", Some("1"));
        check("localhost/app", "localhost", "app", None);
        check("localhost:5000/app", "localhost:5000", "app", None);
        check("10.0.0.1:5000/a/b:c", "10.0.0.1:5000", "a/b", Some("c"));
        check("index.docker.io/library/nginx", "docker.io", "library/nginx", None);
        check("reg.io/a__b/c-d.e:V1", "reg.io", "a__b/c-d.e", Some("V1"));
    }

    #[test]
    fn what_the_kubelet_calls_an_invalid_name_is_no_reference() {
        for text in
            ["", "Nginx", "reg.io/Team/app", "http://reg.io/app", "a:", ":tag", "a::b", "a@sha256:12", "${TAG}", "a b"]
        {
            assert_eq!(ImageRef::parse(text), None, "{text}");
        }
        assert_eq!(ImageRef::parse(&"a".repeat(64)), None, "an image id");
    }
}
