//! `--with`: files that containers of a deployment need are kept, with the line that names them.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

use crate::builders::description::archive;

const IMAGE: &str = "\
name example.com/app:1.0
file /etc/os-release \"ID=x\\n\"
elf /usr/bin/migrate
elf /usr/bin/curl
elf /usr/bin/drain
elf /usr/bin/other
elf /bin/sh
file /opt/settings/prod.conf
file /opt/settings/dev.conf
dir /srv/state
file /srv/seed/data
file /etc/passwd \"root:x:0:0::/root:/bin/sh\\n\"
layer COPY app /usr/bin/ # buildkit
elf /usr/bin/app
entrypoint /usr/bin/app
";

const COMPOSE: &str = "\
services:
  web:
    image: example.com/app:1.0
    environment:
      APP_CONFIG: /opt/settings/prod.conf
    volumes:
      - seed:/srv/seed
    healthcheck:
      test: curl -f http://localhost/ || exit 1
  migrate:
    image: example.com/app:1.0
    entrypoint: [migrate, --all]
  database:
    image: example.com/database:1.0
    command: [other]
volumes:
  seed:
";

const POD: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  initContainers:
    - name: migrate
      image: example.com/app:1.0
      command: [/usr/bin/migrate]
  containers:
    - name: app
      image: example.com/app:1.0
      lifecycle:
        preStop: {exec: {command: [/usr/bin/drain, --wait]}}
      livenessProbe:
        exec:
          command:
            - /usr/bin/probe
      volumeMounts: [{name: state, mountPath: /srv/state}]
  volumes:
    - name: state
      persistentVolumeClaim: {claimName: state}
";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path();
    fs::write(path.join("app.tar"), archive(IMAGE)).unwrap();
    fs::write(path.join("compose.yaml"), COMPOSE).unwrap();
    fs::create_dir(path.join("k8s")).unwrap();
    fs::write(path.join("k8s/pod.yaml"), POD).unwrap();
    fs::write(path.join("k8s/values.yaml"), "a: 1\n").unwrap();
    folder
}

/// The exit status, and standard output and error.
fn jettison(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    let output = command
        .current_dir(folder)
        .env_remove("CLICOLOR_FORCE")
        .env("NO_COLOR", "1")
        .args(arguments)
        .output()
        .expect("it starts");
    let mut text = String::from_utf8(output.stdout).expect("it is UTF-8");
    text += &String::from_utf8(output.stderr).expect("it is UTF-8");
    (output.status.code().expect("it ends"), text)
}

/// The reason for a file.
fn why(folder: &Path, with: &str, file: &str) -> (i32, String) {
    jettison(folder, &["why", "app.tar", file, "--with", with])
}

#[test]
fn reasons_name_the_file_and_line_of_a_compose_file() {
    let folder = folder();
    let path = folder.path();
    for (file, reason) in [
        (
            "/usr/bin/curl",
            "the word `curl` in `healthcheck` (compose.yaml:9)",
        ),
        ("/bin/sh", "the program of `healthcheck` (compose.yaml:9)"),
        (
            "/opt/settings/prod.conf",
            "named by `APP_CONFIG` (compose.yaml:5)",
        ),
        ("/srv/seed/data", "named by `volumes` (compose.yaml:7)"),
    ] {
        let (code, text) = why(path, "compose.yaml:web", file);
        assert_eq!(code, 0, "{file}: {text}");
        assert!(text.contains(reason), "{file}: {text}");
        // Without the deployment, the file is not needed.
        let (code, _) = jettison(path, &["why", "app.tar", file]);
        assert_eq!(code, 1, "{file}");
    }
    let (code, text) = why(path, "compose.yaml:migrate", "/usr/bin/migrate");
    assert!(
        code == 0 && text.contains("the program of `entrypoint` (compose.yaml:12)"),
        "{text}"
    );
    // Another service has another health check.
    assert_eq!(why(path, "compose.yaml:migrate", "/usr/bin/curl").0, 1);
}

#[test]
fn reasons_name_the_files_of_a_directory_of_manifests() {
    let folder = folder();
    for (file, reason) in [
        (
            "/usr/bin/migrate",
            "the program of `command` (k8s/pod.yaml:8)",
        ),
        (
            "/usr/bin/drain",
            "the program of `preStop` (k8s/pod.yaml:13)",
        ),
        ("/srv/state", "named by `volumeMounts` (k8s/pod.yaml:18)"),
    ] {
        let (code, text) = why(folder.path(), "k8s", file);
        assert!(code == 0 && text.contains(reason), "{file}: {code} {text}");
    }
    assert_eq!(why(folder.path(), "k8s", "/usr/bin/other").0, 1);
}

#[test]
fn containers_are_selected_by_the_name_of_the_image() {
    let folder = folder();
    let path = folder.path();
    let named = "docker-archive:app.tar:example.com/app:1.0";
    let keeps = |file: &str| {
        let arguments = ["why", named, file, "--with", "compose.yaml"];
        jettison(path, &arguments).0 == 0
    };
    assert!(keeps("/usr/bin/curl") && keeps("/usr/bin/migrate"));
    // This is the command of another image.
    assert!(!keeps("/usr/bin/other"));
    // A file without a name does not tell which services are meant.
    let (code, text) = why(path, "compose.yaml", "/usr/bin/curl");
    assert!(code == 2 && text.contains("`web`, `migrate`"), "{text}");
    for (with, message) in [
        ("compose.yaml:nothing", "no container of the image"),
        ("missing.yaml", "cannot read `missing.yaml`"),
        (
            "app.tar",
            "neither a Compose file nor a Kubernetes manifest",
        ),
    ] {
        let (code, text) = why(path, with, "/usr/bin/curl");
        assert!(code == 2 && text.contains(message), "{with}: {text}");
    }
}

#[test]
fn programs_that_the_image_lacks_are_reported_at_their_line() {
    let folder = folder();
    let path = folder.path();
    let expected =
        "`/usr/bin/probe`, the program of `livenessProbe` (k8s/pod.yaml:17), is not in the image";
    let (_, text) = jettison(path, &["slim", "app.tar", "--dry-run", "--with", "k8s"]);
    assert!(text.contains(expected), "{text}");
    let (code, text) = jettison(path, &["verify", "app.tar", "--with", "k8s"]);
    assert!(code == 1 && text.contains(expected), "{text}");
}

#[test]
fn an_image_that_was_slimmed_without_the_deployment_lacks_its_programs() {
    let folder = folder();
    let path = folder.path();
    let with = ["--with", "compose.yaml:web"];
    let verify = |image: &str| {
        let mut arguments = vec!["verify", image, "--against", "app.tar"];
        arguments.extend(with);
        jettison(path, &arguments)
    };
    let (code, text) = jettison(path, &["slim", "app.tar", "-o", "plain.tar"]);
    assert_eq!(code, 0, "{text}");
    let (code, text) = verify("plain.tar");
    assert!(code == 1 && text.contains("/usr/bin/curl"), "{text}");
    let mut arguments = vec!["slim", "app.tar", "-o", "with.tar"];
    arguments.extend(with);
    let (code, text) = jettison(path, &arguments);
    assert_eq!(code, 0, "{text}");
    let (code, text) = verify("with.tar");
    assert_eq!((code, text.as_str()), (0, ""));
}

#[test]
fn lint_compares_a_deployment_with_its_image() {
    let folder = folder();
    let (code, text) = jettison(
        folder.path(),
        &[
            "lint",
            "k8s/pod.yaml",
            "--image",
            "app.tar",
            "--select",
            "missing-program",
        ],
    );
    assert!(
        code == 1 && text.contains("k8s/pod.yaml:17") && text.contains("/usr/bin/probe"),
        "{text}"
    );
    let (code, text) = jettison(
        folder.path(),
        &["lint", "k8s/pod.yaml", "--select", "missing-program"],
    );
    assert_eq!(code, 0, "{text}");
}

/// The lines of a file that a command adds.
fn added_lines(folder: &Path, file: &str, old: &str) -> Vec<String> {
    let new = fs::read_to_string(folder.join(file)).unwrap();
    let kept: Vec<&str> = new.lines().filter(|line| old.contains(line)).collect();
    let old_lines: Vec<&str> = old.lines().collect();
    assert_eq!(kept, old_lines, "lines are only added");
    let added = new.lines().filter(|line| !old.contains(line));
    added.map(str::to_owned).collect()
}

#[test]
fn settings_are_added_to_a_service_and_nothing_else_changes() {
    let folder = folder();
    let path = folder.path();
    let apply = ["harden", "app.tar", "--apply", "compose.yaml:web"];
    let (code, text) = jettison(path, &apply);
    assert_eq!(code, 0, "{text}");
    assert_eq!(
        added_lines(path, "compose.yaml", COMPOSE),
        [
            "    user: \"65532:65532\"",
            "    read_only: true",
            "    cap_drop:",
            "      - ALL",
            "    security_opt:",
            "      - no-new-privileges:true",
        ]
    );
    // A second time, there is nothing to change.
    let (code, text) = jettison(path, &apply);
    assert!(
        code == 0 && text.contains("has the settings already"),
        "{text}"
    );
}

#[test]
fn settings_are_added_to_all_containers_of_a_manifest() {
    let folder = folder();
    let path = folder.path();
    let (code, text) = jettison(path, &["harden", "app.tar", "--apply", "k8s/pod.yaml"]);
    assert_eq!(code, 0, "{text}");
    let new = fs::read_to_string(path.join("k8s/pod.yaml")).unwrap();
    assert_eq!(new.matches("      securityContext:\n").count(), 2, "{new}");
    assert_eq!(
        new.matches("          allowPrivilegeEscalation: false\n")
            .count(),
        0,
        "{new}"
    );
    assert_eq!(
        new.matches("        allowPrivilegeEscalation: false\n")
            .count(),
        2,
        "{new}"
    );
    let (_, text) = jettison(
        path,
        &[
            "lint",
            "k8s/pod.yaml",
            "--select",
            "privilege-escalation-allowed,writable-root-filesystem,capabilities-not-dropped",
        ],
    );
    assert!(!text.contains("k8s/pod.yaml"), "{text}");
}

#[test]
fn a_definition_in_one_line_is_not_edited() {
    let folder = folder();
    let path = folder.path();
    let text = "services:\n  web: {image: 'example.com/app:1.0'}\n";
    fs::write(path.join("flow.yaml"), text).unwrap();
    let (code, message) = jettison(path, &["harden", "app.tar", "--apply", "flow.yaml"]);
    assert!(
        code == 2 && message.contains("is not a block of keys"),
        "{message}"
    );
    assert_eq!(fs::read_to_string(path.join("flow.yaml")).unwrap(), text);
}

/// An image whose program writes to `/tmp`.
const WRITER: &str = "\
file /etc/os-release \"ID=x\\n\"
dir /tmp
elf /bin/sh
layer COPY app / # buildkit
file /bin/app \"#!/bin/sh\\necho a > /tmp/x\\n\"
entrypoint /bin/app
";

/// The text and the messages after settings were added to a file.
fn applied(text: &str) -> (String, String) {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path();
    fs::write(path.join("app.tar"), archive(WRITER)).unwrap();
    fs::write(path.join("f.yaml"), text).unwrap();
    let (_, message) = jettison(path, &["harden", "app.tar", "--apply", "f.yaml:web"]);
    (fs::read_to_string(path.join("f.yaml")).unwrap(), message)
}

#[test]
fn settings_of_all_containers_together_are_those_of_one_after_the_other() {
    let service = "  a:\n    image: app\n    tmpfs:\n    - /run\n";
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n";
    let containers = "  containers:\n  - name: a\n    image: app\n  - image: app\n    name: b\n    \
                      securityContext:\n      capabilities: {drop: [ALL]}\n";
    for (text, names) in [
        (
            format!("services:\n{service}  # B\n  b:\n    image: app\n\n  c:\n    image: app\n    cap_drop: [NET_RAW]\n"),
            &["a", "b", "c"][..],
        ),
        // What a service extends is changed first, and anchors and merge keys stay what they are.
        (
            format!("services:\n  b:\n    extends: a\n    user: root\n{service}  c:\n    extends: {{service: b}}\n"),
            &["a", "b", "c"],
        ),
        (
            "x: &x\n  image: app\nservices:\n  a: &a\n    <<: *x\n    user: root\n  b:\n    <<: *x\n  c:\n    <<: *a\n    tty: true\n".to_owned(),
            &["a", "b", "c"],
        ),
        // Volumes of a pod, below and above its containers.
        (format!("{pod}{containers}"), &["a", "b"]),
        (format!("{pod}{containers}  volumes:\n  - name: v\n    emptyDir: {{}}\n"), &["a", "b"]),
        (format!("{pod}  volumes:\n  - name: v\n    emptyDir: {{}}\n{containers}"), &["a", "b"]),
        (format!("{pod}{containers}---\n{pod}{}", containers.replace("name: a", "name: c").replace("name: b", "name: d")), &["a", "b", "c", "d"]),
    ] {
        let folder = tempfile::tempdir().expect("there is room");
        let path = folder.path();
        fs::write(path.join("app.tar"), archive(WRITER)).unwrap();
        for file in ["all.yaml", "each.yaml"] {
            fs::write(path.join(file), &text).unwrap();
        }
        let (code, message) = jettison(path, &["harden", "app.tar", "--apply", "all.yaml"]);
        assert_eq!(code, 0, "{message}\n{text}");
        for name in names {
            let target = format!("each.yaml:{name}");
            let (code, message) = jettison(path, &["harden", "app.tar", "--apply", &target]);
            assert_eq!(code, 0, "{message}\n{text}");
        }
        let read = |name: &str| fs::read_to_string(path.join(name)).unwrap();
        assert_eq!(read("all.yaml"), read("each.yaml"));
        assert_ne!(read("all.yaml"), text);
    }
}

#[test]
fn values_that_a_merge_key_adds_stay() {
    let base = "\
apiVersion: v1
kind: Pod
x: &b
  securityContext:
    runAsUser: 1000
    runAsNonRoot: true
spec:
  containers:
    - name: web
      image: app
      <<: *b
";
    let (text, message) = applied(base);
    assert!(!text.contains("allowPrivilegeEscalation"), "{text}");
    assert!(
        message.contains("left to you: `securityContext`"),
        "{message}"
    );
    let base = "\
x-b: &b
  security_opt: [apparmor:strict]
services:
  web:
    <<: *b
    image: app
";
    let (text, message) = applied(base);
    assert_eq!(text.matches("security_opt").count(), 1, "{text}");
    assert!(text.contains("    read_only: true\n"), "{text}");
    assert!(message.contains("left to you: `security_opt`"), "{message}");
}

#[test]
fn volumes_are_added_to_the_pod_of_the_container() {
    let other = "\
apiVersion: v1
kind: Pod
metadata: {name: other}
spec:
  containers:
    - name: other
      image: b
---
";
    let pod = "\
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  initContainers:
    - image: app
      args: [\"a
\u{a0}- b\"]
      name: web
  containers:
    - name: c
      image: c
";
    let (text, message) = applied(&format!("{other}{pod}"));
    assert!(text.starts_with(other), "{text}");
    assert!(
        text.ends_with("      image: c\n  volumes:\n    - name: web-tmp\n      emptyDir: {}\n"),
        "{text}{message}"
    );
    assert!(text.contains("      volumeMounts:\n        - name: web-tmp\n"));
}

/// Every value is from `.env`. They are all canaries, but for what is compared with the image.
const PRIVATE: &str = "\
IMAGE=example.com/app:1.0
BASE=registry.canary.example/team/canary-base:latest
NAME=canary
PATH_A=/canary/a
PATH_B=/opt/canary/b
PORT=canary4711
USER_NAME=canary-user
CAPABILITY=CAP_SYS_CANARY
WORDS=canary-program --token 'canary\\ secret'
FILE=canary.yaml
PROBE=/usr/bin/curl
";

const OF_PRIVATE: &str = "\
include: [\"$FILE\", {path: \"./${FILE}\"}]
services:
  web: &web
    image: ${IMAGE}
    user: ${USER_NAME}:${USER_NAME}
    group_add: [\"${NAME}\"]
    command: ${WORDS}
    working_dir: ${PATH_A}
    read_only: true
    tmpfs: [\"${PATH_A}:size=1m\"]
    volumes: [\"${PATH_B}:${PATH_A}\", \"/var/run/${NAME}.sock:/a\", {type: bind, source: \"${PATH_B}\", target: \"${PATH_A}\"}]
    devices: [\"/dev/${NAME}:/dev/${NAME}\"]
    cap_add: [\"${CAPABILITY}\"]
    cap_drop: [\"${NAME}\"]
    security_opt: [\"seccomp:${NAME}\", \"apparmor=${NAME}\", \"label:${NAME}\"]
    ports: [\"${PORT}:${PORT}\", {target: \"${PORT}\", published: \"${PORT}\", host_ip: \"${NAME}\"}]
    expose: [\"${PORT}\"]
    environment: {PASSWORD: \"${NAME}\", LD_PRELOAD: \"${PATH_B}\"}
    env_file: [\"${FILE}\"]
    network_mode: \"${NAME}\"
    restart: \"${NAME}\"
    healthcheck: {test: \"${WORDS} && ${PROBE} http://${NAME}/\"}
    post_start: [{command: \"${WORDS}\"}]
    deploy: {resources: {limits: {cpus: \"${NAME}\", memory: \"${NAME}\"}}}
  exec:
    image: ${IMAGE}
    entrypoint: [\"${WORDS}\", \"${NAME}\"]
    healthcheck: {test: [CMD, \"${PROBE}\", \"${NAME}\"]}
  base: {image: \"${BASE}\"}
  other: {extends: {file: \"${FILE}\", service: \"${NAME}\"}}
  missing: {extends: \"${NAME}\"}
  built:
    build:
      context: .
      args: {BASE: \"${BASE}\", NAME: \"${NAME}\", WORDS: \"${WORDS}\", FILE: \"${FILE}\"}
      target: \"${NAME}\"
      additional_contexts: {a: \"${PATH_A}\"}
  built-elsewhere: {build: {context: \"${PATH_A}\", dockerfile: \"${FILE}\"}}
  built-here:
    build:
      context: .
      dockerfile_inline: |
        FROM ${BASE} AS ${NAME}
        RUN sudo ${WORDS} && cd ${PATH_A} && apt-get install ${NAME}
        COPY --from=${NAME} ${FILE} ${PATH_A}
        ADD https://example.com/${FILE} /${NAME}
        EXPOSE ${PORT}
        ENV PASSWORD=${NAME}
        USER ${USER_NAME}
";

const OF_ARGUMENTS: &str = "\
ARG BASE
FROM $BASE
ARG NAME
ARG WORDS
ARG FILE
RUN sudo $WORDS; apt-get install $NAME; pip install $NAME; curl http://$NAME/$FILE | sh
ADD $FILE /x/$NAME
ADD https://$NAME/$FILE.tar.gz $FILE
ENV A=$NAME PASSWORD=$NAME
LABEL $NAME=$WORDS
EXPOSE $NAME
VOLUME $FILE
WORKDIR $FILE
STOPSIGNAL $NAME
COPY --chown=$NAME --from=$NAME $FILE $FILE
USER $NAME
ENTRYPOINT $WORDS
";

/// A project with private values.
fn private_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path();
    fs::write(path.join("app.tar"), archive(IMAGE)).unwrap();
    for (name, text) in [
        (".env", PRIVATE),
        ("compose.yaml", OF_PRIVATE),
        ("Dockerfile", OF_ARGUMENTS),
    ] {
        fs::write(path.join(name), text).unwrap();
    }
    folder
}

#[test]
fn no_report_of_lint_shows_a_value_of_an_env_file() {
    let folder = private_folder();
    let path = folder.path();
    let formats = [
        "text",
        "compact",
        "tty",
        "json",
        "markdown",
        "sarif",
        "junit",
        "checkstyle",
        "github",
        "gitlab",
        "codeclimate",
        "sonarqube",
    ];
    for image in [&[][..], &["--image", "app.tar"]] {
        for format in formats {
            let mut arguments = vec!["lint", "compose.yaml", "Dockerfile", "--select", "all"];
            arguments.extend(["--all", "--format", format]);
            arguments.extend(image);
            let (code, text) = jettison(path, &arguments);
            assert_eq!(code, 1, "{text}");
            assert!(!text.to_lowercase().contains("canary"), "{format}: {text}");
            assert!(text.contains("${BASE}"), "{format}: {text}");
        }
    }
    let fix = ["lint", ".", "--select", "all", "--fix", "--unsafe-fixes"];
    for options in [&["--diff"][..], &[]] {
        let (_, text) = jettison(path, &[&fix, options].concat());
        assert!(!text.to_lowercase().contains("canary"), "{text}");
    }
    for name in ["compose.yaml", "Dockerfile"] {
        let text = fs::read_to_string(path.join(name)).unwrap();
        assert!(!text.to_lowercase().contains("canary"), "{text}");
    }
}

#[test]
fn facts_are_computed_from_the_values_that_are_not_shown() {
    let folder = private_folder();
    let path = folder.path();
    let (_, text) = jettison(
        path,
        &["lint", ".", "--select", "all", "--format", "compact"],
    );
    for message in [
        "`${BASE}` is used with the tag `latest`",
        "`web` gets the capability `${CAPABILITY}`",
        "`${FILE}` does not exist",
        "there is no service `${NAME}`",
    ] {
        assert!(text.contains(message), "{message}: {text}");
    }
}

#[test]
fn reasons_do_not_show_values_of_an_env_file() {
    let folder = private_folder();
    let path = folder.path();
    let line = |text: &str| {
        let at = OF_PRIVATE.find(text).expect("it is there");
        OF_PRIVATE[..at].matches('\n').count() + 1
    };
    for (service, reason) in [
        (
            "web",
            format!(
                "the word `${{WORDS}} && ${{PROBE}} http://${{NAME}}/` in `healthcheck` (compose.yaml:{})",
                line("healthcheck: {test: \"")
            ),
        ),
        (
            "exec",
            format!(
                "the program of `healthcheck` (compose.yaml:{})",
                line("healthcheck: {test: [CMD")
            ),
        ),
    ] {
        let with = format!("compose.yaml:{service}");
        for command in [
            &["why", "app.tar", "/usr/bin/curl"][..],
            &["slim", "app.tar", "--dry-run"],
            &["verify", "app.tar"],
            &["harden", "app.tar"],
        ] {
            let (_, text) = jettison(path, &[command, &["--with", &with]].concat());
            assert!(
                !text.to_lowercase().contains("canary"),
                "{command:?}: {text}"
            );
            assert!(command[0] != "why" || text.contains(&reason), "{text}");
        }
        let (_, text) = jettison(path, &["harden", "app.tar", "--apply", &with]);
        assert!(!text.to_lowercase().contains("canary"), "{text}");
    }
}
