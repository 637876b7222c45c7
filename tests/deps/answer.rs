//! The results of a loader and of jettison for a program, in a common form.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// A line each: the path of a mapped file, `name => not found`, `version V of LIBRARY for OBJECT`,
/// `symbol S for OBJECT`; or `refused` alone, where the loader gives up at a file.
pub(crate) type Answer = BTreeSet<String>;

/// The settings for both.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Question<'a> {
    pub(crate) library_path: &'a str,
    pub(crate) symbols: bool,
}

pub(crate) fn jettison(arguments: &[&str]) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_jettison"))
        .arg("deps")
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        matches!(output.status.code(), Some(0 | 1)),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// jettison's result for a program below a root directory.
pub(crate) fn ours(root: &str, program: &str, question: Question<'_>) -> Answer {
    let image = format!("rootfs:{root}");
    let library_path = format!("--env=LD_LIBRARY_PATH={}", question.library_path);
    let mut arguments = vec![&image, program, "--format=json", &library_path];
    if question.symbols {
        arguments.push("--symbols");
    }
    answer_of(&jettison(&arguments)[0])
}

/// The result in a row of jettison's JSON.
pub(crate) fn answer_of(row: &Value) -> Answer {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = |field: &str| row[field].as_array().cloned().unwrap_or_default();
    let refused = |need: &Value| need["refused"].is_string();
    if list("needs").iter().chain(&list("missing")).any(refused) {
        return Answer::from(["refused".to_owned()]);
    }
    // The loader itself is only listed if a library needs it.
    let is_loader = |path: &String| Some(path.as_str()) == row["loader"].as_str();
    let mut answer: Answer = list("objects")
        .iter()
        .skip(1)
        .map(text)
        .filter(|path| !is_loader(path))
        .collect();
    answer.extend(
        list("missing")
            .iter()
            .map(|missing| format!("{} => not found", text(&missing["name"]))),
    );
    answer.extend(list("versions").iter().map(|unmet| {
        format!(
            "version {} of {} for {}",
            text(&unmet["version"]),
            text(&unmet["library"]),
            text(&unmet["by"])
        )
    }));
    let symbol = |unmet: &Value| {
        format!(
            "symbol {} for {}",
            text(&unmet["symbol"]),
            text(&unmet["by"])
        )
    };
    answer.extend(list("symbols").iter().map(symbol));
    answer
}

/// The result of the kernel and glibc's loader when the program is started for tracing, as in
/// `ldd`.
pub(crate) fn traced(program: &Path, question: Question<'_>) -> Answer {
    let mut command = Command::new(program);
    command
        .current_dir("/")
        .env_clear()
        .env("LD_TRACE_LOADED_OBJECTS", "1");
    if !question.library_path.is_empty() {
        command.env("LD_LIBRARY_PATH", question.library_path);
    }
    if question.symbols {
        command.env("LD_WARN", "1").env("LD_BIND_NOW", "1");
    }
    parse(&command.output().unwrap())
}

/// The list printed by a loader that is started itself, in a root directory.
pub(crate) fn listed(root: &str, loader: &str, program: &str, library_path: &str) -> Answer {
    let mut command = Command::new("chroot");
    command
        .args([root, loader, "--list", program])
        .current_dir("/");
    command
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    if !library_path.is_empty() {
        command.env("LD_LIBRARY_PATH", library_path);
    }
    parse(&command.output().unwrap())
}

fn parse(output: &std::process::Output) -> Answer {
    let listing = String::from_utf8(output.stdout.clone()).unwrap();
    let errors = String::from_utf8(output.stderr.clone()).unwrap();
    let all = || listing.lines().chain(errors.lines()).map(str::trim);
    let mut answer = Answer::new();
    for line in all() {
        if let Some(problem) = line
            .split_once(": error while loading shared libraries: ")
            .map(|(_, problem)| problem)
        {
            if !problem.contains("cannot open shared object file: No such file") {
                return Answer::from(["refused".to_owned()]);
            }
        } else if let Some(line) = line.strip_prefix("Error loading shared library ") {
            // musl reports missing files, and files that it does not accept.
            let (name, problem) = line.split_once(": ").unwrap();
            if !problem.starts_with("No such file") {
                return Answer::from(["refused".to_owned()]);
            }
            answer.insert(format!("{name} => not found"));
        } else if let Some((library, rest)) = line.split_once(": version `") {
            let library = library.rsplit(": ").next().unwrap();
            let (version, rest) = rest.split_once("' not found (required by ").unwrap();
            answer.insert(format!(
                "version {version} of {library} for {}",
                rest.trim_end_matches(')')
            ));
        } else if let Some(rest) = line.strip_prefix("undefined symbol: ") {
            let (symbol, object) = rest.split_once('\t').unwrap();
            answer.insert(format!(
                "symbol {symbol} for {}",
                object.trim_matches(['(', ')'])
            ));
        } else if line.ends_with("not found") {
            answer.insert(line.to_owned());
        } else if line.contains(" (0x") && !line.starts_with("linux-vdso") {
            let path = line
                .split(" => ")
                .last()
                .unwrap()
                .split(" (0x")
                .next()
                .unwrap();
            if !path.contains("/ld-") {
                answer.insert(path.to_owned());
            }
        }
    }
    answer
}
