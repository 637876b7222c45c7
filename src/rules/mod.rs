//! All rules: one file each, named for its page, and their list.

mod add_instead_of_copy;
mod apt_lists_left;
mod archive_copied_then_unpacked;
mod circular_stages;
mod constant_platform;
mod copy_from_empty_stage;
mod copy_from_own_stage;
mod copy_from_stage_number;
mod copy_from_unknown_stage;
mod copy_many_to_file;
mod copy_of_ignored_file;
mod copy_to_relative_path;
mod copy_whole_filesystem;
mod duplicate_stage_name;
mod empty_continuation_line;
mod end_of_life_base;
mod exposed_host_port;
mod exposed_ssh_port;
mod from_as_casing;
mod ignored_cmd;
mod ignored_entrypoint;
mod ignored_healthcheck;
mod image_without_digest;
mod instruction_before_from;
mod invalid_default_base;
mod invalid_onbuild;
mod invalid_port;
mod latest_tag;
mod misplaced_description;
mod missing_from;
mod missing_healthcheck;
mod missing_user;
mod misspelled_directive;
mod mixed_keyword_casing;
mod package_manager_in_image;
mod pipe_without_pipefail;
mod port_protocol_casing;
mod redundant_platform;
mod relative_workdir;
mod remote_add_without_checksum;
mod reserved_stage_name;
mod root_user;
mod secret_in_env;
mod shell_form_entrypoint;
mod shell_form_healthcheck;
mod shell_in_image;
mod shell_in_scratch;
mod stage_name_casing;
mod sudo;
mod syntax_error;
mod undeclared_arg_in_from;
mod unknown_instruction;
mod unpinned_apt_package;
mod unreachable_stage;
mod untagged_image;

use std::sync::LazyLock;

use crate::lint::{Registry, Rule};

static RULES: [Rule; 55] = [
    add_instead_of_copy::RULE,
    apt_lists_left::RULE,
    archive_copied_then_unpacked::RULE,
    circular_stages::RULE,
    constant_platform::RULE,
    copy_from_empty_stage::RULE,
    copy_from_own_stage::RULE,
    copy_from_stage_number::RULE,
    copy_from_unknown_stage::RULE,
    copy_many_to_file::RULE,
    copy_of_ignored_file::RULE,
    copy_to_relative_path::RULE,
    copy_whole_filesystem::RULE,
    duplicate_stage_name::RULE,
    empty_continuation_line::RULE,
    end_of_life_base::RULE,
    exposed_host_port::RULE,
    exposed_ssh_port::RULE,
    from_as_casing::RULE,
    ignored_cmd::RULE,
    ignored_entrypoint::RULE,
    ignored_healthcheck::RULE,
    image_without_digest::RULE,
    instruction_before_from::RULE,
    invalid_default_base::RULE,
    invalid_onbuild::RULE,
    invalid_port::RULE,
    latest_tag::RULE,
    misplaced_description::RULE,
    missing_from::RULE,
    missing_healthcheck::RULE,
    missing_user::RULE,
    misspelled_directive::RULE,
    mixed_keyword_casing::RULE,
    package_manager_in_image::RULE,
    pipe_without_pipefail::RULE,
    port_protocol_casing::RULE,
    redundant_platform::RULE,
    relative_workdir::RULE,
    remote_add_without_checksum::RULE,
    reserved_stage_name::RULE,
    root_user::RULE,
    secret_in_env::RULE,
    shell_form_entrypoint::RULE,
    shell_form_healthcheck::RULE,
    shell_in_image::RULE,
    shell_in_scratch::RULE,
    stage_name_casing::RULE,
    sudo::RULE,
    syntax_error::RULE,
    undeclared_arg_in_from::RULE,
    unknown_instruction::RULE,
    unpinned_apt_package::RULE,
    unreachable_stage::RULE,
    untagged_image::RULE,
];

/// The rules with their pages.
pub fn registry() -> &'static Registry {
    static REGISTRY: LazyLock<Registry> =
        LazyLock::new(|| Registry::new(&RULES).expect("every page is read by the tests"));
    &REGISTRY
}
