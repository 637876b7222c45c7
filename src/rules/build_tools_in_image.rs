//! `build-tools-in-image`: compilers and headers are left in the final image.

use crate::knowledge::ProgramClass;
use crate::lint::facts::packages::{Action, PackageCall};
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "build-tools-in-image",
    page: include_str!("../../rules/lint/build-tools-in-image.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
    deployment: None,
};

/// Packages of compilers and build tools, by the names that the distributions use.
const PACKAGES: [&str; 30] = [
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

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let step = &cx.facts.steps[run.step];
        // Compilers belong in a builder stage, and ONBUILD runs in the build of another image.
        if step.onbuild || !cx.facts.is_in_final_image(step) {
            continue;
        }
        // A RUN that removes packages cleans up after itself, as in `apk add --virtual`.
        let mut calls = run.package_calls();
        if calls.any(|call| call.action == Action::Remove) {
            continue;
        }
        for call in run.package_calls() {
            // `pip install cmake` or `gem install rake` are libraries of the application.
            if call.action == Action::Install && call.manager.system {
                report(&call, findings);
            }
        }
    }
}

/// Reports a call once, at the first build tool, with labels at the others.
fn report(call: &PackageCall<'_>, findings: &mut Findings) {
    let mut tools = Vec::new();
    for package in &call.packages {
        if is_build_package(package.name(call.manager)) {
            tools.push(package);
        }
    }
    let Some((first, rest)) = tools.split_first() else {
        return;
    };
    let message = match rest.len() {
        0 => format!("build tool `{}` remains in the image", first.word),
        others => format!(
            "build tool `{}` and {others} more remain in the image",
            first.word
        ),
    };
    let mut report = findings.add(first.argument.span, message);
    for package in rest {
        report = report.label(package.argument.span, "also a build tool");
    }
}

/// Whether the name of a package suggests compilers, build tools or headers.
fn is_build_package(name: &str) -> bool {
    PACKAGES.contains(&name)
        // Header packages end in `-dev` on Debian and Alpine, and in `-devel` on RPM distributions.
        || ["-dev", "-devel", "-headers"]
            .iter()
            .any(|ending| name.ends_with(ending))
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    for name in cx.programs(ProgramClass::BuildTool.names()) {
        let path = cx.path(name);
        let message = format!("build tool `{path}` is in the image");
        findings.add(cx.at_file(name), message);
    }
}
