//! Who one is to a registry, as `podman login` and `docker login` have noted it.

use std::env;
use std::path::{Path, PathBuf};

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use oci_client::Reference;
use oci_client::secrets::RegistryAuth;
use serde_json::{Map, Value};

use super::TransferError;

/// What Docker's files and helpers call Docker Hub.
const HUB: &str = "https://index.docker.io/v1/";

/// How one is let in.
pub(super) enum Login {
    As(RegistryAuth),
    /// With a token that has to be changed for another first.
    Identity(String),
}

/// The credentials for an image, from the first file that has some; anonymous where none has.
pub(super) fn credentials(image: &Reference) -> Result<Login, TransferError> {
    for file in files() {
        let Ok(text) = std::fs::read(&file) else {
            continue;
        };
        let failed = |reason: String| TransferError::Credentials {
            registry: image.registry().to_owned(),
            file: file.clone(),
            reason,
        };
        let json: Value =
            serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))?;
        if let Some(found) = in_file(json, image).map_err(|error| failed(said(&error)))? {
            return Ok(match found {
                DockerCredential::UsernamePassword(user, password) => {
                    Login::As(RegistryAuth::Basic(user, password))
                }
                DockerCredential::IdentityToken(token) => Login::Identity(token),
            });
        }
    }
    Ok(Login::As(RegistryAuth::Anonymous))
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

fn in_file(
    mut json: Value,
    image: &Reference,
) -> Result<Option<DockerCredential>, CredentialRetrievalError> {
    let server = if image.registry() == "docker.io" {
        HUB
    } else {
        image.registry()
    };
    narrow(&mut json, image, server);
    match get_credential_from_reader(json.to_string().as_bytes(), server) {
        Ok(found) => Ok(Some(found)),
        Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(None),
        // A helper has no other way to say that it knows nobody.
        Err(CredentialRetrievalError::HelperFailure { stdout, .. })
            if stdout.contains("credentials not found") =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Leaves the one entry that counts: of those for the registry, a repository's directory or the
/// repository, the longest.
fn narrow(json: &mut Value, image: &Reference, server: &str) {
    let wanted = format!("{}/{}", image.registry(), image.repository());
    let Some(entries) = json.get_mut("auths").and_then(Value::as_object_mut) else {
        return;
    };
    let is_for = |key: &str| {
        wanted
            .strip_prefix(key)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let suiting = entries
        .iter()
        .filter(|(key, _)| is_for(&plain(key)))
        .max_by_key(|(key, _)| plain(key).len());
    let entry = suiting.map(|(_, value)| (server.to_owned(), value.clone()));
    // An entry without anything in it says that a helper knows.
    let entry = entry.filter(|(_, value)| value.as_object().is_some_and(|value| !value.is_empty()));
    *entries = entry.into_iter().collect::<Map<_, _>>();
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

/// What went wrong, without what a helper printed: that may be a secret.
fn said(error: &CredentialRetrievalError) -> String {
    match error {
        CredentialRetrievalError::HelperFailure { helper, .. } => format!("`{helper}` failed"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(json: &Value, image: &str) -> Option<(String, String)> {
        match in_file(json.clone(), &image.parse().unwrap()).unwrap()? {
            DockerCredential::UsernamePassword(user, password) => Some((user, password)),
            DockerCredential::IdentityToken(token) => Some((String::new(), token)),
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
        assert!(in_file(json.clone(), &"r.example/app".parse().unwrap()).is_err());
        assert_eq!(found(&json, "other.example/app"), None);
    }
}
