//! All rules for images: one file each, named for its page, and their list.

mod apk_cache_left;
mod apt_lists_left;
mod broken_link;
mod broken_package;
mod build_tools_in_image;
mod bytes_wasted;
mod caches;
mod credentials;
mod debug_tool_in_image;
mod dnf_cache_left;
mod duplicate_account;
mod elf_files;
mod empty_password;
mod end_of_life_base;
mod executable_stack;
mod expired_exception;
mod exposed_ssh_port;
mod file_capability;
mod files_over_budget;
mod fixed_address;
mod insecure_rpath;
mod known_vulnerability;
mod latest_tag;
mod login_account;
mod login_program;
mod missing_ca_bundle;
mod missing_entrypoint;
mod missing_healthcheck;
mod missing_label;
mod missing_library;
mod missing_time_zones;
mod missing_user;
mod move_to_builder_stage;
mod old_base;
mod package_cache_left;
mod package_manager_in_image;
mod packages_over_budget;
mod patching_agent;
mod pip_cache_left;
mod root_user;
mod secret_file_copied;
mod secret_in_env;
mod secret_value;
mod setuid_file;
mod shell_in_image;
mod size_over_budget;
mod ssh_server_in_image;
mod sudo;
mod text_relocation;
mod unneeded_file;
mod unowned_file;
mod unused_package;
mod user_without_passwd;
mod volume_over_system_path;
mod world_writable;
mod writable_relocations;
mod writable_search_path;
mod wrong_architecture;
mod yarn_cache_left;
mod yum_cache_left;

use super::Rule;

/// Those that speak for the policy, whatever else is selected.
pub(super) const OF_POLICY: [&str; 4] = [
    expired_exception::RULE.name,
    files_over_budget::RULE.name,
    packages_over_budget::RULE.name,
    size_over_budget::RULE.name,
];

pub(super) static RULES: [Rule; 57] = [
    apk_cache_left::RULE,
    apt_lists_left::RULE,
    broken_link::RULE,
    broken_package::RULE,
    build_tools_in_image::RULE,
    bytes_wasted::RULE,
    debug_tool_in_image::RULE,
    dnf_cache_left::RULE,
    duplicate_account::RULE,
    empty_password::RULE,
    end_of_life_base::RULE,
    executable_stack::RULE,
    expired_exception::RULE,
    exposed_ssh_port::RULE,
    file_capability::RULE,
    files_over_budget::RULE,
    fixed_address::RULE,
    insecure_rpath::RULE,
    known_vulnerability::RULE,
    latest_tag::RULE,
    login_account::RULE,
    login_program::RULE,
    missing_ca_bundle::RULE,
    missing_entrypoint::RULE,
    missing_healthcheck::RULE,
    missing_label::RULE,
    missing_library::RULE,
    missing_time_zones::RULE,
    missing_user::RULE,
    move_to_builder_stage::RULE,
    old_base::RULE,
    package_cache_left::RULE,
    package_manager_in_image::RULE,
    packages_over_budget::RULE,
    patching_agent::RULE,
    pip_cache_left::RULE,
    root_user::RULE,
    secret_file_copied::RULE,
    secret_in_env::RULE,
    secret_value::RULE,
    setuid_file::RULE,
    shell_in_image::RULE,
    size_over_budget::RULE,
    ssh_server_in_image::RULE,
    sudo::RULE,
    text_relocation::RULE,
    unneeded_file::RULE,
    unowned_file::RULE,
    unused_package::RULE,
    user_without_passwd::RULE,
    volume_over_system_path::RULE,
    world_writable::RULE,
    writable_relocations::RULE,
    writable_search_path::RULE,
    wrong_architecture::RULE,
    yarn_cache_left::RULE,
    yum_cache_left::RULE,
];
