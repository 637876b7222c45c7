//! Rules for images: every fenced example on their pages is an image that is built and read.

#![allow(clippy::unwrap_used, reason = "all of this is a test")]

mod description;
mod pages;
mod text;
