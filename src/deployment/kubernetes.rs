//! Kubernetes manifests: pods, everything that has a template of pods, and network policies.

mod container;
mod volumes;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::kind::Kind;
use super::place::{Place, Problem, Spanned};
use super::workload::{Controller, HostNamespace, Pod};
use super::yaml::{self, Budget, Node, Room};
use super::{Deployment, NetworkPolicy};
use crate::source::Source;

/// The deepest lists within lists.
const MAX_LISTS: usize = 4;

pub(super) fn read(source: Source, room: &Room) -> Deployment {
    let mut deployment = Deployment::new(Kind::Kubernetes);
    if let Some(at) = template_action(source.text()) {
        let message = "this is a template: pass the output of `helm template`, for example on \
                       standard input (`jettison lint -`)";
        let place = Place::new(0, at, at + 2);
        deployment.problems.push(Problem::new(place, message));
        deployment.files.push(Arc::new(source));
        return deployment;
    }
    let mut budget = Budget::of(room);
    let documents = yaml::parse(source.text(), 0, &mut budget, &mut deployment.problems);
    deployment.files.push(Arc::new(source));
    for document in &documents {
        add_object(document, &mut deployment, 0);
    }
    deployment
}

/// Whether a text is a template of Helm, which is not YAML before it is rendered.
pub fn is_template(text: &str) -> bool {
    template_action(text).is_some()
}

/// The position of the first action of a Go template that is not in a comment and not within
/// quotes, where other programs may interpret it.
fn template_action(text: &str) -> Option<usize> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let code = line.trim_start();
        // An action on a line of its own, or as the whole value of a key.
        let value = match code.split_once(": ") {
            Some((_, value)) => value.trim_start_matches(['"', '\'']),
            None => code,
        };
        for candidate in [code, value] {
            if candidate.starts_with("{{") && is_helm(candidate) {
                return Some(start + line.len() - candidate.len());
            }
        }
        start += line.len();
    }
    None
}

/// Whether an action uses what only Helm has: its objects and its control structures.
fn is_helm(action: &str) -> bool {
    let inside = action.trim_start_matches(['{', '-', ' ']);
    let words = [
        ".Values",
        ".Release",
        ".Chart",
        ".Capabilities",
        ".Files",
        "include ",
        "template ",
        "if ",
        "with ",
        "range ",
        "define ",
        "end ",
        "end}",
        "toYaml ",
        "/*",
        "$",
    ];
    words.iter().any(|word| inside.starts_with(word))
        || inside.contains(".Values.")
        || inside.contains("include \"")
}

fn add_object(object: &Node, deployment: &mut Deployment, lists: usize) {
    let Some(kind) = object.get("kind").and_then(Node::as_str) else {
        return;
    };
    let (path, controller): (&[&str], _) = match kind {
        "Pod" => (&["spec"], Controller::Pod),
        "Deployment"
        | "StatefulSet"
        | "DaemonSet"
        | "ReplicaSet"
        | "ReplicationController"
        | "Rollout" => (&["spec", "template", "spec"], Controller::Lasting),
        // A pod template is not started by itself, but it is what will be.
        "PodTemplate" => (&["template", "spec"], Controller::Lasting),
        "Job" => (&["spec", "template", "spec"], Controller::Job),
        "CronJob" => (
            &["spec", "jobTemplate", "spec", "template", "spec"],
            Controller::CronJob,
        ),
        "NetworkPolicy" => return deployment.policies.extend(network_policy(object)),
        _ if kind.ends_with("List") || kind == "List" => {
            if lists < MAX_LISTS {
                for item in object.get("items").map(Node::items).unwrap_or_default() {
                    add_object(item, deployment, lists + 1);
                }
            }
            return;
        }
        _ => return,
    };
    let Some(spec) = object.at(path) else {
        return;
    };
    let template = object.at(&path[..path.len() - 1]).unwrap_or(object);
    deployment
        .pods
        .push(pod(object, template, spec, controller));
}

/// The pod that an object starts. `template` has the metadata of the pod.
fn pod(object: &Node, template: &Node, spec: &Node, controller: Controller) -> Pod {
    let metadata = object.get("metadata");
    let name = metadata.and_then(|metadata| {
        metadata
            .get("name")
            .or_else(|| metadata.get("generateName"))?
            .string()
    });
    let name = name.unwrap_or_else(|| {
        let kind = object
            .entry("kind")
            .map_or(object.place, |entry| entry.value.place);
        Spanned::new("pod".to_owned(), kind)
    });
    let mut pod = Pod::new(name, controller);
    // A patch of Kustomize has neither the image nor all else.
    let containers = spec.get("containers").map(Node::items).unwrap_or_default();
    pod.is_partial = containers.is_empty()
        || containers
            .iter()
            .any(|container| container.entry("image").is_none());
    pod.namespace = metadata
        .and_then(|metadata| metadata.get("namespace"))
        .and_then(Node::as_str)
        .map(str::to_owned);
    pod.labels = labels(template.at(&["metadata", "labels"]));
    pod.host_namespaces = host_namespaces(spec);
    pod.service_account_token = spec
        .get("automountServiceAccountToken")
        .and_then(Node::boolean);
    pod.service_account = spec.get("serviceAccountName").and_then(Node::string);
    pod.restart = spec.get("restartPolicy").and_then(Node::string);
    let job = match controller {
        Controller::Job => object.get("spec"),
        Controller::CronJob => object.at(&["spec", "jobTemplate", "spec"]),
        Controller::Service | Controller::Pod | Controller::Lasting => None,
    };
    let of_job = |key: &str| job.and_then(|job| job.get(key)).and_then(Node::string);
    pod.deadline =
        of_job("activeDeadlineSeconds").or_else(|| spec.get("activeDeadlineSeconds")?.string());
    pod.time_to_live = of_job("ttlSecondsAfterFinished");
    container::add(spec, template, &mut pod);
    pod
}

fn labels(node: Option<&Node>) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for entry in node.map(Node::entries).unwrap_or_default() {
        if let Some(value) = entry.value.as_str() {
            labels.insert(entry.key.value.clone(), value.to_owned());
        }
    }
    labels
}

fn host_namespaces(spec: &Node) -> Vec<Spanned<HostNamespace>> {
    let keys = [
        ("hostNetwork", HostNamespace::Network),
        ("hostPID", HostNamespace::Pid),
        ("hostIPC", HostNamespace::Ipc),
    ];
    let mut namespaces = Vec::new();
    for (key, namespace) in keys {
        if let Some(entry) = spec.entry(key)
            && entry.value.boolean().is_some_and(|is| is.value)
        {
            namespaces.push(Spanned::new(namespace, entry.key.place));
        }
    }
    namespaces
}

fn network_policy(object: &Node) -> Option<NetworkPolicy> {
    let selector = object.at(&["spec", "podSelector"]);
    let labels = labels(selector.and_then(|selector| selector.get("matchLabels")));
    Some(NetworkPolicy {
        place: object.get("metadata")?.place,
        namespace: object
            .at(&["metadata", "namespace"])
            .and_then(Node::as_str)
            .map(str::to_owned),
        labels: labels.into_iter().collect(),
        has_expressions: selector
            .is_some_and(|selector| selector.get("matchExpressions").is_some()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_of_helm_are_told_apart_from_other_braces() {
        for (text, expected) in [
            ("{{- if .Values.x }}\nkind: Pod\n", true),
            ("metadata:\n  name: {{ include \"app.name\" . }}\n", true),
            ("  image: \"{{ .Values.image }}:1\"\n", true),
            ("  args: [\"--format={{ .Name }}\"]\n", false),
            ("  command: \"docker ps --format '{{.Names}}'\"\n", false),
            ("# {{ .Values.x }}\nkind: Pod\n", false),
            ("a: {b: {c: 1}}\n", false),
        ] {
            assert_eq!(is_template(text), expected, "{text}");
        }
    }
}
