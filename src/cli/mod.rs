//! The command-line interface: arguments, and one file per command.

mod advisories;
mod arguments;
mod attest;
mod attested;
mod baseline;
mod build_context;
mod command;
mod completions;
mod config;
mod deployments;
mod deps;
mod destination;
mod diff;
mod discover;
mod docker_plugin;
mod documents;
mod engine;
mod exclude;
mod explain;
mod files;
mod fix;
#[cfg(feature = "frontend")]
mod frontend;
mod guide;
mod harden;
mod heal;
mod highlight;
mod hook;
mod ignored;
mod images;
mod init;
mod inspect;
mod limits;
mod lint;
mod lsp;
mod observe;
mod output;
mod page;
mod pager;
mod patch;
mod policy;
mod program;
mod progress;
mod reports;
mod restore;
mod rules;
mod rules_test;
mod sbom_generator;
mod shared;
mod shellcheck;
mod slim;
mod source;
mod staged;
mod states;
mod test;
mod verify;
mod why;
mod why_not;
mod with;
mod writing;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;
use docker_plugin::Call;
use output::Output;

use crate::evidence;
#[cfg(all(target_os = "linux", not(jettison_portable)))]
use crate::evidence::tracer;
#[cfg(feature = "frontend")]
use crate::frontend::BuildOptions;
use crate::printable::escape;
use crate::trust;

#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use lsp::session as lsp_session;

/// Result of a command. The numbers are exit codes, which scripts depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Clean = 0,
    /// Something at or above the threshold was found, or a check of the result failed.
    Found = 1,
    Failed = 2,
}

/// Runs the program with its arguments, the first of which is its own name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    // Kept for a second parse if the first fails.
    let mut typed: Vec<OsString> = arguments.into_iter().collect();
    // Programs are started by another process of jettison, which becomes the program.
    if let Some(code) = trust::become_program(&typed) {
        return ExitCode::from(code);
    }
    // So is the process that removes containers if jettison is killed.
    if let Some(code) = evidence::clean_up_after(&typed) {
        return ExitCode::from(code);
    }
    // In a test that is traced, it stands in for an engine, and in its container, it is the tracer.
    #[cfg(all(target_os = "linux", not(jettison_portable)))]
    if let Some(code) = evidence::stand_in(&typed).or_else(|| tracer::trace_program(&typed)) {
        return ExitCode::from(code);
    }
    match docker_plugin::call(&typed) {
        Ok(None) => {}
        Ok(Some(Call::Run(translated))) => typed = translated,
        Ok(Some(Call::Describe { plugin })) => {
            let outcome = docker_plugin::describe(&plugin).unwrap_or(Outcome::Failed);
            return ExitCode::from(outcome as u8);
        }
        Err(error) => return refuse(&error),
    }
    if typed.len() == 1
        && let Some(command) = command_for_buildkit()
    {
        typed.push(command.into());
    }
    if let Err(error) = hook::check_names(&typed) {
        return refuse(&error);
    }
    let arguments = match Arguments::try_parse_from(&typed) {
        Ok(arguments) => arguments,
        // `--help` and `--version` are errors to clap too, with status 0.
        Err(error) => {
            let status = error.exit_code();
            output::print_usage(&printable_error(&typed).unwrap_or(error));
            // clap's status for wrong arguments is 2, the same as ours for errors.
            return ExitCode::from(u8::try_from(status).unwrap_or(2));
        }
    };
    let output = Output::new(arguments.color, arguments.quiet, arguments.charset);
    let outcome = arguments.command.run(output).unwrap_or_else(|error| {
        // The only place that prints command errors, so that they all look alike.
        output.error(&error);
        Outcome::Failed
    });
    ExitCode::from(outcome as u8)
}

/// The command that BuildKit means. It starts the entrypoint of an image without arguments, so one
/// image serves as a frontend, as an SBOM generator, and for all other commands.
fn command_for_buildkit() -> Option<&'static str> {
    #[cfg(feature = "frontend")]
    if BuildOptions::are_in_environment() {
        return Some("frontend");
    }
    std::env::var_os("BUILDKIT_SCAN_DESTINATION").map(|_| "sbom-generator")
}

fn refuse(error: &clap::Error) -> ExitCode {
    output::print_usage(error);
    ExitCode::from(Outcome::Failed as u8)
}

/// Error about the same arguments with their control characters escaped. A commit hook passes file
/// names, which anyone may choose, and clap repeats unknown arguments.
fn printable_error(typed: &[OsString]) -> Option<clap::Error> {
    let printable = typed
        .iter()
        .map(|argument| escape(&argument.to_string_lossy()).into_owned());
    Arguments::try_parse_from(printable).err()
}
