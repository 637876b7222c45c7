//! All rules: one file each, named for its page, and their list.

mod syntax_error;

use std::sync::LazyLock;

use crate::lint::{Registry, Rule};

static RULES: [Rule; 1] = [syntax_error::RULE];

/// The rules with their pages.
pub fn registry() -> &'static Registry {
    static REGISTRY: LazyLock<Registry> =
        LazyLock::new(|| Registry::new(&RULES).expect("every page is read by the tests"));
    &REGISTRY
}
