//! The files of a build that jettison reads: the Dockerfile, `.dockerignore` and the configuration.

use super::Build;
use super::check::UpstreamCheck;
use crate::config::{self, BuildDefaults, Config};
use crate::frontend::graph::Graph;
use crate::frontend::messages::{Range, Reference, SolveRequest, SourceInfo};
use crate::frontend::{GatewayError, ReadError};
use crate::rules;
use crate::trust::limits;

/// The name that a build uses unless it is told another.
const DOCKERFILE: &str = "Dockerfile";
const IGNORE: &str = ".dockerignore";

/// The files of a build. All of them come from its user, and are data.
#[derive(Debug)]
pub(super) struct BuildFiles {
    /// The Dockerfile, and where it comes from.
    pub(super) info: SourceInfo,
    /// The step that warnings about the Dockerfile belong to.
    pub(super) vertex: String,
    /// The text of `.dockerignore`.
    pub(super) ignore: Option<String>,
    pub(super) config: Option<ConfigFile>,
    /// Reasons why files were not read.
    pub(super) problems: Vec<String>,
}

/// A configuration file of the build context.
#[derive(Debug)]
pub(super) struct ConfigFile {
    pub(super) name: &'static str,
    pub(super) text: String,
    place: Place,
}

/// The directory that a file was found in.
#[derive(Clone, Debug)]
enum Place {
    /// A directory of the client, of which only the requested files are fetched.
    Local { name: String, session: String },
    /// A directory that is a result.
    Graph(Graph),
}

impl ConfigFile {
    /// The directory with the keep rules that the file names, at the same place as there; `None` if
    /// it names none.
    pub(super) fn keep_rules(&self) -> Option<Graph> {
        let directory = self.parsed()?.keep_rules?.path;
        match (&self.place, directory.to_str()) {
            (Place::Graph(graph), _) => Some(graph.clone()),
            (Place::Local { name, session }, Some(directory)) => {
                let hint = format!("{name}-jettison-keep-rules");
                let description = format!("[jettison] load keep rules from {directory}");
                let graph = Graph::local(name, &[directory], session, &hint, &description);
                Some(graph)
            }
            _ => None,
        }
    }

    pub(super) fn build_defaults(&self) -> BuildDefaults {
        self.parsed().map(|config| config.build).unwrap_or_default()
    }

    /// Its settings. A file with an error ends the build before they are used.
    fn parsed(&self) -> Option<Config> {
        config::parse_found(self.name, &self.text, rules::registry()).ok()
    }
}

/// A directory of the build.
struct Directory<'b> {
    build: &'b Build,
    place: Place,
    graph: Graph,
    reference: Option<Reference>,
}

impl BuildFiles {
    /// Reads the files; `None` without a Dockerfile, which BuildKit's own frontend reports.
    pub(super) fn read(
        build: &Build,
        known: Option<&UpstreamCheck>,
    ) -> anyhow::Result<Option<Self>> {
        let options = &build.options;
        let is_local = options.get("dockerfilekey").is_some();
        // A repository or an archive on the network, unless only the context is.
        let is_remote = options
            .get(options.get("contextkey").unwrap_or("context"))
            .is_some_and(|context| !context.is_empty());
        if is_remote && !is_local {
            return Self::of_remote(build, known);
        }
        let filename = options.get("filename").unwrap_or(DOCKERFILE);
        let own_ignore = format!("{filename}{IGNORE}");
        let lower = lower_case_name(filename);
        let mut names = vec![filename, &own_ignore];
        names.extend(lower.as_deref());
        let name = format!("[internal] load build definition from {filename}");
        let local = options.get("dockerfilekey").unwrap_or("dockerfile");
        let input = if is_local {
            None
        } else {
            build.inputs.get(local)
        };
        let directory = Directory::open(build, local, input, &names, local, &name)?;
        let mut files = Self {
            info: SourceInfo {
                filename: filename.to_owned(),
                language: DOCKERFILE.to_owned(),
                definition: Some(directory.graph.encode()),
                data: Vec::new(),
            },
            vertex: directory.graph.vertex().to_owned(),
            ignore: None,
            config: None,
            problems: Vec::new(),
        };
        let mut found = false;
        for name in [Some(filename), lower.as_deref()].into_iter().flatten() {
            if let Some(data) = files.text(&directory, name, limits::FOUND_DOCKERFILE)? {
                files.info.data = data;
                found = true;
                break;
            }
        }
        // One that is too large is worth a warning, one that is missing is an error of the build.
        if !found && files.problems.is_empty() {
            return Ok(None);
        }
        files.read_ignore(&directory, &own_ignore)?;
        files.read_others(build, local, input, is_remote)?;
        Ok(Some(files))
    }

    /// Reads the other files: those beside the Dockerfile come before those of the context.
    fn read_others(
        &mut self,
        build: &Build,
        local: &str,
        input: Option<&Vec<u8>>,
        is_remote: bool,
    ) -> anyhow::Result<()> {
        let hint = format!("{local}-jettison");
        let name = "[internal] load jettison's configuration beside the Dockerfile";
        let beside = Directory::open(build, local, input, &config::NAMES, &hint, name)?;
        self.read_config(&beside)?;
        if is_remote {
            return Ok(());
        }
        let context = build.options.get("contextkey").unwrap_or("context");
        let hint = format!("{context}-jettison");
        let name = "[internal] load .dockerignore and jettison's configuration";
        let mut names = config::NAMES.to_vec();
        names.push(IGNORE);
        let context = Directory::open(
            build,
            context,
            build.inputs.get(context),
            &names,
            &hint,
            name,
        )?;
        self.read_ignore(&context, IGNORE)?;
        self.read_config(&context)
    }

    /// The files of a build from the network. Only newer engines tell what is in them.
    fn of_remote(build: &Build, known: Option<&UpstreamCheck>) -> anyhow::Result<Option<Self>> {
        let Some(info) = known.and_then(UpstreamCheck::dockerfile) else {
            return Ok(None);
        };
        let Some(definition) = &info.definition else {
            return Ok(None);
        };
        let directory = Directory::of_graph(build, Graph::decode(definition)?)?;
        let mut files = Self {
            vertex: directory.graph.vertex().to_owned(),
            info,
            ignore: None,
            config: None,
            problems: Vec::new(),
        };
        let own_ignore = format!("{}{IGNORE}", files.info.filename);
        files.read_ignore(&directory, &own_ignore)?;
        files.read_ignore(&directory, IGNORE)?;
        files.read_config(&directory)?;
        Ok(Some(files))
    }

    /// Reads an ignore file, unless one was read before.
    fn read_ignore(&mut self, directory: &Directory<'_>, name: &str) -> anyhow::Result<()> {
        if self.ignore.is_none()
            && let Some(text) = self.text(directory, name, limits::IGNORE_FILE)?
        {
            let lines = memchr::memchr_iter(b'\n', &text).count();
            if lines > limits::IGNORE_LINES {
                self.problems
                    .push(format!("`{name}` is not read: it has {lines} lines"));
            } else {
                self.ignore = Some(String::from_utf8_lossy(&text).into_owned());
            }
        }
        Ok(())
    }

    /// Reads the configuration file, unless one was read before.
    fn read_config(&mut self, directory: &Directory<'_>) -> anyhow::Result<()> {
        for name in config::NAMES {
            if self.config.is_some() {
                break;
            }
            let Some(text) = self.text(directory, name, limits::CONFIG)? else {
                continue;
            };
            match String::from_utf8(text) {
                Ok(text) => {
                    let place = directory.place.clone();
                    self.config = Some(ConfigFile { name, text, place });
                }
                Err(_) => anyhow::bail!("cannot read `{name}`: it is not UTF-8"),
            }
        }
        Ok(())
    }

    /// A file of a directory; `None` if there is none, or if it cannot be read, which is reported.
    fn text(
        &mut self,
        directory: &Directory<'_>,
        name: &str,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, GatewayError> {
        let Some(reference) = &directory.reference else {
            return Ok(None);
        };
        match directory
            .build
            .gateway
            .read_file(&reference.id, name, limit)
        {
            Ok(data) => Ok(data),
            Err(ReadError::Gateway(error)) => Err(error),
            Err(reason) => {
                self.problems
                    .push(format!("`{name}` is not read: {reason}"));
                Ok(None)
            }
        }
    }

    /// The range of a span of lines, which both count from 1.
    pub(super) fn first_line() -> Range {
        let mut range = Range::default();
        range.start.line = 1;
        range.end.line = 1;
        range
    }
}

impl<'b> Directory<'b> {
    /// A directory that the client has, or the result of another build. Only some of its files are
    /// needed.
    fn open(
        build: &'b Build,
        local: &str,
        input: Option<&Vec<u8>>,
        names: &[&str],
        hint: &str,
        description: &str,
    ) -> anyhow::Result<Self> {
        if let Some(definition) = input {
            return Self::of_graph(build, Graph::decode(definition)?);
        }
        let session = build.options.get(&format!("local-sessionid:{local}"));
        let session = session.unwrap_or(&build.options.session);
        let graph = Graph::local(local, names, session, hint, description);
        let place = Place::Local {
            name: local.to_owned(),
            session: session.to_owned(),
        };
        Ok(Self {
            place,
            ..Self::of_graph(build, graph)?
        })
    }

    fn of_graph(build: &'b Build, graph: Graph) -> anyhow::Result<Self> {
        let result = build.gateway.solve(SolveRequest {
            definition: Some(graph.encode()),
            ..SolveRequest::default()
        })?;
        let old = result.id.map(|id| Reference {
            id,
            definition: None,
        });
        let reference = result.reference.or(old);
        Ok(Self {
            build,
            place: Place::Graph(graph.clone()),
            graph,
            // An empty directory may be no file system at all.
            reference: reference.filter(|reference| !reference.id.is_empty()),
        })
    }
}

/// The other name that BuildKit accepts for `Dockerfile`.
fn lower_case_name(filename: &str) -> Option<String> {
    let directory = filename.strip_suffix(DOCKERFILE)?;
    if directory.is_empty() || directory.ends_with('/') {
        return Some(format!("{directory}{}", DOCKERFILE.to_lowercase()));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_default_name_has_a_lower_case_form() {
        assert_eq!(lower_case_name("Dockerfile").unwrap(), "dockerfile");
        assert_eq!(lower_case_name("a/Dockerfile").unwrap(), "a/dockerfile");
        assert_eq!(lower_case_name("app.Dockerfile"), None);
        assert_eq!(lower_case_name("Dockerfile.app"), None);
    }
}
