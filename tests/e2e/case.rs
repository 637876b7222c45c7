//! One image of `testdata/images`: built once per run, slimmed once per run, asked many times.

use crate::containers::{self, output};
use serde::Deserialize;
use std::{fs, path::PathBuf, process::Command};

#[derive(Debug)]
pub(crate) struct Case {
    name: &'static str,
    settings: Settings,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The transport of the image that jettison reads.
    #[serde(default = "docker_archive")]
    input: String,
    /// Globs for files that no tracer can find.
    keep: Vec<String>,
    /// Paths that the original holds and the slimmed image must not.
    gone: Vec<String>,
    why: Why,
}

/// A kept file, and files that must be named on the way from it to a root.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Why {
    path: String,
    through: Vec<String>,
}

fn docker_archive() -> String {
    "docker-archive".to_owned()
}

impl Case {
    pub(crate) fn build_and_slim(name: &'static str) -> Self {
        let folder = PathBuf::from("testdata/images").join(name);
        let settings = toml::from_str(&fs::read_to_string(folder.join("case.toml")).unwrap()).unwrap();
        let case = Self { name, settings };
        let _ = fs::remove_dir_all(case.path(""));
        fs::create_dir_all(case.path("")).unwrap();
        containers::build(&folder, &case.name_of_original());
        containers::save(&case.name_of_original(), &case.settings.input, &case.path("original.tar"));
        println!("{}", case.slim_to(&case.slimmed(), &[]));
        case
    }

    /// Slims the original to `destination` and gives what jettison says of it.
    pub(crate) fn slim_to(&self, destination: &str, more: &[&str]) -> String {
        let image = ["slim", &self.original(), "-o", destination, "-t", &self.name_of("slimmed")];
        let keep = self.settings.keep.iter().flat_map(|glob| ["--keep", glob]);
        output(jettison().args(image).args(keep).args(more))
    }

    pub(crate) fn why(&self) -> String {
        output(jettison().args(["why", &self.original(), &self.settings.why.path]))
    }

    /// What must be named on the way from a kept file to a root.
    pub(crate) fn way(&self) -> &[String] {
        &self.settings.why.through
    }

    pub(crate) fn gone(&self) -> &[String] {
        &self.settings.gone
    }

    pub(crate) fn original(&self) -> String {
        format!("{}:{}", self.settings.input, self.path("original.tar"))
    }

    pub(crate) fn slimmed(&self) -> String {
        format!("docker-archive:{}", self.path("slimmed.tar"))
    }

    pub(crate) fn name_of_original(&self) -> String {
        self.name_of("original")
    }

    pub(crate) fn name_of(&self, tag: &str) -> String {
        format!("localhost/jettison-e2e/{}:{tag}", self.name)
    }

    pub(crate) fn behaviour_script(&self) -> String {
        format!("testdata/images/{}/behaviour.sh", self.name)
    }

    pub(crate) fn expected_behaviour(&self) -> String {
        fs::read_to_string(format!("testdata/images/{}/behaviour.txt", self.name)).unwrap()
    }

    /// A path in the folder where this case may write.
    pub(crate) fn path(&self, name: &str) -> String {
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("e2e").join(self.name).join(name).display().to_string()
    }
}

fn jettison() -> Command {
    Command::new(env!("CARGO_BIN_EXE_jettison"))
}
