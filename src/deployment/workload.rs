//! The containers that a deployment starts.

use std::collections::BTreeMap;

use super::build::Build;
use super::place::{Place, Spanned};

/// Containers that are started together and share namespaces: a pod of Kubernetes, or a service of
/// Compose, which is a pod with one container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    pub name: Spanned<String>,
    pub controller: Controller,
    /// Whether the file holds only a part of it, such as a file that overrides another one. What is
    /// missing may then be in the other file.
    pub is_partial: bool,
    /// The Kubernetes namespace; `None` for the default.
    pub namespace: Option<String>,
    /// Kubernetes labels, by which network policies select pods.
    pub labels: BTreeMap<String, String>,
    /// Namespaces of the host that are not replaced with own ones.
    pub host_namespaces: Vec<Spanned<HostNamespace>>,
    /// Kubernetes: whether a token of the service account is mounted (`None` means yes).
    pub service_account_token: Option<Spanned<bool>>,
    pub service_account: Option<Spanned<String>>,
    /// `always`, `unless-stopped`, `on-failure:3`, `Never`, …, as written.
    pub restart: Option<Spanned<String>>,
    /// Kubernetes: seconds after which the pod or the job is ended.
    pub deadline: Option<Spanned<String>>,
    /// Kubernetes jobs: seconds after which the finished job is removed.
    pub time_to_live: Option<Spanned<String>>,
    /// Compose: names of the networks that the service joins; empty for the default network.
    pub networks: Vec<Spanned<String>>,
    /// Compose: whether the network is that of another container, or none at all.
    pub has_other_network: bool,
    pub workloads: Vec<Workload>,
}

/// The kind of object that starts a pod, and what happens when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Controller {
    /// A service of Compose.
    Service,
    /// A pod that nothing starts again elsewhere.
    Pod,
    /// A Deployment, StatefulSet, DaemonSet, ReplicaSet or ReplicationController.
    Lasting,
    Job,
    CronJob,
}

impl Controller {
    pub fn is_kubernetes(self) -> bool {
        self != Self::Service
    }
}

/// One container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    pub name: Spanned<String>,
    pub role: Role,
    /// Compose: the service whose definition it takes over.
    pub extends: Option<String>,
    pub image: Option<Spanned<String>>,
    pub build: Option<Build>,
    /// Replaces the image's entry point.
    pub entrypoint: Option<Command>,
    /// Replaces the image's command.
    pub command: Option<Command>,
    pub working_dir: Option<Spanned<String>>,
    /// Health checks, probes and hooks.
    pub checks: Vec<Check>,
    /// A user by name or number; Compose allows `user:group`.
    pub user: Option<Spanned<String>>,
    pub group: Option<Spanned<String>>,
    pub run_as_non_root: Option<Spanned<bool>>,
    pub read_only_root: Option<Spanned<bool>>,
    pub mounts: Vec<Mount>,
    pub cap_add: Vec<Spanned<String>>,
    pub cap_drop: Vec<Spanned<String>>,
    pub privileged: Option<Spanned<bool>>,
    /// Whether setuid programs and file capabilities work: the opposite of `no-new-privileges`.
    pub privilege_escalation: Option<Spanned<bool>>,
    pub seccomp: Option<Spanned<Profile>>,
    pub apparmor: Option<Spanned<Profile>>,
    pub selinux: Option<Spanned<Profile>>,
    /// Compose: whether `/proc` and `/sys` are fully accessible (`systempaths=unconfined`), or
    /// Kubernetes: `procMount: Unmasked`.
    pub unmasked_paths: Option<Place>,
    /// Devices of the host.
    pub devices: Vec<Spanned<String>>,
    pub limits: Limits,
    pub ports: Vec<Port>,
    pub environment: Vec<Variable>,
    /// Files, config maps and secrets whose entries become variables.
    pub environment_sources: Vec<Spanned<String>>,
    /// The definition as a whole.
    pub place: Place,
}

/// When a container of a pod runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Main,
    /// Runs to its end before the main containers start.
    Init,
    /// An init container with `restartPolicy: Always`, which runs as long as the pod.
    Sidecar,
}

/// A command that replaces one of the image, or that is run in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    pub place: Place,
    /// The words; for a shell command a single one, the script.
    pub words: Vec<Spanned<String>>,
    /// Whether the image's shell (`/bin/sh -c`) runs it.
    pub is_shell: bool,
}

/// Something that is done to a running container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub kind: CheckKind,
    pub place: Place,
    /// The command that runs in the container; `None` for requests from outside.
    pub command: Option<Command>,
    /// The port that is asked, by number or name.
    pub port: Option<Spanned<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckKind {
    /// `healthcheck` of Compose.
    Health,
    /// The image's health check is switched off.
    NoHealth,
    Liveness,
    Readiness,
    Startup,
    PostStart,
    PreStop,
}

impl CheckKind {
    /// The key that it is written under.
    pub fn key(self) -> &'static str {
        match self {
            Self::Health | Self::NoHealth => "healthcheck",
            Self::Liveness => "livenessProbe",
            Self::Readiness => "readinessProbe",
            Self::Startup => "startupProbe",
            Self::PostStart => "postStart",
            Self::PreStop => "preStop",
        }
    }
}

/// A namespace of the host that a container shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostNamespace {
    Network,
    Pid,
    Ipc,
    /// The host name.
    Uts,
    User,
    Cgroup,
}

impl HostNamespace {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Pid => "PID",
            Self::Ipc => "IPC",
            Self::Uts => "UTS",
            Self::User => "user",
            Self::Cgroup => "cgroup",
        }
    }
}

/// A file system or file that is mounted over the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    pub place: Place,
    pub source: MountSource,
    /// The path in the container.
    pub target: Spanned<String>,
    pub is_read_only: bool,
    /// Compose: `z` or `Z`, which relabels files of the host for SELinux.
    pub relabels: bool,
}

/// The source of a mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MountSource {
    /// A file or directory of the host.
    Host(Spanned<String>),
    /// A named volume, or a claim of one.
    Volume(Option<String>),
    /// An empty file system in memory, or an `emptyDir`.
    Empty,
    Secret(Option<String>),
    /// A `config` of Compose, or a ConfigMap.
    Config(Option<String>),
    /// The token of a service account, metadata of the pod, an image, and others.
    Other,
}

/// A profile of seccomp, AppArmor or SELinux.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Switched off.
    Unconfined,
    /// The default of the container runtime.
    RuntimeDefault,
    /// A file, a loaded profile, or labels.
    Named(String),
}

/// The most that a container may use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    pub cpu: Option<Spanned<String>>,
    pub memory: Option<Spanned<String>>,
    /// Compose only: Kubernetes limits processes for each node.
    pub pids: Option<Spanned<String>>,
}

/// A port of the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    pub place: Place,
    /// The port in the container, or a range of them; `None` if it is not known.
    pub container: Option<String>,
    /// The port of the host; `None` if it is not published, `Some("")` for any free one.
    pub host: Option<String>,
    /// The address of the host; `None` stands for all addresses.
    pub address: Option<String>,
    pub protocol: String,
}

/// An environment variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    pub name: Spanned<String>,
    /// The value; `None` if it comes from elsewhere, such as the caller's environment or a secret.
    pub value: Option<Spanned<String>>,
    /// Whether the value stands in the file itself, without variables of the caller.
    pub is_literal: bool,
}

impl Workload {
    /// A container about which only its name is known.
    pub fn new(name: Spanned<String>, place: Place) -> Self {
        Self {
            name,
            role: Role::Main,
            extends: None,
            image: None,
            build: None,
            entrypoint: None,
            command: None,
            working_dir: None,
            checks: Vec::new(),
            user: None,
            group: None,
            run_as_non_root: None,
            read_only_root: None,
            mounts: Vec::new(),
            cap_add: Vec::new(),
            cap_drop: Vec::new(),
            privileged: None,
            privilege_escalation: None,
            seccomp: None,
            apparmor: None,
            selinux: None,
            unmasked_paths: None,
            devices: Vec::new(),
            limits: Limits::default(),
            ports: Vec::new(),
            environment: Vec::new(),
            environment_sources: Vec::new(),
            place,
        }
    }

    pub fn is_privileged(&self) -> bool {
        self.privileged
            .as_ref()
            .is_some_and(|privileged| privileged.value)
    }

    /// Whether all capabilities are dropped.
    pub fn drops_all(&self) -> bool {
        self.cap_drop.iter().any(|name| capability(name) == "ALL")
    }
}

/// The name of a capability without `CAP_`, in upper case.
pub fn capability(name: &str) -> String {
    let name = name.to_ascii_uppercase();
    name.strip_prefix("CAP_").unwrap_or(&name).to_owned()
}

impl Pod {
    /// A pod about which only its name is known.
    pub fn new(name: Spanned<String>, controller: Controller) -> Self {
        Self {
            name,
            controller,
            is_partial: false,
            namespace: None,
            labels: BTreeMap::new(),
            host_namespaces: Vec::new(),
            service_account_token: None,
            service_account: None,
            restart: None,
            deadline: None,
            time_to_live: None,
            networks: Vec::new(),
            has_other_network: false,
            workloads: Vec::new(),
        }
    }

    /// Whether the network of the host is used, so that ports are not mapped.
    pub fn has_host_network(&self) -> bool {
        self.host_namespaces
            .iter()
            .any(|namespace| namespace.value == HostNamespace::Network)
    }
}
