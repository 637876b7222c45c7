//! A profile of AppArmor that allows what the kept files are used for.
//!
//! Source: apparmor.d(5)

use std::fmt::Write as _;

use super::Hardened;
use super::sheet::Sheet;
use crate::harden::{Access, FileRule};

/// Rules that every program needs: devices, information about its own process, files that the
/// engine mounts. All programs run in the same profile, so they may signal each other, and the
/// engine, which is not confined, may signal them.
const COMMON: &[&str] = &[
    "network,",
    "signal (receive) peer=unconfined,",
    "signal (receive) peer=runc,",
    "signal (receive) peer=crun,",
    "signal (receive) peer=podman,",
    "/ r,",
    "/**/ r,",
    "/dev/{null,zero,full,random,urandom,tty,console,ptmx} rw,",
    "/dev/pts/* rw,",
    "/dev/{fd,shm,mqueue}/** rwl,",
    "/proc/** r,",
    "/proc/[0-9]*/{fd,task}/** rw,",
    "/proc/[0-9]*/{comm,oom_score_adj,coredump_filter,timerslack_ns,loginuid} rw,",
    "/sys/devices/system/{cpu,node}/** r,",
    "/sys/fs/cgroup/** r,",
    "/sys/kernel/mm/** r,",
    "/etc/{hostname,hosts,resolv.conf} r,",
    "/run/.containerenv r,",
    "/run/secrets/** r,",
];

/// A profile named `jettison-SERVICE`.
pub fn apparmor(hardened: &Hardened<'_>, rules: &[FileRule]) -> String {
    let mut sheet = Sheet::default();
    sheet.comments(0, &hardened.title());
    let name = format!("jettison-{}", hardened.service);
    sheet.line(
        0,
        &format!("profile {name} flags=(attach_disconnected,mediate_deleted) {{"),
    );
    for rule in COMMON {
        sheet.line(2, rule);
    }
    sheet.line(2, &format!("signal peer={name},"));
    for (capability, reasons) in &hardened.settings.capabilities {
        sheet.reasons(2, reasons);
        sheet.line(
            2,
            &format!("capability {},", capability.to_ascii_lowercase()),
        );
    }
    for rule in rules {
        for line in lines(rule) {
            sheet.line(2, &line);
        }
    }
    sheet.line(0, "}");
    sheet.into_text()
}

fn lines(rule: &FileRule) -> Vec<String> {
    let path = pattern(&rule.path);
    let access = access(rule.access);
    if rule.is_whole {
        // A directory is only listed and changed.
        let directory = if rule.access.write { "rwkl" } else { "r" };
        vec![
            format!("\"{path}/\" {directory},"),
            format!("\"{path}/**\" {access},"),
        ]
    } else {
        vec![format!("\"{path}\" {access},")]
    }
}

/// Letters for an access. A program that is executed stays in the profile: `ix`.
fn access(access: Access) -> String {
    let mut letters = String::new();
    for (is_allowed, text) in [
        (access.map, "m"),
        (access.read, "r"),
        (access.write, "wkl"),
        (access.execute, "ix"),
    ] {
        if is_allowed {
            letters.push_str(text);
        }
    }
    letters
}

/// A path as a pattern that only it matches.
fn pattern(path: &[u8]) -> String {
    let mut pattern = String::new();
    for &byte in path {
        match byte {
            b'*' | b'?' | b'[' | b']' | b'{' | b'}' | b'^' | b'"' | b'\\' | b',' => {
                pattern.push('\\');
                pattern.push(char::from(byte));
            }
            // A variable begins with `@{`.
            b'!'..=b'~' if byte != b'@' => pattern.push(char::from(byte)),
            _ => {
                let _ = write!(pattern, "\\{byte:03o}");
            }
        }
    }
    pattern
}
