//! The images that a deployment pulls.

use crate::deployment::Spanned;
use crate::lint::DeploymentContext;
use crate::lint::facts::ImageRef;

/// An image that a deployment starts and does not build.
pub(crate) struct DeployedImage<'a> {
    pub(crate) written: &'a Spanned<String>,
    pub(crate) image: ImageRef,
}

/// The images of all containers. With `build`, the image is named, not pulled.
pub(crate) fn deployed_images<'a>(cx: &DeploymentContext<'a>) -> Vec<DeployedImage<'a>> {
    let mut images = Vec::new();
    for (_, workload) in cx.workloads() {
        if let (Some(written), None) = (&workload.image, &workload.build) {
            let image = ImageRef::parse(&written.value);
            images.push(DeployedImage { written, image });
        }
    }
    images
}
