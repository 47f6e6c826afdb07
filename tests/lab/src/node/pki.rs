//! Certificates and kubeconfigs of the cluster, fresh at every start.

use std::fs;
use std::net::IpAddr;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType,
};

use super::daemons::API_PORT;
use super::{BASE, NODE};
use crate::Result;

/// Writes everything below `pki/`, and the administrator's kubeconfig into the run folder.
pub fn make() -> Result<()> {
    let mut params = CertificateParams::new(vec![])?;
    params.distinguished_name.push(DnType::CommonName, "lab-cluster");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    write("ca.crt", &authority.pem())?;

    let names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"].map(str::to_owned);
    let mut params = CertificateParams::new(names)?;
    for address in ["127.0.0.1", "10.0.0.10", "10.96.0.1"] {
        params.subject_alt_names.push(SanType::IpAddress(address.parse::<IpAddr>()?));
    }
    issue(&authority, "apiserver", "kube-apiserver", None, params)?;

    for (file, user, group) in [
        ("admin", "lab-admin", Some("system:masters")),
        ("kubelet", &*format!("system:node:{NODE}"), Some("system:nodes")),
        ("controller-manager", "system:kube-controller-manager", None),
        ("scheduler", "system:kube-scheduler", None),
    ] {
        issue(&authority, file, user, group, CertificateParams::new(vec![])?)?;
        fs::write(format!("{BASE}/pki/{file}.kubeconfig"), kubeconfig(file, API_PORT)?)?;
    }

    let accounts = KeyPair::generate()?;
    write("accounts.key", &accounts.serialize_pem())?;
    write("accounts.pub", &accounts.public_key_pem())?;
    // The forwarder outside puts its own port in.
    fs::write(format!("{BASE}/run/kubeconfig.inside"), kubeconfig("admin", API_PORT)?)?;
    Ok(())
}

fn issue(
    authority: &CertifiedIssuer<'_, KeyPair>,
    file: &str,
    user: &str,
    group: Option<&str>,
    mut params: CertificateParams,
) -> Result<()> {
    params.distinguished_name.push(DnType::CommonName, user);
    if let Some(group) = group {
        params.distinguished_name.push(DnType::OrganizationName, group);
    }
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    write(&format!("{file}.crt"), &params.signed_by(&key, authority)?.pem())?;
    write(&format!("{file}.key"), &key.serialize_pem())
}

/// Whole in one file, so that it can be handed out of the namespaces. JSON is YAML.
fn kubeconfig(user: &str, port: u16) -> Result<String> {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let data = |file: String| -> Result<String> { Ok(BASE64_STANDARD.encode(fs::read(format!("{BASE}/pki/{file}"))?)) };
    let config = serde_json::json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "lab",
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": user}}],
        "clusters": [{"name": "lab", "cluster": {
            "server": format!("https://127.0.0.1:{port}"), "certificate-authority-data": data("ca.crt".to_owned())?,
        }}],
        "users": [{"name": user, "user": {
            "client-certificate-data": data(format!("{user}.crt"))?, "client-key-data": data(format!("{user}.key"))?,
        }}],
    });
    Ok(config.to_string())
}

fn write(file: &str, text: &str) -> Result<()> {
    fs::write(format!("{BASE}/pki/{file}"), text)?;
    Ok(())
}
