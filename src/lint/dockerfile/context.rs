//! The input of Dockerfile checks.

use super::build_context::BuildContext;
use super::facts::{ContextSources, Facts};
use crate::dockerfile::Dockerfile;
use crate::lint::settings::Settings;
use crate::source::Source;

/// One Dockerfile: its text, its syntax, and the facts that rules share.
#[derive(Clone, Copy, Debug)]
pub struct DockerfileContext<'a> {
    pub source: &'a Source,
    pub dockerfile: &'a Dockerfile,
    pub facts: &'a Facts<'a>,
    /// The build context, as far as it is known.
    pub build: &'a BuildContext,
    pub settings: &'a Settings,
}

impl DockerfileContext<'_> {
    /// The sources that COPY and ADD read from the build context; `None` without a `.dockerignore`.
    pub fn context_sources(&self) -> Option<&ContextSources> {
        let ignore = self.build.ignore.as_ref()?;
        Some(self.facts.context_sources(ignore))
    }

    /// The line break that the file uses.
    pub fn line_break(&self) -> &'static str {
        if self.source.text().contains("\r\n") {
            "\r\n"
        } else {
            "\n"
        }
    }
}
