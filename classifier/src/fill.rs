//! Fills the blanks of fixes. The one place where text of the input may become part of a command: what does not fit the grammar of
//! its blank is never put into one, and what the shell could read as more than a word is quoted.

use crate::cause::{Command, Effect, Fix, NEEDS};
use crate::causes::remedies::{ATTACH_SECRET, RECREATE};
use crate::causes::retired;
use crate::observations::{ContainerKind, Facts, Subject};
use crate::read::image_ref::ImageRef;
use crate::report::{ReportedCommand, ReportedFix};
use crate::secret_facts::SecretFacts;

/// Values of blanks, by name. Only values that fit the grammar of their blank.
#[derive(Debug, Default)]
pub struct Values {
    known: Vec<(String, String)>,
    /// Whether the pod's service account lists pull secrets already, if it was read.
    account_lists: Option<bool>,
    /// What lists the pod's pull secrets itself, as `deployment/web` or `pod/x`: then the service account's list counts for nothing.
    own_list: Option<String>,
}

/// What a pull secret is called in most examples.
const USUAL_SECRET: &str = "regcred";

/// So many pods are named in one command.
const MOST_SIBLINGS: usize = 20;

impl Values {
    /// What a finding knows of itself. `asked` is the registry that was asked, where no image is named.
    pub fn of(subject: &Subject, image: Option<&ImageRef>, asked: Option<&ImageRef>, facts: &Facts) -> Values {
        let mut values = Values::default();
        let mut put = |name: &str, value: Option<&str>| values.put(name, value);
        put("image", subject.image.as_deref().or(image.map(|image| image.text.as_str())));
        put("sandbox_image", subject.image.as_deref().filter(|_| subject.kind == ContainerKind::Sandbox));
        put("namespace", subject.namespace.as_deref());
        put("pod", subject.pod.as_deref());
        put("container", subject.container.as_deref());
        put("service_account", subject.service_account.as_deref());
        put("node", subject.node.as_deref());
        if let Some(image) = image {
            put("repository", Some(&image.name()));
            put("repository_path", Some(&image.repository));
            put("bare_image", Some(&image.text).filter(|_| !image.registry_written).map(String::as_str));
            put("tag", image.tag.as_deref().or(image.digest.is_none().then_some("latest")));
            put("digest", image.digest.as_deref());
        }
        if let Some(registry) = image.or(asked) {
            put("registry", Some(&registry.registry));
            put("registry_host", Some(registry.host()));
            put("own_host", Some(registry.host()).filter(|host| is_own(host)));
            // KEYRING: this is the key that Docker Hub's credentials have
            let hub = registry.registry == "docker.io";
            put("registry_server", Some(if hub { "https://index.docker.io/v1/" } else { &registry.registry }));
        }
        let node = subject.node.as_deref().and_then(|name| facts.node(name));
        put("arch", node.and_then(|node| node.arch.as_deref()));
        put("os", node.and_then(|node| node.os.as_deref()));
        let owner = top_owner(subject, facts);
        if let Some((kind, name)) = owner.as_deref().and_then(|owner| owner.split_once('/')) {
            put("owner_kind", Some(kind));
            put("owner_name", Some(name));
            put("owner", Some(&format!("{}/{name}", kind.to_ascii_lowercase())));
        }
        let account = subject.service_account.as_deref().zip(subject.namespace.as_deref());
        let account = account.and_then(|(name, namespace)| facts.service_account(namespace, name));
        values.account_lists = account.map(|account| !account.pull_secrets.is_empty());
        // Our own words about a retired place, and the same reference at its new one.
        for (name, value) in image.map(retired::blanks).unwrap_or_default() {
            values.set(name, value);
        }
        let pod = facts.pod(subject);
        let listed = pod.map(|pod| pod.pull_secrets.as_slice()).unwrap_or_default();
        // Left out where the pod is known to belong to something else.
        if owner.as_deref().or(pod.map(|_| "")).is_none_or(|owner| owner.starts_with("StatefulSet/")) {
            values.set("stateful_set", "StatefulSet".to_owned());
        }
        values.put_actions(subject, owner.as_deref(), facts);
        if account.is_some_and(|account| listed.iter().any(|name| !account.pull_secrets.contains(name))) {
            values.own_list = values.word("object").map(str::to_owned);
        }
        // A new secret shall not take the place of another one.
        let is_taken = |secret: &SecretFacts| {
            secret.metadata.name == USUAL_SECRET && Some(&secret.metadata.namespace) == subject.namespace.as_ref()
        };
        if listed.iter().any(|name| name == USUAL_SECRET) || facts.secrets.iter().any(is_taken) {
            values.set("new_secret", "\"${SECRET_NAME:-regcred-2}\"".to_owned());
        }
        values
    }

    /// Blanks whose values are commands or parts of commands: they are built from checked values alone.
    fn put_actions(&mut self, subject: &Subject, owner: Option<&str>, facts: &Facts) {
        let Some(pod) = self.word("pod").map(str::to_owned) else { return };
        let namespace = self.word("namespace").map(|ns| format!(" -n {ns}")).unwrap_or_default();
        // What stands in `kubectl set image`: the nearest object whose template may be changed. A job's may not; its pod's may.
        let changeable = owner.and_then(|owner| owner.split_once('/')).and_then(|(kind, name)| {
            matches!(
                kind,
                "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "ReplicationController" | "CronJob"
            )
            .then(|| format!("{}/{name}", kind.to_ascii_lowercase()))
        });
        let known_pod = facts.pod(subject).is_some();
        // Ephemeral containers and volumes cannot be changed by `kubectl set image`, and the sandbox's image is the runtime's.
        let settable = matches!(subject.kind, ContainerKind::Regular | ContainerKind::Init | ContainerKind::Sidecar);
        if owner.is_some_and(|owner| owner.starts_with("StatefulSet/")) {
            self.set("stuck_pod", format!("kubectl delete pod {pod}{namespace} --ignore-not-found"));
        }
        let object = changeable.or_else(|| (known_pod || owner.is_some()).then(|| format!("pod/{pod}")));
        if let Some(change) = object.as_deref().and_then(|object| self.change_image(subject.kind, object, &namespace)) {
            self.set("change_image", change);
        }
        if let Some(object) = object {
            self.set("object", object.clone());
            if settable {
                self.set("set_image", object);
            }
        }
        let replace = format!("kubectl get pod {pod}{namespace} -o json | kubectl replace --force -f -");
        // Its siblings that wait were made with the same list of pull secrets.
        let siblings = facts.pods.iter().filter(|known| {
            let waits = known.containers.iter().any(|container| !container.has_run && container.waiting.is_some());
            let owned = subject.owner.is_some() && known.owner == subject.owner && subject.may_be_in(&known.namespace);
            owned && known.name != pod && waits
        });
        let siblings: Vec<&str> =
            siblings.map(|known| known.name.as_str()).filter(|name| fits("pod", name)).take(MOST_SIBLINGS).collect();
        let pods = [&[pod.as_str()], siblings.as_slice()].concat().join(" ");
        let delete = format!("kubectl delete pod {pods}{namespace} --ignore-not-found");
        let recreate = match (&subject.owner, known_pod) {
            (Some(owner), _) if !owner.starts_with("Node/") => delete,
            // A described or fetched pod without a controller is on its own: deleting it would lose it.
            (None, true) => replace,
            _ => format!(
                "if kubectl get pod {pod}{namespace} -o jsonpath='{{.metadata.ownerReferences[*].name}}' | grep -q .; then {delete}; else {replace}; fi"
            ),
        };
        self.set("recreate", recreate);
        if self.word("service_account").is_none() {
            self.set(
                "service_account",
                format!("\"$(kubectl get pod {pod}{namespace} -o jsonpath='{{.spec.serviceAccountName}}')\""),
            );
        }
    }

    /// The command that puts `$NEW_IMAGE` in place of the image, into the object that makes the pod.
    fn change_image(&self, kind: ContainerKind, object: &str, namespace: &str) -> Option<String> {
        let pod = self.word("pod")?;
        match kind {
            ContainerKind::Regular | ContainerKind::Init | ContainerKind::Sidecar => {
                let container = argument("container", self.word("container")?);
                // What a cron job has started already has a template of its own.
                let both = if object.starts_with("cronjob/") { format!(" pod/{pod}") } else { String::new() };
                Some(format!("kubectl set image{namespace} {object}{both} {container}=\"$NEW_IMAGE\""))
            }
            // An ephemeral container stays as it was made; another one can be added.
            ContainerKind::Ephemeral => Some(format!("kubectl debug {pod}{namespace} --image=\"$NEW_IMAGE\"")),
            // Volumes of a pod that exists cannot be changed: it is made again.
            ContainerKind::ImageVolume => {
                let force = if object.starts_with("pod/") { " --force" } else { "" };
                let image = self.word("image")?;
                Some(format!(
                    "kubectl get {object}{namespace} -o json | sed \"s|\\\"reference\\\": \\\"{image}\\\"|\\\"reference\\\": \\\"$NEW_IMAGE\\\"|\" | kubectl replace{namespace}{force} -f -"
                ))
            }
            ContainerKind::Sandbox => None,
        }
    }

    /// Whether all of these are known.
    pub fn know(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.word(name).is_some())
    }

    /// Adds a value, if it fits the grammar of its blank. What is there stays.
    pub fn put(&mut self, name: &str, value: Option<&str>) {
        let Some(value) = value.map(str::trim).filter(|value| !value.is_empty()) else { return };
        if self.word(name).is_none() && fits(name, value) {
            self.set(name, value.to_owned());
        }
    }

    fn set(&mut self, name: &str, value: String) {
        self.known.retain(|(known, _)| known != name);
        self.known.push((name.to_owned(), value));
    }

    fn word(&self, name: &str) -> Option<&str> {
        self.known.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn get(&self, name: &str) -> Option<&str> {
        match name {
            // What a fix writes or attaches: the secret that is known, else the one that the user names.
            "secret_name" => self.get("secret").or(self.word("new_secret")).or(Some("\"${SECRET_NAME:-regcred}\"")),
            name => self.word(name),
        }
    }

    /// A fix with its blanks filled.
    pub fn fix(&self, fix: &Fix) -> ReportedFix {
        ReportedFix {
            title: self.sentence(fix.title).unwrap_or_else(|| self.words(fix.title)),
            who: fix.who,
            place: fix.only.iter().map(|place| place.name()).collect(),
            steps: fix.steps.iter().filter_map(|step| self.sentence(step)).collect(),
            checks: self.commands(fix.checks),
            commands: self.commands(fix.commands),
            warnings: fix.warnings.iter().filter_map(|warning| self.sentence(warning)).collect(),
        }
    }

    fn commands(&self, commands: &[Command]) -> Vec<ReportedCommand> {
        // A bare pod with a list of its own is made again when it is attached.
        let made_again = self.own_list.as_deref().is_some_and(|object| object.starts_with("pod/"))
            && commands.iter().any(|command| command.run == ATTACH_SECRET.run);
        let wanted = commands.iter().filter(|command| !made_again || command.run != RECREATE.run);
        let filled = wanted.filter_map(|command| {
            let run = fill(command.run, &|name, _| match name {
                "attach" => self.attach(),
                name => self.get(name).map(|value| argument(name, value)),
            })?;
            let needs = NEEDS.iter().copied().filter(|need| needs(&run, need)).collect();
            Some(ReportedCommand { run, needs, effect: command.effect })
        });
        let mut filled: Vec<ReportedCommand> = filled.collect();
        // A stateful set waits for its broken pod for ever, whatever its template says now (kubernetes#67250).
        if let Some(delete) = self.get("stuck_pod")
            && filled.last().is_some_and(|command| command.run.starts_with("kubectl set image"))
        {
            filled.push(ReportedCommand { run: delete.to_owned(), needs: Vec::new(), effect: Effect::Disrupts });
        }
        filled
    }

    /// The command that adds a pull secret to the pod's service account. The list there is atomic (k8s.io/api, core/v1/types.go has no
    /// patchStrategy for it): a merge patch throws away what it holds, and a JSON patch that appends fails where there is none.
    fn attach(&self) -> Option<String> {
        let account = argument("service_account", self.get("service_account")?);
        let namespace = self.get("namespace").map(|namespace| format!(" -n {namespace}")).unwrap_or_default();
        let secret = match self.get("secret") {
            Some(secret) => secret.to_owned(),
            None => format!("'{}'", self.get("secret_name")?),
        };
        if let Some(object) = &self.own_list {
            // Strategic merge goes by the names of this list and keeps what is in it.
            let list = format!("{{\"spec\":{{\"imagePullSecrets\":[{{\"name\":\"{secret}\"}}]}}}}");
            return Some(match object.split_once('/')? {
                ("pod", pod) => format!(
                    "kubectl get pod {pod}{namespace} -o json | kubectl patch --local -f - --type=strategic -p '{list}' -o json | kubectl replace{namespace} --force -f -"
                ),
                ("cronjob", _) => format!(
                    "kubectl patch {object}{namespace} -p '{{\"spec\":{{\"jobTemplate\":{{\"spec\":{{\"template\":{list}}}}}}}}}'"
                ),
                _ => format!("kubectl patch {object}{namespace} -p '{{\"spec\":{{\"template\":{list}}}}}'"),
            });
        }
        let patch = format!("kubectl patch serviceaccount {account}{namespace}");
        let append = format!(
            "{patch} --type=json -p '[{{\"op\":\"add\",\"path\":\"/imagePullSecrets/-\",\"value\":{{\"name\":\"{secret}\"}}}}]'"
        );
        let set = format!("{patch} -p '{{\"imagePullSecrets\":[{{\"name\":\"{secret}\"}}]}}'");
        Some(match self.account_lists {
            Some(true) => append,
            Some(false) => set,
            None => format!("{append} 2>/dev/null || {set}"),
        })
    }

    /// Prose with its blanks filled; `None` if a blank is unknown and has no name in words.
    pub fn sentence(&self, text: &str) -> Option<String> {
        fill(text, &|name, in_code| {
            let words =
                || in_words(name).map(|words| if in_code { name.to_ascii_uppercase() } else { words.to_owned() });
            self.get(name).map(str::to_owned).or_else(words)
        })
    }

    /// Prose with unknown blanks as their names.
    fn words(&self, text: &str) -> String {
        fill(text, &|name, in_code| {
            let words = || match in_words(name) {
                _ if in_code => name.to_ascii_uppercase(),
                Some(words) => words.to_owned(),
                None if name == "stateful_set" => "StatefulSet".to_owned(),
                None if matches!(name, "address" | "proxy") => ["the ", name].concat(),
                None => name.replace('_', " "),
            };
            Some(self.get(name).map_or_else(words, str::to_owned))
        })
        .unwrap_or_default()
    }
}

/// Whether a host means the machine that asks.
fn is_own(host: &str) -> bool {
    host == "localhost" || host == "[::1]" || host.starts_with("127.")
}

/// Prose of a cause's page, where nothing is known: blanks in words.
pub fn in_general(text: &str) -> String {
    Values::default().words(text)
}

/// A command of a cause's page: blanks stay visible in capitals, as `IMAGE`.
pub fn command_in_general(text: &str) -> String {
    fill(text, &|name, _| Some(match name {
        "recreate" => "kubectl delete pod POD -n NAMESPACE".to_owned(),
        "set_image" => "deployment/NAME".to_owned(),
        "change_image" => "kubectl set image -n NAMESPACE deployment/NAME CONTAINER=\"$NEW_IMAGE\"".to_owned(),
        "secret_name" => "\"${SECRET_NAME:-regcred}\"".to_owned(),
        // right where the account lists nothing yet; a report takes the form that fits
        "attach" => "kubectl patch serviceaccount SERVICE_ACCOUNT -n NAMESPACE -p '{\"imagePullSecrets\":[{\"name\":\"SECRET\"}]}'".to_owned(),
        name => name.to_ascii_uppercase(),
    }))
    .unwrap_or_default()
}

/// The names of the blanks of a text.
pub fn blanks(text: &str) -> Vec<String> {
    let names = std::cell::RefCell::new(Vec::new());
    fill(text, &|name, _| {
        names.borrow_mut().push(name.to_owned());
        Some(String::new())
    });
    names.into_inner()
}

/// The controller at the top that is known: the deployment behind a replica set.
pub fn top_owner(subject: &Subject, facts: &Facts) -> Option<String> {
    let owner = subject.owner.clone()?;
    match facts.owners.iter().find(|known| known.name == owner && subject.may_be_in(&known.namespace)) {
        Some(known) => Some(known.owner.clone().unwrap_or(owner)),
        // A deployment names its replica sets after itself and a hash of ten characters from this alphabet (kubernetes,
        // pkg/util/rand and pkg/controller/deployment/util).
        None => {
            let deployment =
                owner.strip_prefix("ReplicaSet/").and_then(|name| name.rsplit_once('-')).filter(|(_, hash)| {
                    (8..=10).contains(&hash.len()) && hash.bytes().all(|b| b"bcdfghjklmnpqrstvwxz2456789".contains(&b))
                });
            Some(deployment.map_or(owner.clone(), |(name, _)| format!("Deployment/{name}")))
        }
    }
}

/// Fills a template. `None` if a blank outside of square brackets is unknown.
///
/// `value` is told whether the blank stands between backticks, where it is a part of something to type.
fn fill(template: &str, value: &dyn Fn(&str, bool) -> Option<String>) -> Option<String> {
    let mut out = String::with_capacity(template.len() + 32);
    let mut group: Option<(usize, bool)> = None;
    let mut rest = template;
    while let Some(at) = rest.bytes().position(|b| matches!(b, b'{' | b'}' | b'[' | b']')) {
        out.push_str(&rest[..at]);
        let mark = rest.as_bytes()[at];
        rest = &rest[at + 1..];
        if rest.as_bytes().first() == Some(&mark) {
            out.push(char::from(mark));
            rest = &rest[1..];
            continue;
        }
        match mark {
            b'[' => group = Some((out.len(), true)),
            b']' => {
                if let Some((start, complete)) = group.take()
                    && !complete
                {
                    out.truncate(start);
                }
            }
            b'{' => {
                let (name, after) = rest.split_once('}')?;
                let in_code = out.matches('`').count() % 2 == 1;
                match (value(name, in_code), &mut group) {
                    (Some(value), _) => out.push_str(&value),
                    (None, Some((_, complete))) => *complete = false,
                    (None, None) => return None,
                }
                rest = after;
            }
            mark => out.push(char::from(mark)),
        }
    }
    out.push_str(rest);
    Some(out)
}

/// A value as one word of a shell command. Blanks that are commands themselves go in as they are.
fn argument(name: &str, value: &str) -> String {
    let built = matches!(name, "recreate" | "change_image")
        || (name == "secret_name" && value.starts_with("\"${"))
        || (name == "service_account" && value.starts_with("\"$("));
    let plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || b"._/:@=,+%-".contains(&b));
    if built || plain { value.to_owned() } else { format!("'{}'", value.replace('\'', r"'\''")) }
}

/// Whether a value fits the grammar of its blank. Names by RFC 1123, references by distribution's grammar; anything else that was
/// captured must be made of the characters of host names, addresses and paths.
fn fits(name: &str, value: &str) -> bool {
    let dns = |value: &str| {
        value.len() <= 253
            && value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'))
            && value.as_bytes()[0].is_ascii_alphanumeric()
            && value.as_bytes()[value.len() - 1].is_ascii_alphanumeric()
    };
    match name {
        "namespace" | "pod" | "container" | "service_account" | "node" | "secret" | "owner_name"
        | "other_namespace" => dns(value),
        "image" | "reference" => ImageRef::parse(value).is_some(),
        "owner_kind" => value.bytes().all(|b| b.is_ascii_alphabetic()),
        "owner" => {
            value.split_once('/').is_some_and(|(kind, name)| dns(name) && kind.bytes().all(|b| b.is_ascii_lowercase()))
        }
        _ => {
            value.len() <= 512
                && !value.starts_with('-')
                && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"._/:@=,+%-[]*".contains(&b))
        }
    }
}

fn in_words(name: &str) -> Option<&'static str> {
    Some(match name {
        "image" | "reference" => "the image",
        "repository" | "repository_path" => "the repository",
        "registry" | "registry_host" | "registry_server" => "the registry",
        "tag" => "the tag",
        "digest" => "the digest",
        "namespace" => "the pod's namespace",
        "pod" => "the pod",
        "container" => "the container",
        "service_account" => "the pod's service account",
        "owner" | "owner_name" => "the workload",
        "owner_kind" => "workload",
        "node" => "the node",
        "secret" => "the secret",
        "host" => "the host",
        "arch" => "the node's architecture",
        "os" => "the node's operating system",
        "dns" => "the node's resolver",
        _ => return None,
    })
}

/// Whether a command uses an environment variable.
fn needs(run: &str, name: &str) -> bool {
    run.split('$').skip(1).any(|rest| rest.strip_prefix('{').unwrap_or(rest).starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(pairs: &[(&str, &str)]) -> Values {
        let mut values = Values::default();
        pairs.iter().for_each(|(name, value)| values.put(name, Some(value)));
        values
    }

    fn run(template: &'static str, pairs: &[(&str, &str)]) -> Option<String> {
        values(pairs).commands(&[crate::cause::reads(template)]).pop().map(|command| command.run)
    }

    #[test]
    fn brackets_fall_away_and_unknown_blanks_stop_a_command() {
        assert_eq!(
            run("kubectl get pod {pod}[ -n {namespace}]", &[("pod", "web")]).as_deref(),
            Some("kubectl get pod web")
        );
        assert_eq!(
            run("kubectl get pod {pod}[ -n {namespace}]", &[("pod", "web"), ("namespace", "shop")]).as_deref(),
            Some("kubectl get pod web -n shop")
        );
        assert_eq!(run("kubectl get pod {pod}", &[]), None);
        assert_eq!(run("echo '{{\"a\":[[]]}}'", &[]).as_deref(), Some("echo '{\"a\":[]}'"));
    }

    #[test]
    fn hostile_names_never_reach_a_command() {
        for name in ["web;reboot", "$(id)", "a b", "-rf", "web\nreboot", "`id`", "Web"] {
            assert_eq!(run("kubectl get pod {pod}", &[("pod", name)]), None, "{name}");
        }
        assert_eq!(run("crane ls {image}", &[("image", "x;y")]), None);
        assert_eq!(run("curl {host}", &[("host", "a$(b)")]), None);
    }

    #[test]
    fn an_unknown_blank_between_backticks_is_something_to_type() {
        let sentence = |text: &str| values(&[("pod", "web-1")]).sentence(text);
        assert_eq!(
            sentence("On {node}: `crictl pull {image}`, then look at {pod}.").as_deref(),
            Some("On the node: `crictl pull IMAGE`, then look at web-1.")
        );
    }

    #[test]
    fn what_only_the_user_knows_is_listed() {
        let command = values(&[])
            .commands(&[crate::cause::changes("x \"$REGISTRY_PASSWORD\" \"${{SECRET_NAME:-regcred}}\"")])
            .remove(0);
        assert_eq!(command.needs, ["REGISTRY_PASSWORD", "SECRET_NAME"]);
    }
}
