//! Reports as expected by their readers: each is validated against its schema, or read back.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use pulldown_cmark::{Event as MarkdownEvent, Options, Parser, Tag, TagEnd};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use serde_json::Value;

fn jettison(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command
        .current_dir(folder)
        .env_remove("CLICOLOR_FORCE")
        .env("NO_COLOR", "1")
        .env("PATH", "");
    command
}

/// Files with findings of every severity, with notes, labels and fixes, and with hostile names and
/// texts.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let nasty = "FROM debian:latest as a\nRUN apt-get update && apt-get install -y \"cu<rl>\" 🐳 && sudo ls\nADD a /b\n\
                 WORKDIR x\nFROM a\nENV \u{1}PASSWORD=\"]]>%,:\" b=1\nEXPOSE 80/TCP 99999\nENTRYPOINT start ::error::x\n";
    let files = [
        ("Dockerfile", nasty),
        ("a b/ü&\"<,:%.Dockerfile", nasty),
        ("empty.Dockerfile", ""),
        (
            "clean.Dockerfile",
            "FROM scratch\nCOPY app /app\nUSER 1000\nENTRYPOINT [\"/app\"]\n",
        ),
    ];
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("it is in the folder"))
            .expect("folders can be made");
        fs::write(path, text).expect("files can be written");
    }
    folder
}

/// The output of a run with all rules in a format.
fn printed(format: &str) -> String {
    let folder = project();
    let mut command = jettison(folder.path());
    let output = command
        .args(["lint", "--select", "all", "--format", format])
        .output()
        .expect("the program starts");
    assert_eq!(
        output.status.code(),
        Some(1),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("reports are UTF-8")
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("it is JSON")
}

fn findings() -> Vec<Value> {
    json(&printed("json"))
        .as_array()
        .expect("it is an array")
        .clone()
}

fn assert_valid(schema: &str, value: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata/schemas")
        .join(schema);
    // The original schema of the standard has a superfluous bracket in the pattern of `language`,
    // which an erratum fixes.
    let text = fs::read_to_string(path).expect("the schema is there");
    let schema = json(&text.replace(
        "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$",
        "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$",
    ));
    let schema = jsonschema::validator_for(&schema).expect("the schema is one");
    let wrong: Vec<String> = schema
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_sample_project_covers_every_level_a_fix_and_labels() {
    let findings = findings();
    let levels: BTreeSet<_> = findings
        .iter()
        .map(|row| row["level"].as_str().expect("it is text"))
        .collect();
    assert_eq!(
        levels,
        BTreeSet::from(["error", "info", "style", "warning"])
    );
    assert!(findings.iter().any(|row| row["fix"].is_object()));
    assert!(findings.iter().any(|row| row["labels"].is_array()));
}

/// The rows of all tables of a Markdown text, and all of its text outside of code.
fn tables(text: &str) -> (Vec<Vec<String>>, String) {
    let (mut rows, mut prose): (Vec<Vec<String>>, _) = (Vec::new(), String::new());
    let mut is_in_row = false;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            MarkdownEvent::Start(Tag::TableRow) => {
                is_in_row = true;
                rows.push(Vec::new());
            }
            MarkdownEvent::End(TagEnd::TableRow) => is_in_row = false,
            MarkdownEvent::Start(Tag::TableCell) if is_in_row => {
                rows.last_mut().expect("it is in a row").push(String::new());
            }
            MarkdownEvent::Text(text) | MarkdownEvent::Code(text) if is_in_row => {
                let cell = rows.last_mut().and_then(|row| row.last_mut());
                cell.expect("it is in a cell").push_str(&text);
            }
            _ => {}
        }
    }
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            MarkdownEvent::Text(text) => prose.push_str(&text),
            // Comments and line breaks, which separate parts of the text.
            MarkdownEvent::Html(_) | MarkdownEvent::InlineHtml(_) => prose.push('\n'),
            MarkdownEvent::Start(Tag::Image { .. }) => panic!("an image in {text}"),
            _ => {}
        }
    }
    (rows, prose)
}

#[test]
fn a_markdown_report_has_a_row_of_four_cells_for_each_finding() {
    let (rows, prose) = tables(&printed("markdown"));
    let findings = findings();
    assert_eq!(rows.len(), findings.len());
    for (row, finding) in rows.iter().zip(&findings) {
        let [line, severity, message, rule] = row.as_slice() else {
            panic!("{row:?}");
        };
        assert_eq!(*line, finding["line"].to_string());
        assert_eq!(*severity, finding["level"]);
        assert_eq!(*rule, finding["rule"]);
        let first = finding["message"].as_str().expect("it is text");
        let first = first
            .split(['`', '\u{1}', '@', '#', ':'])
            .next()
            .unwrap_or_default();
        assert!(message.starts_with(first), "{message}: {first}");
    }
    assert!(!prose.contains("://"), "an address becomes a link: {prose}");
}

#[test]
fn a_markdown_report_fits_into_a_comment() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let text = format!("FROM debian:12\n{}", "RUN sudo ls\n".repeat(2000));
    fs::write(folder.path().join("Dockerfile"), text).expect("files can be written");
    let mut command = jettison(folder.path());
    command.args(["lint", "--select", "sudo", "--format", "markdown"]);
    let output = command.output().expect("the program starts");
    let text = String::from_utf8(output.stdout).expect("reports are UTF-8");
    assert!(text.len() < 65_536, "{}", text.len());
    let shown = tables(&text).0.len();
    let rest = format!("{} more findings not shown", 2000 - shown);
    assert!(shown > 100 && text.contains(&rest), "{shown}");
}

#[test]
fn sarif_output_is_valid() {
    let sarif = json(&printed("sarif"));
    assert_valid("sarif-2.1.0.json", &sarif);
    let run = &sarif["runs"][0];
    let results = run["results"].as_array().expect("there are results");
    assert_eq!(results.len(), findings().len());
    for result in results {
        let rule = &run["tool"]["driver"]["rules"][usize::try_from(
            result["ruleIndex"].as_u64().expect("it has one"),
        )
        .expect("it is small")];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(
            rule["help"]["markdown"]
                .as_str()
                .is_some_and(|text| text.starts_with("# ")),
            "{rule}"
        );
    }
    let uris: BTreeSet<_> = results
        .iter()
        .map(|result| {
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
                .as_str()
                .expect("text")
        })
        .collect();
    assert!(
        uris.contains("a%20b/%C3%BC%26%22%3C%2C%3A%25.Dockerfile"),
        "{uris:?}"
    );
}

#[test]
fn a_label_in_the_configuration_names_the_configuration_file() {
    let folder = project();
    fs::write(
        folder.path().join(".jettison.toml"),
        "[severity]\nroot-user = 'info'\n",
    )
    .expect("it can be written");
    fs::write(
        folder.path().join("Dockerfile"),
        "FROM debian:12\nUSER root\n",
    )
    .expect("it can be written");
    let printed = |format: &str| {
        let mut command = jettison(folder.path());
        let output = command
            .args([
                "lint",
                "Dockerfile",
                "--select",
                "root-user",
                "--format",
                format,
            ])
            .output();
        String::from_utf8(output.expect("the program starts").stdout).expect("reports are UTF-8")
    };
    let sarif = json(&printed("sarif"));
    assert_valid("sarif-2.1.0.json", &sarif);
    let related = &sarif["runs"][0]["results"][0]["relatedLocations"][0]["physicalLocation"];
    assert_eq!(related["artifactLocation"]["uri"], ".jettison.toml");
    assert_eq!(related["region"]["startColumn"], 13);
    let sonarqube = json(&printed("sonarqube"));
    let second = &sonarqube["issues"][0]["secondaryLocations"][0];
    assert_eq!(
        (&second["filePath"], &second["textRange"]["startLine"]),
        (&".jettison.toml".into(), &2.into())
    );
    let codeclimate = json(printed("codeclimate").trim_end_matches('\0'));
    let traced = &codeclimate["trace"]["locations"][0];
    assert_eq!(
        (&traced["path"], &traced["positions"]["begin"]["line"]),
        (&".jettison.toml".into(), &2.into())
    );
}

#[test]
fn a_fix_in_sarif_equals_the_applied_fix() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::write(
        folder.path().join("Dockerfile"),
        "FROM debian:12\n# 🐳\nADD ü /b\n",
    )
    .expect("it can be written");
    let mut command = jettison(folder.path());
    let select = [
        "lint",
        "--select",
        "add-instead-of-copy",
        "--format",
        "sarif",
    ];
    let sarif = json(&String::from_utf8_lossy(
        &command.args(select).output().expect("it starts").stdout,
    ));
    let fix = &sarif["runs"][0]["results"][0]["fixes"][0];
    assert_eq!(fix["properties"]["applicability"], "unsafe");
    let replacement = &fix["artifactChanges"][0]["replacements"][0];
    let region = &replacement["deletedRegion"];
    let places: Vec<_> = ["startLine", "startColumn", "endLine", "endColumn"]
        .map(|key| region[key].as_u64())
        .into();
    assert_eq!(places, [Some(3), Some(1), Some(3), Some(4)]);
    assert_eq!(replacement["insertedContent"]["text"], "COPY");
}

#[test]
fn fingerprints_survive_moved_lines_and_are_unique_in_a_file() {
    let fingerprints = |text: &str| {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        fs::write(folder.path().join("Dockerfile"), text).expect("it can be written");
        let mut command = jettison(folder.path());
        let output = command
            .args(["lint", "--format", "sarif"])
            .output()
            .expect("the program starts");
        let sarif = json(&String::from_utf8_lossy(&output.stdout));
        let results = sarif["runs"][0]["results"]
            .as_array()
            .expect("there are results")
            .clone();
        results
            .iter()
            .map(|result| result["partialFingerprints"]["jettison/v1"].to_string())
            .collect::<Vec<_>>()
    };
    let text = "FROM debian:12\nRUN sudo a\nRUN sudo a; sudo b\nRUN sudo a\nUSER 1\n";
    let before = fingerprints(text);
    assert_eq!(before.iter().collect::<BTreeSet<_>>().len(), before.len());
    assert_eq!(
        before,
        fingerprints(&format!("# a comment\n\n{}", text.replace("RUN ", "RUN  ")))
    );
}

#[test]
fn the_gitlab_report_follows_its_documentation() {
    let report = json(&printed("gitlab"));
    assert_valid("gitlab-code-quality.json", &report);
    let rows = report.as_array().expect("it is an array");
    assert_eq!(rows.len(), findings().len());
    let fingerprints: BTreeSet<_> = rows
        .iter()
        .map(|row| row["fingerprint"].to_string())
        .collect();
    assert_eq!(
        fingerprints.len(),
        rows.len(),
        "GitLab drops what has the fingerprint of another"
    );
}

#[test]
fn code_climate_issues_end_with_a_null_byte() {
    let text = printed("codeclimate");
    let issues: Vec<&str> = text.split_terminator('\0').collect();
    assert!(text.ends_with('\0'));
    assert_eq!(issues.len(), findings().len());
    for issue in issues {
        assert_valid("codeclimate-issue.json", &json(issue));
    }
}

#[test]
fn sonarqube_issues_follow_the_documentation() {
    let report = json(&printed("sonarqube"));
    assert_valid("sonarqube-generic-issues.json", &report);
    let rules: BTreeSet<_> = report["rules"]
        .as_array()
        .expect("it has rules")
        .iter()
        .map(|rule| rule["id"].to_string())
        .collect();
    let issues = report["issues"].as_array().expect("it has issues");
    assert_eq!(issues.len(), findings().len());
    for issue in issues {
        assert!(rules.contains(&issue["ruleId"].to_string()), "{issue}");
        let range = &issue["primaryLocation"]["textRange"];
        let place = |line: &str, column: &str| (range[line].as_u64(), range[column].as_u64());
        let is_line = range.as_object().is_some_and(|range| range.len() == 1);
        assert!(
            is_line || place("startLine", "startColumn") < place("endLine", "endColumn"),
            "{issue}"
        );
    }
}

#[test]
fn each_line_of_jsonl_is_a_row_of_json() {
    let lines: Vec<Value> = printed("jsonl").lines().map(json).collect();
    assert_eq!(lines, findings());
}

#[test]
fn no_message_can_end_a_github_annotation_early() {
    let text = printed("github");
    assert_eq!(text.lines().count(), findings().len());
    for line in text.lines() {
        let (command, message) = line
            .strip_prefix("::")
            .and_then(|rest| rest.split_once("::"))
            .expect("it is a command");
        let (level, properties) = command.split_once(' ').expect("it has properties");
        assert!(
            ["error", "warning", "notice"].contains(&level) && !message.is_empty(),
            "{line}"
        );
        let names: Vec<&str> = properties
            .split(',')
            .filter_map(|pair| pair.split('=').next())
            .collect();
        assert_eq!(names[..4], ["file", "line", "endLine", "col"], "{line}");
    }
    assert!(
        text.contains("file=a b/ü&\"<%2C%3A%25.Dockerfile,"),
        "{text}"
    );
}

#[test]
fn a_compact_line_has_position_level_message_and_rule() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::write(
        folder.path().join("Dockerfile"),
        "FROM debian:12\nRUN true && \\\n sudo ls\nUSER 1\n",
    )
    .expect("it can be written");
    let line = |format: &str| {
        let mut command = jettison(folder.path());
        let output = command
            .args(["lint", "--select", "sudo", "--format", format])
            .output()
            .expect("it starts");
        String::from_utf8(output.stdout).expect("reports are UTF-8")
    };
    assert_eq!(
        line("compact"),
        "Dockerfile:3:2: warning: `sudo` is used in the build [sudo]\n"
    );
    assert_eq!(
        line("tty"),
        "Dockerfile:2 DL3004 warning: `sudo` is used in the build\n"
    );
}

/// The elements of a document with their attributes, as seen by a reader.
fn elements(text: &str) -> Vec<(String, Vec<(String, String)>)> {
    let read = |element: &BytesStart<'_>| {
        let attributes = element.attributes().map(|attribute| {
            let attribute = attribute.expect("attributes are well formed");
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .expect("values are text")
                .into_owned();
            (attribute.key.as_ref().to_owned(), value)
        });
        (element.name().as_ref().to_owned(), attributes.collect())
    };
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut elements = Vec::new();
    loop {
        match reader.read_event().expect("the document is well formed") {
            Event::Start(element) | Event::Empty(element) => elements.push(read(&element)),
            Event::Eof => return elements,
            _ => {}
        }
    }
}

fn value<'a>(attributes: &'a [(String, String)], name: &str) -> &'a str {
    attributes
        .iter()
        .find(|(key, _)| key == name)
        .map_or("", |(_, value)| value)
}

#[test]
fn the_checkstyle_report_lists_every_file_and_finding() {
    let elements = elements(&printed("checkstyle"));
    let all = |name: &str| {
        elements
            .iter()
            .filter(|(element, _)| element == name)
            .map(|(_, attributes)| attributes)
            .collect::<Vec<_>>()
    };
    let (files, errors) = (all("file"), all("error"));
    assert_eq!(
        files
            .iter()
            .map(|file| value(file, "name"))
            .collect::<Vec<_>>(),
        [
            "Dockerfile",
            "a b/ü&\"<,:%.Dockerfile",
            "clean.Dockerfile",
            "empty.Dockerfile"
        ]
    );
    let findings = findings();
    assert_eq!(errors.len(), findings.len());
    for (error, finding) in errors.iter().zip(&findings) {
        assert_eq!(value(error, "line"), finding["line"].to_string());
        assert!(["error", "warning", "info"].contains(&value(error, "severity")));
    }
}

#[test]
fn junit_totals_match_the_listed_test_cases() {
    let elements = elements(&printed("junit"));
    let count = |name: &str| {
        elements
            .iter()
            .filter(|(element, _)| element == name)
            .count()
    };
    let (_, suites) = &elements[0];
    assert_eq!(value(suites, "tests"), count("testcase").to_string());
    assert_eq!(value(suites, "failures"), count("failure").to_string());
    assert_eq!(count("failure"), findings().len());
    assert_eq!(count("testsuite"), 4);
}

#[test]
fn one_run_writes_several_reports_and_is_reproducible() {
    let folder = project();
    let lint = || {
        let mut command = jettison(folder.path());
        command.args([
            "lint",
            "--format",
            "compact,sarif=out.sarif",
            "--format",
            "junit=out/junit.xml",
        ]);
        command.output().expect("the program starts")
    };
    let refused = lint();
    assert_eq!(refused.status.code(), Some(2), "there is no such folder");
    assert!(
        String::from_utf8_lossy(&refused.stderr)
            .starts_with("error: cannot write `out/junit.xml`: ")
    );
    fs::create_dir(folder.path().join("out")).expect("a folder can be made");
    let first = lint();
    let files = || {
        ["out.sarif", "out/junit.xml"]
            .map(|name| fs::read(folder.path().join(name)).expect("it is written"))
    };
    let written = files();
    assert_eq!(first.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&first.stdout).starts_with("Dockerfile:1:"));
    assert_eq!((lint().stdout, files()), (first.stdout, written));
    let names = fs::read_dir(folder.path().join("out"))
        .expect("it can be read")
        .count();
    assert_eq!(names, 1, "nothing is left beside the report");
}

#[test]
fn formats_can_be_set_in_the_configuration_and_the_environment() {
    let folder = project();
    fs::write(
        folder.path().join("ours.toml"),
        "format = ['compact', 'jsonl=rows']\n",
    )
    .expect("it can be written");
    let output = jettison(folder.path())
        .args(["lint", "--config", "ours.toml"])
        .output()
        .expect("the program starts");
    let rows = fs::read_to_string(folder.path().join("rows")).expect("it is written");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).lines().count(),
        rows.lines().count()
    );
    let output = jettison(folder.path())
        .arg("lint")
        .env("JETTISON_FORMAT", "tty")
        .output()
        .expect("it starts");
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("Dockerfile:1 "));
    let output = jettison(folder.path())
        .args(["lint", "--output", "text"])
        .env("JETTISON_FORMAT", "tty")
        .output();
    assert_eq!(output.expect("it starts").stdout, b"");
    assert!(
        fs::read_to_string(folder.path().join("text"))
            .is_ok_and(|text| text.starts_with("Dockerfile:1 "))
    );
}
