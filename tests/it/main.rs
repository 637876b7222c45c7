//! The integration tests, in one program so that they link once and share their builders.
//!
//! Tests that need root, containers or other packages are separate programs: `e2e`, `tools` and
//! `deps`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod attestation;
mod build_context;
mod builders;
mod buildkit_verdicts;
mod cases;
mod cli;
mod cli_fixes;
mod cli_text;
mod compliance;
mod config;
mod console_sessions;
mod cpu_time;
mod dependencies;
mod deployments_any_text;
mod discouraged_words;
mod docker_plugin;
mod dockerfile_corpus;
mod dockerfile_other_parsers;
mod dockerfile_properties;
mod dockerfile_snapshots;
mod evidence;
mod fixes;
mod fixes_of_variants;
mod formats;
#[cfg(feature = "frontend")]
mod frontend;
mod harden;
mod hooks;
mod hostile_input;
mod hostile_output;
mod image;
mod image_rules;
mod init;
mod inspect;
mod issues_of_other_linters;
mod lint_images;
mod loader_host;
mod lsp;
mod module_order;
mod odd_files;
mod own_rules;
mod pragmas;
mod readme_picture;
#[cfg(all(feature = "registry", feature = "daemon"))]
mod remote;
mod rules_any_text;
mod rules_deployments;
mod rules_pages;
mod rules_settings;
mod sbom_generator;
mod shellcheck;
mod slim;
#[cfg(all(target_os = "linux", not(jettison_portable)))]
mod tracer;
mod trust;
mod with_deployments;
