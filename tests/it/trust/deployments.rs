//! Deployments of a repository name no files of others, and what they repeat is counted.

use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

use jettison::deployment::{self, Deployment, Files, Kind, NoFiles, Unreadable};
use jettison::source::Source;

use super::ground::Ground;
use crate::cpu_time;

#[test]
fn a_deployment_names_no_file_of_another_repository() {
    for (name, text) in [
        ("compose.yaml", "services: {a: {build: ../outside}}\n"),
        ("compose.yaml", "services: {a: {build: TOP/outside}}\n"),
        (
            "compose.yaml",
            "services: {a: {build: {context: ., dockerfile: ../outside/Dockerfile}}}\n",
        ),
        (
            "compose.yaml",
            "services: {a: {build: {context: TOP/repo, dockerfile: TOP/outside/Dockerfile}}}\n",
        ),
        (
            "compose.yaml",
            "services: {a: {build: {context: ../outside, dockerfile_inline: \"FROM scratch\\nCOPY . /\\n\"}}}\n",
        ),
        (
            "compose.yaml",
            "services: {a: {extends: {file: ../outside/compose.yaml, service: private}}}\n",
        ),
        (
            "compose.yaml",
            "include: [{path: ../outside/compose.yaml}]\n",
        ),
        (
            "compose.yaml",
            "include: [{path: ok.yaml, env_file: ../outside/.env}]\n",
        ),
        (
            "docker-bake.hcl",
            "target \"a\" {\n  context = \"../outside\"\n}\n",
        ),
        (
            "compose.yaml",
            "services: {a: {build: {context: ., dockerfile: .env}}}\n",
        ),
        (
            "docker-bake.json",
            "{\"target\": {\"a\": {\"dockerfile\": \"../outside/Dockerfile\"}}}\n",
        ),
    ] {
        for is_repository in [true, false] {
            let ground = Ground::new();
            if is_repository {
                ground.write("outside/.git/HEAD", "ref: refs/heads/main\n");
            }
            ground.write(
                "outside/Dockerfile",
                "FROM private:1\nADD a /a\nUSER root\n",
            );
            ground.write(
                "outside/compose.yaml",
                "services: {private: {image: private, privileged: true}}\n",
            );
            ground.write("outside/.dockerignore", "private\n".repeat(3).as_str());
            ground.write("outside/.env", "IMAGE=private\n");
            ground.write("repo/.env", "FROM private:1\nADD a /a\nUSER root\n");
            ground.write("repo/ok.yaml", "services: {b: {image: $IMAGE}}\n");
            let text = text.replace("TOP", &ground.top.display().to_string());
            ground.write(&format!("repo/{name}"), &text);
            let before = ground.snapshot();
            for arguments in [
                &["."][..],
                &[name],
                &[".", "--fix", "--unsafe-fixes", "--select", "DL3020"],
                &[".", "--diff", "--unsafe-fixes"],
            ] {
                let arguments = [&["--format", "json", "--select", "all"], arguments].concat();
                let run = ground.lint(&arguments);
                for leaked in ["private:1", "ADD a", "\"private\"", "image: private"] {
                    assert!(
                        !run.out.contains(leaked),
                        "{text} {arguments:?}: {}",
                        run.out
                    );
                    assert!(
                        !run.err.contains(leaked),
                        "{text} {arguments:?}: {}",
                        run.err
                    );
                }
                let after = ground.snapshot();
                for (path, content) in &before {
                    let is_outside = path.starts_with(ground.path("outside"));
                    assert!(!is_outside || after[path] == *content, "{text}");
                }
            }
        }
    }
}

#[test]
fn a_deployment_names_files_of_its_own_repository() {
    let ground = Ground::new();
    ground.write(
        "repo/deploy/compose.yaml",
        "services: {a: {build: ../app}}\n",
    );
    ground.write(
        "repo/app/Dockerfile",
        "FROM debian:12\nADD a /a\nUSER root\n",
    );
    let run = ground.lint(&["--format", "compact", "--select", "DL3020", "deploy"]);
    assert!(
        run.out.contains("app/Dockerfile:2"),
        "{}{}",
        run.out,
        run.err
    );
}

fn read(kind: Kind, text: &str) -> Deployment {
    deployment::read(kind, Source::new("x", text), &NoFiles)
}

/// A list with an entry for each number.
fn many(count: usize, entry: impl Fn(usize) -> String) -> String {
    (0..count).map(entry).collect()
}

#[test]
fn what_a_deployment_repeats_is_limited_and_the_limit_is_reported() {
    let long = "x".repeat(60_000);
    let list = "- a\n".repeat(110_000);
    for (kind, text) in [
        // A long text that aliases repeat.
        (
            Kind::Compose,
            format!("x-a: &a {long}\nx-b: [{}]\n", "*a, ".repeat(2_000)),
        ),
        (
            Kind::Kubernetes,
            format!("kind: Pod\na: &a {long}\nb: [{}]\n", "*a, ".repeat(2_000)),
        ),
        // A default that variables repeat.
        (
            Kind::Compose,
            format!(
                "services: {{a: {{command: [{}]}}}}\n",
                format!("\"${{A:-{long}}}\", ").repeat(2_000)
            ),
        ),
        // A service that is left out because of the values beside it.
        (
            Kind::Compose,
            format!("services: {{a: {{image: b, privileged: true}}}}\nx-c:\n{list}"),
        ),
        (
            Kind::Compose,
            format!(
                "x-c: &c [{}]\nservices:\n  b: {{image: b, x-c: *c}}\n{}",
                "a, ".repeat(5_000),
                many(100, |at| format!("  s{at}: {{extends: b}}\n"))
            ),
        ),
    ] {
        let deployment = read(kind, &text);
        let is_reported = deployment
            .problems
            .iter()
            .any(|problem| problem.message.contains("too many values"));
        assert!(is_reported, "{}", &text[..40]);
    }
}

#[test]
fn names_that_do_not_exist_are_compared_with_few_others() {
    let text = many(3_000, |at| {
        format!("  a{at}: {{image: a, extends: b{at}}}\n")
    });
    let deployment = read(Kind::Compose, &format!("services:\n{text}"));
    assert_eq!(deployment.problems.len(), 3_000);
    let suggestions = deployment.problems.iter();
    let suggestions = suggestions.filter(|problem| problem.message.contains("did you mean"));
    assert_eq!(suggestions.count(), 100);
}

/// Counts how often a file of variables is read.
struct Counted(Cell<usize>);

impl Files for Counted {
    fn read(&self, path: &Path) -> Result<Source, Unreadable> {
        if path.to_string_lossy().contains("env") {
            self.0.set(self.0.get() + 1);
            return Ok(Source::new(path.to_string_lossy(), "A=b\n"));
        }
        Ok(Source::new(
            path.to_string_lossy(),
            "services: {a: {image: $A}}\n",
        ))
    }
}

#[test]
fn each_file_of_variables_is_read_once() {
    let files = Counted(Cell::new(0));
    let text = "- {path: b.yaml, env_file: c.env}\n".repeat(300)
        + &many(300, |at| {
            format!("- {{path: b.yaml, env_file: {at}.env}}\n")
        });
    let source = Source::new("x/compose.yaml", format!("include:\n{text}"));
    let deployment = deployment::read(Kind::Compose, source, &files);
    assert_eq!(deployment.pods.len(), 1);
    assert!(files.0.get() <= 64, "{}", files.0.get());
}

/// One file beside a Compose file, and how often it is read.
struct Other {
    text: Result<String, Unreadable>,
    reads: Cell<usize>,
}

impl Files for Other {
    fn read(&self, path: &Path) -> Result<Source, Unreadable> {
        if path.file_name().is_none_or(|name| name != "b.yaml") {
            return Err(Unreadable::Missing);
        }
        self.reads.set(self.reads.get() + 1);
        let text = self.text.clone()?;
        Ok(Source::new(path.to_string_lossy(), text))
    }
}

#[test]
fn what_does_not_fit_is_neither_read_nor_walked_again() {
    let values = "1, ".repeat(90_000);
    let include = format!("include: [{}]\n", "b.yaml, ".repeat(20_000));
    let extends = format!(
        "x: &x {{extends: {{file: b.yaml, service: a}}}}\nservices:\n{}",
        many(5_000, |at| format!("  a{at}: *x\n"))
    );
    let same = format!(
        "services:\n  b: {{x: [{values}]}}\n{}",
        many(20_000, |at| format!("  s{at}: {{extends: b}}\n"))
    );
    let refused = Err(Unreadable::Refused("it is too large".to_owned()));
    let large = Ok(format!("services: {{a: {{image: a}}}}\nx: [{values}]\n"));
    for (text, other) in [
        (&include, &refused),
        (&include, &large),
        (&include, &Err(Unreadable::Missing)),
        (&extends, &refused),
        (&extends, &large),
        (&same, &refused),
    ] {
        let files = Other {
            text: other.clone(),
            reads: Cell::new(0),
        };
        let source = Source::new("compose.yaml", text.as_str());
        let taken = cpu_time::of(|| {
            deployment::read(Kind::Compose, source, &files);
        });
        assert!(taken < Duration::from_secs(8), "{taken:?} {}", &text[..20]);
        assert!(
            files.reads.get() <= 1,
            "{} {}",
            files.reads.get(),
            &text[..20]
        );
    }
    let bake = format!(
        "target \"t\" {{\n  inherits = [{}]\n}}\ntarget \"b\" {{\n  x = [{}]\n}}\n",
        "\"b\",".repeat(20_000),
        "\"\",".repeat(40_000)
    );
    let source = Source::new("docker-bake.hcl", bake);
    let taken = cpu_time::of(|| {
        deployment::read(Kind::Bake, source, &NoFiles);
    });
    assert!(taken < Duration::from_secs(8), "{taken:?}");
}

#[test]
fn files_with_too_many_documents_or_bytes_are_reported() {
    let documents = many(2_000, |at| format!("--- {{a{at}: 1}}\n"));
    let text = format!("services: {{a: {{image: a}}}}\n{documents}");
    let deployment = read(Kind::Compose, &text);
    assert_eq!(deployment.pods.len(), 1);
    let message = &deployment.problems[0].message;
    assert!(message.contains("more than 64 documents"), "{message}");
    let deployment = read(Kind::Bake, &format!("a = [{}]\n", "[],".repeat(100_000)));
    let message = &deployment.problems[0].message;
    assert!(message.contains("larger than 256 KiB"), "{message}");
}

#[test]
fn containers_that_aliases_repeat_are_limited() {
    let empty = "{}, ".repeat(2_000);
    let documents = "---\nkind: Pod\nspec: {containers: *c}\n".repeat(20);
    let first = format!("kind: Pod\nspec: {{containers: &c [{empty}]}}\n");
    let list = many(20, |_| "- {kind: Pod, spec: {containers: *c}}\n".to_owned());
    let listed = format!("kind: List\nx: &c [{empty}]\nitems:\n{list}");
    let services = format!(
        "services:\n{}",
        many(9_000, |at| format!("  s{at}: {{}}\n"))
    );
    assert!(read(Kind::Kubernetes, &(first + &documents)).problems.len() > 1);
    for (kind, text) in [(Kind::Kubernetes, listed), (Kind::Compose, services)] {
        let deployment = read(kind, &text);
        assert!(deployment.workloads().count() < 9_000);
        assert_eq!(deployment.problems.len(), 1, "{:?}", deployment.problems);
    }
}

#[test]
fn a_dockerfile_with_many_names_is_read_once() {
    let ground = Ground::new();
    ground.link(".", "repo/l");
    ground.link(".", "repo/m");
    let services = many(30, |at| {
        let path = if at % 2 == 0 { "l/" } else { "m/" }.repeat(at / 2 + 1);
        format!("  s{at}: {{build: {{context: ., dockerfile: {path}Dockerfile}}}}\n")
    });
    ground.write("repo/compose.yaml", &format!("services:\n{services}"));
    let run = ground.lint(&["--format", "compact", "--select", "DL3020", "compose.yaml"]);
    assert_eq!(run.out.lines().count(), 1, "{}{}", run.out, run.err);
}
