//! Volumes of a pod, and where its containers mount them.

use super::super::workload::{Mount, MountSource};
use super::super::yaml::Node;

/// The mounts of a container.
pub(super) fn mounts(container: &Node, spec: &Node) -> Vec<Mount> {
    let volumes = spec.get("volumes").map(Node::items).unwrap_or_default();
    let mut mounts = Vec::new();
    for item in container
        .get("volumeMounts")
        .map(Node::items)
        .unwrap_or_default()
    {
        let Some(target) = item.get("mountPath").and_then(Node::string) else {
            continue;
        };
        let name = item.get("name").and_then(Node::as_str);
        let volume = volumes
            .iter()
            .find(|volume| name.is_some() && volume.get("name").and_then(Node::as_str) == name);
        let source = volume.map_or(MountSource::Volume(name.map(str::to_owned)), source);
        let is_read_only = item.get("readOnly").and_then(Node::boolean);
        mounts.push(Mount {
            place: item.place,
            source,
            target,
            is_read_only: is_read_only.is_some_and(|is| is.value),
            relabels: false,
        });
    }
    mounts
}

fn source(volume: &Node) -> MountSource {
    let text = |path: &[&str]| Some(volume.at(path)?.as_str()?.to_owned());
    if let Some(path) = volume.at(&["hostPath", "path"]).and_then(Node::string) {
        return MountSource::Host(path);
    }
    if volume.entry("emptyDir").is_some() {
        return MountSource::Empty;
    }
    if volume.get("secret").is_some() {
        return MountSource::Secret(text(&["secret", "secretName"]));
    }
    if volume.get("configMap").is_some() {
        return MountSource::Config(text(&["configMap", "name"]));
    }
    if volume.get("persistentVolumeClaim").is_some() {
        return MountSource::Volume(text(&["persistentVolumeClaim", "claimName"]));
    }
    MountSource::Other
}
