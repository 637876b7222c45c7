//! Settings as a Deployment of Kubernetes, with a network policy.

use super::sheet::{Sheet, quoted};
use super::{
    DROP_ALL, HOME, Hardened, LIMITS, LOW_PORTS, NO_NEW_PRIVILEGES, READ_ONLY, placeholders,
};
use crate::harden::{ExposedPort, Mount};

/// A manifest of two documents.
pub fn kubernetes(hardened: &Hardened<'_>) -> String {
    let service = hardened.service;
    let mut sheet = Sheet::default();
    sheet.comments(0, &hardened.title());
    sheet.line(0, "apiVersion: apps/v1");
    sheet.line(0, "kind: Deployment");
    add_metadata(&mut sheet, 0, service);
    sheet.line(0, "spec:");
    sheet.line(2, "replicas: 1");
    sheet.line(2, "selector:");
    sheet.line(4, "matchLabels:");
    sheet.line(6, &format!("app.kubernetes.io/name: {service}"));
    sheet.line(2, "template:");
    add_labels(&mut sheet, 4, service);
    sheet.line(4, "spec:");
    add_pod(&mut sheet, hardened);
    sheet.line(6, "containers:");
    add_container(&mut sheet, hardened);
    add_volumes(&mut sheet, hardened);
    sheet.line(0, "---");
    add_network_policy(&mut sheet, hardened);
    sheet.into_text()
}

fn add_metadata(sheet: &mut Sheet, indent: usize, service: &str) {
    sheet.line(indent, "metadata:");
    sheet.line(indent + 2, &format!("name: {service}"));
    sheet.line(indent + 2, &format!("namespace: {service}"));
}

fn add_labels(sheet: &mut Sheet, indent: usize, service: &str) {
    sheet.line(indent, "metadata:");
    sheet.line(indent + 2, "labels:");
    sheet.line(indent + 4, &format!("app.kubernetes.io/name: {service}"));
}

fn add_pod(sheet: &mut Sheet, hardened: &Hardened<'_>) {
    let settings = hardened.settings;
    sheet.comment(
        6,
        "The program does not call the API server, as far as its files tell.",
    );
    sheet.line(6, "automountServiceAccountToken: false");
    sheet.line(6, "enableServiceLinks: false");
    sheet.line(6, "securityContext:");
    sheet.reason(8, &settings.user.reason);
    if settings.user.uid != 0 {
        sheet.line(8, "runAsNonRoot: true");
    }
    sheet.line(8, &format!("runAsUser: {}", settings.user.uid));
    sheet.line(8, &format!("runAsGroup: {}", settings.user.gid));
    if settings.user.uid != 0 && !hardened.mounts(Mount::Volume).is_empty() {
        sheet.comment(8, "Volumes belong to this group.");
        sheet.line(8, &format!("fsGroup: {}", settings.user.gid));
    }
    sheet.line(8, "seccompProfile:");
    sheet.line(10, "type: RuntimeDefault");
    if let Some(port) = &settings.low_port {
        sheet.comment(8, &format!("{LOW_PORTS} {port}."));
        sheet.line(8, "sysctls:");
        sheet.line(10, "- name: net.ipv4.ip_unprivileged_port_start");
        sheet.line(12, "value: \"0\"");
    }
}

fn add_container(sheet: &mut Sheet, hardened: &Hardened<'_>) {
    let settings = hardened.settings;
    sheet.line(8, &format!("- name: {}", hardened.service));
    sheet.line(10, &format!("image: {}", quoted(hardened.image)));
    sheet.line(10, "imagePullPolicy: Always");
    if let Some(home) = settings.home {
        sheet.line(10, "env:");
        sheet.comment(12, HOME);
        sheet.line(12, "- name: HOME");
        sheet.line(14, &format!("value: {home}"));
    }
    let ports = &hardened.settings.ports;
    if !ports.is_empty() {
        sheet.line(10, "ports:");
    }
    for ExposedPort { number, protocol } in ports {
        sheet.line(12, &format!("- containerPort: {number}"));
        sheet.line(14, &format!("protocol: {}", protocol.to_ascii_uppercase()));
    }
    add_privileges(sheet, hardened);
    sheet.comment(10, LIMITS);
    sheet.line(10, "resources:");
    for kind in ["limits", "requests"] {
        sheet.line(12, &format!("{kind}:"));
        sheet.line(14, &format!("cpu: {}", quoted(placeholders::CPUS)));
        sheet.line(14, &format!("memory: {}Mi", placeholders::MEMORY_MB));
    }
    add_volume_mounts(sheet, hardened);
}

fn add_privileges(sheet: &mut Sheet, hardened: &Hardened<'_>) {
    let settings = hardened.settings;
    sheet.line(10, "securityContext:");
    match &settings.gains_privileges {
        None => {
            sheet.comment(12, NO_NEW_PRIVILEGES);
            sheet.line(12, "allowPrivilegeEscalation: false");
        }
        Some(reason) => {
            sheet.comment(12, &format!("{reason}."));
            sheet.line(12, "allowPrivilegeEscalation: true");
        }
    }
    sheet.comment(12, READ_ONLY);
    sheet.line(12, "readOnlyRootFilesystem: true");
    sheet.line(12, "capabilities:");
    sheet.comment(14, DROP_ALL);
    sheet.line(14, "drop:");
    sheet.line(16, "- ALL");
    if !settings.capabilities.is_empty() {
        sheet.line(14, "add:");
    }
    for (capability, reasons) in &settings.capabilities {
        sheet.reasons(16, reasons);
        sheet.line(16, &format!("- {capability}"));
    }
}

fn add_volume_mounts(sheet: &mut Sheet, hardened: &Hardened<'_>) {
    let mut mounts = hardened.mounts(Mount::Tmpfs);
    mounts.extend(hardened.mounts(Mount::Volume));
    if !mounts.is_empty() {
        sheet.line(10, "volumeMounts:");
    }
    for mount in mounts {
        sheet.reasons(12, &mount.place.reasons);
        sheet.line(12, &format!("- name: {}", mount.name));
        sheet.line(14, &format!("mountPath: {}", quoted(&mount.path)));
    }
}

fn add_volumes(sheet: &mut Sheet, hardened: &Hardened<'_>) {
    let temporary = hardened.mounts(Mount::Tmpfs);
    let volumes = hardened.mounts(Mount::Volume);
    if !temporary.is_empty() || !volumes.is_empty() {
        sheet.line(6, "volumes:");
    }
    for mount in temporary {
        sheet.line(8, &format!("- name: {}", mount.name));
        sheet.line(10, "emptyDir:");
        sheet.line(12, "medium: Memory");
        sheet.line(12, &format!("sizeLimit: {}Mi", placeholders::TMPFS_MB));
    }
    for volume in volumes {
        sheet.line(8, &format!("- name: {}", volume.name));
        sheet.line(10, "persistentVolumeClaim:");
        sheet.line(
            12,
            &format!("claimName: {}-{}", hardened.service, volume.name),
        );
    }
}

/// Only the exposed ports accept connections.
fn add_network_policy(sheet: &mut Sheet, hardened: &Hardened<'_>) {
    let service = hardened.service;
    sheet.line(0, "apiVersion: networking.k8s.io/v1");
    sheet.line(0, "kind: NetworkPolicy");
    add_metadata(sheet, 0, service);
    sheet.line(0, "spec:");
    sheet.line(2, "podSelector:");
    sheet.line(4, "matchLabels:");
    sheet.line(6, &format!("app.kubernetes.io/name: {service}"));
    sheet.line(2, "policyTypes:");
    sheet.line(4, "- Ingress");
    sheet.line(4, "- Egress");
    let ports = &hardened.settings.ports;
    if ports.is_empty() {
        sheet.comment(2, "The image exposes no port.");
        sheet.line(2, "ingress: []");
    } else {
        sheet.comment(2, "The ports that the image exposes.");
        sheet.line(2, "ingress:");
        sheet.line(4, "- ports:");
    }
    for ExposedPort { number, protocol } in ports {
        sheet.line(8, &format!("- port: {number}"));
        sheet.line(10, &format!("protocol: {}", protocol.to_ascii_uppercase()));
    }
    sheet.comment(
        2,
        "Name resolution. Add the services that the program connects to.",
    );
    sheet.line(2, "egress:");
    sheet.line(4, "- ports:");
    for protocol in ["UDP", "TCP"] {
        sheet.line(8, "- port: 53");
        sheet.line(10, &format!("protocol: {protocol}"));
    }
}
