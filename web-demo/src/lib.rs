//! The classifier for the browser: text in, JSON text out. Everything that decides stands in `imagepull-classifier`; this crate
//! adds what only JavaScript needs, places in UTF-16 code units.

use imagepull_classifier::report::{Evidence, Report};
use imagepull_classifier::{Options, redact, render};
use wasm_bindgen::prelude::wasm_bindgen;

/// Diagnoses `input` and returns the report as JSON: the document of `kubectl imagepull why -o json`, with `spans_utf16` filled.
///
/// `now` is the time in seconds since 1970 (`Date.now() / 1000`); what is no number counts as not known.
#[wasm_bindgen]
pub fn diagnose(input: &str, now: f64) -> String {
    render::json::json(&report(input, now))
}

/// The same diagnosis as Markdown, for a ticket.
#[wasm_bindgen]
pub fn markdown(input: &str, now: f64) -> String {
    render::markdown::markdown(&report(input, now))
}

/// `input` with every name of the user's world (registries, images, namespaces, pods, nodes, addresses) replaced by another of the
/// same kind, the same by the same; the answer stays.
#[wasm_bindgen]
pub fn mask_names(input: &str) -> String {
    redact::mask_names(input)
}

fn report(input: &str, now: f64) -> Report {
    // Beyond 2^53 a number of seconds is no time.
    let now = (now.is_finite() && now.abs() < 9e15).then_some(now as i64);
    let mut report = imagepull_classifier::diagnose(input, &Options { now });
    let evidence =
        report.findings.iter_mut().flat_map(|finding| &mut finding.diagnoses).flat_map(|one| &mut one.evidence);
    fill_utf16(input, evidence);
    report
}

/// Converts all spans in one walk over the input, however many there are.
fn fill_utf16<'a>(input: &str, evidence: impl Iterator<Item = &'a mut Evidence>) {
    let evidence: Vec<&mut Evidence> = evidence.filter(|one| one.input.is_some()).collect();
    let mut places: Vec<usize> = evidence.iter().flat_map(|one| &one.spans).flatten().copied().collect();
    places.sort_unstable();
    places.dedup();
    let (mut bytes, mut units) = (0, 0);
    let table: Vec<(usize, usize)> = places
        .into_iter()
        .map(|place| {
            let upto = (0..=place.min(input.len())).rev().find(|&at| input.is_char_boundary(at)).unwrap_or(0);
            let stretch = input.get(bytes..upto).unwrap_or_default();
            units += if stretch.is_ascii() { stretch.len() } else { stretch.encode_utf16().count() };
            bytes = bytes.max(upto);
            (place, units)
        })
        .collect();
    let at = |place: usize| table.binary_search_by_key(&place, |entry| entry.0).map_or(0, |index| table[index].1);
    for one in evidence {
        one.spans_utf16 = one.spans.iter().map(|&[start, end]| [at(start), at(end)]).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(input: &str) -> Vec<String> {
        let units: Vec<u16> = input.encode_utf16().collect();
        let report = report(input, f64::NAN);
        let evidence = report.findings.iter().flat_map(|finding| &finding.diagnoses).flat_map(|one| &one.evidence);
        let mut found = Vec::new();
        for one in evidence {
            assert_eq!(one.spans.len(), one.spans_utf16.len());
            for (bytes, utf16) in one.spans.iter().zip(&one.spans_utf16) {
                let by_units = String::from_utf16(&units[utf16[0]..utf16[1]]).expect("a span cuts no pair");
                assert_eq!(by_units, input[bytes[0]..bytes[1]]);
                found.push(by_units);
            }
        }
        found
    }

    #[test]
    fn spans_in_utf16_name_the_same_words_after_characters_of_every_width() {
        let event =
            "Failed to pull image \"redis:7\": rpc error: toomanyrequests: You have reached your pull rate limit.";
        for before in ["", "Größe\n", "日本語 — “quoted”\n", "🐳🐳 ship it 🐳\n", "e\u{301}\u{202e}\u{feff}\n"]
        {
            let found = words(&format!("{before}{event}\n{before}"));
            assert!(!found.is_empty(), "nothing was found after {before:?}");
        }
    }

    #[test]
    fn a_time_that_is_no_time_is_not_known() {
        for now in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
            assert_eq!(diagnose("", now), diagnose("", f64::NAN));
        }
    }
}
