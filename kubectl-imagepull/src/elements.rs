//! A list of the API server, element by element as its bytes come in: a page of pods never stands in memory whole.
//!
//! Finds the array `items` (or `rows`, of a Table) of the outermost object and hands out each element's bytes; everything else
//! of the document is kept, with that array empty.

use memchr::memchr2;

/// More than this beside the elements is no list of the API server.
const LARGEST_REST: usize = 16 << 20;
/// More than this in one element is no object of the API server (etcd keeps 1.5 MiB, a node's image list included).
const LARGEST_ELEMENT: usize = 64 << 20;

/// Takes a list apart. Feed it chunks, then [`finish`](Elements::finish).
#[derive(Debug, Default)]
pub struct Elements {
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// Inside the array whose elements are handed out.
    in_array: bool,
    /// The element being read, if one is.
    element: Vec<u8>,
    in_element: bool,
    /// The document without the elements.
    rest: Vec<u8>,
    too_large: bool,
}

impl Elements {
    /// Takes the next bytes; calls `each` with the bytes of every element that ends in them.
    pub fn feed(&mut self, chunk: &[u8], each: &mut dyn FnMut(&[u8])) {
        let mut from = 0;
        let mut at = 0;
        while at < chunk.len() {
            if self.in_string {
                if self.escaped {
                    self.escaped = false;
                    at += 1;
                    continue;
                }
                match memchr2(b'"', b'\\', &chunk[at..]) {
                    None => at = chunk.len(),
                    Some(offset) => {
                        at += offset;
                        if chunk[at] == b'"' {
                            self.in_string = false;
                        } else {
                            self.escaped = true;
                        }
                        at += 1;
                    }
                }
                continue;
            }
            match chunk[at] {
                b'"' => self.in_string = true,
                b'{' | b'[' => {
                    if self.in_array && self.depth == 2 && !self.in_element {
                        self.keep(&chunk[from..at]);
                        from = at;
                        self.in_element = true;
                    } else if chunk[at] == b'[' && self.depth == 1 {
                        self.keep(&chunk[from..at]);
                        from = at;
                        self.in_array = self.names_elements();
                    }
                    self.depth += 1;
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.in_element && self.depth == 2 {
                        self.in_element = false;
                        if self.element.is_empty() {
                            each(&chunk[from..=at]);
                        } else {
                            self.element.extend_from_slice(&chunk[from..=at]);
                            each(&self.element);
                            self.element.clear();
                        }
                        from = at + 1;
                    } else if self.in_array && self.depth == 1 {
                        self.in_array = false;
                    }
                }
                // Commas between elements belong to neither.
                b',' if self.in_array && self.depth == 2 && !self.in_element => {
                    self.keep(&chunk[from..at]);
                    from = at + 1;
                }
                _ => {}
            }
            at += 1;
        }
        self.keep(&chunk[from..]);
    }

    /// Whether the bytes so far end in the key of the array of elements.
    fn names_elements(&self) -> bool {
        let key = self.rest.trim_ascii_end().strip_suffix(b":").map(<[u8]>::trim_ascii_end);
        key.is_some_and(|key| key.ends_with(b"\"items\"") || key.ends_with(b"\"rows\""))
    }

    fn keep(&mut self, bytes: &[u8]) {
        let (kept, largest) =
            if self.in_element { (&mut self.element, LARGEST_ELEMENT) } else { (&mut self.rest, LARGEST_REST) };
        if kept.len() + bytes.len() > largest {
            self.too_large = true;
        } else {
            kept.extend_from_slice(bytes);
        }
    }

    /// The document without its elements; `None` if it is cut off, or is no JSON object.
    pub fn finish(self) -> Option<serde_json::Value> {
        if self.depth != 0 || self.in_string || self.too_large {
            return None;
        }
        serde_json::from_slice(&self.rest).ok().filter(serde_json::Value::is_object)
    }

    /// The first bytes beside the elements: what came instead of JSON.
    pub fn beginning(&self) -> &[u8] {
        &self.rest[..self.rest.len().min(200)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(text: &str, size: usize) -> (Vec<String>, Option<serde_json::Value>) {
        let mut elements = Elements::default();
        let mut found = Vec::new();
        for chunk in text.as_bytes().chunks(size) {
            elements.feed(chunk, &mut |element| found.push(String::from_utf8_lossy(element).into_owned()));
        }
        (found, elements.finish())
    }

    const LIST: &str = r#"{"kind":"PodList", "metadata":{"continue":"a]}\"","items":[1]} , "items" : [ {"a":"]}","items":[{"b":1}]} ,
        {"c":"\\\"{"},{}] ,"other":[{"x":1}]}"#;

    #[test]
    fn elements_are_the_same_however_the_bytes_arrive() {
        let whole: serde_json::Value = serde_json::from_str(LIST).expect("JSON");
        let want: Vec<serde_json::Value> = whole["items"].as_array().expect("array").clone();
        for size in 1..=LIST.len() {
            let (found, rest) = take(LIST, size);
            let found: Vec<serde_json::Value> =
                found.iter().map(|text| serde_json::from_str(text).expect("an element is JSON")).collect();
            assert_eq!(found, want, "chunks of {size}");
            let mut rest = rest.expect("whole");
            assert_eq!(rest["items"].take(), serde_json::json!([]), "chunks of {size}");
            assert_eq!(rest["metadata"], whole["metadata"]);
            assert_eq!(rest["other"], whole["other"]);
        }
    }

    #[test]
    fn a_list_that_is_cut_off_is_no_list() {
        for end in 0..LIST.len() - 1 {
            assert_eq!(take(&LIST[..end], 7).1, None, "cut at {end}");
        }
        assert_eq!(take("<html>no</html>", 4).1, None);
        assert_eq!(take("[1,2]", 4).1, None);
        assert_eq!(take("{}}", 4).1, None);
    }

    #[test]
    fn tables_have_rows() {
        let (found, rest) = take(
            r#"{"kind":"Table","columnDefinitions":[{"name":"Name"}],"rows":[{"cells":["a"]},{"cells":["b"]}]}"#,
            5,
        );
        assert_eq!(found, [r#"{"cells":["a"]}"#, r#"{"cells":["b"]}"#]);
        assert_eq!(rest.expect("whole")["columnDefinitions"][0]["name"], "Name");
        assert_eq!(take(r#"{"kind":"Table","rows":null}"#, 5).1, Some(serde_json::json!({"kind":"Table","rows":null})));
    }
}
