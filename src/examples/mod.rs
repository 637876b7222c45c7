//! Examples on pages: images described as text, and the checks of what pages say about them.
//!
//! `rules/guide/adding-a-rule.md` documents the notation. The same code checks the built-in pages
//! in tests and the user's own pages in `jettison rules --test`.

mod description;
mod error;
mod keep_page;
mod lines;

pub use description::Description;
pub use error::{DescriptionError, ExampleError};
pub use keep_page::{KeepExample, keep_examples};
pub use lines::{Line, Mark};
