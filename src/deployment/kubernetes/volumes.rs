//! Volumes of a pod, and where its containers mount them.

use std::collections::HashMap;

use super::super::workload::{Mount, MountSource};
use super::super::yaml::Node;
use super::copies::Copies;

/// The volumes of a pod, by name. Each is read once, however many containers mount it.
pub(super) struct Volumes<'a>(HashMap<&'a str, MountSource>);

impl<'a> Volumes<'a> {
    pub(super) fn of(spec: &'a Node) -> Self {
        let mut volumes = HashMap::new();
        for volume in spec.get("volumes").map(Node::items).unwrap_or_default() {
            if let Some(name) = volume.get("name").and_then(Node::as_str) {
                volumes.entry(name).or_insert_with(|| source(volume));
            }
        }
        Self(volumes)
    }

    /// The mounts of a container.
    pub(super) fn mounts(&self, container: &Node, copies: &mut Copies<'_, '_>) -> Vec<Mount> {
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
            let source = match name.and_then(|name| self.0.get(name)) {
                Some(source) if copies.take(length(source), item.place) => source.clone(),
                Some(_) => MountSource::Other,
                None => MountSource::Volume(name.map(str::to_owned)),
            };
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
}

/// The length of the text in a source, which is copied for each mount.
fn length(source: &MountSource) -> usize {
    match source {
        MountSource::Host(path) => path.len(),
        MountSource::Volume(name) | MountSource::Secret(name) | MountSource::Config(name) => {
            name.as_ref().map_or(0, String::len)
        }
        MountSource::Empty | MountSource::Other => 0,
    }
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
