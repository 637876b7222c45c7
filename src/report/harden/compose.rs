//! Settings as a service of a Compose file.

use super::sheet::{Sheet, quoted};
use super::{
    DROP_ALL, HOME, Hardened, LIMITS, LOW_PORTS, NO_NEW_PRIVILEGES, READ_ONLY, RESTARTS,
    placeholders, tmpfs_options,
};
use crate::harden::{ExposedPort, Mount};

/// A Compose file with one service.
pub fn compose(hardened: &Hardened<'_>) -> String {
    let settings = hardened.settings;
    let mut sheet = Sheet::default();
    sheet.comments(0, &hardened.title());
    sheet.line(0, "services:");
    sheet.line(2, &format!("{}:", hardened.service));
    sheet.line(4, &format!("image: {}", literal(hardened.image)));
    add_volumes(&mut sheet, hardened);
    if let Some(home) = settings.home {
        sheet.line(4, "environment:");
        sheet.comment(6, HOME);
        sheet.line(6, &format!("HOME: {home}"));
    }
    add_ports(&mut sheet, hardened);
    sheet.comment(4, RESTARTS);
    sheet.line(
        4,
        &format!("restart: on-failure:{}", placeholders::RESTARTS),
    );
    sheet.reason(4, &settings.user.reason);
    sheet.line(4, &format!("user: {}", quoted(&hardened.user())));
    add_capabilities(&mut sheet, hardened);
    sheet.line(4, "deploy:");
    sheet.line(6, "resources:");
    sheet.comment(8, LIMITS);
    sheet.line(8, "limits:");
    sheet.line(10, &format!("cpus: {}", quoted(placeholders::CPUS)));
    sheet.line(10, &format!("memory: {}M", placeholders::MEMORY_MB));
    sheet.line(10, &format!("pids: {}", placeholders::PIDS));
    sheet.comment(4, READ_ONLY);
    sheet.line(4, "read_only: true");
    add_privileges(&mut sheet, hardened);
    add_temporary(&mut sheet, hardened);
    add_top_level(&mut sheet, hardened);
    sheet.into_text()
}

fn add_volumes(sheet: &mut Sheet, hardened: &Hardened<'_>) {
    let volumes = hardened.mounts(Mount::Volume);
    if !volumes.is_empty() {
        sheet.line(4, "volumes:");
    }
    for volume in volumes {
        sheet.reasons(6, &volume.place.reasons);
        sheet.line(6, "- type: volume");
        sheet.line(8, &format!("source: {}", volume.name));
        sheet.line(8, &format!("target: {}", quoted(&volume.path)));
    }
}

fn add_temporary(sheet: &mut Sheet, hardened: &Hardened<'_>) {
    let temporary = hardened.mounts(Mount::Tmpfs);
    if !temporary.is_empty() {
        sheet.line(4, "tmpfs:");
    }
    for mount in temporary {
        sheet.reasons(6, &mount.place.reasons);
        let value = format!("{}:{}", mount.path, tmpfs_options(mount.place));
        sheet.line(6, &format!("- {}", quoted(&value)));
    }
}

fn add_ports(sheet: &mut Sheet, hardened: &Hardened<'_>) {
    let ports = &hardened.settings.ports;
    if ports.is_empty() {
        return;
    }
    sheet.line(4, "ports:");
    sheet.comment(
        6,
        "Only this host may connect. Publish no port that only other services use.",
    );
    for ExposedPort { number, protocol } in ports {
        let suffix = if *protocol == "tcp" {
            String::new()
        } else {
            format!("/{protocol}")
        };
        let value = format!("127.0.0.1:{number}:{number}{suffix}");
        sheet.line(6, &format!("- {}", quoted(&value)));
    }
}

fn add_capabilities(sheet: &mut Sheet, hardened: &Hardened<'_>) {
    let settings = hardened.settings;
    if !settings.capabilities.is_empty() {
        sheet.line(4, "cap_add:");
    }
    for (capability, reasons) in &settings.capabilities {
        sheet.reasons(6, reasons);
        sheet.line(6, &format!("- {capability}"));
    }
    sheet.comment(4, DROP_ALL);
    sheet.line(4, "cap_drop:");
    sheet.line(6, "- ALL");
}

fn add_privileges(sheet: &mut Sheet, hardened: &Hardened<'_>) {
    let settings = hardened.settings;
    match &settings.gains_privileges {
        None => {
            sheet.comment(4, NO_NEW_PRIVILEGES);
            sheet.line(4, "security_opt:");
            sheet.line(6, "- no-new-privileges:true");
        }
        Some(reason) => sheet.comment(4, &format!("No `no-new-privileges`: {reason}.")),
    }
    if let Some(port) = &settings.low_port {
        sheet.comment(4, &format!("{LOW_PORTS} {port}."));
        sheet.line(4, "sysctls:");
        sheet.line(6, "net.ipv4.ip_unprivileged_port_start: 0");
    }
}

/// The definitions of the volumes.
fn add_top_level(sheet: &mut Sheet, hardened: &Hardened<'_>) {
    let volumes = hardened.mounts(Mount::Volume);
    if !volumes.is_empty() {
        sheet.line(0, "volumes:");
    }
    for volume in volumes {
        sheet.line(2, &format!("{}: {{}}", volume.name));
    }
}

/// A string in which Compose replaces no variable.
fn literal(text: &str) -> String {
    quoted(&text.replace('$', "$$"))
}
