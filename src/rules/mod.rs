//! All rules: one file each, named for its page, and their list.

mod add_instead_of_copy;
mod apt_lists_left;
mod broken_json_form;
mod build_tools_in_image;
mod copy_before_install;
mod copy_owned_by_root;
mod download_piped_to_shell;
mod dropped_groups;
mod duplicate_label;
mod empty_label;
mod entrypoint_without_exec;
mod env_refers_to_itself;
mod invalid_label_key;
mod label_not_a_commit;
mod label_not_a_license;
mod label_not_a_time;
mod label_not_a_url;
mod label_not_a_version;
mod label_not_an_email;
mod label_not_in_schema;
mod label_schema;
mod large_uid_without_no_log_init;
mod latest_tag;
mod legacy_key_value;
mod loose_stopsignal;
mod maintainer;
mod missing_label;
mod missing_user;
mod named_user;
mod package_manager_in_image;
mod password_in_build;
mod pipe_without_pipefail;
mod plain_http_download;
mod pointless_command;
mod powershell_in_run;
mod privileged_port;
mod program_owned_by_its_user;
mod relative_workdir;
mod removed_in_later_layer;
mod root_user;
mod root_with_volume;
mod secret_file_copied;
mod secret_in_command;
mod secret_in_env;
mod secret_value;
mod shell_form_entrypoint;
mod shell_form_healthcheck;
mod shell_in_image;
mod shell_replaced_by_link;
mod signature_verification_off;
mod ssh_server_in_image;
mod sudo;
mod switches;
mod syntax_error;
mod tls_verification_off;
mod undefined_variable;
mod ungraceful_stopsignal;
mod unpinned_apt_package;
mod unpinned_git_reference;
mod untagged_image;
mod untrusted_registry;
mod unverified_download;
mod user_never_used;
mod user_without_passwd;
mod volume_over_system_path;
mod vulnerable_openssl;
mod workdir_in_system_path;
mod world_writable;

use std::sync::LazyLock;

use crate::lint::{Registry, Rule};

static RULES: [Rule; 66] = [
    add_instead_of_copy::RULE,
    apt_lists_left::RULE,
    broken_json_form::RULE,
    build_tools_in_image::RULE,
    copy_before_install::RULE,
    copy_owned_by_root::RULE,
    download_piped_to_shell::RULE,
    dropped_groups::RULE,
    duplicate_label::RULE,
    empty_label::RULE,
    entrypoint_without_exec::RULE,
    env_refers_to_itself::RULE,
    invalid_label_key::RULE,
    label_not_a_commit::RULE,
    label_not_a_license::RULE,
    label_not_a_time::RULE,
    label_not_a_url::RULE,
    label_not_a_version::RULE,
    label_not_an_email::RULE,
    label_not_in_schema::RULE,
    large_uid_without_no_log_init::RULE,
    latest_tag::RULE,
    legacy_key_value::RULE,
    loose_stopsignal::RULE,
    maintainer::RULE,
    missing_label::RULE,
    missing_user::RULE,
    named_user::RULE,
    package_manager_in_image::RULE,
    password_in_build::RULE,
    pipe_without_pipefail::RULE,
    plain_http_download::RULE,
    pointless_command::RULE,
    powershell_in_run::RULE,
    privileged_port::RULE,
    program_owned_by_its_user::RULE,
    relative_workdir::RULE,
    removed_in_later_layer::RULE,
    root_user::RULE,
    root_with_volume::RULE,
    secret_file_copied::RULE,
    secret_in_command::RULE,
    secret_in_env::RULE,
    secret_value::RULE,
    shell_form_entrypoint::RULE,
    shell_form_healthcheck::RULE,
    shell_in_image::RULE,
    shell_replaced_by_link::RULE,
    signature_verification_off::RULE,
    ssh_server_in_image::RULE,
    sudo::RULE,
    syntax_error::RULE,
    tls_verification_off::RULE,
    undefined_variable::RULE,
    ungraceful_stopsignal::RULE,
    unpinned_apt_package::RULE,
    unpinned_git_reference::RULE,
    untagged_image::RULE,
    untrusted_registry::RULE,
    unverified_download::RULE,
    user_never_used::RULE,
    user_without_passwd::RULE,
    volume_over_system_path::RULE,
    vulnerable_openssl::RULE,
    workdir_in_system_path::RULE,
    world_writable::RULE,
];

/// The rules with their pages.
pub fn registry() -> &'static Registry {
    static REGISTRY: LazyLock<Registry> =
        LazyLock::new(|| Registry::new(&RULES).expect("every page is read by the tests"));
    &REGISTRY
}
