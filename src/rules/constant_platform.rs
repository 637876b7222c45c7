//! `constant-platform`: a stage has a fixed platform.

use crate::dockerfile::Word;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "constant-platform",
    page: include_str!("../../rules/lint/constant-platform.md"),
    dockerfile: Some(check),
    image: None,
};

/// As Go names them (`go tool dist list`), with the other names that containerd takes.
const SYSTEMS: [&str; 12] = [
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "illumos",
    "ios",
    "linux",
    "netbsd",
    "openbsd",
    "solaris",
    "windows",
];
const ARCHITECTURES: [&str; 22] = [
    "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64",
    "ppc64le", "riscv64", "s390x", "wasm", "i386", "x86_64", "x86-64", "aarch64", "armhf", "armel",
    "riscv", "sparc64",
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for stage in &cx.facts.stages {
        let flag = stage.from.flags.iter().find(|flag| flag.name == "platform");
        let Some((flag, platform)) =
            flag.and_then(|flag| Some((flag, flag.value.as_ref().and_then(Word::literal)?)))
        else {
            continue;
        };
        let Some(words) = words_of(platform) else {
            continue;
        };
        // A stage that says for what it is has been made for it.
        let alias = stage
            .alias
            .map(|alias| alias.text.as_str().to_ascii_lowercase())
            .unwrap_or_default();
        if !words.iter().any(|word| alias.contains(word)) {
            findings.add(
                flag.span,
                format!(
                    "the stage always uses the platform `{platform}`, whatever the target platform"
                ),
            );
        }
    }
}

/// System and architecture of a platform, under their usual names; `None` for what is no platform.
fn words_of(platform: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> = platform.split('/').collect();
    let known = |part: &str| SYSTEMS.contains(&part) || ARCHITECTURES.contains(&part);
    let usual = |part| match part {
        "i386" => "386",
        "x86_64" | "x86-64" => "amd64",
        "aarch64" => "arm64",
        "armhf" | "armel" => "arm",
        part => part,
    };
    match parts.as_slice() {
        [only] if known(&only.to_ascii_lowercase()) => Some(vec![usual(only)]),
        [system, architecture] | [system, architecture, _]
            if !system.is_empty() && !architecture.is_empty() =>
        {
            Some(vec![usual(system), usual(architecture)])
        }
        _ => None,
    }
}
