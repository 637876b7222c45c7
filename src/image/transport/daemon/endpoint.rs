//! Endpoints of daemons: from the environment, Docker's current context, or the usual sockets.

use std::env;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// An address at which a daemon may listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// `unix:///run/docker.sock`, `tcp://host:2375`.
    pub address: String,
    /// The variable or context that names it; `None` for a default socket.
    pub by: Option<String>,
}

/// The environment that determines the endpoint, passed as an argument so that it can be tested.
pub(super) struct Environment<'a> {
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    pub exists: &'a dyn Fn(&Path) -> bool,
    pub read: &'a dyn Fn(&Path) -> Option<Vec<u8>>,
}

/// The endpoints for this process.
pub(super) fn endpoints() -> Vec<Endpoint> {
    find(&Environment {
        variable: &|name| env::var(name).ok().filter(|value| !value.is_empty()),
        exists: &|path| path.exists(),
        read: &|path| std::fs::read(path).ok(),
    })
}

/// Finds the configured endpoint, or else all default sockets that exist.
fn find(environment: &Environment<'_>) -> Vec<Endpoint> {
    // Docker's client reads the variable first and then the context. Podman's variable comes last.
    if let Some(endpoint) = named(environment, "DOCKER_HOST")
        .or_else(|| context(environment))
        .or_else(|| named(environment, "CONTAINER_HOST"))
    {
        // If a daemon is configured, no other is used: falling back to another could return a
        // different image.
        return vec![endpoint];
    }
    let mut endpoints = Vec::new();
    for path in usual_sockets(environment) {
        if (environment.exists)(&path) {
            endpoints.push(Endpoint {
                address: format!("unix://{}", path.display()),
                by: None,
            });
        }
    }
    endpoints
}

/// The endpoint that a variable names.
fn named(environment: &Environment<'_>, variable: &str) -> Option<Endpoint> {
    Some(Endpoint {
        address: (environment.variable)(variable)?,
        by: Some(format!("`{variable}`")),
    })
}

/// The default sockets, Docker's before Podman's, and the user's Podman before the system's.
pub(super) fn usual_sockets(environment: &Environment<'_>) -> Vec<PathBuf> {
    let mut sockets = vec![PathBuf::from("/var/run/docker.sock")];
    if let Some(runtime) = (environment.variable)("XDG_RUNTIME_DIR") {
        let runtime = Path::new(&runtime);
        sockets.push(runtime.join("docker.sock"));
        sockets.push(runtime.join("podman/podman.sock"));
    }
    sockets.push(PathBuf::from("/run/podman/podman.sock"));
    sockets
}

/// The endpoint of Docker's current context. The context `default` means the default socket.
fn context(environment: &Environment<'_>) -> Option<Endpoint> {
    let directory = match (environment.variable)("DOCKER_CONFIG") {
        Some(directory) => PathBuf::from(directory),
        None => Path::new(&(environment.variable)("HOME")?).join(".docker"),
    };
    let name = match (environment.variable)("DOCKER_CONTEXT") {
        Some(name) => name,
        None => json(environment, &directory.join("config.json"))?
            .get("currentContext")?
            .as_str()?
            .to_owned(),
    };
    if name == "default" {
        return None;
    }
    // Docker names the directory of a context after the SHA-256 of its name, so that any name
    // works.
    let digest = crate::image::digest::sha256(name.as_bytes());
    let hash = digest.trim_start_matches("sha256:");
    let path = directory.join("contexts/meta").join(hash).join("meta.json");
    let meta = json(environment, &path)?;
    let address = meta.pointer("/Endpoints/docker/Host")?.as_str()?.to_owned();
    Some(Endpoint {
        address,
        by: Some(format!("the context `{}`", crate::printable::escape(&name))),
    })
}

/// A file of Docker's client. One that cannot be read or parsed counts as missing.
fn json(environment: &Environment<'_>, path: &Path) -> Option<Value> {
    serde_json::from_slice(&(environment.read)(path)?).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// The addresses found with these variables and files.
    fn found(variables: &[(&str, &str)], files: &[(&str, &str)]) -> Vec<String> {
        let variables: BTreeMap<_, _> = variables.iter().copied().collect();
        let files: BTreeMap<_, _> = files.iter().copied().collect();
        let variable = |name: &str| variables.get(name).map(ToString::to_string);
        let exists = |path: &Path| files.contains_key(path.to_str().unwrap());
        let read = |path: &Path| {
            files
                .get(path.to_str().unwrap())
                .map(|text| text.as_bytes().to_vec())
        };
        let environment = Environment {
            variable: &variable,
            exists: &exists,
            read: &read,
        };
        find(&environment)
            .into_iter()
            .map(|endpoint| endpoint.address)
            .collect()
    }

    #[test]
    fn existing_default_sockets_are_tried_docker_first() {
        let files = [
            ("/run/podman/podman.sock", ""),
            ("/run/user/1/docker.sock", ""),
            ("/var/run/docker.sock", ""),
        ];
        let variables = [("XDG_RUNTIME_DIR", "/run/user/1")];
        let expected = [
            "unix:///var/run/docker.sock",
            "unix:///run/user/1/docker.sock",
            "unix:///run/podman/podman.sock",
        ];
        assert_eq!(found(&variables, &files), expected);
        assert_eq!(found(&[], &[]), [""; 0]);
    }

    #[test]
    fn a_host_in_the_environment_replaces_the_default_sockets() {
        let files = [("/var/run/docker.sock", "")];
        assert_eq!(
            found(&[("DOCKER_HOST", "tcp://h:1")], &files),
            ["tcp://h:1"]
        );
        assert_eq!(
            found(&[("CONTAINER_HOST", "unix:///p")], &files),
            ["unix:///p"]
        );
    }

    #[test]
    fn the_current_docker_context_selects_the_host() {
        // The name of the directory is the SHA-256 of the context's.
        let digest = crate::image::digest::sha256(b"far");
        let meta = format!(
            "/h/.docker/contexts/meta/{}/meta.json",
            digest.trim_start_matches("sha256:")
        );
        let content = r#"{"Name": "far", "Endpoints": {"docker": {"Host": "tcp://far:2375"}}}"#;
        let config = |name: &str| format!(r#"{{"currentContext": "{name}"}}"#);
        let (far, usual) = (config("far"), config("default"));
        let socket = ("/var/run/docker.sock", "");
        let files = [
            ("/h/.docker/config.json", far.as_str()),
            (meta.as_str(), content),
            socket,
        ];
        assert_eq!(found(&[("HOME", "/h")], &files), ["tcp://far:2375"]);
        assert_eq!(
            found(&[("HOME", "/h"), ("DOCKER_CONTEXT", "default")], &files),
            ["unix:///var/run/docker.sock"]
        );
        let files = [
            ("/h/.docker/config.json", usual.as_str()),
            (meta.as_str(), content),
            socket,
        ];
        assert_eq!(
            found(&[("HOME", "/h")], &files),
            ["unix:///var/run/docker.sock"]
        );
        assert_eq!(
            found(&[("HOME", "/h"), ("DOCKER_CONTEXT", "far")], &files),
            ["tcp://far:2375"]
        );
    }
}
