//! Base64 as Go's encoding/base64 decodes it: same verdict and, in an error, the same byte offset.
//! The kubelet prints that offset (`illegal base64 data at input byte 3`), so a crate with other offsets would not do.

/// Decodes the standard alphabet; `\r` and `\n` are skipped, nothing else is. `padded` is Go's `StdEncoding`, otherwise
/// `RawStdEncoding`. The error is the offset that Go's `CorruptInputError` names.
///
/// Source: Go 1.26, encoding/base64/base64.go, `decodeQuantum`.
pub(crate) fn decode(source: &[u8], padded: bool) -> Result<Vec<u8>, usize> {
    let mut out = Vec::with_capacity(source.len() / 4 * 3 + 3);
    let mut at = 0;
    while at < source.len() {
        let mut quantum = [0u8; 4];
        let mut filled = 0;
        while filled < 4 {
            let Some(&byte) = source.get(at) else {
                if filled == 0 {
                    return Ok(out);
                }
                if filled == 1 || padded {
                    return Err(at - filled);
                }
                break;
            };
            at += 1;
            if let Some(sextet) = sextet(byte) {
                quantum[filled] = sextet;
                filled += 1;
            } else if is_newline(byte) {
                continue;
            } else if !padded || byte != b'=' || filled < 2 {
                return Err(at - 1);
            } else {
                if filled == 2 {
                    at = skip_newlines(source, at);
                    match source.get(at) {
                        None => return Err(source.len()),
                        Some(b'=') => at += 1,
                        Some(_) => return Err(at - 1),
                    }
                }
                at = skip_newlines(source, at);
                if at < source.len() {
                    return Err(at);
                }
                break;
            }
        }
        let bits = quantum.iter().fold(0u32, |bits, sextet| bits << 6 | u32::from(*sextet));
        out.extend_from_slice(&bits.to_be_bytes()[1..filled]);
    }
    Ok(out)
}

/// Decodes leniently, for looking inside tokens: either alphabet, padded or not.
pub(crate) fn decode_any(source: &[u8]) -> Option<Vec<u8>> {
    let plain: Vec<u8> = source
        .trim_ascii()
        .iter()
        .filter(|byte| **byte != b'=')
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    decode(&plain, false).ok()
}

fn skip_newlines(source: &[u8], mut at: usize) -> usize {
    while source.get(at).is_some_and(|byte| is_newline(*byte)) {
        at += 1;
    }
    at
}

fn is_newline(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    // Answers of Go 1.26. The oracle test covers thousands more.
    #[test]
    fn offsets_are_gos() {
        let check = |text: &str, padded: bool, want: Result<&str, usize>| {
            assert_eq!(decode(text.as_bytes(), padded), want.map(|text| text.as_bytes().to_vec()), "{text:?} {padded}");
        };
        check("", true, Ok(""));
        check("bGFiOmxhYg==", true, Ok("lab:lab"));
        check("bGFiOmxhYg", false, Ok("lab:lab"));
        check("bGFi\nOmxh\r\nYg=\n=\n", true, Ok("lab:lab"));
        check("not base64", false, Err(3));
        check("bGFiOmxhYg=", true, Err(11));
        check("bGFiOmxhYg==x", true, Err(12));
        check("bGFi-mxh", false, Err(4));
        check("bGFiO", false, Err(4));
        check("=", true, Err(0));
    }
}
