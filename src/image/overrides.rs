//! Overrides: settings from the command line that replace those of an image's configuration, or
//! replace a missing configuration.

use serde_json::{Map, Value, json};

use super::config::Config;
use super::error::JsonError;
use super::json;

/// Settings that replace the image's own; all of them are optional.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// The entrypoint. As with `docker run`, it does not get the image's `Cmd` as arguments.
    pub entrypoint: Option<Vec<String>>,
    pub cmd: Option<Vec<String>>,
    /// Variables and their values; other variables of the image are kept.
    pub env: Vec<(String, String)>,
    pub user: Option<String>,
    pub working_dir: Option<String>,
}

impl Config {
    /// Parses a configuration in any of the forms of [`from_any`](Self::from_any), as strictly as
    /// that of an image.
    pub fn parse_any(text: &[u8]) -> Result<Option<Self>, JsonError> {
        let Some(config) = Self::from_any(json::parse(text, &json::ANYTHING)?) else {
            return Ok(None);
        };
        json::check(config.json(), &json::IMAGE_CONFIG)?;
        Ok(Some(config))
    }

    /// Accepts a configuration as OCI and Docker store it, as `docker inspect` and `podman inspect`
    /// print it, or its `config` object alone. Returns none for other documents.
    pub fn from_any(json: Value) -> Option<Self> {
        const SETTINGS: [&str; 8] = [
            "Entrypoint",
            "Cmd",
            "Env",
            "User",
            "WorkingDir",
            "Labels",
            "ExposedPorts",
            "Volumes",
        ];
        // The `inspect` commands print a list, even for one image.
        let json = match json {
            Value::Array(mut images) if images.len() == 1 => images.pop()?,
            other => other,
        };
        let object = json.as_object()?;
        if object.get("config").is_some_and(Value::is_object) {
            return Some(Self::new(json));
        }
        // `inspect` capitalizes the keys that the stored configuration has in lower case.
        if let Some(settings) = object.get("Config")
            && settings.is_object()
        {
            let unknown = Value::from("unknown");
            let architecture = object.get("Architecture").unwrap_or(&unknown);
            let linux = Value::from("linux");
            let os = object.get("Os").unwrap_or(&linux);
            return Some(Self::new(
                json!({"architecture": architecture, "os": os, "config": settings}),
            ));
        }
        // At least one known key, so that another JSON file is not treated as an empty
        // configuration.
        if !SETTINGS.iter().any(|key| object.contains_key(*key)) {
            return None;
        }
        Some(Self::new(
            json!({"architecture": "unknown", "os": "linux", "config": json}),
        ))
    }

    /// The configuration with other settings.
    #[must_use]
    pub fn overridden(&self, overrides: &Overrides) -> Self {
        let mut json = self.json().as_object().cloned().unwrap_or_default();
        let mut settings = json
            .get("config")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        if let Some(entrypoint) = &overrides.entrypoint {
            settings.insert("Entrypoint".into(), json!(entrypoint));
            settings.remove("Cmd");
        }
        // After the entrypoint, which removes the image's arguments but not those given here.
        if let Some(cmd) = &overrides.cmd {
            settings.insert("Cmd".into(), json!(cmd));
        }
        for (name, value) in &overrides.env {
            set_variable(&mut settings, name, value);
        }
        for (key, value) in [
            ("User", &overrides.user),
            ("WorkingDir", &overrides.working_dir),
        ] {
            if let Some(value) = value {
                settings.insert(key.into(), value.as_str().into());
            }
        }
        json.insert("config".into(), settings.into());
        Self::new(json.into())
    }

    /// A configuration for the same image with the settings of another: its program, environment,
    /// user and so on. The history and the platform stay.
    #[must_use]
    pub fn with_settings_of(&self, other: &Self) -> Self {
        let mut json = self.json().as_object().cloned().unwrap_or_default();
        let settings = other.json().get("config").cloned().unwrap_or_default();
        json.insert("config".into(), settings);
        Self::new(json.into())
    }

    /// The configuration with an architecture, by its Go name, if it does not state one itself.
    #[must_use]
    pub fn with_usual_architecture(&self, architecture: &str) -> Self {
        let mut json = self.json().as_object().cloned().unwrap_or_default();
        if self.architecture() == "unknown" {
            json.insert("architecture".into(), architecture.into());
        }
        Self::new(json.into())
    }
}

/// Sets a variable by replacing its last entry, which is the one in effect, or by appending an
/// entry.
fn set_variable(settings: &mut Map<String, Value>, name: &str, value: &str) {
    let entry = Value::from(format!("{name}={value}"));
    let mut entries = settings
        .get("Env")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    match entries.iter().rposition(|entry| is_variable(entry, name)) {
        Some(place) => entries[place] = entry,
        None => entries.push(entry),
    }
    settings.insert("Env".into(), entries.into());
}

fn is_variable(entry: &Value, name: &str) -> bool {
    match entry.as_str().and_then(|entry| entry.split_once('=')) {
        Some((known, _)) => known == name,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.into()).collect()
    }

    #[test]
    fn a_configuration_is_read_from_the_json_of_every_tool() {
        let settings = json!({"Entrypoint": ["/app"]});
        for json in [
            settings.clone(),
            json!({"config": settings, "architecture": "arm64"}),
            json!([{"Config": settings, "Architecture": "arm64", "Os": "linux"}]),
        ] {
            assert_eq!(Config::from_any(json).unwrap().entrypoint(), ["/app"]);
        }
        for json in [
            json!({}),
            json!([]),
            json!("x"),
            json!({"schemaVersion": 2, "config": "x"}),
        ] {
            assert_eq!(Config::from_any(json), None);
        }
    }

    #[test]
    fn overriding_the_entrypoint_clears_the_command() {
        let config = Config::new(
            json!({"os": "linux", "config": {"Entrypoint": ["/a"], "Cmd": ["x"], "User": "u"}}),
        );
        let overrides = Overrides {
            entrypoint: Some(words(&["/b", "c"])),
            ..Overrides::default()
        };
        let other = config.overridden(&overrides);
        assert_eq!(
            (other.entrypoint(), other.cmd(), other.user()),
            (vec!["/b", "c"], vec![], "u")
        );
        let other = config.overridden(&Overrides {
            cmd: Some(words(&["y"])),
            ..Overrides::default()
        });
        assert_eq!((other.entrypoint(), other.cmd()), (vec!["/a"], vec!["y"]));
        assert_eq!(config.overridden(&Overrides::default()), config);
    }

    #[test]
    fn an_overridden_variable_keeps_its_position() {
        let config = Config::new(json!({"config": {"Env": ["A=1", "B=2", "A=3", "AB=4"]}}));
        let env = [("A", "x=y"), ("C", "")]
            .map(|(name, value)| (name.into(), value.into()))
            .to_vec();
        let other = config.overridden(&Overrides {
            env,
            ..Overrides::default()
        });
        assert_eq!(other.env(), ["A=1", "B=2", "A=x=y", "AB=4", "C="]);
    }

    #[test]
    fn the_default_architecture_replaces_only_a_missing_one() {
        assert_eq!(
            Config::default()
                .with_usual_architecture("arm64")
                .architecture(),
            "arm64"
        );
        let config = Config::new(json!({"architecture": "s390x"}));
        assert_eq!(
            config.with_usual_architecture("arm64").architecture(),
            "s390x"
        );
    }
}
