//! `build-tools-in-image`: compilers and headers are installed where the program only runs.

use std::collections::BTreeSet;

use crate::lint::facts::packages::{Action, PackageCall};
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "build-tools-in-image",
    page: include_str!("../../rules/lint/build-tools-in-image.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
};

/// Packages of compilers and their company, under the names of several distributions.
const TOOLS: [&str; 30] = [
    "autoconf",
    "automake",
    "base-devel",
    "bison",
    "build-base",
    "build-essential",
    "cargo",
    "clang",
    "cmake",
    "default-jdk",
    "dpkg-dev",
    "flex",
    "g++",
    "gcc",
    "gcc-c++",
    "gfortran",
    "go",
    "golang",
    "golang-go",
    "libtool",
    "llvm",
    "make",
    "meson",
    "nasm",
    "ninja-build",
    "pkg-config",
    "pkgconf",
    "rust",
    "rustc",
    "yasm",
];

/// Managers of operating systems; what npm installs has names of its own.
const SYSTEM: [&str; 9] = [
    "apk", "apt", "dnf", "microdnf", "pacman", "tdnf", "yum", "zypper", "brew",
];

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    let lineage: BTreeSet<usize> = cx
        .facts
        .ancestry(stage.index)
        .map(|stage| stage.index)
        .collect();
    for run in cx.facts.runs() {
        let step = &cx.facts.steps[run.step];
        if step.onbuild || step.stage.is_none_or(|stage| !lineage.contains(&stage)) {
            continue;
        }
        // Who removes packages in the same layer has thought of it.
        if run
            .package_calls()
            .any(|call| call.action == Action::Remove)
        {
            continue;
        }
        for call in run
            .package_calls()
            .filter(|call| call.action == Action::Install && SYSTEM.contains(&call.manager.name))
        {
            report(&call, findings);
        }
    }
}

fn report(call: &PackageCall<'_>, findings: &mut Findings) {
    let tools: Vec<_> = call
        .packages
        .iter()
        .filter(|package| is_tool(package.name(call.manager)))
        .collect();
    let Some((first, rest)) = tools.split_first() else {
        return;
    };
    let more = if rest.is_empty() {
        String::new()
    } else {
        format!(" and {} more", rest.len())
    };
    let verb = if rest.is_empty() { "stays" } else { "stay" };
    let mut report = findings.add(
        first.argument.span,
        format!("`{}`{more} {verb} in the image, to build with", first.word),
    );
    for package in rest {
        report = report.label(package.argument.span, "this one too");
    }
}

fn is_tool(name: &str) -> bool {
    TOOLS.contains(&name)
        || name.ends_with("-dev")
        || name.ends_with("-devel")
        || name.ends_with("-headers")
}

const PROGRAMS: [&str; 17] = [
    "gcc", "cc", "g++", "c++", "clang", "ld", "as", "make", "cmake", "ninja", "meson", "rustc",
    "cargo", "go", "javac", "gfortran", "tcc",
];

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    for (program, name) in cx.programs(&PROGRAMS) {
        findings.add(
            cx.at_file(name),
            format!("the build tool `{program}` is in the image"),
        );
    }
}
