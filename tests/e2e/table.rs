//! The table at the end of a run: the size of each image before and after, the time that slimming
//! took, and whether the result works.

use crate::case::Case;
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    sync::{Arc, Mutex},
};

/// The test that checks whether a slimmed image works.
pub(crate) const WORKS: &str = "slimmed_image_behaves_as_the_original";

/// The page that shows the table.
const PAGE: &str = "rules/guide/performance.md";
/// Lines around the table in the page; `JETTISON_BLESS=1` replaces what is between them.
const MARKERS: [&str; 2] = ["<!-- images, by `make e2e` -->\n", "<!-- end of images -->"];

/// By image: whether it worked.
#[derive(Debug, Default)]
pub(crate) struct Results(Mutex<BTreeMap<String, bool>>);

impl Results {
    pub(crate) fn begin(&self, case: &Case, test: &str) {
        self.record(case, test, false);
    }

    pub(crate) fn passed(&self, case: &Case, test: &str) {
        self.record(case, test, true);
    }

    fn record(&self, case: &Case, test: &str, works: bool) {
        if test == WORKS {
            self.0.lock().unwrap().insert(case.name().to_owned(), works);
        }
    }
}

/// Prints the rows of the images that were slimmed and run.
pub(crate) fn print(cases: &[Arc<Case>], results: &Results) {
    let results = results.0.lock().unwrap();
    let mut table = String::from(
        "| image | MB before | MB after | | seconds | works |\n|---|---:|---:|---:|---:|---|\n",
    );
    let (mut before, mut after, mut slowest, mut working, mut rows) = (0, 0, 0.0_f64, 0, 0);
    for case in cases {
        let (Some(&works), Some((was, is, time))) = (results.get(case.name()), case.measured())
        else {
            continue;
        };
        let seconds = time.as_secs_f64();
        let _ = writeln!(
            table,
            "{}",
            row(
                case.name(),
                was,
                is,
                seconds,
                if works { "yes" } else { "no" }
            )
        );
        (before, after, slowest) = (before + was, after + is, slowest.max(seconds));
        (working, rows) = (working + usize::from(works), rows + 1);
    }
    if rows == 0 {
        return;
    }
    let _ = writeln!(
        table,
        "{}",
        row(
            "all",
            before,
            after,
            slowest,
            &format!("{working} of {rows}")
        )
    );
    println!("{table}");
    if std::env::var_os("JETTISON_BLESS").is_some() && rows == cases.len() {
        write_to_page(&table);
    }
}

fn row(name: &str, before: u64, after: u64, seconds: f64, works: &str) -> String {
    let megabytes = |bytes: u64| (bytes + 500_000) / 1_000_000;
    let percent = (after * 100).div_ceil(before.max(1));
    format!(
        "| {name} | {} | {} | {percent}% | {seconds:.1} | {works} |",
        megabytes(before),
        megabytes(after)
    )
}

fn write_to_page(table: &str) {
    let page = fs::read_to_string(PAGE).unwrap();
    let (head, rest) = page.split_once(MARKERS[0]).unwrap();
    let (_, tail) = rest.split_once(MARKERS[1]).unwrap();
    fs::write(
        PAGE,
        format!("{head}{}{table}{}{tail}", MARKERS[0], MARKERS[1]),
    )
    .unwrap();
}
