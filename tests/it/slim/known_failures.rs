//! Failures after slimming with other tools, and the tests that show that they do not occur here.
//!
//! Each row is a kind of failure that users of image slimmers report, with the names of tests, keep
//! rules whose examples are run, and images of the end-to-end tests, whose containers are tested
//! before and after. If a failure cannot occur, the row explains why.
//!
//! |  # | what fails | what shows that it does not |
//! |---:|------------|-----------------------------|
//! |  1 | the loader or C library of a program or its launcher (`tini`, `gosu`) is missing | `a_library_is_kept_for_every_object_that_needs_it` `programs_started_by_helpers_such_as_tini_are_kept` `programs_started_by_helpers_in_scripts_are_kept` `images/redis` |
//! |  2 | the shell for a shell-form command, a health check or SHELL is missing | `shell_form_keeps_the_shell_and_the_commands_it_runs` `programs_of_every_form_of_health_check_are_kept` `onbuild_instructions_are_noted_as_not_analyzed` |
//! |  3 | commands of an entry script are missing | `commands_of_an_entry_point_script_are_kept` `a_shell_command_in_an_argument_is_read_with_its_line` `unknown_commands_are_noted_with_their_line` `images/postgres` |
//! |  4 | the interpreter of a script is missing, also if started through `env` | `the_interpreter_of_a_shebang_and_its_own_interpreter_are_kept` `env_finds_its_program_on_the_path_of_the_image` `a_dropped_interpreter_is_reported` |
//! |  5 | a symlink in a path is missing, such as `/bin` and `/lib64` with a merged `/usr` | `symlinks_on_a_path_are_kept_with_a_chain_of_reasons` `an_absolute_symlink_through_alternatives_is_followed_inside_the_image` |
//! |  6 | a symlink to a directory is missing or dangling | `a_kept_symlink_to_a_directory_keeps_only_the_directory_itself` `a_dropped_symlink_target_is_reported` |
//! |  7 | a directory cannot be created because the target of a symlink was dropped | `a_symlink_in_a_state_directory_keeps_its_target_directory` `a_dangling_symlink_keeps_the_existing_part_of_its_target_path` |
//! |  8 | empty directories that a program writes to are missing | `state_directories_are_kept_without_their_files` `a_working_directory_of_the_distribution_is_kept_without_its_files` `keep/state-directories` `keep/temporary-directories` `images/nginx` |
//! |  9 | owners, modes or times have changed | `owners_modes_and_times_are_unchanged` `kept_entries_and_configuration_are_unchanged` `a_different_mode_size_or_content_is_reported` |
//! | 10 | parent directories are world-writable | `parent_directories_keep_their_mode` |
//! | 11 | file capabilities are lost | `file_capabilities_are_kept_and_reported` |
//! | 12 | setuid bits are lost, or kept without need | `setuid_programs_are_dropped_unless_reachable_and_otherwise_reported` `keep/started-programs` `keep/ssh-keysign` `keep/pam-unix` `keep/user-namespaces` |
//! | 13 | hard links become copies, or point to a dropped name | `hard_links_stay_one_file_even_if_the_first_name_is_dropped` `a_hard_link_becomes_the_file_if_its_other_names_are_dropped` `all_hard_links_of_a_file_are_written_to_one_layer` |
//! | 14 | each run produces a different result | `plans_are_reproducible` `the_same_image_gives_the_same_bytes` `two_runs_write_the_same_bytes` |
//! | 15 | files that an observed run removes or rewrites are lost, and files that it creates are added | cannot arise: no container is started, and every byte comes from the image's layers; `kept_entries_and_configuration_are_unchanged` |
//! | 16 | modules that a Python program imports lazily are missing | `lazily_imported_packages_are_kept_completely_with_metadata` `python_keeps_its_standard_library_without_tests_and_build_tools` `images/python` |
//! | 17 | metadata and `.pth` files of a Python distribution are missing, so it is not found | `lazily_imported_packages_are_kept_completely_with_metadata` |
//! | 18 | CA certificates are missing | `keep/ca-certificates` `keep/openssl` `keep/gnutls` `images/git` `images/rust` |
//! | 19 | Node packages, their addons or `npm` itself are missing | `node_packages_are_kept_completely_with_the_libraries_of_their_addons` `npm_is_kept_only_if_started_and_then_runs_its_manifest_scripts` `images/node` |
//! | 20 | parts of the Java runtime are missing | `java_keeps_the_runtime_image_of_its_real_path` `images/java` |
//! | 21 | modules or configuration of Apache, nginx or PHP are missing | `keep/apache` `keep/nginx` `keep/php` `images/apache` `images/nginx` `images/php` |
//! | 22 | gems or their specifications are missing | `ruby_keeps_its_libraries_and_gems_completely` `images/ruby` |
//! | 23 | the .NET host, or the ICU library that it opens by name, is missing | `keep/dotnet` `keep/dotnet-application` `keep/icu` |
//! | 24 | a driver library that the runtime mounts is reported as missing | `graphics_driver_libraries_are_provided_at_run_time` `keep/provided-by-the-runtime` |
//! | 25 | a thread cannot exit, because glibc opens `libgcc_s` by name to do so | `only_programs_that_end_threads_keep_libgcc` `keep/thread-exit` |
//! | 26 | host and user names cannot be resolved | `keep/nss` `keep/nss-files-and-dns` `keep/name-lookup` `keep/mounted-files` `images/go` |
//! | 27 | service names cannot be resolved | `keep/services-and-protocols` |
//! | 28 | times silently fall back to UTC | `keep/time-zones` `keep/time-zone-database` `images/dynamic-c` |
//! | 29 | text cannot be converted between character sets | `keep/character-sets` `keep/all-character-sets` `images/dynamic-c` |
//! | 30 | the health check or its programs are missing | `programs_of_every_form_of_health_check_are_kept` `the_configuration_is_unchanged_including_long_labels` |
//! | 31 | the configuration has changed: labels, stop signal, entry point | `the_configuration_is_unchanged_including_long_labels` `only_layers_and_history_of_the_configuration_change` |
//! | 32 | the user name does not exist | `user_names_are_kept_but_passwords_are_not` `an_unknown_user_is_noted` `keep/users` |
//! | 33 | an image without a program becomes almost empty | `an_image_without_a_program_is_refused_without_keep` `a_missing_program_is_refused_and_the_searched_directories_are_named` |
//! | 34 | the daemon, its version, its platform or its privileges are unsuitable | cannot arise in archives, layouts and directories, which need no daemon and are of any architecture: `layouts_of_every_layer_type_are_read_from_directories_and_archives` `programs_of_every_architecture_find_their_libraries`; where there is a daemon: `images_are_read_from_and_written_to_the_docker_daemon` `images_are_read_from_and_written_to_the_podman_service` |
//! | 35 | a generated seccomp or AppArmor profile blocks the program | cannot arise: no profile is generated, and the permissions of the container do not change; `the_configuration_is_unchanged_including_long_labels` |
//! | 36 | scanners no longer recognize the distribution and its packages | `scanners_name_the_packages_that_remain` `keep/distribution` |
//! | 37 | a program loads data or plugins whose names it does not contain | `keep/fonts` `keep/ffmpeg` `keep/imagemagick` `images/imagemagick` |
//! | 38 | files kept by hand lack their libraries | `libraries_of_a_library_given_with_keep_are_kept` |
//! | 39 | files that a program looks for next to itself are missing | `keep/own-directories` `origin_of_a_program_is_its_real_directory` |
//! | 40 | the names of a multi-call program are missing | `symlinks_to_a_multi_call_program_are_kept_by_command_name` `keep/git` |
//! | 41 | of two libraries with the same name, the wrong one is kept | `a_library_needed_under_two_names_is_loaded_once` `library_path_is_searched_after_rpath_and_before_runpath` |
//! | 42 | files that a layer removed reappear | `a_whiteout_hides_a_file_or_a_whole_directory_of_lower_layers` `a_file_that_a_later_layer_removed_is_not_written` |
//! | 43 | odd names, long names, holes or devices are mangled | `an_image_round_trips_through_every_destination` `file_names_may_be_any_bytes` `devices_and_pipes_keep_their_numbers` |

use std::fs;
use std::path::{Path, PathBuf};

/// Which failure, and the names of what shows that it does not happen.
fn rows() -> Vec<(usize, Vec<&'static str>)> {
    let lines = include_str!("known_failures.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//! |"));
    lines
        .filter_map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            Some((
                cells[0].parse().ok()?,
                cells[2].split('`').skip(1).step_by(2).collect(),
            ))
        })
        .collect()
}

#[test]
fn every_kind_of_failure_has_a_row_with_a_test() {
    let numbers: Vec<usize> = rows().iter().map(|&(number, _)| number).collect();
    assert_eq!(numbers, (1..=43).collect::<Vec<_>>());
    for (number, names) in rows() {
        assert!(!names.is_empty(), "row {number} names nothing");
    }
}

#[test]
fn every_test_page_and_image_in_the_table_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    for folder in ["src", "tests"] {
        read_sources(&root.join(folder), &mut sources);
    }
    for (number, name) in rows()
        .into_iter()
        .flat_map(|(number, names)| names.into_iter().map(move |name| (number, name)))
    {
        let is_there = match name.split_once('/') {
            Some(("keep", rule)) => root.join(format!("rules/keep/{rule}.md")).is_file(),
            Some((_, image)) => root
                .join(format!("testdata/images/{image}/behaviour.sh"))
                .is_file(),
            None => sources
                .iter()
                .any(|source| tests_in(source).any(|test| test == name)),
        };
        assert!(is_there, "row {number} names `{name}`, which is nowhere");
    }
}

/// The names of the tests of a file: functions under `#[test]`, and those in a list of tests under
/// their names.
fn tests_in(source: &str) -> impl Iterator<Item = &str> {
    let lines = || source.lines().map(str::trim);
    let under_attribute = lines()
        .zip(lines().skip(1))
        .filter(|(line, _)| *line == "#[test]")
        .filter_map(|(_, next)| {
            let name = next.strip_prefix("fn ")?;
            name.split_once('(').map(|(name, _)| name)
        });
    // A list of tests has their names as strings, alone on a line where rustfmt breaks the entry.
    let in_list = lines().filter_map(|line| {
        let line = line.strip_prefix('(').unwrap_or(line);
        let (name, rest) = line.strip_prefix('"')?.split_once('"')?;
        rest.starts_with(',').then_some(name)
    });
    under_attribute.chain(in_list)
}

fn read_sources(folder: &Path, sources: &mut Vec<String>) {
    let entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    for path in entries {
        if path.is_dir() {
            read_sources(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(fs::read_to_string(path).unwrap());
        }
    }
}
