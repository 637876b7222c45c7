//! Verification of an image against the original.

use jettison::slim::{Confidence, PlanOptions};

use super::machine::Machine;
use crate::builders::elf_file::{GLIBC, library, program};
use crate::console_sessions;

fn original() -> Machine {
    Machine::new()
        .elf(GLIBC, &library("ld-linux-x86-64.so.2"))
        .elf("/lib/liba.so.1", &library("liba.so.1"))
        .elf("/bin/app", &program(GLIBC).needs("liba.so.1"))
        .link("/bin/link", "app")
        .script("/bin/entry", "#!/bin/app\n")
        .file("/etc/passwd", "app:x:1:1::/:\n")
        .directory("/srv")
        .set("User", "app".into())
        .set("WorkingDir", "/srv".into())
        .entrypoint(&["entry"])
}

fn failures(image: &Machine) -> Vec<String> {
    failures_at(Confidence::Certain, &original(), image)
}

fn failures_at(level: Confidence, original: &Machine, image: &Machine) -> Vec<String> {
    let original = original.image();
    let options = PlanOptions {
        level,
        no_package_records: true,
        ..PlanOptions::default()
    };
    let plan = jettison::slim::plan(&original, &options).unwrap();
    let image = image.image();
    let failures = jettison::slim::verify_against(&original, &image, Some(&plan)).unwrap();
    let path = |name| String::from_utf8(original.tree.path(name)).unwrap();
    failures
        .iter()
        .map(|failure| format!("{}: {}", path(failure.at), failure.lost))
        .collect()
}

#[test]
fn an_image_verified_against_itself_has_no_failures() {
    assert_eq!(failures(&original()), Vec::<String>::new());
}

#[test]
fn missing_files_are_reported_with_the_program_that_needs_them() {
    let image = Machine::new()
        .elf(GLIBC, &library("ld-linux-x86-64.so.2"))
        .elf("/bin/app", &program(GLIBC).needs("liba.so.1"))
        .script("/bin/entry", "#!/bin/app\n");
    let mut failures = failures(&image);
    failures.sort();
    assert_eq!(
        failures,
        [
            "/bin/app: it can no longer find the library `liba.so.1`",
            "/etc/passwd: not kept, although it defines the user `app`",
            "/srv: not kept, although it is the working directory",
        ]
    );
    let image = original()
        .link("/lib/liba.so.1", "liba.so.2")
        .elf("/lib/liba.so.2", &library("liba.so.1"));
    assert_eq!(
        failures_of_links(&image),
        ["/lib/liba.so.1: its kind differs from the original"]
    );
}

fn failures_of_links(image: &Machine) -> Vec<String> {
    failures(image)
        .into_iter()
        .filter(|failure| failure.contains("kind"))
        .collect()
}

#[test]
fn a_different_mode_size_or_content_is_reported() {
    let image = original().file("/bin/entry", "#!/bin/app\n");
    assert_eq!(
        failures(&image),
        ["/bin/entry: its mode differs from the original"]
    );
    let image = original().script("/bin/entry", "#!/bin/abb\n");
    assert_eq!(
        failures(&image),
        ["/bin/entry: its content differs from the original"]
    );
    let image = original().file("/etc/passwd", "");
    assert_eq!(
        failures(&image),
        ["/etc/passwd: its size differs from the original"]
    );
    assert_eq!(
        failures(&original().file("/new", "")),
        Vec::<String>::new(),
        "more is no less"
    );
}

fn with_command() -> Machine {
    Machine::new()
        .elf(GLIBC, &library("ld-linux-x86-64.so.2"))
        .elf("/bin/sh", &program(GLIBC))
        .script("/bin/entry", "#!/bin/sh\nhelper\n")
        .entrypoint(&["entry"])
}

#[test]
fn a_missing_file_that_the_original_keeps_is_reported_at_its_level() {
    let original = with_command().script("/bin/helper", "#!/bin/sh\ndeeper\n");
    let original = original.elf("/bin/deeper", &program(GLIBC));
    assert_eq!(
        failures_at(Confidence::Likely, &original, &with_command()),
        ["/bin/helper: missing, but needed by /bin/entry: the command `helper` on line 2"],
        "what only a missing file needs is not reported"
    );
    let certain = failures_at(Confidence::Certain, &original, &with_command());
    assert_eq!(certain, Vec::<String>::new());
    let itself = failures_at(Confidence::Possible, &original, &original);
    assert_eq!(itself, Vec::<String>::new());
}

/// The output of commands for the image of the documentation.
fn printed(commands: &str) -> String {
    let directory = console_sessions::directory();
    let output = console_sessions::shell(directory.path(), commands).output();
    String::from_utf8(output.expect("the shell starts").stdout).unwrap()
}

#[test]
fn an_image_passes_with_the_options_that_it_was_slimmed_with() {
    for options in [
        "",
        "--keep-level likely",
        "--keep-level certain",
        "--keep /usr/bin/apt",
        "--drop /etc/ssl",
        "--no-package-records",
    ] {
        let slim = format!("jettison slim app.tar -o slim.tar {options} >/dev/null");
        let verify = format!("jettison verify slim.tar --against app.tar {options}");
        assert_eq!(printed(&format!("{slim} && {verify}")), "", "{options}");
    }
}

#[test]
fn files_that_slim_keeps_by_default_may_not_be_missing() {
    for (options, path) in [
        ("--keep-level certain", "/usr/local/bin/start.sh"),
        ("--drop /etc/passwd", "/etc/passwd"),
        ("--drop /usr/local/bin/server", "/usr/local/bin/server"),
    ] {
        let slim = format!("jettison slim app.tar -o slim.tar --force {options} >/dev/null");
        let verify = "jettison verify slim.tar --against app.tar; echo status $?";
        let printed = printed(&format!("{slim}; {verify}"));
        assert!(printed.contains(&format!("{path}: missing")), "{printed}");
        assert!(printed.ends_with("status 1\n"), "{printed}");
    }
}

#[test]
fn the_program_is_that_of_the_image_that_is_verified() {
    let slim = "jettison slim app.tar -o slim.tar --entrypoint /usr/bin/cat >/dev/null";
    let verify = "jettison verify slim.tar --against app.tar";
    assert_eq!(printed(&format!("{slim} && {verify}")), "");
    // A root directory has no configuration, so the program is that of the original.
    let slim = "jettison slim app.tar -o rootfs:slim >/dev/null && rm slim/usr/local/bin/start.sh";
    let verify = "jettison verify rootfs:slim --against app.tar";
    let printed = printed(&format!("{slim} && {verify}"));
    assert!(printed.contains("/usr/local/bin/start.sh: "), "{printed}");
}

#[test]
fn files_that_the_user_names_must_exist() {
    let slim = "jettison slim app.tar -o slim.tar >/dev/null";
    let alone = printed(&format!(
        "{slim} && jettison verify slim.tar --keep /usr/bin/apt"
    ));
    assert_eq!(
        alone,
        "`--keep /usr/bin/apt` matches nothing in the image\n"
    );
    let verify = "jettison verify slim.tar --against app.tar --keep /usr/bin/apt";
    let compared = printed(&format!("{slim} && {verify}"));
    assert!(compared.contains("/usr/bin/apt: missing"), "{compared}");
}
