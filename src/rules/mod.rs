//! All rules: one file each, named for its page, and their list.

mod add_instead_of_copy;
mod apt_lists_left;
mod latest_tag;
mod missing_user;
mod package_manager_in_image;
mod pipe_without_pipefail;
mod relative_workdir;
mod root_user;
mod secret_in_env;
mod shell_form_entrypoint;
mod shell_form_healthcheck;
mod shell_in_image;
mod shellcheck;
mod sudo;
mod syntax_error;
mod unknown_rule_in_pragma;
mod unpinned_apt_package;
mod untagged_image;
mod unused_pragma;

use std::sync::LazyLock;

use crate::lint::{Registry, Rule};

static RULES: [Rule; 19] = [
    add_instead_of_copy::RULE,
    apt_lists_left::RULE,
    latest_tag::RULE,
    missing_user::RULE,
    package_manager_in_image::RULE,
    pipe_without_pipefail::RULE,
    relative_workdir::RULE,
    root_user::RULE,
    secret_in_env::RULE,
    shell_form_entrypoint::RULE,
    shell_form_healthcheck::RULE,
    shell_in_image::RULE,
    shellcheck::RULE,
    sudo::RULE,
    syntax_error::RULE,
    unknown_rule_in_pragma::RULE,
    unpinned_apt_package::RULE,
    untagged_image::RULE,
    unused_pragma::RULE,
];

/// The rules with their pages.
pub fn registry() -> &'static Registry {
    static REGISTRY: LazyLock<Registry> =
        LazyLock::new(|| Registry::new(&RULES).expect("every page is read by the tests"));
    &REGISTRY
}
