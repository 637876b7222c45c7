//! Privileges of a service.

use super::super::place::Spanned;
use super::super::workload::{Profile, Workload};
use super::super::yaml::Node;

pub(super) fn add(service: &Node, workload: &mut Workload) {
    workload.privileged = service.get("privileged").and_then(Node::boolean);
    workload.cap_add = service
        .get("cap_add")
        .map(Node::strings)
        .unwrap_or_default();
    workload.cap_drop = service
        .get("cap_drop")
        .map(Node::strings)
        .unwrap_or_default();
    for option in service
        .get("security_opt")
        .map(Node::items)
        .unwrap_or_default()
    {
        add_option(option, workload);
    }
}

/// `no-new-privileges:true`, `seccomp=unconfined`, `label:disable`, …
fn add_option(option: &Node, workload: &mut Workload) {
    let Some(text) = option.as_str() else {
        return;
    };
    let (name, value) = text.split_once([':', '=']).unwrap_or((text, ""));
    let place = option.place;
    match name {
        "no-new-privileges" => {
            // Without a value it is switched on.
            workload.privilege_escalation = Some(Spanned::new(value == "false", place));
        }
        "seccomp" => workload.seccomp = Some(Spanned::new(profile(value), place)),
        "apparmor" => workload.apparmor = Some(Spanned::new(profile(value), place)),
        "label" if value == "disable" => {
            workload.selinux = Some(Spanned::new(Profile::Unconfined, place));
        }
        "label" => {
            let label = Profile::Named(value.to_owned());
            workload.selinux = Some(Spanned::new(label, place));
        }
        "systempaths" if value == "unconfined" => workload.unmasked_paths = Some(place),
        "unmask" => workload.unmasked_paths = Some(place),
        _ => {}
    }
}

fn profile(value: &str) -> Profile {
    match value {
        "unconfined" => Profile::Unconfined,
        "builtin" | "docker-default" => Profile::RuntimeDefault,
        name => Profile::Named(name.to_owned()),
    }
}
