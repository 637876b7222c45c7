//! Where the daemons are: what the environment says, what Docker's current context says, the usual
//! sockets.

use std::env;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A place where a daemon may listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// `unix:///run/docker.sock`, `tcp://host:2375`.
    pub address: String,
    /// Who says so: a variable, a context; nobody for a usual socket.
    pub by: Option<String>,
}

/// What decides it. Everything comes in here, so that it can be tested.
pub(super) struct Surroundings<'a> {
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    pub exists: &'a dyn Fn(&Path) -> bool,
    pub read: &'a dyn Fn(&Path) -> Option<Vec<u8>>,
}

/// Those of this process.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let exists = |path: &Path| path.exists();
    let read = |path: &Path| std::fs::read(path).ok();
    find(&Surroundings {
        variable: &variable,
        exists: &exists,
        read: &read,
    })
}

/// The one that was named, or every usual socket that is there.
fn find(around: &Surroundings<'_>) -> Vec<Endpoint> {
    let named = |variable: &str| {
        let address = (around.variable)(variable)?;
        Some(Endpoint {
            address,
            by: Some(format!("`{variable}`")),
        })
    };
    if let Some(endpoint) = named("DOCKER_HOST")
        .or_else(|| context(around))
        .or_else(|| named("CONTAINER_HOST"))
    {
        return vec![endpoint];
    }
    let sockets = usual_sockets(around)
        .into_iter()
        .filter(|path| (around.exists)(path));
    sockets
        .map(|path| Endpoint {
            address: format!("unix://{}", path.display()),
            by: None,
        })
        .collect()
}

pub(super) fn usual_sockets(around: &Surroundings<'_>) -> Vec<PathBuf> {
    let runtime = (around.variable)("XDG_RUNTIME_DIR").map(PathBuf::from);
    let below = |name: &str| runtime.as_ref().map(|directory| directory.join(name));
    [
        Some(PathBuf::from("/var/run/docker.sock")),
        below("docker.sock"),
        below("podman/podman.sock"),
        Some(PathBuf::from("/run/podman/podman.sock")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Docker's current context. The one called `default` means the usual socket.
fn context(around: &Surroundings<'_>) -> Option<Endpoint> {
    let home = || (around.variable)("HOME").map(|home| Path::new(&home).join(".docker"));
    let directory = (around.variable)("DOCKER_CONFIG")
        .map(PathBuf::from)
        .or_else(home)?;
    let json = |path: &Path| serde_json::from_slice::<Value>(&(around.read)(path)?).ok();
    let current = || {
        Some(
            json(&directory.join("config.json"))?
                .get("currentContext")?
                .as_str()?
                .to_owned(),
        )
    };
    let name = (around.variable)("DOCKER_CONTEXT")
        .or_else(current)
        .filter(|name| name != "default")?;
    let digest = crate::image::digest::sha256(name.as_bytes());
    let hash = digest.trim_start_matches("sha256:");
    let meta = json(&directory.join("contexts/meta").join(hash).join("meta.json"))?;
    let address = meta.pointer("/Endpoints/docker/Host")?.as_str()?.to_owned();
    Some(Endpoint {
        address,
        by: Some(format!("the context `{}`", crate::printable::escape(&name))),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Addresses, with the variables and files that are there.
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
        let around = Surroundings {
            variable: &variable,
            exists: &exists,
            read: &read,
        };
        find(&around)
            .into_iter()
            .map(|endpoint| endpoint.address)
            .collect()
    }

    #[test]
    fn usual_sockets_that_are_there_are_found_dockers_first() {
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
    fn a_host_that_is_named_is_the_only_one() {
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
    fn the_current_context_is_followed() {
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
