//! The JSON contract: every report fits the committed schema, and the schema knows every field of every report.

use imagepull_classifier::{Options, diagnose, diagnose_all, render};
use serde_json::{Value, json};
use std::path::Path;

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn schema() -> Value {
    serde_json::from_str(&file("classifier/schema/report.schema.json")).expect("the schema is JSON")
}

/// The schema as our own output has to keep it: no field that it does not name. (Others must allow for new ones.)
fn closed(mut schema: Value) -> Value {
    fn close(node: &mut Value) {
        match node {
            Value::Object(fields) => {
                fields.values_mut().for_each(close);
                if fields.contains_key("properties") {
                    fields.insert("additionalProperties".to_owned(), Value::Bool(false));
                }
            }
            Value::Array(items) => items.iter_mut().for_each(close),
            _ => {}
        }
    }
    close(&mut schema);
    schema
}

fn texts() -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for name in ["cases.jsonl", "recordings.jsonl"] {
        for line in file(&format!("tests/corpus/{name}")).lines() {
            let labelled: Value = serde_json::from_str(line).expect("JSON");
            let of = |key: &str| labelled[key].as_str().expect("a text").to_owned();
            texts.push((of("id"), of("text")));
        }
    }
    assert!(texts.len() > 600);
    texts
}

#[test]
fn every_report_fits_the_schema_and_has_no_field_that_it_does_not_name() {
    let validator = jsonschema::validator_for(&closed(schema())).expect("a JSON Schema");
    let check = |id: &str, report: &str| {
        let report: Value = serde_json::from_str(report).expect("a report is JSON");
        let errors: Vec<String> =
            validator.iter_errors(&report).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{id}:\n{}", errors.join("\n"));
        report
    };
    let (mut notes, mut groups, mut settled) = (0, 0, 0);
    for (id, text) in texts() {
        let report = check(&id, &render::json::json(&diagnose(&text, &Options::default())));
        notes += report["notes"].as_array().map_or(0, Vec::len);
        groups += report["groups"].as_array().map_or(0, Vec::len);
    }
    // what only facts of a cluster fill
    let bundle = include_str!("../../examples/bundle.json");
    let report = check(
        "examples/bundle.json",
        &render::json::json(&diagnose_all(&[bundle, "noise"], &Options { now: Some(1_780_000_000) })),
    );
    for finding in report["findings"].as_array().expect("a list") {
        settled += usize::from(!finding["diagnoses"][0]["settled_from"].is_null());
        assert!(finding["looked_at"].as_array().is_some_and(|list| !list.is_empty()), "{finding:#}");
        assert!(finding["not_read"].as_array().is_some_and(|list| !list.is_empty()), "{finding:#}");
    }
    assert!(notes > 0 && groups > 0 && settled > 0, "the texts do not reach every part: {notes} {groups} {settled}");
}

#[test]
fn absent_values_are_null_and_not_left_out() {
    let report: Value =
        serde_json::from_str(&render::json::json(&diagnose("Error: ImagePullBackOff", &Options::default())))
            .expect("JSON");
    assert_eq!(report["collected_at"], Value::Null);
    let finding = report["findings"][0].as_object().expect("a finding");
    let wanted = schema()["$defs"]["finding"]["required"].clone();
    for field in wanted.as_array().expect("a list").iter().filter_map(Value::as_str) {
        assert!(finding.contains_key(field), "{field} is left out");
    }
    assert_eq!(finding["pod"], Value::Null);
    assert_eq!(finding["place"], json!({"registry": null, "cluster": null, "runtime": null}));
}

#[test]
fn the_schema_refuses_what_is_no_report() {
    let validator = jsonschema::validator_for(&schema()).expect("a JSON Schema");
    let good: Value =
        serde_json::from_str(&render::json::json(&diagnose("Error: ImagePullBackOff", &Options::default())))
            .expect("JSON");
    assert!(validator.is_valid(&good));
    let mut without = good.clone();
    without["findings"][0].as_object_mut().expect("a finding").remove("pod");
    assert!(!validator.is_valid(&without), "a field may not be left out");
    let mut odd = good.clone();
    odd["findings"][0]["diagnoses"][0]["confidence"] = json!("sure");
    assert!(!validator.is_valid(&odd), "there are three words for how sure");
    // a program of tomorrow may say more
    let mut more = good;
    more["findings"][0]["something_new"] = json!(1);
    assert!(validator.is_valid(&more));
}

#[test]
fn every_object_of_the_schema_requires_all_its_fields_and_says_what_they_are() {
    fn walk(node: &Value, at: &str) {
        if let Some(properties) = node["properties"].as_object() {
            let required: Vec<&str> =
                node["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            for (name, property) in properties {
                assert!(required.contains(&name.as_str()), "{at}.{name} may be left out");
                assert!(
                    property.get("description").is_some() || property.get("$ref").is_some(),
                    "{at}.{name} is not described"
                );
            }
        }
        match node {
            Value::Object(fields) => fields.iter().for_each(|(name, inner)| walk(inner, &format!("{at}/{name}"))),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(index, inner)| walk(inner, &format!("{at}/{index}")))
            }
            _ => {}
        }
    }
    walk(&schema(), "");
}
