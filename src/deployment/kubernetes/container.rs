//! Containers of a pod, with what the pod says for all of them.

use std::collections::HashMap;

use super::super::place::Spanned;
use super::super::words;
use super::super::workload::{
    Check, CheckKind, Limits, Pod, Port, Profile, Role, Variable, Workload,
};
use super::super::yaml::{Node, Origin, Value};
use super::copies::Copies;
use super::volumes::Volumes;

/// The parts of a pod that its containers refer to, looked up once: a pod may have thousands of
/// containers, and a mapping thousands of keys.
struct Shared<'a> {
    volumes: Volumes<'a>,
    security: Security,
    annotations: HashMap<&'a str, &'a Node>,
}

/// Adds the containers of a pod's `spec`; `template` has its annotations.
pub(super) fn add(spec: &Node, template: &Node, pod: &mut Pod, copies: &mut Copies<'_, '_>) {
    let shared = Shared {
        volumes: Volumes::of(spec),
        security: Security::of(spec.get("securityContext")),
        annotations: by_key(template.at(&["metadata", "annotations"])),
    };
    for (key, role) in [("initContainers", Role::Init), ("containers", Role::Main)] {
        for container in spec.get(key).map(Node::items).unwrap_or_default() {
            if !copies.take_container() {
                return;
            }
            let workload = workload(container, role, &shared, copies);
            pod.workloads.push(workload);
        }
    }
}

/// The values of a mapping, as [`Node::get`] finds them.
fn by_key(node: Option<&Node>) -> HashMap<&str, &Node> {
    let mut values = HashMap::new();
    for entry in node.map(Node::entries).unwrap_or_default() {
        // Of duplicate keys, the last one counts.
        match entry.value.value {
            Value::Null => values.remove(entry.key.value.as_str()),
            _ => values.insert(entry.key.value.as_str(), &entry.value),
        };
    }
    values
}

fn workload(
    container: &Node,
    role: Role,
    shared: &Shared<'_>,
    copies: &mut Copies<'_, '_>,
) -> Workload {
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
    workload.mounts = shared.volumes.mounts(container, copies);
    workload.limits = limits(container);
    workload.ports = ports(container);
    add_environment(container, &mut workload);
    add_security(container, shared, copies, &mut workload);
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

/// Settings that containers inherit from their pod.
#[derive(Clone, Default)]
struct Security {
    user: Option<Spanned<String>>,
    group: Option<Spanned<String>>,
    run_as_non_root: Option<Spanned<bool>>,
    seccomp: Option<Spanned<Profile>>,
    apparmor: Option<Spanned<Profile>>,
    selinux: Option<Spanned<Profile>>,
}

impl Security {
    /// The settings in a `securityContext`.
    fn of(context: Option<&Node>) -> Self {
        let Some(context) = context else {
            return Self::default();
        };
        Self {
            user: context.get("runAsUser").and_then(Node::string),
            group: context.get("runAsGroup").and_then(Node::string),
            run_as_non_root: context.get("runAsNonRoot").and_then(Node::boolean),
            seccomp: context.get("seccompProfile").and_then(profile),
            apparmor: context.get("appArmorProfile").and_then(profile),
            selinux: context.get("seLinuxOptions").map(labels),
        }
    }

    /// The length of the texts, which is copied for each container.
    fn length(&self) -> usize {
        let mut length = 0;
        for text in [&self.user, &self.group].into_iter().flatten() {
            length += text.len();
        }
        let profiles = [&self.seccomp, &self.apparmor, &self.selinux];
        for profile in profiles.into_iter().flatten() {
            if let Profile::Named(name) = &profile.value {
                length += name.len();
            }
        }
        length
    }
}

/// Sets privileges: those of the container, or else those of the pod.
fn add_security(
    container: &Node,
    shared: &Shared<'_>,
    copies: &mut Copies<'_, '_>,
    workload: &mut Workload,
) {
    let context = container.get("securityContext");
    let own = Security::of(context);
    let of_pod = if copies.take(shared.security.length(), container.place) {
        shared.security.clone()
    } else {
        Security::default()
    };
    let own_value = |key: &str| context.and_then(|context| context.get(key));
    workload.user = own.user.or(of_pod.user);
    workload.group = own.group.or(of_pod.group);
    workload.run_as_non_root = own.run_as_non_root.or(of_pod.run_as_non_root);
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
    workload.seccomp = own.seccomp.or(of_pod.seccomp);
    workload.apparmor = own
        .apparmor
        .or(of_pod.apparmor)
        .or_else(|| annotated(shared, container, copies));
    workload.selinux = own.selinux.or(of_pod.selinux);
    if let Some(mount) = own_value("procMount")
        && mount.as_str() == Some("Unmasked")
    {
        workload.unmasked_paths = Some(mount.place);
    }
}

/// The profile that labels of SELinux stand for.
fn labels(options: &Node) -> Spanned<Profile> {
    let kind = options.get("type").and_then(Node::as_str);
    let profile = match kind.unwrap_or_default() {
        // Container runtimes confine nothing of this type.
        "spc_t" | "unconfined_t" => Profile::Unconfined,
        name => Profile::Named(name.to_owned()),
    };
    Spanned::new(profile, options.place)
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
fn annotated(
    shared: &Shared<'_>,
    container: &Node,
    copies: &mut Copies<'_, '_>,
) -> Option<Spanned<Profile>> {
    let name = container.get("name").and_then(Node::as_str)?;
    let key = format!("container.apparmor.security.beta.kubernetes.io/{name}");
    let value = shared.annotations.get(key.as_str())?;
    if !copies.take(value.as_str()?.len(), container.place) {
        return None;
    }
    let profile = match value.as_str()? {
        "unconfined" => Profile::Unconfined,
        "runtime/default" => Profile::RuntimeDefault,
        name => Profile::Named(name.trim_start_matches("localhost/").to_owned()),
    };
    Some(Spanned::new(profile, value.place))
}
