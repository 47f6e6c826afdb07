//! The loop: break it, ask why, run exactly what was printed, and see it run.

use std::collections::VecDeque;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use regex::Regex;
use serde::Serialize;
use serde_json::Value;

use crate::api::Api;
use crate::scenario::Scenario;
use crate::{Result, lifecycle, paths};

/// How long healing may take when a scenario does not say: four of the kubelet's first pauses and a pull. It is done within twenty
/// seconds where nothing else runs; a busy machine must not look like a wrong fix.
const HEAL: u64 = 180;
const LOOK: Duration = Duration::from_millis(500);

/// What is needed to try scenarios.
pub struct Bench {
    /// Reads the cluster.
    pub api: Api,
    kubeconfig: PathBuf,
    /// `kubectl` and `ctl`.
    bin: PathBuf,
    /// Scratch, and the home of kubectl's cache.
    home: PathBuf,
    /// The plugin; `None` when only the failures themselves are looked at.
    plugin: Option<PathBuf>,
    /// Whether the cluster is the lab itself.
    pub is_lab: bool,
}

/// What came of one scenario.
#[derive(Default, Serialize)]
pub struct Outcome {
    /// The scenario.
    pub name: String,
    /// Seconds until the failure showed; `None`: it never did.
    pub seen: Option<f32>,
    /// What `why` named first, and what it had named from text alone.
    pub cause: Option<String>,
    /// See `cause`.
    pub settled_from: Option<String>,
    /// The commands that were run as printed.
    pub commands: Vec<String>,
    /// Seconds until all ran after healing.
    pub healed: Option<f32>,
    /// Everything that was not as expected; empty: passed.
    pub defects: Vec<String>,
}

impl Bench {
    /// Of the lab, which has to be up, or of the cluster that `IMAGEPULL_TEST_KUBECONFIG` names.
    pub fn new(observe: bool) -> Result<Bench> {
        let plugin = if observe { None } else { Some(plugin()?) };
        let other = env::var_os("IMAGEPULL_TEST_KUBECONFIG").map(PathBuf::from);
        let is_lab = other.is_none();
        let (kubeconfig, bin, home) = match other {
            Some(kubeconfig) => {
                let home = env::temp_dir().join(format!("imagepull-lab-{}", std::process::id()));
                let kubectl =
                    env::var("PATH")?.split(':').map(PathBuf::from).find(|folder| folder.join("kubectl").exists());
                (kubeconfig, kubectl.ok_or("kubectl is not installed")?, home)
            }
            None => (paths::run().join("kubeconfig"), paths::run().join("bin"), paths::run().join("home")),
        };
        fs::create_dir_all(&home)?;
        let api = Api::start(&bin.join("kubectl"), &kubeconfig, &home)?;
        Ok(Bench { api, kubeconfig, bin, home, plugin, is_lab })
    }

    /// A shell as a user has it: kubectl on the path, the cluster's kubeconfig, nothing else of ours.
    pub fn shell(&self, script: &str) -> Command {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", script])
            .env_clear()
            .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", self.bin.display()))
            .env("KUBECONFIG", &self.kubeconfig)
            .env("HOME", &self.home)
            .env("LC_ALL", "C.UTF-8")
            .current_dir(&self.home)
            .stdin(Stdio::null());
        shell
    }

    /// A script of a scenario: its kubectl stays in its namespace.
    fn script(&self, scenario: &Scenario, text: &str) -> Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let namespace = scenario.namespace();
        let script = format!("set -e\nkubectl() {{ command kubectl --namespace=\"$NS\" \"$@\"; }}\n{text}");
        done(self.shell(&script).env("NS", namespace))?;
        Ok(())
    }

    fn kubectl(&self, script: &str) -> Result<String> {
        done(&mut self.shell(script))
    }

    /// One scenario from beginning to end. `record` gets to see the failure before it is healed.
    pub fn try_one(&self, scenario: &Scenario, record: &dyn Fn(&Bench, &Scenario) -> Result<()>) -> Outcome {
        let mut outcome = Outcome { name: scenario.name.clone(), ..Outcome::default() };
        if let Err(error) = self.steps(scenario, &mut outcome, record) {
            outcome.defects.push(error.to_string());
        }
        if let Err(error) = self.clean(scenario) {
            outcome.defects.push(format!("cleaning up: {error}"));
        }
        outcome
    }

    fn steps(
        &self,
        scenario: &Scenario,
        outcome: &mut Outcome,
        record: &dyn Fn(&Bench, &Scenario) -> Result<()>,
    ) -> Result<()> {
        self.prepare(scenario)?;
        let begin = Instant::now();
        self.script(scenario, &scenario.before)?;
        self.apply(scenario)?;
        self.script(scenario, &scenario.during)?;
        self.wait_until_seen(scenario)?;
        outcome.seen = Some(begin.elapsed().as_secs_f32());
        record(self, scenario)?;
        let Some(plugin) = &self.plugin else { return Ok(()) };

        let report = self.ask(plugin, scenario)?;
        if judge(scenario, &report, outcome)? && scenario.heal.never.is_none() {
            self.heal(scenario, &report, outcome)?;
        }
        Ok(())
    }

    fn prepare(&self, scenario: &Scenario) -> Result<()> {
        let namespace = scenario.namespace();
        if self.is_lab {
            let (images, _) = scenario.images_and_hosts();
            let mut order = vec!["forget".to_owned()];
            order.extend(images);
            lifecycle::order(&order)?;
        }
        let elsewhere = scenario.secrets.iter().any(|secret| secret.elsewhere);
        let mut namespaces = vec![namespace.clone()];
        namespaces.extend(elsewhere.then(|| format!("{namespace}-elsewhere")));
        for namespace in namespaces {
            self.kubectl(&format!("kubectl delete namespace {namespace} --ignore-not-found --timeout=120s && kubectl create namespace {namespace}"))?;
        }
        // Pods are refused until the namespace has its default service account.
        let begin = Instant::now();
        while self.api.get(&format!("/api/v1/namespaces/{namespace}/serviceaccounts/default")).is_err() {
            if begin.elapsed() > Duration::from_secs(20) {
                return Err("the namespace got no default service account".into());
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    fn apply(&self, scenario: &Scenario) -> Result<()> {
        let mut text = String::new();
        for object in scenario.objects() {
            text += &format!("---\n{object}\n");
        }
        if !scenario.manifest.is_empty() {
            text += &format!("---\n{}", scenario.manifest);
        }
        if text.is_empty() {
            return Ok(());
        }
        let path = self.home.join(format!("{}.yaml", scenario.name));
        fs::write(&path, text)?;
        // `create` leaves no copy of the object in an annotation, as `apply` would.
        let namespace = scenario.namespace();
        let default = if scenario.secrets.iter().any(|secret| secret.elsewhere) {
            String::new()
        } else {
            format!("--namespace={namespace}")
        };
        self.kubectl(&format!("kubectl create {default} -f '{}'", path.display())).map(|_| ())
    }

    fn wait_until_seen(&self, scenario: &Scenario) -> Result<()> {
        let says = Regex::new(&scenario.says)?;
        let begin = Instant::now();
        loop {
            let text = self.visible(&scenario.namespace())?;
            if says.is_match(&text) {
                return Ok(());
            }
            if begin.elapsed() > Duration::from_secs(scenario.within) {
                return Err(
                    format!("`{}` was not seen within {} s, but:\n{text}", scenario.says, scenario.within).into()
                );
            }
            thread::sleep(LOOK);
        }
    }

    /// Events and waiting states of a namespace, a line each: what `says` is looked for in.
    pub fn visible(&self, namespace: &str) -> Result<String> {
        let mut text = String::new();
        for event in self.api.list(namespace, "events")? {
            text += &format!(
                "{} {}: {}\n",
                event["reason"].as_str().unwrap_or_default(),
                event["involvedObject"]["fieldPath"].as_str().unwrap_or_default(),
                event["message"].as_str().unwrap_or_default()
            );
        }
        for pod in self.api.list(namespace, "pods")? {
            for container in statuses(&pod) {
                for state in ["waiting", "terminated"] {
                    let state = &container["state"][state];
                    if state.is_object() {
                        let (reason, message) = (
                            state["reason"].as_str().unwrap_or_default(),
                            state["message"].as_str().unwrap_or_default(),
                        );
                        text += &format!("{} {reason}: {message}\n", container["name"].as_str().unwrap_or_default());
                    }
                }
            }
        }
        Ok(text)
    }

    fn ask(&self, plugin: &std::path::Path, scenario: &Scenario) -> Result<Value> {
        let script = format!("'{}' why -o json {} -n {}", plugin.display(), scenario.ask, scenario.namespace());
        let text = self.kubectl(&script)?;
        // Kept for whoever wants to know why an answer was wrong.
        let reports = paths::cache().join("lab/reports");
        fs::create_dir_all(&reports)?;
        fs::write(reports.join(format!("{}.json", scenario.name)), &text)?;
        serde_json::from_str(&text).map_err(|error| format!("`why -o json` printed no JSON ({error}): {text}").into())
    }

    /// Runs the first fix of the first diagnosis, of each failing pod the report shows, and waits until all runs.
    fn heal(&self, scenario: &Scenario, report: &Value, outcome: &mut Outcome) -> Result<()> {
        let findings: Vec<&Value> =
            report["findings"].as_array().into_iter().flatten().filter(|finding| scenario.is_asked(finding)).collect();
        let fix =
            findings.first().and_then(|finding| finding["diagnoses"][0]["fixes"].get(0)).ok_or("no fix was printed")?;
        let who = fix["who"].as_str().unwrap_or_default();
        if let Some(expected) = scenario.expect.who.as_deref().filter(|expected| *expected != who) {
            outcome.defects.push(format!("the fix is said to be for {who}, not {expected}"));
        }
        // Replicas share most of their commands: each is run once.
        let mut commands: Vec<&Value> = Vec::new();
        for finding in &findings {
            for command in finding["diagnoses"][0]["fixes"][0]["commands"].as_array().into_iter().flatten() {
                if commands.iter().all(|known| known["run"] != command["run"]) {
                    commands.push(command);
                }
            }
        }
        if commands.is_empty() && scenario.heal.outside.is_empty() && scenario.heal.instead.is_empty() {
            return Err("nothing to run was printed, and nobody outside is to act".into());
        }
        // Printed commands have to heal alone; nobody helps them from outside.
        if commands.is_empty() || scenario.heal.outside_too.is_some() {
            self.script(scenario, &scenario.heal.outside)?;
        }
        if commands.is_empty() {
            self.script(scenario, &scenario.heal.instead)?;
        }
        let begin = Instant::now();
        for command in commands {
            let run = command["run"].as_str().ok_or("a command without `run`")?;
            let mut shell = self.shell(run);
            for need in command["needs"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                shell.env(
                    need,
                    scenario.need(need).ok_or_else(|| format!("a command needs {need}, which nobody has: {run}"))?,
                );
            }
            outcome.commands.push(run.to_owned());
            done(&mut shell).map_err(|error| format!("the printed command failed: {run}\n{error}"))?;
        }
        let within = Duration::from_secs(scenario.heal.within.unwrap_or(HEAL));
        loop {
            if self.is_healed(scenario)? {
                outcome.healed = Some(begin.elapsed().as_secs_f32());
                return Ok(());
            }
            if begin.elapsed() > within {
                let state = self.visible(&scenario.namespace())?;
                let telling =
                    |line: &&str| ["Failed", "Error", "Back-off", "not found"].iter().any(|word| line.contains(word));
                let state = state.lines().filter(telling).collect::<Vec<_>>().join("\n");
                let tried = if outcome.commands.is_empty() {
                    "nothing to run was printed".to_owned()
                } else {
                    outcome.commands.join("\n")
                };
                return Err(format!(
                    "did not heal within {} s. Run as printed:\n{tried}\nstate:\n{state}",
                    within.as_secs()
                )
                .into());
            }
            thread::sleep(LOOK);
        }
    }

    fn is_healed(&self, scenario: &Scenario) -> Result<bool> {
        if let Some(test) = &scenario.heal.when {
            return Ok(self.script(scenario, test).is_ok());
        }
        let pods = self.api.list(&scenario.namespace(), "pods")?;
        let mut pods = pods.iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null()).peekable();
        Ok(pods.peek().is_some() && pods.all(runs))
    }

    fn clean(&self, scenario: &Scenario) -> Result<()> {
        self.script(scenario, &scenario.after)?;
        let namespace = scenario.namespace();
        self.kubectl(&format!(
            "kubectl delete namespace {namespace} {namespace}-elsewhere --ignore-not-found --wait=false"
        ))?;
        if self.is_lab {
            for host in scenario.images_and_hosts().1 {
                lifecycle::order(&["restore".to_owned(), host])?;
            }
        }
        Ok(())
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // The lab's own is removed with the lab.
        if !self.is_lab {
            let _ = fs::remove_dir_all(&self.home);
        }
    }
}

/// Statuses of all containers of a pod, of every kind.
pub fn statuses(pod: &Value) -> impl Iterator<Item = &Value> {
    let kinds = ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"];
    kinds.into_iter().flat_map(|kind| pod["status"][kind].as_array().into_iter().flatten())
}

/// A pod that runs and is ready, or has done its work.
fn runs(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    let ready = conditions
        .is_some_and(|all| all.iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True"));
    pod["status"]["phase"] == "Succeeded" || ready
}

/// Compares the answer with the right one; whether there is something to heal.
fn judge(scenario: &Scenario, report: &Value, outcome: &mut Outcome) -> Result<bool> {
    let findings = report["findings"].as_array().ok_or("a report without findings")?;
    let expect = &scenario.expect;
    let Some(cause) = &expect.cause else {
        // A healed one is history: a pull did fail, and it is told so.
        let named = findings
            .iter()
            .filter(|finding| finding["state"] != "healed")
            .map(|finding| finding["diagnoses"][0]["cause"].as_str().unwrap_or("something without a cause"));
        let wrong: Vec<_> = named.filter(|named| !expect.accept.iter().any(|accepted| accepted == named)).collect();
        if !wrong.is_empty() {
            outcome.defects.push(format!("no pull failed, but found {}", wrong.join(", ")));
        }
        return Ok(false);
    };
    let wanted = |finding: &&Value| scenario.is_asked(finding);
    let finding = findings.iter().find(wanted).ok_or("nothing was found")?;
    let diagnosis = &finding["diagnoses"][0];
    outcome.cause = diagnosis["cause"].as_str().map(str::to_owned);
    outcome.settled_from = diagnosis["settled_from"].as_str().map(str::to_owned);
    let right_by_text =
        |named: Option<&str>| named == Some(cause) || expect.accept.iter().any(|accepted| named == Some(accepted));
    let named = outcome.cause.as_deref();
    let right = match &expect.settled {
        Some(settled) => {
            named == Some(settled) && outcome.settled_from.as_deref().is_none_or(|from| right_by_text(Some(from)))
        }
        None => right_by_text(named),
    };
    if !right {
        let wanted = expect.settled.as_ref().map(|settled| format!("{settled}, settled from ")).unwrap_or_default();
        let from = outcome.settled_from.as_deref().map(|from| format!(", settled from {from}")).unwrap_or_default();
        outcome.defects.push(format!("named {}{from}; right is {wanted}{cause}", named.unwrap_or("nothing")));
    }
    let outlook = diagnosis["outlook"].as_str();
    if expect.outlook.is_some() && expect.outlook.as_deref() != outlook {
        outcome.defects.push(format!(
            "outlook {}, not {}",
            outlook.unwrap_or("none"),
            expect.outlook.as_deref().unwrap_or_default()
        ));
    }
    Ok(true)
}

/// Tries scenarios, several at a time, those that want the node for themselves last and alone. Prints a line for each.
pub fn try_all(
    bench: &Bench,
    scenarios: &[Scenario],
    jobs: usize,
    record: &(dyn Fn(&Bench, &Scenario) -> Result<()> + Sync),
) -> Vec<Outcome> {
    let (alone, mut together): (Vec<_>, Vec<_>) = scenarios.iter().partition(|scenario| scenario.exclusive);
    // The longest first, so that none of them is left running at the end.
    together.sort_by_key(|scenario| std::cmp::Reverse(scenario.within + scenario.heal.within.unwrap_or(HEAL)));
    let outcomes = Mutex::new(Vec::new());
    for (jobs, list) in [(jobs, together), (1, alone)] {
        let queue = Mutex::new(VecDeque::from(list));
        thread::scope(|scope| {
            for _ in 0..jobs {
                scope.spawn(|| {
                    while let Some(scenario) = { queue.lock().expect("not poisoned").pop_front() } {
                        let outcome = bench.try_one(scenario, record);
                        print(&outcome);
                        outcomes.lock().expect("not poisoned").push(outcome);
                    }
                });
            }
        });
    }
    let mut outcomes = outcomes.into_inner().expect("not poisoned");
    outcomes.sort_by(|a, b| a.name.cmp(&b.name));
    outcomes
}

fn print(outcome: &Outcome) {
    let seconds = |time: Option<f32>| time.map_or("-".to_owned(), |time| format!("{time:.0}"));
    let verdict = if outcome.defects.is_empty() { "ok  " } else { "FAIL" };
    println!(
        "{verdict} {:42} seen {:>3} s  healed {:>3} s  {}",
        outcome.name,
        seconds(outcome.seen),
        seconds(outcome.healed),
        outcome.cause.as_deref().unwrap_or("-")
    );
    for defect in &outcome.defects {
        println!("     {}", defect.trim_end().replace('\n', "\n       "));
    }
}

/// The plugin: `IMAGEPULL_PLUGIN`, or built from this workspace.
fn plugin() -> Result<PathBuf> {
    if let Some(path) = env::var_os("IMAGEPULL_PLUGIN") {
        return Ok(path.into());
    }
    let status = Command::new("cargo")
        .args(["build", "--quiet", "-p", "kubectl-imagepull"])
        .current_dir(paths::workspace())
        .status()?;
    if !status.success() {
        return Err("the plugin does not build".into());
    }
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| paths::workspace().join("target"), PathBuf::from);
    Ok(target.join("debug/kubectl-imagepull"))
}

/// Runs to the end; what it printed, or what it said when it failed.
pub fn done(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        return Err(format!("{}{text}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(text)
}
