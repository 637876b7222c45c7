//! Ports that kept programs listen on, by their configuration files, options and variables.

use super::subject::Subject;
use crate::knowledge::{is_port_option, port_variables};
use crate::paths::file_name;
use crate::slim::address_port;

/// The first port that only root may listen on; below it is 1024.
const FIRST_UNPRIVILEGED: u16 = 1024;
/// Maximum number of words of a command that are read: each may be a server with options after it.
const MAX_WORDS: usize = 1_000;

/// Whether only root, or a program with a capability, may listen on a port.
pub(super) fn is_low(port: u16) -> bool {
    port < FIRST_UNPRIVILEGED
}

/// The first low port that something of the image listens on, with the place that says so.
pub(super) fn low_port(subject: &Subject<'_, '_>) -> Option<String> {
    of_rules(subject)
        .or_else(|| of_configuration(subject))
        .or_else(|| of_scripts(subject))
}

/// That of a configuration file, or the default one of a program whose options name no other.
fn of_rules(subject: &Subject<'_, '_>) -> Option<String> {
    let tree = &subject.slimming.image.tree;
    let mut listens = subject.plan.run_time().listens();
    let listen = listens.find(|listen| {
        let program = String::from_utf8_lossy(tree.file_name(listen.at));
        let is_default = listen.line.is_none();
        is_low(listen.port) && !(is_default && is_told(subject, &program))
    })?;
    let at = subject.location(Some(listen.at), listen.line);
    Some(match listen.line {
        Some(_) => format!("{} ({at})", listen.port),
        None => format!("{} (the default of {at})", listen.port),
    })
}

/// That of the image configuration: the arguments of its program, or a variable.
fn of_configuration(subject: &Subject<'_, '_>) -> Option<String> {
    let config = &subject.slimming.image.config;
    let mut words = [config.entrypoint(), config.cmd()].concat();
    words.truncate(MAX_WORDS);
    let at = subject.location(None, None);
    // A wrapper may stand before the server, so each word may be the name of it.
    for (index, word) in words.iter().enumerate() {
        if let Some(port) = option_value(file_name(word), &words[index + 1..]) {
            return Some(format!("{port} ({at})"));
        }
    }
    for name in port_variables() {
        let value = config.env_value(name).unwrap_or_default();
        if let Some(port) = first_low(value) {
            return Some(format!("{port} ({name} in {at})"));
        }
    }
    None
}

/// That of a server that a script starts.
fn of_scripts(subject: &Subject<'_, '_>) -> Option<String> {
    for call in subject.started_calls() {
        let words: Vec<&str> = call.arguments.iter().map(String::as_str).collect();
        if let Some(port) = option_value(&call.program, &words) {
            let at = subject.location(call.at, Some(call.line));
            return Some(format!("{port} ({at})"));
        }
    }
    None
}

/// Whether an option of a program that is started names its port.
fn is_told(subject: &Subject<'_, '_>, program: &str) -> bool {
    let config = &subject.slimming.image.config;
    let words = [config.entrypoint(), config.cmd()].concat();
    let mut calls = subject.started_calls();
    !option_values(program, &words).is_empty()
        || calls.any(|call| {
            let words: Vec<&str> = call.arguments.iter().map(String::as_str).collect();
            call.program == program && !option_values(program, &words).is_empty()
        })
}

/// The low port among the arguments of a program.
fn option_value(program: &str, arguments: &[&str]) -> Option<u16> {
    option_values(program, arguments)
        .into_iter()
        .find_map(first_low)
}

/// The addresses among the arguments of a program: `--port 80`, `--bind=:80`.
fn option_values<'a>(program: &str, arguments: &[&'a str]) -> Vec<&'a str> {
    let mut values = Vec::new();
    for (index, argument) in arguments.iter().enumerate().take(MAX_WORDS) {
        let (option, value) = match argument.split_once('=') {
            Some((option, value)) => (option, Some(value)),
            None => (*argument, arguments.get(index + 1).copied()),
        };
        if is_port_option(program, option) {
            values.extend(value);
        }
    }
    values
}

/// The first low port in a list of addresses.
fn first_low(addresses: &str) -> Option<u16> {
    let mut ports = addresses
        .split([',', ';', ' '])
        .filter_map(|address| address_port(address)?.parse().ok());
    ports.find(|&port| port != 0 && is_low(port))
}
