//! Settings as a Quadlet: a unit file from which Podman makes a systemd service.
//!
//! Source: podman-systemd.unit(5)

use super::sheet::Sheet;
use super::{
    DROP_ALL, HOME, Hardened, LIMITS, LOW_PORTS, NO_NEW_PRIVILEGES, READ_ONLY, RESTARTS,
    placeholders, podman_tmpfs_options,
};
use crate::harden::{ExposedPort, Mount};
use crate::printable::escape;

/// A `.container` file.
pub fn podman_quadlet(hardened: &Hardened<'_>) -> String {
    let settings = hardened.settings;
    let mut sheet = Sheet::default();
    sheet.comments(0, &hardened.title());
    sheet.line(0, "[Unit]");
    sheet.comment(0, RESTARTS);
    sheet.line(0, &format!("StartLimitBurst={}", placeholders::RESTARTS));
    sheet.line(0, "StartLimitIntervalSec=10min");
    sheet.line(0, "");
    sheet.line(0, "[Container]");
    sheet.line(0, &format!("Image={}", value(hardened.image)));
    sheet.reason(0, &settings.user.reason);
    sheet.line(0, &format!("User={}", settings.user.uid));
    sheet.line(0, &format!("Group={}", settings.user.gid));
    add_privileges(&mut sheet, hardened);
    add_mounts(&mut sheet, hardened);
    if let Some(home) = settings.home {
        sheet.comment(0, HOME);
        sheet.line(0, &format!("Environment=HOME={home}"));
    }
    for ExposedPort { number, protocol } in &settings.ports {
        sheet.comment(0, "Only this host may connect.");
        sheet.line(
            0,
            &format!("PublishPort=127.0.0.1:{number}:{number}/{protocol}"),
        );
    }
    sheet.comment(0, LIMITS);
    sheet.line(0, &format!("PidsLimit={}", placeholders::PIDS));
    let (memory, cpus) = (placeholders::MEMORY_MB, placeholders::CPUS);
    sheet.line(0, &format!("PodmanArgs=--memory={memory}m --cpus={cpus}"));
    sheet.line(0, "");
    sheet.line(0, "[Service]");
    sheet.line(0, "Restart=on-failure");
    sheet.line(0, "");
    sheet.line(0, "[Install]");
    sheet.line(0, "WantedBy=default.target");
    sheet.into_text()
}

fn add_privileges(sheet: &mut Sheet, hardened: &Hardened<'_>) {
    let settings = hardened.settings;
    sheet.comment(0, DROP_ALL);
    sheet.line(0, "DropCapability=all");
    for (capability, reasons) in &settings.capabilities {
        sheet.reasons(0, reasons);
        sheet.line(0, &format!("AddCapability={capability}"));
    }
    match &settings.gains_privileges {
        None => {
            sheet.comment(0, NO_NEW_PRIVILEGES);
            sheet.line(0, "NoNewPrivileges=true");
        }
        Some(reason) => sheet.comment(0, &format!("No `NoNewPrivileges`: {reason}.")),
    }
    if let Some(port) = &settings.low_port {
        sheet.comment(0, &format!("{LOW_PORTS} {port}."));
        sheet.line(0, "Sysctl=net.ipv4.ip_unprivileged_port_start=0");
    }
}

fn add_mounts(sheet: &mut Sheet, hardened: &Hardened<'_>) {
    sheet.comment(0, READ_ONLY);
    sheet.line(0, "ReadOnly=true");
    sheet.line(0, "ReadOnlyTmpfs=false");
    for mount in hardened.mounts(Mount::Tmpfs) {
        sheet.reasons(0, &mount.place.reasons);
        let options = podman_tmpfs_options(mount.place);
        sheet.line(0, &format!("Tmpfs={}:{options}", value(&mount.path)));
    }
    for volume in hardened.mounts(Mount::Volume) {
        sheet.reasons(0, &volume.place.reasons);
        let (service, name) = (hardened.service, &volume.name);
        sheet.line(
            0,
            &format!("Volume={service}-{name}:{}", value(&volume.path)),
        );
    }
}

/// A value of a unit file, in which `%` begins a specifier, and a backslash at the end continues
/// the line.
fn value(text: &str) -> String {
    let text = escape(text).replace('%', "%%");
    text.trim_end_matches('\\').to_owned()
}
