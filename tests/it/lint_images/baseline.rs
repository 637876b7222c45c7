//! Image findings in baselines.

use std::fs;

use super::{IMAGE, description, folder, run};

#[test]
fn a_baseline_suppresses_known_image_findings_but_not_new_ones() {
    let folder = folder(IMAGE, "");
    let lint = |arguments: &[&str]| {
        let all = [
            "lint",
            "app.tar",
            "--select",
            "setuid-file,shell-in-image",
            "--format",
            "compact",
        ];
        run(folder.path(), &[&all[..], arguments].concat())
    };
    assert_eq!(lint(&[]).0, 1);
    let (code, _, err) = lint(&["--write-baseline", "known.json"]);
    assert_eq!(
        (code, err.contains("2 findings written to `known.json`")),
        (0, true),
        "{err}"
    );
    let (code, out, err) = lint(&["--baseline", "known.json"]);
    assert_eq!(
        (code, out.as_str(), err.contains("2 findings suppressed")),
        (0, "", true),
        "{err}"
    );

    // In the same layer, and before the other in every order.
    let more = IMAGE.replace(
        "file /usr/bin/sudo",
        "file /usr/bin/chsh mode=4755\nfile /usr/bin/sudo",
    );
    fs::write(folder.path().join("app.tar"), description::archive(&more)).unwrap();
    let (code, out, _) = lint(&["--baseline", "known.json"]);
    assert_eq!(
        (code, out.lines().count(), out.contains("/usr/bin/chsh")),
        (1, 1, true),
        "{out}"
    );
}

#[test]
fn a_baseline_entry_survives_a_changed_base_image() {
    let folder = folder(IMAGE, "");
    let lint = |arguments: &[&str]| {
        run(
            folder.path(),
            &[&["lint", "app.tar", "--select", "setuid-file"], arguments].concat(),
        )
        .0
    };
    assert_eq!(lint(&["--write-baseline", "known.json"]), 0);
    let other = IMAGE.replace(
        "layer RUN apt-get install -y sudo",
        "layer RUN apt-get install -y sudo # again",
    );
    fs::write(folder.path().join("app.tar"), description::archive(&other)).unwrap();
    assert_eq!(lint(&["--baseline", "known.json"]), 0);
}

/// Fingerprints must not change: the baseline was written before findings in images and those in
/// Dockerfiles became one type.
#[test]
fn a_baseline_from_an_older_release_still_matches() {
    let image = "\
file /usr/bin/dash \"x\"
file /etc/passwd \"root:x:0:0::/root:/bin/sh\\nroot:x:0:0::/root:/bin/sh\\n\"
layer RUN apt-get install -y sudo
file /usr/bin/sudo mode=4755 \"x\"
step USER root
env API_TOKEN=abcdefg
user root
";
    let folder = folder(image, "");
    let dockerfile = "FROM debian:12\nRUN apt-get update\nUSER root\n";
    fs::write(folder.path().join("Dockerfile"), dockerfile).unwrap();
    let old = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/baselines/version-1.json"
    );
    fs::copy(old, folder.path().join("known.json")).unwrap();
    let rules = "apt-lists-left,duplicate-account,image-without-digest,missing-entrypoint,\
                 missing-healthcheck,root-user,secret-in-env,setuid-file,shell-in-image,sudo,\
                 update-alone";
    let (code, out, err) = run(
        folder.path(),
        &[
            "lint",
            "Dockerfile",
            "app.tar",
            "--select",
            rules,
            "--baseline",
            "known.json",
            "--format",
            "compact",
        ],
    );
    assert_eq!((code, out.as_str()), (0, ""));
    assert!(err.contains("12 findings suppressed"), "{err}");
    assert!(!err.contains("no longer found"), "{err}");
}

#[test]
fn entries_of_images_that_were_not_linted_are_not_stale() {
    let folder = folder(IMAGE, "");
    fs::write(folder.path().join("Dockerfile"), "FROM scratch\n").unwrap();
    let known = r#"{"version": 1, "findings": [{"file": "docker://registry.example/app:1", "rule": "sudo", "fingerprint": "0", "message": "m"}, {"file": "gone.tar", "rule": "sudo", "fingerprint": "0", "message": "n"}]}"#;
    fs::write(folder.path().join("known.json"), known).unwrap();
    let (_, _, err) = run(
        folder.path(),
        &["lint", "Dockerfile", "--baseline", "known.json"],
    );
    assert!(
        err.contains("gone.tar: sudo: n") && !err.contains("registry.example"),
        "{err}"
    );
}

#[test]
fn one_baseline_covers_dockerfiles_and_images() {
    let folder = folder(IMAGE, "");
    fs::write(
        folder.path().join("Dockerfile"),
        "FROM debian:12\nUSER root\n",
    )
    .unwrap();
    let lint = |arguments: &[&str]| {
        let all = [
            "lint",
            "Dockerfile",
            "--image",
            "app.tar",
            "--select",
            "root-user,setuid-file",
        ];
        run(folder.path(), &[&all[..], arguments].concat())
    };
    let (_, _, err) = lint(&["--write-baseline", "known.json"]);
    assert!(err.contains("2 findings written"), "{err}");
    assert_eq!(lint(&["--baseline", "known.json"]).0, 0);
    assert_eq!(lint(&["--baseline", "known.json", "--fix"]).0, 0);
}

#[test]
fn lint_accepts_the_image_options_of_other_commands() {
    let folder = folder(IMAGE, "");
    let lint = |arguments: &[&str]| run(folder.path(), &[&["lint", "app.tar"], arguments].concat());
    let (code, _, err) = lint(&["--platform", "linux/arm64"]);
    assert!(
        code == 2 && err.contains("is for linux/amd64, not for linux/arm64"),
        "{err}"
    );
    let (code, _, err) = lint(&["--max-entries", "2"]);
    assert!(code == 2 && err.contains("--max-entries"), "{err}");
    assert_ne!(lint(&["--plain-http", "--tls-verify=false"]).0, 2);
}
