//! The loader's rules and the slimmer's plan, for images with a few synthetic files.

mod elf_reading;
mod glibc_rules;
mod hostile_products;
mod hostile_sources;
mod keep_pages;
mod known_failures;
mod loader_files;
mod loader_variants;
mod loading;
mod machine;
mod musl_rules;
mod plan_configuration;
mod plan_elf;
mod plan_evidence;
mod plan_files_of_run;
mod plan_interpreters;
mod plan_levels;
mod plan_paths;
mod plan_references;
mod plan_roots;
mod plan_scripts;
mod plan_services;
mod plan_summary;
mod plan_systemd;
mod verify_against;
mod written_image;
