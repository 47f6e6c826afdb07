//! What was recorded on a real node gives the same answer through an API server as from a file: nothing that decides is stripped.

use imagepull_tests::fake_api::{FakeApi, forbidden};
use imagepull_tests::program::Program;
use imagepull_tests::recordings::{answers, recordings};
use std::collections::BTreeSet;

#[test]
fn recordings_give_the_same_answer_through_an_api_server() {
    let mut wrong = Vec::new();
    for recording in recordings() {
        let from_file = Program::new("why -o json -f").arg(&recording.file).run().answered().json();
        // What was not recorded is not known, which is not the same as not there.
        let kinds =
            recording.objects.iter().filter_map(|object| Some(format!("{}s", object["kind"].as_str()?.to_lowercase())));
        let recorded: BTreeSet<String> = kinds.collect();
        let api = FakeApi::with(recording.objects.clone(), move |request| {
            let known = request.path.split('/').any(|part| recorded.contains(part));
            (!known).then(|| forbidden(request))
        });
        let live = api.program(&recording.question()).run().answered().json();
        api.requests();
        if answers(&live) != answers(&from_file) {
            wrong.push(format!(
                "{}: {:?}, from the file {:?}",
                recording.file.display(),
                answers(&live),
                answers(&from_file)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
