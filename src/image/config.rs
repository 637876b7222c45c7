//! The image configuration: the JSON as read, and accessors for the settings that jettison uses.

use serde_json::{Map, Value, json};

use super::blob::Blob;
use super::error::ReadError;
use super::json;
use super::limits::Limits;
use super::store::Store;
use crate::printable::escape;

/// An image configuration of Docker or OCI. Unknown keys are kept too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    json: Value,
}

/// The search path of programs if the configuration sets no `PATH`; the default of Docker and
/// Podman.
pub const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// One step of the image's build history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The instruction, as the builder wrote it.
    pub created_by: String,
    /// RFC 3339, as the builder wrote it.
    pub created: Option<String>,
    pub comment: String,
    /// The step only changed the configuration and has no layer.
    pub empty_layer: bool,
}

/// The new layers, for the history.
#[derive(Debug)]
pub(super) struct Steps<'a> {
    pub diff_ids: Vec<&'a str>,
    /// For each new layer, the layer of the original that it derives from; `None` if the layers do
    /// not correspond.
    pub of: Option<Vec<usize>>,
    /// The number of layers of the original.
    pub before: usize,
    /// The step to add to the history; `None` if the layers are unchanged.
    pub created_by: Option<&'a str>,
    pub epoch: Option<jiff::Timestamp>,
}

impl History {
    /// The instruction without text added by builders: `COPY a /b` for `COPY a /b # buildkit` and
    /// for `/bin/sh -c #(nop) COPY a /b `. A `RUN` is unchanged.
    pub fn instruction(&self) -> &str {
        // The classic builder records instructions other than `RUN` as a shell comment that does
        // nothing; BuildKit records them plainly and appends its own name.
        let text = match self.created_by.split_once("#(nop)") {
            Some((_, instruction)) => instruction.trim(),
            None => self.created_by.trim(),
        };
        text.strip_suffix("# buildkit").unwrap_or(text).trim()
    }

    /// The script of a `RUN`, without the build arguments, the shell and the flags that builders
    /// put before it: `make` of `RUN |1 A=b /bin/sh -c make # buildkit`. `None` for any other
    /// instruction.
    pub fn run_script(&self) -> Option<&str> {
        // The classic builder writes `#(nop)` into every step that runs nothing.
        if self.created_by.contains("#(nop)") {
            return None;
        }
        let text = self.instruction();
        let text = match text.split_once(char::is_whitespace) {
            Some(("RUN", script)) => script.trim_start(),
            // Only a `RUN` of the classic builder and of Buildah begins with its shell.
            _ if text.starts_with(['/', '|']) => text,
            _ => return None,
        };
        let mut script = without_shell(text);
        // Buildah records the flags of the instruction after the shell.
        while script.starts_with("--") {
            script = script
                .split_once(' ')
                .map_or("", |(_, rest)| rest.trim_start());
        }
        if script.is_empty() {
            None
        } else {
            Some(script)
        }
    }
}

/// The script of a recorded `RUN`, without its build arguments and shell. The exec form has no
/// shell, so it is returned as a whole.
fn without_shell(text: &str) -> &str {
    // Shells are recorded with their path and options; the last option is `-c`.
    const MOST_WORDS: usize = 6;
    let from = if text.starts_with('|') {
        // The values of build arguments may hold blanks, so the shell is searched for.
        text.find(" /").map_or(0, |at| at + 1)
    } else {
        0
    };
    let shell = text[from..].split_whitespace().next().unwrap_or_default();
    if !shell.starts_with('/') || !shell.ends_with("sh") {
        return text;
    }
    let mut end = from;
    for word in text[from..].split(' ').take(MOST_WORDS) {
        end += word.len() + 1;
        // `-c` and `-euxc`; a long option such as `--noprofile` is none of them.
        if word.starts_with('-') && !word.starts_with("--") && word.ends_with('c') {
            return text.get(end..).unwrap_or_default().trim_start();
        }
    }
    text
}

impl Default for Config {
    fn default() -> Self {
        Self::new(json!({"architecture": "unknown", "os": "linux", "config": {}}))
    }
}

impl Config {
    /// Creates a configuration from the whole document, not only its `config` object.
    pub fn new(json: Value) -> Self {
        Self { json }
    }

    /// Reads the configuration of an image.
    ///
    /// Unknown keys are kept, so that an image does not lose data for newer engines. They cannot be
    /// mistaken for known keys, and the output is generated from the parsed document: each key
    /// occurs once, in one spelling.
    pub(super) fn read(
        store: &Store,
        name: &str,
        blob: &Blob,
        limits: &Limits,
    ) -> Result<Self, ReadError> {
        let json: Value = store.document(name, blob, &json::IMAGE_CONFIG, limits)?;
        // The specification (config.md, `rootfs.type`):
        // "Implementations MUST generate an error if they encounter an unknown value."
        match json.pointer("/rootfs/type").and_then(Value::as_str) {
            None | Some("layers") => Ok(Self::new(json)),
            Some(other) => Err(ReadError::Contradiction {
                blob: name.to_owned(),
                reason: format!("`rootfs.type` is `{}`, not `layers`", escape(other)),
            }),
        }
    }

    /// The whole configuration, with all keys in their original order.
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// The program to run; if both are set, `cmd` contains its arguments.
    pub fn entrypoint(&self) -> Vec<&str> {
        strings(self.setting("Entrypoint"))
    }

    pub fn cmd(&self) -> Vec<&str> {
        strings(self.setting("Cmd"))
    }

    /// `NAME=value` entries, in order.
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

    /// `/` if none is set.
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
        let test = strings(self.setting("Healthcheck").get("Test")?);
        // An empty list means that the health check of the base image is inherited; in a finished
        // image, there is none.
        if test.is_empty() { None } else { Some(test) }
    }

    /// The mount points of volumes.
    pub fn volumes(&self) -> Vec<&str> {
        keys(self.setting("Volumes"))
    }

    /// Exposed ports such as `80/tcp`.
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

    /// Instructions that run in builds that use this image as a base.
    pub fn onbuild(&self) -> Vec<&str> {
        strings(self.setting("OnBuild"))
    }

    pub fn stop_signal(&self) -> Option<&str> {
        self.setting("StopSignal").as_str()
    }

    /// The architecture by its Go name: `amd64`, `arm64`.
    pub fn architecture(&self) -> &str {
        // An empty value is what Go writes for a field that was never set.
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

    /// A configuration for the same image with other layers: only `rootfs` and `history` change,
    /// and `created` if an epoch is given. The old steps stay in the history; those whose layer no
    /// longer exists become steps without a layer.
    pub(super) fn relayered(&self, new: &Steps<'_>) -> Self {
        let mut json = match &self.json {
            Value::Object(object) => object.clone(),
            _ => Map::new(),
        };
        if let Some(epoch) = new.epoch {
            json.insert("created".into(), epoch.to_string().into());
        }
        // The new step is as old as the image, not as old as this run: the same input must give the
        // same output.
        let created = json
            .get("created")
            .filter(|created| created.is_string())
            .cloned();
        let mut steps = json
            .get("history")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        add_steps(&mut steps, new, created);
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

    /// A configuration for a slimmed image whose only layer is still to be made, by a builder that
    /// adds the layer to `rootfs`.
    #[must_use]
    pub fn before_slimmed_layer(&self, created_by: &str) -> Self {
        let mut config = self.relayered(&Steps {
            diff_ids: vec![""],
            of: None,
            before: 0,
            created_by: Some(created_by),
            epoch: None,
        });
        config.json["rootfs"]["diff_ids"] = json!([]);
        Self::new(config.json)
    }

    /// The same configuration with one more layer at the top, and its step in the history.
    pub(super) fn with_layer(&self, diff_id: &str, created_by: &str) -> Self {
        let mut json = self.json.clone();
        let created = json.get("created").filter(|created| created.is_string());
        let step = new_step(created_by, created.cloned(), false);
        for (pointer, item) in [("/rootfs/diff_ids", diff_id.into()), ("/history", step)] {
            let list = json.pointer_mut(pointer).and_then(Value::as_array_mut);
            list.expect("a relayered configuration has both lists")
                .push(item);
        }
        Self::new(json)
    }

    fn setting(&self, key: &str) -> &Value {
        self.json
            .get("config")
            .and_then(|config| config.get(key))
            .unwrap_or(&Value::Null)
    }
}

/// Adds the steps for new layers to a history, and marks the steps whose layers no longer exist.
fn add_steps(steps: &mut Vec<Value>, new: &Steps<'_>, created: Option<Value>) {
    let Some(created_by) = new.created_by else {
        return;
    };
    let mut with_layer: Vec<&mut Map<String, Value>> = steps
        .iter_mut()
        .filter_map(Value::as_object_mut)
        .filter(|step| !is_empty(step))
        .collect();
    // The steps can keep their layers only if there was one step per layer. Some builders write no
    // history, or fewer entries than layers.
    let kept = match new.of.as_deref() {
        Some(kept) if with_layer.len() == new.before => Some(kept),
        _ => None,
    };
    // Some engines refuse an image whose history has more steps with layers than there are layers,
    // so a step whose layer no longer exists is marked as one without a layer.
    for (index, step) in with_layer.iter_mut().enumerate() {
        if kept.is_none_or(|kept| !kept.contains(&index)) {
            step.insert("empty_layer".into(), Value::Bool(true));
        }
    }
    // Kept layers already have their steps: one more step, without a layer, documents the slimming.
    // New layers need one step each.
    let count = match kept {
        Some(_) => 1,
        None => new.diff_ids.len(),
    };
    let step = new_step(created_by, created, kept.is_some());
    steps.extend(std::iter::repeat_n(step, count));
}

fn new_step(created_by: &str, created: Option<Value>, is_empty: bool) -> Value {
    let mut step = Map::new();
    if let Some(created) = created {
        step.insert("created".into(), created);
    }
    step.insert("created_by".into(), created_by.into());
    if is_empty {
        step.insert("empty_layer".into(), Value::Bool(true));
    }
    step.into()
}

fn is_empty(step: &Map<String, Value>) -> bool {
    step.get("empty_layer")
        .and_then(Value::as_bool)
        .unwrap_or(false)
}

/// Sets the time of a step that is younger than the image, or whose time cannot be parsed, to that
/// of the image.
fn clamp(step: &mut Value, epoch: jiff::Timestamp) {
    let Some(created) = step.get_mut("created") else {
        return;
    };
    // `SOURCE_DATE_EPOCH` is an upper bound: steps of an old base image keep their own time.
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

    #[test]
    fn the_run_script_is_extracted_from_the_history_text_of_every_builder() {
        let cases = [
            ("RUN /bin/sh -c make all # buildkit", Some("make all")),
            (
                "RUN |1 A=b /bin/bash -o pipefail -c make $A # buildkit",
                Some("make $A"),
            ),
            ("RUN /bin/make all # buildkit", Some("/bin/make all")),
            ("/bin/sh -c make", Some("make")),
            ("/bin/sh -c --mount=type=cache,target=/x make", Some("make")),
            ("|1 A=b /bin/sh -c make", Some("make")),
            ("/bin/sh -c #(nop)  CMD [\"bash\"]", None),
            ("/bin/sh -c #(nop) ADD file:12 in / ", None),
            ("COPY a /b # buildkit", None),
            ("", None),
        ];
        for (created_by, script) in cases {
            let step = History {
                created_by: created_by.to_owned(),
                ..History::default()
            };
            assert_eq!(step.run_script(), script, "{created_by}");
        }
    }

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
    fn configuration_fields_are_read_and_missing_ones_are_empty() {
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
