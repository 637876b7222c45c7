//! A session: an engine, the images that are loaded into it for tests, and their removal.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::engine::{Engine, EngineError, LABEL};
use super::watchdog::{Finishing, Watchdog};
use crate::image::Config;

/// The repository of test images, which no registry has.
const REPOSITORY: &str = "localhost/jettison-test";

/// Images and containers in an engine, which are removed with this value, or when jettison ends in
/// another way.
#[derive(Debug)]
pub struct Session {
    pub(super) engine: Engine,
    // Before the directory, so that the watchdog ends before it is removed here.
    pub(super) watchdog: Watchdog,
    directory: TempDir,
    /// A random text, different in each session.
    pub(super) run_id: String,
}

impl Session {
    pub fn start(engine: Engine) -> Result<Self, EngineError> {
        let directory = tempfile::Builder::new()
            .prefix("jettison-")
            .rand_bytes(12)
            .tempdir()
            .map_err(EngineError::Temporary)?;
        let name = directory.path().file_name().unwrap_or_default();
        let name = name.to_string_lossy();
        let run_id = name.trim_start_matches("jettison-").to_owned();
        let watchdog = Watchdog::start(&engine, &run_id, directory.path());
        Ok(Self {
            watchdog: watchdog.map_err(EngineError::Watchdog)?,
            engine,
            directory,
            run_id,
        })
    }

    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// A directory for files of the session.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The name of a test image.
    pub fn image_name(&self, tag: &str) -> String {
        format!("{REPOSITORY}:{}-{tag}", self.run_id)
    }

    /// The name of a container.
    pub(super) fn container_name(&self, tag: &str) -> String {
        format!("jettison-test-{}-{tag}", self.run_id)
    }

    /// The configuration of a test image: that of the image, and the label of the session. Because
    /// of the label, its ID is that of no other image, so removing it removes nothing else.
    pub fn labelled(&self, config: &Config) -> Config {
        let mut json = config.json().clone();
        if !json["config"].is_object() {
            json["config"] = serde_json::json!({});
        }
        if !json["config"]["Labels"].is_object() {
            json["config"]["Labels"] = serde_json::json!({});
        }
        json["config"]["Labels"][LABEL] = self.run_id.as_str().into();
        Config::new(json)
    }

    /// A path for the archive of an image that is about to be written.
    pub fn archive(&self, tag: &str) -> PathBuf {
        self.directory.path().join(format!("{tag}.tar"))
    }

    /// Loads an image, whose archive contains its name, and removes the archive.
    pub fn load(&self, tag: &str) -> Result<(), EngineError> {
        let archive = self.archive(tag);
        self.watchdog.image(&self.image_name(tag));
        self.engine.load(&archive, &Finishing(&self.watchdog))?;
        std::fs::remove_file(archive).map_err(EngineError::Temporary)
    }

    /// Removes an image that is no longer used; otherwise many tests would fill the disk.
    pub fn unload(&self, tag: &str) -> Result<(), EngineError> {
        let watcher = Finishing(&self.watchdog);
        self.engine.remove_image(&self.image_name(tag), &watcher)
    }

    /// Removes all containers, images and files. Returns what could not be removed, and why.
    pub fn finish(self) -> Result<(), String> {
        self.watchdog.finish()
    }
}
