//! Credentials for registries, as `podman login` and `docker login` store them.
//!
//! The files are the user's own: their paths come from the environment, never from a repository.

use std::env;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use super::{TransferError, helper};
use crate::image::json::{self, ANYTHING};
use crate::image::name::{DEFAULT_REGISTRY, Name};
use crate::paths::is_at_or_below;

/// The name of Docker Hub in Docker's files and helpers.
const HUB_KEY: &str = "https://index.docker.io/v1/";
/// Bytes of the largest file with credentials that is read.
const MAX_FILE: u64 = 4 << 20;

/// The credentials for a registry.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Login {
    Anonymous,
    Password(String, String),
    /// An identity token, which a token server exchanges for others.
    Identity(String),
}

/// Finds the credentials for an image in the first file that has some; anonymous if none has.
pub(super) fn credentials(image: &Name) -> Result<Login, TransferError> {
    for file in files() {
        let found = match read(&file) {
            Ok(Some(text)) => in_file(&text, image),
            Ok(None) => continue,
            Err(error) => Err(error.to_string()),
        };
        // A broken file is an error and not skipped: the image would be fetched as another user, or
        // not be found.
        let found = found.map_err(|reason| TransferError::Credentials {
            registry: image.registry().to_owned(),
            file: file.clone(),
            reason,
        })?;
        if let Some(login) = found {
            return Ok(login);
        }
    }
    Ok(Login::Anonymous)
}

/// Reads a credentials file; `None` if there is no such file, or the user may not read it.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    // Opening a FIFO would block, so the type is checked first.
    if !path.is_file() {
        return Ok(None);
    }
    // After `sudo`, the environment may still name a file of another user, which does not apply to
    // this one.
    let Ok(file) = File::open(path) else {
        return Ok(None);
    };
    let mut text = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MAX_FILE {
        return Err(io::Error::other(format!(
            "it has more than {MAX_FILE} bytes"
        )));
    }
    Ok(Some(text))
}

/// The files to search, Podman's before Docker's, in skopeo's order.
fn files() -> Vec<PathBuf> {
    if let Some(file) = variable("REGISTRY_AUTH_FILE") {
        return vec![file];
    }
    let user = rustix::process::getuid().as_raw();
    let runtime = variable("XDG_RUNTIME_DIR")
        .unwrap_or_else(|| Path::new("/run/containers").join(user.to_string()));
    // Without the variable, the file is `/run/containers/UID/auth.json`; with it, the path has
    // another directory.
    let runtime_file = if runtime.starts_with("/run/containers") {
        runtime.join("auth.json")
    } else {
        runtime.join("containers/auth.json")
    };
    let mut files = vec![runtime_file];
    if let Some(config) = variable("XDG_CONFIG_HOME").or_else(|| in_home(".config")) {
        files.push(config.join("containers/auth.json"));
    }
    if let Some(docker) = variable("DOCKER_CONFIG").or_else(|| in_home(".docker")) {
        files.push(docker.join("config.json"));
    }
    files
}

/// The path in an environment variable. An empty one counts as unset.
fn variable(name: &str) -> Option<PathBuf> {
    let value = env::var_os(name)?;
    if value.is_empty() {
        return None;
    }
    Some(value.into())
}

fn in_home(name: &str) -> Option<PathBuf> {
    Some(variable("HOME")?.join(name))
}

/// The credentials for an image in one file. A helper for the registry comes first, then an entry,
/// then the helper for all registries.
fn in_file(text: &[u8], image: &Name) -> Result<Option<Login>, String> {
    let json = json::parse(text, &ANYTHING).map_err(|error| error.to_string())?;
    let server = if image.registry() == DEFAULT_REGISTRY {
        HUB_KEY
    } else {
        image.registry()
    };
    let helpers = json.get("credHelpers").and_then(Value::as_object);
    let mut helpers = helpers.into_iter().flatten();
    let helper = helpers.find(|(key, _)| plain(key) == image.registry());
    if let Some(name) = helper.and_then(|(_, name)| name.as_str())
        && !name.is_empty()
    {
        return ask(name, server);
    }
    if let Some(entry) = nearest(&json, image)
        && let Some(login) = login(entry)?
    {
        return Ok(Some(login));
    }
    match json.get("credsStore").and_then(Value::as_str) {
        None | Some("") => Ok(None),
        Some(name) => ask(name, server),
    }
}

/// Asks a credential helper, which returns the user name `<token>` for an identity token.
fn ask(helper: &str, server: &str) -> Result<Option<Login>, String> {
    let answer = helper::ask(helper, server)?;
    Ok(answer.map(|answer| {
        if answer.user == "<token>" {
            Login::Identity(answer.secret)
        } else {
            Login::Password(answer.user, answer.secret)
        }
    }))
}

/// The entry that applies: the longest of those for the registry, the repository, or a directory
/// above it.
fn nearest<'a>(json: &'a Value, image: &Name) -> Option<&'a Map<String, Value>> {
    let wanted = format!("{}/{}", image.registry(), image.repository());
    let entries = json.get("auths")?.as_object()?;
    let mut longest: Option<(usize, &Value)> = None;
    for (key, entry) in entries {
        let key = plain(key);
        // Only whole components match: `r.example/team` does not apply to `r.example/teams`.
        let is_match = is_at_or_below(&wanted, &key);
        // The last of several entries with the same length, such as with and without `https://`.
        if is_match && longest.is_none_or(|(length, _)| length <= key.len()) {
            longest = Some((key.len(), entry));
        }
    }
    longest?.1.as_object()
}

/// The credentials in an entry; `None` if it is empty, which means that a helper stores them.
fn login(entry: &Map<String, Value>) -> Result<Option<Login>, String> {
    if let Some(token) = text(entry, "identitytoken") {
        return Ok(Some(Login::Identity(token.to_owned())));
    }
    // These fields duplicate `auth`, and tools differ in which of them they use.
    let plain = match (text(entry, "username"), text(entry, "password")) {
        (Some(user), Some(password)) => Some(Login::Password(user.into(), password.into())),
        _ => None,
    };
    let Some(auth) = text(entry, "auth") else {
        return Ok(plain);
    };
    let decoded = decoded(auth).ok_or("`auth` is not a user name and password in Base64")?;
    if plain.is_some_and(|plain| plain != decoded) {
        return Err("`auth` differs from `username` and `password` next to it".to_owned());
    }
    Ok(Some(decoded))
}

/// The text of a field. An empty one counts as missing.
fn text<'a>(entry: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    match entry.get(key).and_then(Value::as_str) {
        None | Some("") => None,
        found => found,
    }
}

/// Decodes `USER:PASSWORD` in Base64, with or without padding.
fn decoded(auth: &str) -> Option<Login> {
    let padding = DecodePaddingMode::Indifferent;
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(padding);
    let bytes = GeneralPurpose::new(&STANDARD, config).decode(auth).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (user, password) = text.split_once(':')?;
    // Docker pads the decoded text with zeros.
    Some(Login::Password(
        user.into(),
        password.trim_end_matches('\0').into(),
    ))
}

/// A key without the scheme and path that older versions of Docker added to the registry.
fn plain(key: &str) -> String {
    let key = key
        .trim_start_matches("https://")
        .trim_start_matches("http://")
        .trim_end_matches('/');
    let key = key
        .strip_suffix("/v1")
        .or_else(|| key.strip_suffix("/v2"))
        .unwrap_or(key);
    // Docker's older names for its Hub.
    if matches!(key, "index.docker.io" | "registry-1.docker.io") {
        DEFAULT_REGISTRY.to_owned()
    } else {
        key.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn in_json(json: &Value, image: &str) -> Result<Option<Login>, String> {
        in_file(json.to_string().as_bytes(), &image.parse().unwrap())
    }

    fn found(json: &Value, image: &str) -> Option<(String, String)> {
        match in_json(json, image).unwrap()? {
            Login::Password(user, password) => Some((user, password)),
            Login::Identity(token) => Some((String::new(), token)),
            Login::Anonymous => None,
        }
    }

    fn user(json: &Value, image: &str) -> Option<String> {
        found(json, image).map(|(user, _)| user)
    }

    #[test]
    fn the_most_specific_credentials_entry_is_used() {
        // `host:p`, `team:p`, `app:p`
        let json = json!({"auths": {
            "r.example:5000": {"auth": "aG9zdDpw"},
            "r.example:5000/team": {"auth": "dGVhbTpw"},
            "r.example:5000/team/app": {"auth": "YXBwOnA="},
        }});
        assert_eq!(
            user(&json, "r.example:5000/team/app:1").as_deref(),
            Some("app")
        );
        assert_eq!(
            user(&json, "r.example:5000/team/apple").as_deref(),
            Some("team")
        );
        assert_eq!(
            user(&json, "r.example:5000/teams/x").as_deref(),
            Some("host")
        );
        assert_eq!(user(&json, "r.example:5001/team/app"), None);
    }

    #[test]
    fn credentials_of_docker_hub_are_found_under_each_of_its_names() {
        for key in [
            "https://index.docker.io/v1/",
            "index.docker.io",
            "docker.io",
        ] {
            let json = json!({"auths": {key: {"auth": "aHViOnA6eA=="}}});
            assert_eq!(
                found(&json, "debian"),
                Some(("hub".into(), "p:x".into())),
                "{key}"
            );
        }
    }

    #[test]
    fn a_missing_helper_is_named_in_the_credentials_error() {
        let json =
            json!({"auths": {"r.example": {}}, "credHelpers": {"r.example": "no-such-helper"}});
        let error = in_json(&json, "r.example/app").err().unwrap();
        assert!(
            error.contains("docker-credential-no-such-helper"),
            "{error}"
        );
        assert_eq!(found(&json, "other.example/app"), None);
    }

    #[test]
    fn a_helper_name_with_a_path_is_refused() {
        for json in [
            json!({"credHelpers": {"r.example": "/../../tmp/evil"}}),
            json!({"credHelpers": {"https://r.example/v2/": "x/../../tmp/evil"}}),
            json!({"credsStore": "../evil"}),
        ] {
            let error = in_json(&json, "r.example/app").err().unwrap();
            assert!(
                error.ends_with("is not a valid credential helper name"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_credentials_entry_holds_a_token_or_a_password_in_either_form() {
        let with = |entry: Value| json!({"auths": {"r.example": entry}});
        for (entry, expected) in [
            (json!({"auth": "dTpw"}), Ok(Some(("u", "p")))),
            (json!({"auth": "dTpwAAA="}), Ok(Some(("u", "p")))),
            (
                json!({"auth": "dTpw", "username": "u", "password": "p"}),
                Ok(Some(("u", "p"))),
            ),
            (
                json!({"auth": "dTpw", "username": "u", "password": "q"}),
                Err(()),
            ),
            (
                json!({"username": "u", "password": "p"}),
                Ok(Some(("u", "p"))),
            ),
            (
                json!({"auth": "dTpw", "identitytoken": "t"}),
                Ok(Some(("", "t"))),
            ),
            (json!({"auth": "!"}), Err(())),
            (json!({"auth": "dQ=="}), Err(())),
            (json!({}), Ok(None)),
        ] {
            let login = in_json(&with(entry.clone()), "r.example/app");
            let login = login.map_err(|_| ()).map(|login| match login {
                Some(Login::Password(user, password)) => Some((user, password)),
                Some(Login::Identity(token)) => Some((String::new(), token)),
                _ => None,
            });
            let expected =
                expected.map(|found| found.map(|(a, b): (&str, &str)| (a.into(), b.into())));
            assert_eq!(login, expected, "{entry}");
        }
    }
}
