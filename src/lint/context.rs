//! What a rule may read.

use super::build_context::BuildContext;
use super::facts::Facts;
use super::settings::Settings;
use crate::dockerfile::Dockerfile;
use crate::source::Source;

/// One Dockerfile: its text, its syntax, and what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub source: &'a Source,
    pub dockerfile: &'a Dockerfile,
    pub facts: &'a Facts<'a>,
    /// What lies around the Dockerfile.
    pub build: &'a BuildContext,
    /// What the user says of labels, registries and the like.
    pub settings: &'a Settings,
}

impl Context<'_> {
    /// How the file ends its lines.
    pub fn line_break(&self) -> &'static str {
        if self.source.text().contains("\r\n") {
            "\r\n"
        } else {
            "\n"
        }
    }
}
