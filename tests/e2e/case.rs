//! An image in `testdata/images`: built and slimmed once per run, and used by many tests.

use crate::containers::{self, output};
use serde::{Deserialize, de::IntoDeserializer as _};
use std::{
    fs,
    path::PathBuf,
    process::Command,
    sync::OnceLock,
    time::{Duration, Instant},
};

#[derive(Debug)]
pub(crate) struct Case {
    name: String,
    settings: Settings,
    built: OnceLock<()>,
    slimmed: OnceLock<Duration>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The smallest set of images that it is in.
    #[serde(default)]
    set: Set,
    /// The transport of the image that jettison reads.
    #[serde(default = "docker_archive")]
    input: String,
    /// Whether the written output is tested, not only the kept files: as a layout, twice, and as a
    /// dry run.
    #[serde(default)]
    writes: bool,
    /// The modules of packages that are kept: a value of `--modules`.
    #[serde(default = "packages")]
    modules: String,
    /// Paths that exist in the original but must not exist in the slimmed image.
    gone: Vec<String>,
    why: Why,
}

/// Sets of images, each with all of the previous ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Set {
    /// A dozen that are small and differ much.
    Quick,
    /// As many as a build server has time for.
    Usual,
    #[default]
    All,
}

impl Set {
    /// The set that the environment names.
    fn chosen() -> Self {
        let Ok(name) = std::env::var("JETTISON_IMAGES") else {
            return Self::All;
        };
        Self::deserialize(name.as_str().into_deserializer())
            .unwrap_or_else(|error: serde::de::value::Error| panic!("JETTISON_IMAGES: {error}"))
    }
}

/// A kept file, and files that must be in the chain from it to a root.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Why {
    path: String,
    through: Vec<String>,
}

fn packages() -> String {
    "packages".to_owned()
}

fn docker_archive() -> String {
    "docker-archive".to_owned()
}

impl Case {
    /// The directories in `testdata/images` of the chosen set, by name.
    pub(crate) fn chosen() -> Vec<Self> {
        let chosen = Set::chosen();
        Self::all()
            .into_iter()
            .filter(|case| case.settings.set <= chosen)
            .collect()
    }

    /// All directories in `testdata/images`, by name.
    fn all() -> Vec<Self> {
        let folders = fs::read_dir("testdata/images")
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let mut cases: Vec<Self> = folders
            .filter(|folder| folder.is_dir())
            .map(Self::read)
            .collect();
        cases.sort_by(|one, other| one.name.cmp(&other.name));
        cases
    }

    fn read(folder: PathBuf) -> Self {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let settings = fs::read_to_string(folder.join("case.toml")).unwrap();
        let settings =
            toml::from_str(&settings).unwrap_or_else(|error| panic!("{name}/case.toml: {error}"));
        Self {
            name,
            settings,
            built: OnceLock::new(),
            slimmed: OnceLock::new(),
        }
    }

    /// The original, built and saved on the first call.
    pub(crate) fn original(&self) -> String {
        let path = self.path("original.tar");
        self.built.get_or_init(|| {
            let _ = fs::remove_dir_all(self.path(""));
            fs::create_dir_all(self.path("")).unwrap();
            containers::build(
                &PathBuf::from("testdata/images").join(&self.name),
                &self.name_of("original"),
            );
            containers::save(&self.name_of("original"), &self.settings.input, &path);
        });
        format!("{}:{path}", self.settings.input)
    }

    /// The slimmed image, written on the first call.
    pub(crate) fn slimmed(&self) -> String {
        let image = format!("docker-archive:{}", self.path("slimmed.tar"));
        self.slimmed.get_or_init(|| {
            let original = self.original();
            let start = Instant::now();
            let modules = ["--modules", &self.settings.modules];
            let name = self.name_of("slimmed");
            println!("{}", slim(&original, &image, &name, &modules));
            start.elapsed()
        });
        image
    }

    /// Slims the original to `destination` and returns jettison's output.
    pub(crate) fn slim_to(&self, destination: &str, more: &[&str]) -> String {
        let mut options = vec!["--modules", &self.settings.modules];
        options.extend(more);
        let name = self.name_of("slimmed");
        slim(&self.original(), destination, &name, &options)
    }

    /// Slims the original with the behavior script as its test, which starts containers itself, and
    /// returns jettison's output.
    pub(crate) fn slim_with_its_test(&self) -> String {
        let jettison = jettison();
        let mut slim = containers::tool(&jettison.get_program().to_string_lossy());
        output(slim.args([
            "slim",
            &self.original(),
            "--modules",
            &self.settings.modules,
            "--dry-run",
            "--no-container",
            "--compare-output",
            "--test-timeout",
            "240",
            "--test",
            &self.behaviour_script(),
        ]))
    }

    /// Whether the long tests run with it: with every image if all of them are chosen, and with few
    /// otherwise.
    pub(crate) fn has_long_tests(&self) -> bool {
        self.settings.writes || Set::chosen() == Set::All
    }

    pub(crate) fn why(&self) -> String {
        let path = &self.settings.why.path;
        let modules = &self.settings.modules;
        output(jettison().args(["why", &self.original(), path, "--modules", modules]))
    }

    /// The files that must be in the chain from a kept file to a root.
    pub(crate) fn way(&self) -> &[String] {
        &self.settings.why.through
    }

    pub(crate) fn gone(&self) -> &[String] {
        &self.settings.gone
    }

    pub(crate) fn writes(&self) -> bool {
        self.settings.writes
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
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

    /// The sizes of both archives, if the image has been slimmed, and the time that it took.
    pub(crate) fn measured(&self) -> Option<(u64, u64, Duration)> {
        let bytes = |name| fs::metadata(self.path(name)).ok().map(|file| file.len());
        Some((
            bytes("original.tar")?,
            bytes("slimmed.tar")?,
            *self.slimmed.get()?,
        ))
    }

    /// A path in the directory in which this case may write.
    pub(crate) fn path(&self, name: &str) -> String {
        PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join("e2e")
            .join(&self.name)
            .join(name)
            .display()
            .to_string()
    }
}

fn slim(original: &str, destination: &str, name: &str, more: &[&str]) -> String {
    output(
        jettison()
            .args(["slim", original, "-o", destination, "-t", name])
            .args(more),
    )
}

/// Writes the original again, from the image that `slim --rest` wrote.
pub(crate) fn restore(rest: &str, destination: &str) -> String {
    output(jettison().args(["restore", rest, "-o", destination]))
}

/// The binary under test: that of this build, or another one, such as an optimized one for
/// measurements.
fn jettison() -> Command {
    Command::new(
        std::env::var_os("JETTISON_BINARY")
            .unwrap_or_else(|| env!("CARGO_BIN_EXE_jettison").into()),
    )
}
