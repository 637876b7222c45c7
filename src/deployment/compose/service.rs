//! One service of a Compose file.

use std::collections::BTreeMap;

use super::super::Deployment;
use super::super::build::{Build, Recipe};
use super::super::inline::InlineText;
use super::super::place::{Place, Spanned};
use super::super::words;
use super::super::workload::{
    Check, CheckKind, Command, Controller, HostNamespace, Limits, Pod, Variable, Workload,
};
use super::super::yaml::{Node, Origin, Style, Value};
use super::{Service, directory_of, merge, mounts, ports, security};

/// The pod with the one container of a service.
pub(super) fn pod(service: &Service, is_partial: bool, deployment: &Deployment) -> Pod {
    let node = &service.node;
    let mut pod = Pod::new(service.name.clone(), Controller::Service);
    // A file that overrides another one repeats neither the image nor how it is built.
    pod.is_partial = is_partial || node.get("image").is_none() && node.get("build").is_none();
    pod.host_namespaces = host_namespaces(node);
    pod.restart = text(node, "restart");
    let networks = node.get("networks").cloned().map(merge::as_map);
    for entry in networks.as_ref().map(Node::entries).unwrap_or_default() {
        pod.networks.push(entry.key.clone());
    }
    pod.has_other_network = text(node, "network_mode").is_some_and(|mode| {
        mode.value == "none" || mode.starts_with("service:") || mode.starts_with("container:")
    });
    pod.workloads.push(workload(service, deployment));
    pod
}

fn workload(service: &Service, deployment: &Deployment) -> Workload {
    let node = &service.node;
    let mut workload = Workload::new(service.name.clone(), node.place);
    workload.extends = node.get("extends").and_then(|extends| {
        let name = extends.get("service").unwrap_or(extends);
        name.as_str().map(str::to_owned)
    });
    workload.image = text(node, "image");
    workload.build = node
        .get("build")
        .map(|build| self::build(service, build, deployment));
    workload.entrypoint = node.get("entrypoint").and_then(words::command);
    workload.command = node.get("command").and_then(words::command);
    workload.working_dir = text(node, "working_dir");
    workload.checks = checks(node);
    workload.user = text(node, "user");
    workload.read_only_root = node.get("read_only").and_then(Node::boolean);
    workload.mounts = mounts::of(node);
    workload.devices = node.get("devices").map(Node::strings).unwrap_or_default();
    workload.limits = limits(node);
    workload.ports = ports::of(node);
    workload.environment = variables(node.get("environment"));
    workload.environment_sources = environment_files(node);
    security::add(node, &mut workload);
    workload
}

fn text(node: &Node, key: &str) -> Option<Spanned<String>> {
    node.get(key)?.string()
}

fn host_namespaces(node: &Node) -> Vec<Spanned<HostNamespace>> {
    let keys = [
        ("network_mode", HostNamespace::Network),
        ("pid", HostNamespace::Pid),
        ("ipc", HostNamespace::Ipc),
        ("uts", HostNamespace::Uts),
        ("userns_mode", HostNamespace::User),
        ("cgroup", HostNamespace::Cgroup),
    ];
    let mut namespaces = Vec::new();
    for (key, namespace) in keys {
        if let Some(value) = text(node, key)
            && value.value == "host"
        {
            namespaces.push(Spanned::new(namespace, value.place));
        }
    }
    namespaces
}

fn build(service: &Service, node: &Node, deployment: &Deployment) -> Build {
    let (context, recipe) = match node.value {
        Value::Map(_) => (node.get("context"), recipe(node, deployment)),
        _ => (Some(node), Recipe::Default),
    };
    let place = context.map_or(node.place, |context| context.place);
    let context = match context {
        // An unknown context contains a variable, which marks it as unknown.
        Some(context) => context.scalar().map_or(".", |scalar| scalar.text.as_str()),
        None => ".",
    };
    let contexts = node.get("additional_contexts").cloned().map(merge::as_map);
    Build {
        name: service.name.clone(),
        place: node.place,
        context: Spanned::new(context.to_owned(), place),
        directory: directory_of(deployment, place),
        recipe,
        args: variables(node.get("args")),
        target: text(node, "target"),
        contexts: named_contexts(contexts.as_ref()),
    }
}

fn named_contexts(contexts: Option<&Node>) -> BTreeMap<String, Spanned<String>> {
    let mut named = BTreeMap::new();
    for entry in contexts.map(Node::entries).unwrap_or_default() {
        let source = entry
            .value
            .scalar()
            .map_or("", |scalar| scalar.text.as_str());
        let source = Spanned::new(source.to_owned(), entry.value.place);
        named.insert(entry.key.value.clone(), source);
    }
    named
}

fn recipe(build: &Node, deployment: &Deployment) -> Recipe {
    if let Some(inline) = build.get("dockerfile_inline") {
        return inline_recipe(inline, deployment);
    }
    match build.get("dockerfile") {
        Some(path) => path.string().map_or(Recipe::Unknown, Recipe::File),
        None => Recipe::Default,
    }
}

/// A Dockerfile in the text of a scalar. Compose replaces variables in it, too.
fn inline_recipe(inline: &Node, deployment: &Deployment) -> Recipe {
    let Some(scalar) = inline.scalar() else {
        return Recipe::Unknown;
    };
    let text = scalar.text.clone();
    Recipe::Inline(match scalar.style {
        Style::Literal => {
            let file = deployment.source(inline.place);
            InlineText::of_block(text, inline.place, file.text())
        }
        Style::Plain | Style::Quoted | Style::Folded => InlineText::of_quoted(text, inline.place),
    })
}

/// Variables as a mapping or as a list of `NAME=VALUE`.
fn variables(node: Option<&Node>) -> Vec<Variable> {
    let map = node.cloned().map(merge::as_map);
    let mut variables = Vec::new();
    for entry in map.as_ref().map(Node::entries).unwrap_or_default() {
        let is_literal = match entry.value.scalar() {
            Some(scalar) => scalar.origin == Origin::Written,
            None => false,
        };
        variables.push(Variable {
            name: entry.key.clone(),
            value: entry.value.string(),
            is_literal,
        });
    }
    variables
}

fn environment_files(node: &Node) -> Vec<Spanned<String>> {
    let Some(files) = node.get("env_file") else {
        return Vec::new();
    };
    let mut paths = files.strings();
    for item in files.items() {
        paths.extend(text(item, "path"));
    }
    paths
}

fn limits(node: &Node) -> Limits {
    let limits = node.at(&["deploy", "resources", "limits"]);
    // The keys of the service itself are those of older versions; they may still be used.
    let value = |key: &str, own: &str| -> Option<Spanned<String>> {
        let value = limits
            .and_then(|limits| limits.get(key))
            .or_else(|| node.get(own))?;
        // An unknown value is a limit, too.
        let text = value.scalar()?.text.clone();
        Some(Spanned::new(text, value.place))
    };
    Limits {
        cpu: value("cpus", "cpus").or_else(|| value("cpus", "cpu_quota")),
        memory: value("memory", "mem_limit"),
        pids: value("pids", "pids_limit"),
    }
}

fn checks(node: &Node) -> Vec<Check> {
    let mut checks = Vec::new();
    if let Some(health) = node.get("healthcheck") {
        checks.extend(health_check(health));
    }
    for (key, kind) in [
        ("post_start", CheckKind::PostStart),
        ("pre_stop", CheckKind::PreStop),
    ] {
        for hook in node.get(key).map(Node::items).unwrap_or_default() {
            checks.push(Check {
                kind,
                place: hook.place,
                command: hook.get("command").and_then(words::command),
                port: None,
            });
        }
    }
    checks
}

fn health_check(health: &Node) -> Option<Check> {
    let place = health.place;
    let check = |kind, command| Check {
        kind,
        place,
        command,
        port: None,
    };
    if health
        .get("disable")
        .and_then(Node::boolean)
        .is_some_and(|is| is.value)
    {
        return Some(check(CheckKind::NoHealth, None));
    }
    let test = health.get("test")?;
    if let Some(script) = test.string() {
        return Some(check(CheckKind::Health, Some(words::script(script))));
    }
    let (first, rest) = test.items().split_first()?;
    match first.as_str()? {
        "NONE" => Some(check(CheckKind::NoHealth, None)),
        "CMD-SHELL" => {
            let script = rest.first()?.string()?;
            Some(check(CheckKind::Health, Some(words::script(script))))
        }
        "CMD" => Some(check(CheckKind::Health, exec(test.place, rest))),
        _ => None,
    }
}

fn exec(place: Place, items: &[Node]) -> Option<Command> {
    let words = items.iter().map(Node::string).collect::<Option<Vec<_>>>()?;
    Some(Command {
        place,
        words,
        is_shell: false,
    })
}
