//! What is said of an image's program from outside: settings in place of those that its
//! configuration has, or of a configuration that is not there.

use serde_json::{Map, Value, json};

use super::config::Config;
use super::error::JsonError;
use super::json;

/// Settings that take the place of the image's own; none of them must be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// As for `docker run`, the image's `Cmd` is no argument of another entrypoint.
    pub entrypoint: Option<Vec<String>>,
    pub cmd: Option<Vec<String>>,
    /// Variables and their values; those that they do not name stay.
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

    /// Takes a configuration as OCI and Docker store it, as `docker inspect` and `podman inspect`
    /// print it, or its `config` object alone. None where it is none of these.
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
        let json = match json {
            Value::Array(mut images) if images.len() == 1 => images.pop()?,
            other => other,
        };
        let object = json.as_object()?;
        if object.get("config").is_some_and(Value::is_object) {
            return Some(Self::new(json));
        }
        let platform =
            |key: &str, usual: &str| object.get(key).cloned().unwrap_or_else(|| usual.into());
        if let Some(settings) = object.get("Config").filter(|settings| settings.is_object()) {
            let (architecture, os) = (platform("Architecture", "unknown"), platform("Os", "linux"));
            return Some(Self::new(
                json!({"architecture": architecture, "os": os, "config": settings}),
            ));
        }
        let is_settings = SETTINGS.iter().any(|key| object.contains_key(*key));
        is_settings
            .then(|| Self::new(json!({"architecture": "unknown", "os": "linux", "config": json})))
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

    /// The same for an architecture, in Go's words, where it tells none itself.
    #[must_use]
    pub fn with_usual_architecture(&self, architecture: &str) -> Self {
        let mut json = self.json().as_object().cloned().unwrap_or_default();
        if self.architecture() == "unknown" {
            json.insert("architecture".into(), architecture.into());
        }
        Self::new(json.into())
    }
}

/// In the place of the variable's last entry, which is the one that counts; at the end, where there
/// is none.
fn set_variable(settings: &mut Map<String, Value>, name: &str, value: &str) {
    let entry = Value::from(format!("{name}={value}"));
    let mut entries = settings
        .get("Env")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let is_this = |entry: &Value| {
        entry
            .as_str()
            .and_then(|entry| entry.split_once('='))
            .is_some_and(|e| e.0 == name)
    };
    match entries.iter().rposition(is_this) {
        Some(place) => entries[place] = entry,
        None => entries.push(entry),
    }
    settings.insert("Env".into(), entries.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.into()).collect()
    }

    #[test]
    fn a_configuration_is_taken_in_all_the_forms_in_which_tools_give_it() {
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
    fn another_entrypoint_does_not_get_the_arguments_of_the_first() {
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
    fn a_variable_is_replaced_where_it_stands() {
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
    fn an_architecture_is_given_only_where_none_is() {
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
