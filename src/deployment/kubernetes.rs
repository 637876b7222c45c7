//! Kubernetes manifests: pods, everything that has a template of pods, and network policies.

mod container;
mod copies;
mod volumes;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::kind::Kind;
use super::place::{Place, Problem, Spanned};
use super::workload::{Controller, HostNamespace, Pod};
use super::yaml::{self, Budget, Node, Room};
use super::{Deployment, NetworkPolicy};
use crate::source::Source;
use copies::Copies;

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
    let mut copies = Copies::of(&mut budget);
    for document in &documents {
        add_object(document, &mut deployment, &mut copies, 0);
    }
    deployment.problems.extend(copies.problem());
    budget.report(&mut deployment.problems);
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

fn add_object(
    object: &Node,
    deployment: &mut Deployment,
    copies: &mut Copies<'_, '_>,
    lists: usize,
) {
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
                    add_object(item, deployment, copies, lists + 1);
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
    let mut pod = pod(object, template, spec, controller);
    container::add(spec, template, &mut pod, copies);
    deployment.pods.push(pod);
}

/// The pod that an object starts, without its containers. `template` has the metadata of the pod.
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
    use std::fmt::Write as _;

    use super::super::workload::{MountSource, Profile, Workload};
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

    fn read_text(text: &str) -> Deployment {
        read(Source::new("pod.yaml", text), &Room::default())
    }

    /// A pod with containers that all mount the same volume and inherit the same user.
    fn pod_of(containers: usize, user: &str) -> Deployment {
        let mut text = format!(
            "kind: Pod\nspec:\n  securityContext: {{runAsUser: {user}}}\n  \
             volumes: [{{name: v, hostPath: {{path: /{user}}}}}, {{name: v, emptyDir: {{}}}}]\n  \
             containers:\n"
        );
        for number in 0..containers {
            let _ = writeln!(
                text,
                "  - {{name: c{number}, image: a, volumeMounts: [{{name: v, mountPath: /v}}]}}"
            );
        }
        read_text(&text)
    }

    #[test]
    fn containers_share_the_values_of_their_pod() {
        let deployment = pod_of(300, "1000");
        assert_eq!(deployment.problems, []);
        let workloads = &deployment.pods[0].workloads;
        assert_eq!(workloads.len(), 300);
        for workload in workloads {
            assert_eq!(workload.user.as_ref().unwrap().value, "1000");
            // Of two volumes with the same name, the first one counts.
            let source = &workload.mounts[0].source;
            assert!(matches!(source, MountSource::Host(path) if path.value == "/1000"));
        }
    }

    #[test]
    fn long_values_are_not_copied_without_limit() {
        let user = "x".repeat(100_000);
        let deployment = pod_of(300, &user);
        assert_eq!(deployment.problems.len(), 1);
        assert!(deployment.problems[0].message.contains("too long"));
        let mut copied = 0;
        for workload in &deployment.pods[0].workloads {
            copied += workload.user.as_ref().map_or(0, |user| user.len());
        }
        assert!(copied <= 8 << 20, "{copied}");
        assert_eq!(deployment.pods[0].workloads.len(), 300);
    }

    #[test]
    fn values_of_a_container_win_over_those_of_its_pod() {
        let deployment = read_text(
            "kind: Pod\nmetadata:\n  annotations:\n    \
             container.apparmor.security.beta.kubernetes.io/a: unconfined\n    \
             container.apparmor.security.beta.kubernetes.io/b: unconfined\nspec:\n  \
             securityContext: {runAsUser: 1, runAsUser: 2, runAsGroup: 3, runAsGroup: null}\n  \
             containers:\n  - {name: a, securityContext: {runAsUser: 4, runAsUser: 5}}\n  \
             - {name: b, securityContext: {runAsUser: null, appArmorProfile: {type: RuntimeDefault}}}\n",
        );
        let [a, b] = &deployment.pods[0].workloads[..] else {
            panic!("two containers: {deployment:?}");
        };
        let user = |workload: &Workload| workload.user.as_ref().map(|user| user.value.clone());
        assert_eq!(user(a).as_deref(), Some("5"));
        assert_eq!(user(b).as_deref(), Some("2"));
        assert_eq!((&a.group, &b.group), (&None, &None));
        let apparmor = |workload: &Workload| workload.apparmor.as_ref().map(|of| of.value.clone());
        assert_eq!(apparmor(a), Some(Profile::Unconfined));
        assert_eq!(apparmor(b), Some(Profile::RuntimeDefault));
    }
}
