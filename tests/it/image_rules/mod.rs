//! Image rules: every fenced example on their pages is an image that is built and linted.

mod notation;
mod pages;
mod text;
