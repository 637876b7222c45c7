//! What a rule may read.

use super::facts::Facts;
use crate::dockerfile::Dockerfile;
use crate::source::Source;

/// One Dockerfile: its text, its syntax, and what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub source: &'a Source,
    pub dockerfile: &'a Dockerfile,
    pub facts: &'a Facts<'a>,
}
