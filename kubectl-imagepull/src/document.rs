//! The one document that is handed to the classifier, and that `collect` prints: a List of what was read, and what was not.

use crate::cluster::{Kind, Refusal};
use crate::objects;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeSet, HashSet};

/// What was read of a cluster.
#[derive(Debug, Default)]
pub struct Document {
    /// Objects as JSON; text, since a scan may keep many.
    items: Vec<String>,
    keys: HashSet<(String, String, String)>,
    /// Names of the pods that were asked for, and the container; empty for a scan.
    pub target: Value,
    missing: Vec<Missing>,
    not_read: Vec<NotRead>,
    looked_at: Vec<String>,
    /// Namespace, service account, and a pull secret that it lists.
    account_secrets: Vec<(String, String, String)>,
    /// Uids of pods with an event of a pull that failed.
    failed_pulls: HashSet<String>,
}

/// An object that is known not to exist.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Missing {
    kind: String,
    namespace: String,
    name: String,
}

/// Something that was wanted and not had.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct NotRead {
    what: String,
    why: String,
    rule: Option<String>,
}

/// What a request wanted, for the rule that would allow it.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// `get` or `list`.
    pub verb: &'static str,
    /// API group, empty for the core one.
    pub group: &'a str,
    /// Plural.
    pub resource: &'a str,
    /// Namespace; `None` for what has none, or for all of them.
    pub namespace: Option<&'a str>,
}

impl Wanted<'_> {
    /// The line of an RBAC role that would allow it.
    fn rule(&self) -> String {
        format!("{{apiGroups: [\"{}\"], resources: [{}], verbs: [{}]}}", self.group, self.resource, self.verb)
    }

    fn words(&self) -> String {
        let namespace = self.namespace.map_or_else(String::new, |namespace| format!(" in namespace {namespace}"));
        format!("{} {}{namespace}", self.verb, self.resource)
    }
}

impl Document {
    /// Adds an object, once. Answers whether it is new.
    pub fn add(&mut self, object: &Value) -> bool {
        let (namespace, name) = objects::place(object);
        let kind = objects::text(object, "/kind").unwrap_or_default().to_owned();
        let new = self.keys.insert((kind, namespace, name));
        if new {
            self.items.push(indented(object));
            if object["kind"] == "ServiceAccount" {
                let (namespace, account) = objects::place(object);
                let secrets = objects::pull_secrets(object);
                self.account_secrets
                    .extend(secrets.map(|secret| (namespace.clone(), account.clone(), secret.to_owned())));
            } else if object["kind"] == "Event" && objects::tells_of_a_failed_pull(object) {
                self.failed_pulls.extend(objects::text(object, "/involvedObject/uid").map(str::to_owned));
            }
        }
        new
    }

    /// Whether an event that was added says that a pull of the pod with this uid failed.
    pub fn has_failed_pull(&self, uid: &str) -> bool {
        self.failed_pulls.contains(uid)
    }

    /// Names of the pull secrets that these service accounts of a namespace list.
    pub fn pull_secrets_of_accounts(&self, namespace: &str, accounts: &BTreeSet<&str>) -> Vec<String> {
        self.account_secrets
            .iter()
            .filter(|(place, account, _)| place == namespace && accounts.contains(account.as_str()))
            .map(|(_, _, secret)| secret.clone())
            .collect()
    }

    /// An object that others name does not exist.
    pub fn missing(&mut self, kind: &str, namespace: &str, name: &str) {
        let missing = Missing { kind: kind.to_owned(), namespace: namespace.to_owned(), name: name.to_owned() };
        if !self.missing.contains(&missing) {
            self.missing.push(missing);
        }
    }

    /// Something was looked at.
    pub fn looked_at(&mut self, what: String) {
        if !self.looked_at.contains(&what) {
            self.looked_at.push(what);
        }
    }

    /// Something was refused.
    pub fn refused(&mut self, what: String, refusal: &Refusal, wanted: Wanted<'_>) {
        let forbidden = refusal.kind == Kind::Forbidden;
        let why = if forbidden { format!("forbidden: {}", wanted.words()) } else { refusal.why() };
        self.left_out(what, why, forbidden.then(|| wanted.rule()));
    }

    /// Something was not asked for, or is not all there.
    pub fn left_out(&mut self, what: String, why: String, rule: Option<String>) {
        let not_read = NotRead { what, why, rule };
        if !self.not_read.contains(&not_read) {
            self.not_read.push(not_read);
        }
    }

    /// The document as JSON.
    pub fn text(mut self) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Tail<'a> {
            missing: &'a [Missing],
            not_read: &'a [NotRead],
            looked_at: &'a [String],
        }
        // Answers come in any order; the same cluster gives the same document.
        self.missing.sort_by(|a, b| (&a.kind, &a.namespace, &a.name).cmp(&(&b.kind, &b.namespace, &b.name)));
        self.not_read.sort_by(|a, b| a.what.cmp(&b.what));
        self.looked_at.sort();
        let tail = Tail { missing: &self.missing, not_read: &self.not_read, looked_at: &self.looked_at };
        let tail = serde_json::to_string_pretty(&tail).expect("strings are JSON");
        let now = jiff::Timestamp::now().round(jiff::Unit::Second).expect("a second is a unit of time");
        let mut text = format!(
            "{{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"List\",\n  \"metadata\": {{}},\n  \"collectedAt\": \"{now}\",\n  \"target\": {},\n  \"items\": [",
            self.target
        );
        for (position, item) in std::mem::take(&mut self.items).into_iter().enumerate() {
            text.push_str(if position == 0 { "\n    " } else { ",\n    " });
            text.push_str(&item);
        }
        text.push_str("\n  ],");
        // The tail is an object of its own: its fields go on here.
        text.push_str(tail.strip_prefix('{').unwrap_or(&tail));
        text.push('\n');
        text
    }
}

/// An object as it stands in the list. A string of JSON has no line ends of its own.
fn indented(object: &Value) -> String {
    serde_json::to_string_pretty(object).expect("a JSON value is JSON").replace('\n', "\n    ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Address;
    use serde_json::json;

    #[test]
    fn the_document_is_json_and_says_what_would_be_allowed() {
        let mut document = Document::default();
        let pod = json!({"kind": "Pod", "metadata": {"name": "web", "namespace": "shop"}});
        assert!(document.add(&pod));
        assert!(!document.add(&pod));
        assert!(document.add(&json!({"kind": "Pod", "metadata": {"name": "web", "namespace": "other"}})));
        document.missing("Secret", "shop", "regcred");
        document.looked_at("pod shop/web".to_owned());
        let refusal = Refusal::new(Kind::Forbidden, &Address::new(&["x"]));
        let wanted = Wanted { verb: "list", group: "", resource: "events", namespace: Some("shop") };
        document.refused("events of pod shop/web".to_owned(), &refusal, wanted);
        let value: Value = serde_json::from_str(&document.text()).expect("JSON");
        assert_eq!(value["items"].as_array().map(Vec::len), Some(2));
        assert_eq!(value["missing"][0]["name"], "regcred");
        assert_eq!(value["notRead"][0]["why"], "forbidden: list events in namespace shop");
        assert_eq!(value["notRead"][0]["rule"], "{apiGroups: [\"\"], resources: [events], verbs: [list]}");
        assert_eq!(value["lookedAt"], json!(["pod shop/web"]));
        assert!(value["collectedAt"].as_str().expect("a time").ends_with('Z'));
        let empty: Value = serde_json::from_str(&Document::default().text()).expect("JSON");
        assert_eq!(empty["items"], json!([]));
    }
}
