//! The input of deployment checks.

use std::sync::Arc;

use super::image::{DeployedImage, ImagedWorkload};
use crate::deployment::{Deployment, Kind, Place, Pod, Role, Workload};
use crate::lint::finding::Label;
use crate::lint::settings::Settings;

/// Maximum number of containers that are compared with images, which takes time for each.
const MAX_COMPARED: usize = 1000;

/// A deployment, and what rules commonly ask about it.
#[derive(Clone, Copy, Debug)]
pub struct DeploymentContext<'a> {
    pub deployment: &'a Deployment,
    pub settings: &'a Settings,
    /// Images that containers may be started from.
    pub images: &'a [DeployedImage<'a>],
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

    /// The containers that are started from a known image. Those of a Compose override are left
    /// out, because the command may be in the other file.
    pub fn imaged_workloads(&self) -> Vec<ImagedWorkload<'a>> {
        let mut found = Vec::new();
        if self.images.is_empty() {
            return found;
        }
        let has_one_image = self.has_one_image();
        for (pod, workload) in self.complete_workloads().take(MAX_COMPARED) {
            if let Some(image) = self.image_of(workload, has_one_image) {
                found.push(ImagedWorkload {
                    pod,
                    workload,
                    image,
                });
            }
        }
        found
    }

    fn image_of(&self, workload: &Workload, has_one_image: bool) -> Option<&'a DeployedImage<'a>> {
        let reference = workload.image.as_ref();
        let named = reference
            .and_then(|reference| self.images.iter().find(|image| image.is_named(reference)));
        if named.is_some() {
            return named;
        }
        // A file has no name: it is the image of a deployment that has only one.
        let mut others = self.images.iter().filter(|image| !image.has_name());
        match (others.next(), others.next()) {
            (Some(image), None) if has_one_image => Some(image),
            _ => None,
        }
    }

    /// Whether all containers are started from the same image.
    fn has_one_image(&self) -> bool {
        let mut references = self.workloads().map(|(_, workload)| {
            let reference = workload.image.as_ref();
            reference.map(|reference| reference.value.as_str())
        });
        let first = references.next();
        match first {
            // Services without `image` are built, each from its own Dockerfile.
            Some(None) => references.next().is_none(),
            _ => references.all(|reference| Some(reference) == first),
        }
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
