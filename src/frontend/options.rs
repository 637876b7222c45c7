//! The options of a build, which BuildKit passes to a frontend in environment variables.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// The start of the names of variables with an option each, as `KEY=VALUE`. The rest is a number.
const PREFIX: &str = "BUILDKIT_FRONTEND_OPT_";
const SESSION: &str = "BUILDKIT_SESSION_ID";

/// The options of a build, such as `target` and `build-arg:VERSION`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildOptions {
    pub all: BTreeMap<String, String>,
    /// The session with the client, which has the files of the build context.
    pub session: String,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OptionsError {
    #[error("the environment variable `{0}` is not UTF-8")]
    NotText(String),
    #[error("the environment variable `{SESSION}` is not set: only BuildKit runs this command")]
    NoSession,
}

impl BuildOptions {
    /// Reads the options from environment variables.
    pub fn from_environment(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, OptionsError> {
        let mut options = Self::default();
        let mut session = None;
        for (name, value) in variables {
            let Some(name) = name.to_str() else {
                continue;
            };
            if name != SESSION && !name.starts_with(PREFIX) {
                continue;
            }
            let Ok(value) = value.into_string() else {
                return Err(OptionsError::NotText(name.to_owned()));
            };
            if name == SESSION {
                session = Some(value);
                continue;
            }
            let (key, value) = value.split_once('=').unwrap_or((&value, ""));
            options.all.insert(key.to_owned(), value.to_owned());
        }
        options.session = session.ok_or(OptionsError::NoSession)?;
        Ok(options)
    }

    /// Whether BuildKit started this process as a frontend.
    pub fn are_in_environment() -> bool {
        std::env::var_os(SESSION).is_some()
            && std::env::vars_os().any(|(name, _)| name.to_string_lossy().starts_with(PREFIX))
    }

    pub fn get(&self, key: &str) -> Option<&str> {
        self.all.get(key).map(String::as_str)
    }

    /// The value of `--build-arg`.
    pub fn build_arg(&self, name: &str) -> Option<&str> {
        self.get(&format!("build-arg:{name}"))
    }

    /// The options whose keys start with a prefix, without it.
    pub fn starting_with<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.all.iter().filter_map(move |(key, value)| {
            let name = key.strip_prefix(prefix)?;
            Some((name, value.as_str()))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt as _;

    use super::*;

    fn variable(name: &str, value: &str) -> (OsString, OsString) {
        (name.into(), value.into())
    }

    #[test]
    fn an_option_is_the_value_of_a_numbered_variable() {
        let options = BuildOptions::from_environment([
            variable("BUILDKIT_FRONTEND_OPT_0", "build-arg:A=b=c"),
            variable("BUILDKIT_FRONTEND_OPT_12", "no-cache"),
            variable("BUILDKIT_FRONTEND_OPT_2", "target=app"),
            variable("BUILDKIT_SESSION_ID", "s"),
            variable("PATH", "/bin"),
        ])
        .unwrap();
        assert_eq!(options.build_arg("A"), Some("b=c"));
        assert_eq!(options.get("no-cache"), Some(""));
        assert_eq!(options.get("target"), Some("app"));
        assert_eq!(options.session, "s");
        assert_eq!(options.all.len(), 3);
        let args: Vec<_> = options.starting_with("build-arg:").collect();
        assert_eq!(args, [("A", "b=c")]);
    }

    #[test]
    fn a_session_is_needed_and_options_are_text() {
        assert_eq!(
            BuildOptions::from_environment([]),
            Err(OptionsError::NoSession)
        );
        let odd = (
            "BUILDKIT_FRONTEND_OPT_0".into(),
            OsString::from_vec(vec![0xff]),
        );
        assert_eq!(
            BuildOptions::from_environment([odd]),
            Err(OptionsError::NotText("BUILDKIT_FRONTEND_OPT_0".to_owned()))
        );
    }
}
