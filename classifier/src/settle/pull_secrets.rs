//! Which credential, if any, did the kubelet send for a pull, and why no other? The pod's pull secrets as the kubelet saw them,
//! for the settlings of causes. Names no cause.

use super::Case;
use crate::cause::Confidence;
use crate::keyring::{Keyring, Miss, look_up};
use crate::observations::{ContainerFacts, Credential as Words, Message, PodFacts, ServiceAccountFacts};
use crate::read::image_ref::ImageRef;
use crate::secret_facts::{ConfigShape, Credential, EntryFacts, Expiry, SecretFacts, Standing};

/// A pod's pull secrets, in the order in which the kubelet takes them.
pub struct PullSecrets<'a> {
    /// The pod.
    pub pod: &'a PodFacts,
    /// Its service account, if it was read.
    pub account: Option<&'a ServiceAccountFacts>,
    /// Secrets that the pod names (`spec.imagePullSecrets`, after admission).
    pub named: Vec<Named<'a>>,
    /// Other secrets of the pod's namespace that were read.
    pub unnamed: Vec<&'a SecretFacts>,
    /// Secrets of other namespaces that were read.
    pub elsewhere: Vec<&'a SecretFacts>,
    /// Names that are known not to exist in the pod's namespace.
    absent: Vec<&'a str>,
    image: &'a str,
    repository: String,
    registry: &'a str,
}

/// A secret that the pod names.
pub struct Named<'a> {
    /// Its name.
    pub name: &'a str,
    /// What became of it.
    pub found: Found<'a>,
}

/// What became of a secret that the pod names.
#[derive(Clone, Copy)]
pub enum Found<'a> {
    /// It was read.
    Read(&'a SecretFacts),
    /// It does not exist in the pod's namespace.
    Missing,
    /// It was not read, or its content was taken out: nothing is known.
    Unknown,
}

impl<'a> Case<'a> {
    /// The pod's pull secrets; `None` without a pod object or an image that can be parsed.
    pub fn pull_secrets(&self) -> Option<PullSecrets<'a>> {
        let (pod, image) = (self.pod?, self.image?);
        let facts = self.facts;
        let here: Vec<&SecretFacts> =
            facts.secrets.iter().filter(|secret| secret.metadata.namespace == pod.namespace).collect();
        let found = |name: &str| {
            let secret = here.iter().find(|secret| secret.metadata.name == name);
            let readable = secret.filter(|secret| !matches!(secret.standing, Standing::Unreadable | Standing::Unknown));
            let missing =
                facts.missing_secrets.iter().any(|(namespace, missing)| *namespace == pod.namespace && missing == name);
            match readable {
                Some(secret) => Found::Read(secret),
                None if secret.is_none() && (missing || self.said_missing(name)) => Found::Missing,
                None => Found::Unknown,
            }
        };
        let account = pod.service_account.as_deref().unwrap_or("default");
        Some(PullSecrets {
            pod,
            account: facts.service_account(&pod.namespace, account),
            // admission and the kubelet pass over empty names
            named: pod
                .pull_secrets
                .iter()
                .filter(|name| !name.is_empty())
                .map(|name| Named { name, found: found(name) })
                .collect(),
            unnamed: here.iter().filter(|secret| !pod.pull_secrets.contains(&secret.metadata.name)).copied().collect(),
            elsewhere: facts.secrets.iter().filter(|secret| secret.metadata.namespace != pod.namespace).collect(),
            absent: facts
                .missing_secrets
                .iter()
                .filter(|(namespace, _)| *namespace == pod.namespace)
                .map(|(_, name)| name.as_str())
                .collect(),
            image: &image.text,
            repository: image.name(),
            registry: &image.registry,
        })
    }

    /// Whether the kubelet says that it could not get this secret (event FailedToRetrieveImagePullSecret, or its log).
    fn said_missing(&self, name: &str) -> bool {
        let says = |message: &Message| {
            let words = message.text.as_str();
            words.contains("Unable to retrieve")
                && words
                    .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.')))
                    .any(|word| word.trim_end_matches('.') == name)
        };
        self.timeline.beside.iter().any(says)
    }

    /// What the words of the last attempt tell of a credential.
    pub fn credential_in_words(&self) -> Words {
        let last = self.timeline.attempts.last().map(|attempt| attempt.messages.as_slice()).unwrap_or_default();
        let any = |what: Words| last.iter().any(|message| message.credential == what);
        if any(Words::Sent) {
            Words::Sent
        } else if any(Words::NotSent) {
            Words::NotSent
        } else {
            Words::Unsaid
        }
    }
}

impl<'a> Case<'a> {
    /// Whether the words of the last attempt leave room for a pull without any credential.
    pub fn words_allow_nothing_sent(&self) -> bool {
        self.credential_in_words() != Words::Sent
    }

    /// The login of the pod's pull secrets that was sent first, where the words leave room for one and none was over.
    pub fn login_sent(&self) -> Option<LoginSent<'a>> {
        let secrets = self.pull_secrets().filter(|_| self.credential_in_words() != Words::NotSent)?;
        let sent = secrets.sent();
        let &(secret, entry) = sent.first()?;
        if sent.iter().any(|(secret, entry)| self.is_over(secret, entry).is_some()) {
            return None;
        }
        let says = format!("has a login for {}, which fits the image: it was sent", entry.key);
        Some(LoginSent { secret, entry, lines: vec![secrets.pod_line(), (object(secret), says)] })
    }

    /// How sure facts make us that explain why nothing was sent: certain where the words say that nothing was.
    pub fn sureness(&self) -> Confidence {
        let said = self.credential_in_words() == Words::NotSent && self.confidence == Confidence::Certain;
        if said { Confidence::Certain } else { Confidence::Likely }
    }

    /// Whether the token of an entry was over when the facts were read.
    pub fn is_over(&self, secret: &SecretFacts, entry: &EntryFacts) -> Option<Over> {
        if entry.token.is_some_and(|token| token.expiry == Expiry::WithJob) {
            let says = "it holds the token of a CI job, which ended with the job".to_owned();
            return Some(Over { says, confidence: Confidence::Likely });
        }
        let (end, now) = (secret.expires(entry)?, self.now?);
        let ago = now.checked_sub(end).filter(|ago| *ago >= 0)?;
        let at_latest =
            if entry.token.is_some_and(|token| matches!(token.expiry, Expiry::At(_))) { "" } else { " or more" };
        Some(Over {
            says: format!("its token expired {}{at_latest} ago", duration(ago)),
            confidence: Confidence::Certain,
        })
    }

    /// Another pod whose container runs an image of the same repository, as a line of proof.
    pub fn repository_in_use(&self) -> Option<(String, String)> {
        let name = self.image?.name();
        self.facts.pods.iter().find_map(|pod| {
            let runs = |container: &&ContainerFacts| {
                container.has_run && ImageRef::parse(&container.image).is_some_and(|image| image.name() == name)
            };
            let container = pod.containers.iter().find(runs)?;
            Some((
                format!("pod {}/{}", pod.namespace, pod.name),
                format!("runs {}, so the repository exists", container.image),
            ))
        })
    }
}

/// A login that was sent.
pub struct LoginSent<'a> {
    /// The secret that holds it.
    pub secret: &'a SecretFacts,
    /// Its entry for the image.
    pub entry: &'a EntryFacts,
    /// The proof: what the pod names, and what the secret holds.
    pub lines: Vec<(String, String)>,
}

/// A token that was over.
pub struct Over {
    /// The end of a sentence about its secret: "its token expired 3 h ago".
    pub says: String,
    /// How sure.
    pub confidence: Confidence,
}

/// Seconds in the largest unit that fits.
fn duration(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

impl<'a> PullSecrets<'a> {
    /// Secrets that the pod names and that were read.
    pub fn read(&self) -> Vec<&'a SecretFacts> {
        let read = self.named.iter().filter_map(|named| match named.found {
            Found::Read(secret) => Some(secret),
            Found::Missing | Found::Unknown => None,
        });
        read.collect()
    }

    /// Names of secrets that the pod names and that do not exist.
    pub fn missing(&self) -> Vec<&'a str> {
        self.named.iter().filter(|named| matches!(named.found, Found::Missing)).map(|named| named.name).collect()
    }

    /// Whether every secret that the pod names was read or is known to be missing.
    pub fn all_known(&self) -> bool {
        !self.named.iter().any(|named| matches!(named.found, Found::Unknown))
    }

    /// What the kubelet's keyring answers for the image.
    pub fn keyring(&self) -> Keyring {
        look_up(self.image, &self.read())
    }

    /// Credentials that were sent: entries that match the image and hold a user name and a password, in order.
    pub fn sent(&self) -> Vec<(&'a SecretFacts, &'a EntryFacts)> {
        complete(self.image, &self.read())
    }

    /// Whether this secret alone has a credential for the image.
    pub fn fits(&self, secret: &'a SecretFacts) -> bool {
        !complete(self.image, &[secret]).is_empty()
    }

    /// Whether this secret alone has a credential for another image.
    pub fn fits_image(&self, secret: &'a SecretFacts, image: &str) -> bool {
        !complete(image, &[secret]).is_empty()
    }

    /// The entry of this secret that matches the image, whatever it holds.
    pub fn entry(&self, secret: &'a SecretFacts) -> Option<&'a EntryFacts> {
        match look_up(self.image, &[secret]) {
            Keyring::Candidates(candidates) => secret.entries.get(candidates.first()?.entry),
            _ => None,
        }
    }

    /// Whether the service account lists this secret.
    pub fn account_lists(&self, secret: &SecretFacts) -> bool {
        // A list of the pod's own hides the service account's.
        let own_list = self.named.iter().any(|named| {
            self.account.is_some_and(|account| !account.pull_secrets.iter().any(|listed| listed == named.name))
        });
        !own_list && self.account.is_some_and(|account| account.pull_secrets.contains(&secret.metadata.name))
    }

    /// Name of the pod's service account.
    pub fn account_name(&self) -> &'a str {
        self.pod.service_account.as_deref().unwrap_or("default")
    }

    /// Whether this secret of the pod's namespace is known not to exist.
    pub fn is_missing(&self, name: &str) -> bool {
        self.absent.contains(&name)
    }

    /// Registry of the image, host and port.
    pub fn registry(&self) -> &'a str {
        self.registry
    }

    /// Repository of the image, with its registry.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// "pod shop/web", and which secrets it names.
    pub fn pod_line(&self) -> (String, String) {
        let names: Vec<&str> = self.named.iter().map(|named| named.name).collect();
        let says = if names.is_empty() {
            "names no imagePullSecrets".to_owned()
        } else {
            format!("names the pull secrets {}", names.join(", "))
        };
        (format!("pod {}/{}", self.pod.namespace, self.pod.name), says)
    }

    /// "serviceaccount shop/default", and which secrets it lists; `None` if it was not read.
    pub fn account_line(&self) -> Option<(String, String)> {
        let account = self.account?;
        let says = if account.pull_secrets.is_empty() {
            "lists no imagePullSecrets".to_owned()
        } else {
            format!("lists {}", account.pull_secrets.join(", "))
        };
        Some((format!("serviceaccount {}/{}", account.namespace, account.name), says))
    }
}

/// "secret shop/regcred".
pub fn object(secret: &SecretFacts) -> String {
    format!("secret {}/{}", secret.metadata.namespace, secret.metadata.name)
}

fn complete<'a>(image: &str, secrets: &[&'a SecretFacts]) -> Vec<(&'a SecretFacts, &'a EntryFacts)> {
    let Keyring::Candidates(candidates) = look_up(image, secrets) else { return Vec::new() };
    let entries = candidates.iter().filter(|candidate| candidate.credential == Credential::Complete);
    entries
        .filter_map(|candidate| {
            Some((*secrets.get(candidate.secret)?, secrets.get(candidate.secret)?.entries.get(candidate.entry)?))
        })
        .collect()
}

/// Why a key does not match an image, as the end of a sentence about the key.
pub fn why_not(miss: Miss) -> &'static str {
    match miss {
        Miss::SecretSkipped => "it would match, but the kubelet skips the secret",
        Miss::KeyHasTag => "a tag or digest in the key matches no image",
        Miss::ApiPath => "its path is the registry's API: /v1/ and /v2/ count as nothing only with a slash at the end",
        Miss::DockerHubAddress => {
            "Docker Hub's credentials are found under https://index.docker.io/v1/ or docker.io alone"
        }
        Miss::LetterCase => "it differs in capital letters",
        Miss::Path => "its path is not the beginning of the image's",
        Miss::Port => "its port is another one; none and :443 are different too",
        Miss::Scheme => "only https:// and http:// may stand before the host",
        Miss::Unreadable => "it cannot be read as an address",
        Miss::IpLiteral => "an IPv6 address is only matched with a port",
        Miss::LabelCount => "the host has more or fewer parts; * stands for exactly one",
        Miss::SameProvider => "it is another account, region or name of the same provider",
        Miss::Typo => "it differs by a letter or two",
    }
}

/// Why the kubelet finds nothing to use in a secret, as the end of a sentence; `None` if it does.
pub fn why_skipped(secret: &SecretFacts) -> Option<String> {
    Some(match secret.standing {
        Standing::WrongType => {
            let kind = if secret.secret_type.is_empty() { "Opaque" } else { secret.secret_type.as_str() };
            format!(
                "is of type {kind}; the kubelet skips all types but kubernetes.io/dockerconfigjson and \
kubernetes.io/dockercfg"
            )
        }
        Standing::MissingKey => format!("is of type {}, and lacks the key that belongs to it", secret.secret_type),
        Standing::EmptyValue => "is empty".to_owned(),
        Standing::NoEntries => match secret.shape {
            Some(ConfigShape::Dockercfg) => "has no `auths`: its content is that of a .dockercfg".to_owned(),
            Some(ConfigShape::CredentialHelper) => "names a credential helper instead of passwords; the kubelet does \
not use helpers"
                .to_owned(),
            Some(ConfigShape::Base64Twice) => "was encoded twice".to_owned(),
            _ => "holds no entry for any registry".to_owned(),
        },
        // The kubelet sees one entry, and it is called `auths`.
        Standing::Used
            if secret.shape == Some(ConfigShape::Auths)
                && secret.secret_type == crate::secret_facts::DOCKERCFG_TYPE =>
        {
            "is of type kubernetes.io/dockercfg, and its content is that of a .dockerconfigjson".to_owned()
        }
        Standing::Used
            if secret.shape == Some(ConfigShape::Dockercfg)
                && secret.secret_type == crate::secret_facts::CONFIG_JSON_TYPE =>
        {
            "has no `auths`: its content is that of a .dockercfg".to_owned()
        }
        Standing::Used | Standing::Broken | Standing::Unreadable | Standing::Unknown => return None,
    })
}

/// Why an entry that matches has nothing to send, as the end of a sentence; `None` if it has.
pub fn why_unusable(entry: &EntryFacts) -> Option<&'static str> {
    use crate::secret_facts::Oddity;
    Some(match entry.credential {
        Credential::OnlyUnreadToken => "holds only an identity token, which the kubelet does not read",
        Credential::Empty if entry.oddities.contains(&Oddity::LeftWithHelper) => {
            "is empty: the password stayed with \
the credential helper of the machine that wrote it"
        }
        Credential::Empty => "is empty",
        Credential::NoPassword => "has a user name and no password",
        Credential::NoUsername => "has a password and no user name",
        Credential::Complete | Credential::Faulty | Credential::Unknown => return None,
    })
}
