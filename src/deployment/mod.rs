//! The contents of a deployment: Compose files, Kubernetes manifests and Bake files as one model.
//!
//! [`read`] returns a [`Deployment`]: the pods that are started, with the images that are built for
//! them. A service of Compose is a pod with one container; a Bake file only has builds. Every value
//! knows its [`Place`] in a file, because findings point there.
//!
//! ```text
//! text ──▶ yaml (Compose, Kubernetes, JSON of Bake) ─┬─▶ Node ──▶ compose │ kubernetes │ bake
//!          hcl-edit (HCL of Bake) ───────────────────┘                └──▶ Deployment
//! ```
//!
//! Nothing is taken from the machine: variables have the values of `.env` files and defaults, or
//! are unknown, and what is unknown is `None` in the model. Values of `.env` files are
//! [`HiddenValues`]: they count, but are not shown. Other files (`include`, `extends`,
//! `.env`) are read through [`Files`], so that the caller decides which files may be read.

mod bake;
mod block_editor;
mod build;
mod compose;
mod files;
mod hidden;
mod inline;
mod kind;
mod kubernetes;
mod place;
mod words;
mod workload;
mod yaml;

use std::sync::Arc;

pub use block_editor::{Block, BlockEditor, NewValue, NotEditable};
pub use build::{Build, Recipe};
pub use files::{Files, NoFiles, Unreadable};
pub use hidden::HiddenValues;
pub use inline::InlineText;
pub use kind::{Kind, is_compose_override};
pub use kubernetes::is_template;
pub use place::{Place, Problem, Spanned};
pub use workload::{
    Check, CheckKind, Command, Controller, HostNamespace, Limits, Mount, MountSource, Pod, Port,
    Profile, Role, Variable, Workload, capability,
};
pub use yaml::Room;

use crate::source::Source;

/// The contents of the files of a deployment.
#[derive(Clone, Debug)]
pub struct Deployment {
    pub kind: Kind,
    /// The file that was read, and the other files that it refers to.
    pub files: Vec<Arc<Source>>,
    pub pods: Vec<Pod>,
    /// Targets of a Bake file.
    pub targets: Vec<Build>,
    /// Networks that Compose creates.
    pub networks: Vec<Network>,
    /// Network policies of Kubernetes.
    pub policies: Vec<NetworkPolicy>,
    /// Defects that keep a part of the files from being read.
    pub problems: Vec<Problem>,
    /// Values that are not shown.
    pub hidden: HiddenValues,
}

/// A network of Compose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    pub name: Spanned<String>,
    /// Whether it has no way out of the host.
    pub is_internal: bool,
    /// Whether it exists already, so that its properties are not in the file.
    pub is_external: bool,
}

/// A network policy, reduced to what it selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkPolicy {
    pub place: Place,
    pub namespace: Option<String>,
    /// Labels that a pod must have; empty selects all pods of the namespace.
    pub labels: Vec<(String, String)>,
    /// Whether it has conditions that are not in `labels`.
    pub has_expressions: bool,
}

/// Reads a Compose file, a Kubernetes manifest or a Bake file, and the files that it refers to.
pub fn read(kind: Kind, source: Source, files: &dyn Files) -> Deployment {
    read_in(&Room::default(), kind, source, files)
}

/// The same for one of many deployments, which share the room in memory.
pub fn read_in(room: &Room, kind: Kind, source: Source, files: &dyn Files) -> Deployment {
    match kind {
        Kind::Compose => compose::read(source, files, room),
        Kind::Kubernetes => kubernetes::read(source, room),
        Kind::Bake => bake::read(source, room),
    }
}

impl Deployment {
    pub(self) fn new(kind: Kind) -> Self {
        Self {
            kind,
            files: Vec::new(),
            pods: Vec::new(),
            targets: Vec::new(),
            networks: Vec::new(),
            policies: Vec::new(),
            problems: Vec::new(),
            hidden: HiddenValues::default(),
        }
    }

    /// All containers, with their pods.
    pub fn workloads(&self) -> impl Iterator<Item = (&Pod, &Workload)> {
        self.pods
            .iter()
            .flat_map(|pod| pod.workloads.iter().map(move |workload| (pod, workload)))
    }

    /// All images that are built: for services of Compose, or as targets of Bake.
    pub fn builds(&self) -> impl Iterator<Item = &Build> {
        self.workloads()
            .filter_map(|(_, workload)| workload.build.as_ref())
            .chain(&self.targets)
    }

    /// The file that a place is in.
    pub fn source(&self, place: Place) -> &Arc<Source> {
        &self.files[place.file]
    }
}
