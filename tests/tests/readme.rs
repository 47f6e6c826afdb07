//! README.md keeps its word: every command in it is run, or held against the program; its Role and its picture are the real ones.

use imagepull_tests::program::Program;
use imagepull_tests::repository::{blocks, read, root};

fn commands(page: &str) -> Vec<String> {
    blocks(page, "sh")
        .iter()
        .flat_map(|block| block.lines().map(str::trim))
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

/// Runs the arguments of our program, as they stand in a page of the repository.
fn run(arguments: &str, input: Option<&str>) -> imagepull_tests::program::Ended {
    let examples = format!("{}/examples/", root().display());
    let program = Program::new(&arguments.replace("examples/", &examples)).env("COLUMNS", "112");
    match input {
        Some(input) => program.input(input).run(),
        None => program.run(),
    }
}

/// Whether a command reads a text of the repository, or the catalogue: then it has to answer. Others ask a cluster.
fn is_offline(arguments: &str) -> bool {
    arguments.contains("-f examples/")
        || arguments.starts_with("explain ")
        || arguments == "causes"
        || arguments.ends_with(" -")
}

fn check(command: &str) {
    if let Some(verb) = command.strip_prefix("cargo xtask ") {
        let verb = verb.split(' ').next().expect("a verb");
        let known = ["test", "docs", "new-cause", "new-case", "score", "lab", "web", "dist", "api"];
        assert!(known.contains(&verb) && read("xtask/src/main.rs").contains(&format!("\"{verb}\" =>")), "{command}");
        return;
    }
    if let Some(package) = command.strip_prefix("cargo install --locked --path ") {
        assert!(root().join(package).join("src/main.rs").exists(), "{command}");
        return;
    }
    if command.starts_with("cargo test ") {
        return;
    }
    if let Some(krew) = command.strip_prefix("kubectl krew ") {
        // krew.rs runs them, with an index on this machine.
        let test = read("tests/tests/krew.rs");
        let verbs: Vec<&str> = krew.split(' ').take_while(|word| !word.contains("imagepull")).collect();
        assert!(test.contains(&format!("\"krew\", \"{}\"", verbs.join("\", \""))), "{command}");
        return;
    }
    if command == "kubectl imagepull completion install" {
        // api_server.rs runs it as kubectl needs it; here it must not write into a folder of this machine.
        let folder = imagepull_tests::folder::Folder::new();
        let ended = Program::new("completion install --to").arg(folder.path()).run().answered();
        assert!(ended.stdout.contains("kubectl_complete-imagepull"));
        return;
    }
    let ours = command
        .rsplit("kubectl imagepull ")
        .next()
        .filter(|ours| *ours != command)
        .or_else(|| command.strip_prefix("cargo run -- "));
    let ours = ours.unwrap_or_else(|| panic!("nobody checks this command: {command}"));
    let arguments = ours.split(" > ").next().expect("a command");
    let piped = arguments.ends_with(" -").then(|| read("examples/private-registry.txt"));
    let ended = run(arguments, piped.as_deref());
    if is_offline(arguments) {
        assert_eq!(ended.code, Some(0), "{command}: {ended:?}");
        assert!(!ended.stdout.trim().is_empty(), "{command}");
    } else {
        // There is no cluster in this environment: it must be that, and not the command line.
        assert_eq!(ended.code, Some(1), "{command}: {ended:?}");
        assert!(ended.stderr.starts_with("error: "), "{command}: {}", ended.stderr);
    }
}

#[test]
fn every_command_of_the_pages_does_what_it_should() {
    let mut count = 0;
    for page in ["README.md", "CONTRIBUTING.md"] {
        for command in commands(&read(page)) {
            check(&command);
            count += 1;
        }
    }
    assert!(count > 15, "{count} commands");
}

#[test]
fn the_two_first_commands_are_the_main_job_and_all_tests() {
    let readme = read("README.md");
    let first = commands(&readme);
    assert_eq!(first[..2], ["cargo run -- why -f examples/private-registry.txt", "cargo xtask test"]);
    // `cargo run` without a package is the plugin, and CI runs the second
    assert!(read("Cargo.toml").contains("default-members = [\"kubectl-imagepull\"]"));
    assert!(read(".ci/run").contains("cargo xtask test"));
}

#[test]
fn the_picture_is_what_the_program_prints() {
    let svg = read("docs/why.svg");
    let rows = svg.split("<text ").skip(1).map(|row| {
        let row = row.split("</text>").next().expect("a row");
        row.split("<tspan")
            .skip(1)
            .map(|run| run.split_once('>').expect("a tag").1.split("</tspan>").next().expect("its words"))
            .collect::<String>()
    });
    let unescape =
        |row: String| row.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    let shown: Vec<String> = rows.map(unescape).collect();
    assert_eq!(shown[0], "$ kubectl describe pod web-5d9c7b8f64-x2xkq -n shop | kubectl imagepull why -");
    let ended = run("why -", Some(&read("examples/private-registry.txt"))).answered();
    // The picture's terminal breaks long lines; the words are the same.
    let without_breaks = |text: &str| text.chars().filter(|c| *c != '\n').collect::<String>().replace(' ', "");
    assert_eq!(without_breaks(&shown[1..].concat()), without_breaks(&ended.stdout));
}

#[test]
fn the_role_in_the_readme_is_the_file_and_reads_only() {
    let role = read("docs/role.yaml");
    assert_eq!(blocks(&read("README.md"), "yaml"), std::slice::from_ref(&role));
    let verbs: Vec<&str> = role.lines().filter_map(|line| line.trim().strip_prefix("verbs: ")).collect();
    assert!(verbs.len() >= 5 && verbs.iter().all(|verbs| ["[get]", "[get, list]"].contains(verbs)), "{verbs:?}");
    assert!(!role.contains('*'));
}

#[test]
fn every_example_is_answered_as_its_name_says() {
    for (example, wanted) in [
        ("private-registry.txt", "credentials-missing"),
        ("rate-limited-events.txt", "registry-rate-limited"),
        ("private-ca-kubelet.log", "tls-unknown-authority"),
        ("wrong-platform-pod.yaml", "platform-not-available"),
        ("bundle.json", "pull-secret-not-attached"),
    ] {
        let report = run(&format!("why -f examples/{example} -o json"), None).answered().json();
        assert_eq!(report["findings"][0]["diagnoses"][0]["cause"], wanted, "{example}");
    }
    let silent = run("why -f examples/crash-loop.txt -o json --exit-code", None).answered().json();
    assert_eq!(silent["findings"].as_array().map(Vec::len), Some(0));
    assert_ne!(silent["notes"].as_array().map(Vec::len), Some(0));
    let examples = std::fs::read_dir(root().join("examples")).expect("examples").count();
    assert_eq!(examples, 6, "an example without a line in this test");
}

#[test]
fn links_between_pages_lead_somewhere() {
    for page in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "RELEASING.md"] {
        let text = read(page);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().expect("a link");
            assert!(
                link.starts_with("https://") || file.is_empty() || root().join(file).exists(),
                "{page} links to {link}"
            );
        }
    }
}
