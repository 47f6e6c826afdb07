//! The classifier's keyring against the kubelet's own code: `tests/keyring/oracle` is a small Go program that asks
//! k8s.io/kubernetes v1.36.3; both must give the same candidates in the same order and the same error texts.
//!
//! Without Go only the committed answers (`tests/keyring/vectors.jsonl`) are checked, and the skipped part says so.
//! `UPDATE_EXPECT=1` writes that file anew.

use std::io::Write;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use imagepull_classifier::keyring::{self, Keyring};
use imagepull_classifier::read::tree;
use imagepull_classifier::secret_facts::{Credential, SecretFacts};
use imagepull_classifier::text::Text;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// Random vectors that are asked when Go is there.
const RANDOM: usize = 100_000;
/// Of those, so many are kept in the committed file.
const COMMITTED: usize = 200;

#[test]
fn committed_answers_of_the_kubelet_are_ours() {
    let text = std::fs::read_to_string(vectors_file()).expect("tests/keyring/vectors.jsonl is committed");
    let vectors: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("a vector a line")).collect();
    assert!(vectors.len() > COMMITTED, "only {} vectors", vectors.len());
    for vector in &vectors {
        compare(vector, &vector["answer"], facts_of);
        compare(vector, &vector["answer"], through_a_bundle);
    }
}

#[test]
fn the_kubelets_own_code_agrees() {
    let Some(oracle) = Oracle::build() else { return };
    let mut vectors = written_vectors();
    let mut random = Random(0x1234_5678_9abc_def0);
    vectors.extend((0..RANDOM).map(|_| random_vector(&mut random)));
    let answers = oracle.ask(&vectors);
    for (vector, answer) in vectors.iter().zip(&answers) {
        compare(vector, answer, facts_of);
    }

    // vectors that all say "no match" would prove nothing
    let share = |holds: fn(&Value) -> bool| answers.iter().filter(|answer| holds(answer)).count() * 100 / answers.len();
    let kinds = [
        ("errors", share(|answer| answer["error"].is_string())),
        ("one candidate", share(|answer| answer["candidates"].as_array().is_some_and(|list| list.len() == 1))),
        ("several candidates", share(|answer| answer["candidates"].as_array().is_some_and(|list| list.len() > 1))),
        ("no candidate", share(|answer| answer["candidates"].as_array().is_some_and(Vec::is_empty))),
        ("no image", share(|answer| answer["image"] == false)),
        ("pattern matches", share(|answer| answer["matches"] == true)),
        ("pattern does not match", share(|answer| answer["matches"] == false)),
    ];
    for (kind, percent) in kinds {
        assert!(percent >= 1, "{kind}: {percent} % ({kinds:?})");
    }

    let kept = written_vectors().len() + COMMITTED;
    let lines: String = vectors.iter().zip(&answers).take(kept).map(|(vector, answer)| line(vector, answer)).collect();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(vectors_file(), &lines).expect("write tests/keyring/vectors.jsonl");
    }
    // compared as sets of candidates: the kubelet's order of equal keys in one secret is random
    let committed = std::fs::read_to_string(vectors_file()).unwrap_or_default();
    let unordered = |lines: &str| -> Vec<Value> {
        lines.lines().map(|line| sorted(serde_json::from_str(line).expect("a vector a line"))).collect()
    };
    assert!(unordered(&lines) == unordered(&committed), "vectors.jsonl is stale: run this test with UPDATE_EXPECT=1");
}

/// Our answer must be the kubelet's. `reduce` is how a secret becomes facts.
fn compare(vector: &Value, theirs: &Value, reduce: fn(&Value) -> SecretFacts) {
    if let Some(pattern) = vector["pattern"].as_str() {
        let target = vector["target"].as_str().expect("a pattern has a target");
        let ours = keyring::pattern_matches(pattern, target);
        assert_eq!(Some(ours), theirs["matches"].as_bool(), "\n{vector}");
        return;
    }
    let secrets = vector["secrets"].as_array().expect("a vector has secrets");
    let facts: Vec<SecretFacts> = secrets.iter().map(reduce).collect();
    let found =
        keyring::look_up(vector["image"].as_str().expect("a vector has an image"), &facts.iter().collect::<Vec<_>>());
    match found {
        Keyring::NotAnImage => assert_eq!(theirs["image"], false, "\n{vector}\n{theirs}"),
        Keyring::Broken { message, .. } => assert_eq!(theirs["error"], message, "\n{vector}\n{theirs}"),
        Keyring::NoMatch { .. } => assert_eq!(theirs["candidates"], json!([]), "\n{vector}\n{theirs}"),
        Keyring::Candidates(candidates) => {
            let marks: Vec<Option<Vec<String>>> = secrets.iter().map(marks).collect();
            let theirs_list = theirs["candidates"].as_array().map(Vec::as_slice).unwrap_or_default();
            assert_eq!(candidates.len(), theirs_list.len(), "\n{vector}\n{theirs}\nours: {candidates:?}");
            let mut rest = theirs_list;
            for same_key in candidates.chunk_by(|one, two| (one.secret, &one.key) == (two.secret, &two.key)) {
                let (theirs_here, after) = rest.split_at(same_key.len());
                rest = after;
                let marks = &marks[same_key[0].secret];
                let ours = same_key.iter().map(|candidate| {
                    let (username, password) = match candidate.credential {
                        Credential::Complete => (true, true),
                        Credential::NoPassword => (true, false),
                        Credential::NoUsername => (false, true),
                        Credential::Empty | Credential::OnlyUnreadToken => (false, false),
                        other => panic!("{other:?} is no candidate\n{vector}"),
                    };
                    let mark = marks.as_ref().map(|marks| marks[candidate.entry].as_str());
                    json!({"secret": candidate.secret, "mark": mark, "username": username, "password": password})
                });
                let theirs_here = theirs_here.iter().map(|candidate| {
                    let mut candidate = candidate.clone();
                    if marks.is_none() {
                        candidate["mark"] = Value::Null;
                    }
                    candidate
                });
                // the kubelet's own order of equal keys in one secret is random
                let (mut ours, mut theirs_here): (Vec<Value>, Vec<Value>) = (ours.collect(), theirs_here.collect());
                ours.sort_by_key(Value::to_string);
                theirs_here.sort_by_key(Value::to_string);
                assert_eq!(ours, theirs_here, "\n{vector}\n{theirs}");
            }
        }
    }
}

fn facts_of(secret: &Value) -> SecretFacts {
    SecretFacts::of(&secret.to_string())
}

fn through_a_bundle(secret: &Value) -> SecretFacts {
    let bundled = serde_json::to_string(&facts_of(secret)).expect("facts are JSON");
    SecretFacts::read(&tree::json(&Text::verbatim(&bundled, 0, 0))).expect("SecretFacts")
}

/// The marks (`email`) of a secret's entries as Go's decoder leaves them: in the order of the first appearance of a key, with
/// the last value. `None` if serde_json cannot read the text (broken UTF-8): then candidates are compared without marks.
fn marks(secret: &Value) -> Option<Vec<String>> {
    let mut list: Vec<(String, String)> = Vec::new();
    let mut extend = |members: Ordered<Value>| {
        for (key, entry) in members.0 {
            let mut fields = entry.as_object().into_iter().flatten();
            let email = fields.rfind(|(name, value)| name.to_lowercase() == "email" && value.is_string());
            let mark = email.and_then(|(_, value)| value.as_str()).unwrap_or_default().to_owned();
            match list.iter_mut().find(|(known, _)| *known == key) {
                Some((_, old)) => *old = mark,
                None => list.push((key, mark)),
            }
        }
    };
    let config = |key: &str| secret["stringData"][key].as_str();
    if secret["type"] == "kubernetes.io/dockercfg" {
        extend(serde_json::from_str(config(".dockercfg")?).ok()?);
    } else {
        let fields: Ordered<Box<RawValue>> = serde_json::from_str(config(".dockerconfigjson")?).ok()?;
        let auths = fields.0.iter().filter(|(name, _)| name.to_lowercase().replace('ſ', "s") == "auths");
        for (_, auths) in auths {
            extend(serde_json::from_str(auths.get()).ok()?);
        }
    }
    Some(list.into_iter().map(|(_, mark)| mark).collect())
}

/// The members of an object, in order, repeated ones too.
struct Ordered<T>(Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Ordered<T>, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Ordered<T>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered<T>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Ordered(members))
            }
        }
        from.deserialize_map(Members(PhantomData))
    }
}

/// A line of the committed file.
fn line(vector: &Value, answer: &Value) -> String {
    let mut line = vector.clone();
    line["answer"] = answer.clone();
    format!("{line}\n")
}

fn sorted(mut line: Value) -> Value {
    if let Some(candidates) = line["answer"]["candidates"].as_array_mut() {
        candidates.sort_by_key(Value::to_string);
    }
    line
}

fn keyring_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("keyring")
}

fn vectors_file() -> PathBuf {
    keyring_dir().join("vectors.jsonl")
}

/// The Go program, built.
struct Oracle(PathBuf);

impl Oracle {
    /// Builds it once into the cache. `None`, with a loud word on the terminal, where there is no Go; a failure in CI.
    fn build() -> Option<Oracle> {
        let has_go = Command::new("go").arg("version").output().is_ok_and(|output| output.status.success());
        if !has_go || std::env::var_os("IMAGEPULL_NO_GO").is_some() {
            assert!(
                std::env::var_os("CI").is_none(),
                "CI must have Go: the keyring is checked against the kubelet's code"
            );
            // straight to the terminal: the test harness would keep a println to itself
            let _ = writeln!(
                std::io::stderr(),
                "\nSKIPPED: the keyring was NOT checked against the kubelet's own code, only against its committed answers.\n\
                 To enable: install Go 1.26 or newer (https://go.dev/dl), then\n    \
                 cargo test -p imagepull-tests --test keyring_oracle\n"
            );
            return None;
        }
        let source = keyring_dir().join("oracle");
        let mut digest = 0xcbf2_9ce4_8422_2325_u64; // FNV-1a
        for file in ["main.go", "go.mod", "go.sum"] {
            for byte in std::fs::read(source.join(file)).expect("the oracle's source is committed") {
                digest = (digest ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
            }
        }
        let directory = cache_dir().join("keyring-oracle");
        let binary = directory.join(format!("keyring-oracle-{digest:016x}"));
        if !binary.exists() {
            std::fs::create_dir_all(&directory).expect("make the cache directory");
            let unfinished = directory.join(format!("unfinished-{}", std::process::id()));
            let _ = writeln!(
                std::io::stderr(),
                "building the keyring oracle (about a minute, once) into {}",
                binary.display()
            );
            let built = Command::new("go")
                .args(["build", "-mod=readonly", "-trimpath", "-o"])
                .arg(&unfinished)
                .arg(".")
                .current_dir(&source)
                .env("CGO_ENABLED", "0")
                .output()
                .expect("run go build");
            assert!(
                built.status.success(),
                "go build failed (IMAGEPULL_NO_GO=1 leaves this part out):\n{}",
                String::from_utf8_lossy(&built.stderr)
            );
            std::fs::rename(&unfinished, &binary).expect("keep the oracle");
        }
        Some(Oracle(binary))
    }

    fn ask(&self, vectors: &[Value]) -> Vec<Value> {
        let mut child = Command::new(&self.0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null()) // the kubelet's log of ignored keys
            .spawn()
            .expect("start the oracle");
        let mut stdin = child.stdin.take().expect("stdin is a pipe");
        let input: String = vectors.iter().map(|vector| format!("{vector}\n")).collect();
        let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output().expect("the oracle ends");
        writer.join().expect("the writer ends").expect("the oracle reads everything");
        assert!(output.status.success(), "the oracle failed");
        let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
        let answers: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("an answer a line")).collect();
        assert_eq!(answers.len(), vectors.len());
        answers
    }
}

fn cache_dir() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("IMAGEPULL_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|cache| cache.join("imagepull")))
        .or_else(|| set("HOME").map(|home| home.join(".cache/imagepull")))
        .expect("HOME, XDG_CACHE_HOME or IMAGEPULL_CACHE is set")
}

/// Vectors made by the rules, one thought each.
fn written_vectors() -> Vec<Value> {
    let mut vectors = Vec::new();
    let hub =
        ["nginx", "user/app:1", "docker.io/library/nginx", "index.docker.io/user/app", "localhost/app", "LOCAL/app"];
    let registry = [
        "reg.io/app",
        "reg.io/team/app:1.2",
        "reg.io/team-x/app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "reg.io:5000/team/app",
        "reg.io:443/app",
        "a.reg.io/app",
        "a.b.reg.io/app",
        "[::1]/app",
        "[::1]:5000/app",
        "REG.io/app",
        "v2.reg.io/v2/app",
        "reg.io/v2/app",
        "a_b.c/app",
        "reg.io./app",
    ];
    let not_images =
        ["", "reg.io/App", "reg.io/", "reg.io/a:b:c", "reg.io/app@sha256:12", "-reg.io/app", "a b", "[::1/app"];
    let keys = [
        "https://index.docker.io/v1/",
        "index.docker.io",
        "https://index.docker.io/v2/",
        "http://index.docker.io/v1/",
        "index.docker.io/v1/",
        "index.docker.io/v1",
        "https://index.docker.io/user",
        "docker.io",
        "https://docker.io/",
        "docker.io/user",
        "docker.io/library",
        "registry-1.docker.io",
        "hub.docker.com",
        "*.docker.io",
        "*.io",
        "*",
        "localhost",
        "local",
        "LOCAL",
        "reg.io",
        "https://reg.io",
        "http://reg.io/",
        "HTTPS://reg.io",
        "https://reg.io/v2/",
        "https://reg.io/v2",
        "reg.io/v1/team",
        "reg.io/team",
        "reg.io/team/",
        "reg.io/team/app",
        "reg.io/team/app:1.2",
        "reg.io:5000",
        "reg.io:5000/team",
        "reg.io:443",
        "reg.io:",
        "*.reg.io",
        "*.*.reg.io",
        "a.*.io",
        "*:5000",
        "r*g.io",
        "r*g*.io",
        "**.reg.io",
        "reg[a-z].io",
        "[::1]",
        "[::1]:5000",
        "[A::1]",
        "REG.io",
        "Reg.IO",
        "me:pw@reg.io",
        "me@reg.io/team",
        "reg.io?x=1",
        "reg.io/team?x",
        "reg.io#x",
        "reg.io/%74eam",
        "reg.io/%zz",
        "reg.io/te%3Fam",
        "reg%2eio",
        "reg.io%41",
        "reg io",
        " reg.io",
        "reg.io ",
        "reg.io\n",
        "reg.io\t/x",
        "",
        "/",
        "https://",
        "//reg.io",
        "https:///reg.io",
        "docker://reg.io",
        "reg.io:port",
        "reg.io:1:2",
        "reg.io.",
        "a_b.c",
        "rég.io",
        "reg.io/té",
        "auths",
        "reg.io//team",
        "reg.io/./team",
        "reg.io/team/app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    ];
    let config_json = |config: Value| json!({"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": config.to_string()}});
    let text_secret =
        |text: &str| json!({"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": text}});
    let text_dockercfg = |text: &str| json!({"type": "kubernetes.io/dockercfg", "stringData": {".dockercfg": text}});
    let entry = |mark: &str| json!({"username": "u", "password": "p", "email": mark});

    for image in hub.iter().chain(&registry) {
        // each key alone, where it makes a difference that no other key matches
        if ["nginx", "localhost/app", "reg.io/team/app:1.2"].contains(image) {
            let alone =
                |key: &str| json!({"image": image, "secrets": [config_json(json!({"auths": {key: entry(key)}}))]});
            vectors.extend(keys.iter().map(|key| alone(key)));
        }
        // all keys together, which shows the order
        let all: serde_json::Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), entry(key))).collect();
        vectors.push(json!({"image": image, "secrets": [config_json(json!({"auths": all}))]}));
    }
    for image in not_images {
        vectors.push(json!({"image": image, "secrets": [config_json(json!({"auths": {"reg.io": entry("a")}}))]}));
    }

    // order of secrets, duplicates, skipped ones
    let good = config_json(json!({"auths": {"reg.io": entry("good")}}));
    let other = config_json(json!({"auths": {"reg.io": entry("other"), "reg.io/team": entry("team")}}));
    let dockercfg = text_dockercfg(&json!({"reg.io": entry("cfg")}).to_string());
    let opaque = json!({"type": "Opaque", "stringData": {".dockerconfigjson": "{"}});
    let swapped = json!({"type": "kubernetes.io/dockercfg", "stringData": {".dockerconfigjson": "{"}});
    let empty = text_secret("");
    let broken = text_secret("{");
    for secrets in [
        vec![&good, &other],
        vec![&other, &good],
        vec![&good, &good],
        vec![&dockercfg, &other],
        vec![&opaque, &good],
        vec![&swapped, &empty, &good],
        vec![&opaque],
        vec![&good, &broken],
        vec![&opaque, &broken, &good],
        vec![],
    ] {
        vectors.push(json!({"image": "reg.io/team/app", "secrets": secrets}));
    }

    // what is in a configuration
    for config in [
        "null",
        "[]",
        "1",
        "\"x\"",
        "true",
        "{}",
        "{\"auths\":null}",
        "{\"auths\":[]}",
        "{\"auths\":\"x\"}",
        "{\"auths\":{}}",
        "{\"AUTHS\":{\"reg.io\":{\"email\":\"m\",\"USERNAME\":\"u\"}}}",
        "{\"authſ\":{\"reg.io\":{\"email\":\"m\"}}}",
        "{\"auths\":{\"reg.io\":null}}",
        "{\"auths\":{\"reg.io\":\"x\"}}",
        "{\"auths\":{\"reg.io\":[]}}",
        "{\"auths\":{\"reg.io\":1}}",
        "{\"auths\":{\"reg.io\":{\"username\":1}}}",
        "{\"auths\":{\"reg.io\":{\"password\":{}}}}",
        "{\"auths\":{\"reg.io\":{\"auth\":[]}}}",
        "{\"auths\":{\"reg.io\":{\"email\":false}}}",
        "{\"auths\":{\"reg.io\":{\"username\":1,\"auth\":\"!\"}}}",
        "{\"auths\":{\"x\":{\"auth\":\"!\"},\"reg.io\":{\"username\":1}}}",
        "{\"HttpHeaders\":[],\"auths\":{\"x\":{\"auth\":\"!\"}}}",
        "{\"HttpHeaders\":{\"a\":1},\"auths\":{\"reg.io\":{}}}",
        "{\"HttpHeaders\":{\"a\":null},\"auths\":{\"reg.io\":{}}}",
        "{\"HttpHeaders\":\"x\",\"auths\":1}",
        "{\"auths\":1,\"HttpHeaders\":\"x\"}",
        "{\"httpheaders\":{\"a\":{}}}",
        "{\"auths\":{\"reg.io\":{\"email\":\"1\"}},\"auths\":{\"reg.io/team\":{\"email\":\"2\"}}}",
        "{\"auths\":{\"reg.io\":{\"email\":\"1\"}},\"auths\":null}",
        "{\"auths\":{\"reg.io\":{\"auth\":\"!\"},\"reg.io\":{}}}",
        "{\"auths\":{\"reg.io\":{\"username\":\"u\",\"email\":\"1\"},\"reg.io\":{\"password\":\"p\",\"email\":\"2\"}}}",
        "{\"auths\":{\"reg.io\":{\"identitytoken\":\"t\",\"email\":\"1\"}}}",
        "{\"credsStore\":\"ecr-login\"}",
        "{\"auths\":{\"reg.io\":{\"username\":\"\\ud800\",\"email\":\"1\"}}}",
        "\u{feff}{}",
        "{\"auths\":{\"reg.io\":{}},}",
        "{'auths':{}}",
        "eyJhdXRocyI6e319",
        "auths:\n  reg.io: {}\n",
        "{\"auths\":{\"reg.io\":{}}}\n{}",
        "tru",
        "-",
        "1.",
        "1e",
        "1e+",
        "\"\\x\"",
        "\"\\u12G4\"",
        "\"a\u{1}\"",
        "[1 2]",
        "{\"a\" 1}",
        "{\"a\":1 \"b\"}",
        "{\"a\":1,}",
        "\u{7f}",
        "\u{a0}",
        "\u{ad}",
        "é",
        "'",
        "\\",
        "\u{b}",
        "{\"auths\":{\"reg.io\":{\"auth\":\"bGFiOmxhYg==\",\"username\":1}}}",
    ] {
        vectors.push(json!({"image": "reg.io/team/app", "secrets": [text_secret(config)]}));
        vectors.push(json!({"image": "reg.io/team/app", "secrets": [text_dockercfg(config)]}));
    }

    // the auth field
    for auth in [
        "",
        "bGFiOmxhYg==",
        "bGFiOmxhYg",
        "bGFiOmxhYg=",
        "bGFiOmxhYg===",
        "bGFi\nOmxhYg==\n",
        "bGFi\r\nOmxhYg==",
        "bGFiOmxhYg== ",
        " bGFiOmxhYg==",
        "bGFi OmxhYg==",
        "bGFi\tOmxhYg==",
        "bGFi-mxhYg",
        "bGFi_mxhYg==",
        "bGFi",
        "bGFiOg==",
        "Omxh",
        "Og==",
        "bGFiOmE6Yg==",
        "bGFiOmxhYgo=",
        "=",
        "==",
        "a",
        "a=",
        "ab=",
        "ab==c",
        "not base64",
        "lab:lab",
        "bGFiOmxhYh==",
        "\u{a0}bGFiOmxhYg==\u{a0}",
        "bGFiOmxhYg=\n=\n",
        "bGFiO\nmxhYg=\r=x",
        "é",
        "////",
        "/////w==",
    ] {
        let entry = json!({"auth": auth, "username": "x", "email": "m"});
        vectors.push(json!({"image": "reg.io/app", "secrets": [config_json(json!({"auths": {"reg.io": entry}}))]}));
        vectors
            .push(json!({"image": "reg.io/app", "secrets": [text_dockercfg(&json!({"reg.io": entry}).to_string())]}));
    }

    // matchImages of credential providers
    for (pattern, target) in [
        ("*.dkr.ecr.*.amazonaws.com", "123456789012.dkr.ecr.us-east-1.amazonaws.com/app"),
        ("*.dkr.ecr.*.amazonaws.com", "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/app"),
        ("*.azurecr.*", "myreg.azurecr.io/app"),
        ("gcr.io", "gcr.io/p/app"),
        ("*.gcr.io", "gcr.io/p/app"),
        ("*.pkg.dev", "eu-docker.pkg.dev/p/r/app"),
        ("*.*.registry.io", "a.b.registry.io/app"),
        ("registry.io:8080/path", "registry.io:8080/path/app"),
        ("registry.io:8080/path", "registry.io/path/app"),
    ] {
        vectors.push(json!({"pattern": pattern, "target": target}));
    }
    vectors
}

/// A vector at random, near enough to its image that keys match now and then.
fn random_vector(random: &mut Random) -> Value {
    let image = random_image(random);
    if random.one_in(10) {
        let pattern = random_key(random, &image);
        let target = image.split('@').next().unwrap_or_default();
        return json!({"pattern": pattern, "target": target});
    }
    let mut marks = 0;
    let secrets: Vec<Value> = (0..random.below(4)).map(|_| random_secret(random, &image, &mut marks)).collect();
    json!({"image": image, "secrets": secrets})
}

fn random_image(random: &mut Random) -> String {
    let host = random.pick(&[
        "",
        "docker.io/",
        "index.docker.io/",
        "localhost/",
        "localhost:5000/",
        "reg.io/",
        "reg.io:5000/",
        "a.reg.io/",
        "a.b.reg.io:443/",
        "x.azurecr.io/",
        "123.dkr.ecr.us-east-1.amazonaws.com/",
        "Reg.IO/",
        "[::1]:5000/",
        "[fe80::a]/",
        "a_b.c/",
        "10.0.0.1:80/",
    ]);
    let path = random.pick(&["app", "team/app", "team/sub/app", "v2/app", "v1/team/app", "a__b/c-d", "library/nginx"]);
    let suffix =
        random.pick(&["", ":1", ":latest", "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"]);
    let image = format!("{host}{path}{suffix}");
    if random.one_in(20) { random.mutate(&image) } else { image }
}

fn random_key(random: &mut Random, image: &str) -> String {
    let name = image.split('@').next().unwrap_or_default();
    let mut segments: Vec<&str> = name.split('/').collect();
    if !segments[0].contains(['.', ':']) && segments[0] != "localhost" {
        segments.insert(0, random.pick(&["docker.io", "index.docker.io", "registry-1.docker.io"]));
    }
    let mut host = segments[0].to_owned();
    match random.below(8) {
        0 => {
            let mut labels: Vec<&str> = host.split('.').collect();
            let at = random.below(labels.len());
            labels[at] = random.pick(&["*", "**", "a*", "*o", "", "*-*"]);
            host = labels.join(".");
        }
        1 => host.push_str(random.pick(&[":5000", ":443", ":", ".", ":x"])),
        2 => host = host.split(':').next().unwrap_or_default().to_owned(),
        3 => {
            host = (random.pick(&[
                "reg.io",
                "*.io",
                "*.reg.io",
                "index.docker.io",
                "docker.io",
                "[::1]:5000",
                "[fe80::a]",
            ]))
            .to_owned()
        }
        _ => {}
    }
    let depth = random.below(segments.len());
    let mut path = segments[1..=depth].iter().fold(String::new(), |path, segment| path + "/" + segment);
    match random.below(6) {
        0 => path = format!("/v{}{path}", 1 + random.below(3)),
        1 => path.push('/'),
        2 => {
            path.pop();
        }
        _ => {}
    }
    let scheme = random.pick(&["", "", "", "https://", "https://", "http://", "HTTPS://", "oci://"]);
    let user = random.pick(&["", "", "", "", "", "", "", "me@", "me:pw@"]);
    let tail = random.pick(&["", "", "", "", "", "", "", "", "?q=1", "#f"]);
    let key = format!("{scheme}{user}{host}{path}{tail}");
    if random.one_in(6) { random.mutate(&key) } else { key }
}

fn random_secret(random: &mut Random, image: &str, marks: &mut usize) -> Value {
    let is_dockercfg = random.one_in(5);
    let (secret_type, key) = match is_dockercfg {
        true => ("kubernetes.io/dockercfg", ".dockercfg"),
        false => ("kubernetes.io/dockerconfigjson", ".dockerconfigjson"),
    };
    let mut members = Vec::new();
    for _ in 0..random.below(5) {
        *marks += 1;
        let name = random_key(random, image);
        members.push(format!("{}:{}", json!(name), random_entry(random, *marks)));
        if random.one_in(25) {
            let repeated = members[random.below(members.len())].clone();
            members.push(repeated);
        }
    }
    let entries = format!("{{{}}}", members.join(","));
    let config = match random.below(if is_dockercfg { 1 } else { 20 }) {
        1 => format!("{{\"HttpHeaders\":{{\"a\":\"b\"}},\"auths\":{entries},\"credsStore\":\"x\"}}"),
        2 => format!("{{\"Auths\" : {entries} , \"x\":[1,{{\"y\":[null]}}]}}"),
        3 => entries,
        _ if is_dockercfg => entries,
        _ => format!("{{\"auths\":{entries}}}"),
    };
    let mut bytes = config.into_bytes();
    if random.one_in(12) {
        for _ in 0..=random.below(2) {
            random.damage(&mut bytes);
        }
    }
    let secret_type = if random.one_in(15) { "Opaque" } else { secret_type };
    match String::from_utf8(bytes) {
        Ok(text) => json!({"type": secret_type, "stringData": {key: text}}),
        Err(error) => json!({"type": secret_type, "data": {key: base64(error.as_bytes())}}),
    }
}

fn random_entry(random: &mut Random, mark: usize) -> String {
    let mark = json!(format!("m{mark}"));
    let auth = |text: &str| json!(base64(text.as_bytes()));
    match random.below(40) {
        0 => format!("{{\"email\":{mark},\"auth\":{}}}", auth("nocolon")),
        1 => format!("{{\"auth\":{},\"email\":{mark}}}", json!(random.string("ABCabc019+/=-_ \n\r:", 24))),
        2 => format!("{{\"email\":{mark},\"username\":{}}}", random.pick(&["1", "true", "null", "{}", "[]"])),
        3 => format!("{{\"email\":{mark},\"identitytoken\":\"t\"}}"),
        4 => random.pick(&["null", "null", "{}", "\"text\"", "7"]).to_owned(),
        5 => format!("{{\"email\":{mark},\"Auth\":{},\"username\":\"x\"}}", auth(":p")),
        6 => format!("{{\"email\":{mark},\"auth\":{}}}", auth("u:")),
        7 => format!("{{\"email\":{mark},\"USERNAME\":\"u\",\"unknown\":[{{\"a\":[]}}]}}"),
        8..20 => format!("{{\"email\":{mark},\"auth\":{},\"password\":\"other\"}}", auth("user:pass:word")),
        20..26 => format!("{{\"email\":{mark},\"auth\":{}}}", json!(base64(b"us:pass").trim_end_matches('='))),
        _ => format!("{{\"username\":\"u\",\"password\":\"p\",\"email\":{mark}}}"),
    }
}

/// A small generator of our own (xorshift64*), so that the same vectors come on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next()).unwrap_or(0) % limit
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    fn string(&mut self, alphabet: &str, longest: usize) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        (0..self.below(longest + 1)).map(|_| self.pick(&alphabet)).collect()
    }

    /// Some characters of a text changed, put in or taken out.
    fn mutate(&mut self, text: &str) -> String {
        // no `@`: a key with one behind a `?` or `#` is dropped on purpose, unlike the kubelet (keyring::normalize_key)
        let strange: Vec<char> = "%/:*[]?#.-_ A0\n\u{1}é<\"\\^&".chars().collect();
        let mut chars: Vec<char> = text.chars().collect();
        for _ in 0..=self.below(2) {
            let at = self.below(chars.len() + 1);
            match self.below(4) {
                0 => chars.insert(at, self.pick(&strange)),
                1 => chars.splice(at..at, "%2f".chars()).for_each(drop),
                2 if at < chars.len() => {
                    chars.remove(at);
                }
                _ if at < chars.len() => chars[at] = self.pick(&strange),
                _ => {}
            }
        }
        chars.into_iter().collect()
    }

    /// A byte of a JSON text changed, put in or taken out, or the rest cut off.
    fn damage(&mut self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let at = self.below(bytes.len());
        let strange = self.pick(b"{}[]\",:\\'u0tnx \n\x00\x7f\x80\xc3\xff\xed\xa0-.eE");
        match self.below(4) {
            0 => bytes[at] = strange,
            1 => bytes.insert(at, strange),
            2 => {
                bytes.remove(at);
            }
            _ => bytes.truncate(at),
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let sextet = (bits >> (18 - 6 * place)) & 63;
            out.push(if place <= chunk.len() { char::from(ALPHABET[sextet as usize]) } else { '=' });
        }
    }
    out
}
