//! Roots of containers that a deployment starts: commands, checks, variables and mounts.

use std::rc::Rc;

use super::{command, home_of_user, keep_variable, shell_words, words_of};
use crate::image::{Config, Overrides};
use crate::slim::deployed::{DeployedCommand, DeployedContainer};
use crate::slim::keep::Keep;
use crate::slim::program_search::Programs;
use crate::slim::why::{Field, Root, Why};

/// Keeps what containers need in addition to the image's own program.
pub(super) fn keep(keep: &mut Keep<'_>, containers: &[DeployedContainer]) {
    for container in containers {
        keep_container(keep, container);
    }
}

/// Whether some container has a program of its own, so that the image needs none.
pub(super) fn has_program(containers: &[DeployedContainer]) -> bool {
    containers.iter().any(DeployedContainer::starts_program)
}

fn keep_container(keep: &mut Keep<'_>, container: &DeployedContainer) {
    let config = &keep.view.image.config;
    let config = configured(config, container);
    // Scripts of the image may also be read with the variables of another container.
    let mut variables = (*keep.variables).clone();
    for (name, value) in &container.variables {
        variables.add(name, value.value.clone(), 0);
    }
    keep.variables = Rc::new(variables);
    // Programs are found with the container's own PATH and working directory.
    let programs = std::mem::replace(&mut keep.programs, Programs::of(&config));
    for words in commands(&config, container) {
        keep_command(keep, words);
    }
    for (name, value) in &container.variables {
        let why = Why::Root(Root::Deployed(value.field));
        keep_variable(keep, name, &value.value, why);
    }
    keep.programs = programs;
    keep_directories(keep, container);
}

fn keep_command(keep: &mut Keep<'_>, words: Vec<(Field, String)>) {
    let Some((field, program)) = words.first() else {
        return;
    };
    match keep.programs.find(keep.view, program.as_bytes()) {
        Some(path) => {
            keep.deployed_programs.push((*field, path));
            command::keep(keep, &words);
        }
        None => keep.add_absent(*field, program),
    }
    keep.deployed.push(words);
}

/// The configuration of the image with the settings of the container.
fn configured(config: &Config, container: &DeployedContainer) -> Config {
    let mut env = Vec::new();
    for (name, value) in &container.variables {
        env.push((name.clone(), value.value.clone()));
    }
    config.overridden(&Overrides {
        env,
        working_dir: container
            .working_dir
            .as_ref()
            .map(|directory| directory.value.clone()),
        ..Overrides::default()
    })
}

/// The command lines that run in the container; not that of the image itself.
fn commands(config: &Config, container: &DeployedContainer) -> Vec<Vec<(Field, String)>> {
    let mut lines = Vec::new();
    if container.starts_program() {
        let mut start = match &container.entrypoint {
            Some(entrypoint) => words(config, entrypoint),
            None => words_of(Field::Entrypoint, &config.entrypoint()),
        };
        match (&container.command, &container.entrypoint) {
            (Some(command), _) => start.extend(words(config, command)),
            // An entry point of the deployment does not get the arguments of another one.
            (None, Some(_)) => {}
            (None, None) => start.extend(words_of(Field::Cmd, &config.cmd())),
        }
        lines.push(start);
    }
    for check in &container.checks {
        lines.push(words(config, check));
    }
    lines
}

fn words(config: &Config, command: &DeployedCommand) -> Vec<(Field, String)> {
    let texts: Vec<&str> = command.words.iter().map(String::as_str).collect();
    if command.is_shell {
        shell_words(config, command.field, &texts)
    } else {
        words_of(command.field, &texts)
    }
}

/// Keeps the working directory, the home directory of the user, and the paths of mounts: an engine
/// cannot create them in a read-only root file system.
fn keep_directories(keep: &mut Keep<'_>, container: &DeployedContainer) {
    let home = container.user.as_ref().and_then(|user| {
        let name = user.value.split(':').next().unwrap_or(&user.value);
        Some((user.field, home_of_user(keep, name)?))
    });
    if let Some((field, home)) = home {
        keep.keep_path(&home, None, Why::Root(Root::Deployed(field)));
    }
    if let Some(directory) = &container.working_dir {
        let why = Why::Root(Root::Deployed(directory.field));
        keep.keep_path(directory.value.as_bytes(), None, why);
    }
    for mount in &container.mounts {
        let why = Why::Root(Root::Deployed(mount.target.field));
        let directory = keep.keep_path(mount.target.value.as_bytes(), None, why.clone());
        if let Some(directory) = directory
            && mount.shows_image
        {
            keep.keep_below(directory, None, &why);
        }
    }
}
