//! What may stand at a place: pods that fail first, kinds and their names, namespaces, containers, names of the kubeconfig, causes.

use super::Offers;
use super::words::{Asked, Place};
use crate::args::{Cli, Connection, Selection};
use crate::cluster::{self, Address, Cluster, Form};
use crate::failure::Failure;
use crate::scan;
use crate::target::{Known, POD};
use clap::{Arg, ArgMatches, CommandFactory, FromArgMatches};
use futures_util::future::join;
use imagepull_classifier::causes;
use serde_json::Value;
use std::cell::RefCell;
use std::time::Duration;

/// Who types waits. Enough for a credential plugin; the shell is free again after it.
const PATIENCE: Duration = Duration::from_secs(3);

/// What may stand at the place that was asked for; nothing where the cluster does not answer.
pub fn offers(asked: &Asked) -> Offers {
    let values = |values: &[(String, String)]| Offers { values: values.to_vec(), ..Offers::default() };
    match &asked.place {
        Place::Verb(verbs) => values(verbs),
        Place::Flag(flags) => values(flags),
        Place::Value { argument, given } => value(asked, argument, given),
        Place::Nothing => Offers::default(),
    }
}

fn value(asked: &Asked, argument: &Arg, given: &[String]) -> Offers {
    let possible = argument.get_possible_values();
    if !possible.is_empty() {
        let help = |value: &clap::builder::PossibleValue| {
            value.get_help().map(ToString::to_string).unwrap_or_default().lines().next().unwrap_or_default().to_owned()
        };
        let values = possible.iter().map(|value| (value.get_name().to_owned(), help(value))).collect();
        return Offers { values, ..Offers::default() };
    }
    let line = || Line::read(&asked.before);
    let plain = |names: Option<Vec<String>>| Offers {
        values: names.unwrap_or_default().into_iter().map(|name| (name, String::new())).collect(),
        ..Offers::default()
    };
    match argument.get_id().as_str() {
        "targets" => line().and_then(|line| targets(line, &asked.word, given)).unwrap_or_default(),
        "cause" => Offers {
            values: causes::all().map(|cause| (cause.id.to_owned(), cause.title.to_owned())).collect(),
            ..Offers::default()
        },
        "namespace" => plain(line().and_then(|line| {
            line.ask(async |cluster| Ok(rows(cluster, &Address::new(&["api", "v1", "namespaces"])).await))
                .map(|rows| rows.into_iter().map(|row| row.name).collect())
        })),
        "container" => plain(line().and_then(|line| containers(line, given))),
        "context" => plain(line().and_then(|line| cluster::names(&line.connection).ok()).map(|names| names.contexts)),
        "cluster" => plain(line().and_then(|line| cluster::names(&line.connection).ok()).map(|names| names.clusters)),
        "user" => plain(line().and_then(|line| cluster::names(&line.connection).ok()).map(|names| names.users)),
        "filename" | "kubeconfig" | "certificate_authority" | "to" => Offers { files: true, ..Offers::default() },
        _ => Offers::default(),
    }
}

/// The words before, as far as they say which cluster and which pods.
struct Line {
    connection: Connection,
    selection: Selection,
}

impl Line {
    fn read(before: &[String]) -> Option<Line> {
        let words = std::iter::once("kubectl-imagepull").chain(before.iter().map(String::as_str));
        let matches = Cli::command().ignore_errors(true).try_get_matches_from(words).ok()?;
        let (_, verb): (&str, &ArgMatches) = matches.subcommand()?;
        let mut connection = Connection::from_arg_matches(verb).ok()?;
        let selection = Selection::from_arg_matches(verb).ok()?;
        let limit = connection.request_timeout.0.filter(|limit| *limit < PATIENCE);
        connection.request_timeout.0 = Some(limit.unwrap_or(PATIENCE));
        Some(Line { connection, selection })
    }

    fn ask<T>(self, work: impl AsyncFnOnce(&Cluster) -> Result<T, Failure>) -> Option<T> {
        cluster::run(self.connection, false, work).ok()
    }
}

/// A row of the server's table.
struct Row {
    name: String,
    status: Option<String>,
    well: bool,
}

/// The first page of a list, without the objects: what `kubectl get` prints.
async fn rows(cluster: &Cluster, address: &Address) -> Vec<Row> {
    let rows: RefCell<Vec<Row>> = RefCell::default();
    let address = address.clone().with("limit", cluster::PAGE).with("includeObject", "None");
    let listed = cluster
        .one_page(&address, Form::Table, &mut |element| {
            if let Some((name, ready, status)) = scan::row(element) {
                let well = ready.zip(status.as_ref()).is_some_and(|(ready, status)| scan::is_well(&ready, status));
                rows.borrow_mut().push(Row { name, status, well });
            }
        })
        .await;
    // What came before a refusal is still to be had.
    drop(listed);
    rows.into_inner()
}

fn targets(line: Line, word: &str, given: &[String]) -> Option<Offers> {
    let namespace = line.selection.namespace.clone();
    let (kind, prefix) = match (word.split_once('/'), given) {
        (Some((kind, _)), _) => (Known::of_word(kind)?, format!("{kind}/")),
        // `deploy web api`, as in `kubectl describe deploy web api`.
        (None, [kind, ..]) if !kind.contains('/') && Known::of_word(kind).is_some() => {
            (Known::of_word(kind)?, String::new())
        }
        (None, _) => (POD, String::new()),
    };
    let mut rows = line.ask(async |cluster| {
        let namespace = namespace.unwrap_or_else(|| cluster.namespace().to_owned());
        let list = Known::list(kind, &namespace);
        if kind != POD {
            return Ok(rows(cluster, &list).await);
        }
        // Those that wait to start come whole even where thousands run.
        let waiting = list.clone().with("fieldSelector", "status.phase=Pending");
        let others = list.with("fieldSelector", "status.phase!=Pending");
        let (mut waiting, others) = join(rows(cluster, &waiting), rows(cluster, &others)).await;
        waiting.extend(others);
        Ok(waiting)
    })?;
    if kind == POD {
        rows.sort_by_key(rank);
    }
    let mut values: Vec<(String, String)> = rows
        .into_iter()
        .map(|row| {
            (format!("{prefix}{}", row.name), if kind == POD { row.status.unwrap_or_default() } else { String::new() })
        })
        .filter(|(value, _)| !given.contains(value) && value.starts_with(word))
        .collect();
    let mut unfinished = false;
    if values.is_empty() && !word.is_empty() && !word.contains('/') {
        values = Known::words().map(|kind| (format!("{kind}/"), String::new())).collect();
        unfinished = true;
    }
    Some(Offers { values, unfinished, files: false })
}

/// Pulls that fail, then what is on its way, then what is not well, then the rest.
fn rank(row: &Row) -> u8 {
    // kubernetes pkg/kubelet/images/types.go; an init container's reason is prefixed (pkg/printers/internalversion/printers.go).
    let status = row.status.as_deref().unwrap_or_default();
    let reason = status.strip_prefix("Init:").unwrap_or(status);
    let pull = reason.contains("Image") || reason.contains("Registry") || reason.contains("Signature");
    match (pull, reason, row.well) {
        (true, ..) => 0,
        (_, "ContainerCreating" | "PodInitializing" | "Pending", _) => 1,
        (_, "Completed" | "Succeeded", _) | (.., true) => 3,
        _ => 2,
    }
}

/// Containers of the pods that are named.
fn containers(line: Line, given: &[String]) -> Option<Vec<String>> {
    let namespace = line.selection.namespace.clone();
    let pods: Vec<String> = given.iter().map(|name| name.strip_prefix("pod/").unwrap_or(name).to_owned()).collect();
    line.ask(async |cluster| {
        let namespace = namespace.unwrap_or_else(|| cluster.namespace().to_owned());
        let mut names: Vec<String> = Vec::new();
        for pod in pods {
            let Ok(pod) = cluster.object(&Known::list(POD, &namespace).below(&pod)).await else { continue };
            for place in ["initContainers", "containers", "ephemeralContainers"] {
                let of_place = pod["spec"][place].as_array().into_iter().flatten();
                names.extend(of_place.filter_map(|container| container["name"].as_str().map(str::to_owned)));
            }
            drop::<Value>(pod);
        }
        Ok(names)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pulls_that_fail_come_first() {
        let row = |status: &str, well| Row { name: String::new(), status: Some(status.to_owned()), well };
        let ranks = [
            ("Init:ImagePullBackOff", false, 0),
            ("ErrImageNeverPull", false, 0),
            ("InvalidImageName", false, 0),
            ("RegistryUnavailable", false, 0),
            ("ContainerCreating", false, 1),
            ("CrashLoopBackOff", false, 2),
            ("Running", false, 2),
            ("Running", true, 3),
            ("Completed", false, 3),
        ];
        for (status, well, want) in ranks {
            assert_eq!(rank(&row(status, well)), want, "{status}");
        }
    }

    #[test]
    fn the_words_before_say_which_cluster() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let line = Line::read(&words("why web-1 -n shop --context=prod --as jane")).expect("a line");
        assert_eq!(line.selection.namespace.as_deref(), Some("shop"));
        assert_eq!(line.connection.context.as_deref(), Some("prod"));
        assert_eq!(line.connection.impersonate.as_deref(), Some("jane"));
        assert_eq!(line.connection.request_timeout.0, Some(PATIENCE));
        let line = Line::read(&words("collect --request-timeout 1s --no-such-flag")).expect("a line");
        assert_eq!(line.connection.request_timeout.0, Some(Duration::from_secs(1)));
        assert!(Line::read(&[]).is_none());
    }
}
