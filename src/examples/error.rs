//! Errors in examples.

use crate::image::ReadError;
use crate::slim::PlanError;

/// A line of a description that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the image: {reason}")]
pub struct DescriptionError {
    /// The line of the description, from 1.
    pub line: usize,
    pub reason: String,
}

/// The reason why the image of an example cannot be built or checked.
#[derive(Debug, thiserror::Error)]
pub enum ExampleError {
    #[error(transparent)]
    Description(#[from] DescriptionError),
    #[error("cannot write the image: {0}")]
    Write(#[from] std::io::Error),
    #[error("cannot read the image: {0}")]
    Read(#[from] ReadError),
    #[error("cannot slim the image: {0}")]
    Plan(#[from] PlanError),
}
