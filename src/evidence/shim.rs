//! Stand-ins for `podman` and `docker`, through which the containers of a test script are traced.
//!
//! A test script may start containers of the test image itself. While it is traced, its PATH begins
//! with a directory in which both names are symlinks to jettison. That process changes the
//! arguments of `run`, `create` and `exec` if they are about the test image, and becomes the engine
//! that the script asked for. The name of the test image is random, so it is found among the
//! arguments without knowing all options of both engines.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::engine::{Engine, EngineKind};
use super::session::LABEL;
use crate::image::Config;
use crate::trust;

/// The variable that names the directory of the stand-ins.
const VARIABLE: &str = "JETTISON_TRACED_RUN";
/// The file with the settings of a traced run.
const SETTINGS: &str = "settings.json";
/// This very program.
const ITSELF: &str = "/proc/self/exe";

/// Arguments that let an engine trace the containers of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TracedRun {
    /// Programs of the engines that are installed, by name.
    engines: Vec<(String, PathBuf)>,
    /// The name of the test image.
    image: String,
    /// The label of its containers.
    run: String,
    entrypoint: Vec<String>,
    command: Vec<String>,
    /// Options for `run` and `create`: mounts and capabilities.
    options: Vec<String>,
    /// The tracer, with its own arguments.
    tracer: Vec<String>,
}

impl TracedRun {
    pub(super) fn new(
        image: &str,
        run: &str,
        config: &Config,
        options: Vec<String>,
        tracer: Vec<String>,
    ) -> Self {
        let owned = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect();
        let mut engines = Vec::new();
        for kind in EngineKind::ALL {
            if let Ok(engine) = Engine::find(Some(kind)) {
                engines.push((kind.to_string(), engine.program().to_owned()));
            }
        }
        Self {
            engines,
            image: image.to_owned(),
            run: run.to_owned(),
            entrypoint: owned(config.entrypoint()),
            command: owned(config.cmd()),
            options,
            tracer,
        }
    }

    /// Creates the stand-ins in a directory.
    pub(super) fn install(&self, directory: &Path) -> io::Result<()> {
        fs::create_dir(directory)?;
        fs::write(directory.join(SETTINGS), serde_json::to_vec(self)?)?;
        // The kernel finds the program even if another version was installed in its place.
        let program = format!("/proc/{}/exe", std::process::id());
        for (name, _) in &self.engines {
            symlink(&program, directory.join(name))?;
        }
        Ok(())
    }

    /// The arguments of an engine, changed so that the container is traced.
    pub(super) fn change(&self, arguments: &[OsString]) -> Vec<OsString> {
        let Some(image) = arguments
            .iter()
            .position(|argument| *argument == *self.image)
        else {
            return arguments.to_vec();
        };
        let starts = arguments[..image]
            .iter()
            .position(|argument| argument == "run" || argument == "create");
        let Some(start) = starts else {
            return arguments.to_vec();
        };
        let (options, entrypoint) = without_entrypoint(&arguments[start + 1..image]);
        let mut program = entrypoint
            .clone()
            .unwrap_or_else(|| words(&self.entrypoint));
        let given = &arguments[image + 1..];
        // As both engines do: another entry point also replaces the command.
        if given.is_empty() && entrypoint.is_none() {
            program.extend(words(&self.command));
        }
        program.extend_from_slice(given);
        let Some((tracer, of_tracer)) = self.tracer.split_first() else {
            return arguments.to_vec();
        };
        let mut changed = arguments[..=start].to_vec();
        changed.extend(words(&self.options));
        changed.extend(options);
        changed.extend([
            "--entrypoint".into(),
            tracer.into(),
            self.image.as_str().into(),
        ]);
        changed.extend(words(of_tracer));
        changed.extend(program);
        changed
    }

    /// The arguments of `exec` with the tracer before the program, if the container is one of the
    /// session. `is_ours` asks the engine.
    fn change_exec(
        &self,
        arguments: &[OsString],
        is_ours: &dyn Fn(&OsStr) -> bool,
    ) -> Option<Vec<OsString>> {
        let first = arguments.iter().position(|argument| argument == "exec")?;
        let container = after_options(&arguments[first + 1..])? + first + 1;
        if !is_ours(arguments.get(container)?) {
            return None;
        }
        let mut changed = arguments[..=container].to_vec();
        changed.extend(words(&self.tracer));
        changed.extend_from_slice(&arguments[container + 1..]);
        Some(changed)
    }
}

/// The variables of a script whose containers are traced, with the path of the engine.
pub(super) fn environment(directory: &Path, kind: EngineKind) -> Vec<(&'static str, OsString)> {
    let mut path = directory.as_os_str().to_owned();
    if let Some(old) = env::var_os("PATH") {
        path.push(":");
        path.push(old);
    }
    vec![
        ("PATH", path),
        (VARIABLE, directory.into()),
        ("ENGINE", directory.join(kind.as_str()).into()),
    ]
}

/// Becomes the engine if this process was started as a stand-in. Returns, with an exit code, only
/// if that fails.
pub fn stand_in(arguments: &[OsString]) -> Option<u8> {
    let name = Path::new(arguments.first()?).file_name()?.to_str()?;
    name.parse::<EngineKind>().ok()?;
    let directory = PathBuf::from(env::var_os(VARIABLE)?);
    let settings = directory.join(SETTINGS);
    // It names a program to start.
    if !trust::is_ours(&settings).unwrap_or(false) || !Path::new(ITSELF).exists() {
        return None;
    }
    let settings: TracedRun = serde_json::from_slice(&fs::read(settings).ok()?).ok()?;
    let (_, engine) = settings.engines.iter().find(|(known, _)| known == name)?;
    let is_ours = |container: &OsStr| has_label(engine, container, &settings.run);
    let given = &arguments[1..];
    let changed = settings
        .change_exec(given, &is_ours)
        .unwrap_or_else(|| settings.change(given));
    // `docker` may be a script that starts `podman`, which would be traced twice.
    let error = Command::new(engine)
        .args(changed)
        .env("PATH", path_without(&directory))
        .env_remove(VARIABLE)
        .exec();
    let _ = writeln!(io::stderr(), "jettison: cannot start `{name}`: {error}");
    Some(127)
}

/// The list of directories for programs, without that of the stand-ins.
fn path_without(directory: &Path) -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let rest = env::split_paths(&path).filter(|entry| entry != directory);
    env::join_paths(rest).unwrap_or_default()
}

/// Whether a container has the label of a session.
fn has_label(engine: &Path, container: &OsStr, run: &str) -> bool {
    let format = format!("{{{{index .Config.Labels \"{LABEL}\"}}}}");
    let output = Command::new(engine)
        .args(["inspect", "--type", "container", "--format", &format])
        .arg(container)
        .output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim() == run)
}

fn words(words: &[String]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

/// The options without `--entrypoint`, and its words.
fn without_entrypoint(options: &[OsString]) -> (Vec<OsString>, Option<Vec<OsString>>) {
    let (mut rest, mut entrypoint) = (Vec::new(), None);
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let text = option.to_string_lossy();
        let value = if text == "--entrypoint" {
            options
                .next()
                .map(|value| value.to_string_lossy().into_owned())
        } else {
            text.strip_prefix("--entrypoint=").map(str::to_owned)
        };
        match value {
            Some(value) => entrypoint = Some(entrypoint_words(&value)),
            None => rest.push(option.clone()),
        }
    }
    (rest, entrypoint)
}

/// Podman also accepts a JSON array. An empty text means no entry point.
fn entrypoint_words(value: &str) -> Vec<OsString> {
    if let Ok(list) = serde_json::from_str::<Vec<String>>(value) {
        return words(&list);
    }
    if value.is_empty() {
        Vec::new()
    } else {
        vec![value.into()]
    }
}

/// The index of the first argument of `exec` that is not an option or the value of one.
fn after_options(arguments: &[OsString]) -> Option<usize> {
    let mut at = 0;
    while let Some(argument) = arguments.get(at) {
        let text = argument.to_string_lossy();
        if !text.starts_with('-') || text == "-" {
            return Some(at);
        }
        at += if takes_value(&text) { 2 } else { 1 };
    }
    None
}

/// Whether the value of an option of `exec` is the next argument.
fn takes_value(option: &str) -> bool {
    const LONG: [&str; 6] = [
        "--env",
        "--env-file",
        "--user",
        "--workdir",
        "--detach-keys",
        "--preserve-fds",
    ];
    if option.starts_with("--") {
        return LONG.contains(&option);
    }
    // `-it` are flags; the value of `-e` may follow in the same argument.
    option.ends_with(['e', 'u', 'w'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traced() -> TracedRun {
        let list = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        TracedRun {
            engines: Vec::new(),
            image: "test:1".to_owned(),
            run: "R".to_owned(),
            entrypoint: list(&["/start"]),
            command: list(&["serve"]),
            options: list(&["--volume=a:b"]),
            tracer: list(&["/t", "--trace"]),
        }
    }

    fn split(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    fn changed(text: &str) -> String {
        let changed = traced().change(&split(text));
        changed.join(OsStr::new(" ")).into_string().unwrap()
    }

    #[test]
    fn the_tracer_starts_the_program_that_the_engine_would_start() {
        for (given, expected) in [
            (
                "run test:1",
                "run --volume=a:b --entrypoint /t test:1 --trace /start serve",
            ),
            (
                "run --rm -e run=1 test:1 other -x",
                "run --volume=a:b --rm -e run=1 --entrypoint /t test:1 --trace /start other -x",
            ),
            (
                "--log-level=debug run --entrypoint sh test:1",
                "--log-level=debug run --volume=a:b --entrypoint /t test:1 --trace sh",
            ),
            (
                "create --entrypoint=sh test:1 -c true",
                "create --volume=a:b --entrypoint /t test:1 --trace sh -c true",
            ),
            (
                "run --entrypoint=[\"a\",\"b\"] test:1",
                "run --volume=a:b --entrypoint /t test:1 --trace a b",
            ),
            (
                "run --entrypoint= test:1 ls",
                "run --volume=a:b --entrypoint /t test:1 --trace ls",
            ),
        ] {
            assert_eq!(changed(given), expected, "{given}");
        }
    }

    #[test]
    fn commands_about_other_images_are_unchanged() {
        for given in [
            "run postgres:16",
            "rmi test:1",
            "image inspect test:1",
            "ps",
            "",
        ] {
            assert_eq!(changed(given), given);
        }
    }

    #[test]
    fn programs_that_exec_starts_are_traced_in_containers_of_the_session() {
        let exec = |text: &str| {
            let changed = traced().change_exec(&split(text), &|name| name == "mine");
            changed.map(|changed| changed.join(OsStr::new(" ")).into_string().unwrap())
        };
        for (given, expected) in [
            ("exec mine ls -l", "exec mine /t --trace ls -l"),
            (
                "exec -it -e A=1 --user=0 mine sh",
                "exec -it -e A=1 --user=0 mine /t --trace sh",
            ),
            (
                "exec --workdir /tmp -eA=1 mine sh",
                "exec --workdir /tmp -eA=1 mine /t --trace sh",
            ),
        ] {
            assert_eq!(exec(given).as_deref(), Some(expected), "{given}");
        }
        for given in ["exec other ls", "exec", "exec -it", "run mine"] {
            assert_eq!(exec(given), None, "{given}");
        }
    }
}
