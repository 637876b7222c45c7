//! The output of the program is safe regardless of the contents of a repository or an image: it
//! cannot control a terminal, deceive a reader, or contain commands for a CI system.
//!
//! A hostile repository and a hostile image are passed to every command and every format, and the
//! printed bytes are checked.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jettison::report::Format;
use serde_json::{Value, json};

use crate::builders::elf_file;
use crate::builders::images::{self, Tar};

/// A text that tries to hide later text, to start a new line and to issue commands.
const EVIL: &str = "a\u{1b}[8m\u{9b}8m\u{7f}\r\n::error::PWNED\n \u{a0}::warning::PWNED\n\
                    PWNED\u{202e}b\u{2066}\u{200b}\u{2028}PWNED\u{85}##vso[x]##[error]y";
/// The same on one line, as it can stand in a Dockerfile.
const EVIL_LINE: &str = "a\u{1b}[8m\u{9b}8m\u{7f}\u{202e}b\u{2066}\u{200b}c##vso[x]##[error]y";

/// Characters that no text for people may contain.
fn is_hidden(letter: char) -> bool {
    matches!(letter,
        '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}'
        | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
        | '\u{feff}')
}

/// The output of a run, with its description.
struct Printed {
    what: String,
    status: Option<i32>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

/// Runs the program without colors, and with them.
fn run(folder: &Path, arguments: &[&str], input: &str) -> [Printed; 2] {
    let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
    run_os(folder, &arguments, input)
}

fn run_os(folder: &Path, arguments: &[&OsStr], input: &str) -> [Printed; 2] {
    ["never", "always"].map(|color| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_jettison"))
            .args(arguments)
            .current_dir(folder)
            .env("JETTISON_COLOR", color)
            .env("FORCE_HYPERLINK", "1")
            .env("COLUMNS", "60")
            .env("SOURCE_DATE_EPOCH", "1767225600")
            .env("PATH", "")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        Printed {
            what: format!("{arguments:?} in colors: {color}"),
            status: output.status.code(),
            stdout: output.stdout,
            stderr: output.stderr,
        }
    })
}

/// A text without our own colors and links, which are the only allowed escape sequences.
fn without_styles(text: &str, what: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(link) = rest.strip_prefix("]8;;") {
            rest = link.split_once("\u{1b}\\").unwrap().1;
            continue;
        }
        let end = rest.find('m').unwrap();
        let codes = rest[..end].strip_prefix('[').unwrap();
        // The texts ask for 8, which hides what follows. We never do.
        let is_ours = codes
            .split(';')
            .all(|code| code.parse().is_ok_and(|code: u8| code != 8));
        assert!(is_ours, "{what}: `ESC {codes}m` in {text:?}");
        rest = &rest[end + 1..];
    }
    plain + rest
}

/// Asserts that text for people contains no terminal controls, hidden characters or commands.
fn assert_for_people(bytes: &[u8], what: &str) {
    let text = std::str::from_utf8(bytes).unwrap_or_else(|_| panic!("{what} is not UTF-8"));
    let text = without_styles(text, what);
    assert_no_commands(&text, what);
    for line in text.lines() {
        assert!(!line.contains(is_hidden), "{what}: {line:?}");
        let start = line.trim_start();
        // `::: ` is the frame of a second file.
        assert!(
            !start.starts_with("::") || start.starts_with("::: "),
            "{what}: {line:?}"
        );
        assert!(!line.starts_with("PWNED"), "{what}: {line:?}");
    }
}

/// Nothing of what is for programs is obeyed by a terminal that it comes to, or run.
fn assert_for_programs(bytes: &[u8], what: &str) {
    let text = std::str::from_utf8(bytes).unwrap_or_else(|_| panic!("{what} is not UTF-8"));
    assert_no_commands(text, what);
    for line in text.lines() {
        assert!(!line.contains(is_hidden), "{what}: {line:?}");
        let start = line.trim_start();
        assert!(
            !start.starts_with("::") && !start.starts_with("PWNED"),
            "{what}: {line:?}"
        );
    }
}

fn assert_no_commands(text: &str, what: &str) {
    for command in ["##vso[", "##["] {
        if let Some(line) = text.lines().find(|line| line.contains(command)) {
            panic!("{what}: {line:?}");
        }
    }
}

/// Every string in a JSON document.
fn strings<'v>(value: &'v Value, all: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => all.push(text),
        Value::Array(values) => values.iter().for_each(|value| strings(value, all)),
        Value::Object(fields) => {
            for (key, value) in fields {
                all.push(key);
                strings(value, all);
            }
        }
        _ => {}
    }
}

/// The texts of the repository or the image are in the document as they were.
fn assert_exact_json(text: &str, what: &str) {
    let value: Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{what}: {e}"));
    let mut all = Vec::new();
    strings(&value, &mut all);
    let is_exact = |text: &&str| text.contains("a\u{1b}[8m\u{9b}8m\u{7f}");
    assert!(all.iter().any(is_exact), "{what}: {text}");
}

/// A repository in which all names and texts are hostile.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let dockerfile = format!(
        "# {EVIL_LINE}\n# check=skip={EVIL_LINE}\nFROM debian:latest AS {EVIL_LINE}\n\
         LABEL \"{EVIL_LINE}\"=\"{EVIL_LINE}\"\nENV PASSWORD=\"{EVIL_LINE}\" b=$NO\u{1b}[8mNE\n\
         RUN cd /{EVIL_LINE} && sudo apt-get install curl \"{EVIL_LINE}\" | sh\n\
         RUN <<EOF\n::error::PWNED\nPWNED sudo {EVIL_LINE}\nsudo x\nEOF\n\
         COPY --from={EVIL_LINE}1 {EVIL_LINE} {EVIL_LINE}\nADD x y\nRUN sudo x \\\n  ::error::PWNED \\\n  y\n\
         \u{1b}[8mNO{EVIL_LINE} x\nEXPOSE {EVIL_LINE} 99999\nWORKDIR {EVIL_LINE}\n\
         HEALTHCHECK --{EVIL_LINE} CMD x\nSHELL [\"\\u001b[8m\\n::error::PWNED\"]\n\
         STOPSIGNAL {EVIL_LINE}\nUSER {EVIL_LINE}\nCMD ['{EVIL_LINE}']\n\
         ENTRYPOINT ::error::PWNED {EVIL_LINE}\n"
    );
    let hostile = format!("{}/Dockerfile", EVIL.replace('/', "."));
    for name in [
        "Dockerfile",
        "::error::PWNED.Dockerfile",
        &hostile,
        "##vso[x].Dockerfile",
    ] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &dockerfile).unwrap();
    }
    folder
}

/// Looks at a report of findings, in any format.
fn assert_report(format: &str, bytes: &[u8], what: &str) {
    match format {
        "text" | "compact" | "tty" | "markdown" => return assert_for_people(bytes, what),
        "github" => return assert_workflow_commands(bytes, what),
        "codeclimate" => {
            for issue in bytes
                .split(|&byte| byte == 0)
                .filter(|issue| !issue.is_empty())
            {
                assert_for_programs(issue, what);
            }
            return;
        }
        _ => assert_for_programs(bytes, what),
    }
    let text = std::str::from_utf8(bytes).unwrap();
    match format {
        "jsonl" => text.lines().for_each(|line| {
            let _: Value = serde_json::from_str(line).unwrap();
        }),
        "checkstyle" | "junit" => assert_well_formed(text, what),
        _ => assert_exact_json(text, what),
    }
}

/// Every line is a command of ours, with nothing in it that ends it early.
fn assert_workflow_commands(bytes: &[u8], what: &str) {
    let text = std::str::from_utf8(bytes).unwrap();
    for line in text.lines() {
        assert!(!line.contains(is_hidden), "{what}: {line:?}");
        let level = ["::error file=", "::warning file=", "::notice file="];
        let rest = level.iter().find_map(|start| line.strip_prefix(start));
        let (properties, _) = rest.and_then(|rest| rest.split_once("::")).unwrap();
        assert!(properties.contains(",title="), "{what}: {line:?}");
    }
}

fn assert_well_formed(text: &str, what: &str) {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut elements = 0;
    loop {
        match reader
            .read_event()
            .unwrap_or_else(|error| panic!("{what}: {error}"))
        {
            quick_xml::events::Event::Eof => break,
            quick_xml::events::Event::Start(element) | quick_xml::events::Event::Empty(element) => {
                elements += 1;
                for attribute in element.attributes() {
                    attribute
                        .unwrap()
                        .normalized_value(quick_xml::XmlVersion::Explicit1_0)
                        .unwrap();
                }
            }
            _ => {}
        }
    }
    assert!(elements > 10, "{what}: {text}");
    // https://www.w3.org/TR/xml/#charsets
    let is_char = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(text.chars().all(is_char), "{what}");
}

#[test]
fn a_hostile_repository_controls_no_terminal_in_any_format() {
    let folder = repository();
    for format in Format::ALL.map(Format::as_str) {
        for printed in run(
            folder.path(),
            &["lint", "--select", "all", "--format", format],
            "",
        ) {
            assert_eq!(
                printed.status,
                Some(1),
                "{}",
                String::from_utf8_lossy(&printed.stderr)
            );
            assert_report(format, &printed.stdout, &printed.what);
            assert_for_people(&printed.stderr, &printed.what);
        }
    }
}

#[test]
fn fixes_and_patches_print_no_control_sequences() {
    let folder = repository();
    let evil = fs::read_to_string(folder.path().join("Dockerfile")).unwrap();
    for printed in run(folder.path(), &["lint", "--diff", "--unsafe-fixes"], "") {
        // There is no patch that could be printed of these files, and each is named.
        assert_eq!(printed.stdout, b"", "{}", printed.what);
        assert_eq!(printed.status, Some(2), "{}", printed.what);
        assert_for_people(&printed.stderr, &printed.what);
    }
    let mild = evil.replace("##", "#");
    fs::write(folder.path().join("Dockerfile"), &mild).unwrap();
    for printed in run(
        folder.path(),
        &["lint", "--diff", "--unsafe-fixes", "Dockerfile"],
        "",
    ) {
        let patch = String::from_utf8(printed.stdout).unwrap();
        assert!(
            patch.lines().any(|line| line.contains("::error::PWNED")),
            "{patch}"
        );
        for line in patch.lines() {
            assert!(
                !line.trim_start().starts_with("::"),
                "{}: {line:?}",
                printed.what
            );
        }
        assert_for_people(&printed.stderr, &printed.what);
    }
    for printed in run(
        folder.path(),
        &["lint", "--fix", "--stdin-filename", EVIL, "-"],
        &mild,
    ) {
        // Whoever pipes a text through gets it back, every byte that no fix is about.
        assert!(
            String::from_utf8(printed.stdout)
                .unwrap()
                .contains(EVIL_LINE.split("##").next().unwrap())
        );
        assert_for_people(&printed.stderr, &printed.what);
    }
    for printed in run(folder.path(), &["lint", "--fix"], "") {
        assert_for_people(&printed.stdout, &printed.what);
        assert_for_people(&printed.stderr, &printed.what);
    }
}

#[test]
fn configuration_errors_print_no_control_sequences() {
    let folder = repository();
    let quoted = serde_json::to_string(EVIL).unwrap();
    let own = [
        format!("{quoted} = 1\n"),
        format!("ignore = [{quoted}]\n"),
        format!("profile = {quoted}\n"),
        format!("fail-on = {quoted}\n"),
        format!("format = {quoted}\n"),
        format!("exclude = [{quoted}, \"{{\"]\n"),
        format!("[severity]\n{quoted} = \"info\"\n"),
        format!("[severity]\nroot-user = {quoted}\n"),
        format!("[label-schema]\n{quoted} = {quoted}\n"),
        format!("[policy]\n{quoted} = 1\n"),
        format!("[policy]\nforbid = [{quoted}]\n"),
        format!("[policy]\nmax-size = {quoted}\n"),
        format!("x = '{EVIL_LINE}\n"),
        format!("{EVIL_LINE}\n"),
    ];
    for text in own {
        fs::write(folder.path().join(".jettison.toml"), &text).unwrap();
        for arguments in [&["lint"][..], &["slim", "none.tar", "--dry-run"]] {
            for printed in run(folder.path(), arguments, "") {
                let what = format!("{} with {text:?}", printed.what);
                assert_ne!(printed.status, Some(0), "{what}");
                assert_for_people(&printed.stdout, &what);
                assert_for_people(&printed.stderr, &what);
            }
        }
    }
    fs::remove_file(folder.path().join(".jettison.toml")).unwrap();
    let hadolint = [
        format!("{quoted}: 1\n"),
        format!("ignored: [{quoted}]\n"),
        format!("override: {{error: [{quoted}]}}\n"),
        format!("failure-threshold: {quoted}\n"),
        format!("format: {quoted}\n"),
        format!("label-schema: {{{quoted}: {quoted}}}\n"),
        format!("label-schema: {{{quoted}: text}}\n"),
        format!("trustedRegistries: [{quoted}]\n"),
        format!("{EVIL_LINE}: [\n"),
    ];
    for text in hadolint {
        fs::write(folder.path().join(".hadolint.yaml"), &text).unwrap();
        for printed in run(folder.path(), &["lint"], "") {
            let what = format!("{} with {text:?}", printed.what);
            assert_for_people(&printed.stdout, &what);
            assert_for_people(&printed.stderr, &what);
        }
        for printed in run(folder.path(), &["config", "migrate"], "") {
            let what = format!("{} with {text:?}", printed.what);
            assert_for_programs(&printed.stdout, &what);
            assert_for_people(&printed.stderr, &what);
        }
    }
}

#[test]
fn baselines_and_file_names_print_no_control_sequences() {
    let folder = repository();
    let entry = json!({"file": EVIL, "rule": EVIL, "fingerprint": EVIL, "message": EVIL});
    let baseline = json!({"version": 1, "findings": [entry]});
    fs::write(folder.path().join("known.json"), baseline.to_string()).unwrap();
    fs::write(
        folder.path().join("wrong.json"),
        json!({EVIL: 1}).to_string(),
    )
    .unwrap();
    // A hook passes names of files along.
    let commands: [&[&str]; 12] = [
        &["lint", "--baseline", "known.json"],
        &["lint", "--baseline", "wrong.json"],
        &["lint", EVIL],
        &["lint", &format!("--{EVIL}")],
        &["lint", "--select", EVIL],
        &["lint", "--format", EVIL],
        &["explain", EVIL],
        &["slim", EVIL, "--dry-run"],
        &["slim", &format!("docker://{EVIL}"), "--dry-run"],
        &["deps", &format!("rootfs:{EVIL}")],
        &["diff", EVIL, EVIL],
        &[EVIL],
    ];
    for arguments in commands {
        for printed in run(folder.path(), arguments, "") {
            assert_for_people(&printed.stdout, &printed.what);
            assert_for_people(&printed.stderr, &printed.what);
        }
    }
}

#[test]
fn a_file_name_that_is_not_utf8_is_printed_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let name = OsString::from_vec(b"\xff.Dockerfile".to_vec());
    fs::write(folder.path().join(&name), "FROM scratch\n").unwrap();
    for printed in run_os(folder.path(), &[OsStr::new("lint"), &name], "") {
        let text = String::from_utf8(printed.stderr).unwrap();
        assert!(text.contains(r"`\xff.Dockerfile`"), "{text}");
        assert_eq!(printed.status, Some(2), "{}", printed.what);
    }
}

/// An image in which all names and texts are hostile.
fn image(folder: &Path, name: &str, stray: &[u8]) -> PathBuf {
    let evil = EVIL.replace('/', ".");
    let long = |path: &str| vec![("path", path.as_bytes().to_vec())];
    let status = format!(
        "Package: {EVIL_LINE}\nStatus: install ok installed\nArchitecture: {EVIL_LINE}\nVersion: {EVIL_LINE}\n\n"
    );
    let passwd =
        format!("root:x:0:0:{EVIL_LINE}:/root:/bin/sh\n{EVIL_LINE}:$1$x:0:0::/:/bin/{EVIL_LINE}\n");
    let script = format!(
        "#!/bin/sh\n{EVIL_LINE}\n\"$TOOL\" {EVIL_LINE}\nexec /usr/bin/app-{EVIL_LINE}\n::error::PWNED\n"
    );
    let program = elf_file::program("/lib/ld.so")
        .needs("lib.so")
        .needs(&format!("{EVIL}.so"))
        .needs("gone.so")
        .bytes();
    let files: Vec<(String, u32, Vec<u8>)> = vec![
        ("etc/passwd".into(), 0o644, passwd.into_bytes()),
        (
            "etc/os-release".into(),
            0o644,
            format!("ID=debian\nVERSION_ID=\"{EVIL_LINE}\"\nPRETTY_NAME=\"{EVIL_LINE}\"\n")
                .into_bytes(),
        ),
        ("var/lib/dpkg/status".into(), 0o644, status.into_bytes()),
        (
            format!("usr/lib/python3/dist-packages/{evil}-1.dist-info/METADATA"),
            0o644,
            format!("Name: {EVIL_LINE}\nVersion: {EVIL_LINE}\n").into_bytes(),
        ),
        (format!("usr/bin/{evil}"), 0o4755, program.clone()),
        ("usr/bin/app".into(), 0o755, program),
        (
            "lib/ld.so".into(),
            0o755,
            elf_file::library("ld.so").bytes(),
        ),
        ("lib/lib.so".into(), 0o644, elf_file::library(EVIL).bytes()),
        (
            format!("lib/{evil}.so"),
            0o644,
            elf_file::library(EVIL).bytes(),
        ),
        ("entry.sh".into(), 0o755, script.into_bytes()),
        (
            format!("root/{evil}/.npmrc"),
            0o666,
            format!("//x/:_authToken={EVIL_LINE}\n").into_bytes(),
        ),
    ];
    let mut layer = Tar::new();
    for (path, mode, content) in &files {
        let records: Vec<(&str, Vec<u8>)> = long(path);
        let records: Vec<(&str, &[u8])> = records
            .iter()
            .map(|(key, value)| (*key, value.as_slice()))
            .collect();
        layer = layer
            .pax(&records)
            .entry(b'0', "x", "", content, |header| header.set_mode(*mode));
    }
    layer = layer
        .pax(&[
            ("path", format!("usr/share/{evil}").as_bytes()),
            ("linkpath", EVIL.as_bytes()),
        ])
        .entry(b'2', "x", "y", b"", |_| {})
        .pax(&[("path", stray)])
        .entry(b'0', "x", "", b"stray", |header| header.set_mode(0o4755));
    let layers = [layer.end(), Tar::new().file("usr/bin/.wh.app2", b"").end()];
    let mut config = images::config(&layers);
    config["config"] = json!({
        "User": EVIL,
        "Env": ["PATH=/usr/bin:/bin", EVIL, format!("LD_LIBRARY_PATH={EVIL}"), format!("PASSWORD={EVIL}")],
        "Entrypoint": ["/entry.sh", EVIL],
        "Cmd": [EVIL, "/usr/bin/app"],
        "Labels": {EVIL: EVIL},
        "WorkingDir": format!("/{EVIL}"),
        "ExposedPorts": {EVIL: {}},
        "Volumes": {format!("/{EVIL}"): {}},
        "Healthcheck": {"Test": ["CMD-SHELL", EVIL]},
        "StopSignal": EVIL,
    });
    config["author"] = EVIL.into();
    config["variant"] = EVIL.into();
    config["history"] = json!([
        {"created_by": EVIL, "comment": EVIL, "author": EVIL},
        {"created_by": format!("/bin/sh -c {EVIL}"), "comment": EVIL},
    ]);
    let path = folder.join(name);
    fs::write(&path, images::docker_archive(&layers, &config, &[])).unwrap();
    path
}

#[test]
fn a_hostile_image_controls_no_terminal_in_any_report() {
    let folder = repository();
    image(folder.path(), "app.tar", b"stray\xff\x1b");
    for format in Format::ALL.map(Format::as_str) {
        for more in [&["app.tar"][..], &["Dockerfile", "--image", "app.tar"]] {
            let arguments = [&["lint", "--select", "all", "--format", format][..], more].concat();
            for printed in run(folder.path(), &arguments, "") {
                assert_eq!(
                    printed.status,
                    Some(1),
                    "{}",
                    String::from_utf8_lossy(&printed.stderr)
                );
                assert_report(format, &printed.stdout, &printed.what);
                assert_for_people(&printed.stderr, &printed.what);
            }
        }
    }
}

#[test]
fn a_hostile_image_controls_no_terminal_in_any_command() {
    let folder = tempfile::tempdir().unwrap();
    image(folder.path(), "app.tar", b"stray\xff\x1b");
    image(folder.path(), "other.tar", b"other\xfe");
    let policy = "[policy]\nmax-files = 1\nforbid = [\"setuid\", \"root\", \"shell\"]\n";
    fs::write(folder.path().join("policy.toml"), policy).unwrap();
    let evil_path = format!("/usr/bin/{}", EVIL.replace('/', "."));
    let for_people: [&[&str]; 22] = [
        &["slim", "app.tar", "--dry-run"],
        &["slim", "app.tar", "--dry-run", "--policy", "policy.toml"],
        &[
            "slim",
            "app.tar",
            "-o",
            "docker-archive:slim.tar",
            "--keep",
            &evil_path,
            "--force",
        ],
        &[
            "slim",
            "app.tar",
            "-o",
            &format!("docker-archive:{EVIL}"),
            "--force",
        ],
        &["slim", "app.tar", "-o", "docker-archive:x.tar", "-t", EVIL],
        &["slim", "app.tar", "--dry-run", "--keep", EVIL],
        &["verify", "app.tar"],
        &["verify", "other.tar", "--against", "app.tar"],
        &["why", "app.tar", "/usr/bin/app"],
        &["why", "app.tar", "/lib/ld.so", "--all"],
        &["why", "app.tar", &evil_path, "--keep", "/usr/bin/*"],
        &["why", "app.tar", EVIL],
        &["why-not", "app.tar", &evil_path],
        &["why-not", "app.tar", EVIL],
        &["deps", "app.tar"],
        &["deps", "app.tar", "app", "--symbols"],
        &["deps", "app.tar", EVIL],
        &["inspect", "app.tar"],
        &["inspect", "app.tar", &evil_path],
        &["inspect", "app.tar", "/usr", "--depth", "9"],
        &["inspect", "app.tar", "/usr/share", "--depth", "9"],
        &["diff", "app.tar", "other.tar"],
    ];
    for arguments in for_people {
        for printed in run(folder.path(), arguments, "") {
            // There is nothing to say of an image that lacks nothing.
            let is_silent = printed.stdout.len() + printed.stderr.len() == 0;
            assert!(!is_silent || arguments[0] == "verify", "{}", printed.what);
            assert_for_people(&printed.stdout, &printed.what);
            assert_for_people(&printed.stderr, &printed.what);
        }
    }
    let json: [&[&str]; 7] = [
        &["deps", "app.tar", "--format", "json"],
        &["inspect", "app.tar", "--format", "json"],
        &["inspect", "app.tar", "--format", "spdx"],
        &["inspect", "app.tar", "--format", "cyclonedx"],
        &["inspect", "app.tar", &evil_path, "--format", "json"],
        &[
            "inspect", "app.tar", "/usr", "--depth", "9", "--format", "json",
        ],
        &["diff", "app.tar", "other.tar", "--format", "json"],
    ];
    for arguments in json {
        for printed in run(folder.path(), arguments, "") {
            assert_for_programs(&printed.stdout, &printed.what);
            assert_for_people(&printed.stderr, &printed.what);
            if arguments[0] != "diff" {
                assert_exact_json(std::str::from_utf8(&printed.stdout).unwrap(), &printed.what);
            }
        }
    }
    for printed in run(folder.path(), &["deps", "app.tar", "--format", "dot"], "") {
        assert_for_programs(&printed.stdout, &printed.what);
    }
    for printed in run(folder.path(), &["deps", "app.tar", "--format", "paths"], "") {
        // A path with a line break cannot be told from two.
        assert_eq!(
            (printed.status, printed.stdout.len()),
            (Some(2), 0),
            "{}",
            printed.what
        );
        assert_for_people(&printed.stderr, &printed.what);
    }
}

#[test]
fn documents_about_a_slimmed_image_contain_no_control_sequences() {
    let folder = tempfile::tempdir().unwrap();
    image(folder.path(), "app.tar", b"stray\xff\x1b");
    let arguments = [
        "slim",
        "app.tar",
        "--dry-run",
        "--keep",
        "/usr/**",
        "--report",
        "report.html",
        "--sbom",
        "spdx=spdx.json",
        "--sbom",
        "cyclonedx=cyclonedx.json",
    ];
    let [printed, _] = run(folder.path(), &arguments, "");
    assert_eq!(
        printed.status,
        Some(0),
        "{}",
        String::from_utf8_lossy(&printed.stderr)
    );
    let [printed, _] = run(
        folder.path(),
        &["slim", "app.tar", "--dry-run", "--report", "report.json"],
        "",
    );
    assert_eq!(
        printed.status,
        Some(0),
        "{}",
        String::from_utf8_lossy(&printed.stderr)
    );
    for name in ["spdx.json", "cyclonedx.json", "report.json"] {
        let bytes = fs::read(folder.path().join(name)).unwrap();
        assert_for_programs(&bytes, name);
        assert_exact_json(std::str::from_utf8(&bytes).unwrap(), name);
    }
    let page = fs::read(folder.path().join("report.html")).unwrap();
    assert_for_programs(&page, "report.html");
}
