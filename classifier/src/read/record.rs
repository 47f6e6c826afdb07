//! A record: one thing that was said, before anybody asks what it means.

use crate::observations::{Source, Subject, When};
use crate::text::Text;

/// One event, status, log line, or paragraph of a chat.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The words, cleaned. Line ends inside are those of the input: perhaps the message's own, perhaps a terminal's.
    pub text: Text,
    /// When.
    pub when: When,
    /// What kind of record.
    pub source: Source,
    /// The event's reason (`Failed`), or the waiting state's, or the word before the message.
    pub reason: Option<String>,
    /// Whose it is, as far as the record itself says.
    pub subject: Subject,
    /// Which pod description, table or object it stands in: records of one section are about one pod.
    pub section: usize,
    /// Whether something nearby (a `docker pull` above it) says that this is about a pull, where its own words do not.
    pub pull_context: bool,
}

/// Seconds of an age as kubectl prints it: `83s`, `2m53s`, `5h10m`, `3d4h`, `2y10d`. `None` for `<unknown>` and other words.
///
/// Source: k8s.io/apimachinery/pkg/util/duration, HumanDuration.
pub fn age(text: &str) -> Option<u64> {
    let mut seconds = 0u64;
    let mut number: Option<u64> = None;
    let mut any = false;
    for b in text.bytes() {
        match b {
            b'0'..=b'9' => number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(u64::from(b - b'0'))?),
            unit => {
                let scale = match unit {
                    b's' => 1,
                    b'm' => 60,
                    b'h' => 3600,
                    b'd' => 86_400,
                    b'y' => 31_536_000,
                    _ => return None,
                };
                seconds = seconds.checked_add(number.take()?.checked_mul(scale)?)?;
                any = true;
            }
        }
    }
    (any && number.is_none()).then_some(seconds)
}

/// Seconds since 1970 of an RFC 3339 time (`2026-11-21T09:49:45Z`, also with fractions and offsets, and with a blank for `T`).
pub fn rfc3339(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    if bytes.get(4) != Some(&b'-') || bytes.get(7) != Some(&b'-') || !matches!(bytes.get(10), Some(b'T' | b' ' | b't'))
    {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut at = 19;
    if bytes.get(at) == Some(&b'.') {
        at += 1;
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
    }
    let rest = text[at..].trim_start();
    let offset = match rest.as_bytes().first() {
        Some(sign @ (b'+' | b'-')) => {
            let digits: String = rest[1..].chars().filter(char::is_ascii_digit).take(4).collect();
            let value = digits.get(0..2)?.parse::<i64>().ok()? * 3600 + digits.get(2..4)?.parse::<i64>().ok()? * 60;
            if *sign == b'+' { value } else { -value }
        }
        _ => 0,
    };
    Some(days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset)
}

/// Days since 1970-01-01 in the Gregorian calendar (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_as_kubectl_prints_them() {
        let check = |text: &str, seconds: Option<u64>| assert_eq!(age(text), seconds, "{text}");
        check("83s", Some(83));
        check("2m53s", Some(173));
        check("3d4h", Some(273_600));
        check("<unknown>", None);
        check("12", None);
        check("kubelet", None);
        check("99999999999999999999s", None);
    }

    #[test]
    fn times_of_objects_and_logs() {
        assert_eq!(rfc3339("1970-01-02T00:00:01Z"), Some(86_401));
        assert_eq!(rfc3339("2026-11-21T09:49:45.123+01:00"), rfc3339("2026-11-21T08:49:45Z"));
        assert_eq!(rfc3339("2024-02-29 12:00:00 -0700"), rfc3339("2024-02-29T19:00:00Z"));
        assert_eq!(rfc3339("2024-13-01T00:00:00Z"), None);
        assert_eq!(rfc3339("11:09:23"), None);
    }
}
