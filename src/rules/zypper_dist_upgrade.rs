//! `zypper-dist-upgrade`: the image is upgraded to another release of its distribution.

use super::support::simple;
use crate::lint::Rule;

pub(super) const RULE: Rule = Rule {
    name: "zypper-dist-upgrade",
    page: include_str!("../../rules/lint/zypper-dist-upgrade.md"),
    dockerfile: Some(simple::check),
    image: None,
    deployment: None,
};
