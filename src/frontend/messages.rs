//! Messages of the gateway. The names of BuildKit's own messages are in the comments where they
//! differ.

use std::collections::BTreeMap;

/// A message without fields: `PingRequest`, `InputsRequest`, `ReturnResponse`, `WarnResponse`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct Empty {}

/// `PongResponse`: what the engine is able to do.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Pong {
    #[prost(message, repeated, tag = "1")]
    pub frontend_capabilities: Vec<Capability>,
}

/// `APICap`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Capability {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(bool, tag = "2")]
    pub enabled: bool,
}

/// A part of a build to be done: a graph, or options of another frontend.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SolveRequest {
    #[prost(bytes = "vec", optional, tag = "1")]
    pub definition: Option<Vec<u8>>,
    #[prost(string, tag = "2")]
    pub frontend: String,
    #[prost(btree_map = "string, string", tag = "3")]
    pub frontend_options: BTreeMap<String, String>,
    #[prost(bool, tag = "5")]
    pub allow_result_return: bool,
    #[prost(bool, tag = "6")]
    pub allow_result_array_ref: bool,
    #[prost(message, repeated, tag = "12")]
    pub cache_imports: Vec<CacheImport>,
    #[prost(btree_map = "string, bytes", tag = "13")]
    pub frontend_inputs: BTreeMap<String, Vec<u8>>,
}

/// `CacheOptionsEntry`: a place to import cached results from.
#[derive(Clone, PartialEq, Eq, prost::Message, serde::Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CacheImport {
    #[prost(string, tag = "1")]
    pub r#type: String,
    #[prost(btree_map = "string, string", tag = "2")]
    pub attrs: BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct SolveResponse {
    #[prost(message, optional, tag = "3")]
    pub result: Option<BuildResult>,
}

/// `Result`: file systems by platform, or a single one, and metadata such as image configurations.
#[derive(Clone, PartialEq, prost::Message)]
pub struct BuildResult {
    // At most one of these is set. The first two are what engines without the capability
    // `proto.refarray` send, and expect to get back.
    #[prost(string, optional, tag = "1")]
    pub id: Option<String>,
    #[prost(message, optional, tag = "2")]
    pub ids: Option<IdMap>,
    #[prost(message, optional, tag = "3")]
    pub reference: Option<Reference>,
    #[prost(message, optional, tag = "4")]
    pub references: Option<ReferenceMap>,
    #[prost(btree_map = "string, bytes", tag = "10")]
    pub metadata: BTreeMap<String, Vec<u8>>,
    /// `Attestations` by platform.
    #[prost(btree_map = "string, bytes", tag = "12")]
    pub attestations: BTreeMap<String, Vec<u8>>,
}

/// `RefMapDeprecated`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct IdMap {
    #[prost(btree_map = "string, string", tag = "1")]
    pub ids: BTreeMap<String, String>,
}

/// `RefMap`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ReferenceMap {
    #[prost(btree_map = "string, message", tag = "1")]
    pub references: BTreeMap<String, Reference>,
}

/// `Ref`: a file system that a build results in. The ID is empty if it has no files.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Reference {
    #[prost(string, tag = "1")]
    pub id: String,
    /// The graph that builds it.
    #[prost(bytes = "vec", optional, tag = "2")]
    pub definition: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct ReturnRequest {
    #[prost(message, optional, tag = "1")]
    pub result: Option<BuildResult>,
    #[prost(message, optional, tag = "2")]
    pub error: Option<Status>,
}

/// `google.rpc.Status`: an error of a call.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Status {
    #[prost(int32, tag = "1")]
    pub code: i32,
    #[prost(string, tag = "2")]
    pub message: String,
    /// `google.protobuf.Any`, such as the lines of the Dockerfile that the error is about.
    #[prost(bytes = "vec", repeated, tag = "3")]
    pub details: Vec<Vec<u8>>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Any {
    #[prost(string, tag = "1")]
    pub type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct InputsResponse {
    /// Graphs by the name of a build context.
    #[prost(btree_map = "string, bytes", tag = "1")]
    pub definitions: BTreeMap<String, Vec<u8>>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ReadFileRequest {
    #[prost(string, tag = "1")]
    pub reference: String,
    #[prost(string, tag = "2")]
    pub path: String,
    #[prost(message, optional, tag = "3")]
    pub range: Option<FileRange>,
}

#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct FileRange {
    #[prost(int64, tag = "1")]
    pub offset: i64,
    #[prost(int64, tag = "2")]
    pub length: i64,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ReadFileResponse {
    #[prost(bytes = "vec", tag = "1")]
    pub data: Vec<u8>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct StatFileRequest {
    #[prost(string, tag = "1")]
    pub reference: String,
    #[prost(string, tag = "2")]
    pub path: String,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct StatFileResponse {
    #[prost(message, optional, tag = "1")]
    pub status: Option<FileStatus>,
}

/// `fsutil.types.Stat`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct FileStatus {
    /// File type and permissions, with the bits of Go's `os.FileMode`.
    #[prost(uint32, tag = "2")]
    pub mode: u32,
    #[prost(int64, tag = "5")]
    pub size: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct WarnRequest {
    /// The digest of the vertex that the warning belongs to.
    #[prost(string, tag = "1")]
    pub digest: String,
    #[prost(int64, tag = "2")]
    pub level: i64,
    #[prost(bytes = "vec", tag = "3")]
    pub short: Vec<u8>,
    #[prost(bytes = "vec", repeated, tag = "4")]
    pub detail: Vec<Vec<u8>>,
    #[prost(string, tag = "5")]
    pub url: String,
    #[prost(message, optional, tag = "6")]
    pub info: Option<SourceInfo>,
    #[prost(message, repeated, tag = "7")]
    pub ranges: Vec<Range>,
}

/// A source file, such as the Dockerfile.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct SourceInfo {
    #[prost(string, tag = "1")]
    pub filename: String,
    #[prost(bytes = "vec", tag = "2")]
    pub data: Vec<u8>,
    /// The graph that the file comes from.
    #[prost(bytes = "vec", optional, tag = "3")]
    pub definition: Option<Vec<u8>>,
    #[prost(string, tag = "4")]
    pub language: String,
}

/// A range of a source file.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct Range {
    #[prost(message, required, tag = "1")]
    pub start: Position,
    #[prost(message, required, tag = "2")]
    pub end: Position,
}

/// A line, counted from 1, and a character in it, counted from 0.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct Position {
    #[prost(int32, tag = "1")]
    pub line: i32,
    #[prost(int32, tag = "2")]
    pub character: i32,
}
