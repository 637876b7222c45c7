//! The loader's rules and the slimmer's plan, for images with a few synthetic files.

mod breakages;
mod elf_reading;
mod exact_rules;
mod glibc_rules;
mod hostile_products;
mod hostile_sources;
mod keep_pages;
mod loader_files;
mod loading;
mod machine;
mod musl_rules;
mod plan_configuration;
mod plan_elf;
mod plan_evidence;
mod plan_interpreters;
mod plan_levels;
mod plan_made;
mod plan_paths;
mod plan_references;
mod plan_roots;
mod plan_scripts;
mod plan_services;
mod plan_summary;
mod verify_against;
mod written;
