//! The line about an image's attack surface at the end of text reports.

use super::input::Linted;
use crate::lint::{AttackSurface, RunsAs, Target};

/// Rules whose findings list the programs summarized in the line.
const LISTING_RULES: [&str; 2] = ["package-manager-in-image", "shell-in-image"];

/// The user, shells and package managers of an image in one line, and the commands that show more
/// or remove them. `name` is the file, if there are several; `dash` comes before the commands.
pub(super) fn line(
    file: &Linted,
    surface: &AttackSurface,
    name: Option<&str>,
    dash: &str,
) -> String {
    let mut line = name.map_or_else(String::new, |name| format!("{name}: "));
    match &surface.target {
        Target::FinalStage { base } => {
            line += "final stage `";
            line += base;
            line += "`: ";
        }
        Target::Image => line.push_str("image: "),
    }
    line.push_str(&contents(surface));
    let commands = commands(file, surface);
    if !commands.is_empty() {
        line += " ";
        line += dash;
        line += " ";
        line += &commands.join("; ");
    }
    line
}

fn contents(surface: &AttackSurface) -> String {
    let mut parts = Vec::new();
    match &surface.user {
        // An unknown base image may set any user.
        RunsAs::Root => parts.push("runs as root".to_owned()),
        RunsAs::Other(user) => parts.push(format!("runs as {user}")),
        RunsAs::Unknown => {}
    }
    // `no shell` would be a guarantee, but an unknown base image may contain one.
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
        parts.push("base image contents unknown".to_owned());
    }
    let mut text = parts.join("; ");
    // Shows that using another base image would be the fix.
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
    // The advice is pointless if the report already contains the findings.
    let mut findings = file.findings.iter();
    if !findings.any(|finding| LISTING_RULES.contains(&finding.rule)) {
        commands.push("`jettison lint --profile minimal` lists them");
    }
    commands.push("`jettison slim` removes files that the program does not need");
    commands
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    fn text(surface: &AttackSurface) -> String {
        let file = Linted::dockerfile(Source::new("Dockerfile", ""), Vec::new());
        line(&file, surface, None, "-")
    }

    fn debian() -> AttackSurface {
        AttackSurface {
            target: Target::FinalStage {
                base: "debian:12".to_owned(),
            },
            user: RunsAs::Root,
            shells: vec!["bash".to_owned(), "dash".to_owned()],
            package_managers: vec!["apt".to_owned()],
            all_from_base: true,
            is_complete: true,
        }
    }

    #[test]
    fn the_line_names_user_shells_and_package_managers() {
        assert_eq!(
            text(&debian()),
            "final stage `debian:12`: runs as root; shells bash, dash; package manager apt, from \
             the base image - `jettison lint --profile minimal` lists them; `jettison slim` \
             removes files that the program does not need"
        );
    }

    #[test]
    fn an_image_without_shells_and_package_managers_gets_no_hints() {
        let surface = AttackSurface {
            target: Target::Image,
            user: RunsAs::Other("1000".to_owned()),
            shells: Vec::new(),
            package_managers: Vec::new(),
            ..debian()
        };
        assert_eq!(
            text(&surface),
            "image: runs as 1000; no shell; no package manager"
        );
    }

    #[test]
    fn nothing_is_claimed_about_an_unknown_base_image() {
        let surface = AttackSurface {
            user: RunsAs::Unknown,
            shells: Vec::new(),
            package_managers: Vec::new(),
            is_complete: false,
            ..debian()
        };
        assert_eq!(
            text(&surface),
            "final stage `debian:12`: base image contents unknown"
        );
    }
}
