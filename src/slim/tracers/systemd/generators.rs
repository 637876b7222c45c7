//! Generators: programs that systemd runs at boot to create units.

use std::collections::BTreeMap;

use crate::image::NameId;
use crate::knowledge::{GeneratedUnits, Generator, generator_directories, generator_rows};
use crate::slim::globs;
use crate::slim::keep::Keep;
use crate::slim::units::is_masked;
use crate::slim::why::{Confidence, UnitRelation, Why};

use super::commands;
use super::walk::{Walk, certain, keep_entry};

/// Maximum number of generators that are analyzed.
const MAX_GENERATORS: usize = 256;

/// Keeps the generators that have an effect, and the units that they enable.
pub(super) fn keep_generators(walk: &mut Walk, keep: &mut Keep<'_>) {
    for (name, entry) in generators(keep) {
        let name = String::from_utf8_lossy(name);
        let rows = generator_rows(&name);
        if rows.is_empty() {
            keep_entry(keep, entry, walk.systemd, certain(UnitRelation::Generator));
            let text = "the units that this generator creates at boot are unknown".to_owned();
            walk.note(keep, entry, None, text);
        }
        for row in rows {
            match row.makes {
                GeneratedUnits::Listed => keep_listed(walk, keep, row, entry),
                GeneratedUnits::Mounts => keep_mounts(walk, keep, row, entry),
                // A login prompt is for people who have a password, and would require a login
                // session with all its commands.
                GeneratedUnits::Console => {
                    let text = "login prompts on the console are not kept".to_owned();
                    walk.note(keep, entry, None, text);
                }
                // It is kept with the first script for which it creates a service.
                GeneratedUnits::Services => {}
            }
        }
    }
}

/// The generator that creates services for scripts in `/etc/init.d`, if the image contains it.
pub(super) fn sysv(keep: &Keep<'_>) -> Option<NameId> {
    for (name, entry) in generators(keep) {
        let rows = generator_rows(&String::from_utf8_lossy(name));
        if rows.iter().any(|row| row.makes == GeneratedUnits::Services) {
            return Some(entry);
        }
    }
    None
}

/// The generators that systemd runs, by name.
fn generators<'a>(keep: &Keep<'a>) -> BTreeMap<&'a [u8], NameId> {
    let tree = keep.tree();
    let mut generators = BTreeMap::new();
    for directory in generator_directories() {
        let Ok(directory) = tree.resolve(directory.as_bytes()) else {
            continue;
        };
        for entry in tree.children(directory.name).take(MAX_GENERATORS) {
            // The first one with a given name takes precedence, even if it is a symlink to
            // `/dev/null`.
            generators.entry(tree.file_name(entry)).or_insert(entry);
        }
    }
    generators.retain(|_, entry| {
        let program = tree.resolve(&tree.path(*entry));
        !is_masked(tree, *entry)
            && program.is_ok_and(|program| {
                keep.is_file(program.name) && tree.inode(program.name).header.mode & 0o111 != 0
            })
    });
    generators
}

/// Follows the units that a generator enables for the files that it reads.
fn keep_listed(walk: &mut Walk, keep: &mut Keep<'_>, row: &'static Generator, entry: NameId) {
    for pattern in &row.reads {
        for file in globs::matches(keep.tree(), pattern, &mut keep.effort.patterns) {
            if !has_entries(walk, keep, file) {
                continue;
            }
            keep_entry(keep, entry, walk.systemd, certain(UnitRelation::Generator));
            keep_entry(keep, file, entry, certain(UnitRelation::Generated));
            let matched = wildcards(pattern, &keep.tree().path(file));
            for unit in &row.units {
                let name = filled(unit, &matched);
                walk.want(keep, &name, entry, certain(UnitRelation::Generated));
            }
        }
    }
}

/// Whether a file contains more than comments. Directories and files that are too large count as
/// well.
fn has_entries(walk: &mut Walk, keep: &mut Keep<'_>, file: NameId) -> bool {
    let Some(bytes) = keep.view.bytes(file) else {
        return true;
    };
    // The budget is checked at the end.
    walk.spend(keep, bytes.len());
    String::from_utf8_lossy(&bytes).lines().any(is_entry)
}

fn is_entry(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#')
}

/// The parts of a path that the wildcards of a pattern match.
fn wildcards(pattern: &str, path: &[u8]) -> Vec<String> {
    let path = String::from_utf8_lossy(path);
    let mut matched = Vec::new();
    for (pattern, component) in pattern.split('/').zip(path.split('/')) {
        if let Some((before, after)) = pattern.split_once('*') {
            let rest = component.strip_prefix(before).unwrap_or(component);
            matched.push(rest.strip_suffix(after).unwrap_or(rest).to_owned());
        }
    }
    matched
}

/// The name of a unit, with `{1}` replaced by the text that the first wildcard matched.
fn filled(unit: &str, matched: &[String]) -> String {
    let mut name = unit.to_owned();
    for (index, text) in matched.iter().enumerate() {
        name = name.replace(&format!("{{{}}}", index + 1), text);
    }
    name
}

/// Keeps the programs that mount the file systems of `/etc/fstab`.
fn keep_mounts(walk: &mut Walk, keep: &mut Keep<'_>, row: &'static Generator, entry: NameId) {
    for path in &row.reads {
        let Ok(table) = keep.tree().resolve(path.as_bytes()) else {
            continue;
        };
        let Some(bytes) = keep.view.bytes(table.name) else {
            continue;
        };
        if !walk.spend(keep, bytes.len()) {
            return;
        }
        for line in String::from_utf8_lossy(&bytes).lines() {
            let fields: Vec<&str> = line.split_whitespace().take(4).collect();
            if is_entry(line) && fields.len() >= 3 {
                keep_entry(keep, entry, walk.systemd, certain(UnitRelation::Generator));
                keep_entry(keep, table.name, entry, certain(UnitRelation::Generated));
                keep_mount(keep, entry, &fields);
                if fields[1] == "/" {
                    for unit in &row.units {
                        walk.want(keep, unit, entry, certain(UnitRelation::Generated));
                    }
                }
            }
        }
    }
}

/// Keeps the program for a line `what where type`, and the mount point.
fn keep_mount(keep: &mut Keep<'_>, entry: NameId, fields: &[&str]) {
    let why = Why::Unit {
        relation: UnitRelation::Generated,
        confidence: Confidence::Likely,
    };
    let (place, kind) = (fields[1], fields[2]);
    let helper = format!("mount.{kind}");
    let programs = if kind == "swap" {
        ["swapon", "swapoff", "swapon"]
    } else {
        ["mount", "umount", helper.as_str()]
    };
    for program in programs {
        if let Some(path) = commands::program_path(keep, "", program) {
            keep.keep_path(&path, Some(entry), why.clone());
        }
    }
    if place.starts_with('/') {
        keep.keep_path(place.as_bytes(), Some(entry), why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_of_a_generator_name_its_instances() {
        let matched = wildcards("/etc/postgresql/*/*/x", b"/etc/postgresql/15/main/x");
        assert_eq!(
            filled("postgresql@{1}-{2}.service", &matched),
            "postgresql@15-main.service"
        );
        let matched = wildcards("/etc/openvpn/*.conf", b"/etc/openvpn/office.conf");
        assert_eq!(
            filled("openvpn@{1}.service", &matched),
            "openvpn@office.service"
        );
    }
}
