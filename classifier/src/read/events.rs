//! Rows of event tables, in every layout that kubectl and oc have printed since 2015 (PARSING.md of the design notes: describe,
//! `get events` in its widths, `kubectl events`), also with lost columns and several rows on one line.

use crate::observations::When;
use crate::read::record::{age, rfc3339};
use std::ops::Range;

/// A row, with ranges into its line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Reason, as `Failed`.
    pub reason: Option<Range<usize>>,
    /// Namespace column, where there is one.
    pub namespace: Option<Range<usize>>,
    /// `pod/web-5d9c` or a bare pod name.
    pub object: Option<Range<usize>>,
    /// `spec.containers{app}`.
    pub field_path: Option<Range<usize>>,
    /// Node of `kubelet, node` or `{kubelet node}`.
    pub node: Option<Range<usize>>,
    /// Component, as `kubelet`.
    pub from: Option<Range<usize>>,
    /// The message.
    pub message: Range<usize>,
    /// When.
    pub when: When,
}

/// A word of a line, with its place and whether two blanks or a tab stand before it.
#[derive(Clone, Debug)]
struct Word<'a> {
    text: &'a str,
    start: usize,
    end: usize,
    gap: bool,
}

fn words(line: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let bytes = line.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        let from = at;
        while at < bytes.len() && !bytes[at].is_ascii_whitespace() {
            at += 1;
        }
        if from < at {
            let gap = from - start >= 2 || bytes[start..from].contains(&b'\t');
            words.push(Word { text: &line[from..at], start: from, end: at, gap });
        }
        // A message may be long: only its beginning is needed word by word.
        if words.len() > 40 {
            break;
        }
    }
    words
}

/// Whether the line is a table's head. Its columns are not needed (rows are read by their words); it tells a new table.
pub fn is_head(line: &str) -> bool {
    // most lines are told without a copy
    if !line.contains("eason") && !line.contains("EASON") {
        return false;
    }
    let upper = line.to_ascii_uppercase();
    upper.contains("REASON")
        && upper.contains("MESSAGE")
        && (upper.contains("TYPE") || upper.contains("SEEN") || upper.contains("FROM"))
}

/// Splits a line that holds several rows ("24s Normal Pulling pod/x Pulling image … 16s Warning Failed pod/x …"), as chats and
/// terminals' copy-and-paste make them. One range for an ordinary line.
pub fn split(line: &str) -> Vec<Range<usize>> {
    let mut starts = Vec::new();
    let mut from = 0;
    while let Some((at, end)) = find_type(line, from) {
        let reason = line[end..].split_ascii_whitespace().next().unwrap_or_default();
        if is_reason(reason) {
            // In `get events` the age stands before the type.
            let before = line[..at].trim_end();
            let word = before.trim_end_matches(|c: char| !c.is_whitespace()).len();
            let starts_with_age = age(&before[word..]).is_some() || before[word..].starts_with('<');
            starts.push(if starts_with_age { word } else { at });
        }
        from = end;
    }
    if starts.len() < 2 {
        return std::iter::once(0..line.len()).collect();
    }
    let ends = starts.iter().skip(1).copied().chain([line.len()]);
    let mut rows: Vec<_> = starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect();
    // Older layouts have columns before the type: they belong to the first row.
    if rows[0].start > 0 && line[..rows[0].start].split_ascii_whitespace().any(|word| age(word).is_some()) {
        rows[0].start = 0;
    }
    rows
}

/// The next `Normal` or `Warning` that is a word of its own.
fn find_type(line: &str, from: usize) -> Option<(usize, usize)> {
    ["Normal", "Warning"]
        .into_iter()
        .filter_map(|word| {
            let mut at = from;
            loop {
                let start = at + line.get(at..)?.find(word)?;
                let end = start + word.len();
                let free = |b: Option<&u8>| b.is_none_or(u8::is_ascii_whitespace);
                let before = start == 0 || free(line.as_bytes().get(start - 1));
                if before && free(line.as_bytes().get(end)) {
                    return Some((start, end));
                }
                at = end;
            }
        })
        .min()
}

/// An event's reason: one CamelCase word (older kubelets: camelCase).
fn is_reason(word: &str) -> bool {
    word.len() >= 4
        && word.bytes().all(|b| b.is_ascii_alphanumeric())
        && word.as_bytes()[0].is_ascii_alphabetic()
        && word.bytes().any(|b| b.is_ascii_uppercase())
        && word.bytes().any(|b| b.is_ascii_lowercase())
}

/// Reads one row. `None` if the line is none.
pub fn row(line: &str) -> Option<Row> {
    // most lines are told without taking them apart
    if !line.contains("Normal") && !line.contains("Warning") && !line.contains('{') {
        return None;
    }
    let words = words(line);
    if words.iter().any(|word| matches!(word.text, "Normal" | "Warning")) {
        typed_row(line, &words)
    } else {
        untyped_row(line, &words)
    }
}

fn typed_row(line: &str, words: &[Word<'_>]) -> Option<Row> {
    let kind = words.iter().take(24).position(|word| matches!(word.text, "Normal" | "Warning"))?;
    let reason = words.get(kind + 1).filter(|word| is_reason(word.text))?;
    let mut row = Row { reason: Some(reason.start..reason.end), ..Row::default() };
    read_front(&words[..kind], &mut row);
    let mut at = kind + 2;
    // describe: an age follows; `get events`: an object; old tables: the message, or the source.
    at += read_age(&words[at.min(words.len())..], &mut row.when);
    while let Some(word) = words.get(at) {
        if row.object.is_none() && is_object(word.text) {
            row.object = Some(word.start..word.end);
        } else if word.text.starts_with("spec.") && word.text.ends_with('}') {
            row.field_path = Some(word.start..word.end);
        } else if let Some(taken) = read_source(&words[at..], &mut row) {
            at += taken;
            // After the source comes the message, in every layout.
            break;
        } else {
            break;
        }
        at += 1;
    }
    let start = words.get(at).map_or(line.len(), |word| word.start);
    row.message = start..wide_end(line, start);
    Some(row)
}

/// The first tables had no type column: `Mon, 07 Sep 2015 … {kubelet 172.17.8.103} failedSync Error syncing pod`.
fn untyped_row(line: &str, words: &[Word<'_>]) -> Option<Row> {
    let source = words.iter().position(|word| word.text.starts_with('{'))?;
    let has_time = words[..source].iter().any(|word| age(word.text).is_some() || word.text.contains(':'));
    let mut row = Row::default();
    let taken = read_source(&words[source..], &mut row)?;
    let mut at = source + taken;
    while words.get(at).is_some_and(|word| word.text.starts_with("spec.")) {
        row.field_path = Some(words[at].start..words[at].end);
        at += 1;
    }
    let reason =
        words.get(at).filter(|word| is_reason(word.text) || word.text.bytes().all(|b| b.is_ascii_alphabetic()))?;
    if !has_time {
        return None;
    }
    row.reason = Some(reason.start..reason.end);
    let start = words.get(at + 1).map_or(line.len(), |word| word.start);
    row.message = start..line.len();
    Some(row)
}

/// Columns before the type: ages, count, source, name, kind, sub-object, namespace.
fn read_front(words: &[Word<'_>], row: &mut Row) {
    let mut ages = Vec::new();
    let mut names = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let mut when = When::default();
        let taken = read_age(&words[at..], &mut when);
        if taken > 1 || (taken == 1 && when.count.is_some()) {
            row.when = When { order: row.when.order, ..when };
            at += taken;
            continue;
        }
        if let Some(seconds) = age(word.text) {
            ages.push(seconds);
        } else if let Some(time) = rfc3339(word.text) {
            row.when.first_time = row.when.first_time.or(Some(time));
            row.when.time = Some(time);
        } else if let Ok(count) = word.text.parse::<u32>() {
            row.when.count = Some(count);
        } else if word.text.starts_with("spec.") {
            row.field_path = Some(word.start..word.end);
        } else if is_object(word.text) {
            row.object = Some(word.start..word.end);
        } else if let Some(taken) =
            read_source(&words[at..], row).filter(|_| !is_name(word.text) || is_component(word.text))
        {
            at += taken;
            continue;
        } else if is_name(word.text) && !matches!(word.text, "Pod" | "pod") {
            names.push(word.start..word.end);
        }
        at += 1;
    }
    // `get events` has last seen before first seen; the described tables of 1.3 to 1.7 the other way round. The newer is the last.
    if let Some(&newest) = ages.iter().min() {
        row.when.age = row.when.age.or(Some(newest));
        row.when.first_age = row.when.first_age.or(ages.iter().max().copied());
    }
    if row.object.is_none() && words.iter().any(|word| word.text.eq_ignore_ascii_case("pod")) {
        // 1.8 to 1.12: NAME KIND
        row.object = names.last().cloned();
    } else if let Some(first) = names.first() {
        row.namespace = Some(first.clone());
    }
}

/// `83s`, or `83s (x4 over 2m51s)`: how many words it takes.
fn read_age(words: &[Word<'_>], when: &mut When) -> usize {
    let Some(first) = words.first() else { return 0 };
    let word = first.text;
    if matches!(word, "<unknown>" | "<invalid>") {
        when.age = if word == "<invalid>" { Some(0) } else { None };
    } else {
        let Some(seconds) = age(word) else { return 0 };
        when.age = Some(seconds);
        when.first_age = Some(seconds);
    }
    let count = words.get(1).and_then(|word| word.text.strip_prefix("(x")).and_then(|count| count.parse().ok());
    if let (Some(count), Some(over), Some(span)) = (count, words.get(2), words.get(3))
        && over.text == "over"
    {
        when.count = Some(count);
        when.first_age = age(span.text.trim_end_matches(')')).or(when.first_age);
        return 4;
    }
    1
}

/// `kubelet`, `kubelet, node`, `{kubelet node}`, `default-scheduler`: how many words it takes.
fn read_source(words: &[Word<'_>], row: &mut Row) -> Option<usize> {
    let first = words.first()?;
    // not a registry's answer in JSON
    if let Some(open) = first.text.strip_prefix('{').filter(|open| !open.starts_with('"')) {
        let close = words.iter().take(4).position(|word| word.text.ends_with('}'))?;
        row.from = Some(first.start + 1..first.start + 1 + open.trim_end_matches('}').len());
        if close > 0 && words[close].text.len() > 1 {
            row.node = Some(words[close].start..words[close].end - 1);
        }
        return Some(close + 1);
    }
    if let Some(component) = first.text.strip_suffix(',') {
        if !is_component(component) {
            return None;
        }
        let node = words.get(1)?;
        row.from = Some(first.start..first.end - 1);
        row.node = Some(node.start..node.end);
        return Some(2);
    }
    // A component's name alone: known, or set apart by the column's gap on both sides.
    let set_apart = first.gap && words.get(1).is_some_and(|next| next.gap) && is_name(first.text);
    (is_component(first.text) || set_apart).then(|| {
        row.from = Some(first.start..first.end);
        1
    })
}

fn is_component(word: &str) -> bool {
    word == "kubelet"
        || word.ends_with("-scheduler")
        || word.ends_with("-controller")
        || word.ends_with("-manager")
        || word.ends_with("controllermanager")
}

/// `pod/web`, `Pod/web`, `job.batch/x`.
fn is_object(word: &str) -> bool {
    word.split_once('/').is_some_and(|(kind, name)| {
        const KINDS: &[&str] = &[
            "pod",
            "po",
            "pods",
            "node",
            "replicaset",
            "deployment",
            "deploy",
            "statefulset",
            "daemonset",
            "job",
            "cronjob",
            "service",
            "persistentvolumeclaim",
            "endpoints",
            "ingress",
            "horizontalpodautoscaler",
            "job.batch",
            "replicationcontroller",
        ];
        !name.is_empty() && KINDS.contains(&kind.to_ascii_lowercase().as_str())
    })
}

/// A name by RFC 1123.
fn is_name(word: &str) -> bool {
    !word.is_empty()
        && word.len() <= 253
        && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'))
        && word.as_bytes()[0].is_ascii_alphanumeric()
}

/// `-o wide` has FIRST SEEN, COUNT and NAME after the message; they are cut off.
fn wide_end(line: &str, start: usize) -> usize {
    let message = &line[start..];
    let mut ends = message.trim_end().rsplitn(4, "  ").map(str::trim);
    let (name, count, first) =
        (ends.next().unwrap_or_default(), ends.next().unwrap_or_default(), ends.next().unwrap_or_default());
    let is_wide =
        name.rsplit_once('.').is_some_and(|(pod, hex)| is_name(pod) && hex.bytes().all(|b| b.is_ascii_hexdigit()))
            && count.parse::<u32>().is_ok()
            && age(first).is_some();
    if !is_wide {
        return line.len();
    }
    let cut = message
        .rfind(name)
        .and_then(|at| message[..at].trim_end().rfind(count))
        .and_then(|at| message[..at].trim_end().rfind(first));
    cut.map_or(line.len(), |at| start + message[..at].trim_end().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, reason: &str, object: &str, from_node: &str, message: &str) -> Row {
        let row = row(line).unwrap_or_else(|| panic!("a row: {line}"));
        let of = |range: &Option<Range<usize>>| range.clone().map_or("", |range| &line[range]);
        assert_eq!(
            (of(&row.reason), of(&row.object), of(&row.node), &line[row.message.clone()]),
            (reason, object, from_node, message),
            "{line}"
        );
        row
    }

    #[test]
    fn a_blank_of_several_bytes_may_stand_before_an_age() {
        let line = "Normal Pulling pod/x y\u{3000}2s Warning Failed pod/x Error: ErrImagePull";
        let rows: Vec<&str> = split(line).into_iter().map(|range| &line[range]).collect();
        assert_eq!(rows, ["Normal Pulling pod/x y\u{3000}", "2s Warning Failed pod/x Error: ErrImagePull"]);
    }

    #[test]
    fn described_rows_of_all_ages() {
        let row = check(
            "  Warning  Failed     83s (x4 over 2m51s)    kubelet            Error: ErrImagePull",
            "Failed",
            "",
            "",
            "Error: ErrImagePull",
        );
        assert_eq!((row.when.age, row.when.count, row.when.first_age), (Some(83), Some(4), Some(171)));
        check(
            "Warning Failed 83s (x4 over 2m) kubelet Failed to pull image \"x\": y",
            "Failed",
            "",
            "",
            "Failed to pull image \"x\": y",
        );
        check(
            "  Normal  Pulling  9m  kubelet, node-1.corp  Pulling image \"x\"",
            "Pulling",
            "",
            "node-1.corp",
            "Pulling image \"x\"",
        );
        check(
            "1h\t1h\t1\t{kubelet minikube}\tspec.containers{web}\tNormal\tPulled\t\tContainer image \"x\" already present on machine",
            "Pulled",
            "",
            "minikube",
            "Container image \"x\" already present on machine",
        );
        check("   Warning  Failed     kubelet  Error: ErrImagePull", "Failed", "", "", "Error: ErrImagePull");
    }

    #[test]
    fn rows_of_get_events() {
        check("2m  Warning  Failed  pod/web-1  Error: ErrImagePull", "Failed", "pod/web-1", "", "Error: ErrImagePull");
        let row = check(
            "shop   2m   Warning   Failed   pod/web-1   Error: ErrImagePull",
            "Failed",
            "pod/web-1",
            "",
            "Error: ErrImagePull",
        );
        assert!(row.namespace.is_some());
        check(
            "2m   Warning   Failed   pod/web-1   spec.containers{app}   kubelet, node-1   Error: ErrImagePull   5m   7   web-1.17f0a1b2c3d4e5f6",
            "Failed",
            "pod/web-1",
            "node-1",
            "Error: ErrImagePull",
        );
        check(
            "21s        37s         2         web-1    Pod       spec.containers{app}    Normal    Pulling      {kubelet ip-10-0-0-1}    pulling image \"x\"",
            "Pulling",
            "web-1",
            "ip-10-0-0-1",
            "pulling image \"x\"",
        );
        check(
            "7m44s (x8 over 8m)      Warning   Failed   Pod/web-1   Error: ImageInspectError",
            "Failed",
            "Pod/web-1",
            "",
            "Error: ImageInspectError",
        );
    }

    #[test]
    fn a_line_with_several_rows_is_split() {
        let line =
            "LAST SEEN TYPE 24s Normal Pulling pod/x Pulling image \"y\" 16s Warning Failed pod/x Error: ErrImagePull";
        let rows: Vec<_> = split(line).into_iter().map(|range| &line[range]).collect();
        assert_eq!(
            rows,
            ["24s Normal Pulling pod/x Pulling image \"y\" ", "16s Warning Failed pod/x Error: ErrImagePull"]
        );
        assert_eq!(split("Normal life goes on").len(), 1);
    }

    #[test]
    fn prose_is_no_row() {
        assert_eq!(row("Under Normal conditions it works"), None);
        assert_eq!(row("Warning: this is deprecated"), None);
    }
}
