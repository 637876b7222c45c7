//! `jettison lint` with a policy for an image.

use std::fs;

use serde_json::Value;

use super::{IMAGE, folder, run};

/// `rule:level: message` of what is found under a configuration, the rules that it asks for alone.
fn found(config: &str, arguments: &[&str]) -> Vec<String> {
    let folder = folder(IMAGE, config);
    let (_, out, err) = run(
        folder.path(),
        &[&["lint", "app.tar", "--format", "json"], arguments].concat(),
    );
    let rows: Vec<Value> =
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {err}"));
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let told = |row: &Value| {
        format!(
            "{}:{}: {}",
            text(row, "rule"),
            text(row, "level"),
            text(row, "message")
        )
    };
    rows.iter().map(told).collect()
}

/// Selects a rule that has nothing to say of the image.
const ELSE: &str = "select = ['empty-password']\n";

#[test]
fn a_budget_finding_states_the_count_and_the_limit() {
    let budgets = |budgets: &str| {
        let found = found(&format!("{ELSE}[policy]\n{budgets}\n"), &[]);
        found
            .into_iter()
            .map(|line| line.split_once(": ").unwrap().1.to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        budgets("max-packages = 1"),
        ["image has 2 packages; the policy allows 1"]
    );
    assert_eq!(
        budgets("max-files = 6"),
        ["image has 7 files; the policy allows 6"]
    );
    assert_eq!(
        budgets("max-packages = 2\nmax-files = 7\nmax-size = '1 MB'"),
        [""; 0]
    );
    let said = budgets("max-size = '100 kB'").concat();
    assert!(
        said.starts_with("image size is 10") && said.ends_with(" kB; the policy allows 100.0 kB"),
        "{said}"
    );
}

#[test]
fn forbidden_programs_are_errors_whatever_rules_are_selected() {
    let sudo = "sudo:error: `/usr/bin/sudo` lets users become root";
    let setuid = "setuid-file:error: setuid root program `/usr/bin/sudo` (mode 4755)";
    assert_eq!(
        found(&format!("{ELSE}[policy]\nforbid = ['sudo']\n"), &[]),
        [sudo]
    );
    assert_eq!(
        found(
            &format!("{ELSE}[policy]\nforbid = ['sudo', 'setuid']\n"),
            &["--ignore", "sudo"]
        ),
        [setuid, sudo]
    );
    assert_eq!(
        found(&format!("{ELSE}[policy]\nforbid = ['setuid-file']\n"), &[]),
        [setuid]
    );
    assert_eq!(
        found(
            &format!("{ELSE}[policy]\nforbid = ['compiler', 'root']\n"),
            &[]
        ),
        [""; 0]
    );
}

#[test]
fn a_policy_finding_shows_the_line_of_the_policy() {
    let config = format!(
        "{ELSE}severity = {{ empty-password = 'info' }}\n[policy]\nmax-files = 6\nforbid = ['setuid', 'sudo']\n\
         allow = [{{ rule = 'root-user', reason = 'old', expires = 2025-01-01 }}]\n"
    );
    let folder = folder(IMAGE, &config);
    let (_, out, _) = run(folder.path(), &["lint", "app.tar", "--format", "text"]);
    let excerpts = [
        "max-files = 6\n  |             - limit set here",
        "forbid = ['setuid', 'sudo']\n  |           -------- forbidden here",
        "forbid = ['setuid', 'sudo']\n  |                     ------ forbidden here",
        "expires = 2025-01-01 }]\n  |                                                          ---------- expiry date set here",
    ];
    for excerpt in excerpts {
        assert!(out.contains(excerpt), "{excerpt}\n{out}");
    }
}

#[test]
fn an_exception_applies_only_if_all_its_conditions_match() {
    let forbidden = format!("{ELSE}[policy]\nforbid = ['sudo', 'setuid', 'shell']\n");
    let left = |exception: &str| -> Vec<String> {
        let found = found(
            &format!("{forbidden}[[policy.allow]]\nreason = 'x'\n{exception}\n"),
            &[],
        );
        found
            .into_iter()
            .map(|line| line.split_once(':').unwrap().0.to_owned())
            .collect()
    };
    assert_eq!(left("rule = 'sudo'"), ["setuid-file", "shell-in-image"]);
    assert_eq!(left("rule = 'CIS-DI-0008'"), ["shell-in-image", "sudo"]);
    assert_eq!(left("path = '/usr/*/sudo'"), ["shell-in-image"]);
    assert_eq!(
        left("path = '/usr/*'"),
        ["setuid-file", "shell-in-image", "sudo"]
    );
    assert_eq!(left("path = '/usr/**'"), [""; 0]);
    assert_eq!(left("package = 'sud?'"), ["shell-in-image"]);
    assert_eq!(
        left("package = 'sudo'\nrule = 'setuid-file'"),
        ["shell-in-image", "sudo"]
    );
}

#[test]
fn an_exception_ends_after_its_last_day() {
    let with = |day: &str| {
        let allow =
            format!("[[policy.allow]]\nrule = 'sudo'\nreason = 'the installer'\nexpires = {day}\n");
        found(&format!("{ELSE}[policy]\nforbid = ['sudo']\n{allow}"), &[])
    };
    assert_eq!(with("2026-01-01"), [""; 0]);
    let expired = with("2025-12-31");
    assert_eq!(
        expired[0],
        "expired-exception:error: policy exception for rule `sudo` expired on 2025-12-31"
    );
    assert!(
        expired.len() == 2 && expired[1].starts_with("sudo:error:"),
        "{expired:?}"
    );
}

#[test]
fn a_policy_violation_fails_even_with_fail_on_error() {
    let folder = folder(IMAGE, "fail-on = 'error'\n[policy]\nforbid = ['sudo']\n");
    let status =
        |arguments: &[&str]| run(folder.path(), &[&["lint", "app.tar"], arguments].concat()).0;
    assert_eq!(status(&[]), 1);
    assert_eq!(
        status(&["--no-config"]),
        1,
        "a setuid file is a warning, and the default fails on it"
    );
    assert_eq!(status(&["--no-config", "--fail-on", "error"]), 0);
}

#[test]
fn the_policy_comes_from_the_current_directory() {
    let here = folder(IMAGE, "[policy]\nmax-files = 1\n");
    let elsewhere = folder(IMAGE, "[policy]\nmax-packages = 1\n");
    let image = elsewhere.path().join("app.tar");
    let (_, out, _) = run(here.path(), &["lint", image.to_str().unwrap()]);
    assert!(
        out.contains("files-over-budget") && !out.contains("packages-over-budget"),
        "{out}"
    );
}

#[test]
fn an_invalid_current_date_is_an_error() {
    let folder = folder(
        IMAGE,
        "[[policy.allow]]\nrule = 'sudo'\nreason = 'x'\nexpires = 2026-01-01\n",
    );
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_jettison"));
    let output = command
        .current_dir(&folder)
        .env("SOURCE_DATE_EPOCH", "now")
        .args(["lint", "app.tar"])
        .output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("Unix timestamp, not `now`"));
}

#[test]
fn an_error_in_the_policy_names_its_line_and_column() {
    let folder = folder(IMAGE, "[policy]\nforbid = ['shel']\n");
    for arguments in [&["lint", "app.tar"][..], &["slim", "app.tar", "--dry-run"]] {
        let (code, _, err) = run(folder.path(), arguments);
        assert_eq!(code, 2);
        assert!(
            err.contains(".jettison.toml`, line 2, column 11: `shel` cannot be forbidden"),
            "{err}"
        );
    }
    fs::remove_file(folder.path().join(".jettison.toml")).unwrap();
    assert_eq!(run(folder.path(), &["slim", "app.tar", "--dry-run"]).0, 0);
}
