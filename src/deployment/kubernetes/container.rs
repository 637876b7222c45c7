//! Containers of a pod, with what the pod says for all of them.

use super::super::place::Spanned;
use super::super::words;
use super::super::workload::{
    Check, CheckKind, Limits, Pod, Port, Profile, Role, Variable, Workload,
};
use super::super::yaml::{Node, Origin};
use super::volumes;

/// Adds the containers of a pod's `spec`; `template` has its annotations.
pub(super) fn add(spec: &Node, template: &Node, pod: &mut Pod) {
    for (key, role) in [("initContainers", Role::Init), ("containers", Role::Main)] {
        for container in spec.get(key).map(Node::items).unwrap_or_default() {
            pod.workloads
                .push(workload(container, role, spec, template));
        }
    }
}

fn workload(container: &Node, role: Role, spec: &Node, template: &Node) -> Workload {
    let name = container.get("name").and_then(Node::string);
    let name = name.unwrap_or_else(|| Spanned::new("container".to_owned(), container.place));
    let mut workload = Workload::new(name, container.place);
    let restart = container.get("restartPolicy").and_then(Node::as_str);
    workload.role = match (role, restart) {
        (Role::Init, Some("Always")) => Role::Sidecar,
        (role, _) => role,
    };
    workload.image = container.get("image").and_then(Node::string);
    // `command` of Kubernetes is the entry point of an image, and `args` its command.
    workload.entrypoint = container.get("command").and_then(words::command);
    workload.command = container.get("args").and_then(words::command);
    workload.working_dir = container.get("workingDir").and_then(Node::string);
    workload.checks = checks(container);
    workload.mounts = volumes::mounts(container, spec);
    workload.limits = limits(container);
    workload.ports = ports(container);
    add_environment(container, &mut workload);
    add_security(container, spec, template, &mut workload);
    workload
}

fn checks(container: &Node) -> Vec<Check> {
    let kinds: [(&[&str], CheckKind); 5] = [
        (&["livenessProbe"], CheckKind::Liveness),
        (&["readinessProbe"], CheckKind::Readiness),
        (&["startupProbe"], CheckKind::Startup),
        (&["lifecycle", "postStart"], CheckKind::PostStart),
        (&["lifecycle", "preStop"], CheckKind::PreStop),
    ];
    let mut checks = Vec::new();
    for (path, kind) in kinds {
        let Some(check) = container.at(path) else {
            continue;
        };
        let requests = ["httpGet", "tcpSocket", "grpc"];
        let port = requests
            .iter()
            .find_map(|key| check.at(&[key, "port"])?.string());
        checks.push(Check {
            kind,
            place: check.place,
            command: check.at(&["exec", "command"]).and_then(words::command),
            port,
        });
    }
    checks
}

fn limits(container: &Node) -> Limits {
    let limit = |key: &str| container.at(&["resources", "limits", key])?.string();
    Limits {
        cpu: limit("cpu"),
        memory: limit("memory"),
        pids: None,
    }
}

fn ports(container: &Node) -> Vec<Port> {
    let mut ports = Vec::new();
    for item in container.get("ports").map(Node::items).unwrap_or_default() {
        let text = |key: &str| Some(item.get(key)?.as_str()?.to_owned());
        ports.push(Port {
            place: item.place,
            container: text("containerPort"),
            host: text("hostPort"),
            address: text("hostIP"),
            protocol: text("protocol")
                .unwrap_or_else(|| "tcp".to_owned())
                .to_ascii_lowercase(),
        });
    }
    ports
}

fn add_environment(container: &Node, workload: &mut Workload) {
    for item in container.get("env").map(Node::items).unwrap_or_default() {
        let Some(name) = item.get("name").and_then(Node::string) else {
            continue;
        };
        let value = item.get("value");
        workload.environment.push(Variable {
            name,
            value: value.and_then(Node::string),
            is_literal: value
                .and_then(Node::scalar)
                .is_some_and(|scalar| scalar.origin == Origin::Written),
        });
    }
    for item in container
        .get("envFrom")
        .map(Node::items)
        .unwrap_or_default()
    {
        for key in ["configMapRef", "secretRef"] {
            let name = item.at(&[key, "name"]).and_then(Node::string);
            workload.environment_sources.extend(name);
        }
    }
}

/// Sets privileges: those of the container, or else those of the pod.
fn add_security(container: &Node, spec: &Node, template: &Node, workload: &mut Workload) {
    let own = container.get("securityContext");
    let of_pod = spec.get("securityContext");
    let own_value = |key: &str| own.and_then(|own| own.get(key));
    let value = |key: &str| own_value(key).or_else(|| of_pod.and_then(|of_pod| of_pod.get(key)));
    workload.user = value("runAsUser").and_then(Node::string);
    workload.group = value("runAsGroup").and_then(Node::string);
    workload.run_as_non_root = value("runAsNonRoot").and_then(Node::boolean);
    workload.read_only_root = own_value("readOnlyRootFilesystem").and_then(Node::boolean);
    workload.privileged = own_value("privileged").and_then(Node::boolean);
    workload.privilege_escalation = own_value("allowPrivilegeEscalation").and_then(Node::boolean);
    let capabilities = |key: &str| {
        own_value("capabilities")
            .and_then(|capabilities| capabilities.get(key))
            .map(Node::strings)
            .unwrap_or_default()
    };
    workload.cap_add = capabilities("add");
    workload.cap_drop = capabilities("drop");
    workload.seccomp = value("seccompProfile").and_then(profile);
    workload.apparmor = value("appArmorProfile")
        .and_then(profile)
        .or_else(|| annotated(template, &workload.name));
    workload.selinux = value("seLinuxOptions").map(|options| {
        let text = |key| options.get(key).and_then(Node::as_str).unwrap_or_default();
        let profile = match text("type") {
            // Container runtimes confine nothing of this type.
            "spc_t" | "unconfined_t" => Profile::Unconfined,
            name => Profile::Named(name.to_owned()),
        };
        Spanned::new(profile, options.place)
    });
    if let Some(mount) = own_value("procMount")
        && mount.as_str() == Some("Unmasked")
    {
        workload.unmasked_paths = Some(mount.place);
    }
}

fn profile(node: &Node) -> Option<Spanned<Profile>> {
    let kind = node.get("type")?;
    let profile = match kind.as_str()? {
        "Unconfined" => Profile::Unconfined,
        "RuntimeDefault" => Profile::RuntimeDefault,
        _ => {
            let name = node.get("localhostProfile").and_then(Node::as_str);
            Profile::Named(name.unwrap_or_default().to_owned())
        }
    };
    Some(Spanned::new(profile, kind.place))
}

/// The AppArmor profile in an annotation, which is how Kubernetes before 1.30 sets it.
fn annotated(template: &Node, container: &str) -> Option<Spanned<Profile>> {
    let key = format!("container.apparmor.security.beta.kubernetes.io/{container}");
    let value = template.at(&["metadata", "annotations", &key])?;
    let profile = match value.as_str()? {
        "unconfined" => Profile::Unconfined,
        "runtime/default" => Profile::RuntimeDefault,
        name => Profile::Named(name.trim_start_matches("localhost/").to_owned()),
    };
    Some(Spanned::new(profile, value.place))
}
