//! The HTML report in a browser: headless Chromium opens it at the width of a desktop and of a
//! phone, in light and dark mode.

use std::process::Command;

use crate::case::Case;
use crate::containers::output;

#[test]
fn the_html_report_is_readable_in_a_browser() {
    let case = Case::chosen().into_iter().next().expect("there are images");
    let report = case.path("report.html");
    let mut slim = Command::new(env!("CARGO_BIN_EXE_jettison"));
    slim.args(["slim", &case.original(), "--dry-run", "--report", &report]);
    output(&mut slim);
    let looked = output(Command::new("tests/report.py").arg(&report));
    println!("{looked}");
    assert_eq!(looked.lines().count(), 4, "two widths, two color schemes");
}
