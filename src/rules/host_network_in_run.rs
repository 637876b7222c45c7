//! `host-network-in-run`: a RUN uses the network of the host.

use super::support::simple;
use crate::lint::Rule;

pub(super) const RULE: Rule = Rule {
    name: "host-network-in-run",
    page: include_str!("../../rules/lint/host-network-in-run.md"),
    dockerfile: Some(simple::check),
    image: None,
    deployment: None,
};
