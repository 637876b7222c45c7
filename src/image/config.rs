//! The image configuration: the JSON as it was, and what jettison asks of it.

use serde_json::{Map, Value, json};

use super::blob::Blob;
use super::error::{ReadError, plain};
use super::json;
use super::limits::Limits;
use super::store::read_json;

/// An image configuration of Docker or OCI. Keys that neither knows are kept too.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    json: Value,
}

/// Where programs are looked for if the configuration sets no `PATH`: what Docker and podman set
/// then.
pub const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// One step of how the image came to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The instruction, as the builder wrote it.
    pub created_by: String,
    /// RFC 3339, as the builder wrote it.
    pub created: Option<String>,
    pub comment: String,
    /// The step changed the configuration alone: it has no layer.
    pub empty_layer: bool,
}

/// The new layers, for the history.
#[derive(Debug)]
pub(super) struct Steps<'a> {
    pub diff_ids: Vec<&'a str>,
    /// Of each layer, the one of the original that it is made of; none where there is no such
    /// relation.
    pub of: Option<Vec<usize>>,
    /// How many layers the original has.
    pub before: usize,
    /// What was done to the image; none where nothing was.
    pub created_by: Option<&'a str>,
    pub epoch: Option<jiff::Timestamp>,
}

impl History {
    /// The instruction without what builders put around it: `COPY a /b` of `COPY a /b # buildkit`
    /// and of `/bin/sh -c #(nop) COPY a /b `. A `RUN` is as its builder wrote it.
    pub fn instruction(&self) -> &str {
        let text = self
            .created_by
            .split_once("#(nop)")
            .map_or(&*self.created_by, |(_, rest)| rest)
            .trim();
        text.strip_suffix("# buildkit").unwrap_or(text).trim()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new(json!({"architecture": "unknown", "os": "linux", "config": {}}))
    }
}

impl Config {
    /// Takes a whole image configuration, not only its `config` object.
    pub fn new(json: Value) -> Self {
        Self { json }
    }

    /// Reads the configuration of an image.
    ///
    /// Keys that no reader of images knows are kept, so that an image does not lose what newer
    /// engines understand. They cannot be taken for keys that are known, and what is written is
    /// made of what was parsed: each key once, in one spelling.
    pub(super) fn read(name: &str, blob: &Blob, limits: &Limits) -> Result<Self, ReadError> {
        let json: Value = read_json(name, blob, &json::IMAGE_CONFIG, limits)?;
        // "Implementations MUST generate an error if they encounter an unknown value."
        match json.pointer("/rootfs/type").and_then(Value::as_str) {
            None | Some("layers") => Ok(Self::new(json)),
            Some(other) => Err(ReadError::Contradiction {
                blob: name.to_owned(),
                reason: format!("`rootfs.type` is `{}`, not `layers`", plain(other)),
            }),
        }
    }

    /// The whole configuration, with every key in the order in which it was written.
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// What to run; with `cmd` as its arguments where both are set.
    pub fn entrypoint(&self) -> Vec<&str> {
        strings(self.setting("Entrypoint"))
    }

    pub fn cmd(&self) -> Vec<&str> {
        strings(self.setting("Cmd"))
    }

    /// `NAME=value` entries, in their order.
    pub fn env(&self) -> Vec<&str> {
        strings(self.setting("Env"))
    }

    /// The value of an environment variable; the last entry wins, as with runc.
    pub fn env_value(&self, name: &str) -> Option<&str> {
        let entries = self.env();
        entries
            .into_iter()
            .rev()
            .find_map(|entry| entry.strip_prefix(name)?.strip_prefix('='))
    }

    /// `user`, `uid`, `user:group` or `uid:gid`; empty means root.
    pub fn user(&self) -> &str {
        text(self.setting("User"))
    }

    /// `/` where none is set.
    pub fn working_dir(&self) -> &str {
        match text(self.setting("WorkingDir")) {
            "" => "/",
            directory => directory,
        }
    }

    /// The shell of shell-form instructions, with its flags; empty means `/bin/sh -c`.
    pub fn shell(&self) -> Vec<&str> {
        strings(self.setting("Shell"))
    }

    /// The `Test` of the health check: `NONE`, `CMD` and arguments, or `CMD-SHELL` and a script.
    pub fn healthcheck(&self) -> Option<Vec<&str>> {
        let test = strings(
            self.setting("Healthcheck")
                .get("Test")
                .unwrap_or(&Value::Null),
        );
        (!test.is_empty()).then_some(test)
    }

    /// The mount points that hold data.
    pub fn volumes(&self) -> Vec<&str> {
        keys(self.setting("Volumes"))
    }

    /// `80/tcp` and the like.
    pub fn exposed_ports(&self) -> Vec<&str> {
        keys(self.setting("ExposedPorts"))
    }

    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        let labels = self.setting("Labels").as_object();
        labels
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
    }

    pub fn label(&self, name: &str) -> Option<&str> {
        self.setting("Labels").get(name)?.as_str()
    }

    /// Instructions that run where this image is a base.
    pub fn onbuild(&self) -> Vec<&str> {
        strings(self.setting("OnBuild"))
    }

    pub fn stop_signal(&self) -> Option<&str> {
        self.setting("StopSignal").as_str()
    }

    /// In Go's words: `amd64`, `arm64`.
    pub fn architecture(&self) -> &str {
        match text(&self.json["architecture"]) {
            "" => "unknown",
            architecture => architecture,
        }
    }

    pub fn variant(&self) -> Option<&str> {
        self.json["variant"].as_str()
    }

    pub fn os(&self) -> &str {
        match text(&self.json["os"]) {
            "" => "linux",
            os => os,
        }
    }

    /// RFC 3339, as the builder wrote it.
    pub fn created(&self) -> Option<&str> {
        self.json["created"].as_str()
    }

    pub fn history(&self) -> Vec<History> {
        let steps = self.json["history"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        steps.iter().map(history).collect()
    }

    /// The digests of the uncompressed layers, the lowest first.
    pub fn diff_ids(&self) -> Vec<&str> {
        strings(
            self.json
                .get("rootfs")
                .and_then(|rootfs| rootfs.get("diff_ids"))
                .unwrap_or(&Value::Null),
        )
    }

    /// A configuration for the same image in other layers: only `rootfs` and `history` change, and
    /// `created` where an epoch is given. What the old steps did remains told; those whose layer is
    /// gone have none any more.
    pub(super) fn relayered(&self, new: &Steps<'_>) -> Self {
        let mut json = match &self.json {
            Value::Object(object) => object.clone(),
            _ => Map::new(),
        };
        if let Some(epoch) = new.epoch {
            json.insert("created".into(), epoch.to_string().into());
        }
        let created = json
            .get("created")
            .filter(|created| created.is_string())
            .cloned();
        let mut steps = json
            .get("history")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let mut with_layer: Vec<&mut Map<String, Value>> = steps
            .iter_mut()
            .filter_map(Value::as_object_mut)
            .filter(|step| !is_empty(step))
            .collect();
        let kept = new.of.as_deref().filter(|_| with_layer.len() == new.before);
        for (index, step) in with_layer
            .iter_mut()
            .enumerate()
            .filter(|_| new.created_by.is_some())
        {
            if kept.is_none_or(|kept| !kept.contains(&index)) {
                step.insert("empty_layer".into(), Value::Bool(true));
            }
        }
        let count = if kept.is_some() {
            1
        } else {
            new.diff_ids.len()
        };
        for created_by in std::iter::repeat_n(new.created_by, count).flatten() {
            let mut step = Map::new();
            step.extend(
                created
                    .clone()
                    .map(|created| ("created".to_owned(), created)),
            );
            step.insert("created_by".into(), created_by.into());
            if kept.is_some() {
                step.insert("empty_layer".into(), Value::Bool(true));
            }
            steps.push(step.into());
        }
        if let Some(epoch) = new.epoch {
            for step in &mut steps {
                clamp(step, epoch);
            }
        }
        json.insert(
            "rootfs".into(),
            json!({"type": "layers", "diff_ids": new.diff_ids}),
        );
        json.insert("history".into(), steps.into());
        Self::new(json.into())
    }

    fn setting(&self, key: &str) -> &Value {
        self.json
            .get("config")
            .and_then(|config| config.get(key))
            .unwrap_or(&Value::Null)
    }
}

fn is_empty(step: &Map<String, Value>) -> bool {
    step.get("empty_layer")
        .and_then(Value::as_bool)
        .unwrap_or(false)
}

/// No step is younger than the image; one whose time cannot be read is as old.
fn clamp(step: &mut Value, epoch: jiff::Timestamp) {
    let Some(created) = step.get_mut("created") else {
        return;
    };
    let is_old = text(created)
        .parse::<jiff::Timestamp>()
        .is_ok_and(|created| created <= epoch);
    if !is_old {
        *created = epoch.to_string().into();
    }
}

fn history(step: &Value) -> History {
    History {
        created_by: text(&step["created_by"]).to_owned(),
        created: step["created"].as_str().map(str::to_owned),
        comment: text(&step["comment"]).to_owned(),
        empty_layer: step["empty_layer"].as_bool().unwrap_or(false),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn strings(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .map(String::as_str)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config::new(json!({
            "created": "2026-01-02T03:04:05Z",
            "architecture": "arm64",
            "variant": "v8",
            "os": "linux",
            "config": {
                "User": "app:app",
                "Env": ["PATH=/bin", "A=1", "A=2", "AB=3"],
                "Entrypoint": ["/app"],
                "Cmd": null,
                "Healthcheck": {"Test": ["CMD-SHELL", "curl localhost"], "Interval": 5},
                "Volumes": {"/data": {}},
                "ExposedPorts": {"80/tcp": {}},
                "Labels": {"a": "b"},
                "OnBuild": ["RUN x"],
                "Shell": ["/bin/bash", "-c"],
                "StopSignal": "SIGQUIT",
                "Unknown": [1, {"x": null}],
            },
            "rootfs": {"type": "layers", "diff_ids": ["sha256:1", "sha256:2"]},
            "history": [
                {"created_by": "ADD a", "created": "2026-01-01T00:00:00Z"},
                {"created_by": "ENV A=1", "empty_layer": true, "comment": "buildkit"},
                {"created_by": "RUN x"},
            ],
            "moby.buildkit.buildinfo.v1": "kept",
        }))
    }

    #[test]
    fn settings_are_found_and_missing_ones_are_empty() {
        let config = config();
        assert_eq!(config.entrypoint(), ["/app"]);
        assert_eq!(config.cmd(), Vec::<&str>::new());
        assert_eq!(
            (config.env_value("A"), config.env_value("B")),
            (Some("2"), None)
        );
        assert_eq!((config.user(), config.working_dir()), ("app:app", "/"));
        assert_eq!(
            config.healthcheck(),
            Some(vec!["CMD-SHELL", "curl localhost"])
        );
        assert_eq!(
            (config.volumes(), config.exposed_ports()),
            (vec!["/data"], vec!["80/tcp"])
        );
        assert_eq!(config.labels().collect::<Vec<_>>(), [("a", "b")]);
        assert_eq!(
            (config.onbuild(), config.shell()),
            (vec!["RUN x"], vec!["/bin/bash", "-c"])
        );
        assert_eq!(
            (config.architecture(), config.variant(), config.os()),
            ("arm64", Some("v8"), "linux")
        );
        assert_eq!(config.stop_signal(), Some("SIGQUIT"));
        assert_eq!(Config::default().healthcheck(), None);
        assert_eq!(
            Config::new(json!("not even an object")).architecture(),
            "unknown"
        );
    }

    #[test]
    fn new_layers_change_nothing_but_diff_ids_and_history() {
        let config = config();
        let (of, created_by) = (None, Some("jettison slim"));
        let relayered = config.relayered(&Steps {
            diff_ids: vec!["sha256:3"],
            of,
            before: 2,
            created_by,
            epoch: None,
        });
        assert_eq!(relayered.diff_ids(), ["sha256:3"]);
        let history = relayered.history();
        assert_eq!(
            history
                .iter()
                .map(|step| step.empty_layer)
                .collect::<Vec<_>>(),
            [true, true, true, false]
        );
        assert_eq!(history[3].created_by, "jettison slim");
        assert_eq!(history[3].created.as_deref(), Some("2026-01-02T03:04:05Z"));
        let (mut before, mut after) = (config.json().clone(), relayered.json().clone());
        for json in [&mut before, &mut after] {
            json["rootfs"] = Value::Null;
            json["history"] = Value::Null;
        }
        assert_eq!(before.to_string(), after.to_string());
    }
}
