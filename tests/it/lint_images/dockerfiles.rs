//! A Dockerfile together with the image that was built from it.

use std::fs;
use std::path::Path;

use super::{folder, run};

const DOCKERFILE: &str = "\
FROM debian:12
COPY app.c /src/
RUN apt-get update && apt-get install -y gcc \\
    && gcc -o /usr/local/bin/app /src/app.c
RUN mkdir -p /data
RUN make -C /src install
USER 1000
ENTRYPOINT [\"/usr/local/bin/app\"]
";

/// What is built from it: a compiler that nobody reaches, the program, and what `make install`
/// brings.
const IMAGE: &str = "\
library /lib/ld.so
file /usr/bin/dash \"sh\"
file /usr/bin/apt-get \"apt\"
layer COPY app.c /src/ # buildkit
file /src/app.c \"int main;\"
layer RUN /bin/sh -c apt-get update && apt-get install -y gcc     && gcc -o /usr/local/bin/app /src/app.c # buildkit
file /usr/bin/gcc size=2000000
file /etc/ld.so.cache \"x\"
file /etc/hosts \"\"
dir /tmp mode=1777
elf /usr/local/bin/app interpreter=/lib/ld.so
layer RUN /bin/sh -c mkdir -p /data # buildkit
dir /data
layer RUN /bin/sh -c make -C /src install # buildkit
dir /opt/app
file /opt/app/data size=100
file /opt/app/notes \"1\"
step USER 1000
step ENTRYPOINT [\"/usr/local/bin/app\"]
env APP=/opt/app/data
user 1000
entrypoint /usr/local/bin/app /opt/app/data
";

fn with(dockerfile: &str) -> tempfile::TempDir {
    let folder = folder(IMAGE, "");
    fs::write(folder.path().join("Dockerfile"), dockerfile).unwrap();
    folder
}

/// What is said, without colour and frames, of a selection of rules.
fn said(folder: &Path, rules: &str, arguments: &[&str]) -> String {
    let all = [
        &[
            "lint",
            "Dockerfile",
            "--image",
            "app.tar",
            "--no-shellcheck",
            "--select",
            rules,
        ],
        arguments,
    ]
    .concat();
    let (_, out, err) = run(folder, &all);
    out + &err
}

fn compact(folder: &Path, rules: &str) -> Vec<String> {
    let out = said(folder, rules, &["--format", "compact", "--quiet"]);
    out.lines().map(str::to_owned).collect()
}

#[test]
fn findings_in_the_image_replace_guesses_from_the_dockerfile() {
    let rules = "shell-in-image,package-manager-in-image,build-tools-in-image";
    let folder = with(DOCKERFILE);
    let lines = compact(folder.path(), rules);
    assert!(
        lines.iter().all(|line| line.starts_with("app.tar")) && lines.len() == 3,
        "{lines:#?}"
    );
    let (_, alone, _) = run(
        folder.path(),
        &[
            "lint",
            "Dockerfile",
            "--select",
            rules,
            "--format",
            "compact",
        ],
    );
    assert_eq!(
        alone.lines().count(),
        3,
        "without an image the Dockerfile is all there is: {alone}"
    );
}

#[test]
fn the_image_of_another_dockerfile_is_not_mapped_to_this_one() {
    let folder = with("FROM debian:12\nRUN apt-get install -y make\nRUN make\nRUN make install\n");
    let lines = compact(folder.path(), "build-tools-in-image,move-to-builder-stage");
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.starts_with("Dockerfile:2"))
            .count(),
        1,
        "{lines:#?}"
    );
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.contains("this `RUN` adds"))
            .count(),
        1,
        "{lines:#?}"
    );
}

#[test]
fn an_image_finding_names_the_dockerfile_line_it_comes_from() {
    let folder = with(DOCKERFILE);
    let text = said(folder.path(), "build-tools-in-image", &[]);
    assert!(
        text.contains("the instruction is in Dockerfile:3"),
        "{text}"
    );
    let text = said(folder.path(), "shell-in-image", &[]);
    assert!(
        text.contains("from the base image in Dockerfile:1"),
        "{text}"
    );
}

#[test]
fn a_run_that_adds_unreachable_files_is_reported_at_its_line() {
    let folder = with(DOCKERFILE);
    let lines = compact(folder.path(), "move-to-builder-stage");
    let [line] = lines.as_slice() else {
        panic!("{lines:#?}")
    };
    assert!(line.starts_with("Dockerfile:3:1"), "{line}");
    assert!(
        line.contains("of the 2.0 MB that this `RUN` adds"),
        "{line}"
    );
    let pragma = DOCKERFILE.replace(
        "RUN apt-get",
        "# jettison ignore=move-to-builder-stage it is small\nRUN apt-get",
    );
    fs::write(folder.path().join("Dockerfile"), pragma).unwrap();
    assert_eq!(
        compact(folder.path(), "move-to-builder-stage,unused-pragma"),
        [""; 0]
    );
}

#[test]
fn a_comment_for_an_image_rule_is_not_unused_when_no_image_is_linted() {
    let folder = with("FROM debian:12\n# jettison ignore=move-to-builder-stage\nRUN make\n");
    let select = ["--select", "unused-pragma,move-to-builder-stage"];
    let (code, out, _) = run(
        folder.path(),
        &[&["lint", "Dockerfile"], &select[..]].concat(),
    );
    assert_eq!(code, 0, "{out}");
}

#[test]
fn the_fix_moves_the_build_to_its_own_stage_and_copies_reachable_files() {
    let folder = with(DOCKERFILE);
    let fix = ["--fix", "--unsafe-fixes", "--format", "compact"];
    let (_, out, err) = run(
        folder.path(),
        &[
            &[
                "lint",
                "Dockerfile",
                "--image",
                "app.tar",
                "--select",
                "move-to-builder-stage",
            ],
            &fix[..],
        ]
        .concat(),
    );
    let expected = "\
FROM debian:12 AS builder
COPY app.c /src/
RUN apt-get update && apt-get install -y gcc \\
    && gcc -o /usr/local/bin/app /src/app.c
RUN mkdir -p /data
RUN make -C /src install

FROM debian:12
COPY app.c /src/
COPY --from=builder /usr/local/bin/app /usr/local/bin/app
RUN mkdir -p /data
COPY --from=builder /opt/app /opt/app
USER 1000
ENTRYPOINT [\"/usr/local/bin/app\"]
";
    assert_eq!(
        fs::read_to_string(folder.path().join("Dockerfile")).unwrap(),
        expected,
        "{out}{err}"
    );
}

#[test]
fn no_fix_is_offered_where_a_person_must_decide() {
    let fixable = |dockerfile: &str| {
        let folder = with(dockerfile);
        let text = said(folder.path(), "move-to-builder-stage", &[]);
        assert!(text.contains("this `RUN` adds"), "{text}");
        text.contains("build in a separate stage")
    };
    assert!(fixable(DOCKERFILE));
    let base = DOCKERFILE
        .replace("RUN mkdir", "FROM base\nRUN mkdir")
        .replace("debian:12", "debian:12 AS base");
    assert!(!fixable(&base), "another stage is built on it");
    assert!(!fixable(
        &DOCKERFILE.replace("USER", "ONBUILD RUN true\nUSER")
    ));
    let unknown = DOCKERFILE.replace("USER", "RUN something of which no layer tells\nUSER");
    assert!(!fixable(&unknown), "what it brings is not known");
}

#[test]
fn the_new_stage_follows_the_style_of_the_file() {
    let dockerfile = DOCKERFILE
        .replace("FROM debian:12", "from debian:12 as app")
        .replace('\n', "\r\n");
    let folder = with(&format!("from busybox as builder\r\n\r\n{dockerfile}"));
    let patch = said(
        folder.path(),
        "move-to-builder-stage",
        &["--diff", "--unsafe-fixes"],
    );
    for line in [
        "+from debian:12 as builder-2\r\n",
        "+from debian:12 as app\r\n",
        "+COPY --from=builder-2 /opt/app /opt/app\r\n",
    ] {
        assert!(patch.contains(line), "{line:?}\n{patch}");
    }
    let new: Vec<&str> = patch
        .split_inclusive('\n')
        .filter(|line| line.starts_with('+'))
        .skip(1)
        .collect();
    assert!(
        new.iter().all(|line| line.ends_with("\r\n")) && new.len() == 7,
        "{new:?}"
    );
}

#[test]
fn paths_that_copy_would_read_as_patterns_get_no_fix() {
    let folder = with(DOCKERFILE);
    let image = IMAGE
        .replace("/opt/app/data", "/opt/[app]/data")
        .replace("dir /opt/app\n", "dir /opt/[app]\n");
    fs::write(
        folder.path().join("app.tar"),
        crate::builders::description::archive(&image),
    )
    .unwrap();
    let text = said(folder.path(), "move-to-builder-stage", &[]);
    assert!(
        text.contains("this `RUN` adds") && !text.contains("build in a separate stage"),
        "{text}"
    );
}
