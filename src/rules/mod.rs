//! All rules: one file each, named for its page, and one line in the list below.
//!
//! The file of `root-user` is `root_user.rs`, its page `rules/lint/root-user.md`. A rule checks
//! Dockerfiles, images, or both; code shared by several rules is in `support`.

mod support;

use std::sync::LazyLock;

use crate::lint::{Registry, Rule};

/// Declares the modules of the rules and collects the `RULE` of each.
///
/// rustfmt does not find modules that are declared by a macro, so `make format` lists their files.
macro_rules! rules {
    ($($module:ident,)*) => {
        $(mod $module;)*

        static RULES: &[Rule] = &[$($module::RULE,)*];
    };
}

rules! {
    add_instead_of_copy,
    all_driver_capabilities,
    analysis_limit,
    apk_cache_left,
    apt_dist_upgrade,
    apt_in_script,
    apt_lists_left,
    apt_recommended_packages,
    apt_without_yes,
    archive_copied_then_unpacked,
    archive_fetched_then_unpacked,
    assets_without_secret_key,
    broken_json_form,
    broken_link,
    broken_package,
    build_tools_in_image,
    bundler_dev_groups,
    bytes_wasted,
    cd_in_run,
    chown_on_windows,
    circular_stages,
    commands_in_long_line,
    comment_in_string,
    composer_dev_packages,
    consecutive_copy,
    consecutive_label,
    consecutive_run,
    constant_platform,
    copy_before_install,
    copy_from_empty_stage,
    copy_from_own_stage,
    copy_from_stage_number,
    copy_from_unknown_stage,
    copy_many_to_file,
    copy_of_ignored_file,
    copy_owned_by_root,
    copy_then_chmod,
    copy_to_relative_path,
    copy_whole_context,
    copy_whole_filesystem,
    cuda_devel_image,
    cuda_version_mismatch,
    curl_without_fail,
    curl_without_location,
    dead_key_server,
    debug_mode_on,
    debug_tool_in_image,
    deprecated_bundler_flag,
    dnf_cache_left,
    dnf_without_yes,
    download_piped_to_shell,
    downloaded_archive_left,
    dropped_groups,
    duplicate_account,
    duplicate_label,
    duplicate_stage_name,
    duplicate_variable,
    empty_continuation_line,
    empty_label,
    empty_password,
    end_of_life_base,
    entrypoint_without_exec,
    env_refers_to_itself,
    escaped_blank,
    executable_stack,
    expired_exception,
    exposed_admin_port,
    exposed_host_port,
    exposed_ssh_port,
    file_capability,
    file_written_in_run,
    files_over_budget,
    fixed_address,
    fixed_gpu,
    from_as_casing,
    git_clone_in_run,
    gpu_query_in_build,
    gpu_runtime_in_image,
    heredoc_without_errexit,
    host_network_in_run,
    ignored_cmd,
    ignored_entrypoint,
    ignored_healthcheck,
    image_without_digest,
    ineffective_pragma,
    insecure_rpath,
    insecure_run,
    install_without_yes,
    instruction_before_from,
    invalid_default_base,
    invalid_flag_value,
    invalid_git_url,
    invalid_image_name,
    invalid_label_key,
    invalid_onbuild,
    invalid_pattern,
    invalid_port,
    invalid_stopsignal,
    jemalloc_not_preloaded,
    known_vulnerability,
    label_not_a_commit,
    label_not_a_license,
    label_not_a_time,
    label_not_a_url,
    label_not_a_version,
    label_not_an_email,
    label_not_in_schema,
    large_uid_without_no_log_init,
    latest_tag,
    legacy_key_value,
    login_account,
    login_program,
    long_command_chain,
    loose_stopsignal,
    maintainer,
    microdnf_cache_left,
    misleading_cache_variable,
    misplaced_description,
    misplaced_directive,
    misplaced_epilogue,
    missing_ca_bundle,
    missing_entrypoint,
    missing_final_newline,
    missing_from,
    missing_healthcheck,
    missing_label,
    missing_library,
    missing_time_zones,
    missing_user,
    misspelled_directive,
    mixed_keyword_casing,
    mount_on_windows,
    move_to_builder_stage,
    named_user,
    old_base,
    opcache_off,
    package_cache_left,
    package_manager_in_image,
    package_upgrade,
    packages_over_budget,
    password_in_build,
    patching_agent,
    pip_cache_left,
    pipe_without_pipefail,
    plain_http_download,
    pointless_command,
    port_protocol_casing,
    powershell_in_run,
    privileged_port,
    program_owned_by_its_user,
    readable_secret_mount,
    redundant_cuda_install,
    redundant_platform,
    relative_workdir,
    remote_add_without_checksum,
    removed_in_later_layer,
    repeated_empty_lines,
    reserved_stage_name,
    root_user,
    root_with_volume,
    secret_file_copied,
    secret_in_command,
    secret_in_env,
    secret_value,
    setuid_file,
    shell_form_entrypoint,
    shell_form_healthcheck,
    shell_in_image,
    shell_in_scratch,
    shell_replaced_by_link,
    shellcheck,
    signature_verification_off,
    silencing_comment,
    size_over_budget,
    space_before_equals,
    ssh_server_in_image,
    stage_name_casing,
    stale_base_digest,
    sudo,
    swallowed_command,
    swallowed_line,
    syntax_error,
    telemetry_left_on,
    text_relocation,
    tls_verification_off,
    todo_comment,
    trailing_blanks,
    trailing_comment,
    uncached_downloads,
    undeclared_arg_in_from,
    undefined_variable,
    ungraceful_stopsignal,
    unknown_instruction,
    unknown_rule_in_pragma,
    unneeded_file,
    unowned_file,
    unpinned_apk_package,
    unpinned_apt_package,
    unpinned_dnf_package,
    unpinned_gem_package,
    unpinned_git_reference,
    unpinned_go_package,
    unpinned_npm_package,
    unpinned_package,
    unpinned_pip_package,
    unpinned_yum_package,
    unpinned_zypper_package,
    unreachable_stage,
    unread_heredoc,
    unset_pipefail,
    unset_required_variable,
    unset_user,
    unsorted_packages,
    unsuitable_stopsignal,
    untagged_image,
    untrusted_registry,
    unused_package,
    unused_pragma,
    unverified_download,
    update_alone,
    upgrade_alone,
    url_in_copy,
    user_never_used,
    user_without_passwd,
    value_on_next_line,
    volume_over_system_path,
    vulnerable_openssl,
    wget_and_curl,
    wget_with_progress_bar,
    workdir_in_system_path,
    workdir_relative_to_another,
    world_writable,
    writable_relocations,
    writable_search_path,
    write_after_volume,
    wrong_architecture,
    xdebug_in_image,
    yarn_cache_left,
    yum_cache_left,
    yum_without_yes,
    zypper_cache_left,
    zypper_dist_upgrade,
    zypper_without_yes,
}

/// The rules, in the order of their names.
pub fn all() -> &'static [Rule] {
    RULES
}

/// The rules with their pages.
pub fn registry() -> &'static Registry {
    static REGISTRY: LazyLock<Registry> =
        LazyLock::new(|| Registry::new(RULES).expect("a test parses every page"));
    &REGISTRY
}

#[cfg(test)]
mod tests {
    use super::registry;
    use crate::lint::image::Policy;

    #[test]
    fn everything_a_policy_can_forbid_has_an_image_rule() {
        for kind in Policy::kinds() {
            let mut policy = Policy::default();
            assert!(policy.forbid(kind, None, registry()));
            for rule in policy.forbidden.keys() {
                assert!(
                    registry().image_rules().any(|known| known.name == *rule),
                    "`{kind}` names `{rule}`"
                );
            }
        }
    }

    #[test]
    fn rules_are_listed_in_alphabetical_order() {
        assert!(super::all().is_sorted_by_key(|rule| rule.name));
    }
}
