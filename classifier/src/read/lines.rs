//! Walks over an input line by line and hands on what it finds: records, descriptions, objects.
//!
//! One state: the record that is being collected. A line begins a new one, goes on with the present one, or belongs to the frame
//! of a description. Lines of a log that have nothing to do with images are passed over at the speed of one search.

use crate::observations::{Source, Subject};
use crate::phrase::{Lexicon, Literals};
use crate::read::clean::clean;
use crate::read::describe::Description;
use crate::read::record::Record;
use crate::read::{events, log, message, objects, timeline::Assembler, tree};
use crate::text::{Builder, Text};
use std::ops::Range;
use std::sync::LazyLock;

/// An input, or an input that was unescaped as a whole: lines come as slices of it.
pub struct Document<'a> {
    /// The words that are walked over.
    pub words: &'a str,
    /// The same with its map, if it was unescaped; otherwise the words are the input itself.
    pub base: Option<&'a Text>,
    /// Which input.
    pub input: usize,
}

impl Document<'_> {
    fn text(&self, range: Range<usize>) -> Text {
        match self.base {
            Some(base) => base.slice(range),
            None => Text::verbatim(&self.words[range.clone()], range.start, self.input),
        }
    }
}

/// Words of which a line must hold one to be about an image, or to tell a success. A log line without any is passed over.
static GATE: LazyLock<Literals> = LazyLock::new(|| {
    Literals::new(&[
        "image",
        "pull",
        "manifest",
        "registry",
        "docker",
        "/v2/",
        "/v1/",
        "blob",
        "layer",
        "toomanyrequests",
        "unauthorized",
        "denied",
        "short-name",
        "short name",
        "repository",
        "reference",
        "crictl",
        "ctr:",
        "podman",
        "nerdctl",
        "started container",
        "created container",
        "container started",
        "back-off",
        "waiting",
        "containerstatuses",
        "involvedobject",
        "startcontainer",
        "start failed in pod",
        "kind\":",
        "kind:",
        "credential",
        "x509",
        "signature",
        "diskpressure",
        "ephemeral-storage",
        "evicted",
        "trust data",
        "attest",
        "no space left",
        "failed to resolve",
        "token",
        "error response",
        "daemon",
        "error parsing",
        "unexpected http",
        "failed to copy",
        "failed to extract",
        "lookup ",
        "snapshot",
        "docker.io",
        "oci://",
        "dial unix",
        ": preparing",
        // what is pasted bare
        "unqualified",
        "platform",
        "media-type",
        "mediatype",
        "schema 1",
        "schema1",
        "commit digest",
        "commit size",
        "size validation",
        "checksum digest",
        "tar file",
        "tar re-exec",
        "diff id",
        "auth challenge",
        "auth scheme",
        "login yet",
        "requested resource",
        "insufficient_scope",
        "ambiguous list",
        "resolve hosts",
        "namespace name",
        "user namespace",
        "host id",
        "push permission",
    ])
});

/// Programs that pull images on a command line.
const TOOLS: &[&str] =
    &["docker", "podman", "nerdctl", "crictl", "ctr", "buildah", "skopeo", "docker-compose", "lima", "finch"];

/// What critest says before it pulls (cri-tools, pkg/framework/util.go).
const CRITEST: &str = "Pull image : ";

#[derive(Clone, Copy)]
enum Mark {
    Row,
    Request,
    Tool,
    Push,
}

/// What lines are told by, beside their beginnings. One search tells which questions need not be asked of a line.
static MARKS: LazyLock<Lexicon<Mark>> = LazyLock::new(|| {
    Lexicon::new(&[
        (Mark::Row, &["normal", "warning"]),
        (Mark::Request, &["/v2/"]),
        (Mark::Tool, TOOLS),
        (Mark::Tool, &[CRITEST]),
        (Mark::Push, &["push", "oci://"]),
        (Mark::Push, PUSHED_LAYER),
    ])
});

/// Which marks a line has.
#[derive(Default)]
struct Marks([bool; 4]);

impl Marks {
    fn of(words: &str) -> Marks {
        let mut marks = Marks::default();
        MARKS.scan(words, &mut |mark, _| {
            marks.0[mark as usize] = true;
            true
        });
        marks
    }

    fn has(&self, mark: Mark) -> bool {
        self.0[mark as usize]
    }
}

/// Walks over the document.
pub fn walk(document: &Document<'_>, found: &mut Assembler) {
    let mut walker = Walker {
        document,
        found,
        pending: None,
        description: None,
        in_table: false,
        command: None,
        pushing: 0,
        about_push: None,
        width: None,
        block_open: false,
    };
    let words = document.words;
    let mut start = 0;
    let mut skip_to = 0;
    while start < words.len() {
        let end = words[start..].find('\n').map_or(words.len(), |length| start + length);
        if start >= skip_to {
            skip_to = walker.line(start..end).unwrap_or(skip_to);
        }
        start = end + 1;
    }
    walker.flush();
    walker.end_description();
}

/// A record that is being collected.
struct Pending {
    /// From the first byte of its words to the end of its last line so far.
    range: Range<usize>,
    /// What is known of it from its first line.
    record: Record,
    /// A log line whose value goes on until ` >`.
    log: Option<log::Form>,
    lines: usize,
}

/// A `docker pull x` above: what follows is about this image.
struct PullCommand {
    image: Option<String>,
    lines_left: usize,
}

struct Walker<'a, 'd> {
    document: &'a Document<'d>,
    found: &'a mut Assembler,
    pending: Option<Pending>,
    description: Option<Description>,
    in_table: bool,
    command: Option<PullCommand>,
    /// Lines for which a `docker push` above speaks: what fails there is not a pull.
    pushing: usize,
    /// Whether the document is about a push and about no pull; asked once, if ever.
    about_push: Option<bool>,
    /// At how many characters lines were broken; asked once, if ever.
    width: Option<usize>,
    block_open: bool,
}

/// A person pastes less than this many bytes.
const PASTED: usize = 64 * 1024;

/// Nobody has a terminal of fewer columns, or nearly nobody.
const NARROWEST: usize = 72;

/// A record has at most this many lines; what follows is something else that we do not understand.
const MOST_LINES: usize = 60;

impl Walker<'_, '_> {
    /// Takes one line. Answers where to go on, if a whole region was read at once.
    fn line(&mut self, place: Range<usize>) -> Option<usize> {
        let line = &self.document.words[place.clone()];
        if self.block_open {
            self.go_on(&place);
            if line.trim_start().starts_with('>') {
                self.block_open = false;
                self.flush();
            }
            return None;
        }
        // The object of a document begins with a line that says nothing by itself.
        let object = opens_object(line.trim());
        let relevant = object || GATE.any(line.as_bytes());
        let quiet = self.pending.is_none() && self.description.is_none() && !self.in_table && self.command.is_none();
        if !relevant && quiet && !Description::begins(content(line).1) && !events::is_head(line) {
            return None;
        }
        let (offset, words) = content(line);
        let at = place.start + offset..place.start + offset + words.len();
        let fence = words.trim_start_matches('`');
        let is_fence = words.starts_with("```");
        if words.is_empty() || is_fence && !fence.contains(' ') {
            self.flush();
            if is_fence {
                self.in_table = false;
            }
            return None;
        }
        let (at, words) = if is_fence {
            self.flush();
            (at.end - fence.len()..at.end, fence)
        } else {
            (at, words)
        };
        let is_log = (relevant || self.description.is_none()) && !object;
        let form = if is_log { log::form(words) } else { None };
        // what was taken before has none of the marks that matter
        let known = form.filter(|_| relevant).and_then(|form| self.found.known(log::payload(words, form)));
        let marks = if known.is_some() { Marks::default() } else { Marks::of(words) };
        let is_push = marks.has(Mark::Push) && is_push(words);
        self.pushing = if is_push { 30 } else { self.pushing.saturating_sub(1) };
        if let Some(command) = &mut self.command {
            command.lines_left = command.lines_left.saturating_sub(1);
            if command.lines_left == 0 {
                self.command = None;
            }
        }
        // ctr and curl show the request itself
        if marks.has(Mark::Request) && (words.contains("HEAD /v2/") || words.contains("GET /v2/")) {
            self.command = Some(PullCommand { image: None, lines_left: 20 });
        }
        if let Some(form) = form {
            self.flush();
            if known.is_some_and(|known| self.found.again(known)) {
                return None;
            }
            let ours = relevant && (self.command.is_some() || message::concerns_us(words));
            if !ours && !log::opens_block(words) {
                return None;
            }
            let pending = Pending { range: at, record: Record::default(), log: Some(form), lines: 1 };
            self.pending = Some(pending);
            if log::opens_block(words) {
                self.block_open = true;
            } else if matches!(form, log::Form::Level(_)) || words.chars().count() == self.width() {
                // a tool's sentence may be wrapped, and a terminal wraps anything
            } else {
                self.flush();
            }
            return None;
        }
        if Description::begins(words) {
            self.flush();
            self.end_description();
            self.description = Some(Description::new(words));
            self.found.new_section();
            self.in_table = false;
            return None;
        }
        if self.description.is_none()
            && relevant
            && let Some(end) = self.region(&place, words)
        {
            return Some(end);
        }
        if events::is_head(words) {
            self.flush();
            self.in_table = true;
            // "Events: Type Reason Age From Message ---- …" on one line goes on below
            if events::row(words).is_none() && events::split(words).len() < 2 {
                return None;
            }
        }
        if words.bytes().all(|b| matches!(b, b'-' | b' ' | b'\t' | b'=' | b'+' | b'|')) {
            return None;
        }
        // a row without a type has its source in braces
        if (marks.has(Mark::Row) || words.contains('{')) && self.rows(&at, words) {
            return None;
        }
        if relevant && self.pod_row(&at, words) {
            return None;
        }
        if marks.has(Mark::Tool)
            && let Some(command) = pull_command(words)
        {
            self.flush();
            self.command = Some(PullCommand { image: command, lines_left: 40 });
            return None;
        }
        let in_events = self.description.as_ref().is_some_and(Description::in_events);
        if in_events && self.pending.is_some() && !starts_section(words) {
            self.go_on(&at);
            return None;
        }
        // A sentence about a pull in the middle of a description belongs to somebody's chat around it.
        let no_pod = self.description.as_ref().is_some_and(|description| description.containers.is_empty());
        // kubectl's own keys begin with a capital: `message: …` is somebody's card.
        let foreign = || words.contains("rror: ") || words.starts_with(|c: char| c.is_ascii_lowercase());
        let sentence =
            relevant && (message::is_anchored(words) || no_pod && foreign() && message::is_about_pull(words));
        if !sentence
            && let Some(description) = &mut self.description
            && description.take(unquoted(line), at.clone())
        {
            self.flush();
            return None;
        }
        if self.continues(words) {
            self.go_on(&at);
            return None;
        }
        self.flush();
        if relevant || self.command.is_some() {
            let source = if self.command.is_some() { Source::Tool } else { Source::Text };
            let record = Record { source, ..Record::default() };
            self.pending = Some(Pending { range: at, record, log: None, lines: 1 });
        }
        None
    }

    /// Event rows of the line, if it has any.
    fn rows(&mut self, at: &Range<usize>, words: &str) -> bool {
        let mut any = false;
        for part in events::split(words) {
            let Some(row) = events::row(&words[part.clone()]) else { continue };
            any = true;
            self.flush();
            let of = |range: &Option<Range<usize>>| {
                range.clone().map(|range| words[part.start + range.start..part.start + range.end].to_owned())
            };
            let mut subject = match &self.description {
                Some(description) if description.in_events() || row.object.is_none() => description.subject.clone(),
                _ => Subject::default(),
            };
            if let Some(object) = of(&row.object) {
                let (kind, name) = object.split_once('/').map_or(("pod", object.as_str()), |(kind, name)| (kind, name));
                let is_pod = matches!(kind.to_ascii_lowercase().as_str(), "pod" | "po" | "pods");
                subject = Subject { namespace: of(&row.namespace), ..Subject::default() };
                if is_pod {
                    subject.pod = Some(name.to_owned());
                } else {
                    subject.owner = Some(object);
                }
            }
            subject.node = of(&row.node).or(subject.node);
            if let Some((kind, container)) = of(&row.field_path).and_then(|path| message::field_path(&path)) {
                (subject.kind, subject.container) = (kind, Some(container));
            }
            let record =
                Record { source: Source::Event, reason: of(&row.reason), subject, when: row.when, ..Record::default() };
            let start = at.start + part.start;
            self.pending = Some(Pending {
                range: start + row.message.start..start + row.message.end,
                record,
                log: None,
                lines: 1,
            });
        }
        any
    }

    /// A row of `kubectl get pods`: `name  0/1  ImagePullBackOff  0  2m`.
    fn pod_row(&mut self, at: &Range<usize>, words: &str) -> bool {
        let parts: Vec<&str> = words.split_ascii_whitespace().take(6).collect();
        let ready = |word: &str| {
            word.split_once('/').is_some_and(|(a, b)| a.parse::<u16>().is_ok() && b.parse::<u16>().is_ok())
        };
        let Some(column) = parts.iter().position(|word| ready(word)).filter(|&column| column == 1 || column == 2)
        else {
            return false;
        };
        let Some(status) = parts.get(column + 1) else { return false };
        let word = status.rsplit(':').next().unwrap_or(status);
        self.flush();
        if !message::is_waiting_word(word) {
            return true;
        }
        let kind =
            if status.starts_with("Init:") { crate::observations::ContainerKind::Init } else { Default::default() };
        let subject = Subject {
            pod: Some(parts[column - 1].to_owned()),
            namespace: (column == 2).then(|| parts[0].to_owned()),
            kind,
            ..Subject::default()
        };
        let offset = words.find(status).unwrap_or(0);
        let range = at.start + offset..at.start + offset + status.len();
        let record = Record {
            text: self.document.text(range),
            source: Source::Status,
            reason: Some(word.to_owned()),
            subject,
            ..Record::default()
        };
        self.found.add(record);
        true
    }

    /// JSON or YAML that begins on this line: reads all of it. Answers where it ends, if there was something in it.
    fn region(&mut self, place: &Range<usize>, words: &str) -> Option<usize> {
        let document = self.document.words;
        let json = words == "{"
            || words == "["
            || words.starts_with("{\"")
            || (words.starts_with('"') && (words.ends_with('{') || words.ends_with('[')));
        let (end, node) = if json {
            let end = json_end(document, place.start);
            (end, tree::json(&self.document.text(place.start..end)))
        } else if is_yaml_line(words) {
            let end = yaml_end(document, place.start);
            let region = &document[place.start..end];
            const MARKS: &[&str] =
                &["waiting:", "involvedObject:", "kind: Pod", "kind: Event", "kind: List", "regarding:"];
            if !MARKS.iter().any(|mark| region.contains(mark)) {
                return None;
            }
            (end, tree::yaml(&self.document.text(place.start..end)))
        } else {
            return None;
        };
        self.flush();
        objects::read(&node, self.found).then_some(end)
    }

    /// Whether a line that begins nothing goes on with the pending record.
    fn continues(&mut self, words: &str) -> bool {
        let Some(pending) = &self.pending else { return false };
        if pending.lines >= MOST_LINES {
            return false;
        }
        let is_log = pending.log.is_some_and(|form| !matches!(form, log::Form::Level(_)));
        let so_far = self.document.words[pending.range.clone()].trim_end();
        let is_event = pending.record.source == Source::Event;
        let open = so_far.ends_with([':', ',', '=', '(', '['])
            || so_far.ends_with('"') && !starts_record(words)
            || so_far.ends_with("desc =")
            || so_far.ends_with(" -");
        if open && !is_log && !starts_row(words) {
            return true;
        }
        let length = |text: &str| text.chars().count();
        let last_line = so_far.rsplit('\n').next().map_or(0, length);
        // The next word had no place on the line.
        let first_word = words.split_whitespace().next().map_or(0, length);
        let broken = last_line == self.width();
        if is_log {
            return broken && !starts_tool(words) && !starts_row(words);
        }
        let wrapped = broken || last_line + 1 + first_word > NARROWEST;
        let begins_small = words.starts_with(|c: char| c.is_ascii_lowercase());
        let starts =
            if wrapped && begins_small { starts_tool(words) || starts_row(words) } else { starts_record(words) };
        let goes_on = begins_small || words.starts_with(['"', '\'', '/', ')', ',', ':', '[', '(', '{', '<']);
        !starts && (wrapped || goes_on || is_event && words.len() < 400)
    }

    /// At how many characters a terminal broke the lines of the document: the length of its longest lines, if there are several of it.
    /// 0 if it did not. Only asked of what a person can have pasted.
    fn width(&mut self) -> usize {
        let words = self.document.words;
        *self.width.get_or_insert_with(|| {
            let (mut longest, mut count) = (0, 0);
            for length in words.lines().filter(|_| words.len() < PASTED).map(|line| line.chars().count()) {
                if length > longest {
                    (longest, count) = (length, 0);
                }
                count += usize::from(length == longest);
            }
            if count > 1 && longest > 40 { longest } else { 0 }
        })
    }

    fn go_on(&mut self, at: &Range<usize>) {
        if let Some(pending) = &mut self.pending {
            pending.range.end = at.end;
            pending.lines += 1;
        }
    }

    /// Hands the pending record on.
    fn flush(&mut self) {
        let Some(mut pending) = self.pending.take() else { return };
        // a message between backticks ends where they do; the sentence around it goes on
        let words = &self.document.words[pending.range.clone()];
        if let Some((message, _)) = words.strip_prefix('`').and_then(|inner| inner.split_once('`'))
            && !message::is_command(message)
        {
            pending.range.end = pending.range.start + 1 + message.len();
        }
        let raw = self.unbroken(&pending);
        let mut record = match pending.log {
            Some(form) => log::read(&raw, form),
            None => Record { text: clean(&raw).trim(), ..pending.record },
        };
        if let Some(command) = &self.command
            && matches!(record.source, Source::Tool | Source::Text)
        {
            record.pull_context = true;
            record.subject.image = record.subject.image.or_else(|| command.image.clone());
        }
        let loose = matches!(record.source, Source::Tool | Source::Text) && !message::is_anchored(record.text.as_str());
        let of_push =
            loose && (self.pushing > 0 || message::is_bare_refusal(record.text.as_str()) && self.is_about_push());
        if !record.text.is_empty() && !of_push {
            match pending.log {
                // a log repeats itself: what this line said is kept for the next time
                Some(form) if self.command.is_none() && self.pushing == 0 => {
                    self.found.add_log(record, log::payload(&self.document.words[pending.range], form))
                }
                _ => self.found.add(record),
            }
        }
    }

    /// The words of a record: where a terminal broke each of several lines at its width, as if it had not.
    fn unbroken(&mut self, pending: &Pending) -> Text {
        let width = self.width();
        let text = self.document.text(pending.range.clone());
        let words = text.as_str();
        let lines: Vec<&str> = words.split('\n').collect();
        let Some((_, [middle @ .., _])) = lines.split_first() else { return text };
        let framed = |line: &str| content(line).0 > line.len() - line.trim_start().len();
        let whole = |line: &&str| line.chars().count() == width && !framed(line);
        if width == 0 || middle.is_empty() || !middle.iter().all(whole) {
            return text;
        }
        let mut out = Builder::new(text.input());
        let mut at = 0;
        for line in lines {
            out.keep(&text, at..at + line.len());
            at += line.len() + 1;
        }
        out.finish()
    }

    /// Whether the text around speaks of a push, and nowhere of a pull. Only asked of what a person can have pasted.
    fn is_about_push(&mut self) -> bool {
        let words = self.document.words;
        *self.about_push.get_or_insert_with(|| {
            let lower = if words.len() < PASTED { words.to_ascii_lowercase() } else { String::new() };
            let pushes = |at: usize| !lower[at + 4..].starts_with("ed");
            !lower.contains("pull") && lower.match_indices("push").any(|(at, _)| pushes(at))
        })
    }

    fn end_description(&mut self) {
        if let Some(description) = self.description.take() {
            let document = self.document;
            self.found.describe(description, &|range| document.text(range));
        }
    }
}

/// What a line says, without the marks of quoting, of lists and of frames around it; and where it begins.
pub fn content(line: &str) -> (usize, &str) {
    let frame = |c: char| c.is_whitespace() || matches!(c, '\u{2500}'..='\u{257f}' | '\u{feff}' | '\u{200b}');
    let mut words = line.trim_end_matches(frame);
    let mut start = 0;
    loop {
        let trimmed = words[start..].trim_start_matches(frame);
        let at = words.len() - trimmed.len();
        let mark = ["> ", ">>", "| ", "#  "].iter().find(|mark| trimmed.starts_with(**mark));
        match mark {
            Some(mark) => start = at + mark.len(),
            None if trimmed == ">" => {
                words = &words[..at];
                start = at;
                break;
            }
            None => {
                start = at;
                break;
            }
        }
    }
    // a table of Markdown or psql
    if words[start..].ends_with(" |") {
        words = words[..words.len() - 1].trim_end();
    }
    (start, &words[start.min(words.len())..])
}

/// A line without the marks of quoting in a mail, with its indentation: a description is read by its columns.
fn unquoted(line: &str) -> &str {
    let mut rest = line;
    while let Some(inner) = rest.trim_start().strip_prefix('>') {
        rest = inner.strip_prefix(' ').unwrap_or(inner);
    }
    rest
}

/// Words that begin a record in loose text: what tools and people put in front of an error.
fn starts_record(words: &str) -> bool {
    const STARTS: &[&str] = &[
        "failed to pull",
        "failed to inspect",
        "failed to apply",
        "failed to create pod",
        "failed create pod",
        "back-off ",
        "error:",
        "error from",
        "error response",
        "errimagepull",
        "imagepullbackoff",
        "errimageneverpull",
        "invalidimagename",
        "imageinspecterror",
        "warning",
        "normal ",
        "rpc error",
        "pulling ",
        "successfully pulled",
        "trying to pull",
        "step ",
        "[error",
        "unable to",
        "cannotpull",
        "cannot connect",
        "events:",
        "name:",
        "namespace:",
        "caused by",
        "reason:",
        "message:",
        "state:",
        "container image",
        "pullimage",
        "failed:",
        "fatal",
        "panic",
        "get \"",
        "head \"",
        "status:",
        "using default tag",
        "readiness probe",
        "liveness probe",
        "startup probe",
        "mountvolume",
        "started container",
        "created container",
        "successfully assigned",
    ];
    starts_with_one(words, STARTS) || starts_tool(words) || starts_row(words)
}

/// Words that begin a line of a log or of a command's output, and stand nowhere else.
fn starts_tool(words: &str) -> bool {
    const STARTS: &[&str] = &[
        "fata[",
        "warn[",
        "info[",
        "erro[",
        "debu[",
        "ctr:",
        "docker: ",
        "time=",
        "level=",
        "$ ",
        "# ",
        "e1",
        "e0",
        "w0",
        "w1",
        "i0",
        "i1",
        "podman",
        "crictl",
        "nerdctl",
        "kubectl ",
        "docker pull",
        "docker run",
        "sudo ",
        // BuildKit, util/progress
        "=> ",
    ];
    starts_with_one(words, STARTS)
}

fn starts_with_one(words: &str, starts: &[&str]) -> bool {
    let lower: String = words.chars().take(32).collect::<String>().to_ascii_lowercase();
    starts.iter().any(|start| lower.starts_with(start))
}

fn starts_row(words: &str) -> bool {
    events::row(words).is_some() || log::form(words).is_some()
}

/// A line at which the events of a description end.
fn starts_section(words: &str) -> bool {
    words.starts_with("---")
        || words.starts_with("$ ")
        || words.starts_with("# ")
        || words.starts_with("root@")
        || words.starts_with("[root@")
        || Description::begins(words)
}

/// `docker pull x`, `sudo crictl pull x`, `ctr images pull x`, at a prompt or alone: the image, if it can be read.
fn pull_command(words: &str) -> Option<Option<String>> {
    let errs = words.matches("rror").count() > words.matches("mirror").count();
    if words.len() > 400 || errs || words.contains("ailed") {
        return None;
    }
    if let Some((_, image)) = words.split_once(CRITEST) {
        return Some(Some(image.trim().to_owned()));
    }
    let parts = words.split_ascii_whitespace().map(|word| word.trim_matches(['`', '\'', '"', '*']));
    // `C:\>docker`, `/usr/bin/ctr`, `ctr.exe`
    let is_tool = |part: &str| {
        let name = part.rsplit(['/', '\\', '>', '#', '$']).next().unwrap_or(part);
        TOOLS.contains(&name.strip_suffix(".exe").unwrap_or(name))
    };
    let tool = parts.clone().take(9).position(is_tool)?;
    let parts: Vec<&str> = parts.collect();
    // In the middle of a sentence a tool's name is just a word.
    let prompt = parts[..tool].iter().all(|part| {
        part.contains(['$', '#', '>', '@', '~', ']', '%', '='])
            || matches!(*part, "sudo" | "time" | "+" | "RUN" | "-E" | "cmd:" | "(base)")
            || part.starts_with('-')
            // `➜`, `❯`
            || !part.bytes().any(|b| b.is_ascii_alphanumeric())
    });
    let verb = parts[tool + 1..].iter().position(|part| {
        matches!(*part, "pull" | "run" | "build" | "copy" | "inspect" | "create" | "up" | "pullimage")
    })?;
    if !prompt {
        return None;
    }
    let image = parts[tool + 1 + verb + 1..].iter().rev().find(|part| {
        !part.starts_with('-')
            && part.contains(['/', ':', '.'])
            && crate::read::image_ref::ImageRef::parse(part).is_some()
    });
    let only = parts[tool + 1 + verb + 1..].iter().filter(|part| !part.starts_with('-')).collect::<Vec<_>>();
    let single =
        (only.len() == 1).then(|| *only[0]).filter(|part| crate::read::image_ref::ImageRef::parse(part).is_some());
    Some(image.copied().or(single).map(str::to_owned))
}

/// What docker says that a layer is about to do, or was spared (moby, distribution/push_v2.go).
const PUSHED_LAYER: &[&str] =
    &[": Preparing", ": Pushing", ": Pushed", ": Layer already exists", ": Mounted from", ": Skipped foreign layer"];

/// `docker push x`, and what docker says when it begins; `helm pull oci://x`, which fetches a chart.
fn is_push(words: &str) -> bool {
    let command = words.split_ascii_whitespace().take(6).any(|word| word == "push")
        && ["docker", "podman", "nerdctl", "buildah", "crane"].iter().any(|tool| words.contains(tool));
    let layer = PUSHED_LAYER.iter().any(|state| {
        words.find(state).is_some_and(|at| {
            let id = &words.as_bytes()[at.saturating_sub(12)..at];
            id.len() == 12 && id.iter().all(u8::is_ascii_hexdigit)
        })
    });
    let chart = words.contains("helm ") && words.contains("oci://");
    command && !words.contains("pull") || words.starts_with("The push refers to") || layer || chart
}

/// The end of a JSON value that begins at `start`: where its brackets are closed, or the end of the document.
fn json_end(words: &str, start: usize) -> usize {
    let bytes = words.as_bytes();
    let mut open = 0usize;
    let mut at = start;
    let mut any = false;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
            }
            b'{' | b'[' => {
                open += 1;
                any = true;
            }
            b'}' | b']' => {
                open = open.saturating_sub(1);
                if open == 0 && any {
                    let rest = words.get(at + 1..).unwrap_or_default();
                    // `"a": {…},` goes on with `"b": …`
                    let next = rest.trim_start_matches([',', ' ', '\t', '\r', '\n']);
                    if !(rest.trim_start().starts_with(',') && next.starts_with('"')) {
                        return at + 1;
                    }
                }
            }
            _ => {}
        }
        at += 1;
    }
    words.len()
}

/// `{` or `[` alone, as kubectl prints JSON, or a whole Kubernetes object on one line.
fn opens_object(line: &str) -> bool {
    matches!(line, "{" | "[")
        || (line.starts_with("{\"") && line.contains("\"apiVersion\":") && line.contains("\"kind\":"))
}

/// `key:`, `key: value`, `- item` as YAML has them.
fn is_yaml_line(words: &str) -> bool {
    let inner = words.strip_prefix("- ").unwrap_or(words);
    inner.split_once(':').is_some_and(|(key, rest)| {
        !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/')) && (rest.is_empty() || rest.starts_with(' '))
            // keys of Kubernetes objects begin in lower case
            && key.as_bytes()[0].is_ascii_lowercase()
    })
}

/// The end of a run of YAML lines that begins at `start`.
fn yaml_end(words: &str, start: usize) -> usize {
    let first_line = words[start..].split('\n').next().unwrap_or_default();
    let margin = first_line.len() - first_line.trim_start().len();
    let mut end = start;
    for line in words[start..].split_inclusive('\n') {
        let trimmed = line.trim();
        let indent = line.len() - line.trim_start().len();
        let belongs = trimmed.is_empty()
            || trimmed == "---"
            || indent > 0 && indent >= margin.min(1)
            || is_yaml_line(trimmed)
            || trimmed.starts_with("- ");
        if !belongs || events::row(trimmed).is_some() {
            break;
        }
        end += line.len();
    }
    end
}
