//! Takes out what chats, tickets, terminals and programs do to text on its way: colours, escapes, entities, frames.
//!
//! One pass, one level lower at the end: however often a message was quoted (a JSON log line holds a klog value that holds a
//! Go-quoted error), a run of backslashes before a quote is that quote. Nothing is lost: the map of [`Text`] leads back.

use crate::text::{Builder, Text};

/// The same words without escapes, colours, entities, frames and odd blanks. Line ends stay.
pub fn clean(text: &Text) -> Text {
    replaced(text, &|bytes| bytes.iter().position(|&b| may_need_cleaning(b)))
}

/// An input without what hides lines and quotes: colours and other sequences of a terminal; blanks that do not break; entities and
/// typographic quotes where they stand for every quote. `None` if there are none.
pub fn undressed(input: &str, index: usize) -> Option<Text> {
    let coloured = input.contains('\u{1b}') || input.contains("^[[");
    let quoted =
        !input.contains('"') && (input.contains("&quot;") || input.contains("&#34;") || input.contains(QUOTES));
    let spaced = input.contains('\u{a0}');
    let hides = |pair: &[u8]| match pair {
        [0xc2, 0xa0] => spaced,
        [0x1b, _] | [b'^', b'['] => coloured,
        // the first two bytes of each of the quotes
        [b'&', _] | [0xe2, 0x80] => quoted,
        _ => false,
    };
    let next = |bytes: &[u8]| bytes.windows(2).position(hides);
    (coloured || quoted || spaced).then(|| replaced(&Text::verbatim(input, 0, index), &next))
}

/// The same words with the replacement of each place that `next` finds.
fn replaced(text: &Text, next: &dyn Fn(&[u8]) -> Option<usize>) -> Text {
    let words = text.as_str();
    let mut out = Builder::new(text.input());
    let mut kept = 0;
    let mut at = 0;
    while let Some(plain) = next(&words.as_bytes()[at..]) {
        at += plain;
        let Some((length, replacement)) = replace_at(words, at) else {
            at += words[at..].chars().next().map_or(1, char::len_utf8);
            continue;
        };
        out.keep(text, kept..at);
        out.put(replacement.as_str(), text, at..at + length);
        at += length;
        kept = at;
    }
    out.keep(text, kept..words.len());
    out.finish()
}

fn may_need_cleaning(b: u8) -> bool {
    b >= 0x7f || matches!(b, b'\\' | b'&' | b'*' | b'^') || (b < 0x20 && b != b'\n')
}

/// A replacement of at most one character.
enum With {
    Nothing,
    One(char),
}

impl With {
    fn as_str(&self) -> &'static str {
        match self {
            With::Nothing => "",
            With::One('\n') => "\n",
            With::One('"') => "\"",
            With::One('\'') => "'",
            With::One('&') => "&",
            With::One('<') => "<",
            With::One('>') => ">",
            With::One('/') => "/",
            With::One('=') => "=",
            With::One('-') => "-",
            With::One(_) => " ",
        }
    }
}

/// What stands at `at`, if it is to be replaced: its length in bytes and what it becomes.
fn replace_at(words: &str, at: usize) -> Option<(usize, With)> {
    let rest = &words[at..];
    let bytes = rest.as_bytes();
    match bytes[0] {
        b'\\' => escape(bytes),
        0x1b => Some((ansi(bytes, 1), With::Nothing)),
        // kubectl 1.26 and later print ESC as two characters (printers.WriteEscaped)
        b'^' if bytes.get(1) == Some(&b'[') && bytes.get(2) == Some(&b'[') => Some((ansi(bytes, 2), With::Nothing)),
        b'&' => {
            ENTITIES.iter().find(|(name, _)| rest.starts_with(name)).map(|(name, with)| (name.len(), With::One(*with)))
        }
        b'*' if bytes.get(1) == Some(&b'*') => Some((2, With::Nothing)),
        b'\t' => Some((1, With::One(' '))),
        b'\r' => Some((1, With::Nothing)),
        b if b < 0x20 && b != b'\n' || b == 0x7f => Some((1, With::One(' '))),
        b if b >= 0x80 => rest.chars().next().and_then(|c| wide(c).map(|with| (c.len_utf8(), with))),
        _ => None,
    }
}

const ENTITIES: &[(&str, char)] = &[
    ("&quot;", '"'),
    ("&#34;", '"'),
    ("&#x22;", '"'),
    ("&ldquo;", '"'),
    ("&rdquo;", '"'),
    ("&apos;", '\''),
    ("&#39;", '\''),
    ("&#x27;", '\''),
    ("&amp;", '&'),
    ("&#38;", '&'),
    ("&lt;", '<'),
    ("&gt;", '>'),
    ("&#x2F;", '/'),
    ("&#47;", '/'),
    ("&#61;", '='),
    ("&#x3D;", '='),
    ("&nbsp;", ' '),
    ("&#160;", ' '),
];

/// What typesetting makes of a quote.
const QUOTES: [char; 4] = ['\u{201c}', '\u{201d}', '\u{201e}', '\u{201f}'];

/// Characters that typesetting, chats and terminals put in the place of plain ones.
fn wide(c: char) -> Option<With> {
    match c {
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' | '\u{00ab}' | '\u{00bb}' | '\u{2033}' => {
            Some(With::One('"'))
        }
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' | '\u{2032}' => Some(With::One('\'')),
        '\u{00a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' | '\u{1680}' => {
            Some(With::One(' '))
        }
        '\u{2010}'..='\u{2013}' | '\u{2212}' => Some(With::One('-')),
        // zero width, marks of direction, byte order
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{00ad}' => {
            Some(With::Nothing)
        }
        // line separators
        '\u{0085}' | '\u{2028}' | '\u{2029}' => Some(With::One('\n')),
        // frames of k9s and other terminal programs; other C1 controls
        '\u{2500}'..='\u{259f}' | '\u{0080}'..='\u{009f}' => Some(With::One(' ')),
        _ => None,
    }
}

/// The length of an ANSI escape sequence whose introducer takes `intro` bytes.
fn ansi(bytes: &[u8], intro: usize) -> usize {
    match bytes.get(intro) {
        Some(b'[') => {
            let end = bytes[intro + 1..].iter().take(32).position(|b| (0x40..=0x7e).contains(b));
            end.map_or(intro + 1, |end| intro + 2 + end)
        }
        // OSC (window titles, links): to BEL or ESC \
        Some(b']') => {
            let end = bytes[intro..].iter().take(2048).position(|&b| b == 0x07 || b == 0x1b);
            end.map_or(intro + 1, |end| intro + end + if bytes[intro + end] == 0x1b { 2 } else { 1 }).min(bytes.len())
        }
        Some(b) if b.is_ascii() => intro + 1,
        _ => intro,
    }
}

fn escape(bytes: &[u8]) -> Option<(usize, With)> {
    let slashes = bytes.iter().take_while(|&&b| b == b'\\').count();
    match bytes.get(slashes)? {
        b'"' => Some((slashes + 1, With::One('"'))),
        b'\'' => Some((slashes + 1, With::One('\''))),
        b'/' if slashes == 1 => Some((2, With::One('/'))),
        b'n' => Some((slashes + 1, With::One('\n'))),
        b't' => Some((slashes + 1, With::One(' '))),
        b'r' => Some((slashes + 1, With::Nothing)),
        b'u' => {
            let hex = std::str::from_utf8(bytes.get(slashes + 1..slashes + 5)?).ok()?;
            let with = match u32::from_str_radix(hex, 16).ok()? {
                0x22 | 0x201c | 0x201d => With::One('"'),
                0x27 => With::One('\''),
                0x26 => With::One('&'),
                0x3c => With::One('<'),
                0x3e => With::One('>'),
                0x2f => With::One('/'),
                0x3d => With::One('='),
                0x1b => return Some((slashes + 5 + ansi(&bytes[slashes + 4..], 1).saturating_sub(1), With::Nothing)),
                0xfeff | 0x200b => With::Nothing,
                0x0a => With::One('\n'),
                c if c < 0x80 && !(0x00..0x20).contains(&c) => return None,
                _ => With::One(' '),
            };
            Some((slashes + 5, with))
        }
        // control bytes as Go's %q prints them
        b'x' => {
            let hex = std::str::from_utf8(bytes.get(slashes + 1..slashes + 3)?).ok()?;
            let value = u8::from_str_radix(hex, 16).ok()?;
            (value == 0x1b).then(|| (slashes + 3 + ansi(&bytes[slashes + 2..], 1).saturating_sub(1), With::Nothing))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: &str) {
        let text = clean(&Text::verbatim(input, 0, 0));
        assert_eq!(text.as_str(), expected);
    }

    #[test]
    fn quotes_come_out_however_deep() {
        check(r#"image \\\"x\\\": y"#, r#"image "x": y"#);
        check("\u{201c}x\u{201d} &quot;y&quot; \u{2018}z\u{2019}", r#""x" "y" 'z'"#);
    }

    #[test]
    fn colours_frames_and_odd_blanks_go() {
        check("\u{1b}[31mFailed\u{1b}[0m ^[[1mto", "Failed to");
        check("\u{2502} a\u{a0}b \u{2502}\r", "  a b  ");
        check("**a** \\u003cb\\u003e \\u0026", "a <b> &");
    }

    #[test]
    fn every_byte_finds_its_way_back() {
        let input = r#"err=\"no such\nhost\" &quot;"#;
        let text = clean(&Text::verbatim(input, 0, 0));
        let at = text.as_str().find("no such\nhost").unwrap();
        assert_eq!(&input[text.origin(at..at + 12)], "no such\\nhost");
    }
}
