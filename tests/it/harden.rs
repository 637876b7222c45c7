//! `jettison harden`: the settings for the images in `testdata/harden`, in every format.
//!
//! `NAME.image` describes an image, and `NAME.FORMAT` is the output. `JETTISON_BLESS=1` updates the
//! outputs.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jettison::deployment::{self, Kind, NoFiles};
use jettison::dockerfile::shell;
use jettison::harden::{FileRule, Hardening, Mount, file_rules};
use jettison::image::{Image, Options};
use jettison::lint::{DeployedImage, Profile, Selection, Settings, lint_deployment};
use jettison::report::{self, Hardened};
use jettison::rules::registry;
use jettison::slim::{PlanOptions, Slimming};
use jettison::source::Source;
use serde_json::{Value, json};

use crate::builders::description::image;
use crate::builders::images::{Tar, docker_archive, open_with, sha256};

const FORMATS: [&str; 5] = [
    "compose",
    "kubernetes",
    "docker-run",
    "podman-quadlet",
    "apparmor",
];

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/harden")
}

/// The described images, by name.
fn images() -> Vec<(String, Image)> {
    let mut images = Vec::new();
    for entry in fs::read_dir(testdata()).expect("it is there") {
        let path = entry.expect("it can be read").path();
        if path
            .extension()
            .is_some_and(|extension| extension == "image")
        {
            let text = fs::read_to_string(&path).expect("it is UTF-8");
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            images.push((name, image(&text)));
        }
    }
    images.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(images.len() > 2);
    images
}

/// The output for an image, and the rules of its AppArmor profile.
fn hardened(image: &Image, service: &str, format: &str) -> (String, Vec<FileRule>) {
    let slimming = Slimming::new(image, &PlanOptions::default()).unwrap();
    let settings = Hardening::of(&slimming);
    let rules = file_rules(image, &slimming.plan, &settings);
    let hardened = Hardened {
        image: "example.com/app:1.0",
        service,
        settings: &settings,
    };
    let text = match format {
        "compose" => report::compose(&hardened),
        "kubernetes" => report::kubernetes(&hardened),
        "docker-run" => report::docker_run(&hardened),
        "podman-quadlet" => report::podman_quadlet(&hardened),
        _ => report::apparmor(&hardened, &rules),
    };
    (text, rules)
}

#[test]
fn every_format_has_the_settings_of_each_image() {
    let bless = std::env::var_os("JETTISON_BLESS").is_some();
    let mut wrong = Vec::new();
    for (name, image) in images() {
        for format in FORMATS {
            let (text, _) = hardened(&image, &name, format);
            let path = testdata().join(format!("{name}.{format}"));
            if bless {
                fs::write(&path, &text).expect("it can be written");
            }
            let expected = fs::read_to_string(&path).unwrap_or_default();
            if text != expected {
                wrong.push(format!("{name}.{format} is now:\n{text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The findings of all rules in a printed deployment, also those that compare it with its image.
fn findings(kind: Kind, text: &str, image: &Image) -> BTreeSet<&'static str> {
    let slimming = Slimming::new(image, &PlanOptions::default()).unwrap();
    let images = [DeployedImage::new(
        "app.tar",
        None,
        image,
        Some(&slimming.plan),
    )];
    let deployment = deployment::read(kind, Source::new("printed", text), &NoFiles);
    assert!(deployment.problems.is_empty(), "{:?}", deployment.problems);
    assert_eq!(deployment.workloads().count(), 1);
    let settings = Settings {
        select: Selection::Profile(Profile::Pedantic),
        ..Settings::default()
    };
    let files = lint_deployment(&deployment, &images, registry(), &settings);
    let mut rules = BTreeSet::new();
    for finding in &files[0].findings {
        rules.insert(finding.rule);
    }
    rules
}

#[test]
fn printed_deployments_have_no_findings_without_a_reason() {
    for (name, image) in images() {
        // The name of the image is the user's own, and a registry may move its tag.
        let mut allowed = BTreeSet::from(["image-without-digest"]);
        if name == "nginx" {
            // Its master process is root, so that its workers are not.
            allowed.extend(["root-user", "missing-run-as-non-root", "added-capability"]);
        }
        if name == "ping" {
            // Its program has a file capability.
            allowed.extend(["added-capability", "privilege-escalation-allowed"]);
            // It publishes no port, but it connects to other hosts, for which Compose has no
            // policy.
            allowed.insert("unrestricted-network");
        }
        for (kind, format) in [(Kind::Compose, "compose"), (Kind::Kubernetes, "kubernetes")] {
            let (text, _) = hardened(&image, &name, format);
            let found = findings(kind, &text, &image);
            let surplus: Vec<_> = found.difference(&allowed).collect();
            assert!(surplus.is_empty(), "{name}.{format}: {surplus:?}\n{text}");
        }
    }
}

#[test]
fn the_script_for_docker_is_one_that_shells_accept() {
    for (name, image) in images() {
        let (text, _) = hardened(&image, &name, "docker-run");
        assert!(shell::is_accepted(&text), "{text}");
    }
}

#[test]
fn a_path_cannot_add_settings() {
    let hostile = "elf /usr/bin/app\nvolume /data\\n\u{20}privileged:\\u{20}true\nvolume /a:/b\nvolume /c\"d\ndir /tmp mode=1777\nentrypoint /usr/bin/app\n";
    let image = image(hostile);
    let (text, _) = hardened(&image, "app", "compose");
    let deployment = deployment::read(Kind::Compose, Source::new("c", text.as_str()), &NoFiles);
    assert!(deployment.problems.is_empty(), "{text}");
    let (_, workload) = deployment.workloads().next().expect("there is a service");
    assert!(!workload.is_privileged(), "{text}");
    assert!(workload.mounts.iter().all(|mount| *mount.target != *"/b"));
    assert!(text.contains("Warning: /a:/b must be writable"), "{text}");
}

/// What could end a text or start something else in one of the formats.
const HOSTILE: &str = "x\"'\n    privileged: true\n[Service]\nExecStartPre=/x\r#*/ %h $HOME ${HOME} \
                       $(x) `x` @{x} {x,y} , : \u{2028}key: value\u{85}\t\\";

/// The same for names of files, which are short here.
const HOSTILE_NAME: &str = "x\"'\n p: true\r#* %h ${X} @{x} {x,y} , : \u{2028}k: v\u{85}\t\\";

/// An image in which every text is hostile, and which still has some settings that can be written.
fn hostile_image() -> Image {
    let name = HOSTILE_NAME;
    let mut layer = Tar::new()
        .file(
            "etc/passwd",
            format!("{}:x:7:7::/:\n", name.replace(['\n', ':'], ";")).as_bytes(),
        )
        .directory("data")
        .directory("odd '%#*_ name");
    // A script with a hostile name, which writes to hostile places.
    let script = format!(
        "#!/bin/sh\n: > '/data/{0}/x'\n: > '/{0}'\n",
        name.replace('\'', "")
    );
    layer = layer.entry(b'0', "bin/sh", "", b"#!/x", |header| header.set_mode(0o755));
    layer = layer.entry(
        b'0',
        &format!("bin/{name}"),
        "",
        script.as_bytes(),
        |header| {
            header.set_mode(0o755);
        },
    );
    layer = layer.entry(b'5', &format!("srv/{name}"), "", b"", |header| {
        header.set_mode(0o777);
        header.set_uid(7);
    });
    let mut ports = json!({"80/tcp": {}, "53/udp": {}, "080/TCP": {}});
    for port in ["81", "82/tcp", "tcp", ""] {
        ports[format!("{port}/{HOSTILE}")] = json!({});
        ports[format!("{port}{HOSTILE}/tcp")] = json!({});
    }
    let document = json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "Entrypoint": [format!("/bin/{name}"), HOSTILE],
            "Cmd": [HOSTILE],
            "User": HOSTILE,
            "Env": [format!("HOME=/{HOSTILE}"), format!("{HOSTILE}={HOSTILE}"), "PATH=/bin"],
            "WorkingDir": format!("/{HOSTILE}"),
            "Labels": {HOSTILE: HOSTILE},
            "StopSignal": HOSTILE,
            "ExposedPorts": ports,
            "Volumes": {
                HOSTILE: {},
                format!("/{HOSTILE}"): {},
                format!("/srv/{name}"): {},
                "/odd '%#*_ name": {},
                "/true": {},
                "/123": {},
                "/end ": {},
            },
        },
        "history": [{"created_by": HOSTILE}],
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", sha256(&layer.bytes))]},
    });
    let archive = docker_archive(&[layer.bytes], &document, &["app:1"]);
    open_with(&archive, &Options::default()).unwrap()
}

/// The keys of a document, as paths; items of lists have the key `-`.
fn keys(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                keys(value, &format!("{path}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for item in items {
                keys(item, &format!("{path}/-"), found);
            }
        }
        _ => {
            found.insert(path.to_owned());
        }
    }
}

fn keys_of(texts: &str) -> Vec<String> {
    let mut found = BTreeSet::new();
    for text in texts.split("\n---\n") {
        keys(&serde_saphyr::from_str(text).expect(text), "", &mut found);
    }
    found.into_iter().collect()
}

#[test]
fn texts_of_an_image_add_no_keys_to_yaml() {
    let image = hostile_image();
    let (text, _) = hardened(&image, "app", "compose");
    let expected = [
        "/services/app/cap_add/-",
        "/services/app/cap_drop/-",
        "/services/app/deploy/resources/limits/cpus",
        "/services/app/deploy/resources/limits/memory",
        "/services/app/deploy/resources/limits/pids",
        "/services/app/image",
        "/services/app/ports/-",
        "/services/app/read_only",
        "/services/app/restart",
        "/services/app/security_opt/-",
        "/services/app/tmpfs/-",
        "/services/app/user",
        "/services/app/volumes/-/source",
        "/services/app/volumes/-/target",
        "/services/app/volumes/-/type",
        "/volumes/data-123",
        "/volumes/data-true",
        "/volumes/odd-name",
    ];
    assert_eq!(keys_of(&text), expected, "{text}");
    let (text, _) = hardened(&image, "app", "kubernetes");
    let expected = [
        "/apiVersion",
        "/kind",
        "/metadata/name",
        "/metadata/namespace",
        "/spec/egress/-/ports/-/port",
        "/spec/egress/-/ports/-/protocol",
        "/spec/ingress/-/ports/-/port",
        "/spec/ingress/-/ports/-/protocol",
        "/spec/podSelector/matchLabels/app.kubernetes.io/name",
        "/spec/policyTypes/-",
        "/spec/replicas",
        "/spec/selector/matchLabels/app.kubernetes.io/name",
        "/spec/template/metadata/labels/app.kubernetes.io/name",
        "/spec/template/spec/automountServiceAccountToken",
        "/spec/template/spec/containers/-/image",
        "/spec/template/spec/containers/-/imagePullPolicy",
        "/spec/template/spec/containers/-/name",
        "/spec/template/spec/containers/-/ports/-/containerPort",
        "/spec/template/spec/containers/-/ports/-/protocol",
        "/spec/template/spec/containers/-/resources/limits/cpu",
        "/spec/template/spec/containers/-/resources/limits/memory",
        "/spec/template/spec/containers/-/resources/requests/cpu",
        "/spec/template/spec/containers/-/resources/requests/memory",
        "/spec/template/spec/containers/-/securityContext/allowPrivilegeEscalation",
        "/spec/template/spec/containers/-/securityContext/capabilities/add/-",
        "/spec/template/spec/containers/-/securityContext/capabilities/drop/-",
        "/spec/template/spec/containers/-/securityContext/readOnlyRootFilesystem",
        "/spec/template/spec/containers/-/volumeMounts/-/mountPath",
        "/spec/template/spec/containers/-/volumeMounts/-/name",
        "/spec/template/spec/enableServiceLinks",
        "/spec/template/spec/securityContext/runAsGroup",
        "/spec/template/spec/securityContext/runAsUser",
        "/spec/template/spec/securityContext/seccompProfile/type",
        "/spec/template/spec/volumes/-/emptyDir/medium",
        "/spec/template/spec/volumes/-/emptyDir/sizeLimit",
        "/spec/template/spec/volumes/-/name",
        "/spec/template/spec/volumes/-/persistentVolumeClaim/claimName",
    ];
    assert_eq!(keys_of(&text), expected, "{text}");
}

#[test]
fn texts_of_an_image_add_no_lines_to_a_unit() {
    let (text, _) = hardened(&hostile_image(), "app", "podman-quadlet");
    let mut keys = Vec::new();
    for line in text.split(['\n', '\r', '\u{85}', '\u{2028}']) {
        // It would join the next line to this one.
        assert!(!line.ends_with('\\'), "{line}");
        if !line.is_empty() && !line.starts_with("# ") {
            keys.push(line.split('=').next().unwrap_or(line));
        }
    }
    let expected = [
        "[Unit]",
        "StartLimitBurst",
        "StartLimitIntervalSec",
        "[Container]",
        "Image",
        "User",
        "Group",
        "DropCapability",
        "AddCapability",
        "NoNewPrivileges",
        "ReadOnly",
        "ReadOnlyTmpfs",
        "Tmpfs",
        "Volume",
        "Volume",
        "Volume",
        "PublishPort",
        "PublishPort",
        "PidsLimit",
        "PodmanArgs",
        "[Service]",
        "Restart",
        "[Install]",
        "WantedBy",
    ];
    assert_eq!(keys, expected, "{text}");
}

#[test]
fn texts_of_an_image_add_no_options_to_a_script() {
    let (text, _) = hardened(&hostile_image(), "app", "docker-run");
    assert!(shell::is_accepted(&text), "{text}");
    let mut options = Vec::new();
    for line in text.lines().skip_while(|line| *line != "options=(").skip(1) {
        let line = line.trim_start();
        if line == ")" {
            break;
        }
        if line.starts_with("# ") {
            continue;
        }
        let word = line.trim_matches('\'');
        assert!(word.starts_with("--"), "{line}");
        assert!(line == word || line == format!("'{word}'"), "{line}");
        options.push(word.split('=').next().unwrap_or(word));
    }
    let expected = [
        "--user",
        "--cap-drop",
        "--cap-add",
        "--security-opt",
        "--read-only",
        "--tmpfs",
        "--volume",
        "--volume",
        "--volume",
        "--publish",
        "--publish",
        "--pids-limit",
        "--memory",
        "--cpus",
        "--restart",
    ];
    assert_eq!(options, expected, "{text}");
    assert!(text.ends_with(")\nexec docker run \"${options[@]}\" example.com/app:1.0 \"$@\"\n"));
}

#[test]
fn texts_of_an_image_add_no_rules_to_a_profile() {
    let (text, rules) = hardened(&hostile_image(), "app", "apparmor");
    assert!(!rules.is_empty());
    let mut paths = 0;
    for line in text.split(['\n', '\r', '\u{85}', '\u{2028}']) {
        let line = line.trim_start();
        let Some(path) = line.strip_prefix('"') else {
            let is_known = [
                "# ",
                "/",
                "profile jettison-app flags=",
                "}",
                "network,",
                "signal ",
                "capability net_bind_service,",
            ];
            let is_known = is_known.iter().any(|start| line.starts_with(start));
            assert!(line.is_empty() || is_known, "{line}");
            continue;
        };
        let mut end = 0;
        while !path[end..].starts_with('"') {
            end += if path[end..].starts_with('\\') { 2 } else { 1 };
        }
        let access = path[end + 1..].strip_suffix(',').expect(line).trim_start();
        assert!(
            access.bytes().all(|byte| b"rwkmlix".contains(&byte)),
            "{line}"
        );
        paths += 1;
    }
    assert!(paths > 2, "{text}");
}

/// The port below 1024 that the settings allow, with the place that names it.
fn low_port(text: &str) -> Option<String> {
    let image = image(&format!("{text}\nuser 1000\n"));
    let slimming = Slimming::new(&image, &PlanOptions::default()).unwrap();
    Hardening::of(&slimming).low_port
}

#[test]
fn a_low_port_is_found_where_the_program_reads_it() {
    let services = "file /etc/services \"smtp 25/tcp mail\\nhttp 80/tcp www\\n\"";
    for (text, expected) in [
        (
            "elf /usr/sbin/nginx\nfile /etc/nginx/nginx.conf \"http {\\n server { listen [::]:80; }\\n}\"\nentrypoint /usr/sbin/nginx",
            Some("80 (/etc/nginx/nginx.conf:2)"),
        ),
        (
            "elf /usr/sbin/nginx\nfile /etc/nginx/nginx.conf \"include /srv/site.conf;\"\nfile /srv/site.conf \"listen 443 ssl;\"\nentrypoint /usr/sbin/nginx",
            Some("443 (/srv/site.conf:1)"),
        ),
        (
            "elf /usr/sbin/nginx\nfile /etc/nginx/nginx.conf \"events {}\"\nentrypoint /usr/sbin/nginx",
            Some("80 (the default of /usr/sbin/nginx)"),
        ),
        (
            "elf /usr/sbin/nginx\nfile /etc/nginx/nginx.conf \"listen 8080 backlog=511; # listen 80\\n#listen 81;\"\nentrypoint /usr/sbin/nginx",
            None,
        ),
        (
            "elf /usr/sbin/apache2\nfile /etc/apache2/ports.conf \"Listen ${PORT}\"\nfile /etc/apache2/envvars \"S=\\nexport PORT=8$S\"\nentrypoint /usr/sbin/apache2",
            Some("8 (/etc/apache2/ports.conf:1)"),
        ),
        (
            "elf /usr/sbin/haproxy\nfile /etc/haproxy/haproxy.cfg \"frontend f\\n  bind *:8080,:::443 ssl\"\nentrypoint /usr/sbin/haproxy",
            Some("443 (/etc/haproxy/haproxy.cfg:2)"),
        ),
        (
            "elf /usr/sbin/sshd\nentrypoint /usr/sbin/sshd -D",
            Some("22 (the default of /usr/sbin/sshd)"),
        ),
        (
            "elf /usr/sbin/sshd\nentrypoint /usr/sbin/sshd -D -p 2222",
            None,
        ),
        (
            "elf /usr/sbin/sshd\nfile /etc/ssh/sshd_config \"Port 2222\\nListenAddress fe80::1:22\"\nentrypoint /usr/sbin/sshd",
            None,
        ),
        (
            "elf /usr/bin/redis-server\nfile /etc/redis/redis.conf \"port 79\"\nentrypoint /usr/bin/redis-server /etc/redis/redis.conf",
            Some("79 (/etc/redis/redis.conf:1)"),
        ),
        (
            "elf /usr/bin/redis-server\nentrypoint /usr/bin/redis-server --port 79",
            Some("79 (the image configuration)"),
        ),
        (
            "elf /usr/sbin/lighttpd\nfile /etc/lighttpd/lighttpd.conf \"server.port = 81\"\nentrypoint /usr/sbin/lighttpd",
            Some("81 (/etc/lighttpd/lighttpd.conf:1)"),
        ),
        (
            "elf /usr/sbin/varnishd\nentrypoint /usr/sbin/varnishd -F -a :6081",
            None,
        ),
        (
            "elf /usr/bin/app\nentrypoint /usr/bin/app --listen=0.0.0.0:443",
            Some("443 (the image configuration)"),
        ),
        (
            "elf /usr/bin/app\nenv PORT=80\nentrypoint /usr/bin/app",
            Some("80 (PORT in the image configuration)"),
        ),
        (
            "elf /usr/bin/app\nenv ASPNETCORE_URLS=http://+:8080;https://+:443\nentrypoint /usr/bin/app",
            Some("443 (ASPNETCORE_URLS in the image configuration)"),
        ),
        (
            "elf /bin/sh\nelf /usr/bin/php\nfile /start \"#!/bin/sh\\nexec php -S 0.0.0.0:80\"\nentrypoint /start",
            Some("80 (/start:2)"),
        ),
        (
            "elf /usr/bin/app\nenv PORT=8080\nentrypoint /usr/bin/app --port 3000",
            None,
        ),
        // The configuration of a program that is not kept says nothing.
        (
            "file /etc/os-release \"ID=x\\n\"\nelf /usr/sbin/nginx\nfile /etc/nginx/nginx.conf \"listen 80;\"\nlayer COPY app /usr/bin/ # buildkit\nelf /usr/bin/app\nentrypoint /usr/bin/app",
            None,
        ),
    ] {
        assert_eq!(low_port(text).as_deref(), expected, "{text}");
    }
    let postfix = "elf /usr/lib/postfix/sbin/master\nfile /etc/postfix/master.cf \"smtp inet n - y - - smtpd\\npickup unix n - y 60 1 pickup\"\nentrypoint /usr/lib/postfix/sbin/master";
    assert_eq!(
        low_port(&format!("{postfix}\n{services}")).as_deref(),
        Some("25 (/etc/postfix/master.cf:1)")
    );
    assert_eq!(low_port(postfix), None, "no database of services");
}

#[test]
fn a_program_of_root_gets_the_capability_for_the_port_in_its_configuration() {
    let image = image(
        "elf /usr/sbin/nginx\nfile /etc/nginx/nginx.conf \"listen 80;\"\nentrypoint /usr/sbin/nginx\n",
    );
    let slimming = Slimming::new(&image, &PlanOptions::default()).unwrap();
    let settings = Hardening::of(&slimming);
    let reasons = &settings.capabilities["NET_BIND_SERVICE"];
    assert_eq!(
        *reasons,
        ["port 80 (/etc/nginx/nginx.conf:1) is below 1024"]
    );
    assert_eq!(settings.low_port, None);
}

#[test]
fn a_log_in_a_directory_that_a_variable_names_is_writable() {
    let image = image(
        "elf /usr/sbin/apache2\nfile /etc/apache2/apache2.conf \"CustomLog ${LOGS}/other.log combined\"\n\
         file /etc/apache2/envvars \"SUFFIX=\\nexport LOGS=/srv/logs$SUFFIX\"\ndir /srv/logs\nentrypoint /usr/sbin/apache2\n",
    );
    let slimming = Slimming::new(&image, &PlanOptions::default()).unwrap();
    let settings = Hardening::of(&slimming);
    assert!(
        settings
            .places
            .iter()
            .any(|place| place.path == b"/srv/logs"),
        "{:?}",
        settings.places
    );
}

#[test]
fn an_empty_working_directory_is_writable() {
    for (text, expected) in [
        ("dir /work\nworkdir /work", true),
        ("dir /srv/data\nworkdir /srv/data/", true),
        // What is in it says what it is for.
        ("file /work/a\nworkdir /work", false),
        ("dir /opt\nworkdir /opt", false),
        ("dir /work", false),
        // The engine creates it.
        ("workdir /missing", true),
        ("workdir /", false),
    ] {
        let image = image(&format!(
            "elf /usr/bin/app\n{text}\nentrypoint /usr/bin/app\n"
        ));
        let slimming = Slimming::new(&image, &PlanOptions::default()).unwrap();
        let settings = Hardening::of(&slimming);
        let reason = "it is the working directory, and empty";
        let is_writable = settings
            .places
            .iter()
            .any(|place| place.reasons.iter().any(|one| one == reason));
        assert_eq!(is_writable, expected, "{text}: {:?}", settings.places);
    }
}

#[test]
fn the_homes_of_users_who_log_in_are_volumes() {
    let image = image(
        "elf /usr/sbin/sshd\nfile /etc/passwd \"root:x:0:0::/root:/bin/sh\\na:x:1000:1000::/home/a:/bin/none\"\n\
         dir /home/a uid=1000 gid=1000\nfile /home/a/.ssh/authorized_keys\nentrypoint /usr/sbin/sshd\n",
    );
    let slimming = Slimming::new(&image, &PlanOptions::default()).unwrap();
    let settings = Hardening::of(&slimming);
    let home = settings
        .places
        .iter()
        .find(|place| place.path == b"/home/a");
    assert!(
        home.is_some_and(|place| place.mount == Mount::Volume),
        "{:?}",
        settings.places
    );
}

#[test]
fn a_database_that_the_build_created_is_in_a_volume() {
    let database = "SQLite format 3\\0";
    let places = |copied: bool| {
        let step = if copied {
            "layer COPY harbour.db /srv/app/ # buildkit"
        } else {
            "layer RUN /bin/sh -c manage migrate # buildkit"
        };
        let image = image(&format!(
            "elf /usr/bin/app\ndir /srv/app\nlayer COPY app.py /srv/app/ # buildkit\nfile /srv/app/app.py\n{step}\nfile /srv/app/harbour.db \"{database}\"\nworkdir /srv/app\nentrypoint /usr/bin/app\n",
        ));
        let slimming = Slimming::new(&image, &PlanOptions::default()).unwrap();
        Hardening::of(&slimming).places
    };
    let found = places(false);
    let place = found.iter().find(|place| place.path == b"/srv/app");
    assert!(
        place.is_some_and(|place| place.mount == Mount::Volume),
        "{found:?}"
    );
    assert!(places(true).iter().all(|place| place.path != b"/srv/app"));
}

#[test]
fn a_mount_hides_no_kept_files() {
    let mut text = String::from("elf /bin/sh\n");
    for directory in ["/full", "/empty", "/deep"] {
        let _ = writeln!(text, "dir {directory} uid=1000 gid=1000");
    }
    // The lines of the script, as the description writes them.
    let mut script = String::from("#!/bin/sh\\n");
    for number in 0..20 {
        let _ = writeln!(text, "file /full/f{number}\nfile /deep/a/b/f{number}");
        let _ = write!(script, "cat /full/f{number} /deep/a/b/f{number}\\n");
        for directory in ["/full", "/empty", "/deep"] {
            let _ = write!(script, ": > {directory}/w{number}\\n");
        }
    }
    let _ = writeln!(text, "file /bin/start \"{script}\"\nentrypoint /bin/start");
    let image = image(&text);
    let slimming = Slimming::new(&image, &PlanOptions::default()).unwrap();
    let settings = Hardening::of(&slimming);
    let mut places = Vec::new();
    for place in &settings.places {
        places.push(String::from_utf8_lossy(&place.path).into_owned());
    }
    assert!(places.contains(&"/empty".to_owned()), "{places:?}");
    for hidden in ["/full", "/deep"] {
        assert!(!places.contains(&hidden.to_owned()), "{places:?}");
        let start = format!("{hidden}/w");
        let mut warnings = settings.warnings.iter();
        let is_told = warnings.any(|warning| warning.starts_with(&start));
        assert!(is_told, "{:?}", settings.warnings);
    }
}

#[test]
fn a_profile_allows_what_kept_files_are_used_for() {
    let image = image(
        "file /etc/os-release \"ID=x\\n\"\nlibrary /lib64/ld-linux-x86-64.so.2\nlibrary /lib/libz.so.1\nfile /etc/app.conf\nfile /etc/other.conf\nlibrary /lib/libother.so.1\nelf /usr/bin/other\ndir /tmp mode=1777\n\
         layer COPY app /usr/bin/ # buildkit\nelf /usr/bin/app needs=libz.so.1\nentrypoint /usr/bin/app /etc/app.conf\n",
    );
    let (text, _) = hardened(&image, "app", "apparmor");
    for line in [
        "\"/usr/bin/app\" mrix,",
        "\"/lib/libz.so.1\" mr,",
        "\"/etc/app.conf\" r,",
        "\"/tmp/**\" rwkl,",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    // A file that is not kept is denied: no rule matches it.
    assert!(!text.contains("/usr/bin/other"), "{text}");
    assert!(!text.contains("\"/usr/bin/**\""), "{text}");
}

/// Compiles profiles with AppArmor's own parser, if it is installed.
#[test]
fn profiles_compile() {
    for (name, image) in images() {
        let (text, _) = hardened(&image, &name, "apparmor");
        match compile(&text) {
            None => return,
            Some(is_accepted) => assert!(is_accepted, "{text}"),
        }
    }
    assert_eq!(compile("profile x {\n  /a rwz,\n}\n"), Some(false));
}

/// Whether `apparmor_parser` accepts a profile; `None` if it is not installed.
fn compile(profile: &str) -> Option<bool> {
    let mut child = Command::new("apparmor_parser")
        .args(["--skip-kernel-load", "--skip-cache"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), profile.as_bytes()).unwrap();
    Some(child.wait().expect("it ends").success())
}
