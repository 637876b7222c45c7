//! A rule: a name, a page, a function. And the sink into which the function speaks.

use super::context::Context;
use super::finding::{Edit, Finding, Fix, Label};
use crate::source::Span;

/// One check. Severity, aliases and all that is said of it elsewhere stand on its page.
#[derive(Debug)]
pub struct Rule {
    /// Kebab case, the defect it reports; reads well after "allow".
    pub name: &'static str,
    /// `rules/lint/<name>.md`.
    pub page: &'static str,
    pub check: fn(&Context<'_>, &mut Findings),
}

/// Takes the findings of one rule.
#[derive(Debug)]
pub struct Findings {}
