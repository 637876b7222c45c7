//! The picture in README.md shows the current output of the program.
//!
//! `JETTISON_BLESS=1` redraws it.

use std::fs;
use std::path::Path;

use super::console_sessions::{directory, shell};

const PICTURE: &str = "testdata/picture.svg";
const COMMANDS: [&str; 3] = [
    "jettison lint --select shell-form-entrypoint",
    "jettison slim app.tar -o slim.tar",
    "jettison why app.tar /usr/lib/x86_64-linux-gnu/libz.so.1",
];

/// The output for a terminal, including escape sequences.
fn session() -> String {
    let directory = directory();
    let mut screen = String::new();
    for command in COMMANDS {
        let output = shell(directory.path(), command)
            .env("JETTISON_COLOR", "always")
            .env("JETTISON_CHARSET", "utf8")
            .env("COLUMNS", "88")
            .output()
            .expect("the shell starts");
        let text = String::from_utf8(output.stdout).expect("output is UTF-8");
        screen.extend(["\x1b[1m$ ", command, "\x1b[0m\n", &text, "\n"]);
    }
    screen.truncate(screen.trim_end().len());
    screen
}

#[test]
fn the_picture_in_the_readme_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PICTURE);
    let current = anstyle_svg::Term::new().render_svg(&session());
    if std::env::var_os("JETTISON_BLESS").is_some() {
        fs::write(&path, &current).expect("the picture can be written");
    }
    let drawn = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        drawn == current,
        "{PICTURE} shows old output: `make bless` draws it anew"
    );
}
