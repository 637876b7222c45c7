//! `jettison harden`: the settings for the images in `testdata/harden`, in every format.
//!
//! `NAME.image` describes an image, and `NAME.FORMAT` is the output. `JETTISON_BLESS=1` updates the
//! outputs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jettison::deployment::{self, Kind, NoFiles};
use jettison::dockerfile::shell;
use jettison::harden::{FileRule, Hardening, file_rules};
use jettison::image::Image;
use jettison::lint::{DeployedImage, Profile, Selection, Settings, lint_deployment};
use jettison::report::{self, Hardened};
use jettison::rules::registry;
use jettison::slim::{PlanOptions, Slimming};
use jettison::source::Source;

use crate::builders::description::image;

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
            // It publishes no port, but it connects to other hosts, for which Compose has no policy.
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
