//! `cargo bench -p imagepull-tests`: how long an answer takes, and how much memory, beside what one would run instead.
//!
//! A description of a pod, and kubelet logs of 1, 10 and 100 MB: of a busy node, where one line in fifty tells of an image that
//! cannot be pulled, and of a node in trouble, where every second does. Each log is answered in a process of its own, so that its
//! peak of memory can be seen (Linux only). grep names no cause; it is the floor: one pass over the bytes.

use imagepull_classifier::{Options, diagnose};
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Words that people grep a kubelet's log for.
const GREP: &str = "ErrImagePull|ImagePullBackOff|Failed to pull image|PullImage from image service failed|toomanyrequests|x509|no such host|unauthorized|not found";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, file] = arguments.as_slice()
        && flag == "--answer"
    {
        return answer(file);
    }
    describe();
    println!(
        "\n{:8} {:>8} {:>10} {:>9} {:>10} {:>16} {:>10} {:>9} {:>9}",
        "lines", "log", "answer", "MB/s", "peak", "peak - 2 x input", "grep -E", "MB/s", "findings"
    );
    for (name, one_in) in [("busy", 50), ("trouble", 2)] {
        for megabytes in [1, 10, 100] {
            log(name, one_in, megabytes);
        }
    }
}

/// Median of a description of 10 KB, and of a short message.
fn describe() {
    let corpus = include_str!("../corpus/recordings.jsonl");
    let recorded =
        corpus.lines().find(|line| line.contains("\"containerd-2.3/basic-no-secret\"")).expect("a recording");
    let recorded: serde_json::Value = serde_json::from_str(recorded).expect("JSON");
    let text = recorded["text"].as_str().expect("a text");
    let (head, tail) = text.split_once("    Environment:    <none>\n").expect("a container without environment");
    let mut described = format!("{head}    Environment:\n");
    for number in 0.. {
        if described.len() + tail.len() >= 10_000 {
            break;
        }
        let _ = writeln!(
            described,
            "      SETTING_{number}:  https://service-{number}.shop.svc.cluster.local:8443/path?verbose=true"
        );
    }
    described.push_str(tail);
    let message = described.lines().find(|line| line.contains("Failed to pull image")).expect("the failure").to_owned();
    println!("{:22} {:>8} {:>12}", "text", "bytes", "median");
    for (name, text) in [("one message", &message), ("kubectl describe pod", &described)] {
        let mut times: Vec<Duration> = (0..500)
            .map(|_| {
                let started = Instant::now();
                black_box(diagnose(black_box(text), &Options::default()));
                started.elapsed()
            })
            .collect();
        times.sort_unstable();
        println!("{name:22} {:>8} {:>9.3} ms", text.len(), times[times.len() / 2].as_secs_f64() * 1e3);
    }
}

fn log(name: &str, one_in: u64, megabytes: usize) {
    let file = std::env::temp_dir().join(format!("imagepull-bench-{}-{megabytes}.log", std::process::id()));
    std::fs::write(&file, kubelet_log(megabytes * 1_000_000, one_in)).expect("room for a log");
    let own = std::env::current_exe().expect("this program");
    let mut answers: Vec<[f64; 3]> = (0..3).map(|_| figures(Command::new(&own).arg("--answer").arg(&file))).collect();
    answers.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let [seconds, peak, findings] = answers[1];
    let mut greps: Vec<f64> = (0..3).filter_map(|_| grep(&file)).collect();
    greps.sort_by(f64::total_cmp);
    let size = megabytes as f64;
    let grep = greps.get(1).map_or_else(
        || format!("{:>10} {:>9}", "none here", "-"),
        |seconds| format!("{seconds:>8.3} s {:>9.0}", size / seconds),
    );
    println!(
        "{name:8} {megabytes:>5} MB {seconds:>8.3} s {:>9.0} {peak:>7.0} MB {:>13.0} MB {grep} {findings:>9}",
        size / seconds,
        peak - 2.0 * size
    );
    let _ = std::fs::remove_file(&file);
}

/// Answers one file and prints seconds, peak of memory in MB and the number of findings.
fn answer(file: &str) {
    let text = std::fs::read_to_string(file).expect("the log");
    let started = Instant::now();
    let report = diagnose(&text, &Options::default());
    let seconds = started.elapsed().as_secs_f64();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<f64>().ok());
    println!("{seconds} {} {}", peak.unwrap_or(0.0) * 1.024e-3, report.findings.len());
}

fn figures(command: &mut Command) -> [f64; 3] {
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let figures: Vec<f64> = text.split_whitespace().map(|figure| figure.parse().expect("a number")).collect();
    figures.try_into().expect("three numbers")
}

/// Seconds of `grep -E` over the file; `None` where there is no grep.
fn grep(file: &Path) -> Option<f64> {
    let started = Instant::now();
    let status =
        Command::new("grep").args(["-cE", GREP]).arg(file).env("LC_ALL", "C").stdout(Stdio::null()).status().ok()?;
    (status.code()? < 2).then(|| started.elapsed().as_secs_f64())
}

/// A kubelet's log at its usual verbosity: probes, volumes, syncs; and one line in `one_in` about images that cannot be pulled, of
/// 40 pods with six causes. The same at every run.
fn kubelet_log(bytes: usize, one_in: u64) -> String {
    const CAUSES: [&str; 6] = [
        "failed to resolve reference \\\\\\\"IMAGE\\\\\\\": IMAGE: not found",
        "failed to resolve image: pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials",
        "failed to do request: Head \\\\\\\"https://registry.example.com/v2/x/manifests/1\\\\\\\": dial tcp: lookup registry.example.com on 10.96.0.10:53: no such host",
        "failed to do request: Head \\\\\\\"https://registry.example.com/v2/x/manifests/1\\\\\\\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
        "failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/x/manifests/1: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.",
        "failed to do request: Head \\\\\\\"https://registry.example.com/v2/x/manifests/1\\\\\\\": dial tcp 10.0.0.9:443: connect: connection refused",
    ];
    let mut log = String::with_capacity(bytes + 2048);
    let mut random = 42_u64;
    let mut next = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let mut line = 0_u64;
    while log.len() < bytes {
        line += 1;
        let (hour, minute, second) = (line / 72_000 % 24, line / 1200 % 60, line / 20 % 60);
        let (pod, micros) = (next(400), next(1_000_000));
        let head = format!("Mar 03 {hour:02}:{minute:02}:{second:02} worker-1 kubelet[1204]: ");
        let klog = format!("0303 {hour:02}:{minute:02}:{second:02}.{micros:06}    1204 ");
        let failing = next(one_in) == 0;
        let _ = match next(49) + 1 {
            _ if failing => {
                let number = pod % 40;
                let image = format!("registry.example.com/shop/service-{number}:1.{number}");
                let cause = CAUSES[(number % 6) as usize].replace("IMAGE", &image);
                match next(3) {
                    0 => writeln!(
                        log,
                        "{head}E{klog}pod_workers.go:1324] \"Error syncing pod, skipping\" err=\"failed to \\\"StartContainer\\\" for \\\"app\\\" with ErrImagePull: \\\"failed to pull and unpack image \\\\\\\"{image}\\\\\\\": {cause}\\\"\" pod=\"shop/service-{number}-0\" podUID=\"0b0a3c1e-6d8f-4d39-9d4f-{number:012}\""
                    ),
                    _ => writeln!(
                        log,
                        "{head}E{klog}pod_workers.go:1324] \"Error syncing pod, skipping\" err=\"failed to \\\"StartContainer\\\" for \\\"app\\\" with ImagePullBackOff: \\\"Back-off pulling image \\\\\\\"{image}\\\\\\\": ErrImagePull: failed to pull and unpack image \\\\\\\"{image}\\\\\\\": {cause}\\\"\" pod=\"shop/service-{number}-0\" podUID=\"0b0a3c1e-6d8f-4d39-9d4f-{number:012}\""
                    ),
                }
            }
            1..=12 => writeln!(
                log,
                "{head}I{klog}reconciler_common.go:251] \"operationExecutor.VerifyControllerAttachedVolume started for volume \\\"kube-api-access-{pod}\\\" (UniqueName: \\\"kubernetes.io/projected/{micros}-kube-api-access-{pod}\\\") pod \\\"service-{pod}-0\\\" (UID: \\\"{micros}\\\") \" pod=\"shop/service-{pod}-0\""
            ),
            13..=24 => writeln!(
                log,
                "{head}I{klog}kubelet.go:2537] \"SyncLoop (PLEG): event for pod\" pod=\"shop/service-{pod}-0\" event={{\"ID\":\"0b0a3c1e-6d8f-4d39-9d4f-{micros:012}\",\"Type\":\"ContainerStarted\",\"Data\":\"{micros:064}\"}}"
            ),
            25..=34 => writeln!(
                log,
                "{head}I{klog}prober.go:107] \"Probe failed\" probeType=\"Readiness\" pod=\"shop/service-{pod}-0\" podUID=\"{micros}\" containerName=\"app\" probeResult=\"failure\" output=\"HTTP probe failed with statuscode: 503\""
            ),
            35..=42 => writeln!(
                log,
                "{head}I{klog}operation_generator.go:637] \"MountVolume.SetUp succeeded for volume \\\"config-{pod}\\\" (UniqueName: \\\"kubernetes.io/configmap/{micros}-config\\\") pod \\\"service-{pod}-0\\\" (UID: \\\"{micros}\\\") \" pod=\"shop/service-{pod}-0\""
            ),
            _ => writeln!(
                log,
                "{head}E{klog}pod_workers.go:1324] \"Error syncing pod, skipping\" err=\"failed to \\\"StartContainer\\\" for \\\"app\\\" with CrashLoopBackOff: \\\"back-off 5m0s restarting failed container=app pod=service-{pod}-0_shop({micros})\\\"\" pod=\"shop/service-{pod}-0\" podUID=\"{micros}\""
            ),
        };
    }
    log
}
