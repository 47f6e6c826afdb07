//! Certificates of the fault server: one authority that the node trusts, one that it does not, and six ways of being wrong.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use time::{Duration, OffsetDateTime};

use super::Kind;
use crate::Result;

/// Signs the certificates of all hosts.
pub struct Authorities {
    trusted: CertifiedIssuer<'static, KeyPair>,
    unknown: CertifiedIssuer<'static, KeyPair>,
    made: Mutex<HashMap<(String, Kind), Arc<ServerConfig>>>,
}

impl Authorities {
    /// Two fresh authorities.
    pub fn new() -> Result<Authorities> {
        Ok(Authorities {
            trusted: authority("Lab CA")?,
            unknown: authority("Corp Internal CA")?,
            made: Mutex::default(),
        })
    }

    /// The certificate that the node is told to trust.
    pub fn trusted_pem(&self) -> String {
        self.trusted.pem()
    }

    /// The certificate that it is not told to trust, until an administrator adds it.
    pub fn unknown_pem(&self) -> String {
        self.unknown.pem()
    }

    /// How a host of that kind speaks TLS.
    pub fn config(&self, host: &str, kind: Kind) -> Result<Arc<ServerConfig>> {
        let key = (host.to_owned(), kind);
        let mut made = self.made.lock().expect("no thread panics while it holds the certificates");
        if let Some(config) = made.get(&key) {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.make(host, kind)?);
        made.insert(key, Arc::clone(&config));
        Ok(config)
    }

    fn make(&self, host: &str, kind: Kind) -> Result<ServerConfig> {
        let name = if kind == Kind::TlsWrongName { "www.lab.test" } else { host };
        let alternatives = if kind == Kind::TlsCommonName { vec![] } else { vec![name.to_owned()] };
        let now = OffsetDateTime::now_utc();
        let mut params = CertificateParams::new(alternatives)?;
        params.distinguished_name.push(DnType::CommonName, name);
        (params.not_before, params.not_after) = match kind {
            Kind::TlsExpired => (now - Duration::days(93), now - Duration::days(3)),
            Kind::TlsNotYetValid => (now + Duration::days(1), now + Duration::days(91)),
            _ => (now - Duration::days(1), now + Duration::days(90)),
        };
        let key = KeyPair::generate()?;
        let certificate = match kind {
            Kind::TlsSelfSigned => params.self_signed(&key)?,
            Kind::TlsUnknownCa | Kind::ProxyOpensTls => params.signed_by(&key, &self.unknown)?,
            _ => params.signed_by(&key, &self.trusted)?,
        };
        let builder = ServerConfig::builder();
        let builder = if kind == Kind::TlsClientCertificate {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(self.trusted.der().clone())?;
            builder.with_client_cert_verifier(WebPkiClientVerifier::builder(Arc::new(roots)).build()?)
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Ok(builder.with_single_cert(vec![certificate.der().clone()], key)?)
    }
}

fn authority(name: &str) -> Result<CertifiedIssuer<'static, KeyPair>> {
    let mut params = CertificateParams::new(vec![])?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}
