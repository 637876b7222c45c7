//! The images that a Dockerfile uses: those of `FROM`, of `COPY --from` and of mounts.

use super::base::is_well_known_image;
use super::image_ref::ImageRef;
use super::stages::Base;
use super::steps::Step;
use super::{Facts, stages};
use crate::dockerfile::{Kind, Word};
use crate::source::Span;

/// An image that a build pulls.
#[derive(Clone, Debug)]
pub struct UsedImage {
    pub image: ImageRef,
    /// The reference as written.
    pub written: String,
    pub span: Span,
    /// The index of the stage that uses it.
    pub stage: Option<usize>,
    /// Whether the name could also be meant for a stage, or for a context that the build names:
    /// `--from=tools`.
    pub is_doubtful: bool,
}

impl Facts<'_> {
    /// All images that the build pulls, in the order of the file.
    pub fn images(&self) -> &[UsedImage] {
        self.images.get_or_init(|| self.read_images())
    }

    fn read_images(&self) -> Vec<UsedImage> {
        let mut images = Vec::new();
        for stage in &self.stages {
            if let Base::Image(image) = &stage.base {
                images.push(UsedImage {
                    image: image.clone(),
                    written: stage.image.text.as_str().to_owned(),
                    span: stage.image.span,
                    stage: Some(stage.index),
                    is_doubtful: false,
                });
            }
        }
        for step in self.steps.iter().filter(|step| step.kind() != Kind::From) {
            images.extend(self.copied_images(step));
        }
        images.sort_by_key(|image| image.span);
        images
    }

    /// The images that `--from` and the `from=` of mounts name.
    fn copied_images(&self, step: &Step<'_>) -> Vec<UsedImage> {
        let mut words: Vec<&Word> = Vec::new();
        for flag in &step.instruction.flags {
            if flag.name == "from" {
                words.extend(&flag.value);
            }
        }
        for mount in &step.mounts {
            if let Some(from) = mount.field("from") {
                words.extend(&from.word);
            }
        }
        let mut images = Vec::new();
        for word in words {
            let Some(name) = self.expand(step, word) else {
                continue;
            };
            if name.is_empty()
                || name == "scratch"
                || self.contexts.contains(&name)
                || self.is_stage(step, &name)
            {
                continue;
            }
            let is_reference = name.contains(['/', ':', '@']);
            images.push(UsedImage {
                image: ImageRef::parse(&name),
                written: word.text.as_str().to_owned(),
                span: word.span,
                stage: step.stage,
                // A trigger may name a stage of the build that it runs in.
                is_doubtful: !is_reference && (step.onbuild || !is_well_known_image(&name)),
            });
        }
        images
    }

    /// Whether a name or number is that of a stage.
    fn is_stage(&self, step: &Step<'_>, name: &str) -> bool {
        // BuildKit also finds a stage that is defined further down. A number is never an image.
        let is_number = name.bytes().all(|b| b.is_ascii_digit());
        is_number
            || step
                .stage
                .is_some_and(|stage| stages::find(&self.stages, stage, name).is_some())
            || self.stages.iter().any(|stage| stage.is_named(name))
    }
}

#[cfg(test)]
mod tests {
    use crate::dockerfile::parse;
    use crate::lint::facts::Facts;
    use crate::lint::settings::Settings;
    use crate::source::Source;

    /// The images in a Dockerfile as written, with `?` after the doubtful ones.
    fn images(text: &str) -> Vec<String> {
        let source = Source::new("Dockerfile", text);
        let dockerfile = parse(&source);
        let facts = Facts::new(&dockerfile, &Settings::default());
        let mut images = Vec::new();
        for image in facts.images() {
            assert_eq!(source.slice(image.span), image.written);
            let doubt = if image.is_doubtful { "?" } else { "" };
            images.push(format!("{}{doubt}", image.written));
        }
        images
    }

    #[test]
    fn images_of_from_copy_and_mounts_are_listed() {
        let text = "FROM debian:12 AS build\n\
                    COPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/\n\
                    COPY --from=alpine /a /b\n\
                    RUN --mount=type=bind,from=ubuntu:18.04,target=/x a\n\
                    FROM build\n";
        assert_eq!(
            images(text),
            [
                "debian:12",
                "ghcr.io/astral-sh/uv:latest",
                "alpine",
                "ubuntu:18.04"
            ]
        );
    }

    #[test]
    fn stage_names_and_numbers_are_not_images() {
        let text = "FROM debian:12 AS build\n\
                    FROM scratch\n\
                    COPY --from=build /a /b\n\
                    COPY --from=0 / /\n\
                    COPY --from=7 / /\n\
                    COPY --from=later / /\n\
                    COPY --from=tools / /\n\
                    RUN --mount=from=build,target=/x --mount=type=cache,target=/y a\n\
                    FROM scratch AS Later\n\
                    ONBUILD COPY --from=alpine / /\n";
        assert_eq!(images(text), ["debian:12", "tools?", "alpine?"]);
    }
}
