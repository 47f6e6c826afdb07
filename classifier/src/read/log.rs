//! Log lines: klog (with any journal in front), logfmt of containerd, CRI-O and dockerd, JSON lines, and the level marks of
//! crictl, ctr and podman.

use crate::observations::{Source, Subject};
use crate::read::clean::clean;
use crate::read::record::{Record, rfc3339};
use crate::read::tree;
use crate::text::{Builder, Text};
use std::ops::Range;

/// Which kind of log line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `E1121 09:53:33.1 160 remote_image.go:250] …`; the position is where the message begins.
    Klog(usize),
    /// `time="…" level=error msg="…" error="…"`; the position of `time=` or `level=`.
    Logfmt(usize),
    /// `{"ts":…,"msg":…}`; the position of the brace.
    Json(usize),
    /// `FATA[0003] …`; the position of the message.
    Level(usize),
}

/// Tells a log line by its beginning.
pub fn form(line: &str) -> Option<Form> {
    let head = &line[..crate::text::floor_boundary(line, 240)];
    if let Some(at) = klog(head) {
        return Some(Form::Klog(at));
    }
    // at the beginning, or after a journal's prefix: inside of an error it is some program's output
    let begins = |at: usize| at < 100 && !head[..at].contains("ailed") && !head[..at].contains("rror");
    if let Some(at) = head
        .contains('=')
        .then(|| head.find("level="))
        .flatten()
        .filter(|&at| (head.contains("msg=") || head.contains("time=")) && begins(head.find("time=").unwrap_or(at)))
    {
        let start = head.find("time=\"").filter(|&time| time < at).unwrap_or(at);
        return Some(Form::Logfmt(start));
    }
    let brace = head.find('{').filter(|&at| at < 80 && begins(at) && line.trim_end().ends_with('}'));
    if let Some(at) = brace.filter(|&at| {
        let inner = head[at + 1..].trim_start();
        inner.starts_with('"')
            && ["\"msg\"", "\"message\"", "\"level\"", "\"errorDetail\"", "\"error\""]
                .iter()
                .any(|key| line.contains(key))
    }) {
        return Some(Form::Json(at));
    }
    if !head.contains('[') {
        return None;
    }
    let level = ["FATA[", "ERRO[", "WARN[", "INFO[", "DEBU["].iter().find_map(|level| head.find(level))?;
    let close =
        head[level..].find(']').filter(|&close| head[level + 5..level + close].bytes().all(|b| b.is_ascii_digit()))?;
    Some(Form::Level(level + close + 1))
}

/// `…file.go:123] `: where the message begins.
fn klog(head: &str) -> Option<usize> {
    for (at, _) in head.match_indices(':').filter(|(at, _)| head[..*at].ends_with(".go")) {
        let digits = at + 1;
        let end = head[digits..].find(|c: char| !c.is_ascii_digit()).map(|n| digits + n)?;
        if end > digits && head[end..].starts_with(']') {
            return Some(end + 1);
        }
    }
    None
}

/// The part of a line that is the same when the same thing is logged again: without the time.
pub fn payload(line: &str, form: Form) -> &str {
    match form {
        Form::Klog(at) | Form::Level(at) | Form::Json(at) => &line[at..],
        Form::Logfmt(at) => line[at..].find("level=").map_or(&line[at..], |level| &line[at + level..]),
    }
}

/// Whether the line opens a block that goes on until a line ` >` (klog: values with line ends).
pub fn opens_block(line: &str) -> bool {
    line.trim_end().ends_with("=<")
}

/// Reads a log line (with the lines of its block).
pub fn read(text: &Text, form: Form) -> Record {
    let mut record = Record { source: Source::Log, ..Record::default() };
    match form {
        Form::Klog(at) => {
            let rest = text.slice(at..text.len()).trim();
            let fields = fields(&rest);
            let head_end = fields.first().map_or(rest.len(), |field| field.start);
            let head = rest.slice(0..head_end).trim();
            let get = |key: &str| fields.iter().find(|field| field.key == key).map(|field| &field.value);
            if head.is_empty() || !(head.as_str().starts_with('"') || get("err").is_some()) {
                record.text = clean(&rest);
            } else {
                let event = get("reason").is_some() && get("message").is_some();
                record.text = join(&[Some(&head), if event { get("message") } else { get("err") }]);
                record.reason = get("reason").filter(|_| event).map(|reason| reason.as_str().to_owned());
            }
            if let Some(pod) = get("pod").or(get("object")) {
                record.subject = pod_key(pod.as_str());
            } else if let Some(pod) = get("kind").filter(|kind| kind.as_str() == "Pod").and(get("name")) {
                record.subject.pod = Some(pod.as_str().to_owned());
                record.subject.namespace = get("namespace").map(|namespace| namespace.as_str().to_owned());
            }
            record.subject.image =
                get("image").map(|image| clean(image).as_str().to_owned()).filter(|image| !image.is_empty());
            if let Some(path) = get("fieldPath").and_then(|path| crate::read::message::field_path(path.as_str())) {
                (record.subject.kind, record.subject.container) = (path.0, Some(path.1));
            }
        }
        Form::Logfmt(at) => {
            let rest = text.slice(at..text.len());
            let fields = fields(&rest);
            let get = |key: &str| fields.iter().find(|field| field.key == key).map(|field| &field.value);
            // Argo Workflows says what a pod waits for in a field of its own (workflow/controller/operator.go, "node changed")
            record.text = join(&[get("msg"), get("error").or(get("err")).or(get("new.message"))]);
            record.when.time = get("time").and_then(|time| rfc3339(time.as_str()));
            if record.text.is_empty() {
                record.text = clean(&rest);
            }
        }
        Form::Json(at) => {
            let node = tree::json(&text.slice(at..text.len()));
            let first =
                |keys: &[&str]| keys.iter().find_map(|key| node.leaf(&[key]).filter(|text| !text.is_empty())).cloned();
            let detail = node.leaf(&["errorDetail", "message"]).cloned();
            record.text = join(&[first(&["msg", "message"]).as_ref(), first(&["err", "error"]).or(detail).as_ref()]);
            if let Some(name) = node.text(&["pod", "name"]) {
                record.subject.pod = Some(name.to_owned());
                record.subject.namespace = node.text(&["pod", "namespace"]).map(str::to_owned);
            } else if let Some(pod) = node.text(&["pod"]) {
                record.subject = pod_key(pod);
            }
            record.subject.image = node.text(&["image"]).map(str::to_owned);
            record.when.time = node.text(&["time"]).and_then(rfc3339);
        }
        Form::Level(at) => {
            record.source = Source::Tool;
            record.text = clean(&text.slice(at..text.len()).trim());
        }
    }
    record
}

/// `ns/pod`.
fn pod_key(text: &str) -> Subject {
    match text.split_once('/') {
        Some((namespace, pod)) if !pod.is_empty() => {
            Subject { namespace: Some(namespace.to_owned()), pod: Some(pod.to_owned()), ..Subject::default() }
        }
        _ => Subject::default(),
    }
}

/// The parts, cleaned, with `: ` between them.
fn join(parts: &[Option<&Text>]) -> Text {
    let mut out: Option<Builder> = None;
    for part in parts.iter().flatten() {
        let part = clean(part);
        let words = part.as_str().trim();
        let words = words.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(words);
        if words.is_empty() {
            continue;
        }
        let start = words.as_ptr() as usize - part.as_str().as_ptr() as usize;
        if let Some(builder) = &mut out {
            builder.put(": ", &part, start..start + 1);
        }
        out.get_or_insert_with(|| Builder::new(part.input())).keep(&part, start..start + words.len());
    }
    out.map(Builder::finish).unwrap_or_default()
}

struct Field {
    key: String,
    value: Text,
    /// Where the key begins.
    start: usize,
}

/// `key=value`, `key="quoted"` and klog's `key=<` blocks, after the first blank-separated key.
fn fields(text: &Text) -> Vec<Field> {
    let words = text.as_str();
    let bytes = words.as_bytes();
    let mut fields = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        // a quoted message in front, or between: pass over it
        if bytes[at] == b'"' {
            at = quoted_end(bytes, at).map_or(bytes.len(), |end| end + 1);
            continue;
        }
        let word_start = at == 0 || bytes[at - 1].is_ascii_whitespace() || bytes[at - 1] == b'"';
        let key_end = if word_start { key_end(bytes, at) } else { None };
        let Some(equals) = key_end else {
            at += 1;
            continue;
        };
        let value = value_range(words, equals + 1);
        fields.push(Field {
            key: words[at..equals].trim_matches('"').to_owned(),
            value: text.slice(value.clone()),
            start: at,
        });
        at = value.end.max(equals + 1);
        if bytes.get(at) == Some(&b'"') {
            at += 1;
        }
    }
    fields
}

fn key_end(bytes: &[u8], at: usize) -> Option<usize> {
    let length =
        bytes[at..].iter().take(48).position(|&b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')))?;
    (length > 0 && bytes.get(at + length) == Some(&b'=')).then_some(at + length)
}

fn value_range(words: &str, start: usize) -> Range<usize> {
    let bytes = words.as_bytes();
    match bytes.get(start) {
        Some(b'"') => start + 1..quoted_end(bytes, start).unwrap_or(bytes.len()),
        Some(b'<') if words[start + 1..].starts_with('\n') => {
            let end = words[start..].find("\n >").map_or(bytes.len(), |end| start + end);
            start + 2..end.max(start + 2)
        }
        _ => {
            let length = bytes[start..].iter().position(u8::is_ascii_whitespace).unwrap_or(bytes.len() - start);
            start..start + length
        }
    }
}

/// The quote that closes the one at `open`.
fn quoted_end(bytes: &[u8], open: usize) -> Option<usize> {
    let mut at = open + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return Some(at),
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str) -> Record {
        let form = form(line).unwrap_or_else(|| panic!("a log line: {line}"));
        read(&Text::verbatim(line, 0, 0), form)
    }

    #[test]
    fn klog_structured_and_not() {
        let record = check(
            r#"Nov 20 16:41:00 n kubelet[1]: E1121 09:53:33.1     160 kuberuntime_image.go:43] "Failed to pull image" err="failed to resolve \"x\": not found" image="x""#,
        );
        assert_eq!(record.text.as_str(), "Failed to pull image: failed to resolve \"x\": not found");
        assert_eq!(record.subject.image.as_deref(), Some("x"));
        let record = check(
            r#"E1 1 pod_workers.go:1298] "Error syncing pod, skipping" err="failed to \"StartContainer\" for \"a\" with ErrImagePull: \"pull QPS exceeded\"" pod="ns/p" podUID="u""#,
        );
        assert_eq!(
            record.text.as_str(),
            r#"Error syncing pod, skipping: failed to "StartContainer" for "a" with ErrImagePull: "pull QPS exceeded""#
        );
        assert_eq!((record.subject.namespace.as_deref(), record.subject.pod.as_deref()), (Some("ns"), Some("p")));
        let record = check("22071 kuberuntime_image.go:51] Pull image \"x\" failed: rpc error");
        assert_eq!(record.text.as_str(), "Pull image \"x\" failed: rpc error");
    }

    #[test]
    fn a_klog_block_is_one_value() {
        let record =
            check("E1 1 a.go:1] \"Failed to pull image\" err=<\n\tfailed to copy: \"x\"\n\tdenied\n > image=\"y\"");
        assert_eq!(record.text.as_str(), "Failed to pull image: failed to copy: \"x\"\n denied");
        assert_eq!(record.subject.image.as_deref(), Some("y"));
    }

    #[test]
    fn logfmt_json_and_levels() {
        let record = check(
            r#"time="2025-11-20T16:41:00Z" level=error msg="PullImage \"x\" failed" error="rpc error: not found""#,
        );
        assert_eq!(record.text.as_str(), "PullImage \"x\" failed: rpc error: not found");
        assert!(record.when.time.is_some());
        let record = check(
            r#"10.0.0.1: {"ts":1,"msg":"Error syncing pod, skipping","pod":{"name":"p","namespace":"n"},"err":"failed to \"StartContainer\""}"#,
        );
        assert_eq!(record.text.as_str(), "Error syncing pod, skipping: failed to \"StartContainer\"");
        assert_eq!(record.subject.pod.as_deref(), Some("p"));
        assert_eq!(check("FATA[0003] pulling image: rpc error").text.as_str(), "pulling image: rpc error");
    }

    #[test]
    fn other_lines_are_no_log() {
        assert_eq!(form("  Warning  Failed  3s  kubelet  Error: ErrImagePull"), None);
        assert_eq!(form("Failed to pull image \"x\": y"), None);
    }
}
