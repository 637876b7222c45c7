//! The calls of the gateway that a frontend needs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::connection::{Connection, UNKNOWN};
use super::error::GatewayError;
use super::messages::{
    BuildResult, Empty, FileRange, InputsResponse, Pong, ReadFileRequest, ReadFileResponse,
    ReturnRequest, SolveRequest, SolveResponse, StatFileRequest, StatFileResponse, Status,
    WarnRequest,
};
use crate::trust::limits::shown;

/// Time for the first answer, as BuildKit's own client has it.
const FIRST_ANSWER: Duration = Duration::from_secs(15);
/// The bits of Go's `os.FileMode` for files that are not regular.
const NOT_REGULAR: u32 = 0x8f28_0000;

/// BuildKit, as a frontend sees it.
pub struct Gateway {
    connection: Connection,
    capabilities: BTreeSet<String>,
}

/// The reason why a file of a result is not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("it is larger than {}", shown(*.0))]
    TooLarge(u64),
    #[error("it is not a regular file")]
    NotRegular,
    #[error("{}", .0.message)]
    Refused(Status),
    #[error(transparent)]
    Gateway(GatewayError),
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway")
            .field("capabilities", &self.capabilities)
            .finish_non_exhaustive()
    }
}

impl Gateway {
    /// Connects to BuildKit on standard input and output.
    pub fn connect() -> Result<Self, GatewayError> {
        let connection = Connection::open()?;
        let pong: Pong = connection.call("Ping", &Empty {}, Some(FIRST_ANSWER))?;
        let mut capabilities = BTreeSet::new();
        for capability in pong.frontend_capabilities {
            if capability.enabled {
                capabilities.insert(capability.id);
            }
        }
        let gateway = Self {
            connection,
            capabilities,
        };
        // Older engines take a result in another way. None of them is maintained any more.
        if !gateway.can("return") {
            return Err(GatewayError::Invalid {
                method: "Ping",
                reason: "this BuildKit is too old for jettison".to_owned(),
            });
        }
        Ok(gateway)
    }

    /// Whether BuildKit has a capability. Their names are in `frontend/gateway/pb/caps.go`.
    pub fn can(&self, capability: &str) -> bool {
        self.capabilities.contains(capability)
    }

    /// Does a part of a build.
    pub fn solve(&self, request: SolveRequest) -> Result<BuildResult, GatewayError> {
        let request = SolveRequest {
            allow_result_return: true,
            allow_result_array_ref: self.can("proto.refarray"),
            ..request
        };
        let response: SolveResponse = self.connection.call("Solve", &request, None)?;
        response.result.ok_or_else(|| GatewayError::Invalid {
            method: "Solve",
            reason: "it has no result".to_owned(),
        })
    }

    /// The graphs of build contexts that are results of other builds, by name.
    pub fn inputs(&self) -> Result<BTreeMap<String, Vec<u8>>, GatewayError> {
        if !self.can("frontend.inputs") {
            return Ok(BTreeMap::new());
        }
        let response: InputsResponse = self.connection.call("Inputs", &Empty {}, None)?;
        Ok(response.definitions)
    }

    /// Reads a file of a result, with symlinks resolved in it; `None` if there is no such file.
    pub fn read_file(
        &self,
        reference: &str,
        path: &str,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, ReadError> {
        let request = StatFileRequest {
            reference: reference.to_owned(),
            path: path.to_owned(),
        };
        let status = match self
            .connection
            .call::<StatFileResponse>("StatFile", &request, None)
        {
            Ok(response) => response.status.unwrap_or_default(),
            // BuildKit has no code for a file that does not exist.
            Err(GatewayError::Refused { status, .. }) if is_missing(&status) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if status.mode & NOT_REGULAR != 0 {
            return Err(ReadError::NotRegular);
        }
        if u64::try_from(status.size).is_ok_and(|size| size > limit) {
            return Err(ReadError::TooLarge(limit));
        }
        let request = ReadFileRequest {
            reference: reference.to_owned(),
            path: path.to_owned(),
            range: Some(FileRange {
                offset: 0,
                length: i64::try_from(limit).unwrap_or(i64::MAX),
            }),
        };
        let response: ReadFileResponse = self.connection.call("ReadFile", &request, None)?;
        if response.data.len() as u64 > limit {
            return Err(ReadError::TooLarge(limit));
        }
        Ok(Some(response.data))
    }

    /// Sends a warning, which BuildKit's clients print after the build. Older engines have none.
    pub fn warn(&self, warning: &WarnRequest) -> Result<(), GatewayError> {
        if !self.can("gateway.warnings") {
            return Ok(());
        }
        let Empty {} = self.connection.call("Warn", warning, None)?;
        Ok(())
    }

    /// Ends the build with a result.
    pub fn return_result(&self, result: BuildResult) -> Result<(), GatewayError> {
        self.finish(&ReturnRequest {
            result: Some(result),
            error: None,
        })
    }

    /// Ends the build with an error.
    pub fn return_error(&self, error: Status) -> Result<(), GatewayError> {
        // Code 0 is no error, and BuildKit would wait for a result.
        let code = if error.code == 0 { UNKNOWN } else { error.code };
        self.finish(&ReturnRequest {
            result: None,
            error: Some(Status { code, ..error }),
        })
    }

    fn finish(&self, request: &ReturnRequest) -> Result<(), GatewayError> {
        let Empty {} = self.connection.call("Return", request, None)?;
        Ok(())
    }
}

impl From<GatewayError> for ReadError {
    fn from(error: GatewayError) -> Self {
        match error {
            GatewayError::Refused { status, .. } => Self::Refused(status),
            error => Self::Gateway(error),
        }
    }
}

fn is_missing(status: &Status) -> bool {
    let message = &status.message;
    message.contains("no such file or directory") || message.contains("not a directory")
}

impl Status {
    /// An error of a kind that gRPC does not know. Clients print only its message.
    pub fn of_message(message: impl Into<String>) -> Self {
        Self {
            code: UNKNOWN,
            message: message.into(),
            details: Vec::new(),
        }
    }
}
