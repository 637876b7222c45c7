//! Places in the files of a deployment.

use std::ops::Deref;

use crate::source::Span;

/// A span in one of the files of a deployment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// An index into [`Deployment::files`](super::Deployment::files).
    pub file: usize,
    pub span: Span,
}

impl Place {
    pub fn new(file: usize, start: usize, end: usize) -> Self {
        Self {
            file,
            // Offsets of a parser are not worth a panic: a wrong order means an empty span.
            span: Span {
                start,
                end: end.max(start),
            },
        }
    }
}

/// A value, and the place where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    pub value: T,
    pub place: Place,
}

impl<T> Spanned<T> {
    pub fn new(value: T, place: Place) -> Self {
        Self { value, place }
    }

    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned::new(convert(self.value), self.place)
    }
}

impl<T> Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// A defect of a file that keeps a part of it from being read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub place: Place,
    /// Present tense, lower case, no full stop.
    pub message: String,
}

impl Problem {
    pub fn new(place: Place, message: impl Into<String>) -> Self {
        Self {
            place,
            message: message.into(),
        }
    }
}
