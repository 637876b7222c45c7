//! All rules: one file each, named for its page, and their list.

mod add_instead_of_copy;
mod analysis_limit;
mod apk_cache_left;
mod apt_dist_upgrade;
mod apt_in_script;
mod apt_lists_left;
mod apt_recommended_packages;
mod apt_without_yes;
mod archive_copied_then_unpacked;
mod archive_fetched_then_unpacked;
mod broken_json_form;
mod build_tools_in_image;
mod cache_left;
mod cd_in_run;
mod circular_stages;
mod commands_in_long_line;
mod consecutive_copy;
mod consecutive_label;
mod consecutive_run;
mod constant_platform;
mod copy_before_install;
mod copy_from_empty_stage;
mod copy_from_own_stage;
mod copy_from_stage_number;
mod copy_from_unknown_stage;
mod copy_many_to_file;
mod copy_of_ignored_file;
mod copy_owned_by_root;
mod copy_then_chmod;
mod copy_to_relative_path;
mod copy_whole_filesystem;
mod curl_without_location;
mod dnf_cache_left;
mod dnf_without_yes;
mod download_piped_to_shell;
mod dropped_groups;
mod duplicate_label;
mod duplicate_stage_name;
mod empty_continuation_line;
mod empty_label;
mod end_of_life_base;
mod entrypoint_without_exec;
mod env_refers_to_itself;
mod exposed_host_port;
mod exposed_ssh_port;
mod fetched;
mod file_written_in_run;
mod from_as_casing;
mod git_clone_in_run;
mod heredoc_without_errexit;
mod ignored_cmd;
mod ignored_entrypoint;
mod ignored_healthcheck;
mod image_without_digest;
mod instruction_before_from;
mod invalid_default_base;
mod invalid_label_key;
mod invalid_onbuild;
mod invalid_port;
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
mod lines;
mod long_command_chain;
mod loose_stopsignal;
mod maintainer;
mod microdnf_cache_left;
mod misplaced_description;
mod misplaced_epilogue;
mod missing_final_newline;
mod missing_from;
mod missing_healthcheck;
mod missing_label;
mod missing_user;
mod misspelled_directive;
mod mixed_keyword_casing;
mod named_user;
mod package_cache_left;
mod package_manager_in_image;
mod package_upgrade;
mod password_in_build;
mod pip_cache_left;
mod pipe_without_pipefail;
mod plain_http_download;
mod pointless_command;
mod port_protocol_casing;
mod powershell_in_run;
mod privileged_port;
mod program_owned_by_its_user;
mod redundant_platform;
mod relative_workdir;
mod remote_add_without_checksum;
mod removed_in_later_layer;
mod repeated_empty_lines;
mod reserved_stage_name;
mod rewrite;
mod root_user;
mod root_with_volume;
mod secret_file_copied;
mod secret_in_command;
mod secret_in_env;
mod secret_value;
mod shell_form_entrypoint;
mod shell_form_healthcheck;
mod shell_in_image;
mod shell_in_scratch;
mod shell_replaced_by_link;
mod shellcheck;
mod signature_verification_off;
mod silencing_comment;
mod ssh_server_in_image;
mod stage_name_casing;
mod sudo;
mod swallowed_command;
mod switches;
mod syntax_error;
mod telemetry_left_on;
mod tls_verification_off;
mod trailing_blanks;
mod unattended;
mod uncached_downloads;
mod undeclared_arg_in_from;
mod undefined_variable;
mod ungraceful_stopsignal;
mod unknown_instruction;
mod unknown_rule_in_pragma;
mod unpinned;
mod unpinned_apk_package;
mod unpinned_apt_package;
mod unpinned_dnf_package;
mod unpinned_gem_package;
mod unpinned_git_reference;
mod unpinned_go_package;
mod unpinned_npm_package;
mod unpinned_package;
mod unpinned_pip_package;
mod unpinned_yum_package;
mod unpinned_zypper_package;
mod unreachable_stage;
mod unset_user;
mod unsorted_packages;
mod unsuitable_stopsignal;
mod untagged_image;
mod untrusted_registry;
mod unused_pragma;
mod unverified_download;
mod update_alone;
mod upgrade_alone;
mod user_never_used;
mod user_without_passwd;
mod volume_over_system_path;
mod vulnerable_openssl;
mod wget_and_curl;
mod wget_with_progress_bar;
mod workdir_in_system_path;
mod workdir_relative_to_another;
mod world_writable;
mod write_after_volume;
mod yarn_cache_left;
mod yum_cache_left;
mod yum_without_yes;
mod zypper_cache_left;
mod zypper_dist_upgrade;
mod zypper_without_yes;

use std::sync::LazyLock;

use crate::lint::{Registry, Rule};

static RULES: [Rule; 164] = [
    add_instead_of_copy::RULE,
    analysis_limit::RULE,
    apk_cache_left::RULE,
    apt_dist_upgrade::RULE,
    apt_in_script::RULE,
    apt_lists_left::RULE,
    apt_recommended_packages::RULE,
    apt_without_yes::RULE,
    archive_copied_then_unpacked::RULE,
    archive_fetched_then_unpacked::RULE,
    broken_json_form::RULE,
    build_tools_in_image::RULE,
    cd_in_run::RULE,
    circular_stages::RULE,
    commands_in_long_line::RULE,
    consecutive_copy::RULE,
    consecutive_label::RULE,
    consecutive_run::RULE,
    constant_platform::RULE,
    copy_before_install::RULE,
    copy_from_empty_stage::RULE,
    copy_from_own_stage::RULE,
    copy_from_stage_number::RULE,
    copy_from_unknown_stage::RULE,
    copy_many_to_file::RULE,
    copy_of_ignored_file::RULE,
    copy_owned_by_root::RULE,
    copy_then_chmod::RULE,
    copy_to_relative_path::RULE,
    copy_whole_filesystem::RULE,
    curl_without_location::RULE,
    dnf_cache_left::RULE,
    dnf_without_yes::RULE,
    download_piped_to_shell::RULE,
    dropped_groups::RULE,
    duplicate_label::RULE,
    duplicate_stage_name::RULE,
    empty_continuation_line::RULE,
    empty_label::RULE,
    end_of_life_base::RULE,
    entrypoint_without_exec::RULE,
    env_refers_to_itself::RULE,
    exposed_host_port::RULE,
    exposed_ssh_port::RULE,
    file_written_in_run::RULE,
    from_as_casing::RULE,
    git_clone_in_run::RULE,
    heredoc_without_errexit::RULE,
    ignored_cmd::RULE,
    ignored_entrypoint::RULE,
    ignored_healthcheck::RULE,
    image_without_digest::RULE,
    instruction_before_from::RULE,
    invalid_default_base::RULE,
    invalid_label_key::RULE,
    invalid_onbuild::RULE,
    invalid_port::RULE,
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
    long_command_chain::RULE,
    loose_stopsignal::RULE,
    maintainer::RULE,
    microdnf_cache_left::RULE,
    misplaced_description::RULE,
    missing_final_newline::RULE,
    missing_from::RULE,
    missing_healthcheck::RULE,
    missing_label::RULE,
    missing_user::RULE,
    misplaced_epilogue::RULE,
    misspelled_directive::RULE,
    mixed_keyword_casing::RULE,
    named_user::RULE,
    package_cache_left::RULE,
    package_manager_in_image::RULE,
    package_upgrade::RULE,
    password_in_build::RULE,
    pip_cache_left::RULE,
    pipe_without_pipefail::RULE,
    plain_http_download::RULE,
    pointless_command::RULE,
    port_protocol_casing::RULE,
    powershell_in_run::RULE,
    privileged_port::RULE,
    program_owned_by_its_user::RULE,
    redundant_platform::RULE,
    relative_workdir::RULE,
    remote_add_without_checksum::RULE,
    removed_in_later_layer::RULE,
    repeated_empty_lines::RULE,
    reserved_stage_name::RULE,
    root_user::RULE,
    root_with_volume::RULE,
    secret_file_copied::RULE,
    secret_in_command::RULE,
    secret_in_env::RULE,
    secret_value::RULE,
    shell_form_entrypoint::RULE,
    shell_form_healthcheck::RULE,
    shell_in_image::RULE,
    shell_in_scratch::RULE,
    shell_replaced_by_link::RULE,
    shellcheck::RULE,
    signature_verification_off::RULE,
    silencing_comment::RULE,
    ssh_server_in_image::RULE,
    stage_name_casing::RULE,
    sudo::RULE,
    swallowed_command::RULE,
    syntax_error::RULE,
    telemetry_left_on::RULE,
    tls_verification_off::RULE,
    trailing_blanks::RULE,
    uncached_downloads::RULE,
    undeclared_arg_in_from::RULE,
    undefined_variable::RULE,
    ungraceful_stopsignal::RULE,
    unknown_instruction::RULE,
    unknown_rule_in_pragma::RULE,
    unpinned_apk_package::RULE,
    unpinned_apt_package::RULE,
    unpinned_dnf_package::RULE,
    unpinned_gem_package::RULE,
    unpinned_git_reference::RULE,
    unpinned_go_package::RULE,
    unpinned_npm_package::RULE,
    unpinned_package::RULE,
    unpinned_pip_package::RULE,
    unpinned_yum_package::RULE,
    unpinned_zypper_package::RULE,
    unreachable_stage::RULE,
    unset_user::RULE,
    unsorted_packages::RULE,
    unsuitable_stopsignal::RULE,
    untagged_image::RULE,
    untrusted_registry::RULE,
    unused_pragma::RULE,
    unverified_download::RULE,
    update_alone::RULE,
    upgrade_alone::RULE,
    user_never_used::RULE,
    user_without_passwd::RULE,
    volume_over_system_path::RULE,
    vulnerable_openssl::RULE,
    wget_and_curl::RULE,
    wget_with_progress_bar::RULE,
    workdir_in_system_path::RULE,
    workdir_relative_to_another::RULE,
    world_writable::RULE,
    write_after_volume::RULE,
    yarn_cache_left::RULE,
    yum_cache_left::RULE,
    yum_without_yes::RULE,
    zypper_cache_left::RULE,
    zypper_dist_upgrade::RULE,
    zypper_without_yes::RULE,
];

/// The rules, by name.
pub fn all() -> &'static [Rule] {
    &RULES
}

/// The rules with their pages.
pub fn registry() -> &'static Registry {
    static REGISTRY: LazyLock<Registry> =
        LazyLock::new(|| Registry::new(&RULES).expect("every page is read by the tests"));
    &REGISTRY
}
