//! jettison's results for layers that readers interpret differently.

use super::archives::{Case, Outcome, cases};
use crate::builders::images::{layers, listing};

fn text(case: &Case) -> Result<Vec<String>, String> {
    match layers(&case.layers) {
        Ok(image) => Ok(listing(&image)),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn archives_that_other_readers_interpret_differently_are_refused() {
    let mut wrong = Vec::new();
    for case in cases() {
        let made = text(&case);
        let is_right = match (case.outcome, &made) {
            (Outcome::Read(lines), Ok(made)) => lines == made,
            (Outcome::Refused(reason), Err(error)) => error.contains(reason),
            _ => false,
        };
        if !is_right {
            wrong.push(format!("{}: {made:?}, not {:?}", case.name, case.outcome));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
