//! What is kept of an object: a list of what may stay, so that a field nobody thought of does not.
//!
//! Never kept: environment, arguments, commands, annotations, termination messages, managed fields but for their managers' names.

use serde_json::{Map, Value};

/// What is kept of a value.
enum Keep {
    /// All of it.
    All,
    /// These fields of an object.
    Fields(&'static [(&'static str, Keep)]),
    /// This of each element of a list.
    Each(&'static Keep),
}

use Keep::{All, Each, Fields};

const METADATA: Keep = Fields(&[
    ("name", All),
    ("namespace", All),
    ("uid", All),
    ("creationTimestamp", All),
    ("deletionTimestamp", All),
    ("labels", All),
    ("ownerReferences", All),
]);

const CONDITIONS: Keep =
    Each(&Fields(&[("type", All), ("status", All), ("reason", All), ("message", All), ("lastTransitionTime", All)]));

const CONTAINERS: Keep = Each(&Fields(&[
    ("name", All),
    ("image", All),
    ("imagePullPolicy", All),
    ("restartPolicy", All),
    ("targetContainerName", All),
]));

/// A terminated state's `message` is the program's own last words.
const TERMINATED: Keep = Fields(&[("reason", All), ("exitCode", All), ("startedAt", All), ("finishedAt", All)]);

const CONTAINER_STATUSES: Keep = Each(&Fields(&[
    ("name", All),
    ("image", All),
    ("imageID", All),
    ("ready", All),
    ("started", All),
    ("restartCount", All),
    ("state", Fields(&[("waiting", All), ("running", All), ("terminated", TERMINATED)])),
    ("lastState", Fields(&[("waiting", All), ("terminated", TERMINATED)])),
]));

const POD: Keep = Fields(&[
    ("apiVersion", All),
    ("kind", All),
    ("metadata", METADATA),
    (
        "spec",
        Fields(&[
            ("nodeName", All),
            ("serviceAccountName", All),
            ("imagePullSecrets", All),
            ("restartPolicy", All),
            ("runtimeClassName", All),
            ("nodeSelector", All),
            ("containers", CONTAINERS),
            ("initContainers", CONTAINERS),
            ("ephemeralContainers", CONTAINERS),
            ("volumes", Each(&Fields(&[("name", All), ("image", All)]))),
        ]),
    ),
    (
        "status",
        Fields(&[
            ("phase", All),
            ("reason", All),
            ("message", All),
            ("startTime", All),
            ("conditions", CONDITIONS),
            ("containerStatuses", CONTAINER_STATUSES),
            ("initContainerStatuses", CONTAINER_STATUSES),
            ("ephemeralContainerStatuses", CONTAINER_STATUSES),
        ]),
    ),
]);

const EVENT: Keep = Fields(&[
    ("apiVersion", All),
    ("kind", All),
    ("metadata", Fields(&[("name", All), ("namespace", All), ("uid", All), ("creationTimestamp", All)])),
    ("involvedObject", All),
    ("reason", All),
    ("message", All),
    ("type", All),
    ("count", All),
    ("firstTimestamp", All),
    ("lastTimestamp", All),
    ("eventTime", All),
    ("series", All),
    ("source", All),
    ("reportingComponent", All),
    ("reportingInstance", All),
]);

const SERVICE_ACCOUNT: Keep =
    Fields(&[("apiVersion", All), ("kind", All), ("metadata", METADATA), ("imagePullSecrets", All)]);

const NODE: Keep = Fields(&[
    ("apiVersion", All),
    ("kind", All),
    ("metadata", Fields(&[("name", All), ("uid", All), ("creationTimestamp", All), ("labels", All)])),
    ("spec", Fields(&[("providerID", All), ("unschedulable", All), ("taints", All)])),
    (
        "status",
        Fields(&[
            (
                "nodeInfo",
                Fields(&[
                    ("architecture", All),
                    ("operatingSystem", All),
                    ("osImage", All),
                    ("kernelVersion", All),
                    ("containerRuntimeVersion", All),
                    ("kubeletVersion", All),
                ]),
            ),
            ("conditions", CONDITIONS),
            ("images", Each(&Fields(&[("names", All)]))),
        ]),
    ),
]);

const OWNER: Keep = Fields(&[
    ("apiVersion", All),
    ("kind", All),
    (
        "metadata",
        Fields(&[
            ("name", All),
            ("namespace", All),
            ("uid", All),
            ("creationTimestamp", All),
            ("labels", All),
            ("ownerReferences", All),
            ("managedFields", Each(&Fields(&[("manager", All)]))),
        ]),
    ),
    ("spec", Fields(&[("replicas", All), ("paused", All), ("suspend", All), ("selector", All)])),
    (
        "status",
        Fields(&[
            ("replicas", All),
            ("readyReplicas", All),
            ("availableReplicas", All),
            ("unavailableReplicas", All),
            ("updatedReplicas", All),
            ("desiredNumberScheduled", All),
            ("currentNumberScheduled", All),
            ("active", All),
            ("failed", All),
            ("succeeded", All),
            ("conditions", CONDITIONS),
        ]),
    ),
]);

/// A pod without what could hold a secret.
pub fn pod(object: Value) -> Value {
    let mut pod = keep(named(object, "v1", "Pod"), &POD);
    if let Some(volumes) = pod.pointer_mut("/spec/volumes").and_then(Value::as_array_mut) {
        volumes.retain(|volume| volume.get("image").is_some());
    }
    pod
}

/// An event.
pub fn event(object: Value) -> Value {
    keep(named(object, "v1", "Event"), &EVENT)
}

/// A service account.
pub fn service_account(object: Value) -> Value {
    keep(named(object, "v1", "ServiceAccount"), &SERVICE_ACCOUNT)
}

/// A node.
pub fn node(object: Value) -> Value {
    keep(named(object, "v1", "Node"), &NODE)
}

/// A workload.
pub fn owner(object: Value) -> Value {
    keep(object, &OWNER)
}

/// Elements of a list do not say what they are.
fn named(mut object: Value, version: &str, kind: &str) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.entry("apiVersion").or_insert_with(|| version.into());
        fields.entry("kind").or_insert_with(|| kind.into());
    }
    object
}

fn keep(value: Value, what: &Keep) -> Value {
    match (what, value) {
        (All, value) => value,
        (Fields(fields), Value::Object(mut object)) => {
            let mut kept = Map::new();
            for (name, what) in *fields {
                if let Some(value) = object.remove(*name).filter(|value| !value.is_null()) {
                    kept.insert((*name).to_owned(), keep(value, what));
                }
            }
            Value::Object(kept)
        }
        (Each(what), Value::Array(items)) => Value::Array(items.into_iter().map(|item| keep(item, what)).collect()),
        // Not the type that it should have: nothing of it is known to be harmless.
        (Fields(_) | Each(_), _) => Value::Null,
    }
}

/// A text field.
pub fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The elements of a list; none if there is none.
pub fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Namespace and name.
pub fn place(object: &Value) -> (String, String) {
    let text = |pointer| text(object, pointer).unwrap_or_default().to_owned();
    (text("/metadata/namespace"), text("/metadata/name"))
}

/// The reference to the controller, or to the only owner.
pub fn controller(object: &Value) -> Option<&Value> {
    let owners = list(object, "/metadata/ownerReferences");
    owners.iter().find(|owner| owner["controller"] == true).or(owners.first())
}

/// Names in `imagePullSecrets`, of a pod or a service account.
pub fn pull_secrets(object: &Value) -> impl Iterator<Item = &str> {
    let list = if object["kind"] == "Pod" {
        list(object, "/spec/imagePullSecrets")
    } else {
        list(object, "/imagePullSecrets")
    };
    list.iter().filter_map(|entry| entry["name"].as_str()).filter(|name| !name.is_empty())
}

/// The statuses of all containers of a pod.
pub fn statuses(pod: &Value) -> impl Iterator<Item = &Value> {
    ["/status/initContainerStatuses", "/status/containerStatuses", "/status/ephemeralContainerStatuses"]
        .into_iter()
        .flat_map(|pointer| list(pod, pointer))
}

/// The images that a pod names.
pub fn images(pod: &Value) -> impl Iterator<Item = &str> {
    let containers = ["/spec/initContainers", "/spec/containers", "/spec/ephemeralContainers"]
        .into_iter()
        .flat_map(|pointer| list(pod, pointer))
        .filter_map(|container| container["image"].as_str());
    let volumes = list(pod, "/spec/volumes").iter().filter_map(|volume| volume.pointer("/image/reference")?.as_str());
    containers.chain(volumes)
}

/// Whether some container of a pod waits for something that may be its image.
///
/// The reasons that are left out are the kubelet's for other waits: kubernetes pkg/kubelet/kubelet_pods.go and
/// kuberuntime_container.go.
pub fn waits(pod: &Value) -> bool {
    const OTHER: [&str; 7] = [
        "ContainerCreating",
        "PodInitializing",
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
        "PostStartHookError",
    ];
    statuses(pod).any(|status| text(status, "/state/waiting/reason").is_some_and(|reason| !OTHER.contains(&reason)))
}

/// Whether an event says that an image was not pulled. It comes before the container's status says so.
///
/// Reasons: kubernetes pkg/kubelet/events/event.go. `Failed` and `BackOff` are also those of containers that do not start.
pub fn tells_of_a_failed_pull(event: &Value) -> bool {
    let message = text(event, "/message").unwrap_or_default();
    match text(event, "/reason") {
        Some("InspectFailed" | "ErrImageNeverPull" | "FailedToRetrieveImagePullSecret") => true,
        Some("Failed" | "BackOff") => ["pull", "Pull", "image"].iter().any(|word| message.contains(word)),
        _ => false,
    }
}

/// Whether nothing in a pod waits: what runs elsewhere is evidence.
pub fn runs(pod: &Value) -> bool {
    text(pod, "/status/phase") == Some("Running")
        && !statuses(pod).any(|status| status.pointer("/state/waiting").is_some())
}

/// Leaves one container of a pod, for `--container`. Answers whether it is there.
pub fn only_container(pod: &mut Value, name: &str) -> bool {
    let mut found = false;
    for pointer in [
        "/spec/initContainers",
        "/spec/containers",
        "/spec/ephemeralContainers",
        "/status/initContainerStatuses",
        "/status/containerStatuses",
        "/status/ephemeralContainerStatuses",
    ] {
        if let Some(containers) = pod.pointer_mut(pointer).and_then(Value::as_array_mut) {
            containers.retain(|container| container["name"] == name);
            found |= !containers.is_empty();
        }
    }
    if let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) {
        spec.remove("volumes");
    }
    found
}

/// The container that an event speaks of, as the path `spec.containers{app}` has it.
pub fn container_of(event: &Value) -> Option<&str> {
    text(event, "/involvedObject/fieldPath")?.split_once('{')?.1.strip_suffix('}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_of_a_pod_stays_that_could_hold_a_secret() {
        let pod = pod(json!({
            "metadata": {"name": "web", "namespace": "shop", "annotations": {"a": "CANARY"}, "managedFields": [{"manager": "CANARY"}]},
            "spec": {
                "containers": [{"name": "app", "image": "nginx", "env": [{"name": "P", "value": "CANARY"}], "args": ["CANARY"],
                                "command": ["CANARY"], "envFrom": [{"secretRef": {"name": "CANARY"}}],
                                "livenessProbe": {"exec": {"command": ["CANARY"]}}}],
                "volumes": [{"name": "v", "csi": {"volumeAttributes": {"password": "CANARY"}}}, {"name": "i", "image": {"reference": "x"}}],
                "futureField": "CANARY",
            },
            "status": {"phase": "Pending", "containerStatuses": [{"name": "app", "state": {"waiting": {"reason": "ErrImagePull"}},
                       "lastState": {"terminated": {"reason": "Error", "message": "CANARY"}}}]},
        }));
        let text = pod.to_string();
        assert!(!text.contains("CANARY"), "{text}");
        assert_eq!(pod["kind"], "Pod");
        assert_eq!(pod["spec"]["volumes"], json!([{"name": "i", "image": {"reference": "x"}}]));
        assert_eq!(pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"], "ErrImagePull");
        assert_eq!(images(&pod).collect::<Vec<_>>(), ["nginx", "x"]);
        assert!(waits(&pod) && !runs(&pod));
    }

    #[test]
    fn a_field_of_an_unexpected_type_is_left_out() {
        assert_eq!(
            owner(json!({"kind": "X", "spec": "CANARY", "metadata": ["CANARY"]})),
            json!({"kind": "X", "spec": null, "metadata": null})
        );
    }

    #[test]
    fn other_waits_are_no_image_waits() {
        let pod = |reason: &str| json!({"status": {"containerStatuses": [{"state": {"waiting": {"reason": reason}}}]}});
        assert!(!waits(&pod("CrashLoopBackOff")));
        assert!(!waits(&pod("ContainerCreating")));
        assert!(waits(&pod("ImagePullBackOff")));
        assert!(waits(&pod("SomethingNew")));
    }

    #[test]
    fn a_failed_pull_is_told_from_a_failed_start() {
        let event =
            |reason: &str, message: &str| tells_of_a_failed_pull(&json!({"reason": reason, "message": message}));
        assert!(event("Failed", "Failed to pull image \"web:v9\": not found"));
        assert!(event("Failed", "Error: ErrImagePull"));
        assert!(event("BackOff", "Back-off pulling image \"web:v9\""));
        assert!(event("InspectFailed", "Failed to apply default image tag"));
        assert!(event("FailedToRetrieveImagePullSecret", "Unable to retrieve some secrets"));
        assert!(!event("BackOff", "Back-off restarting failed container app in pod web_shop(1)"));
        assert!(!event("Failed", "Error: configmap \"settings\" not found"));
        assert!(!event("Pulled", "Successfully pulled image \"web:v9\""));
    }

    #[test]
    fn a_single_container_is_left() {
        let mut pod = json!({"spec": {"containers": [{"name": "a"}, {"name": "b"}], "volumes": [{"name": "v"}]},
                             "status": {"containerStatuses": [{"name": "a"}, {"name": "b"}]}});
        assert!(only_container(&mut pod, "b"));
        assert_eq!(
            pod,
            json!({"spec": {"containers": [{"name": "b"}]}, "status": {"containerStatuses": [{"name": "b"}]}})
        );
        assert!(!only_container(&mut pod, "c"));
        let event = json!({"involvedObject": {"fieldPath": "spec.containers{app}"}});
        assert_eq!(container_of(&event), Some("app"));
    }
}
