//! The line on the attack surface of an image that ends every text report.

use super::input::Linted;
use crate::lint::{AttackSurface, RunsAs, Target};

/// Rules whose findings list what the line summarizes.
const LISTING_RULES: [&str; 2] = ["package-manager-in-image", "shell-in-image"];

/// The user, shells and package managers of an image in one line, and the commands that show more
/// or remove them. `name` is the file, if there are several.
pub(super) fn line(file: &Linted, surface: &AttackSurface, name: Option<&str>) -> String {
    let mut line = name.map_or_else(String::new, |name| format!("{name}: "));
    match &surface.target {
        Target::FinalStage { base } => line.push_str(&format!("final stage `{base}`: ")),
        Target::Image => line.push_str("image: "),
    }
    line.push_str(&contents(surface));
    let commands = commands(file, surface);
    if !commands.is_empty() {
        line.push_str(" — ");
        line.push_str(&commands.join(", "));
    }
    line
}

fn contents(surface: &AttackSurface) -> String {
    let mut parts = Vec::new();
    match &surface.user {
        RunsAs::Root => parts.push("runs as root".to_owned()),
        RunsAs::Other(user) => parts.push(format!("runs as {user}")),
        RunsAs::Unknown => {}
    }
    // Without knowledge of the base image, an empty list means nothing.
    for (noun, names) in [
        ("shell", &surface.shells),
        ("package manager", &surface.package_managers),
    ] {
        match names.as_slice() {
            [] if surface.is_complete => parts.push(format!("no {noun}")),
            [] => {}
            [name] => parts.push(format!("{noun} {name}")),
            names => parts.push(format!("{noun}s {}", names.join(", "))),
        }
    }
    if !surface.is_complete {
        parts.push("contents of the base image unknown".to_owned());
    }
    let mut text = parts.join("; ");
    if surface.all_from_base && has_programs(surface) {
        text.push_str(", from the base image");
    }
    text
}

fn has_programs(surface: &AttackSurface) -> bool {
    !surface.shells.is_empty() || !surface.package_managers.is_empty()
}

fn commands(file: &Linted, surface: &AttackSurface) -> Vec<&'static str> {
    let mut commands = Vec::new();
    if !has_programs(surface) {
        return commands;
    }
    let mut findings = file.findings.iter();
    if !findings.any(|finding| LISTING_RULES.contains(&finding.rule)) {
        commands.push("`jettison lint --profile minimal` lists them");
    }
    commands.push("`jettison slim` removes what the program does not need");
    commands
}
