//! Rules for images: every fenced example on their pages is an image that is built and read.

mod pages;
mod text;
