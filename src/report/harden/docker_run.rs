//! Settings as a script that runs `docker run`.

use super::sheet::Sheet;
use super::{
    DROP_ALL, HOME, Hardened, LIMITS, LOW_PORTS, NO_NEW_PRIVILEGES, READ_ONLY, RESTARTS,
    placeholders, tmpfs_options,
};
use crate::harden::{ExposedPort, Mount};

/// A Bash script that passes its arguments to the program of the image.
pub fn docker_run(hardened: &Hardened<'_>) -> String {
    let settings = hardened.settings;
    let mut sheet = Sheet::default();
    sheet.line(0, "#!/usr/bin/env bash");
    sheet.comments(0, &hardened.title());
    sheet.line(0, "options=(");
    add(
        &mut sheet,
        std::slice::from_ref(&settings.user.reason),
        &format!("--user={}", hardened.user()),
    );
    add_privileges(&mut sheet, hardened);
    add(&mut sheet, &[READ_ONLY.to_owned()], "--read-only");
    for mount in hardened.mounts(Mount::Tmpfs) {
        let option = format!("--tmpfs={}:{}", mount.path, tmpfs_options(mount.place));
        add(&mut sheet, &mount.place.reasons, &option);
    }
    for volume in hardened.mounts(Mount::Volume) {
        let option = format!(
            "--volume={}-{}:{}",
            hardened.service, volume.name, volume.path
        );
        add(&mut sheet, &volume.place.reasons, &option);
    }
    if let Some(home) = settings.home {
        add(
            &mut sheet,
            &[HOME.to_owned()],
            &format!("--env=HOME={home}"),
        );
    }
    for ExposedPort { number, protocol } in &settings.ports {
        let comment = "only this host may connect".to_owned();
        let option = format!("--publish=127.0.0.1:{number}:{number}/{protocol}");
        add(&mut sheet, &[comment], &option);
    }
    sheet.comment(4, LIMITS);
    sheet.line(4, &format!("--pids-limit={}", placeholders::PIDS));
    sheet.line(4, &format!("--memory={}m", placeholders::MEMORY_MB));
    sheet.line(4, &format!("--cpus={}", placeholders::CPUS));
    let restart = format!("--restart=on-failure:{}", placeholders::RESTARTS);
    add(&mut sheet, &[RESTARTS.to_owned()], &restart);
    sheet.line(0, ")");
    let image = quoted(hardened.image);
    sheet.line(
        0,
        &format!("exec docker run \"${{options[@]}}\" {image} \"$@\""),
    );
    sheet.into_text()
}

fn add_privileges(sheet: &mut Sheet, hardened: &Hardened<'_>) {
    let settings = hardened.settings;
    add(sheet, &[DROP_ALL.to_owned()], "--cap-drop=ALL");
    for (capability, reasons) in &settings.capabilities {
        add(sheet, reasons, &format!("--cap-add={capability}"));
    }
    match &settings.gains_privileges {
        None => {
            let option = "--security-opt=no-new-privileges";
            add(sheet, &[NO_NEW_PRIVILEGES.to_owned()], option);
        }
        Some(reason) => sheet.comment(4, &format!("No `no-new-privileges`: {reason}.")),
    }
    if let Some(port) = &settings.low_port {
        let option = "--sysctl=net.ipv4.ip_unprivileged_port_start=0";
        add(sheet, &[format!("{LOW_PORTS} {port}.")], option);
    }
}

fn add(sheet: &mut Sheet, reasons: &[String], option: &str) {
    sheet.reasons(4, reasons);
    sheet.line(4, &quoted(option));
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=:/.,@+%".contains(&byte);
    if word.bytes().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
