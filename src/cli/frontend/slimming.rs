//! Slims the result of a build: one step more, in a container of jettison's own image.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::{Map, Value};

use super::super::states::Step;
use super::Build;
use super::files::ConfigFile;
use super::settings::Settings;
use crate::frontend::graph::{self, Graph, Run};
use crate::frontend::messages::{BuildResult, Reference, SolveRequest};
use crate::image::{Config, Name, Platform};

/// Where the result of the build is mounted.
const SOURCE: &str = "/in";
/// Where its configuration and `.jettison.toml` are mounted.
const SETTINGS: &str = "/settings";
const CONFIG: &str = "config.json";
/// The file that lists the file systems after each step of the build.
const STATES: &str = "states.json";
/// Maximum number of them. No image has more layers, because Linux does not mount more.
const MAX_STATES: usize = 128;
const DESTINATION: &str = "/out";
/// The graph of the frontend's own image, in newer engines.
const OWN_IMAGE: &str = "/run/config/buildkit/metadata/frontend.bin";
/// Keys of the metadata of a result; for several platforms, a slash and the platform follow.
const IMAGE_CONFIG: &str = "containerimage.config";
const BASE_CONFIG: &str = "containerimage.base.config";
/// The parts of an image configuration that slimming depends on. The others may contain the time of
/// the build, and a step with another input is not cached.
const NEEDED: [&str; 4] = ["architecture", "os", "variant", "config"];
const CREATED_BY: &str = "jettison slim";

impl Build {
    /// The same result with slimmed file systems.
    pub(super) fn slimmed(
        &self,
        mut result: BuildResult,
        settings: &Settings,
        options: &[String],
        file: Option<&ConfigFile>,
    ) -> anyhow::Result<BuildResult> {
        if !self.gateway.can("reference.output") {
            bail!("this BuildKit is too old to slim in a build");
        }
        let image = self.own_image(settings)?;
        let slimming = Slimming {
            build: self,
            image: &image,
            options,
            file,
        };
        let mut metadata = std::mem::take(&mut result.metadata);
        if let Some(reference) = &mut result.reference {
            slimming.slim(reference, &mut metadata, None)?;
        }
        if let Some(map) = &mut result.references {
            for (platform, reference) in &mut map.references {
                slimming.slim(reference, &mut metadata, Some(platform))?;
            }
        }
        result.metadata = metadata;
        // None is expected. They would be about the file systems before slimming.
        result.attestations.clear();
        Ok(result)
    }

    /// The graph of the image that contains this program.
    fn own_image(&self, settings: &Settings) -> anyhow::Result<Graph> {
        if settings.image.is_none() && Path::new(OWN_IMAGE).exists() {
            let definition =
                fs::read(OWN_IMAGE).with_context(|| format!("cannot read `{OWN_IMAGE}`"))?;
            return Ok(Graph::decode(&definition)?);
        }
        let named = settings.image.as_deref().or(self.options.get("source"));
        let Some(text) = named else {
            bail!("the image to slim in is unknown: set the build argument `JETTISON_IMAGE`");
        };
        let name: Name = text.parse()?;
        let separator = if name.digest().is_some() { '@' } else { ':' };
        let (registry, repository) = (name.registry(), name.repository());
        let full = format!("{registry}/{repository}{separator}{}", name.version());
        let host = Platform::default();
        let platform = graph::Platform {
            architecture: host.architecture,
            os: host.os,
            variant: host.variant.unwrap_or_default(),
        };
        Ok(Graph::image(
            &full,
            platform,
            &format!("[jettison] FROM {text}"),
        ))
    }
}

/// The slimming of a result, for each of its platforms.
struct Slimming<'a> {
    build: &'a Build,
    image: &'a Graph,
    /// Options of `jettison slim`.
    options: &'a [String],
    file: Option<&'a ConfigFile>,
}

impl Slimming<'_> {
    /// Replaces a file system with the slimmed one.
    fn slim(
        &self,
        reference: &mut Reference,
        metadata: &mut std::collections::BTreeMap<String, Vec<u8>>,
        platform: Option<&String>,
    ) -> anyhow::Result<()> {
        // An image without files, such as `FROM scratch` with labels.
        if reference.id.is_empty() {
            return Ok(());
        }
        let key = |key: &str| match platform {
            Some(platform) => format!("{key}/{platform}"),
            None => key.to_owned(),
        };
        let Some(definition) = &reference.definition else {
            bail!("BuildKit does not tell how the result is built, so it cannot be slimmed");
        };
        let built = Graph::decode(definition)?;
        let Some(config) = metadata.get(&key(IMAGE_CONFIG)) else {
            bail!("the result has no image configuration");
        };
        let json: Value =
            serde_json::from_slice(config).context("cannot parse the image configuration")?;
        let graph = self.graph(&built, &json, platform.map(String::as_str));
        let config = Config::parse_any(config).context("cannot parse the image configuration")?;
        let config = config.context("the image configuration is not one")?;
        let config = config.before_slimmed_layer(CREATED_BY);
        metadata.insert(key(IMAGE_CONFIG), config.json().to_string().into_bytes());
        // The slimmed image has no layer of the base image.
        metadata.remove(&key(BASE_CONFIG));
        let slimmed = self.build.gateway.solve(SolveRequest {
            definition: Some(graph.encode()),
            cache_imports: self.build.cache_imports(),
            ..SolveRequest::default()
        })?;
        *reference = slimmed
            .reference
            .context("the slimmed result has no files")?;
        Ok(())
    }

    /// The step that slims a file system.
    fn graph(&self, built: &Graph, config: &Value, platform: Option<&str>) -> Graph {
        let mut needed = Map::new();
        for key in NEEDED {
            if let Some(value) = config.get(key) {
                needed.insert(key.to_owned(), value.clone());
            }
        }
        let states = states(built, config);
        let steps: Vec<&Step> = states.iter().map(|(_, step)| step).collect();
        let mut files = vec![(CONFIG, Value::from(needed).to_string().into_bytes())];
        if !steps.is_empty() {
            let steps = serde_json::to_vec(&steps).unwrap_or_default();
            files.push((STATES, steps));
        }
        // It is in the working directory, where `jettison slim` finds it.
        if let Some(file) = self.file {
            files.push((file.name, file.text.clone().into_bytes()));
        }
        // It may name a directory of keep rules, which is beside it.
        let rules = self.file.and_then(ConfigFile::keep_rules);
        let files = Graph::files_in(rules.as_ref(), &files, "[jettison] settings");
        let program = std::env::current_exe().unwrap_or_else(|_| "/usr/bin/jettison".into());
        let mut arguments = vec![
            program.to_string_lossy().into_owned(),
            "slim".to_owned(),
            format!("rootfs:{SOURCE}"),
            format!("--output=rootfs:{DESTINATION}"),
            format!("--config={SETTINGS}/{CONFIG}"),
        ];
        if !states.is_empty() {
            arguments.push(format!("--states={SETTINGS}/{STATES}"));
        }
        arguments.extend_from_slice(self.options);
        let name = match platform {
            Some(platform) => format!("[jettison {platform}] slim"),
            None => "[jettison] slim".to_owned(),
        };
        let mut mounts = vec![(SOURCE, built), (SETTINGS, &files)];
        // The last state is the result itself.
        for (graph, step) in states.iter().rev().skip(1) {
            mounts.push((step.root.as_str(), graph));
        }
        let run = Run {
            root: self.image,
            mounts: &mounts,
            arguments: &arguments,
            directory: SETTINGS,
            output: DESTINATION,
        };
        Graph::run(&run, &name)
    }
}

/// The file systems after each step of the build, lowest first, each with the step: `jettison slim`
/// keeps what the image's own `COPY` instructions add. None if the history has other steps.
fn states(built: &Graph, config: &Value) -> Vec<(Graph, Step)> {
    let Some((graphs, from_image)) = built.states(MAX_STATES) else {
        return Vec::new();
    };
    let mut with_layer = Vec::new();
    for step in config["history"].as_array().into_iter().flatten() {
        if step["empty_layer"] != true {
            with_layer.push(step["created_by"].as_str().unwrap_or_default());
        }
    }
    // The history begins with that of the base image, of which only the result is known.
    let own = graphs.len() - usize::from(from_image);
    let Some(of_image) = with_layer.len().checked_sub(own) else {
        return Vec::new();
    };
    let mut steps: Vec<Option<&str>> = Vec::new();
    if from_image {
        steps.push(None);
    }
    steps.extend(with_layer[of_image..].iter().copied().map(Some));
    let last = graphs.len() - 1;
    let mut states = Vec::new();
    for (index, (graph, step)) in graphs.into_iter().zip(steps).enumerate() {
        let root = if index == last {
            SOURCE.to_owned()
        } else {
            format!("/states/{index}")
        };
        let created_by = step.map(str::to_owned);
        states.push((graph, Step { root, created_by }));
    }
    states
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two steps, of which the second one copies files onto an empty file system.
    fn built() -> Graph {
        let image = Graph::image("docker.io/library/a:1", graph::Platform::default(), "a");
        image.with_files_above("b", Vec::new())
    }

    fn roots_and_steps(history: &Value) -> Vec<(String, Option<String>)> {
        let config = serde_json::json!({ "history": history });
        let states = states(&built(), &config).into_iter();
        states
            .map(|(_, step)| (step.root, step.created_by))
            .collect()
    }

    #[test]
    fn the_steps_of_a_build_are_the_last_ones_of_the_history() {
        let history = serde_json::json!([
            {"created_by": "ADD base"},
            {"created_by": "RUN base"},
            {"created_by": "ENV a=b", "empty_layer": true},
            {"created_by": "COPY b /"},
            {"created_by": "CMD [\"b\"]", "empty_layer": true},
        ]);
        assert_eq!(
            roots_and_steps(&history),
            [
                ("/states/0".to_owned(), None),
                ("/in".to_owned(), Some("COPY b /".to_owned())),
            ]
        );
        // A history that has fewer steps than the build says nothing about them.
        assert_eq!(roots_and_steps(&serde_json::json!([])), []);
    }
}
