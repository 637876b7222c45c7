//! Settings that are added to an existing Compose file or manifest, in place.

use super::sheet::quoted;
use super::{Hardened, name_of, tmpfs_options};
use crate::deployment::{Block, BlockEditor, NewValue, NotEditable, Pod, Workload, capability};
use crate::harden::{Hardening, Mount, Place};

/// A text with the settings, and what is left to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    pub text: String,
    pub by_hand: Vec<String>,
}

/// The reason why settings cannot be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotApplied {
    /// The definition of a container with this name is not a block mapping, or it is used several
    /// times.
    NoBlock(String),
    /// The text would then have other values than those that were added.
    OtherValues,
}

/// Adds settings to the definitions of containers, which are in the text itself.
pub fn apply(
    image: &str,
    settings: &Hardening,
    text: &str,
    containers: &[(&Pod, &Workload)],
) -> Result<Applied, NotApplied> {
    let mut editor = BlockEditor::new(text);
    let mut by_hand = Vec::new();
    for &(pod, workload) in containers {
        let name = &workload.name;
        let is_kubernetes = pod.controller.is_kubernetes();
        let block = if is_kubernetes {
            editor.block_with(name.place)
        } else {
            editor.block_under(name.place)
        };
        let block = block.ok_or_else(|| NotApplied::NoBlock(name.value.clone()))?;
        if editor.is_repeated(&block) {
            by_hand.push(other_values(name));
            continue;
        }
        let mut change = Change {
            hardened: &Hardened {
                image,
                service: name,
                settings,
            },
            workload,
            editor: &mut editor,
            block,
            by_hand: &mut by_hand,
        };
        if is_kubernetes {
            change.apply_to_container(pod);
        } else {
            change.apply_to_service();
        }
    }
    let text = editor.finish().ok_or(NotApplied::OtherValues)?;
    Ok(Applied { text, by_hand })
}

/// A line of `by_hand` for a container whose lines cannot be edited.
pub fn other_values(name: &str) -> String {
    format!("the settings of `{name}`: editing its lines would change other values")
}

struct Change<'a> {
    hardened: &'a Hardened<'a>,
    workload: &'a Workload,
    editor: &'a mut BlockEditor,
    block: Block,
    by_hand: &'a mut Vec<String>,
}

impl<'a> Change<'a> {
    fn apply_to_service(&mut self) {
        if let Some(user) = self.new_user() {
            self.set("user", &NewValue::scalar(quoted(&user)));
        }
        if !self.is_read_only() {
            self.set("read_only", &NewValue::scalar("true"));
        }
        let mut temporary = Vec::new();
        for (path, place) in self.new_places(Mount::Tmpfs) {
            temporary.push(quoted(&format!("{path}:{}", tmpfs_options(place))));
        }
        self.add("tmpfs", temporary);
        let volumes = self.new_places(Mount::Volume);
        // A volume without a name, which the engine fills with the files of the image.
        self.add(
            "volumes",
            volumes.iter().map(|(path, _)| quoted(path)).collect(),
        );
        if !self.workload.drops_all() {
            self.add("cap_drop", vec!["ALL".to_owned()]);
        }
        self.add("cap_add", self.new_capabilities());
        if self.needs_no_new_privileges() {
            self.add("security_opt", vec!["no-new-privileges:true".to_owned()]);
        }
        self.report_surplus();
    }

    fn apply_to_container(&mut self, pod: &Pod) {
        let settings = self.hardened.settings;
        let mut context = Vec::new();
        if self.workload.user.is_none() && settings.user.uid != 0 {
            let user = &settings.user;
            context.push(("runAsNonRoot", NewValue::scalar("true")));
            context.push(("runAsUser", NewValue::scalar(user.uid.to_string())));
            if self.workload.group.is_none() {
                context.push(("runAsGroup", NewValue::scalar(user.gid.to_string())));
            }
        }
        if self.needs_no_new_privileges() {
            context.push(("allowPrivilegeEscalation", NewValue::scalar("false")));
        }
        if !self.is_read_only() {
            context.push(("readOnlyRootFilesystem", NewValue::scalar("true")));
        }
        let mut capabilities = Vec::new();
        if !self.workload.drops_all() {
            capabilities.push(("drop", NewValue::List(vec!["ALL".to_owned()])));
        }
        let added = self.new_capabilities();
        if !added.is_empty() {
            capabilities.push(("add", NewValue::List(added)));
        }
        if !capabilities.is_empty() {
            context.push(("capabilities", NewValue::Map(capabilities)));
        }
        if self.workload.seccomp.is_none() {
            let default = NewValue::scalar("RuntimeDefault");
            context.push(("seccompProfile", NewValue::Map(vec![("type", default)])));
        }
        if !context.is_empty() {
            self.set("securityContext", &NewValue::Map(context));
        }
        self.add_volumes(pod);
        self.report_surplus();
    }

    /// Adds an `emptyDir` for each temporary place.
    fn add_volumes(&mut self, pod: &Pod) {
        let (mut mounts, mut volumes) = (Vec::new(), Vec::new());
        for (path, _) in self.new_places(Mount::Tmpfs) {
            let name = format!("{}-{}", self.workload.name.value, name_of(&path));
            mounts.push(vec![
                ("name", NewValue::scalar(&name)),
                ("mountPath", NewValue::scalar(quoted(&path))),
            ]);
            volumes.push(vec![
                ("name", NewValue::scalar(&name)),
                ("emptyDir", NewValue::scalar("{}")),
            ]);
        }
        for (path, _) in self.new_places(Mount::Volume) {
            let name = &pod.name.value;
            self.by_hand
                .push(format!("`{path}` of `{name}` needs a persistent volume"));
        }
        if mounts.is_empty() {
            return;
        }
        let Some(spec) = self.editor.block_with_list_of(&self.block) else {
            self.by_hand
                .push("volumes for the temporary directories".to_owned());
            return;
        };
        let (mounts, volumes) = (NewValue::Maps(mounts), NewValue::Maps(volumes));
        let mut refused = Vec::new();
        refused.extend(
            self.editor
                .check(&self.block, "volumeMounts", &mounts)
                .err(),
        );
        refused.extend(self.editor.check(&spec, "volumes", &volumes).err());
        // A volume without its mount is useless, and a mount without its volume is an error.
        if refused.is_empty() {
            self.editor
                .set(&self.block, "volumeMounts", &mounts, &mut refused);
            self.editor.set(&spec, "volumes", &volumes, &mut refused);
        }
        self.record(refused);
    }

    fn set(&mut self, key: &'static str, value: &NewValue) {
        let mut refused = Vec::new();
        self.editor.set(&self.block, key, value, &mut refused);
        self.record(refused);
    }

    fn add(&mut self, key: &'static str, items: Vec<String>) {
        if !items.is_empty() {
            self.set(key, &NewValue::List(items));
        }
    }

    fn record(&mut self, refused: Vec<NotEditable>) {
        for NotEditable { key, line } in refused {
            self.by_hand.push(format!(
                "`{key}` on line {line} is not a plain block of its own"
            ));
        }
    }

    fn is_read_only(&self) -> bool {
        let setting = &self.workload.read_only_root;
        setting.as_ref().is_some_and(|setting| setting.value)
    }

    /// The user, if the service has none other than root.
    fn new_user(&self) -> Option<String> {
        let is_root = match &self.workload.user {
            Some(user) => matches!(user.split(':').next(), Some("root" | "0")),
            None => true,
        };
        if is_root && self.hardened.settings.user.uid != 0 {
            Some(self.hardened.user())
        } else {
            None
        }
    }

    fn needs_no_new_privileges(&self) -> bool {
        let is_set = match &self.workload.privilege_escalation {
            Some(escalation) => !escalation.value,
            None => false,
        };
        !is_set
            && !self.workload.is_privileged()
            && self.hardened.settings.gains_privileges.is_none()
    }

    fn new_capabilities(&self) -> Vec<String> {
        let mut new = Vec::new();
        for name in self.hardened.settings.capabilities.keys() {
            let mut added = self.workload.cap_add.iter();
            let is_added = added.any(|added| {
                let added = capability(added);
                added == *name || added == "ALL"
            });
            if !is_added {
                new.push((*name).to_owned());
            }
        }
        new
    }

    /// The writable places that no mount of the container covers yet.
    fn new_places(&self, kind: Mount) -> Vec<(String, &'a Place)> {
        let hardened: &'a Hardened<'a> = self.hardened;
        let mut places = Vec::new();
        for mount in hardened.mounts(kind) {
            let mut known = self.workload.mounts.iter();
            let is_covered = known.any(|known| {
                let target = known.target.trim_end_matches('/');
                match mount.path.strip_prefix(target) {
                    Some(rest) => rest.is_empty() || rest.starts_with('/'),
                    None => false,
                }
            });
            if !is_covered {
                places.push((mount.path, mount.place));
            }
        }
        places
    }

    /// Settings that give more than the program needs are not removed: something else may need
    /// them.
    fn report_surplus(&mut self) {
        let workload = self.workload;
        let name = &workload.name.value;
        if workload.is_privileged() {
            self.by_hand.push(format!(
                "`{name}` is privileged, which has priority over the other settings"
            ));
        }
        for added in &workload.cap_add {
            let known = &self.hardened.settings.capabilities;
            if !known.contains_key(capability(added).as_str()) {
                self.by_hand.push(format!(
                    "`{name}` adds `{}`, which its program is not known to need",
                    added.value
                ));
            }
        }
    }
}
