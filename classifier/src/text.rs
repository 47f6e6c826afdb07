//! Text that remembers where it came from.
//!
//! On its way through reading, text is unescaped, unfolded and cleaned of what chats and terminals do to it. Each step keeps a
//! piecewise map back to the bytes of the input, so that evidence is quoted and underlined in the user's own words.

use std::ops::Range;

/// A piece of text and the way back to the bytes of its input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    text: String,
    /// Sorted by `at`; the first piece starts at 0. A piece ends where the next one starts.
    pieces: Vec<Piece>,
    /// Which input.
    input: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    /// Where the piece starts in the text.
    at: usize,
    /// Where it comes from. Same length as the piece: byte for byte. Otherwise the piece stands for the whole range.
    start: usize,
    end: usize,
}

impl Text {
    /// A slice of an input, as it stands: `text` was found at byte `start` of input number `input`.
    pub fn verbatim(text: &str, start: usize, input: usize) -> Text {
        Text { text: text.to_owned(), pieces: vec![Piece { at: 0, start, end: start + text.len() }], input }
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether there are no words.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Which input it came from.
    pub fn input(&self) -> usize {
        self.input
    }

    /// The bytes of the input that this range of the text came from. Where a piece was replaced, all that it replaced.
    pub fn origin(&self, range: Range<usize>) -> Range<usize> {
        let range = range.start.min(self.len())..range.end.min(self.len());
        if range.is_empty() {
            let at = self.origin_of(range.start, false);
            return at..at;
        }
        self.origin_of(range.start, false)..self.origin_of(range.end - 1, true)
    }

    /// The origin of one byte: its start, or (for the last byte of a range) its end.
    fn origin_of(&self, at: usize, end: bool) -> usize {
        let index = self.pieces.partition_point(|piece| piece.at <= at);
        let Some(piece) = index.checked_sub(1).and_then(|i| self.pieces.get(i)) else { return 0 };
        let length = self.pieces.get(index).map_or(self.text.len(), |next| next.at) - piece.at;
        if piece.end - piece.start == length {
            piece.start + (at - piece.at) + usize::from(end)
        } else if end {
            piece.end
        } else {
            piece.start
        }
    }

    /// A part of it. The range is moved to character boundaries.
    pub fn slice(&self, range: Range<usize>) -> Text {
        let mut builder = Builder::new(self.input);
        builder.keep(self, range);
        builder.finish()
    }

    /// Without blanks at both ends.
    pub fn trim(&self) -> Text {
        let start = self.text.len() - self.text.trim_start().len();
        self.slice(start..start + self.text.trim().len())
    }
}

/// Puts a [`Text`] together.
#[derive(Debug)]
pub struct Builder {
    out: Text,
}

impl Builder {
    /// An empty one, for text of this input.
    pub fn new(input: usize) -> Builder {
        Builder { out: Text { input, ..Text::default() } }
    }

    /// Appends a part of another text, with its map.
    pub fn keep(&mut self, text: &Text, range: Range<usize>) {
        let start = floor_boundary(&text.text, range.start);
        let end = floor_boundary(&text.text, range.end).max(start);
        if start == end {
            return;
        }
        let base = self.out.text.len();
        self.out.text.push_str(&text.text[start..end]);
        let mut index = text.pieces.partition_point(|piece| piece.at <= start).saturating_sub(1);
        while let Some(piece) = text.pieces.get(index).filter(|piece| piece.at < end) {
            let piece_end = text.pieces.get(index + 1).map_or(text.text.len(), |next| next.at);
            let (from, to) = (piece.at.max(start), piece_end.min(end));
            if from < to {
                let exact = piece.end - piece.start == piece_end - piece.at;
                let (origin_start, origin_end) = if exact {
                    (piece.start + (from - piece.at), piece.start + (to - piece.at))
                } else {
                    (piece.start, piece.end)
                };
                self.push_piece(Piece { at: base + (from - start), start: origin_start, end: origin_end }, to - from);
            }
            index += 1;
        }
    }

    /// Appends a part of the input as it stands.
    pub fn keep_input(&mut self, text: &str, start: usize) {
        if !text.is_empty() {
            let at = self.out.text.len();
            self.out.text.push_str(text);
            self.push_piece(Piece { at, start, end: start + text.len() }, text.len());
        }
    }

    /// Appends `text`, which stands for `range` of `from`.
    pub fn put(&mut self, text: &str, from: &Text, range: Range<usize>) {
        let origin = from.origin(range);
        self.put_origin(text, origin);
    }

    /// Appends `text`, which stands for `origin` of the input.
    pub fn put_origin(&mut self, text: &str, origin: Range<usize>) {
        if !text.is_empty() {
            let at = self.out.text.len();
            self.out.text.push_str(text);
            self.push_piece(Piece { at, start: origin.start, end: origin.end }, text.len());
        }
    }

    fn push_piece(&mut self, piece: Piece, length: usize) {
        // Neighbours that are both byte for byte and follow each other in the input are one piece.
        if let Some(last) = self.out.pieces.last()
            && last.end == piece.start
            && last.end - last.start == piece.at - last.at
            && piece.end - piece.start == length
        {
            let index = self.out.pieces.len() - 1;
            self.out.pieces[index].end = piece.end;
            return;
        }
        self.out.pieces.push(piece);
    }

    /// The words so far.
    pub fn as_str(&self) -> &str {
        &self.out.text
    }

    /// The finished text.
    pub fn finish(self) -> Text {
        self.out
    }
}

/// The next character boundary at or below `at`.
pub fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_finds_its_way_back_through_replacements() {
        let input = r#"say \"hi\" now"#;
        let raw = Text::verbatim(input, 0, 0);
        let mut builder = Builder::new(0);
        builder.keep(&raw, 0..4);
        builder.put("\"", &raw, 4..6);
        builder.keep(&raw, 6..8);
        builder.put("\"", &raw, 8..10);
        builder.keep(&raw, 10..14);
        let text = builder.finish();
        assert_eq!(text.as_str(), r#"say "hi" now"#);
        let at = text.as_str().find("\"hi\"").unwrap();
        assert_eq!(&input[text.origin(at..at + 4)], r#"\"hi\""#);
        let slice = text.slice(5..7);
        assert_eq!(&input[slice.origin(0..2)], "hi");
    }

    #[test]
    fn a_slice_of_a_slice_keeps_the_map() {
        let text = Text::verbatim("abcdef", 100, 3).slice(2..5).slice(1..3);
        assert_eq!((text.as_str(), text.origin(0..2), text.input()), ("de", 103..105, 3));
    }
}
