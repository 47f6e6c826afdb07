//! One connection: what happens before, below and instead of HTTP; then one request and one answer.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::{ServerConnection, StreamOwned};
use socket2::SockRef;

use super::answers::{self, Answer, Delivery, Request};
use super::{Faults, Kind};

/// Longer than any client of the lab waits.
const SILENCE: Duration = Duration::from_secs(300);
/// What one read of a slow answer gives.
const CHUNK: usize = 16 * 1024;

pub fn serve(faults: &Arc<Faults>, stream: TcpStream, port: u16) {
    let Some(host) = stream.local_addr().ok().and_then(|address| faults.host_at(address)) else { return };
    let Some(kind) = faults.kind(&host) else { return };
    // A client that went away shows as an error here; nobody is waiting for it.
    let _ = speak(faults, stream, &host, kind, port);
}

fn speak(faults: &Arc<Faults>, stream: TcpStream, host: &str, kind: Kind, port: u16) -> io::Result<()> {
    match kind {
        Kind::Reset => return after_first_bytes(&stream).and_then(|()| reset(&stream)),
        Kind::Eof => return after_first_bytes(&stream),
        Kind::TlsHang => {
            thread::sleep(SILENCE);
            return Ok(());
        }
        Kind::TlsNotSpoken => {
            (&stream).write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")?;
            return after_first_bytes(&stream);
        }
        Kind::TlsTooOld => {
            after_first_bytes(&stream)?;
            // Alert: fatal, protocol_version (RFC 5246, 7.2.2), as a server says that knows TLS 1.0 only.
            return (&stream).write_all(&[0x15, 3, 1, 0, 2, 2, 70]);
        }
        Kind::PlainHttp => return http(faults, stream, host, kind),
        Kind::Proxy if port == 3128 => return proxy(faults, stream),
        _ => {}
    }
    if port == 80 {
        return http(faults, stream, host, kind);
    }
    let mut first = [0];
    if stream.peek(&mut first)? == 1 && first[0] != 0x16 {
        // As Go's server says to a client that forgot TLS (net/http/server.go).
        let body = "Client sent an HTTP request to an HTTPS server.\n";
        return write!(&stream, "HTTP/1.0 400 Bad Request\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    }
    tls(faults, stream, host, kind)
}

fn tls(faults: &Arc<Faults>, stream: TcpStream, host: &str, kind: Kind) -> io::Result<()> {
    let config = faults.authorities.config(host, kind).map_err(io::Error::other)?;
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    http(faults, StreamOwned::new(connection, stream), host, kind)
}

/// What is needed of a stream to misbehave on it.
trait Wire: Read + Write {
    fn socket(&self) -> &TcpStream;
    /// Says goodbye properly; without it a client cannot tell an end from a cut.
    fn finish(&mut self) {}
}

impl Wire for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }
}

impl Wire for StreamOwned<ServerConnection, TcpStream> {
    fn socket(&self) -> &TcpStream {
        &self.sock
    }

    fn finish(&mut self) {
        self.conn.send_close_notify();
        let _ = self.flush();
    }
}

fn http(faults: &Arc<Faults>, mut wire: impl Wire, host: &str, kind: Kind) -> io::Result<()> {
    let Some(request) = read_request(&mut wire, host)? else { return Ok(()) };
    if kind == Kind::HttpHang {
        thread::sleep(SILENCE);
        return Ok(());
    }
    let answer = answers::answer(faults, kind, &request);
    write_answer(&mut wire, &request, &answer)?;
    if matches!(answer.delivery, Delivery::ResetAt(_)) {
        return reset(wire.socket());
    }
    wire.finish();
    // The client reads the answer before it sees that the connection ends.
    let _ = wire.socket().shutdown(Shutdown::Write);
    Ok(())
}

fn read_request(wire: &mut impl Wire, host: &str) -> io::Result<Option<Request>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let length = wire.read(&mut buffer)?;
        if length == 0 {
            return Ok(None);
        }
        bytes.extend_from_slice(&buffer[..length]);
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut parsed = httparse::Request::new(&mut headers);
        let Ok(status) = parsed.parse(&bytes) else {
            // As Go's server answers a TLS greeting on a plain port; a client tells from it what it is talking to.
            wire.write_all(
                b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n400 Bad Request",
            )?;
            return Ok(None);
        };
        let httparse::Status::Complete(head) = status else { continue };
        let header = |name: &str| {
            let header = parsed.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
            header.map(|header| String::from_utf8_lossy(header.value).into_owned())
        };
        let body: usize = header("Content-Length").and_then(|length| length.parse().ok()).unwrap_or(0);
        if bytes.len() < head + body {
            continue;
        }
        let target = parsed.path.unwrap_or("/");
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        return Ok(Some(Request {
            host: host.to_owned(),
            method: parsed.method.unwrap_or("GET").to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            accept: header("Accept"),
            authorization: header("Authorization"),
            body: String::from_utf8_lossy(&bytes[head..head + body]).into_owned(),
        }));
    }
}

fn write_answer(wire: &mut impl Wire, request: &Request, answer: &Answer) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {} {}\r\nConnection: close\r\n", answer.status, reason(answer.status));
    for (name, value) in &answer.headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("Content-Length: {}\r\n\r\n", answer.body.len());
    wire.write_all(head.as_bytes())?;
    if request.method == "HEAD" {
        return wire.flush();
    }
    match answer.delivery {
        Delivery::Whole => wire.write_all(&answer.body)?,
        Delivery::EndsAt(length) => wire.write_all(&answer.body[..length.min(answer.body.len())])?,
        Delivery::ResetAt(length) => {
            wire.write_all(&answer.body[..length.min(answer.body.len())])?;
            wire.flush()?;
            // What is still on its way would be thrown away with the reset, and the client would see no transfer at all.
            thread::sleep(Duration::from_millis(300));
        }
        Delivery::StallsAt(length) => {
            wire.write_all(&answer.body[..length.min(answer.body.len())])?;
            wire.flush()?;
            thread::sleep(SILENCE);
        }
        Delivery::Slowly => {
            for chunk in answer.body.chunks(CHUNK) {
                wire.write_all(chunk)?;
                wire.flush()?;
                thread::sleep(Duration::from_millis(160));
            }
        }
    }
    wire.flush()
}

/// CONNECT, and the ways in which proxies refuse it. What is refused depends on the host asked for.
fn proxy(faults: &Arc<Faults>, stream: TcpStream) -> io::Result<()> {
    let mut stream = stream;
    let Some(request) = read_request(&mut stream, "")? else { return Ok(()) };
    let host = request.path.split(':').next().unwrap_or_default().to_owned();
    let refuse = |mut stream: TcpStream, status: u16, more: &str| {
        write!(stream, "HTTP/1.1 {status} {}\r\n{more}Content-Length: 0\r\nConnection: close\r\n\r\n", reason(status))
    };
    let kind = match faults.kind(&host) {
        Some(Kind::ProxyForbids) => return refuse(stream, 403, ""),
        Some(Kind::ProxyWantsPassword) => return refuse(stream, 407, "Proxy-Authenticate: Basic realm=\"proxy\"\r\n"),
        Some(Kind::ProxyOverloaded) => return refuse(stream, 503, ""),
        Some(Kind::ProxyHangsUp) => return Ok(()),
        Some(kind) if request.method == "CONNECT" => kind,
        Some(_) => return refuse(stream, 405, ""),
        None => return refuse(stream, 502, ""),
    };
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    // Whoever is asked for through the proxy is one of our own hosts: no need to dial.
    tls(faults, stream, &host, kind)
}

fn after_first_bytes(mut stream: &TcpStream) -> io::Result<()> {
    let mut buffer = [0; 2048];
    stream.read(&mut buffer).map(|_| ())
}

fn reset(stream: &TcpStream) -> io::Result<()> {
    SockRef::from(stream).set_linger(Some(Duration::ZERO))?;
    // With linger 0 the close that follows sends RST instead of FIN.
    Ok(())
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        407 => "Proxy Authentication Required",
        410 => "Gone",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Unknown",
    }
}
