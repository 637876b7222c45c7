//! The kinds of files that describe deployments, and how they are recognized.

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Compose,
    Kubernetes,
    Bake,
}

impl Kind {
    /// The kind of a file with this name: `compose.yaml`, `docker-compose.prod.yml`,
    /// `docker-bake.hcl`. Manifests of Kubernetes have no common names.
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let (stem, extension) = name.rsplit_once('.')?;
        // `compose.override` and `docker-compose-prod` are Compose files too.
        let first = stem.split(['.', '_']).next().unwrap_or(stem);
        let is_yaml = matches!(extension, "yaml" | "yml");
        if is_yaml && has_words(first, &["compose", "docker-compose", "podman-compose"]) {
            return Some(Self::Compose);
        }
        let is_bake = matches!(extension, "hcl" | "json");
        if is_bake && has_words(first, &["docker-bake", "bake"]) {
            return Some(Self::Bake);
        }
        None
    }

    /// Whether a file with this name may be a manifest, which its content decides.
    pub fn may_be_manifest(name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        matches!(extension, Some("yaml" | "yml" | "json"))
    }

    /// The kind of a text whose name does not tell.
    pub fn of_content(text: &str) -> Option<Self> {
        if is_manifest(text) {
            return Some(Self::Kubernetes);
        }
        let has_services = text.lines().any(|line| line.trim_end() == "services:");
        if has_services {
            return Some(Self::Compose);
        }
        None
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compose => "Compose file",
            Self::Kubernetes => "Kubernetes manifest",
            Self::Bake => "Bake file",
        }
    }
}

/// Whether a name is one of these or starts with one and `-`.
fn has_words(name: &str, words: &[&str]) -> bool {
    words.iter().any(|word| match name.strip_prefix(word) {
        Some(rest) => rest.is_empty() || rest.starts_with('-'),
        None => false,
    })
}

/// Whether a text has the two keys that every object of Kubernetes has.
fn is_manifest(text: &str) -> bool {
    let (mut has_version, mut has_kind) = (false, false);
    for line in text.lines() {
        // Objects of a file in JSON are indented.
        let line = line.trim_start_matches([' ', '{', '"', '-']);
        has_version |= line.starts_with("apiVersion:") || line.starts_with("apiVersion\":");
        has_kind |= line.starts_with("kind:") || line.starts_with("kind\":");
        if has_version && has_kind {
            return true;
        }
    }
    false
}

/// Whether a file name is that of an override that Compose reads together with the file beside it.
pub fn is_compose_override(name: &str) -> bool {
    name.ends_with("compose.override.yaml") || name.ends_with("compose.override.yml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compose_and_bake_files_are_recognized_by_name() {
        for (name, kind) in [
            ("compose.yaml", Some(Kind::Compose)),
            ("docker-compose.yml", Some(Kind::Compose)),
            ("docker-compose.prod.yml", Some(Kind::Compose)),
            ("docker-compose-dev.yaml", Some(Kind::Compose)),
            ("compose_test.yaml", Some(Kind::Compose)),
            ("docker-bake.hcl", Some(Kind::Bake)),
            ("docker-bake.override.json", Some(Kind::Bake)),
            ("composer.json", None),
            ("composer.yaml", None),
            ("compose.yaml.j2", None),
            ("main.hcl", None),
            ("pod.yaml", None),
            ("compose", None),
        ] {
            assert_eq!(Kind::of_name(name), kind, "{name}");
        }
    }

    #[test]
    fn manifests_are_recognized_by_content() {
        for (text, kind) in [
            ("apiVersion: v1\nkind: Pod\n", Some(Kind::Kubernetes)),
            (
                "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Pod\"\n}\n",
                Some(Kind::Kubernetes),
            ),
            (
                "# c\n---\nkind: List\napiVersion: v1\n",
                Some(Kind::Kubernetes),
            ),
            ("name: x\nservices:\n  a:\n", Some(Kind::Compose)),
            ("kind: x\n", None),
            ("", None),
        ] {
            assert_eq!(Kind::of_content(text), kind, "{text}");
        }
    }
}
