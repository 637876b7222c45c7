//! The examples on the pages of keep rules.
//!
//! The rule must apply to the image in an `image keeps` block and must not apply to the one in an
//! `image ignores` block. Paths marked with `+` must be kept, and paths marked with `-` must not.

use std::collections::BTreeSet;

use crate::image::Image;
use crate::page::{Fence, fences};
use crate::printable::escape_bytes;
use crate::slim::{KeepPage, Plan, PlanOptions, Root, Why, plan, verify};

use super::description::Description;
use super::error::{DescriptionError, ExampleError};
use super::lines::{Mark, lines};

/// The part that all examples share: a distribution with merged `/usr`, the loader and the C
/// library.
const DISTRIBUTION: &str = "\
dir /usr/bin
dir /usr/lib/x86_64-linux-gnu
dir /usr/lib64
link /bin -> usr/bin
link /lib -> usr/lib
link /lib64 -> usr/lib64
library /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
link /usr/lib64/ld-linux-x86-64.so.2 -> /lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
library /usr/lib/x86_64-linux-gnu/libc.so.6 needs=ld-linux-x86-64.so.2
";

/// A fenced block tagged `image keeps` or `image ignores`.
#[derive(Clone, Debug)]
pub struct KeepExample {
    pub keeps: bool,
    pub text: String,
    /// The line, from 1, of the page's body on which the fence opens.
    pub line: usize,
}

/// The examples on the page of a keep rule, in order. Other blocks are ignored.
pub fn keep_examples(body: &str) -> Vec<KeepExample> {
    let mut examples = Vec::new();
    for Fence { tag, text, line } in fences(body) {
        let keeps = match tag.as_str() {
            "image keeps" => true,
            "image ignores" => false,
            _ => continue,
        };
        examples.push(KeepExample { keeps, text, line });
    }
    examples
}

impl KeepExample {
    /// The paths with a mark, and their marks.
    pub fn marks(&self) -> Result<Vec<(&str, Mark)>, DescriptionError> {
        let mut marks = Vec::new();
        for line in lines(&self.text)? {
            if let Some(mark) = line.mark {
                marks.push((line.path()?, mark));
            }
        }
        Ok(marks)
    }

    /// The differences between what the example says and what the rules keep.
    pub fn failures(&self, page: &KeepPage) -> Result<Vec<String>, ExampleError> {
        let image = self.image()?;
        let plan = plan(&image, &PlanOptions::default())?;
        let mut failures = Vec::new();
        for problem in verify(&image, &plan)? {
            let path = escape_bytes(&image.tree.path(problem.at));
            failures.push(format!("`{path}`: {}", problem.lost));
        }
        if applies(&plan, page.name) != self.keeps {
            failures.push(if self.keeps {
                "the rule keeps nothing".to_owned()
            } else {
                "the rule keeps something".to_owned()
            });
        }
        for (path, mark) in self.marks()? {
            let Ok(resolved) = image.tree.resolve_link(path.as_bytes()) else {
                failures.push(format!("`{path}` is not in the image"));
                continue;
            };
            match (mark, plan.is_kept(resolved.name)) {
                (Mark::Kept, false) => failures.push(format!("`{path}` is not kept")),
                (Mark::Dropped, true) => {
                    let why = match plan.reasons(resolved.name) {
                        [reason, ..] => reason.why.to_string(),
                        [] => "the root directory of the image".to_owned(),
                    };
                    failures.push(format!("`{path}` is kept: {why}"));
                }
                _ => {}
            }
        }
        Ok(failures)
    }

    fn image(&self) -> Result<Image, ExampleError> {
        // An example may contain its own C library.
        let mut described = BTreeSet::new();
        for line in lines(&self.text)? {
            if line.is_entry() {
                described.insert(line.path()?);
            }
        }
        let mut description = Description::parse(DISTRIBUTION)?;
        description
            .lines
            .retain(|line| line.path().is_ok_and(|path| !described.contains(path)));
        description.lines.extend(lines(&self.text)?);
        let mut image = description.image()?;
        // Without layers, no file counts as added by the user, so only the rule can keep files.
        if image.layers.len() == 1 {
            image.layers.clear();
        }
        Ok(image)
    }
}

/// Whether a rule gave a reason that counts.
fn applies(plan: &Plan, rule: &str) -> bool {
    for &name in plan.kept() {
        for reason in plan.reasons(name) {
            let by = match &reason.why {
                Why::Rule { rule, .. }
                | Why::Opened { rule, .. }
                | Why::Root(Root::Rule { rule, .. }) => *rule,
                _ => continue,
            };
            if by == rule {
                return true;
            }
        }
    }
    false
}
