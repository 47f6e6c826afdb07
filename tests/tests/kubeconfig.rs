//! Kubeconfig files as kubectl reads them, and credential plugins.

use imagepull_tests::fake_api::{FakeApi, kubeconfig};
use imagepull_tests::program::Program;
use std::time::Duration;

/// Asks for every failing pod of the namespace: an empty cluster answers.
const ASK: &str = "why -o json --request-timeout 5s";

fn with(text: &str) -> Program {
    with_arguments(ASK, text)
}

fn with_arguments(arguments: &str, text: &str) -> Program {
    let program = Program::new(arguments);
    let file = program.home().write("config", text);
    program.env("KUBECONFIG", file)
}

#[test]
fn the_default_file_is_in_the_home() {
    let api = FakeApi::serve(Vec::new());
    let program = Program::new(ASK);
    program.home().write(".kube/config", kubeconfig(api.address(), ""));
    program.run().answered();
    assert!(!api.requests().is_empty());
}

#[test]
fn missing_files_of_a_list_are_skipped() {
    let api = FakeApi::serve(Vec::new());
    let program = Program::new(ASK);
    let file = program.home().write("config", kubeconfig(api.address(), ""));
    let list =
        std::env::join_paths([program.home().path().join("gone"), file, "/nowhere/at/all".into()]).expect("a list");
    program.env("KUBECONFIG", list).run().answered();
}

#[test]
fn the_first_file_wins_and_an_unset_context_does_not() {
    let (first, second) = (FakeApi::serve(Vec::new()), FakeApi::serve(Vec::new()));
    let program = Program::new(ASK);
    let a = program
        .home()
        .write("a", kubeconfig(first.address(), "").replace("current-context: test", "current-context: \"\""));
    let b = program.home().write("b", kubeconfig(second.address(), ""));
    program.env("KUBECONFIG", std::env::join_paths([a, b]).expect("a list")).run().answered();
    assert!(!first.requests().is_empty());
    assert!(second.requests().is_empty());
}

#[test]
fn without_any_file_the_text_way_is_named() {
    Program::new(ASK).run().failed(&["no cluster to ask", ".kube/config", "kubectl imagepull why -"]);
    Program::new(ASK).env("KUBECONFIG", "/nowhere/a").run().failed(&["/nowhere/a"]);
    Program::new(ASK).arg("--kubeconfig=/nowhere/b").run().failed(&["/nowhere/b does not exist"]);
    Program::new(ASK).env("KUBECONFIG", "").run().failed(&["no cluster to ask"]);
}

#[test]
fn names_that_the_file_lacks_are_told_with_those_it_has() {
    let file = kubeconfig("http://127.0.0.1:1", "");
    with(&file).arg("--context=nope").run().failed(&["no context `nope`", "It has: test"]);
    with(&file).arg("--cluster=nope").run().failed(&["no cluster `nope`", "It has: test"]);
    with(&file).arg("--user=nope").run().failed(&["no user `nope`", "It has: test"]);
    with(&file.replace("current-context: test", "")).run().failed(&["no current context", "--context", "test"]);
    with(&file.replace("server: ", "other: ")).run().failed(&["no `server`"]);
    with("").run().failed(&["no cluster to ask"]);
}

#[test]
fn flags_win_over_the_file() {
    let api = FakeApi::serve(Vec::new());
    let elsewhere = kubeconfig("http://127.0.0.1:1", "    token: FILE-TOKEN\n");
    with(&elsewhere)
        .arg("--server")
        .arg(api.address())
        .arg("--token=FLAG-TOKEN")
        .arg("-n")
        .arg("vault")
        .run()
        .answered();
    for request in api.requests() {
        assert_eq!(request.header("authorization"), "Bearer FLAG-TOKEN");
        assert!(request.path.contains("/namespaces/vault/"), "{request:?}");
    }
    // `--server` alone is enough.
    Program::new(ASK).arg("--server").arg(api.address()).run().answered();
    let program = with_arguments(ASK, &kubeconfig(api.address(), "").replace("current-context: test", ""));
    program.arg("--context=test").run().answered();
    let program = with_arguments(ASK, &kubeconfig(api.address(), "").replace("current-context: test", ""));
    program.arg("--cluster=test").run().answered();
}

#[test]
fn a_broken_file_is_named_and_not_quoted() {
    let broken = "users:\n- name: x\n  user:\n    token: CANARY-TOKEN\n   bad: [CANARY-MORE\n";
    let ended = with(broken).run().failed(&["is not valid YAML"]);
    assert!(!ended.stderr.contains("CANARY"), "{}", ended.stderr);
    let ended = with("users:\n- name: x\n  user: CANARY-USER\n").run().failed(&["config"]);
    assert!(!ended.stderr.contains("CANARY"), "{}", ended.stderr);
    let bad_data = "    client-certificate-data: Q0FOQVJZ!\n    client-key-data: CANARY-KEY\n";
    let ended = with(&kubeconfig("https://127.0.0.1:1", bad_data)).run().failed(&["cannot be used"]);
    assert!(!ended.stderr.contains("CANARY"), "{}", ended.stderr);
}

#[test]
fn a_token_file_is_read_relative_to_the_kubeconfig() {
    let api = FakeApi::serve(Vec::new());
    let program = Program::new(ASK);
    let file = program.home().write("sub/config", kubeconfig(api.address(), "    token: OLD\n    tokenFile: token\n"));
    program.home().write("sub/token", "FROM-FILE\n");
    program.env("KUBECONFIG", file).run().answered();
    assert_eq!(api.requests()[0].header("authorization"), "Bearer FROM-FILE");
}

#[test]
fn impersonation_of_the_file_is_kept() {
    let api = FakeApi::serve(Vec::new());
    with(&kubeconfig(api.address(), "    as: ann\n    as-groups: [dev, ops]\n")).run().answered();
    assert_eq!(api.requests()[0].header("impersonate-user"), "ann");
    assert_eq!(api.requests()[0].header("impersonate-group"), "dev,ops");
}

#[cfg(unix)]
mod plugins {
    use super::*;

    fn exec(script: &str, more: &str) -> String {
        format!(
            "    exec:\n      apiVersion: client.authentication.k8s.io/v1\n      command: sh\n      args: [\"-c\", {script:?}]\n      interactiveMode: Never\n{more}"
        )
    }

    #[test]
    fn a_credential_plugin_gives_the_token() {
        let api = FakeApi::serve(Vec::new());
        let script = r#"echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"PLUGIN-TOKEN"}}'"#;
        with(&kubeconfig(api.address(), &exec(script, ""))).run().answered();
        assert_eq!(api.requests()[0].header("authorization"), "Bearer PLUGIN-TOKEN");
    }

    #[test]
    fn a_plugin_that_fails_says_why_and_shows_no_credential() {
        let script = "echo CANARY-TOKEN; echo 'Your session has expired' >&2; exit 3";
        let ended = with(&kubeconfig("http://127.0.0.1:1", &exec(script, ""))).run();
        let ended =
            ended.failed(&["credential plugin `sh` failed (exit code 3)", "Your session has expired", "Log in again"]);
        assert!(!ended.stderr.contains("CANARY"), "{}", ended.stderr);
        let ended = with(&kubeconfig("http://127.0.0.1:1", &exec("echo CANARY-TOKEN", "")))
            .run()
            .failed(&["printed no credential"]);
        assert!(!ended.stderr.contains("CANARY"), "{}", ended.stderr);
    }

    #[test]
    fn a_plugin_that_is_not_installed_is_named_with_its_hint() {
        let user = "    exec:\n      apiVersion: client.authentication.k8s.io/v1\n      command: no-such-login\n      installHint: brew install no-such-login\n";
        let ended = with(&kubeconfig("http://127.0.0.1:1", user)).run();
        ended.failed(&["credential plugin `no-such-login` is not installed", "brew install no-such-login"]);
    }

    #[test]
    fn a_plugin_that_hangs_is_left_at_the_deadline() {
        let program = with_arguments(
            "why --request-timeout 500ms",
            &kubeconfig("http://127.0.0.1:1", &exec("exec sleep 20", "")),
        );
        let ended = program.run();
        assert!(ended.time < Duration::from_secs(5), "{:?}", ended.time);
        ended.failed(&["credential plugin `sh` did not answer within 500ms"]);
    }
}

#[test]
fn a_proxy_is_used_and_named() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let file = kubeconfig("https://api.example.test:6443", "")
        .replace("    server:", &format!("    proxy-url: http://{gone}\n    server:"));
    with(&file).run().failed(&["api.example.test:6443", &format!("through the proxy http://{gone}")]);
    let file = file.replace("proxy-url: http:", "proxy-url: gopher:");
    with(&file).run().failed(&["proxy", "of a kind that is not known"]);
}
