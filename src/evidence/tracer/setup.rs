//! The directory on the host with everything that a traced container mounts, and the configuration
//! of the image that starts the tracer.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use super::engine_wrapper;
use super::{ARGUMENT, DIRECTORY, RESULTS};
use crate::evidence::engine::Engine;
use crate::image::Config;

/// The program of jettison, with all that it needs in a container of any image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tools {
    pub program: PathBuf,
    /// Its dynamic loader and its libraries; none of a static program.
    pub loader: Option<PathBuf>,
    pub libraries: Vec<PathBuf>,
}

/// A prepared directory.
#[derive(Debug)]
pub struct Setup {
    directory: PathBuf,
    has_loader: bool,
}

impl Setup {
    /// Fills a new directory. Its parent must be readable by its owner only: the results may be
    /// written by any user of a container.
    pub fn create(
        directory: PathBuf,
        tools: &Tools,
        engine: &Engine,
        run_id: &str,
    ) -> io::Result<Self> {
        let setup = Self {
            has_loader: tools.loader.is_some(),
            directory,
        };
        fs::create_dir(&setup.directory)?;
        for name in ["tools", "tools/lib", "results", "bin"] {
            make_directory(&setup.directory.join(name), 0o755)?;
        }
        fs::set_permissions(setup.results(), Permissions::from_mode(0o777))?;
        let tools_directory = setup.directory.join("tools");
        install(&tools.program, &tools_directory.join("jettison"))?;
        if let Some(loader) = &tools.loader {
            install(loader, &tools_directory.join("ld.so"))?;
        }
        for library in &tools.libraries {
            let name = library.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
            install(library, &tools_directory.join("lib").join(name))?;
        }
        setup.write_wrapper(&tools.program, engine, run_id)?;
        Ok(setup)
    }

    /// Writes the program that a test starts instead of the engine's.
    fn write_wrapper(&self, program: &Path, engine: &Engine, run_id: &str) -> io::Result<()> {
        let words = [
            quoted(program)?,
            engine_wrapper::ARGUMENT.to_owned(),
            quoted(engine.program())?,
            quoted(&self.directory)?,
            run_id.to_owned(),
        ];
        let path = self.wrapper(engine);
        fs::write(
            &path,
            format!("#!/bin/sh\nexec {} \"$@\"\n", words.join(" ")),
        )?;
        fs::set_permissions(&path, Permissions::from_mode(0o755))?;
        // `docker` is often a link to podman, or the test calls the other one.
        for other in crate::evidence::EngineKind::ALL {
            if other != engine.kind() {
                symlink(&path, self.directory.join("bin").join(other.as_str()))?;
            }
        }
        Ok(())
    }

    fn wrapper(&self, engine: &Engine) -> PathBuf {
        self.directory.join("bin").join(engine.kind().as_str())
    }

    /// The directory that tracers write to.
    pub fn results(&self) -> PathBuf {
        self.directory.join("results")
    }

    /// The configuration with the tracer as the entry point. The image's own entry point and
    /// command are its arguments, so that a command line replaces what it replaces in the original.
    pub fn traced(&self, config: &Config) -> Config {
        let mut entry_point = prefix(self.has_loader);
        entry_point.extend(config.entrypoint().into_iter().map(str::to_owned));
        let mut json = config.json().clone();
        if !json["config"].is_object() {
            json["config"] = serde_json::json!({});
        }
        json["config"]["Entrypoint"] = entry_point.into();
        Config::new(json)
    }

    /// The arguments of `run` for a traced container.
    pub fn run_arguments(&self) -> Vec<String> {
        run_arguments(&self.directory)
    }

    /// A command line for the shell that runs a test so that the containers that it starts itself
    /// are traced too.
    pub fn command_line(&self, engine: &Engine, test: &str) -> io::Result<String> {
        let (bin, wrapper) = (self.directory.join("bin"), self.wrapper(engine));
        let (bin, wrapper) = (quoted(&bin)?, quoted(&wrapper)?);
        Ok(format!(
            "PATH={bin}:\"$PATH\"; ENGINE={wrapper}; export PATH ENGINE\n{test}"
        ))
    }
}

/// The words before the command of a traced program.
pub(super) fn prefix(has_loader: bool) -> Vec<String> {
    let mut words = Vec::new();
    if has_loader {
        words.extend([
            format!("{DIRECTORY}/ld.so"),
            "--library-path".to_owned(),
            format!("{DIRECTORY}/lib"),
        ]);
    }
    words.extend([
        format!("{DIRECTORY}/jettison"),
        ARGUMENT.to_owned(),
        RESULTS.to_owned(),
    ]);
    words
}

/// The arguments of `run` for a container that is traced with this directory.
pub(super) fn run_arguments(directory: &Path) -> Vec<String> {
    let directory = directory.display();
    vec![
        // A program that changes its user can only be read with this capability. The program itself
        // does not get it.
        "--cap-add=SYS_PTRACE".to_owned(),
        // With SELinux, a container can only use a directory that has a label of its own (`z`).
        format!("--volume={directory}/tools:{DIRECTORY}:ro,z"),
        format!("--volume={directory}/results:{RESULTS}:rw,z"),
    ]
}

fn make_directory(path: &Path, mode: u32) -> io::Result<()> {
    fs::create_dir(path)?;
    // Whatever the umask, another user of the container must be able to read it.
    fs::set_permissions(path, Permissions::from_mode(mode))
}

fn install(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    fs::set_permissions(to, Permissions::from_mode(0o755))
}

/// A path as a word of the shell.
fn quoted(path: &Path) -> io::Result<String> {
    let text = path.to_str().ok_or(io::ErrorKind::InvalidFilename)?;
    Ok(quote(text))
}

/// A word of the shell that stands for a text.
pub fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(has_loader: bool) -> Setup {
        Setup {
            directory: "/tmp/a".into(),
            has_loader,
        }
    }

    #[test]
    fn the_tracer_comes_before_the_entry_point_and_leaves_the_command() {
        let config = Config::new(serde_json::json!({
            "config": { "Entrypoint": ["/entry", "a b"], "Cmd": ["c"], "User": "1" }
        }));
        let traced = setup(false).traced(&config);
        let expected = [
            "/.jettison/jettison",
            ARGUMENT,
            "/.jettison-results",
            "/entry",
            "a b",
        ];
        assert_eq!(traced.entrypoint(), expected);
        assert_eq!(traced.cmd(), ["c"]);
        assert_eq!(traced.user(), "1");
    }

    #[test]
    fn a_dynamic_program_is_started_by_its_own_loader() {
        let traced = setup(true).traced(&Config::new(serde_json::json!({})));
        let start = ["/.jettison/ld.so", "--library-path", "/.jettison/lib"];
        assert_eq!(traced.entrypoint()[..3], start);
    }

    #[test]
    fn a_quoted_word_is_one_word() {
        assert_eq!(quote("a'b $c"), r"'a'\''b $c'");
    }
}
