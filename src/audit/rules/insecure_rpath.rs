//! `insecure-rpath`: a program looks for libraries where others may put them.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "insecure-rpath",
    page: Some(include_str!("../../../rules/lint/insecure-rpath.md")),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    for (name, elf) in cx.elfs() {
        let lists = elf.rpath.iter().chain(&elf.runpath);
        let paths = lists.flat_map(|list| list.split(|&byte| byte == b':'));
        for path in paths.map(|path| String::from_utf8_lossy(path).into_owned()) {
            let writable = || {
                cx.find(&path)
                    .is_some_and(|name| cx.tree().inode(name).header.mode & 0o002 != 0)
            };
            let why = match path.as_str() {
                "" => "an empty entry, which means the working directory",
                path if !path.starts_with(['/', '$']) => "a path from the working directory",
                path if path.starts_with("/tmp")
                    || path.starts_with("/var/tmp")
                    || path.starts_with("/dev/shm") =>
                {
                    "a directory that everybody may write to"
                }
                _ if writable() => "a directory that everybody may write to",
                _ => continue,
            };
            findings.file(
                name,
                format!("its search path for libraries has `{path}`, {why}"),
            );
            break;
        }
    }
}
