//! Who one is to a registry, as `podman login` and `docker login` have noted it.
//!
//! The files are the user's own: their places come from the environment.

use std::env;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use oci_spec::distribution::Reference;
use serde_json::{Map, Value};

use super::{TransferError, helper};
use crate::image::json::{self, ANYTHING};

/// What Docker's files and helpers call Docker Hub.
const HUB: &str = "https://index.docker.io/v1/";
/// Bytes of a file with credentials.
const MAX_FILE: u64 = 4 << 20;

/// How one is let in.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Login {
    Anonymous,
    Password(String, String),
    /// A token that buys others.
    Identity(String),
}

/// The credentials for an image, from the first file that has some; anonymous where none has.
pub(super) fn credentials(image: &Reference) -> Result<Login, TransferError> {
    for file in files() {
        let found = match read(&file) {
            Ok(Some(text)) => in_file(&text, image),
            Ok(None) => continue,
            Err(error) => Err(error.to_string()),
        };
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

/// A file of credentials; none where there is no such file, or none that this user may read.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    // A FIFO would block, so look first.
    if !path.is_file() {
        return Ok(None);
    }
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

/// Podman's files before Docker's, as skopeo has them.
fn files() -> Vec<PathBuf> {
    let variable = |name: &str| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let Some(file) = variable("REGISTRY_AUTH_FILE") {
        return vec![file];
    }
    let home = variable("HOME");
    let below =
        |directory: Option<PathBuf>, name: &str| directory.map(|directory| directory.join(name));
    let user = rustix::process::getuid().as_raw();
    let runtime = variable("XDG_RUNTIME_DIR")
        .unwrap_or_else(|| Path::new("/run/containers").join(user.to_string()));
    let runtime_file = if runtime.starts_with("/run/containers") {
        runtime.join("auth.json")
    } else {
        runtime.join("containers/auth.json")
    };
    let config = variable("XDG_CONFIG_HOME").or_else(|| below(home.clone(), ".config"));
    let docker = variable("DOCKER_CONFIG").or_else(|| below(home, ".docker"));
    [
        Some(runtime_file),
        below(config, "containers/auth.json"),
        below(docker, "config.json"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn in_file(text: &[u8], image: &Reference) -> Result<Option<Login>, String> {
    let json = json::parse(text, &ANYTHING).map_err(|error| error.to_string())?;
    let server = if image.registry() == "docker.io" {
        HUB
    } else {
        image.registry()
    };
    let helpers = json.get("credHelpers").and_then(Value::as_object);
    let is_for = |key: &str| plain(key) == image.registry();
    let helper = helpers.into_iter().flatten().find(|(key, _)| is_for(key));
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

/// The one entry that counts: of those for the registry, a repository's directory or the
/// repository, the longest.
fn nearest<'a>(json: &'a Value, image: &Reference) -> Option<&'a Map<String, Value>> {
    let wanted = format!("{}/{}", image.registry(), image.repository());
    let entries = json.get("auths")?.as_object()?;
    let is_for = |key: &str| {
        wanted
            .strip_prefix(key)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let suiting = entries
        .iter()
        .filter(|(key, _)| is_for(&plain(key)))
        .max_by_key(|(key, _)| plain(key).len());
    suiting?.1.as_object()
}

/// What an entry says; none where it has nothing in it, which means that a helper knows.
fn login(entry: &Map<String, Value>) -> Result<Option<Login>, String> {
    let text = |key: &str| match entry.get(key).and_then(Value::as_str) {
        None | Some("") => None,
        found => found,
    };
    if let Some(token) = text("identitytoken") {
        return Ok(Some(Login::Identity(token.to_owned())));
    }
    let given = text("username").zip(text("password"));
    let given = given.map(|(user, password)| Login::Password(user.into(), password.into()));
    let Some(auth) = text("auth") else {
        return Ok(given);
    };
    let decoded = decoded(auth).ok_or("an `auth` is not a user and a password in Base64")?;
    if given.is_some_and(|given| given != decoded) {
        return Err("an `auth` differs from the user and the password beside it".to_owned());
    }
    Ok(Some(decoded))
}

/// `USER:PASSWORD` in Base64, whether or not it is padded.
fn decoded(auth: &str) -> Option<Login> {
    let padding = DecodePaddingMode::Indifferent;
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(padding);
    let bytes = GeneralPurpose::new(&STANDARD, config).decode(auth).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (user, password) = text.split_once(':')?;
    // Docker pads with zeros.
    Some(Login::Password(
        user.into(),
        password.trim_end_matches('\0').into(),
    ))
}

/// A key without what older versions of Docker wrote around the registry.
fn plain(key: &str) -> String {
    let key = key
        .trim_start_matches("https://")
        .trim_start_matches("http://")
        .trim_end_matches('/');
    let key = key
        .strip_suffix("/v1")
        .or_else(|| key.strip_suffix("/v2"))
        .unwrap_or(key);
    match key {
        "index.docker.io" | "registry-1.docker.io" => "docker.io".to_owned(),
        other => other.to_owned(),
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
    fn the_entry_nearest_to_the_repository_counts() {
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
    fn docker_hub_has_many_names() {
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
    fn a_helper_that_is_not_there_is_named_as_the_reason() {
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
    fn a_helper_is_named_and_has_no_path() {
        for json in [
            json!({"credHelpers": {"r.example": "/../../tmp/evil"}}),
            json!({"credHelpers": {"https://r.example/v2/": "x/../../tmp/evil"}}),
            json!({"credsStore": "../evil"}),
        ] {
            let error = in_json(&json, "r.example/app").err().unwrap();
            assert!(
                error.ends_with("cannot be the name of a credential helper"),
                "{error}"
            );
        }
    }

    #[test]
    fn an_entry_has_a_token_or_a_password_in_one_of_two_forms() {
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
