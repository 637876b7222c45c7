//! The attack surface of an image: what an attacker who takes over its program can use.

use std::collections::BTreeSet;

use super::dockerfile::Facts;
use super::dockerfile::facts::User;
use super::image::ImageContext;
use crate::knowledge::{ProgramClass, package_managers};
use crate::source::Source;

/// The user of the program, and the shells and package managers that stay in the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttackSurface {
    pub target: Target,
    pub user: RunsAs,
    pub shells: Vec<String>,
    pub package_managers: Vec<String>,
    /// Whether all of these come from the base image.
    pub all_from_base: bool,
    /// Whether the contents of the base image are known, so that this list is complete.
    pub is_complete: bool,
}

/// The image whose attack surface is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The final stage of a Dockerfile, identified by its base image.
    FinalStage {
        base: String,
    },
    Image,
}

/// The user that the image's program runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunsAs {
    Root,
    /// A name or a UID.
    Other(String),
    Unknown,
}

impl AttackSurface {
    /// The attack surface of the final stage; `None` for a file without stages.
    pub(super) fn of_dockerfile(source: &Source, facts: &Facts<'_>) -> Option<Self> {
        let stage = facts.final_stage()?;
        let root = facts.ancestry(stage.index).last()?;
        let programs = facts.programs(stage.index)?;
        // A base that depends on an unknown variable is shown as written.
        let base = facts.expand_default(root.image);
        let mut origins = programs
            .shells
            .values()
            .chain(programs.package_managers.values());
        let user = match &stage.user {
            Some(user) => user.name.as_deref(),
            None => stage.known.and_then(|known| known.user.as_deref()),
        };
        Some(Self {
            target: Target::FinalStage {
                base: base.unwrap_or_else(|| source.slice(root.image.span).to_owned()),
            },
            user: RunsAs::of(user),
            shells: without_link(programs.shells.keys().cloned().collect()),
            package_managers: programs.package_managers.keys().cloned().collect(),
            all_from_base: origins.all(|origin| origin.span == root.image.span),
            is_complete: stage.known.is_some(),
        })
    }

    /// The attack surface of an image, from its configuration and its files.
    pub(super) fn of_image(context: &ImageContext<'_>) -> Self {
        let mut found = Vec::new();
        for manager in package_managers() {
            if !context
                .programs(manager.programs.iter().copied())
                .is_empty()
            {
                found.push(manager.name.to_owned());
            }
        }
        // Identified by file name: `sh` is a symlink to one of the others, or to BusyBox.
        let shells = context.programs(ProgramClass::Shell.names()).into_iter();
        let shells: BTreeSet<String> = shells
            .map(|file| context.tree().file_name(file).escape_ascii().to_string())
            .collect();
        let setting = context.configuration().user();
        let user = setting.split(':').next().unwrap_or(setting);
        Self {
            target: Target::Image,
            user: match context.runs_as() {
                Some(0) => RunsAs::Root,
                _ => RunsAs::of(Some(user)),
            },
            shells: without_link(shells),
            package_managers: found,
            all_from_base: false,
            is_complete: true,
        }
    }
}

/// The shells without `sh` if there are others, because it is a symlink to one of them.
fn without_link(mut shells: BTreeSet<String>) -> Vec<String> {
    if shells.len() > 1 {
        shells.remove("sh");
    }
    shells.into_iter().collect()
}

impl RunsAs {
    fn of(user: Option<&str>) -> Self {
        match user {
            None => Self::Unknown,
            // Windows images start as their administrator by default.
            Some(user) if User::is_root(user) || user == "ContainerAdministrator" => Self::Root,
            Some(user) => Self::Other(user.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerfile;
    use crate::lint::Settings;

    fn surface(dockerfile: &str) -> AttackSurface {
        of(dockerfile).expect("there is a stage")
    }

    fn of(text: &str) -> Option<AttackSurface> {
        let source = Source::new("Dockerfile", text);
        let dockerfile = dockerfile::parse(&source);
        AttackSurface::of_dockerfile(&source, &Facts::new(&dockerfile, &Settings::default()))
    }

    #[test]
    fn the_final_stage_inherits_user_and_programs_of_its_base_image() {
        let surface = surface("FROM debian:12 AS base\nFROM base\nCOPY app /app\n");
        assert_eq!(
            surface.target,
            Target::FinalStage {
                base: "debian:12".to_owned()
            }
        );
        assert_eq!(surface.user, RunsAs::Root);
        assert!(surface.shells.contains(&"bash".to_owned()));
        assert_eq!(surface.package_managers, ["apt"]);
        assert!(surface.all_from_base && surface.is_complete);
    }

    #[test]
    fn installed_and_removed_programs_change_the_attack_surface() {
        let surface =
            surface("FROM alpine:3.20\nRUN apk add zsh && apk del apk-tools\nUSER 1000\n");
        assert_eq!(surface.user, RunsAs::Other("1000".to_owned()));
        assert!(surface.shells.contains(&"zsh".to_owned()));
        assert!(!surface.all_from_base && surface.package_managers.is_empty());
    }

    #[test]
    fn an_unknown_base_image_has_an_unknown_attack_surface() {
        let surface = surface("FROM registry.example.com/app:1\nRUN true\n");
        assert_eq!(surface.user, RunsAs::Unknown);
        assert!(surface.shells.is_empty() && !surface.is_complete);
    }

    #[test]
    fn scratch_has_an_empty_attack_surface() {
        let surface = surface("FROM scratch\nCOPY app /app\nUSER 1000\n");
        assert!(surface.shells.is_empty() && surface.is_complete);
    }

    #[test]
    fn a_file_without_stages_has_no_attack_surface() {
        assert_eq!(of("RUN true\n"), None);
    }
}
