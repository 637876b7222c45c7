//! The input of deployment checks.

use std::sync::Arc;

use crate::deployment::{Deployment, Kind, Place, Pod, Role, Workload};
use crate::lint::finding::Label;
use crate::lint::settings::Settings;

/// A deployment, and what rules commonly ask about it.
#[derive(Clone, Copy, Debug)]
pub struct DeploymentContext<'a> {
    pub deployment: &'a Deployment,
    pub settings: &'a Settings,
}

impl<'a> DeploymentContext<'a> {
    /// All containers, with their pods.
    pub fn workloads(&self) -> impl Iterator<Item = (&'a Pod, &'a Workload)> + use<'a> {
        let pods = self.deployment.pods.iter();
        pods.flat_map(|pod| pod.workloads.iter().map(move |workload| (pod, workload)))
    }

    /// The containers of which all is known: what is missing there is missing in the deployment.
    pub fn complete_workloads(&self) -> impl Iterator<Item = (&'a Pod, &'a Workload)> + use<'a> {
        self.workloads().filter(|(pod, _)| !pod.is_partial)
    }

    /// The same, without containers that only prepare others.
    pub fn lasting_workloads(&self) -> impl Iterator<Item = (&'a Pod, &'a Workload)> + use<'a> {
        self.complete_workloads()
            .filter(|(_, workload)| workload.role != Role::Init)
    }

    /// A label at a place in one of the files.
    pub fn label(&self, place: Place, message: impl Into<String>) -> Label {
        Label {
            file: Some(Arc::clone(self.deployment.source(place))),
            span: place.span,
            message: message.into(),
        }
    }

    /// `service` or `container`, the word of the format.
    pub fn noun(&self) -> &'static str {
        match self.deployment.kind {
            Kind::Compose => "service",
            Kind::Kubernetes | Kind::Bake => "container",
        }
    }

    pub fn is_compose(&self) -> bool {
        self.deployment.kind == Kind::Compose
    }
}
