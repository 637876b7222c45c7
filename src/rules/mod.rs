//! All rules: one file each, named for its page, and their list.

mod add_instead_of_copy;
mod apk_cache_left;
mod apt_dist_upgrade;
mod apt_in_script;
mod apt_lists_left;
mod apt_recommended_packages;
mod apt_without_yes;
mod cache_left;
mod cd_in_run;
mod consecutive_copy;
mod consecutive_run;
mod dnf_cache_left;
mod dnf_without_yes;
mod latest_tag;
mod microdnf_cache_left;
mod missing_user;
mod package_cache_left;
mod package_manager_in_image;
mod package_upgrade;
mod pip_cache_left;
mod pipe_without_pipefail;
mod relative_workdir;
mod root_user;
mod secret_in_env;
mod shell_form_entrypoint;
mod shell_form_healthcheck;
mod shell_in_image;
mod sudo;
mod syntax_error;
mod unattended;
mod unpinned;
mod unpinned_apk_package;
mod unpinned_apt_package;
mod unpinned_dnf_package;
mod unpinned_gem_package;
mod unpinned_go_package;
mod unpinned_npm_package;
mod unpinned_package;
mod unpinned_pip_package;
mod unpinned_yum_package;
mod unpinned_zypper_package;
mod untagged_image;
mod update_alone;
mod upgrade_alone;
mod wget_and_curl;
mod wget_with_progress_bar;
mod yarn_cache_left;
mod yum_cache_left;
mod yum_without_yes;
mod zypper_cache_left;
mod zypper_dist_upgrade;
mod zypper_without_yes;

use std::sync::LazyLock;

use crate::lint::{Registry, Rule};

static RULES: [Rule; 49] = [
    add_instead_of_copy::RULE,
    apk_cache_left::RULE,
    apt_dist_upgrade::RULE,
    apt_in_script::RULE,
    apt_lists_left::RULE,
    apt_recommended_packages::RULE,
    apt_without_yes::RULE,
    cd_in_run::RULE,
    consecutive_copy::RULE,
    consecutive_run::RULE,
    dnf_cache_left::RULE,
    dnf_without_yes::RULE,
    latest_tag::RULE,
    microdnf_cache_left::RULE,
    missing_user::RULE,
    package_cache_left::RULE,
    package_manager_in_image::RULE,
    package_upgrade::RULE,
    pip_cache_left::RULE,
    pipe_without_pipefail::RULE,
    relative_workdir::RULE,
    root_user::RULE,
    secret_in_env::RULE,
    shell_form_entrypoint::RULE,
    shell_form_healthcheck::RULE,
    shell_in_image::RULE,
    sudo::RULE,
    syntax_error::RULE,
    unpinned_apk_package::RULE,
    unpinned_apt_package::RULE,
    unpinned_dnf_package::RULE,
    unpinned_gem_package::RULE,
    unpinned_go_package::RULE,
    unpinned_npm_package::RULE,
    unpinned_package::RULE,
    unpinned_pip_package::RULE,
    unpinned_yum_package::RULE,
    unpinned_zypper_package::RULE,
    untagged_image::RULE,
    update_alone::RULE,
    upgrade_alone::RULE,
    wget_and_curl::RULE,
    wget_with_progress_bar::RULE,
    yarn_cache_left::RULE,
    yum_cache_left::RULE,
    yum_without_yes::RULE,
    zypper_cache_left::RULE,
    zypper_dist_upgrade::RULE,
    zypper_without_yes::RULE,
];

/// The rules with their pages.
pub fn registry() -> &'static Registry {
    static REGISTRY: LazyLock<Registry> =
        LazyLock::new(|| Registry::new(&RULES).expect("every page is read by the tests"));
    &REGISTRY
}
