//! The lab's name server: A records for the hosts it knows, and four ways of not answering.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::thread;

use super::{Faults, Kind, NAME_SERVER, REFUSING, UNREACHABLE, VANISHING};
use crate::Result;

const NO_ERROR: u8 = 0;
const SERVER_FAILURE: u8 = 2;
const NAME_ERROR: u8 = 3;
const REFUSED: u8 = 5;
const TYPE_A: u16 = 1;

pub fn start(faults: Arc<Faults>) -> Result<()> {
    let socket = UdpSocket::bind((NAME_SERVER, 53))?;
    thread::spawn(move || {
        let mut buffer = [0; 1500];
        while let Ok((length, client)) = socket.recv_from(&mut buffer) {
            if let Some(reply) = buffer.get(..length).and_then(|query| answer(&faults, query)) {
                let _ = socket.send_to(&reply, client);
            }
        }
    });
    Ok(())
}

/// `None`: says nothing.
fn answer(faults: &Arc<Faults>, query: &[u8]) -> Option<Vec<u8>> {
    let (name, end) = question(query)?;
    let kind_of_record = u16::from_be_bytes([*query.get(end)?, *query.get(end + 1)?]);
    let (code, address) = match faults.kind(&name) {
        None | Some(Kind::DnsUnknown) => (NAME_ERROR, None),
        Some(Kind::DnsServfail) => (SERVER_FAILURE, None),
        Some(Kind::DnsRefused) => (REFUSED, None),
        Some(Kind::DnsSilent) => return None,
        Some(_) if kind_of_record != TYPE_A => (NO_ERROR, None),
        Some(Kind::Refused) => (NO_ERROR, Some(REFUSING)),
        Some(Kind::BlackHole) => (NO_ERROR, Some(VANISHING)),
        Some(Kind::NoRoute) => (NO_ERROR, Some(UNREACHABLE)),
        Some(_) => (NO_ERROR, Some(faults.address(&name).ok()?)),
    };
    Some(reply(query, end + 4, code, address))
}

/// The name that is asked for, and where it ends.
fn question(query: &[u8]) -> Option<(String, usize)> {
    let mut at = 12;
    let mut labels = Vec::new();
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        labels.push(String::from_utf8_lossy(query.get(at..at + length)?).to_lowercase());
        at += length;
    }
}

fn reply(query: &[u8], end_of_question: usize, code: u8, address: Option<Ipv4Addr>) -> Vec<u8> {
    let mut reply = Vec::from(&query[..2]);
    let answers = u8::from(address.is_some());
    // Response, recursion desired and available; one question, no further records.
    reply.extend([0x81, 0x80 | code, 0, 1, 0, answers, 0, 0, 0, 0]);
    reply.extend(&query[12..end_of_question]);
    if let Some(address) = address {
        // Points to the question's name; A, IN; lives for 0 s, so that healing a host is seen at once.
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        reply.extend(address.octets());
    }
    reply
}
