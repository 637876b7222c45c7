//! The image configuration: the JSON as it was, and what jettison asks of it.

use serde_json::{Map, Value, json};

/// An image configuration of Docker or OCI. Keys that neither knows are kept too.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    json: Value,
}

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
        entries.into_iter().rev().find_map(|entry| entry.strip_prefix(name)?.strip_prefix('='))
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
        let test = strings(self.setting("Healthcheck").get("Test").unwrap_or(&Value::Null));
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
        labels.into_iter().flatten().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
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
        let steps = self.json["history"].as_array().map(Vec::as_slice).unwrap_or_default();
        steps.iter().map(history).collect()
    }

    /// The digests of the uncompressed layers, the lowest first.
    pub fn diff_ids(&self) -> Vec<&str> {
        strings(self.json.get("rootfs").and_then(|rootfs| rootfs.get("diff_ids")).unwrap_or(&Value::Null))
    }

    /// A configuration for the same image in other layers: only `rootfs` and `history` change. What the old steps
    /// did remains told, but they no longer have layers; one step of jettison made the new ones.
    pub(super) fn relayered(&self, diff_ids: &[String], created_by: &str) -> Self {
        let mut json = match &self.json {
            Value::Object(object) => object.clone(),
            _ => Map::new(),
        };
        let mut steps = json.get("history").and_then(Value::as_array).cloned().unwrap_or_default();
        for step in steps.iter_mut().filter_map(Value::as_object_mut) {
            step.insert("empty_layer".into(), Value::Bool(true));
        }
        for _ in diff_ids {
            let mut step = Map::new();
            if let Some(created) = self.created() {
                step.insert("created".into(), created.into());
            }
            step.insert("created_by".into(), created_by.into());
            steps.push(step.into());
        }
        json.insert("rootfs".into(), json!({"type": "layers", "diff_ids": diff_ids}));
        json.insert("history".into(), steps.into());
        Self::new(json.into())
    }

    fn setting(&self, key: &str) -> &Value {
        self.json.get("config").and_then(|config| config.get(key)).unwrap_or(&Value::Null)
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
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().into_iter().flat_map(Map::keys).map(String::as_str).collect()
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
        assert_eq!((config.env_value("A"), config.env_value("B")), (Some("2"), None));
        assert_eq!((config.user(), config.working_dir()), ("app:app", "/"));
        assert_eq!(config.healthcheck(), Some(vec!["CMD-SHELL", "curl localhost"]));
        assert_eq!((config.volumes(), config.exposed_ports()), (vec!["/data"], vec!["80/tcp"]));
        assert_eq!(config.labels().collect::<Vec<_>>(), [("a", "b")]);
        assert_eq!((config.onbuild(), config.shell()), (vec!["RUN x"], vec!["/bin/bash", "-c"]));
        assert_eq!((config.architecture(), config.variant(), config.os()), ("arm64", Some("v8"), "linux"));
        assert_eq!(config.stop_signal(), Some("SIGQUIT"));
        assert_eq!(Config::default().healthcheck(), None);
        assert_eq!(Config::new(json!("not even an object")).architecture(), "unknown");
    }

    #[test]
    fn new_layers_change_nothing_but_diff_ids_and_history() {
        let config = config();
        let relayered = config.relayered(&["sha256:3".to_owned()], "jettison slim");
        assert_eq!(relayered.diff_ids(), ["sha256:3"]);
        let history = relayered.history();
        assert_eq!(history.iter().map(|step| step.empty_layer).collect::<Vec<_>>(), [true, true, true, false]);
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
