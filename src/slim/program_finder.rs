//! Finds the programs that commands name, for callers outside of the slimmer.

use super::program_search::Programs;
use super::view::View;
use crate::image::{Config, NameId};

/// Finds programs in an image, as the engine does when it starts a container.
#[derive(Debug)]
pub struct ProgramFinder<'v, 'i> {
    view: &'v View<'i>,
    programs: Programs,
}

impl<'v, 'i> ProgramFinder<'v, 'i> {
    /// A finder for the `PATH` and the working directory of a configuration.
    pub(crate) fn new(view: &'v View<'i>, config: &Config) -> Self {
        Self {
            view,
            programs: Programs::of(config),
        }
    }

    /// The file that a word starts, with symlinks followed.
    pub fn find(&self, word: &str) -> Option<NameId> {
        self.programs.find_file(self.view, word.as_bytes())
    }

    /// The paths at which a word is looked for: its own, or those in the directories of `PATH`.
    pub fn candidates(&self, word: &str) -> Vec<Vec<u8>> {
        if word.contains('/') {
            return vec![self.programs.absolute(word.as_bytes())];
        }
        let mut paths = Vec::new();
        for mut directory in self.programs.listed_path() {
            if !directory.ends_with(b"/") {
                directory.push(b'/');
            }
            directory.extend_from_slice(word.as_bytes());
            paths.push(directory);
        }
        paths
    }
}
