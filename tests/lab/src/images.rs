//! The images of the lab, made from a repository's name and a tag: every repository has content of its own, nothing is downloaded.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A blob or manifest with its digest.
#[derive(Clone)]
pub struct Blob {
    /// What a registry says its content is.
    pub media_type: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Blob {
    fn new(media_type: &'static str, bytes: Vec<u8>) -> Blob {
        Blob { media_type, bytes }
    }

    fn json(media_type: &'static str, value: &Value) -> Blob {
        Blob::new(media_type, value.to_string().into_bytes())
    }

    /// `sha256:…`
    pub fn digest(&self) -> String {
        digest(&self.bytes)
    }

    fn descriptor(&self) -> Value {
        json!({"mediaType": self.media_type, "size": self.bytes.len(), "digest": self.digest()})
    }
}

/// What has to be pushed for one tag, in order; the last manifest gets the tag.
pub struct Image {
    /// Configurations and layers.
    pub blobs: Vec<Blob>,
    /// Manifests: children first, the tagged one last.
    pub manifests: Vec<Blob>,
}

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// Whether a repository of that name exists in the lab: all do, but for those that say so.
pub fn exists(repository: &str) -> bool {
    !repository.split('/').any(|part| part.starts_with("missing") || part.starts_with("typo"))
}

/// The image behind a tag, `None` when repositories have no such tag. `program` is the static program that it runs.
pub fn image(repository: &str, tag: &str, program: &[u8]) -> Option<Image> {
    let own = format!("{repository}:{tag}\n").into_bytes();
    let file = |path: &str, bytes: &[u8]| gzip(&archive(&[(path, bytes)]));
    let ordinary = |arch: &str| one(repository, tag, arch, vec![file("hello", program), file("etc/image", &own)]);
    Some(match tag {
        "1" | "2" => ordinary(ARCH),
        "arm64" => ordinary("arm64"),
        "multi" => index(vec![("amd64", ordinary(ARCH)), ("arm64", ordinary("arm64"))]),
        "arm64-index" => index(vec![("arm64", ordinary("arm64"))]),
        // Made so that they do not compress: transfers have to take their whole length.
        "big" => one(repository, tag, ARCH, vec![file("hello", program), file("noise", &noise(&own, 6 << 20))]),
        "large" => one(repository, tag, ARCH, vec![file("hello", program), file("noise", &noise(&own, 16 << 20))]),
        // Small on the wire, large when it is unpacked.
        "bomb" => one(
            repository,
            tag,
            ARCH,
            vec![file("hello", program), file("zeros", &vec![0; 32 << 20]), file("etc/image", &own)],
        ),
        "bad-link" => one(repository, tag, ARCH, vec![file("hello", program), gzip(&dangling_hard_link(&own))]),
        "bad-tar" => one(repository, tag, ARCH, vec![file("hello", program), gzip(&noise(&own, 4096))]),
        "artifact" => {
            let empty = Blob::new("application/vnd.oci.empty.v1+json", b"{}".to_vec());
            let sbom = Blob::new("application/spdx+json", own);
            artifact(Some("application/spdx+json"), &empty, sbom)
        }
        "chart" => {
            let config = Blob::json(
                "application/vnd.cncf.helm.config.v1+json",
                &json!({"name": repository, "version": "1.0.0"}),
            );
            let chart =
                Blob::new("application/vnd.cncf.helm.chart.content.v1.tar+gzip", file("chart/Chart.yaml", &own));
            artifact(None, &config, chart)
        }
        // An artifact whose configuration says that it is an image's.
        "foreign-config" => {
            let config = Blob::json(CONFIG, &json!({"policy": repository}));
            let policy = Blob::new(LAYER, file("policy.rego", &own));
            artifact(None, &config, policy)
        }
        _ => return None,
    })
}

/// `sha256:…` of bytes.
pub fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().fold("sha256:".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

/// What Go and OCI call the machine that the lab runs on.
const ARCH: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };

fn one(repository: &str, tag: &str, arch: &str, layers: Vec<Vec<u8>>) -> Image {
    let layers: Vec<Blob> = layers.into_iter().map(|bytes| Blob::new(LAYER, bytes)).collect();
    let diff_ids: Vec<String> = layers.iter().map(|layer| digest(&gunzip(&layer.bytes))).collect();
    let config = Blob::json(
        CONFIG,
        &json!({
            "architecture": arch, "os": "linux",
            "config": {"Entrypoint": ["/hello"], "Labels": {"test.lab.image": format!("{repository}:{tag}")}},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        }),
    );
    let manifest = manifest(None, &config, &layers);
    Image { blobs: layers.into_iter().chain([config]).collect(), manifests: vec![manifest] }
}

fn artifact(kind: Option<&str>, config: &Blob, layer: Blob) -> Image {
    let manifest = manifest(kind, config, std::slice::from_ref(&layer));
    Image { blobs: vec![config.clone(), layer], manifests: vec![manifest] }
}

fn manifest(artifact_type: Option<&str>, config: &Blob, layers: &[Blob]) -> Blob {
    let layers: Vec<Value> = layers.iter().map(Blob::descriptor).collect();
    let mut value = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config.descriptor(), "layers": layers});
    if let Some(kind) = artifact_type {
        value["artifactType"] = kind.into();
    }
    Blob::json(MANIFEST, &value)
}

fn index(children: Vec<(&str, Image)>) -> Image {
    let mut all = Image { blobs: Vec::new(), manifests: Vec::new() };
    let mut descriptors = Vec::new();
    for (arch, mut image) in children {
        let child = image.manifests.pop().expect("an image has a manifest");
        let mut descriptor = child.descriptor();
        descriptor["platform"] = json!({"os": "linux", "architecture": arch});
        descriptors.push(descriptor);
        all.blobs.append(&mut image.blobs);
        all.manifests.push(child);
    }
    all.manifests.push(Blob::json(INDEX, &json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": descriptors})));
    all
}

/// An index whose only child for this machine is not in the registry.
pub fn index_without_child(repository: &str) -> Blob {
    let gone = json!({
        "mediaType": MANIFEST, "size": 480, "digest": digest(repository.as_bytes()),
        "platform": {"os": "linux", "architecture": ARCH},
    });
    Blob::json(INDEX, &json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [gone]}))
}

/// Docker's first manifest format, unsigned as most that are left.
pub fn schema_1(repository: &str) -> Blob {
    Blob::json(
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        &json!({
            "schemaVersion": 1, "name": repository, "tag": "old", "architecture": "amd64",
            "fsLayers": [{"blobSum": digest(b"")}],
            "history": [{"v1Compatibility": "{\"id\":\"x\",\"architecture\":\"amd64\",\"os\":\"linux\"}"}],
            "signatures": [],
        }),
    )
}

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o755);
        builder.append_data(&mut header, path, *bytes).expect("writing to memory");
    }
    builder.into_inner().expect("writing to memory")
}

fn dangling_hard_link(own: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Link);
    header.set_size(0);
    header.set_mode(0o755);
    builder.append_link(&mut header, "usr/bin/hello", "usr/lib/not-there").expect("writing to memory");
    let mut header = tar::Header::new_ustar();
    header.set_size(own.len() as u64);
    builder.append_data(&mut header, "etc/image", own).expect("writing to memory");
    builder.into_inner().expect("writing to memory")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("writing to memory");
    encoder.finish().expect("writing to memory")
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut decoder = flate2::write::GzDecoder::new(Vec::new());
    decoder.write_all(bytes).expect("our own gzip");
    decoder.finish().expect("our own gzip")
}

/// Bytes that do not compress and differ from image to image (xorshift).
fn noise(seed: &[u8], length: usize) -> Vec<u8> {
    let mut state = seed
        .iter()
        .fold(0x9e37_79b9_7f4a_7c15_u64, |state, byte| (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
        | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tag_has_an_image_and_no_two_repositories_share_a_manifest() {
        for tag in [
            "1",
            "2",
            "multi",
            "arm64",
            "arm64-index",
            "artifact",
            "chart",
            "foreign-config",
            "bad-link",
            "bad-tar",
            "big",
        ] {
            let here = image("shop/web", tag, b"program").expect("a tag of the list");
            let there = image("shop/api", tag, b"program").expect("a tag of the list");
            let digests = |image: &Image| image.manifests.iter().map(Blob::digest).collect::<Vec<_>>();
            assert_ne!(digests(&here), digests(&there), "{tag}");
        }
    }
}
