//! What the README shows is what the program prints.

use std::path::Path;
use std::process::Command;

#[test]
fn the_lint_example_is_real() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).expect("the README is readable");
    let (_, example) = readme.split_once("```console\n$ jettison lint ").expect("the README shows a lint");
    let (example, _) = example.split_once("```").expect("the example ends");
    let (arguments, expected) = example.split_once('\n').expect("output follows the command");
    let output = Command::new(env!("CARGO_BIN_EXE_jettison"))
        .arg("lint")
        .args(arguments.split(' '))
        .current_dir(root.join("testdata/readme"))
        .output()
        .expect("the program starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}
