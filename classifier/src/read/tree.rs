//! A tolerant reader of JSON and of YAML as kubectl prints it: also cut off, also a fragment in the middle of prose.
//!
//! Every scalar keeps its way back to the bytes of the input. One reader for both, and for whole and for broken documents:
//! serde_json and serde-saphyr are its oracles in the tests.

use crate::text::{Builder, Text};

/// How deep documents may nest; deeper parts are read as empty. Kubernetes objects stay below 20.
const DEPTH: usize = 64;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Keys in the order of the input.
    Map(Vec<(String, Node)>),
    /// Items.
    List(Vec<Node>),
    /// A quoted scalar, unescaped.
    Leaf(Text),
    /// A scalar without quotes, as written: a number, `true`, `null`; in YAML also words.
    Bare(Text),
}

impl Node {
    /// The value at a path of keys, as `["state", "waiting"]`.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| match node {
            Node::Map(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        })
    }

    /// The text of a scalar, with its map.
    pub fn leaf(&self, path: &[&str]) -> Option<&Text> {
        match self.at(path)? {
            Node::Leaf(text) | Node::Bare(text) => Some(text),
            _ => None,
        }
    }

    /// The words of a scalar; `None` where they are empty, `null` or `~`.
    pub fn text(&self, path: &[&str]) -> Option<&str> {
        self.leaf(path).map(Text::as_str).filter(|text| !matches!(*text, "" | "null" | "~"))
    }

    /// The items of a list; empty where there is none.
    pub fn items(&self, path: &[&str]) -> &[Node] {
        match self.at(path) {
            Some(Node::List(items)) => items,
            _ => &[],
        }
    }

    /// Itself and everything below, outermost first.
    pub fn walk(&self, visit: &mut dyn FnMut(&Node)) {
        visit(self);
        match self {
            Node::Map(entries) => entries.iter().for_each(|(_, value)| value.walk(visit)),
            Node::List(items) => items.iter().for_each(|item| item.walk(visit)),
            Node::Leaf(_) | Node::Bare(_) => {}
        }
    }

    /// Whether nothing was found in it.
    pub fn is_empty(&self) -> bool {
        match self {
            Node::Map(entries) => entries.is_empty(),
            Node::List(items) => items.is_empty(),
            Node::Leaf(text) | Node::Bare(text) => text.is_empty(),
        }
    }
}

/// Reads JSON: one value, several in a row (they become a list), or a fragment such as `"state": {…}`.
pub fn json(text: &Text) -> Node {
    let mut reader = Json { text, bytes: text.as_str().as_bytes(), at: 0 };
    let mut values = Vec::new();
    let mut loose = Vec::new();
    while let Some(b) = reader.peek() {
        match b {
            b'{' | b'[' => values.push(reader.value(0)),
            b'"' => {
                // a fragment: `"key": value` without its braces
                let key = reader.string();
                if reader.peek() == Some(b':') {
                    reader.at += 1;
                    let value = reader.value(0);
                    loose.push((key.as_str().to_owned(), value));
                }
            }
            _ => reader.at += 1,
        }
    }
    if !loose.is_empty() {
        values.push(Node::Map(loose));
    }
    if values.len() == 1 { values.remove(0) } else { Node::List(values) }
}

struct Json<'a> {
    text: &'a Text,
    bytes: &'a [u8],
    at: usize,
}

impl Json<'_> {
    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        while self.bytes.get(self.at)?.is_ascii_whitespace() {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    fn value(&mut self, depth: usize) -> Node {
        match self.peek() {
            Some(b'{') => self.map(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => Node::Leaf(self.string()),
            Some(b',' | b'}' | b']') | None => Node::Leaf(Text::default()),
            Some(_) => {
                let start = self.at;
                while self
                    .bytes
                    .get(self.at)
                    .is_some_and(|b| !matches!(b, b',' | b'}' | b']') && !b.is_ascii_whitespace())
                {
                    self.at += 1;
                }
                Node::Bare(self.text.slice(start..self.at))
            }
        }
    }

    fn map(&mut self, depth: usize) -> Node {
        self.at += 1;
        let mut entries = Vec::new();
        loop {
            match self.peek() {
                None => break,
                Some(b'}') => {
                    self.at += 1;
                    break;
                }
                Some(b'"') => {
                    let key = self.string();
                    if self.peek() == Some(b':') {
                        self.at += 1;
                        let value = if depth < DEPTH { self.value(depth + 1) } else { self.skip() };
                        entries.push((key.as_str().to_owned(), value));
                    }
                }
                // a bracket that closes something that was never opened here: the map was cut
                Some(b']') => break,
                Some(_) => self.at += 1,
            }
        }
        Node::Map(entries)
    }

    fn list(&mut self, depth: usize) -> Node {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            match self.peek() {
                None => break,
                Some(b']') => {
                    self.at += 1;
                    break;
                }
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                Some(_) => {
                    let before = self.at;
                    let value = if depth < DEPTH { self.value(depth + 1) } else { self.skip() };
                    items.push(value);
                    if self.at == before {
                        self.at += 1;
                    }
                }
            }
        }
        Node::List(items)
    }

    /// Passes over a value that is nested too deep, without recursion.
    fn skip(&mut self) -> Node {
        let mut open = 0usize;
        while let Some(b) = self.peek() {
            match b {
                b'{' | b'[' => open += 1,
                b'}' | b']' if open == 0 => break,
                b'}' | b']' => open -= 1,
                b',' if open == 0 => break,
                b'"' => {
                    self.string();
                    continue;
                }
                _ => {}
            }
            self.at += 1;
        }
        Node::Leaf(Text::default())
    }

    fn string(&mut self) -> Text {
        self.at += 1;
        let mut out = Builder::new(self.text.input());
        let mut kept = self.at;
        while let Some(&b) = self.bytes.get(self.at) {
            match b {
                b'"' => break,
                b'\\' => {
                    out.keep(self.text, kept..self.at);
                    let (length, with) = self.unescape();
                    out.put(with.encode_utf8(&mut [0; 4]), self.text, self.at..self.at + length);
                    self.at = (self.at + length).min(self.bytes.len());
                    kept = self.at;
                }
                _ => self.at += 1,
            }
        }
        out.keep(self.text, kept..self.at);
        self.at = (self.at + 1).min(self.bytes.len());
        out.finish()
    }

    /// The escape at the cursor: its length and the character it stands for.
    fn unescape(&self) -> (usize, char) {
        let hex = |at: usize| {
            let digits = self.bytes.get(at + 2..at + 6).and_then(|digits| std::str::from_utf8(digits).ok())?;
            u32::from_str_radix(digits, 16).ok()
        };
        match self.bytes.get(self.at + 1) {
            Some(b'n') => (2, '\n'),
            Some(b't') => (2, '\t'),
            Some(b'r') => (2, '\r'),
            Some(b'b') => (2, '\u{8}'),
            Some(b'f') => (2, '\u{c}'),
            Some(b'u') => match hex(self.at) {
                Some(high @ 0xd800..0xdc00) if self.bytes.get(self.at + 6) == Some(&b'\\') => match hex(self.at + 6) {
                    Some(low @ 0xdc00..0xe000) => {
                        (12, char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)).unwrap_or('\u{fffd}'))
                    }
                    _ => (6, '\u{fffd}'),
                },
                Some(value) => (6, char::from_u32(value).unwrap_or('\u{fffd}')),
                None => (2, 'u'),
            },
            Some(&b) if b.is_ascii() => (2, b as char),
            Some(_) => (1, '\\'),
            None => (1, '\\'),
        }
    }
}

/// Reads YAML as kubectl prints it: block maps and lists, plain, quoted and block scalars, empty `{}` and `[]`. What it does not
/// know (anchors, tags, other flow collections) is read as text.
pub fn yaml(text: &Text) -> Node {
    let mut lines = Vec::new();
    let mut start = 0;
    for line in text.as_str().split('\n') {
        let content = line.trim_end();
        let indent = content.len() - content.trim_start_matches(' ').len();
        lines.push(Line { start: start + indent, end: start + content.len(), indent });
        start += line.len() + 1;
    }
    let mut reader = Yaml { text, lines, at: 0 };
    let mut documents = Vec::new();
    while reader.skip_blank() {
        let before = reader.at;
        let indent = reader.lines[reader.at].indent;
        documents.push(reader.block(indent, 0));
        if reader.at == before {
            reader.at += 1;
        }
    }
    documents.retain(|document| !document.is_empty());
    if documents.len() == 1 { documents.remove(0) } else { Node::List(documents) }
}

#[derive(Clone, Copy)]
struct Line {
    start: usize,
    end: usize,
    indent: usize,
}

struct Yaml<'a> {
    text: &'a Text,
    lines: Vec<Line>,
    at: usize,
}

impl<'a> Yaml<'a> {
    fn words(&self, line: Line) -> &'a str {
        &self.text.as_str()[line.start..line.end]
    }

    /// Moves to the next line with content that is no comment and no document mark.
    fn skip_blank(&mut self) -> bool {
        while let Some(&line) = self.lines.get(self.at) {
            let words = self.words(line);
            if !(words.is_empty() || words.starts_with('#') || words == "---" || words == "...") {
                return true;
            }
            self.at += 1;
        }
        false
    }

    /// A map or list whose entries begin at exactly `indent`.
    fn block(&mut self, indent: usize, depth: usize) -> Node {
        if depth > DEPTH || !self.skip_blank() {
            return Node::Leaf(Text::default());
        }
        let first = self.lines[self.at];
        let words = self.words(first);
        if words == "-" || words.starts_with("- ") {
            self.list(indent, depth)
        } else if key_end(words).is_some() {
            self.map(indent, depth)
        } else {
            self.at += 1;
            Node::Bare(self.text.slice(first.start..first.end))
        }
    }

    fn list(&mut self, indent: usize, depth: usize) -> Node {
        let mut items = Vec::new();
        while self.skip_blank() {
            let line = self.lines[self.at];
            let words = self.words(line);
            if line.indent != indent || !(words == "-" || words.starts_with("- ")) {
                break;
            }
            // The item's first entry stands on the line of its dash: read it as a line of its own, further in.
            let offset = words.len() - words[1..].trim_start().len();
            if words == "-" {
                self.at += 1;
                let below = self.next_indent();
                items.push(if below > indent { self.block(below, depth + 1) } else { Node::Leaf(Text::default()) });
            } else {
                let inner = Line { start: line.start + offset, end: line.end, indent: indent + offset };
                self.lines[self.at] = inner;
                if key_end(self.words(inner)).is_some() || self.words(inner).starts_with("- ") {
                    items.push(self.block(inner.indent, depth + 1));
                } else {
                    items.push(self.scalar(inner.start, indent));
                }
            }
        }
        Node::List(items)
    }

    fn map(&mut self, indent: usize, depth: usize) -> Node {
        let mut entries = Vec::new();
        while self.skip_blank() {
            let line = self.lines[self.at];
            let words = self.words(line);
            let Some((key, value)) = key_end(words).filter(|_| line.indent == indent) else { break };
            let name = words[..key].trim_matches(|c| c == '"' || c == '\'').to_owned();
            let rest = words[value..].trim_start();
            let value_start = line.end - rest.len();
            let node = match rest.as_bytes().first() {
                None => {
                    self.at += 1;
                    let below = self.next_indent();
                    let dash = self.lines.get(self.at).is_some_and(|&line| self.words(line).starts_with('-'));
                    if below > indent || (below == indent && dash) {
                        self.block(below, depth + 1)
                    } else {
                        Node::Leaf(Text::default())
                    }
                }
                Some(b'|' | b'>') if rest.len() <= 3 => Node::Leaf(self.block_scalar(indent)),
                Some(b'{' | b'[') => {
                    self.at += 1;
                    json(&self.text.slice(value_start..line.end))
                }
                Some(_) => self.scalar(value_start, indent),
            };
            entries.push((name, node));
        }
        Node::Map(entries)
    }

    fn next_indent(&mut self) -> usize {
        if self.skip_blank() { self.lines[self.at].indent } else { 0 }
    }

    /// Lines of a `|` or `>` block: everything further in than its key.
    fn block_scalar(&mut self, indent: usize) -> Text {
        self.at += 1;
        let mut out = Builder::new(self.text.input());
        while let Some(&line) = self.lines.get(self.at) {
            if line.start != line.end && line.indent <= indent {
                break;
            }
            if !out.as_str().is_empty() {
                out.put("\n", self.text, line.start.saturating_sub(line.indent + 1)..line.start);
            }
            out.keep(self.text, line.start..line.end);
            self.at += 1;
        }
        out.finish().trim()
    }

    /// A plain or quoted scalar that begins at `start` and may go on over lines that are further in than `indent`.
    fn scalar(&mut self, start: usize, indent: usize) -> Node {
        let first = self.lines[self.at];
        self.at += 1;
        let words = self.text.as_str();
        let quote = words.as_bytes().get(start).copied().filter(|b| matches!(b, b'"' | b'\''));
        let mut parts = vec![(start, first.end)];
        let mut closed = quote.is_some_and(|quote| closes(&words[start + 1..first.end], quote));
        while let Some(&line) = self.lines.get(self.at) {
            let text = self.words(line);
            let goes_on = match quote {
                Some(_) if closed => false,
                Some(_) => text.is_empty() || line.indent > indent || key_end(text).is_none(),
                None => !text.is_empty() && line.indent > indent && !text.starts_with('#'),
            };
            if !goes_on {
                break;
            }
            parts.push((line.start, line.end));
            closed = quote.is_some_and(|quote| closes(text, quote));
            self.at += 1;
        }
        let mut folded = Builder::new(self.text.input());
        let mut before = start;
        for (index, &(from, to)) in parts.iter().enumerate() {
            if index > 0 {
                // A backslash at the end of a line of a double-quoted scalar joins without a blank.
                let joined = quote == Some(b'"') && words[..before].ends_with('\\');
                if !joined {
                    folded.put(if from == to { "\n" } else { " " }, self.text, before..from);
                }
            }
            let end = if quote == Some(b'"') && words[from..to].ends_with('\\') { to - 1 } else { to };
            folded.keep(self.text, from..end);
            before = to;
        }
        let folded = folded.finish();
        match quote {
            None => Node::Bare(match folded.as_str().find(" #") {
                Some(comment) => folded.slice(0..comment).trim(),
                None => folded,
            }),
            Some(b'"') => Node::Leaf(Json { text: &folded, bytes: folded.as_str().as_bytes(), at: 0 }.string()),
            Some(_) => Node::Leaf(single_quoted(&folded)),
        }
    }
}

/// `''` is a quote inside of a single-quoted scalar.
fn single_quoted(text: &Text) -> Text {
    let words = text.as_str();
    let mut out = Builder::new(text.input());
    let mut kept = 1;
    let mut at = 1;
    while let Some(offset) = words.get(at..).and_then(|rest| rest.find('\'')) {
        let quote = at + offset;
        if words.as_bytes().get(quote + 1) != Some(&b'\'') {
            out.keep(text, kept..quote);
            return out.finish();
        }
        out.keep(text, kept..quote + 1);
        kept = quote + 2;
        at = quote + 2;
    }
    out.keep(text, kept..words.len());
    out.finish()
}

/// Whether the rest of a line closes a quoted scalar.
fn closes(rest: &str, quote: u8) -> bool {
    let bytes = rest.trim_end().as_bytes();
    let run = bytes.iter().rev().take_while(|&&b| b == quote).count();
    match quote {
        b'\'' => run % 2 == 1,
        _ => {
            let slashes = bytes[..bytes.len() - run.min(bytes.len())].iter().rev().take_while(|&&b| b == b'\\').count();
            run == 1 && slashes % 2 == 0
        }
    }
}

/// `key: value` or `key:`: where the key ends and where what follows the colon begins.
fn key_end(words: &str) -> Option<(usize, usize)> {
    let end = match words.as_bytes().first()? {
        quote @ (b'"' | b'\'') => 2 + words[1..].find(*quote as char)?,
        _ => words.find(':')?,
    };
    let key = &words[..end];
    let after = words.get(end..)?.strip_prefix(':')?;
    let plain =
        key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/' | b'"' | b'\'' | b':'));
    (plain && !key.is_empty() && (after.is_empty() || after.starts_with(' '))).then_some((end, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(words: &str) -> Text {
        Text::verbatim(words, 0, 0)
    }

    #[test]
    fn json_that_is_cut_off_keeps_what_is_there() {
        let node = json(&text(r#"{"a": {"b": ["x", {"c": "say \"hi\"\n"#));
        assert_eq!(node.items(&["a", "b"])[1].text(&["c"]), Some("say \"hi\"\n"));
    }

    #[test]
    fn a_json_fragment_without_braces_is_a_map() {
        let node = json(&text(r#""state": {"waiting": {"reason": "X"}}, "image": "y""#));
        assert_eq!((node.text(&["state", "waiting", "reason"]), node.text(&["image"])), (Some("X"), Some("y")));
    }

    #[test]
    fn yaml_scalars_are_unfolded() {
        let input = "status:\n  containerStatuses:\n  - image: x\n    state:\n      waiting:\n        message: 'Back-off \"x\":\n          it''s gone'\n        reason: ImagePullBackOff\n    name: app\n";
        let node = yaml(&text(input));
        let container = &node.items(&["status", "containerStatuses"])[0];
        let message = container.leaf(&["state", "waiting", "message"]).unwrap();
        assert_eq!(message.as_str(), "Back-off \"x\": it's gone");
        assert_eq!(&input[message.origin(0..8)], "Back-off");
        assert_eq!(container.text(&["name"]), Some("app"));
    }

    #[test]
    fn yaml_double_quotes_and_blocks() {
        let node = yaml(&text("a: \"one \\\n  two\\nthree\"\nb: |-\n  x\n  y\nc: {}\nd: [e, f]\n"));
        assert_eq!((node.text(&["a"]), node.text(&["b"])), (Some("one two\nthree"), Some("x\ny")));
        assert_eq!(node.items(&["d"]).len(), 2);
    }

    #[test]
    fn deep_nesting_ends() {
        let deep = "[".repeat(100_000);
        json(&text(&deep)).walk(&mut |_| {});
        yaml(&text(&"- ".repeat(50_000))).walk(&mut |_| {});
    }
}
