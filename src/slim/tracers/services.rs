//! What starts services from files: s6 and its overlay, supervisord, and package managers of Node
//! that run a script.

use serde_json::Value;

use crate::image::NameId;
use crate::slim::roots::keep_below;
use crate::slim::trace::Trace;
use crate::slim::why::Why;

use super::shebang::{self, file_name};
use super::shell;

pub(super) fn trace(trace: &mut Trace<'_>, name: NameId) {
    if !trace.is_file(name) {
        return;
    }
    match trace.tree().file_name(name) {
        b"init" | b"s6-svscan" | b"s6-overlay-suexec" => keep_services(trace, name),
        b"npm-cli.js" | b"yarn.js" | b"pnpm.cjs" => read_manifest(trace, name),
        b"supervisord.conf" => read_programs(trace, name),
        _ => {}
    }
    read_execline(trace, name);
    if is_supervised(&trace.tree().path(name)) {
        read_programs(trace, name);
    }
}

/// Where s6 and its overlay have their programs and the services they start.
const SERVICES: &[&str] = &[
    "/command",
    "/package/admin",
    "/etc/s6",
    "/etc/s6-init",
    "/etc/s6-overlay",
    "/etc/services.d",
    "/etc/cont-init.d",
    "/etc/cont-finish.d",
    "/etc/fix-attrs.d",
];

/// `/init` is anybody's name: it is the overlay's where the overlay's directories are.
fn keep_services(trace: &mut Trace<'_>, name: NameId) {
    let is_there = |path: &str| trace.tree().resolve(path.as_bytes()).is_ok();
    let path = trace.tree().path(name);
    if path == b"/init"
        && !(is_there("/etc/s6-overlay") || is_there("/package/admin") || is_there("/etc/s6"))
    {
        return;
    }
    for directory in SERVICES {
        let why = Why::Mention {
            word: (*directory).to_owned(),
            line: 1,
        };
        if let Some(entry) = trace.keep_path(directory.as_bytes(), Some(name), why.clone()) {
            keep_below(trace, entry, Some(name), &why);
        }
    }
}

/// Each word of an execline script may be a program: they start one another.
fn read_execline(trace: &mut Trace<'_>, name: NameId) {
    let path = trace.tree().path(name);
    let is_line =
        matches!(file_name(&path), b"up" | b"down") && path.starts_with(b"/etc/s6-overlay/");
    let Some(bytes) = trace
        .view
        .bytes(name)
        .filter(|bytes| is_line || bytes.starts_with(b"#!"))
    else {
        return;
    };
    let is_execline =
        shebang::parse(&bytes).is_some_and(|shebang| shebang.program_name() == b"execlineb");
    if !is_execline && !is_line {
        return;
    }
    let text = String::from_utf8_lossy(&bytes);
    for (number, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with('#'))
    {
        let is_blank = |char: char| char.is_whitespace() || matches!(char, '{' | '}' | '"');
        for word in line
            .split(is_blank)
            .filter(|word| !word.is_empty() && !word.starts_with('-'))
        {
            keep_word(trace, name, word, number + 1);
        }
    }
}

fn keep_word(trace: &mut Trace<'_>, name: NameId, word: &str, line: usize) {
    if let Some(path) = trace.programs.find(trace.view, word.as_bytes()) {
        trace.keep_path(
            &path,
            Some(name),
            Why::Command {
                word: word.to_owned(),
                line,
            },
        );
    } else if word.starts_with('/') && word.len() > 1 {
        trace.keep_path(
            word.as_bytes(),
            Some(name),
            Why::Mention {
                word: word.to_owned(),
                line,
            },
        );
    }
}

fn is_supervised(path: &[u8]) -> bool {
    path.starts_with(b"/etc/supervisor") && (path.ends_with(b".conf") || path.ends_with(b".ini"))
}

/// `command=` of a supervisord program, and the files that `files=` includes.
fn read_programs(trace: &mut Trace<'_>, name: NameId) {
    let Some(bytes) = trace.view.bytes(name).map(|bytes| bytes.to_vec()) else {
        return;
    };
    let text = String::from_utf8_lossy(&bytes);
    for (number, line) in text.lines().enumerate() {
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        match key.trim() {
            "command" => shell::keep_text_of(trace, name, number + 1, &value.replace("%(", "$(")),
            "files" => {
                for pattern in value.split_whitespace() {
                    let base = trace.tree().path(trace.tree().parent(name));
                    let base = String::from_utf8_lossy(&base).into_owned();
                    let pattern = if pattern.starts_with('/') {
                        pattern.to_owned()
                    } else {
                        format!("{base}/{pattern}")
                    };
                    for file in shell::globs::matches(trace.tree(), &pattern) {
                        let why = Why::Include {
                            word: pattern.clone(),
                            line: number + 1,
                        };
                        trace.graph.keep(file, Some(name), why);
                        if trace.is_file(file) && !is_supervised(&trace.tree().path(file)) {
                            read_programs(trace, file);
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

/// `npm start` has a shell run what the `package.json` of the working directory says.
fn read_manifest(trace: &mut Trace<'_>, name: NameId) {
    let config = &trace.view.image.config;
    let path = [config.working_dir().as_bytes(), b"/package.json"].concat();
    let words: Vec<String> = config
        .entrypoint()
        .iter()
        .chain(&config.cmd())
        .map(|word| (*word).to_owned())
        .collect();
    let why = Why::Mention {
        word: "package.json".to_owned(),
        line: 1,
    };
    let Some(manifest) = trace.keep_path(&path, Some(name), why) else {
        return;
    };
    trace.keep_path(
        b"/bin/sh",
        Some(name),
        Why::Command {
            word: "sh".to_owned(),
            line: 1,
        },
    );
    let bytes = trace.view.bytes(manifest);
    let Some(Ok(value)) = bytes.map(|bytes| serde_json::from_slice::<Value>(&bytes)) else {
        return;
    };
    let Some(scripts) = value.get("scripts").and_then(Value::as_object) else {
        return;
    };
    for (script, text) in scripts {
        let base = script
            .strip_prefix("pre")
            .or_else(|| script.strip_prefix("post"))
            .unwrap_or(script);
        let is_run = |name: &str| {
            name == "start"
                || words
                    .iter()
                    .any(|word| word.split_whitespace().any(|word| word == name))
        };
        if let Some(text) = text.as_str().filter(|_| is_run(script) || is_run(base)) {
            shell::keep_text_of(trace, manifest, 1, text);
        }
    }
}
