//! Build graphs, which BuildKit calls LLB: steps that are named by the digests of their messages.

use std::collections::BTreeMap;

use prost::Message as _;
use sha2::{Digest as _, Sha256};

use crate::hash::hex;

/// The index of a mount whose directory is not an output of its step.
const NO_OUTPUT: i64 = -1;
/// The index of the input of a mount that starts out empty.
const EMPTY: i64 = -1;
/// The key of the description that clients print for a step.
const NAME: &str = "llb.customname";

/// A build graph, of which one output is the result.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// The steps, by digest, in any order.
    steps: BTreeMap<String, Step>,
    /// The step and its output that is the result.
    result: Input,
    /// `pb.Source`, the lines of the Dockerfile that steps come from.
    source: Option<Vec<u8>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Step {
    op: Vec<u8>,
    /// `pb.OpMetadata`.
    metadata: Vec<u8>,
}

/// A graph that is not one.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum GraphError {
    #[error("BuildKit sent an invalid build graph: {0}")]
    Decode(String),
    #[error("BuildKit sent a build graph without a result")]
    NoResult,
}

impl From<prost::DecodeError> for GraphError {
    fn from(error: prost::DecodeError) -> Self {
        Self::Decode(error.to_string())
    }
}

impl Graph {
    /// Parses a `pb.Definition`.
    pub fn decode(definition: &[u8]) -> Result<Self, GraphError> {
        Self::of_definition(Definition::decode(definition)?)
    }

    /// The graph of these steps, of which the last one names the result.
    pub fn of_ops(ops: Vec<Vec<u8>>) -> Result<Self, GraphError> {
        Self::of_definition(Definition {
            ops,
            ..Definition::default()
        })
    }

    fn of_definition(definition: Definition) -> Result<Self, GraphError> {
        let Some((last, ops)) = definition.ops.split_last() else {
            return Err(GraphError::NoResult);
        };
        // The last step does nothing: its input is the result.
        let result = Op::decode(last.as_slice())?
            .inputs
            .into_iter()
            .next()
            .ok_or(GraphError::NoResult)?;
        let mut metadata = definition.metadata;
        let mut steps = BTreeMap::new();
        for op in ops {
            let digest = digest(op);
            let metadata = metadata.remove(&digest).unwrap_or_default();
            let op = op.clone();
            steps.insert(digest, Step { op, metadata });
        }
        if !steps.contains_key(&result.digest) {
            return Err(GraphError::NoResult);
        }
        Ok(Self {
            steps,
            result,
            source: definition.source,
        })
    }

    /// The `pb.Definition`.
    pub fn encode(&self) -> Vec<u8> {
        let mut definition = Definition {
            ops: self.ops().collect(),
            source: self.source.clone(),
            ..Definition::default()
        };
        for (digest, step) in &self.steps {
            definition
                .metadata
                .insert(digest.clone(), step.metadata.clone());
        }
        definition.encode_to_vec()
    }

    /// The steps, and at the end one that names the result.
    pub fn ops(&self) -> impl Iterator<Item = Vec<u8>> {
        let last = Op {
            inputs: vec![self.result.clone()],
            ..Op::default()
        };
        let steps = self.steps.values().map(|step| step.op.clone());
        steps.chain([last.encode_to_vec()])
    }

    /// The digest of the step that has the result.
    pub fn vertex(&self) -> &str {
        &self.result.digest
    }

    /// Files of the client: those that `paths` name in one of its directories.
    pub fn local(directory: &str, paths: &[&str], session: &str, hint: &str, name: &str) -> Self {
        let paths = serde_json::to_string(paths).expect("texts can be written as JSON");
        let attributes = [
            ("local.differ", "none"),
            ("local.followpaths", &paths),
            ("local.session", session),
            ("local.sharedkeyhint", hint),
        ];
        Self::source(&format!("local://{directory}"), attributes, None, name)
    }

    /// The file system of an image.
    pub fn image(image: &str, platform: Platform, name: &str) -> Self {
        Self::source(&format!("docker-image://{image}"), [], Some(platform), name)
    }

    fn source<'a>(
        identifier: &str,
        attributes: impl IntoIterator<Item = (&'a str, &'a str)>,
        platform: Option<Platform>,
        name: &str,
    ) -> Self {
        let mut source = SourceOp {
            identifier: identifier.to_owned(),
            ..SourceOp::default()
        };
        for (key, value) in attributes {
            source.attributes.insert(key.to_owned(), value.to_owned());
        }
        let op = Op {
            source: Some(source),
            platform,
            ..Op::default()
        };
        Self::default_with(&op, name)
    }

    /// A directory with these files, which all may read.
    pub fn files(files: &[(&str, Vec<u8>)], name: &str) -> Self {
        Self::files_in(None, files, name)
    }

    /// A directory with these files, besides those of another one.
    pub fn files_in(base: Option<&Self>, files: &[(&str, Vec<u8>)], name: &str) -> Self {
        let mut actions = Vec::new();
        let inputs: Vec<Input> = base.iter().map(|base| base.result.clone()).collect();
        let first = if base.is_some() { 0 } else { EMPTY };
        for (index, (path, data)) in (0_i64..).zip(files) {
            let is_last = actions.len() + 1 == files.len();
            actions.push(FileAction {
                // Each action goes on with the output of the one before. Outputs are counted after
                // the inputs.
                input: first + index,
                secondary_input: EMPTY,
                output: if is_last { 0 } else { NO_OUTPUT },
                make_file: Some(MakeFile {
                    path: format!("/{path}"),
                    mode: 0o644,
                    data: data.clone(),
                    // The time would otherwise be that of the build.
                    timestamp: 0,
                }),
            });
        }
        let op = Op {
            inputs,
            file: Some(FileOp { actions }),
            ..Op::default()
        };
        let mut graph = Self::default_with(&op, name);
        if let Some(base) = base {
            graph.steps.extend(base.steps.clone());
        }
        graph
    }

    /// The same with one more file, for tests.
    #[cfg(test)]
    pub(crate) fn with_files_above(&self, path: &str, data: Vec<u8>) -> Self {
        let file = FileAction {
            input: 0,
            secondary_input: EMPTY,
            output: 0,
            make_file: Some(MakeFile {
                path: format!("/{path}"),
                data,
                ..MakeFile::default()
            }),
        };
        let mut graph = Self::default_with(
            &Op {
                inputs: vec![self.result.clone()],
                file: Some(FileOp {
                    actions: vec![file],
                }),
                ..Op::default()
            },
            "one more file",
        );
        graph.steps.extend(self.steps.clone());
        graph
    }

    /// The directory that a program fills.
    pub fn run(run: &Run<'_>, name: &str) -> Self {
        let mut steps = BTreeMap::new();
        let (mut inputs, mut mounts) = (Vec::<Input>::new(), Vec::new());
        // The root directory is read-only too. BuildKit adds the mount points nevertheless, but not
        // to one that is writable without being an output.
        let root = ("/", run.root);
        for &(path, graph) in std::iter::once(&root).chain(run.mounts) {
            steps.extend(graph.steps.clone());
            // BuildKit refuses a step that has an input twice.
            let known = inputs.iter().position(|input| *input == graph.result);
            let index = known.unwrap_or(inputs.len());
            if known.is_none() {
                inputs.push(graph.result.clone());
            }
            mounts.push(Mount {
                input: i64::try_from(index).expect("there are a few inputs"),
                path: path.to_owned(),
                output: NO_OUTPUT,
                is_read_only: true,
            });
        }
        mounts.push(Mount {
            input: EMPTY,
            path: run.output.to_owned(),
            output: 0,
            is_read_only: false,
        });
        let op = Op {
            inputs,
            exec: Some(ExecOp {
                meta: Some(Meta {
                    arguments: run.arguments.to_vec(),
                    environment: Vec::new(),
                    directory: run.directory.to_owned(),
                }),
                mounts,
                network: NO_NETWORK,
            }),
            platform: run.root.platform(),
            ..Op::default()
        };
        let mut graph = Self::default_with(&op, name);
        graph.steps.append(&mut steps);
        // Errors of a step of the build still name its lines of the Dockerfile.
        graph.source = run
            .mounts
            .iter()
            .find_map(|(_, graph)| graph.source.clone());
        graph
    }

    /// The file systems that the result was built up from, lowest first, with itself as the last
    /// one; and whether the lowest is that of an image, and not of a step. `None` if there are more
    /// than `limit`.
    pub fn states(&self, limit: usize) -> Option<(Vec<Self>, bool)> {
        let mut states = vec![self.clone()];
        let mut from_image = false;
        while states.len() <= limit {
            let result = &states[states.len() - 1].result;
            let Some(op) = self.op(&result.digest) else {
                break;
            };
            let Some(before) = op.input_of(result.index) else {
                from_image = op.source.is_some();
                break;
            };
            states.push(Self {
                result: before,
                steps: self.steps.clone(),
                source: None,
            });
        }
        if states.len() > limit {
            return None;
        }
        states.reverse();
        Some((states, from_image))
    }

    fn op(&self, digest: &str) -> Option<Op> {
        Op::decode(self.steps.get(digest)?.op.as_slice()).ok()
    }

    /// The platform of the step that has the result.
    fn platform(&self) -> Option<Platform> {
        self.op(&self.result.digest)?.platform
    }

    /// A graph of one step.
    fn default_with(op: &Op, name: &str) -> Self {
        let op = Op {
            constraints: Some(Constraints {}),
            ..op.clone()
        };
        let op = op.encode_to_vec();
        let metadata = OpMetadata {
            description: BTreeMap::from([(NAME.to_owned(), name.to_owned())]),
        };
        let result = Input {
            digest: digest(&op),
            index: 0,
        };
        let step = Step {
            op,
            metadata: metadata.encode_to_vec(),
        };
        Self {
            steps: BTreeMap::from([(result.digest.clone(), step)]),
            result,
            source: None,
        }
    }
}

/// A program to run in a container without a network.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    pub root: &'a Graph,
    /// Directories to mount for reading, by their paths.
    pub mounts: &'a [(&'a str, &'a Graph)],
    pub arguments: &'a [String],
    /// The working directory.
    pub directory: &'a str,
    /// The path of the directory that the program fills. It can write nowhere else.
    pub output: &'a str,
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

// The order of the steps in `Definition` has no meaning. Digests depend on all bytes of a step.

#[derive(Clone, PartialEq, prost::Message)]
struct Definition {
    #[prost(bytes = "vec", repeated, tag = "1")]
    ops: Vec<Vec<u8>>,
    #[prost(btree_map = "string, bytes", tag = "2")]
    metadata: BTreeMap<String, Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    source: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct OpMetadata {
    #[prost(btree_map = "string, string", tag = "2")]
    description: BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct Op {
    #[prost(message, repeated, tag = "1")]
    inputs: Vec<Input>,
    #[prost(message, optional, tag = "2")]
    exec: Option<ExecOp>,
    #[prost(message, optional, tag = "3")]
    source: Option<SourceOp>,
    #[prost(message, optional, tag = "4")]
    file: Option<FileOp>,
    #[prost(message, optional, tag = "6")]
    merge: Option<MergeOp>,
    #[prost(message, optional, tag = "10")]
    platform: Option<Platform>,
    #[prost(message, optional, tag = "11")]
    constraints: Option<Constraints>,
}

impl Op {
    /// The file system that an output of the step was before it; `None` if it was empty, or if the
    /// step is of another kind.
    fn input_of(&self, output: i64) -> Option<Input> {
        let index = if let Some(exec) = &self.exec {
            exec.mounts
                .iter()
                .find(|mount| mount.output == output)?
                .input
        } else if let Some(file) = &self.file {
            file.input_of(output, self.inputs.len())?
        } else {
            // Each file system of a merge goes on top of the ones before it.
            self.merge.as_ref()?.inputs.first()?.input
        };
        self.inputs.get(usize::try_from(index).ok()?).cloned()
    }
}

impl FileOp {
    /// The index of the input that an output goes back to, through the actions.
    fn input_of(&self, output: i64, inputs: usize) -> Option<i64> {
        let inputs = i64::try_from(inputs).ok()?;
        let mut action = self.actions.iter().find(|action| action.output == output)?;
        // Each turn goes to another action, unless the message is malformed.
        for _ in &self.actions {
            if action.input < inputs {
                return Some(action.input);
            }
            let before = usize::try_from(action.input - inputs).ok()?;
            action = self.actions.get(before)?;
        }
        None
    }
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct MergeOp {
    #[prost(message, repeated, tag = "1")]
    inputs: Vec<MergeInput>,
}

#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
struct MergeInput {
    #[prost(int64, tag = "1")]
    input: i64,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct Input {
    #[prost(string, tag = "1")]
    digest: String,
    #[prost(int64, tag = "2")]
    index: i64,
}

/// An operating system and a processor.
#[derive(Clone, PartialEq, Eq, prost::Message, serde::Deserialize)]
#[serde(default)]
pub struct Platform {
    #[prost(string, tag = "1")]
    pub architecture: String,
    #[prost(string, tag = "2")]
    pub os: String,
    #[prost(string, tag = "3")]
    pub variant: String,
}

#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
struct Constraints {}

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct SourceOp {
    #[prost(string, tag = "1")]
    identifier: String,
    #[prost(btree_map = "string, string", tag = "2")]
    attributes: BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct FileOp {
    #[prost(message, repeated, tag = "2")]
    actions: Vec<FileAction>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct FileAction {
    #[prost(int64, tag = "1")]
    input: i64,
    #[prost(int64, tag = "2")]
    secondary_input: i64,
    #[prost(int64, tag = "3")]
    output: i64,
    #[prost(message, optional, tag = "5")]
    make_file: Option<MakeFile>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct MakeFile {
    #[prost(string, tag = "1")]
    path: String,
    #[prost(int32, tag = "2")]
    mode: i32,
    #[prost(bytes = "vec", tag = "3")]
    data: Vec<u8>,
    #[prost(int64, tag = "5")]
    timestamp: i64,
}

/// The value of `NetMode` for a container without a network.
const NO_NETWORK: i32 = 2;

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct ExecOp {
    #[prost(message, optional, tag = "1")]
    meta: Option<Meta>,
    #[prost(message, repeated, tag = "2")]
    mounts: Vec<Mount>,
    #[prost(int32, tag = "3")]
    network: i32,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct Meta {
    #[prost(string, repeated, tag = "1")]
    arguments: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    environment: Vec<String>,
    #[prost(string, tag = "3")]
    directory: String,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct Mount {
    #[prost(int64, tag = "1")]
    input: i64,
    #[prost(string, tag = "3")]
    path: String,
    #[prost(int64, tag = "4")]
    output: i64,
    #[prost(bool, tag = "5")]
    is_read_only: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_graph_survives_its_encoding() {
        let image = Graph::image("docker.io/library/a:1", Platform::default(), "a");
        let files = Graph::files(&[("a", b"1".to_vec()), ("b", b"2".to_vec())], "files");
        let run = Graph::run(
            &Run {
                root: &image,
                mounts: &[("/in", &image), ("/files", &files)],
                arguments: &["/a".to_owned()],
                directory: "/",
                output: "/out",
            },
            "run",
        );
        let decoded = Graph::decode(&run.encode()).unwrap();
        assert_eq!(decoded, run);
        assert_eq!(decoded.steps.len(), 3);
        let op = Op::decode(decoded.steps[decoded.vertex()].op.as_slice()).unwrap();
        // The image is one input, although it is mounted twice.
        assert_eq!(op.inputs.len(), 2);
        let mounts = op.exec.unwrap().mounts;
        let inputs: Vec<_> = mounts.iter().map(|mount| mount.input).collect();
        assert_eq!(inputs, [0, 0, 1, EMPTY]);
        let writable: Vec<_> = mounts.iter().filter(|mount| !mount.is_read_only).collect();
        assert_eq!(writable.len(), 1);
        assert_eq!((writable[0].path.as_str(), writable[0].output), ("/out", 0));
    }

    /// A graph of one more step on top of another.
    fn above(graph: &Graph, op: &Op) -> Graph {
        let mut above = Graph::default_with(op, "step");
        above.steps.extend(graph.steps.clone());
        above
    }

    #[test]
    fn the_states_of_a_result_go_back_to_its_base_image() {
        let image = Graph::image("docker.io/library/a:1", Platform::default(), "a");
        let other = Graph::image("docker.io/library/b:1", Platform::default(), "b");
        let mount = |input, path: &str, output| Mount {
            input,
            path: path.to_owned(),
            output,
            is_read_only: false,
        };
        let run = above(
            &image,
            &Op {
                inputs: vec![other.result.clone(), image.result.clone()],
                exec: Some(ExecOp {
                    mounts: vec![mount(1, "/", 0), mount(0, "/from", NO_OUTPUT)],
                    ..ExecOp::default()
                }),
                ..Op::default()
            },
        );
        let action = |input, output| FileAction {
            input,
            output,
            ..FileAction::default()
        };
        let copy = above(
            &run,
            &Op {
                inputs: vec![run.result.clone()],
                // The second action goes on with the first one.
                file: Some(FileOp {
                    actions: vec![action(0, NO_OUTPUT), action(1, 0)],
                }),
                ..Op::default()
            },
        );
        let merge = above(
            &copy,
            &Op {
                inputs: vec![copy.result.clone(), other.result.clone()],
                merge: Some(MergeOp {
                    inputs: vec![MergeInput { input: 0 }, MergeInput { input: 1 }],
                }),
                ..Op::default()
            },
        );
        let (states, from_image) = merge.states(4).unwrap();
        let vertices: Vec<&str> = states.iter().map(Graph::vertex).collect();
        let expected = [&image, &run, &copy, &merge].map(Graph::vertex);
        assert_eq!((vertices.as_slice(), from_image), (&expected[..], true));
        assert_eq!(merge.states(3), None);
        // Actions that go around in a circle end nowhere.
        let circle = above(
            &image,
            &Op {
                inputs: vec![image.result.clone()],
                file: Some(FileOp {
                    actions: vec![action(1, 0)],
                }),
                ..Op::default()
            },
        );
        let (states, from_image) = circle.states(4).unwrap();
        assert_eq!((states.len(), from_image), (1, false));
        // A step on an empty file system is the lowest one.
        let (states, from_image) = Graph::files(&[("a", Vec::new())], "a").states(4).unwrap();
        assert_eq!((states.len(), from_image), (1, false));
    }

    #[test]
    fn a_graph_without_a_result_is_an_error() {
        let missing = Op {
            inputs: vec![Input {
                digest: "sha256:0".to_owned(),
                index: 0,
            }],
            ..Op::default()
        };
        let definition = |ops: Vec<Vec<u8>>| {
            Definition {
                ops,
                ..Definition::default()
            }
            .encode_to_vec()
        };
        for bytes in [
            definition(Vec::new()),
            definition(vec![Vec::new()]),
            definition(vec![missing.encode_to_vec()]),
        ] {
            assert_eq!(Graph::decode(&bytes), Err(GraphError::NoResult));
        }
        assert!(matches!(Graph::decode(b"\xff"), Err(GraphError::Decode(_))));
    }
}
