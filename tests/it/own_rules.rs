//! Rules of `[[rule]]` in `.jettison.toml`, and keep rules in a directory.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use jettison::config::{self, Config};
use jettison::lint::{Applicability, Selection, Settings, fix, lint};
use jettison::rules::registry;
use jettison::source::Source;

use crate::builders::description::{archive, image};

fn parsed(rule: &str) -> Result<Config, String> {
    let text = format!("[[rule]]\nname = \"own\"\nmessage = \"found {{match}}\"\n{rule}");
    config::parse(Path::new(".jettison.toml"), &text, registry()).map_err(|error| error.to_string())
}

/// The settings of one rule, which is the only one.
fn settings(rule: &str) -> Settings {
    let settings = parsed(rule).expect("the rule is valid").settings;
    Settings {
        select: Selection::Only(settings.own_rules.names().collect()),
        ..settings
    }
}

/// `LINE:COLUMN MESSAGE` of each finding.
fn found(rule: &str, dockerfile: &str) -> Vec<String> {
    let settings = settings(rule);
    let source = Source::new("Dockerfile", dockerfile);
    let findings = lint(&source, settings.own_rules.registry(registry()), &settings);
    let lines = findings.iter().map(|finding| {
        let place = source.position(finding.span().expect("a place").start);
        format!("{}:{} {}", place.line, place.column, finding.message)
    });
    lines.collect()
}

fn fixed(rule: &str, dockerfile: &str) -> Option<String> {
    let settings = settings(rule);
    let source = Source::new("Dockerfile", dockerfile);
    let registry = settings.own_rules.registry(registry());
    let fixed = fix::apply_all(&source, registry, &settings, Applicability::Unsafe)?;
    Some(fixed.text().to_owned())
}

#[test]
fn a_rule_finds_commands_by_name_option_and_argument() {
    let text = "FROM a\nRUN curl -sk https://x && curl -f https://y && wget -k z\n";
    assert_eq!(
        found("command = \"curl\"\noption = [\"-k\"]\n", text),
        ["2:10 found -sk"]
    );
    assert_eq!(
        found("command = \"curl\"\nwithout-option = \"-f\"\n", text),
        ["2:5 found curl"]
    );
    assert_eq!(
        found("command = \"*\"\nargument = \"^https://y\"\n", text),
        ["2:35 found https://y"]
    );
    assert_eq!(
        found("command = \"curl\"\noption = \"--insecure\"\n", text),
        [""; 0]
    );
}

#[test]
fn a_rule_finds_packages_that_are_installed() {
    let text = "FROM a\nRUN apt-get install -y telnet=1 vim && apk add telnet\n\
                RUN apt-get remove -y telnet\n";
    let rule = "package = [\"tel*\"]\n";
    assert_eq!(
        found(rule, text),
        ["2:24 found telnet", "2:48 found telnet"]
    );
    assert_eq!(
        found(&format!("{rule}manager = \"apk\"\n"), text),
        ["2:48 found telnet"]
    );
    assert_eq!(
        found("manager = \"apt\"\nverb = \"remove\"\n", text),
        ["3:5 found apt-get"]
    );
}

#[test]
fn a_rule_finds_images_under_each_of_their_names() {
    let text = "FROM docker.io/library/debian:12 AS b\nFROM ghcr.io/a/b\nCOPY --from=busybox / /\n";
    assert_eq!(
        found("image = [\"debian\", \"busybox*\"]\n", text),
        [
            "1:6 found docker.io/library/debian:12",
            "3:13 found busybox"
        ]
    );
    assert_eq!(
        found("image = \"ghcr.io/**\"\n", text),
        ["2:6 found ghcr.io/a/b"]
    );
    assert_eq!(
        found("image = \"**\"\nfinal-stage = true\n", text),
        ["2:6 found ghcr.io/a/b", "3:13 found busybox"]
    );
}

#[test]
fn a_rule_finds_instructions_by_text_and_flag() {
    let text = "FROM a\nrun --network=host make \\\n  --jobs 4\nUSER root\nEXPOSE 22\n";
    assert_eq!(
        found(
            "instruction = \"RUN\"\nflag = \"--network\"\nvalue = \"host\"\n",
            text
        ),
        ["2:5 found --network=host"]
    );
    assert_eq!(
        found("instruction = [\"RUN\"]\ntext = '--jobs (\\d)'\n", text),
        ["3:3 found --jobs 4"]
    );
    assert_eq!(
        found("instruction = [\"user\", \"expose\"]\n", text).len(),
        2
    );
}

#[test]
fn a_rule_reports_what_is_missing() {
    let text = "FROM a AS b\nLABEL owner=me\nFROM c\nENV x=1\n";
    assert_eq!(
        found("label = \"owner\"\nmissing = true\n", text),
        ["3:1 found "]
    );
    assert_eq!(found("variable = \"x\"\nmissing = true\n", text), [""; 0]);
    assert_eq!(
        found("variable = \"x\"\nvalue = \"2\"\nmissing = true\n", text).len(),
        1
    );
    assert_eq!(
        found("instruction = \"USER\"\nmissing = true\n", text).len(),
        1
    );
    assert_eq!(
        found("label = \"o*\"\nvalue = \"^me$\"\n", text),
        ["2:7 found owner"]
    );
}

#[test]
fn a_fix_replaces_what_was_found_or_removes_it() {
    let text = "FROM debian:11\nRUN curl -f \\\n    -k x && apt-get install -y telnet\n";
    let expected = |from: &str, to: &str| Some(text.replace(from, to));
    assert_eq!(
        fixed("command = \"curl\"\noption = \"-k\"\nfix = \"\"\n", text),
        expected("    -k x", " x")
    );
    assert_eq!(
        fixed("package = \"telnet\"\nfix = \"openssh-client\"\n", text),
        expected("telnet", "openssh-client")
    );
    assert_eq!(
        fixed("image = \"debian:*\"\nfix = \"debian:13\"\n", text),
        expected("debian:11", "debian:13")
    );
    let swap = "instruction = \"RUN\"\ntext = 'curl (-\\w)'\nfix = 'wget $1'\n";
    assert_eq!(fixed(swap, text), expected("curl -f", "wget -f"));
}

#[test]
fn errors_in_a_rule_name_its_line() {
    for (rule, expected) in [
        (
            "command = \"a\"\ntext = \"(\"\n",
            "line 5, column 1: rule `own`: `text` cannot be combined",
        ),
        (
            "instruction = \"RUN\"\n\n  text = \"(\"\n",
            "line 6, column 1: rule `own`: invalid pattern",
        ),
        (
            "command = \"[\"\n",
            "line 4, column 1: rule `own`: invalid glob",
        ),
        (
            "",
            "line 2, column 1: rule `own`: a rule needs one of `instruction`",
        ),
        (
            "command = \"a\"\nseverity = \"x\"\n",
            "line 5, column 1: rule `own`: `x` is not a severity",
        ),
        ("comand = \"a\"\n", "line 4, column 1"),
    ] {
        let error = parsed(rule).expect_err("it is wrong");
        assert!(error.contains(expected), "{rule}: {error}");
    }
    let text = "[[rule]]\nname = \"sudo\"\nmessage = \"x\"\ncommand = \"a\"\n";
    let error = config::parse(Path::new(".jettison.toml"), text, registry());
    let error = error.expect_err("the name is taken").to_string();
    assert!(
        error.contains("line 2, column 1: rule `sudo`: there is already a rule"),
        "{error}"
    );
}

#[test]
fn other_settings_and_comments_name_rules_of_the_file() {
    let text = "ignore = [\"own\"]\n[severity]\nown = \"error\"\n";
    let rule = "[[rule]]\nname = \"own\"\nmessage = \"m\"\ncommand = \"curl\"\n";
    let config = config::parse(
        Path::new(".jettison.toml"),
        &format!("{text}{rule}"),
        registry(),
    );
    let settings = config.expect("it is valid").settings;
    assert!(settings.ignore.contains("own"));
    let dockerfile = "FROM a\n# jettison ignore=own\nRUN curl x\nRUN curl y\n";
    assert_eq!(found("command = \"curl\"\n", dockerfile).len(), 1);
}

#[test]
fn a_pattern_that_matches_everywhere_is_reported_once_for_each_instruction() {
    let dockerfile = format!("FROM a\nRUN {}\n", "echo a; ".repeat(10_000));
    let rule = "instruction = \"RUN\"\ntext = '(a|[^a])(a|[^a])*?'\n";
    assert_eq!(found(rule, &dockerfile).len(), 1);
}

#[test]
fn rules_about_files_labels_and_packages_check_images() {
    let image = image(
        "file /app/key.pem \"x\"\nfile /etc/ssl/a.pem \"x\"\n\
         file /var/lib/dpkg/status \"Package: telnet\\nStatus: install ok installed\\nVersion: 1\\n\"\n",
    );
    let packages = jettison::packages::read(&image).expect("packages");
    let count = |rule: &str| {
        let settings = settings(rule);
        let input = jettison::lint::ImageInput {
            image: &image,
            reference: "x",
            plan: None,
            packages: &packages,
            vulnerabilities: None,
            attested: None,
        };
        let registry = settings.own_rules.registry(registry());
        let policy = jettison::lint::image::Policy::default();
        let report = jettison::lint::lint_image(input, registry, &settings, &policy);
        report.expect("it can be read").findings.len()
    };
    assert_eq!(count("path = \"/app/**/*.pem\"\n"), 1);
    assert_eq!(count("path = \"/**/*.pem\"\n"), 2);
    assert_eq!(count("package = \"telnet\"\n"), 1);
    assert_eq!(count("package = \"telnet\"\nmanager = \"apt\"\n"), 0);
    assert_eq!(count("label = \"owner\"\nmissing = true\n"), 1);
}

/// The program in a directory with an image and a configuration file.
fn jettison(directory: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_jettison"))
        .current_dir(directory)
        .args(arguments)
        .env("NO_COLOR", "1")
        .env("JETTISON_NO_SHELLCHECK", "1")
        .output()
        .expect("the program starts");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8(text).expect("text"),
    )
}

fn directory(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (path, bytes) in files {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, bytes).expect("a file");
    }
    directory
}

const IMAGE: &str =
    "elf /usr/bin/app\nfile /opt/data/models/a.bin \"x\"\nentrypoint /usr/bin/app\n";

#[test]
fn a_rule_reports_a_hundred_places_and_counts_the_rest() {
    let dockerfile = format!("FROM a\nRUN {}\n", "curl x;".repeat(150));
    let found = found("command = \"curl\"\n", &dockerfile);
    assert_eq!(found.len(), 101, "{found:?}");
    assert_eq!(found[0], "1:1 50 more places match");
}

#[test]
fn what_a_rule_repeats_is_limited() {
    let rule = "instruction = \"RUN\"\ntext = \"a+\"\nfix = \"$0$0$0$0$0$0$0$0\"\n";
    let run = |length| format!("FROM a\nRUN {}\n", "a".repeat(length));
    assert!(fixed(rule, &run(100)).is_some());
    // 8 times 600 bytes, and a text that is too long itself.
    for length in [600, 2000] {
        assert_eq!(fixed(rule, &run(length)), None);
    }
    let rule = "instruction = \"RUN\"\ntext = \"a+\"\n".to_owned();
    let text = found(&rule, &run(100_000)).remove(0);
    assert!(text.len() < 300, "{}", text.len());
}

#[test]
fn rules_with_too_many_words_or_patterns_are_refused() {
    let list = |count| {
        let words: Vec<String> = (0..count).map(|number| format!("\"a{number}\"")).collect();
        format!("label = [{}]\n", words.join(", "))
    };
    assert!(parsed(&list(5000)).is_ok());
    let error = parsed(&list(5001)).unwrap_err();
    assert!(error.contains("5000 words"), "{error}");
    for (rule, expected) in [
        (format!("label = \"{}\"\n", "a".repeat(257)), "256 bytes"),
        ("label = \"*a?????????\"\n".to_owned(), "more than 8"),
        (
            format!("command = \"a\"\nfix = \"{}\"\n", "a".repeat(1025)),
            "longer than 1 KiB",
        ),
        (
            "instruction = \"RUN\"\ntext = '(?u:\\w{20})'\n".to_owned(),
            "too large",
        ),
    ] {
        let error = parsed(&rule).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn conditions_that_take_too_long_are_reported() {
    let mut text = String::new();
    for number in 0..200 {
        let _ = write!(
            text,
            "[[rule]]\nname = \"own-{number}\"\nmessage = \"m\"\ninstruction = \"RUN\"\n\
             text = '[ab]*a[ab]{{400}}[c-z]'\n"
        );
    }
    let config = config::parse(Path::new(".jettison.toml"), &text, registry()).unwrap();
    let dockerfile = format!("FROM a\nRUN {}\n", "ab".repeat(100_000));
    let source = Source::new("Dockerfile", dockerfile);
    let registry = config.settings.own_rules.registry(registry());
    let findings = lint(&source, registry, &config.settings);
    let in_part = findings
        .iter()
        .filter(|finding| finding.message == "the conditions take too long: only checked in part");
    assert_eq!(in_part.count(), 200);
}

/// An example on the page of a keep rule.
const KEEP_EXAMPLE: &str = "\n```image keeps\n  elf /usr/bin/app\n+ file /opt/data/models/a.bin\n  entrypoint /usr/bin/app\n```\n";
/// A rule whose page has examples of images.
const RULE_EXAMPLE: &str = "[[rule]]\nname = \"own\"\nmessage = \"m\"\npath = \"/opt/*.key\"\npage = '''\n\
    ```image bad\nfile /opt/a.key\nfile /app\nentrypoint /app\n```\n\n\
    ```image good\nfile /opt/a.pem\nfile /app\nentrypoint /app\n```\n'''\n";

#[test]
fn images_on_pages_are_tested() {
    let file = format!("keep-rules = \"keep\"\n{RULE_EXAMPLE}");
    let page = format!("{KEEP}{KEEP_EXAMPLE}");
    let directory = directory(&[
        (".jettison.toml", file.as_bytes()),
        ("keep/app-models.md", page.as_bytes()),
    ]);
    let (is_ok, report) = jettison(directory.path(), &["rules", "--test"]);
    let expected = "own: 2 examples passed\nkeep/app-models: 1 example passed\n";
    assert!(is_ok && report.contains(expected), "{report}");
    for (from, to, expected) in [
        ("+ file", "- file", "`/opt/data/models/a.bin` is kept"),
        ("/models/a.bin", "/a.bin", "is not kept"),
        (
            "+ file",
            "+ fail",
            "line 2 of the image: `fail` describes nothing",
        ),
        ("point /usr/bin/app", "point /usr/bin/other", "cannot slim"),
    ] {
        let changed = page.replace(from, to);
        fs::write(directory.path().join("keep/app-models.md"), changed).expect("a file");
        let (is_ok, report) = jettison(directory.path(), &["rules", "--test"]);
        assert!(!is_ok && report.contains(expected), "{report}");
    }
    let deep = format!("/opt{}/a.key", "/d".repeat(200));
    let steps = "layer RUN x\n".repeat(2_000);
    for (from, to, expected) in [
        ("/opt/a.pem", "/opt/b.key", "1 finding instead of none"),
        ("a.key", "a.key mode=999", "`mode=999` is not a number"),
        ("/opt/a.key", "/../a.key", "line 1 of the image"),
        ("/opt/a.key", &*deep, "the path is too long"),
        ("file /app\n", &*steps, "too many layers and steps"),
        ("a.key", "a.key size=90000000", "larger than"),
    ] {
        let changed = RULE_EXAMPLE.replacen(from, to, 1);
        fs::write(directory.path().join(".jettison.toml"), changed).expect("a file");
        let (is_ok, report) = jettison(directory.path(), &["rules", "--test"]);
        assert!(!is_ok && report.contains(expected), "{report}");
    }
}

const KEEP: &str = "---\npaths: [/usr/bin/app]\ncertain: [/opt/data/models/**]\n---\n\
                    # Models of the application\n\n## Sources\n\n- ours\n";

#[test]
fn pages_in_a_directory_are_keep_rules() {
    let directory = directory(&[
        ("app.tar", &archive(IMAGE)),
        (".jettison.toml", b"keep-rules = \"keep\"\n"),
        ("keep/app-models.md", KEEP.as_bytes()),
    ]);
    let (_, why) = jettison(
        directory.path(),
        &["why", "app.tar", "/opt/data/models/a.bin"],
    );
    assert!(why.contains("kept by the rule `app-models`"), "{why}");
    let (_, page) = jettison(directory.path(), &["explain", "keep/app-models"]);
    assert!(page.contains("Models of the application"), "{page}");
    let broken = KEEP.replace("paths:", "path:");
    fs::write(directory.path().join("keep/app-models.md"), broken).expect("a file");
    let (is_ok, error) = jettison(directory.path(), &["why", "app.tar", "/opt"]);
    assert!(!is_ok && error.contains("unknown key `path`"), "{error}");
}

#[test]
fn a_directory_of_keep_rules_is_below_the_file_that_names_it() {
    let directory = directory(&[
        ("app.tar", &archive(IMAGE)),
        (".jettison.toml", b"\nkeep-rules = \"../keep\"\n"),
    ]);
    let (is_ok, error) = jettison(directory.path(), &["why", "app.tar", "/usr/bin/app"]);
    assert!(!is_ok && error.contains("line 2"), "{error}");
    // Nor does a symlink lead out of it.
    let outside = self::directory(&[("secret.md", KEEP.as_bytes())]);
    fs::write(
        directory.path().join(".jettison.toml"),
        "keep-rules = \"keep\"\n",
    )
    .expect("a file");
    std::os::unix::fs::symlink(outside.path(), directory.path().join("keep")).expect("a link");
    let (is_ok, error) = jettison(directory.path(), &["why", "app.tar", "/usr/bin/app"]);
    assert!(!is_ok && error.contains("leads out of"), "{error}");
}

#[test]
fn the_examples_of_a_page_are_tested() {
    let rule = |tag: &str| {
        format!(
            "[[rule]]\nname = \"own\"\nmessage = \"m\"\ncommand = \"curl\"\nfix = \"wget\"\npage = '''\n\
             ```dockerfile bad\nFROM a\nRUN curl x\n```\n\n```dockerfile {tag}\nFROM a\nRUN wget x\n```\n'''\n"
        )
    };
    let directory = directory(&[(".jettison.toml", rule("fixed").as_bytes())]);
    let (is_ok, report) = jettison(directory.path(), &["rules", "--test"]);
    assert!(
        is_ok && report.contains("own: 2 examples passed"),
        "{report}"
    );
    fs::write(directory.path().join(".jettison.toml"), rule("bad")).expect("a file");
    let (is_ok, report) = jettison(directory.path(), &["rules", "--test"]);
    assert!(
        !is_ok && report.contains("0 findings instead of 1"),
        "{report}"
    );
    fs::write(directory.path().join("Dockerfile"), "FROM a\nRUN curl x\n").expect("a file");
    let json = ["lint", "--select", "own", "--format", "json"];
    let (_, json) = jettison(directory.path(), &json);
    assert!(json.contains("source/rules/guide/own-rules.md"), "{json}");
    let (is_ok, page) = jettison(directory.path(), &["explain", "own"]);
    assert!(
        is_ok && page.contains("correctness, profile default"),
        "{page}"
    );
}
