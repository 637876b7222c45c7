//! Tracer for programs that start services defined in files: init systems and service managers such
//! as s6, runit and OpenRC, supervisord, and Node package managers that run a script.

use std::collections::HashSet;

use serde_json::Value;

use crate::image::{Kind, NameId};
use crate::knowledge::{ProgramClass, ServiceManager, service_managers};
use crate::paths::file_name_bytes;
use crate::slim::keep::Keep;
use crate::slim::shebang;
use crate::slim::tracer::Tracer;
use crate::slim::why::Why;

use super::{launchers, shell};

/// Maximum number of service managers whose directories are kept; an image has one or two.
const MAX_MANAGERS: usize = 64;

#[derive(Default)]
pub(super) struct ServiceTracer {
    managers: usize,
}

impl Tracer for ServiceTracer {
    fn trace(&mut self, keep: &mut Keep<'_>, name: NameId) {
        // The name of a manager may be a symlink; `init` may point to BusyBox.
        for manager in service_managers(keep.tree().file_name(name)) {
            if self.managers < MAX_MANAGERS && is_manager(keep, name, manager) {
                self.managers += 1;
                keep_services(keep, name, manager);
            }
        }
        if !keep.is_file(name) {
            return;
        }
        match keep.tree().file_name(name) {
            // They run a script in the manifest, which contains the program.
            b"npm-cli.js" | b"yarn.js" | b"pnpm.cjs" => read_manifest(keep, name),
            b"supervisord.conf" => read_programs(keep, name),
            _ => {}
        }
        read_execline(keep, name);
        read_dependencies(keep, name);
        if is_supervised(&keep.tree().path(name)) {
            read_programs(keep, name);
        }
    }
}

/// Whether a program is started and really is the program that its name suggests.
fn is_manager(keep: &Keep<'_>, name: NameId, manager: &ServiceManager) -> bool {
    let tree = keep.tree();
    let mut there = manager.there.iter();
    let is_known = manager.is_named(tree.file_name(name))
        || there.any(|path| tree.resolve(path.as_bytes()).is_ok());
    is_known && keep.is_run(name)
}

/// Keeps the directories of a manager that finds its services without a reference in the
/// configuration.
fn keep_services(keep: &mut Keep<'_>, name: NameId, manager: &ServiceManager) {
    for directory in &manager.directories {
        // The manager starts programs in these directories, so they are more than a mention.
        let why = Why::include(directory.clone(), 1);
        if let Some(entry) = keep.keep_path(directory.as_bytes(), Some(name), why.clone()) {
            keep.keep_below(entry, Some(name), &why);
            keep_linked_services(keep, name, entry, &why);
        }
    }
}

/// Keeps the directories of services that are enabled by a symlink, as with runit:
/// `/etc/service/web` leads to `/etc/sv/web`.
fn keep_linked_services(keep: &mut Keep<'_>, name: NameId, directory: NameId, why: &Why) {
    let tree = keep.tree();
    let mut seen = HashSet::new();
    for entry in tree.below(directory) {
        let Kind::Symlink { target } = &tree.inode(entry).kind else {
            continue;
        };
        let Ok(service) = tree.resolve_from(tree.parent(entry), target) else {
            continue;
        };
        if service.name == NameId::ROOT
            || !tree.is_directory(service.name)
            || !seen.insert(service.name)
        {
            continue;
        }
        for file in tree.below(service.name) {
            // Symlinks may lead to large directories that contain each other.
            if !keep.effort.patterns.spend(1) {
                let text = "too many files in service directories: not all are kept";
                return keep.note(Some(name), None, text.to_owned());
            }
            keep.graph.keep(file, Some(name), why.clone());
        }
    }
}

/// Keeps the services that an OpenRC script requires: `need net` in its function `depend`.
fn read_dependencies(keep: &mut Keep<'_>, name: NameId) {
    let head = shebang::head(keep.view, name);
    let is_service = shebang::parse(&head)
        .is_some_and(|line| ProgramClass::ScriptRunner.contains(line.program_name()));
    if !is_service {
        return;
    }
    let Some(bytes) = keep.view.bytes(name) else {
        return;
    };
    // If the budget is used up, the script's commands are not analyzed either, which adds a note.
    if !keep.effort.scripts.spend(bytes.len()) {
        return;
    }
    for (number, line) in String::from_utf8_lossy(&bytes).lines().enumerate() {
        let mut words = line.split_whitespace();
        if !matches!(words.next(), Some("need" | "want")) {
            continue;
        }
        for word in words {
            let path = format!("/etc/init.d/{word}");
            let why = Why::command(word.to_owned(), number + 1);
            keep.keep_path(path.as_bytes(), Some(name), why);
        }
    }
}

/// Any word in an execline script may be a program, because programs start each other.
fn read_execline(keep: &mut Keep<'_>, name: NameId) {
    let path = keep.tree().path(name);
    // s6-rc files that contain a command line without a `#!`.
    let is_line =
        matches!(file_name_bytes(&path), b"up" | b"down") && path.starts_with(b"/etc/s6-overlay/");
    // The first line is checked before the whole file is read, because most kept files are not
    // scripts.
    let head = shebang::head(keep.view, name);
    let is_execline =
        shebang::parse(&head).is_some_and(|shebang| shebang.program_name() == b"execlineb");
    if !is_execline && !is_line {
        return;
    }
    let Some(bytes) = keep.view.bytes(name) else {
        return;
    };
    if !keep.effort.scripts.spend(bytes.len()) {
        let text = "too many scripts in the image: this one is not analyzed";
        return keep.note(Some(name), None, text.to_owned());
    }
    let text = String::from_utf8_lossy(&bytes);
    for (number, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with('#'))
    {
        for word in line
            .split(|char: char| char.is_whitespace() || matches!(char, '{' | '}' | '"'))
            .filter(|word| !word.is_empty() && !word.starts_with('-'))
        {
            keep_word(keep, name, word, number + 1);
        }
    }
}

fn keep_word(keep: &mut Keep<'_>, name: NameId, word: &str, line: usize) {
    // Blocks in braces contain commands too, so every word is tried, not only the first of a line.
    if let Some(path) = keep.programs.find(keep.view, word.as_bytes()) {
        keep.keep_path(&path, Some(name), Why::command(word.to_owned(), line));
    } else if word.starts_with('/') && word.len() > 1 {
        keep.keep_path(
            word.as_bytes(),
            Some(name),
            Why::mention(word.to_owned(), line),
        );
    }
}

/// Files of supervisord that are read.
const MAX_INCLUDED: usize = 1000;

fn is_supervised(path: &[u8]) -> bool {
    path.starts_with(b"/etc/supervisor") && (path.ends_with(b".conf") || path.ends_with(b".ini"))
}

/// Reads `command=` of supervisord programs, and the files included with `files=`.
fn read_programs(keep: &mut Keep<'_>, name: NameId) {
    // Files may include each other, or form a chain that is too long for the stack.
    if keep.supervised.len() >= MAX_INCLUDED || !keep.supervised.insert(name) {
        return;
    }
    let Some(bytes) = keep.view.bytes(name).map(|bytes| bytes.to_vec()) else {
        return;
    };
    let text = String::from_utf8_lossy(&bytes);
    for (number, line) in text.lines().enumerate() {
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        match key.trim() {
            // supervisord expands `%(ENV_x)s`; it is replaced with a substitution, so that the
            // shell parser treats it as unknown.
            "command" => shell::keep_text_of(keep, name, number + 1, &value.replace("%(", "$(")),
            "files" => {
                for pattern in value.split_whitespace() {
                    read_included(keep, name, pattern, number + 1);
                }
            }
            _ => {}
        }
    }
}

/// Reads the files that match a pattern in `files=`.
fn read_included(keep: &mut Keep<'_>, name: NameId, pattern: &str, line: usize) {
    // supervisord resolves a relative pattern from the directory of the including file.
    let pattern = if pattern.starts_with('/') {
        pattern.to_owned()
    } else {
        let base = keep.tree().path(keep.tree().parent(name));
        format!("{}/{pattern}", String::from_utf8_lossy(&base))
    };
    for file in keep.matching(&pattern, Some(name)) {
        let why = Why::include(pattern.clone(), line);
        keep.graph.keep(file, Some(name), why);
        // Files in its own directories are read when they are traced.
        if keep.is_file(file) && !is_supervised(&keep.tree().path(file)) {
            read_programs(keep, file);
        }
    }
}

/// `npm start` runs a script in the `package.json` of the working directory with a shell.
fn read_manifest(keep: &mut Keep<'_>, name: NameId) {
    let config = &keep.view.image.config;
    // npm looks for the manifest upward from the working directory; in images, it is in that
    // directory.
    let path = [config.working_dir().as_bytes(), b"/package.json"].concat();
    let why = Why::mention("package.json".to_owned(), 1);
    let Some(manifest) = keep.keep_path(&path, Some(name), why) else {
        return;
    };
    let why = Why::command("sh".to_owned(), 1);
    keep.keep_path(b"/bin/sh", Some(name), why);
    read_scripts(keep, manifest);
}

/// Reads the scripts in a manifest that the image's command runs.
fn read_scripts(keep: &mut Keep<'_>, manifest: NameId) {
    let config = &keep.view.image.config;
    // An element of the command may be a text for a shell.
    let words: HashSet<&str> = config
        .entrypoint()
        .into_iter()
        .chain(config.cmd())
        .flat_map(str::split_whitespace)
        .collect();
    let Some(bytes) = keep.view.bytes(manifest) else {
        return;
    };
    // It is read again for each of the package managers in an image.
    if !keep.effort.manifests.spend(bytes.len()) {
        let text = "too many manifests: the scripts in this one are not analyzed";
        return keep.note(Some(manifest), None, text.to_owned());
    }
    let Ok(value) = serde_json::from_slice::<Value>(&bytes) else {
        return;
    };
    let Some(scripts) = value.get("scripts").and_then(Value::as_object) else {
        return;
    };
    let mut words = words;
    let mut waiting: Vec<(&str, &str)> = Vec::new();
    for (script, text) in scripts {
        if let Some(text) = text.as_str() {
            waiting.push((script.as_str(), text));
        }
    }
    // A script may run another: `"start": "npm run serve"`.
    loop {
        let (run, others): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|(script, _)| is_run(&words, script));
        if run.is_empty() {
            break;
        }
        for (_, text) in run {
            keep_script(keep, manifest, text);
            words.extend(words_of_script(text));
        }
        waiting = others;
    }
}

/// Whether a script runs. `prestart` and `poststart` run with `start`.
fn is_run(words: &HashSet<&str>, script: &str) -> bool {
    let base = script
        .strip_prefix("pre")
        .or_else(|| script.strip_prefix("post"))
        .unwrap_or(script);
    is_asked_for(words, script) || is_asked_for(words, base)
}

/// Keeps what a script of a manifest needs. It has the programs of packages on PATH.
fn keep_script(keep: &mut Keep<'_>, manifest: NameId, text: &str) {
    shell::keep_text_of(keep, manifest, 1, text);
    let mut words = vec!["npx"];
    words.extend(words_of_script(text));
    launchers::keep_launched(keep, Some(manifest), &words, &|word| {
        Why::command(word.to_owned(), 1)
    });
}

fn words_of_script(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| char.is_whitespace() || "&;|()\"'".contains(char))
}

/// Whether the image's command runs a script in the manifest. `npm start` is short for `npm run
/// start`.
fn is_asked_for(words: &HashSet<&str>, script: &str) -> bool {
    script == "start" || words.contains(script)
}
