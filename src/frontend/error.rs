//! Errors of calls to the gateway.

use super::messages::Status;

/// A call to BuildKit that failed.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// BuildKit's answer is an error, such as a failed step of the build.
    #[error("{}", status.message)]
    Refused {
        method: &'static str,
        status: Status,
    },
    #[error("cannot start a call to BuildKit")]
    Start(#[source] std::io::Error),
    /// The connection ended, or what comes over it is not HTTP/2.
    #[error("the connection to BuildKit failed in the call `{method}`")]
    Broken {
        method: &'static str,
        #[source]
        source: h2::Error,
    },
    #[error("BuildKit did not answer the call `{method}` within {seconds} seconds")]
    Silent { method: &'static str, seconds: u64 },
    #[error("BuildKit's answer to the call `{method}` is invalid: {reason}")]
    Invalid {
        method: &'static str,
        reason: String,
    },
}

impl GatewayError {
    /// BuildKit's own error, if the call was answered.
    pub fn status(&self) -> Option<&Status> {
        match self {
            Self::Refused { status, .. } => Some(status),
            _ => None,
        }
    }
}
