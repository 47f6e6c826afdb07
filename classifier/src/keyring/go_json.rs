//! JSON as Go's encoding/json reads it: same syntax errors word for word, same tolerance (duplicate keys, broken UTF-8,
//! names in any case). serde_json reads the same documents but says and accepts other things. Nothing here recurses.

/// Says what Go's `json.Unmarshal` says of a document that is no JSON.
///
/// Source: Go 1.26, encoding/json/scanner.go (`checkValid`).
pub(crate) fn check(data: &[u8]) -> Result<(), String> {
    let mut scanner = Scanner { step: Step::BeginValue, nesting: Vec::new(), ended: false };
    for byte in data {
        scanner.step(*byte)?;
    }
    if !scanner.ended {
        scanner.step(b' ')?;
    }
    if scanner.ended { Ok(()) } else { Err("unexpected end of JSON input".to_owned()) }
}

/// The members of an object in the order of the text, names unquoted, values raw. `None` if the text is not an object.
/// The text must have passed [`check`]; on other text the answer is of no use, but it comes.
pub(crate) fn members(data: &[u8]) -> Option<Vec<(String, &[u8])>> {
    let mut rest = data.trim_ascii().strip_prefix(b"{")?;
    let mut members = Vec::new();
    loop {
        rest = rest.trim_ascii_start();
        if rest.first() != Some(&b'"') {
            return Some(members);
        }
        let (name, after) = split_value(rest);
        let value = after.trim_ascii_start().strip_prefix(b":").unwrap_or_default().trim_ascii_start();
        let (value, after) = split_value(value);
        members.push((unquote(name), value));
        rest = after.trim_ascii_start();
        rest = rest.strip_prefix(b",").unwrap_or_default();
    }
}

/// What Go calls the kind of a value in its type errors; `None` for `null`.
pub(crate) fn kind(value: &[u8]) -> Option<&'static str> {
    match value.trim_ascii_start().first() {
        Some(b'{') => Some("object"),
        Some(b'[') => Some("array"),
        Some(b'"') => Some("string"),
        Some(b't' | b'f') => Some("bool"),
        Some(b'n') | None => None,
        Some(_) => Some("number"),
    }
}

/// Text of a quoted string. What is not UTF-8 and each lone surrogate becomes U+FFFD (in Go one for each bad byte, here one for
/// each run; no image's name and no base64 has either).
///
/// Source: Go 1.26, encoding/json/decode.go, `unquoteBytes`.
pub(crate) fn unquote(quoted: &[u8]) -> String {
    let quoted = quoted.trim_ascii();
    let inner = quoted.strip_prefix(b"\"").unwrap_or(quoted);
    let inner = inner.strip_suffix(b"\"").unwrap_or(inner);
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(backslash) = rest.iter().position(|byte| *byte == b'\\') {
        text.push_str(&String::from_utf8_lossy(&rest[..backslash]));
        rest = &rest[backslash..];
        let mut used = 2;
        match rest.get(1) {
            Some(b'b') => text.push('\u{8}'),
            Some(b'f') => text.push('\u{c}'),
            Some(b'n') => text.push('\n'),
            Some(b'r') => text.push('\r'),
            Some(b't') => text.push('\t'),
            Some(b'u') => {
                let (char, length) = unicode_escape(rest);
                text.push(char);
                used = length;
            }
            Some(other) => text.push(char::from(*other)),
            None => {}
        }
        rest = rest.get(used..).unwrap_or_default();
    }
    text.push_str(&String::from_utf8_lossy(rest));
    text
}

/// Whether a name in the JSON is this field of a Go struct: equal, or equal under simple case folding. The letters beyond
/// ASCII that fold into ASCII are the long s and the Kelvin sign.
pub(crate) fn names_field(name: &str, field: &str) -> bool {
    let fold = |char: char| match char {
        'ſ' => 's',
        '\u{212A}' => 'k',
        other => other.to_ascii_lowercase(),
    };
    name.chars().map(fold).eq(field.chars().map(fold))
}

/// `\uXXXX` or a pair of surrogates at the start of `text`: the character, and how many bytes it takes.
fn unicode_escape(text: &[u8]) -> (char, usize) {
    let unit = |at: usize| -> Option<u32> {
        let escape = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        escape.iter().try_fold(0, |unit, digit| Some(unit * 16 + char::from(*digit).to_digit(16)?))
    };
    let Some(first) = unit(0) else { return ('\u{FFFD}', 2) };
    if let (0xD800..0xDC00, Some(second @ 0xDC00..0xE000)) = (first, unit(6)) {
        let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return (char::from_u32(code).unwrap_or('\u{FFFD}'), 12);
    }
    (char::from_u32(first).unwrap_or('\u{FFFD}'), 6)
}

/// Splits off one value.
fn split_value(data: &[u8]) -> (&[u8], &[u8]) {
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(byte) = data.get(at) {
        match byte {
            b'"' => {
                at = end_of_string(data, at);
                if depth == 0 {
                    break;
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                if depth <= 1 {
                    // depth 0: the end of the object that holds this value, which is then a literal
                    at += depth;
                    break;
                }
                depth -= 1;
            }
            b',' | b':' if depth == 0 => break,
            _ => {}
        }
        at += 1;
    }
    let at = at.min(data.len());
    (data[..at].trim_ascii_end(), &data[at..])
}

fn end_of_string(data: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = data.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

struct Scanner {
    step: Step,
    nesting: Vec<Inside>,
    ended: bool,
}

#[derive(Clone, Copy)]
enum Inside {
    Key,
    Value,
    Array,
}

#[derive(Clone, Copy)]
enum Step {
    BeginValue,
    BeginValueOrEmpty,
    BeginString,
    BeginStringOrEmpty,
    EndValue,
    EndTop,
    InString,
    InEscape,
    /// Hexadecimal digits still to come.
    InUnicode(u8),
    Minus,
    Zero,
    Digits,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigits,
    /// The literal and how much of it has been read.
    Literal(&'static str, usize),
}

/// Go gives up below this many levels (`maxNestingDepth`).
const DEEPEST: usize = 10_000;

impl Scanner {
    fn step(&mut self, byte: u8) -> Result<(), String> {
        let space = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        match self.step {
            Step::BeginValue | Step::BeginValueOrEmpty | Step::BeginString | Step::BeginStringOrEmpty if space => {
                Ok(())
            }
            Step::BeginValueOrEmpty if byte == b']' => self.end_value(byte),
            Step::BeginValue | Step::BeginValueOrEmpty => self.begin_value(byte),
            Step::BeginStringOrEmpty if byte == b'}' => {
                if let Some(inside) = self.nesting.last_mut() {
                    *inside = Inside::Value;
                }
                self.end_value(byte)
            }
            Step::BeginString | Step::BeginStringOrEmpty => match byte {
                b'"' => self.go(Step::InString),
                _ => unexpected(byte, "looking for beginning of object key string"),
            },
            Step::EndValue => self.end_value(byte),
            Step::EndTop if space => Ok(()),
            Step::EndTop => unexpected(byte, "after top-level value"),
            Step::InString => match byte {
                b'"' => self.go(Step::EndValue),
                b'\\' => self.go(Step::InEscape),
                0..0x20 => unexpected(byte, "in string literal"),
                _ => Ok(()),
            },
            Step::InEscape => match byte {
                b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => self.go(Step::InString),
                b'u' => self.go(Step::InUnicode(4)),
                _ => unexpected(byte, "in string escape code"),
            },
            Step::InUnicode(left) => match byte.is_ascii_hexdigit() {
                true if left > 1 => self.go(Step::InUnicode(left - 1)),
                true => self.go(Step::InString),
                false => unexpected(byte, "in \\u hexadecimal character escape"),
            },
            Step::Minus => match byte {
                b'0' => self.go(Step::Zero),
                b'1'..=b'9' => self.go(Step::Digits),
                _ => unexpected(byte, "in numeric literal"),
            },
            Step::Digits if byte.is_ascii_digit() => Ok(()),
            Step::Digits | Step::Zero => match byte {
                b'.' => self.go(Step::Point),
                b'e' | b'E' => self.go(Step::Exponent),
                _ => self.end_value(byte),
            },
            Step::Point => match byte {
                b'0'..=b'9' => self.go(Step::Fraction),
                _ => unexpected(byte, "after decimal point in numeric literal"),
            },
            Step::Fraction => match byte {
                b'0'..=b'9' => Ok(()),
                b'e' | b'E' => self.go(Step::Exponent),
                _ => self.end_value(byte),
            },
            Step::Exponent if matches!(byte, b'+' | b'-') => self.go(Step::ExponentSign),
            Step::Exponent | Step::ExponentSign => match byte {
                b'0'..=b'9' => self.go(Step::ExponentDigits),
                _ => unexpected(byte, "in exponent of numeric literal"),
            },
            Step::ExponentDigits if byte.is_ascii_digit() => Ok(()),
            Step::ExponentDigits => self.end_value(byte),
            Step::Literal(literal, read) => match literal.as_bytes().get(read) {
                Some(expected) if *expected == byte && read + 1 == literal.len() => self.go(Step::EndValue),
                Some(expected) if *expected == byte => self.go(Step::Literal(literal, read + 1)),
                expected => {
                    let expected = char::from(*expected.unwrap_or(&b' '));
                    unexpected(byte, &format!("in literal {literal} (expecting '{expected}')"))
                }
            },
        }
    }

    fn go(&mut self, step: Step) -> Result<(), String> {
        self.step = step;
        Ok(())
    }

    fn begin_value(&mut self, byte: u8) -> Result<(), String> {
        match byte {
            b'{' => self.open(byte, Inside::Key, Step::BeginStringOrEmpty),
            b'[' => self.open(byte, Inside::Array, Step::BeginValueOrEmpty),
            b'"' => self.go(Step::InString),
            b'-' => self.go(Step::Minus),
            b'0' => self.go(Step::Zero),
            b'1'..=b'9' => self.go(Step::Digits),
            b't' => self.go(Step::Literal("true", 1)),
            b'f' => self.go(Step::Literal("false", 1)),
            b'n' => self.go(Step::Literal("null", 1)),
            _ => unexpected(byte, "looking for beginning of value"),
        }
    }

    fn open(&mut self, byte: u8, inside: Inside, step: Step) -> Result<(), String> {
        self.nesting.push(inside);
        if self.nesting.len() > DEEPEST {
            return unexpected(byte, "exceeded max depth");
        }
        self.go(step)
    }

    fn close(&mut self) -> Result<(), String> {
        self.nesting.pop();
        self.ended = self.nesting.is_empty();
        self.go(if self.ended { Step::EndTop } else { Step::EndValue })
    }

    fn end_value(&mut self, byte: u8) -> Result<(), String> {
        let Some(inside) = self.nesting.last_mut() else {
            self.ended = true;
            self.step = Step::EndTop;
            return self.step(byte);
        };
        match (*inside, byte) {
            (_, b' ' | b'\t' | b'\r' | b'\n') => self.go(Step::EndValue),
            (Inside::Key, b':') => {
                *inside = Inside::Value;
                self.go(Step::BeginValue)
            }
            (Inside::Key, _) => unexpected(byte, "after object key"),
            (Inside::Value, b',') => {
                *inside = Inside::Key;
                self.go(Step::BeginString)
            }
            (Inside::Value, b'}') | (Inside::Array, b']') => self.close(),
            (Inside::Value, _) => unexpected(byte, "after object key:value pair"),
            (Inside::Array, b',') => self.go(Step::BeginValue),
            (Inside::Array, _) => unexpected(byte, "after array element"),
        }
    }
}

fn unexpected(byte: u8, context: &str) -> Result<(), String> {
    Err(format!("invalid character {} {context}", quote(byte)))
}

/// Go takes the byte for a code point (Latin-1) and quotes it as `strconv.Quote` does.
fn quote(byte: u8) -> String {
    match byte {
        b'\'' => "'\\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        b'\\' => "'\\\\'".to_owned(),
        0x07 => "'\\a'".to_owned(),
        0x08 => "'\\b'".to_owned(),
        0x0c => "'\\f'".to_owned(),
        b'\n' => "'\\n'".to_owned(),
        b'\r' => "'\\r'".to_owned(),
        b'\t' => "'\\t'".to_owned(),
        0x0b => "'\\v'".to_owned(),
        0..0x20 | 0x7f => format!("'\\x{byte:02x}'"),
        0x80..=0xa0 | 0xad => format!("'\\u{byte:04x}'"),
        _ => format!("'{}'", char::from(byte)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Answers of Go 1.26. The oracle test covers thousands more.
    #[test]
    fn syntax_errors_are_gos() {
        let check = |text: &str, want: &str| {
            assert_eq!(check(text.as_bytes()).err().unwrap_or_default(), want, "{text:?}");
        };
        check(r#" {"a": [1, -2.5e+3, true, null, "\u00e9\n"], "b": {}} "#, "");
        check("", "unexpected end of JSON input");
        check("{", "unexpected end of JSON input");
        check("-", "invalid character ' ' in numeric literal");
        check("{}x", "invalid character 'x' after top-level value");
        check("{'a': 1}", "invalid character '\\'' looking for beginning of object key string");
        check("\u{FEFF}{}", "invalid character 'ï' looking for beginning of value");
        check("nul", "invalid character ' ' in literal null (expecting 'l')");
        check("[1 2]", "invalid character '2' after array element");
        check(&"[".repeat(10_001), "invalid character '[' exceeded max depth");
    }

    #[test]
    fn members_keep_order_and_nesting() {
        let text = br#"{"a" : {"x": "}"} , "b\"\ud83d\ude00\ud800": [1,{"c":2}],"c":3}"#;
        let members = members(text).expect("an object");
        let view: Vec<(&str, &str)> =
            members.iter().map(|(name, value)| (name.as_str(), std::str::from_utf8(value).expect("UTF-8"))).collect();
        assert_eq!(view, [("a", r#"{"x": "}"}"#), ("b\"😀\u{FFFD}", r#"[1,{"c":2}]"#), ("c", "3")]);
    }
}
