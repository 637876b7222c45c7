//! Roots of plans: the image configuration and `--keep`.

use serde_json::json;

use super::machine::Machine;
use super::plan_paths::merged_usr;
use crate::builders::elf_file::{GLIBC, program};

fn with(names: &[&str]) -> Machine {
    names.iter().fold(merged_usr(), |machine, name| {
        machine.elf(&format!("/usr/bin/{name}"), &program(GLIBC))
    })
}

fn refusal(machine: &Machine) -> String {
    machine.try_plan().unwrap_err().to_string()
}

#[test]
fn an_image_without_a_program_is_refused_without_keep() {
    let machine = with(&["app"]);
    assert_eq!(
        refusal(&machine),
        "the image has neither ENTRYPOINT nor CMD, so its program is unknown: specify it with `--entrypoint`, or the files to keep with `--keep`"
    );
    assert!(machine.keep("/bin/app").plan().keeps("/usr/bin/app"));
}

#[test]
fn a_missing_program_is_refused_and_the_searched_directories_are_named() {
    let machine = with(&["app"])
        .entrypoint(&["other"])
        .env("PATH=/usr/bin:/opt/bin");
    assert_eq!(
        refusal(&machine),
        "`other`, the ENTRYPOINT program, is not in the image (looked in `/usr/bin`, `/opt/bin`): specify another with `--entrypoint`"
    );
    let machine = with(&["app"]).set("Cmd", json!(["/none"]));
    assert_eq!(
        refusal(&machine),
        "`/none`, the CMD program, is not in the image: specify another with `--cmd`"
    );
}

#[test]
fn only_executable_programs_are_found_on_path() {
    let planned = with(&["app"])
        .file("/opt/bin/app", "text")
        .env("PATH=/opt/bin:/usr/bin")
        .entrypoint(&["app"])
        .plan();
    assert_eq!(
        planned.why("/usr/bin/app"),
        ["/usr/bin/app: the ENTRYPOINT program"]
    );
    assert!(!planned.keeps("/opt/bin/app"));
}

#[test]
fn a_relative_program_is_found_from_the_working_directory() {
    let planned = Machine::new()
        .script("/srv/app/run", "#!/bin/none\n")
        .set("WorkingDir", json!("/srv/app"))
        .entrypoint(&["./run"])
        .plan();
    assert!(planned.keeps("/srv/app/run"));
}

#[test]
fn programs_started_by_helpers_such_as_tini_are_kept() {
    let planned = with(&["tini", "gosu", "app", "unused"])
        .file("/etc/app.conf", "x")
        .file("/work/data.json", "x")
        .set("WorkingDir", json!("/work"))
        .set("Entrypoint", json!(["tini", "--", "gosu", "app:app"]))
        .set("Cmd", json!(["app", "--config=/etc/app.conf", "data.json"]))
        .plan();
    for path in [
        "/usr/bin/tini",
        "/usr/bin/gosu",
        "/usr/bin/app",
        "/etc/app.conf",
        "/work/data.json",
    ] {
        assert!(planned.keeps(path), "{path}");
    }
    assert!(!planned.keeps("/usr/bin/unused"));
    assert_eq!(
        planned.why("/etc/app.conf"),
        ["/etc/app.conf: the argument `--config=/etc/app.conf` of CMD"]
    );
}

#[test]
fn an_application_directory_as_argument_is_kept_but_a_system_directory_is_not() {
    let planned = with(&["app"])
        .file("/site/index.html", "x")
        .file("/usr/share/doc/x", "x")
        .set("Cmd", json!(["app", "/site", "/usr/share", "/"]))
        .plan();
    assert!(planned.keeps("/site/index.html"));
    assert!(!planned.keeps("/usr/share/doc/x"));
}

#[test]
fn shell_form_keeps_the_shell_and_the_commands_it_runs() {
    let planned = with(&["dash", "app", "id", "unused"])
        .link("/usr/bin/sh", "dash")
        .set("Cmd", json!(["/bin/sh", "-c", "id -u && exec app --flag"]))
        .plan();
    for path in [
        "/usr/bin/sh",
        "/usr/bin/dash",
        "/usr/bin/id",
        "/usr/bin/app",
    ] {
        assert!(planned.keeps(path), "{path}");
    }
    assert!(!planned.keeps("/usr/bin/unused"));
    assert_eq!(
        planned.why("/usr/bin/app"),
        ["/usr/bin/app: the word `app` in CMD"]
    );
    let shells: Vec<String> = planned
        .plan
        .totals()
        .shells
        .iter()
        .map(|&name| planned.path(name))
        .collect();
    assert_eq!(shells, ["/usr/bin/dash", "/usr/bin/sh"]);
}

#[test]
fn a_shell_command_is_found_after_other_options_and_helpers() {
    for words in [
        json!(["/bin/bash", "-o", "pipefail", "-c", "id"]),
        json!(["/bin/bash", "-eo", "pipefail", "-c", "id"]),
        json!(["/bin/bash", "-exc", "id"]),
        json!([
            "/bin/bash",
            "--norc",
            "-euo",
            "pipefail",
            "-c",
            "id",
            "zero"
        ]),
        json!(["tini", "--", "bash", "-c", "id"]),
    ] {
        let planned = with(&["bash", "tini", "id"])
            .set("Cmd", words.clone())
            .plan();
        assert_eq!(
            planned.why("/usr/bin/id"),
            ["/usr/bin/id: the word `id` in CMD"],
            "{words}"
        );
    }
}

#[test]
fn programs_of_every_form_of_health_check_are_kept() {
    let machine = with(&["app", "curl", "dash", "bash"])
        .link("/usr/bin/sh", "dash")
        .entrypoint(&["app"]);
    let exec = machine
        .clone()
        .set("Healthcheck", json!({"Test": ["CMD", "curl", "-f", "x"]}))
        .plan();
    assert_eq!(
        exec.why("/usr/bin/curl"),
        ["/usr/bin/curl: the HEALTHCHECK program"]
    );
    let shell = machine.clone().set(
        "Healthcheck",
        json!({"Test": ["CMD-SHELL", "curl -f x || exit 1"]}),
    );
    assert!(
        shell.clone().plan().keeps("/usr/bin/curl") && shell.clone().plan().keeps("/usr/bin/sh")
    );
    let other_shell = shell.set("Shell", json!(["/bin/bash", "-c"])).plan();
    assert_eq!(
        other_shell.why("/usr/bin/bash"),
        ["/usr/bin/bash: the SHELL program"]
    );
    assert!(!other_shell.keeps("/usr/bin/sh"));
    let none = machine.set("Healthcheck", json!({"Test": ["NONE"]})).plan();
    assert!(!none.keeps("/usr/bin/curl"));
}

#[test]
fn a_variable_whose_value_is_a_path_keeps_it_and_a_search_path_does_not() {
    let planned = with(&["app"])
        .file("/etc/tls/ca.pem", "x")
        .file("/opt/x/y", "x")
        .env("APP_CERTIFICATES=/etc/tls/ca.pem")
        .env("MANPATH=/opt/x")
        .entrypoint(&["app"])
        .plan();
    assert_eq!(
        planned.why("/etc/tls/ca.pem"),
        ["/etc/tls/ca.pem: the value of the variable `APP_CERTIFICATES`"]
    );
    assert!(!planned.keeps("/opt/x"));
}

#[test]
fn a_glob_also_matches_through_symlinks() {
    let machine = with(&["app", "one", "two"])
        .file("/etc/nginx/conf.d/a.conf", "x")
        .entrypoint(&["app"]);
    let below = machine.clone().keep("/etc/nginx/**").plan();
    assert_eq!(
        below.why("/etc/nginx/conf.d/a.conf"),
        ["/etc/nginx/conf.d/a.conf: requested by `--keep /etc/nginx/**`"]
    );
    let entry = machine.clone().keep("/etc/nginx").plan();
    assert!(entry.keeps("/etc/nginx") && !entry.keeps("/etc/nginx/conf.d"));
    let through_link = machine.clone().keep("/bin/o*").plan();
    assert!(
        through_link.keeps("/usr/bin/one")
            && through_link.keeps("/bin")
            && !through_link.keeps("/usr/bin/two")
    );
    let star = machine.keep("/etc/*.conf");
    assert_eq!(
        refusal(&star),
        "`--keep /etc/*.conf` matches nothing in the image"
    );
}

#[test]
fn an_invalid_glob_is_refused() {
    let machine = with(&["app"]).entrypoint(&["app"]).keep("/usr/[");
    assert_eq!(refusal(&machine), "`--keep /usr/[`: invalid glob");
}

#[test]
fn an_unknown_user_is_noted() {
    let planned = with(&["app"])
        .file("/etc/passwd", "root:x:0:0::/root:\n")
        .set("User", json!("app"))
        .entrypoint(&["app"]);
    assert_eq!(
        planned.plan().notes(),
        ["image: the user `app` is not in `/etc/passwd`"]
    );
}

#[test]
fn onbuild_instructions_are_noted_as_not_analyzed() {
    let planned = with(&["app"])
        .set("OnBuild", json!(["RUN make"]))
        .entrypoint(&["app"])
        .plan();
    assert_eq!(
        planned.notes(),
        ["image: ONBUILD instructions are not analyzed: images built from this one may need more"]
    );
}
