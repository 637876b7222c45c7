//! Image rules: every fenced example on their pages is an image that is built and linted.

mod pages;
mod text;
