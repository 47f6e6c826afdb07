//! As much of Go's net/url as the kubelet's keyring leans on: from a key to host and path, or to nothing.
//! Host and path are bytes: Go's are, after `%` escapes are undone.

use serde::{Deserialize, Serialize};

/// Why the kubelet cannot read a key. It then ignores the entry; the only trace is a line in its log (`Entry %q in
/// dockercfg invalid (%v), ignoring`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyProblem {
    /// A control character, such as a line break.
    ControlCharacter,
    /// A character that no host may have, such as a blank.
    HostCharacter,
    /// A port that is not a number, or a second colon.
    Port,
    /// A `%` that is not a valid escape at this place.
    Escape,
    /// Square brackets around something that is not an IPv6 address.
    IpLiteral,
    /// Something before an `@` that is not a user.
    UserInfo,
    /// Bytes that are not UTF-8, or an `@` after the host: it can never be an image's name.
    NeverAnImage,
    /// A problem that a newer version of this program found.
    #[serde(other)]
    Unknown,
}

/// Host (with port) and path of an address.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub host: Vec<u8>,
    pub path: Vec<u8>,
}

/// Reads what follows `https://`.
///
/// Source: Go 1.26, net/url/url.go (`Parse`, `parseAuthority`, `parseHost`, `unescape`), GODEBUG at go1.26.
pub(crate) fn parse(text: &[u8]) -> Result<Address, KeyProblem> {
    let (text, fragment) = cut(text, b'#');
    if text.iter().any(u8::is_ascii_control) {
        return Err(KeyProblem::ControlCharacter);
    }
    unescape(fragment)?;
    let (text, _query) = cut(text, b'?');
    let (authority, path) = text.split_at(position(text, b'/').unwrap_or(text.len()));
    let host = match authority.iter().rposition(|byte| *byte == b'@') {
        Some(at) => {
            let host = parse_host(&authority[at + 1..])?;
            check_user_info(&authority[..at])?;
            host
        }
        None => parse_host(authority)?,
    };
    Ok(Address { host, path: unescape(path)? })
}

/// Splits a host into name and port as Go's `net.SplitHostPort` does; where that fails, all of it is the name
/// (keyring.go, `SplitURL`).
pub(crate) fn split_port(host: &[u8]) -> (&[u8], &[u8]) {
    let Some(colon) = host.iter().rposition(|byte| *byte == b':') else { return (host, b"") };
    let (name, port) = (&host[..colon], &host[colon + 1..]);
    let bracket = |byte: &u8| *byte == b'[' || *byte == b']';
    if host[0] == b'[' {
        return match position(host, b']') {
            Some(end) if end + 1 == colon && !port.iter().any(bracket) && !host[1..end].contains(&b'[') => {
                (&host[1..end], port)
            }
            _ => (host, b""),
        };
    }
    if name.contains(&b':') || host.iter().any(bracket) { (host, b"") } else { (name, port) }
}

fn parse_host(host: &[u8]) -> Result<Vec<u8>, KeyProblem> {
    match host.iter().rposition(|byte| *byte == b'[') {
        Some(0) => parse_ip_literal(host),
        Some(_) => Err(KeyProblem::IpLiteral),
        None => {
            // the first colon, not the last: Go 1.26 is strict about colons (go.dev/issue/75223)
            if let Some(colon) = position(host, b':') {
                check_port(&host[colon..])?;
            }
            unescape_host(host, false)
        }
    }
}

fn parse_ip_literal(host: &[u8]) -> Result<Vec<u8>, KeyProblem> {
    let end = host.iter().rposition(|byte| *byte == b']').ok_or(KeyProblem::IpLiteral)?;
    let port = &host[end + 1..];
    check_port(port)?;
    let name = &host[1..end];
    let zone = name.windows(3).position(|window| window == b"%25").unwrap_or(name.len());
    let mut address = unescape_host(&name[..zone], false)?;
    let digits = std::str::from_utf8(&address).map_err(|_| KeyProblem::IpLiteral)?;
    digits.parse::<std::net::Ipv6Addr>().map_err(|_| KeyProblem::IpLiteral)?;
    let zone = unescape_host(&name[zone..], true)?;
    if zone == b"%" {
        return Err(KeyProblem::IpLiteral);
    }
    address.extend_from_slice(&zone);
    Ok([b"[", address.as_slice(), b"]", port].concat())
}

fn check_port(port: &[u8]) -> Result<(), KeyProblem> {
    match port.split_first() {
        None => Ok(()),
        Some((b':', digits)) if digits.iter().all(u8::is_ascii_digit) => Ok(()),
        Some(_) => Err(KeyProblem::Port),
    }
}

fn check_user_info(user_info: &[u8]) -> Result<(), KeyProblem> {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(byte);
    if !user_info.iter().all(allowed) {
        return Err(KeyProblem::UserInfo);
    }
    let (user, password) = cut(user_info, b':');
    unescape(user)?;
    unescape(password)?;
    Ok(())
}

/// In a host, `%` may only escape bytes beyond ASCII (and itself); in a zone also what may stand in a host anyway.
fn unescape_host(text: &[u8], zone: bool) -> Result<Vec<u8>, KeyProblem> {
    let in_host = |byte: u8| byte.is_ascii_alphanumeric() || b"!\"$&'()*+,-.:;<=>[]_~".contains(&byte);
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        if byte == b'%' {
            let escaped = hex_pair(text, at).ok_or(KeyProblem::Escape)?;
            let fits = escaped == b'%' || if zone { escaped == b' ' || in_host(escaped) } else { escaped >= 0x80 };
            if !fits {
                return Err(KeyProblem::Escape);
            }
            at += 3;
        } else if byte < 0x80 && !in_host(byte) {
            return Err(KeyProblem::HostCharacter);
        } else {
            at += 1;
        }
    }
    unescape(text)
}

fn unescape(text: &[u8]) -> Result<Vec<u8>, KeyProblem> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        if byte == b'%' {
            out.push(hex_pair(text, at).ok_or(KeyProblem::Escape)?);
            at += 3;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    Ok(out)
}

fn hex_pair(text: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| char::from(*text.get(at)?).to_digit(16);
    u8::try_from(digit(at + 1)? * 16 + digit(at + 2)?).ok()
}

fn cut(text: &[u8], separator: u8) -> (&[u8], &[u8]) {
    match position(text, separator) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, b""),
    }
}

fn position(text: &[u8], byte: u8) -> Option<usize> {
    text.iter().position(|other| *other == byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_go_reads_them() {
        let check = |text: &str, want: Result<(&str, &str), KeyProblem>| {
            let want = want.map(|(host, path)| Address { host: host.into(), path: path.into() });
            assert_eq!(parse(text.as_bytes()), want, "{text:?}");
        };
        check("reg.io:5000/a%2Fb?q#f", Ok(("reg.io:5000", "/a/b")));
        check("me:pw@reg.io", Ok(("reg.io", "")));
        check("*.reg.io/", Ok(("*.reg.io", "/")));
        check("[::1]:5000/x", Ok(("[::1]:5000", "/x")));
        check("reg io", Err(KeyProblem::HostCharacter));
        check("reg.io\n", Err(KeyProblem::ControlCharacter));
        check("reg.io:port", Err(KeyProblem::Port));
        check("reg.io:1:2", Err(KeyProblem::Port));
        check("reg[12].io", Err(KeyProblem::IpLiteral));
        check("reg.io/%zz", Err(KeyProblem::Escape));
    }

    #[test]
    fn a_port_is_split_off_as_go_does() {
        let check = |host: &str, want: (&str, &str)| {
            let (name, port) = split_port(host.as_bytes());
            assert_eq!((name, port), (want.0.as_bytes(), want.1.as_bytes()), "{host:?}");
        };
        check("", ("", ""));
        check("reg.io", ("reg.io", ""));
        check("reg.io:", ("reg.io", ""));
        check("reg.io:5000", ("reg.io", "5000"));
        check("[::1]", ("[::1]", ""));
        check("[::1]:5000", ("::1", "5000"));
    }
}
