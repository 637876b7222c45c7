//! The images that a deployment builds.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::inline::InlineText;
use super::place::{Place, Spanned};
use super::workload::Variable;

/// One invocation of a builder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// The service or target that is built.
    pub name: Spanned<String>,
    pub place: Place,
    /// The directory, URL or Git repository that is sent to the builder, as written.
    pub context: Spanned<String>,
    /// The directory that a relative context starts from.
    pub directory: PathBuf,
    pub recipe: Recipe,
    pub args: Vec<Variable>,
    /// The stage to build; `None` for the last one.
    pub target: Option<Spanned<String>>,
    /// Contexts by the names that `FROM` and `COPY --from` may use.
    pub contexts: BTreeMap<String, Spanned<String>>,
}

/// The Dockerfile of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipe {
    /// `Dockerfile` in the context.
    Default,
    /// A path, relative to the context.
    File(Spanned<String>),
    Inline(InlineText),
    /// A value that is only known when the file is used.
    Unknown,
}

impl Build {
    /// The directory that is the context; `None` for a context that is not a known directory.
    pub fn context_directory(&self) -> Option<PathBuf> {
        if is_remote(&self.context) || self.context.contains('$') {
            return None;
        }
        let context = self
            .context
            .strip_prefix("file://")
            .unwrap_or(&self.context);
        Some(normalized(&self.directory.join(context)))
    }

    /// The path of the Dockerfile; `None` for an inline text, and if it is not a known file.
    pub fn dockerfile(&self) -> Option<PathBuf> {
        let name = match &self.recipe {
            Recipe::Default => "Dockerfile",
            Recipe::File(path) if !is_remote(path) => path.as_str(),
            Recipe::File(_) | Recipe::Inline(_) | Recipe::Unknown => return None,
        };
        Some(normalized(&self.context_directory()?.join(name)))
    }

    /// Values of build arguments that are known.
    pub fn known_args(&self) -> BTreeMap<String, String> {
        let mut args = BTreeMap::new();
        for arg in &self.args {
            if let Some(value) = &arg.value {
                args.insert(arg.name.value.clone(), value.value.clone());
            }
        }
        args
    }
}

/// Whether a context is a Git repository, an archive on a server, or another target.
fn is_remote(context: &str) -> bool {
    let schemes = ["http://", "https://", "git://", "ssh://", "git@", "target:"];
    let is_image = ["docker-image://", "oci-layout://", "service:"];
    schemes
        .iter()
        .chain(&is_image)
        .any(|scheme| context.starts_with(scheme))
        || context.starts_with("github.com/")
        || context
            .trim_end_matches('/')
            .rsplit_once('.')
            .is_some_and(|(_, extension)| extension == "git")
        || context == "-"
}

/// The path without `.` and, where that is possible, without `..`.
pub(super) fn normalized(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(normal.components().next_back(), Some(Component::Normal(_))) =>
            {
                normal.pop();
            }
            component => normal.push(component),
        }
    }
    if normal.as_os_str().is_empty() {
        normal.push(".");
    }
    normal
}
