//! `jettison frontend`, with a BuildKit that is played by the test.

mod gateway;
mod protocol;

use std::collections::BTreeMap;

use jettison::frontend::graph::Graph;
use jettison::frontend::messages::{Any, BuildResult, Reference};
use prost::Message as _;
use serde_json::{Value, json};

use gateway::{Fake, Session};

const DOCKERFILE: &str = "FROM debian:bookworm\nRUN apt-get update\nRUN cd /srv && ls\n";

fn messages(session: &Session) -> Vec<String> {
    let short = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    session.warnings.iter().map(|it| short(&it.short)).collect()
}

fn rules(session: &Session) -> Vec<String> {
    let messages = messages(session);
    let rule = |message: &String| message.split(':').next().unwrap().to_owned();
    messages.iter().map(rule).collect()
}

#[test]
fn a_build_is_forwarded_with_its_options_and_inputs() {
    let mut fake = Fake::new(DOCKERFILE);
    fake.option("target", "app");
    fake.option("build-arg:A", "b=c");
    fake.option("no-cache", "");
    fake.inputs.insert("other".to_owned(), vec![10, 1, 0]);
    let session = fake.run();
    assert!(session.is_success(), "{}", session.stderr);
    let forwarded = session.builds.last().unwrap();
    assert_eq!(forwarded.frontend, "dockerfile.v0");
    assert_eq!(forwarded.frontend_options, fake.options);
    assert_eq!(forwarded.frontend_inputs, fake.inputs);
    assert_eq!(session.result(), &fake.result);
}

#[test]
fn findings_become_warnings_with_their_lines() {
    let session = Fake::new(DOCKERFILE).run();
    assert!(session.is_success(), "{}", session.stderr);
    let update = session
        .warnings
        .iter()
        .find(|it| it.short.starts_with(b"update-alone: "))
        .expect("`apt-get update` is reported");
    assert!(update.short.ends_with(b" (line 2)"));
    let range = update.ranges[0];
    assert_eq!((range.start.line, range.end.line), (2, 2));
    assert!(update.url.ends_with("/update-alone.md"), "{}", update.url);
    let info = update.info.as_ref().unwrap();
    assert_eq!(info.filename, "Dockerfile");
    assert_eq!(info.data, DOCKERFILE.as_bytes());
    // Clients show a warning below the step that its digest names.
    let graph = Graph::decode(info.definition.as_ref().unwrap()).unwrap();
    assert_eq!(update.digest, graph.vertex());
    assert!(session.solved("local://dockerfile"));
}

#[test]
fn an_engine_without_warnings_is_not_sent_any() {
    let mut fake = Fake::new(DOCKERFILE);
    fake.capabilities.retain(|name| *name != "gateway.warnings");
    let session = fake.run();
    assert!(session.is_success() && session.warnings.is_empty());
}

#[test]
fn control_characters_of_a_dockerfile_do_not_reach_the_terminal() {
    let session = Fake::new("FROM a\u{1b}]0;x\u{7}:latest\n").run();
    assert!(!session.warnings.is_empty());
    for message in messages(&session) {
        assert!(!message.contains(['\u{1b}', '\u{7}']), "{message:?}");
    }
}

#[test]
fn the_configuration_of_the_context_applies() {
    let mut fake = Fake::new(DOCKERFILE);
    fake.file("context", ".jettison.toml", "select = ['cd-in-run']\n");
    assert_eq!(rules(&fake.run()), ["cd-in-run"]);
    // The file beside the Dockerfile is nearer.
    fake.file(
        "dockerfile",
        ".jettison.toml",
        "select = ['update-alone']\n",
    );
    assert_eq!(rules(&fake.run()), ["update-alone"]);
}

#[test]
fn build_arguments_select_rules() {
    let mut fake = Fake::new(DOCKERFILE);
    fake.option("build-arg:JETTISON_SELECT", "cd-in-run,update-alone");
    fake.option("build-arg:JETTISON_IGNORE", "update-alone");
    assert_eq!(rules(&fake.run()), ["cd-in-run"]);
}

#[test]
fn the_ignore_file_of_the_dockerfile_precedes_that_of_the_context() {
    let mut fake = Fake::new("FROM scratch\nCOPY a /\nCOPY b /\n");
    fake.option("build-arg:JETTISON_SELECT", "copy-of-ignored-file");
    fake.file("context", ".dockerignore", "a\n");
    let lines = |session: &Session| {
        let ranges = session.warnings.iter().map(|it| it.ranges[0].start.line);
        ranges.collect::<Vec<_>>()
    };
    assert_eq!(lines(&fake.run()), [2]);
    fake.file("dockerfile", "Dockerfile.dockerignore", "b\n");
    assert_eq!(lines(&fake.run()), [3]);
}

#[test]
fn a_configuration_with_an_error_ends_the_build_with_its_place() {
    let mut fake = Fake::new(DOCKERFILE);
    for (text, reason) in [
        ("selct = []\n", "`.jettison.toml`, line 1, column 1: "),
        ("select = [", "`.jettison.toml`, line 1"),
        (
            "format = ['sarif=/tmp/x']\n",
            "only a file passed with `--config`",
        ),
    ] {
        fake.file("context", ".jettison.toml", text);
        let session = fake.run();
        let error = session.error();
        assert!(error.message.contains(reason), "{}", error.message);
        // Nothing was built.
        assert!(session.builds.is_empty());
    }
}

#[test]
fn findings_at_the_threshold_end_the_build_with_their_lines() {
    let mut fake = Fake::new(DOCKERFILE);
    fake.option("build-arg:JETTISON_FAIL_ON", "warning");
    let session = fake.run();
    assert_eq!(session.code, Some(1));
    let error = session.error();
    assert!(
        error.message.starts_with("jettison: ")
            && error
                .message
                .contains(" of severity `warning` or higher\nDockerfile:")
            && error.message.contains("\nDockerfile:2: update-alone: "),
        "{}",
        error.message
    );
    let detail = Any::decode(error.details[0].as_slice()).unwrap();
    assert_eq!(
        detail.type_url,
        "github.com/moby/buildkit/errdefs.Source+json"
    );
    let detail: Value = serde_json::from_slice(&detail.value).unwrap();
    assert_eq!(detail["info"]["filename"], "Dockerfile");
    assert!(detail["ranges"][0]["start"]["line"].is_number());
    assert!(session.builds.is_empty(), "nothing was built");
    // The file sets the same threshold, and the argument takes precedence.
    fake.options.clear();
    fake.file("context", ".jettison.toml", "fail-on = 'warning'\n");
    assert!(!fake.run().is_success());
    fake.option("build-arg:JETTISON_FAIL_ON", "none");
    assert!(fake.run().is_success());
}

#[test]
fn wrong_build_arguments_end_the_build() {
    for (name, value) in [
        ("JETTISON", "yes"),
        ("JETTISON_FAIL_ON", "high"),
        ("JETTISON_SLIM_OPTIONS", "--kepp /x"),
    ] {
        let mut fake = Fake::new(DOCKERFILE);
        fake.option(&format!("build-arg:{name}"), value);
        let session = fake.run();
        let message = &session.error().message;
        assert!(
            message.starts_with(&format!("jettison: build argument `{name}`: ")),
            "{message}"
        );
    }
}

#[test]
fn a_build_without_jettison_is_only_forwarded() {
    let mut fake = Fake::new(DOCKERFILE);
    fake.option("build-arg:JETTISON", "off");
    let session = fake.run();
    assert_eq!(session.methods, ["Ping", "Inputs", "Solve", "Return"]);
}

/// BuildKit's answer to `docker build --check`.
fn upstream_check(rule: &str, line: i32) -> BuildResult {
    let range = json!({"start": {"line": line}, "end": {"line": line}});
    let results = json!({
        "warnings": [{
            "ruleName": rule,
            "description": "from upstream",
            "url": "https://docs.docker.com/go/x/",
            "detail": "their text",
            "location": {"ranges": [range]},
        }],
        "sources": [{"filename": "Dockerfile", "data": gateway::base64(DOCKERFILE)}],
    });
    let mut result = BuildResult {
        reference: Some(Reference::default()),
        ..BuildResult::default()
    };
    for (key, value) in [
        ("result.json", results.to_string()),
        ("result.statuscode", "1".to_owned()),
    ] {
        result.metadata.insert(key.to_owned(), value.into_bytes());
    }
    result
}

fn text<'s>(metadata: &'s BTreeMap<String, Vec<u8>>, key: &str) -> &'s str {
    std::str::from_utf8(&metadata[key]).unwrap()
}

#[test]
fn a_check_has_the_findings_of_both() {
    let mut fake = Fake::new(DOCKERFILE);
    fake.option("requestid", "frontend.lint");
    fake.option("build-arg:JETTISON_SELECT", "cd-in-run");
    fake.check = Some(upstream_check("StageNameCasing", 1));
    let session = fake.run();
    assert!(session.is_success(), "{}", session.stderr);
    let metadata = &session.result().metadata;
    assert_eq!(text(metadata, "result.statuscode"), "1");
    assert_eq!(text(metadata, "version"), "1.0.0");
    let results: Value = serde_json::from_slice(&metadata["result.json"]).unwrap();
    let names: Vec<&str> = results["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| warning["ruleName"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["StageNameCasing", "cd-in-run"]);
    assert_eq!(results["sources"].as_array().unwrap().len(), 1);
    assert_eq!(
        results["warnings"][1]["location"]["ranges"][0]["start"]["line"],
        3
    );
    let shown = text(metadata, "result.txt");
    assert!(
        shown.contains("\nWARNING: StageNameCasing - https://docs.docker.com/go/x/\ntheir text\n")
            && shown.contains("\nWARNING: cd-in-run - ")
            && shown.contains("\nDockerfile:3\n--------------------\n")
            && shown.contains("   3 | >>> RUN cd /srv && ls\n"),
        "{shown}"
    );
    assert!(session.warnings.is_empty(), "they are in the answer");
}

#[test]
fn a_check_by_an_engine_that_has_none_has_findings_of_jettison() {
    let mut fake = Fake::new("FROM debian:latest\n");
    fake.option("requestid", "frontend.lint");
    for (select, status) in [("cd-in-run", "0"), ("latest-tag", "1")] {
        fake.option("build-arg:JETTISON_SELECT", select);
        let session = fake.run();
        assert!(session.is_success(), "{}", session.stderr);
        let metadata = &session.result().metadata;
        assert_eq!(text(metadata, "result.statuscode"), status, "{select}");
    }
}

#[test]
fn a_defect_that_buildkit_reports_is_left_to_it() {
    let mut fake = Fake::new("FROM scratch AS Build\nFROM scratch AS Other\n");
    fake.option("build-arg:JETTISON_SELECT", "stage-name-casing");
    assert_eq!(fake.run().warnings.len(), 2);
    fake.check = Some(upstream_check("StageNameCasing", 1));
    let session = fake.run();
    let lines: Vec<i32> = session
        .warnings
        .iter()
        .map(|it| it.ranges[0].start.line)
        .collect();
    assert_eq!(lines, [2]);
    // It still counts for the threshold, as on the command line.
    fake.option("build-arg:JETTISON_FAIL_ON", "style");
    let session = fake.run();
    let message = &session.error().message;
    assert!(
        message.starts_with("jettison: 2 findings of severity"),
        "{message}"
    );
}

#[test]
fn other_requests_are_passed_on() {
    for request in [
        "frontend.outline",
        "frontend.targets",
        "frontend.subrequests.describe",
        "x",
    ] {
        let mut fake = Fake::new(DOCKERFILE);
        fake.option("requestid", request);
        let session = fake.run();
        assert_eq!(session.methods, ["Ping", "Inputs", "Solve", "Return"]);
        assert_eq!(session.builds[0].frontend_options, fake.options);
    }
}

#[test]
fn errors_of_the_build_are_returned_as_they_came() {
    let mut fake = Fake::new(DOCKERFILE);
    fake.build_error = Some((3, "dockerfile parse error: ünknown", vec![vec![10, 1, 65]]));
    let session = fake.run();
    let error = session.error();
    assert_eq!(error.code, 3);
    assert_eq!(error.message, "dockerfile parse error: ünknown");
    assert_eq!(error.details, [vec![10, 1, 65]]);
}

#[test]
fn a_missing_dockerfile_is_reported_by_buildkit() {
    let mut fake = Fake::new(DOCKERFILE);
    fake.files.clear();
    let session = fake.run();
    assert!(session.is_success(), "the fake builds anything");
    assert!(session.warnings.is_empty());
    // `dockerfile` is accepted in place of `Dockerfile`.
    fake.file("dockerfile", "dockerfile", DOCKERFILE);
    assert!(!fake.run().warnings.is_empty());
}

#[test]
fn a_dockerfile_that_is_too_large_is_named() {
    let mut fake = Fake::new(&"#\n".repeat(600_000));
    let session = fake.run();
    assert!(session.is_success(), "{}", session.stderr);
    let messages = messages(&session);
    assert_eq!(
        messages,
        ["jettison: `Dockerfile` is not read: it is larger than 1 MiB"]
    );
    fake.file(
        "dockerfile",
        "Dockerfile",
        &format!("FROM a\n{}", "RUN cd /srv && ls\n".repeat(500)),
    );
    fake.option("build-arg:JETTISON_SELECT", "cd-in-run");
    let session = fake.run();
    assert_eq!(session.warnings.len(), 101);
    assert!(
        messages_end(&session).contains("400 more findings"),
        "{}",
        messages_end(&session)
    );
}

fn messages_end(session: &Session) -> String {
    messages(session).pop().unwrap()
}

#[test]
fn a_result_is_slimmed_by_one_more_step() {
    let mut fake = Fake::new(DOCKERFILE);
    fake.option("build-arg:JETTISON", "slim");
    fake.option("build-arg:JETTISON_SLIM_OPTIONS", "--keep /etc/app");
    fake.option("source", "jettison:1");
    fake.option(
        "cache-imports",
        r#"[{"Type":"registry","Attrs":{"ref":"x"}}]"#,
    );
    fake.file("context", ".jettison.toml", "[policy]\nmax-size = '1 MB'\n");
    let session = fake.run();
    assert!(session.is_success(), "{}", session.stderr);
    let step = session.graphs.last().unwrap();
    assert!(session.solved("docker-image://docker.io/library/jettison:1"));
    assert_eq!(step.cache_imports[0].attrs["ref"], "x");
    let bytes = String::from_utf8_lossy(step.definition.as_ref().unwrap()).into_owned();
    for part in [
        "rootfs:/in",
        "--output=rootfs:/out",
        "--config=/settings/config.json",
        "--keep",
        "/etc/app",
        "max-size = '1 MB'",
        r#"{"architecture":"amd64","os":"linux","config":{"Cmd":["/app"]}}"#,
        gateway::BUILT,
    ] {
        assert!(bytes.contains(part), "{part} in {bytes}");
    }
    let result = session.result();
    assert_eq!(result.reference.as_ref().unwrap().id, "graph");
    let metadata = &result.metadata;
    assert!(!metadata.contains_key("containerimage.base.config"));
    assert_eq!(
        metadata["refs.platforms"],
        fake.result.metadata["refs.platforms"]
    );
    let config: Value = serde_json::from_slice(&metadata["containerimage.config"]).unwrap();
    assert_eq!(config["config"]["Cmd"], json!(["/app"]));
    assert_eq!(config["rootfs"]["diff_ids"], json!([]));
    let history = config["history"].as_array().unwrap();
    // The only step with a layer is that of the slimming.
    let with_layer: Vec<&Value> = history
        .iter()
        .filter(|step| step["empty_layer"] != true)
        .collect();
    assert_eq!(with_layer.len(), 1);
    assert_eq!(with_layer[0]["created_by"], "jettison slim");
}

#[test]
fn keep_rules_that_the_configuration_names_are_beside_it_in_the_step() {
    for (place, directory) in [("context", "rules/keep"), ("dockerfile", "keep")] {
        let mut fake = Fake::new(DOCKERFILE);
        fake.option("build-arg:JETTISON", "slim");
        fake.option("source", "jettison:1");
        let text = format!("keep-rules = '{directory}'\n");
        fake.file(place, ".jettison.toml", &text);
        let session = fake.run();
        assert!(session.is_success(), "{}", session.stderr);
        assert!(session.solved(&format!("[\"{directory}\"]")), "{directory}");
        assert!(session.solved(&format!("{place}-jettison-keep-rules")));
    }
}

#[test]
fn the_configuration_can_ask_for_slimming_and_a_build_argument_decides() {
    let text = "[build]\nslim = true\nslim-options = ['--keep', '/etc/app']\n";
    for (argument, is_slimmed) in [(None, true), (Some("lint"), false), (Some("off"), false)] {
        let mut fake = Fake::new(DOCKERFILE);
        fake.option("source", "jettison:1");
        fake.option("build-arg:JETTISON_SLIM_OPTIONS", "--drop /x");
        if let Some(argument) = argument {
            fake.option("build-arg:JETTISON", argument);
        }
        fake.file("context", ".jettison.toml", text);
        let session = fake.run();
        assert!(session.is_success(), "{}", session.stderr);
        assert_eq!(session.solved("rootfs:/in"), is_slimmed, "{argument:?}");
        assert_eq!(session.solved("/etc/app"), is_slimmed, "{argument:?}");
    }
    let mut fake = Fake::new(DOCKERFILE);
    fake.option("source", "jettison:1");
    let text = "[build]\nslim = true\nslim-options = ['--kepp']\n";
    fake.file("context", ".jettison.toml", text);
    let message = fake.run().error().message.clone();
    assert!(
        message.contains("`slim-options` in `.jettison.toml`"),
        "{message}"
    );
    assert!(
        message.contains("unexpected argument '--kepp'"),
        "{message}"
    );
}

#[test]
fn each_platform_is_slimmed() {
    let mut fake = Fake::new(DOCKERFILE);
    fake.option("build-arg:JETTISON", "slim");
    fake.option("build-arg:JETTISON_IMAGE", "registry.example/jettison@sha256:0000000000000000000000000000000000000000000000000000000000000000");
    fake.result = gateway::result_of(&["linux/amd64", "linux/arm64"]);
    let session = fake.run();
    assert!(session.is_success(), "{}", session.stderr);
    let references = &session.result().references.as_ref().unwrap().references;
    assert_eq!(references.len(), 2);
    assert!(references.values().all(|reference| reference.id == "graph"));
    assert!(session.solved("docker-image://registry.example/jettison@sha256:0000"));
    for platform in references.keys() {
        let config = &session.result().metadata[&format!("containerimage.config/{platform}")];
        let config: Value = serde_json::from_slice(config).unwrap();
        assert_eq!(config["rootfs"]["diff_ids"], json!([]), "{platform}");
    }
}

#[test]
fn an_sbom_is_left_to_buildkit_if_the_result_is_slimmed() {
    let mut fake = Fake::new(DOCKERFILE);
    fake.option("source", "jettison:1");
    fake.option("attest:sbom", "generator=x");
    let attestation = ("linux/amd64".to_owned(), vec![10, 0]);
    fake.result.attestations.extend([attestation]);
    let session = fake.run();
    assert_eq!(session.result().attestations.len(), 1);
    assert!(
        session.builds[0]
            .frontend_options
            .contains_key("attest:sbom")
    );
    fake.option("build-arg:JETTISON", "slim");
    let session = fake.run();
    assert!(session.result().attestations.is_empty());
    assert!(
        !session.builds[0]
            .frontend_options
            .contains_key("attest:sbom")
    );
}

#[test]
fn results_that_cannot_be_slimmed_are_errors() {
    let slimming = || {
        let mut fake = Fake::new(DOCKERFILE);
        fake.option("build-arg:JETTISON", "slim");
        fake.option("source", "jettison:1");
        fake
    };
    let mut no_source = slimming();
    no_source.options.remove("source");
    let mut old = slimming();
    old.capabilities.retain(|name| *name != "reference.output");
    let mut no_definition = slimming();
    no_definition.result.reference.as_mut().unwrap().definition = None;
    let mut bad_definition = slimming();
    bad_definition.result.reference.as_mut().unwrap().definition = Some(vec![0xff]);
    let mut no_config = slimming();
    no_config.result.metadata.remove("containerimage.config");
    let mut bad_config = slimming();
    let config = bad_config.result.metadata.get_mut("containerimage.config");
    *config.unwrap() = b"{".to_vec();
    for (fake, reason) in [
        (no_source, "`JETTISON_IMAGE`"),
        (old, "too old to slim"),
        (no_definition, "does not tell how"),
        (bad_definition, "invalid build graph"),
        (no_config, "no image configuration"),
        (bad_config, "cannot parse the image configuration"),
    ] {
        let session = fake.run();
        let message = &session.error().message;
        assert!(message.contains(reason), "{message}");
    }
    // An image without files has nothing to slim.
    let mut empty = slimming();
    empty.result.reference = Some(Reference::default());
    assert!(empty.run().is_success());
}
