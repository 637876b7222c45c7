//! The sessions in README.md and the guide show the current output of the program.
//!
//! A `console` block is a session: a line with `$` is a command, and the lines below it are what it
//! prints. A line `…` stands for any lines. Each session runs in a copy of `testdata/sessions`,
//! where `app.tar` is the image that `app.image` describes, without ShellCheck. A block such as
//! `toml .jettison.toml` is a file of the sessions below it, up to the next `##` heading. A block
//! such as `rust src/main.rs` shows a file of the repository, where `…` stands for any lines too.
//!
//! `JETTISON_BLESS=1` writes the current output into the pages.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use super::builders::description::archive;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// The columns that GitHub shows of a code block.
const COLUMNS: &str = "100";
/// The line that stands for any lines.
const ELISION: &str = "…\n";

/// The image of all sessions.
static APP: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let description = Path::new(ROOT).join("testdata/sessions/app.image");
    archive(&fs::read_to_string(description).expect("the description is readable"))
});

/// A fenced block of a page: its tag, and where its text is.
struct Block {
    tag: String,
    text: Range<usize>,
    /// How many `##` headings are above it.
    section: usize,
}

impl Block {
    /// The file that the block is or shows: the word after its language.
    fn file(&self) -> Option<&str> {
        self.tag.split_once(' ').map(|(_, file)| file)
    }
}

/// The fenced blocks of a page. A block that shows blocks has a longer fence.
fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(&str, Block)> = None;
    let (mut at, mut section) = (0, 0);
    for line in page.split_inclusive('\n') {
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        match open.take() {
            Some((fence, mut block)) if line.trim_end() == fence => {
                block.text.end = at;
                blocks.push(block);
            }
            Some(opened) => open = Some(opened),
            None if ticks.len() >= 3 => {
                let tag = line[ticks.len()..].trim().to_owned();
                let start = at + line.len();
                open = Some((
                    ticks,
                    Block {
                        tag,
                        text: start..start,
                        section,
                    },
                ));
            }
            None => section += usize::from(line.starts_with("## ")),
        }
        at += line.len();
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// The commands of a session, each with the output that is shown.
fn commands(session: &str) -> Vec<(&str, String)> {
    let mut commands: Vec<(&str, String)> = Vec::new();
    for line in session.lines() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command, String::new())),
            (None, Some((_, shown))) => shown.extend([line, "\n"]),
            (None, None) => panic!("a session starts with a command: {session}"),
        }
    }
    commands
}

/// A directory with everything that sessions use.
pub(crate) fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    copy(&Path::new(ROOT).join("testdata/sessions"), directory.path());
    fs::write(directory.path().join("app.tar"), &*APP).expect("the image can be written");
    directory
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("the directory is there") {
        let path = entry.expect("it is readable").path();
        let target = to.join(path.file_name().expect("an entry has a name"));
        if path.is_dir() {
            fs::create_dir(&target).expect("it is new");
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("it can be copied");
        }
    }
}

/// A command in the shell, with the program on `PATH` and nothing of the developer's environment.
pub(crate) fn shell(directory: &Path, command: &str) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_jettison"))
        .parent()
        .expect("it is in a directory");
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("exec 2>&1 </dev/null; {command}")])
        .current_dir(directory)
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", program.display()))
        .env("HOME", directory)
        .env("COLUMNS", COLUMNS)
        .env("JETTISON_NO_SHELLCHECK", "1")
        // The day on which the image was built, so that no finding depends on today's date.
        .env("SOURCE_DATE_EPOCH", "1767225600");
    shell
}

/// Standard output and standard error as a terminal shows them.
fn printed(directory: &Path, command: &str) -> String {
    let output = shell(directory, command)
        .env("NO_COLOR", "1")
        .output()
        .expect("the shell starts");
    String::from_utf8(output.stdout).expect("output is UTF-8")
}

/// The parts of a shown text between its lines `…`.
fn parts(shown: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for line in shown.split_inclusive('\n') {
        // Only a line of its own: the program cuts long lines with the same character.
        if line == ELISION {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push_str(line);
        }
    }
    parts
}

/// Whether the output is what is shown, where lines may be left out.
fn is_shown(output: &str, shown: &str) -> bool {
    let parts = parts(shown);
    let [first, middle @ .., last] = parts.as_slice() else {
        return output == shown;
    };
    let Some(mut rest) = output.strip_prefix(first.as_str()) else {
        return false;
    };
    for part in middle {
        match rest.find(part.as_str()) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last.as_str())
}

/// The output with as many lines at its start and its end as were shown, and the rest left out.
fn elided(output: &str, shown: &str) -> String {
    let parts = parts(shown);
    let [head, tail] = parts.as_slice() else {
        assert!(parts.len() == 1, "write this by hand:\n{shown}");
        return output.to_owned();
    };
    let lines: Vec<&str> = output.split_inclusive('\n').collect();
    let head = head.lines().count().min(lines.len());
    let tail = tail.lines().count().min(lines.len() - head);
    lines[..head].concat() + ELISION + &lines[lines.len() - tail..].concat()
}

/// What is shown if it is still right, otherwise the output in its place.
fn current(output: &str, shown: &str) -> String {
    if is_shown(output, shown) {
        shown.to_owned()
    } else {
        elided(output, shown)
    }
}

/// The page with the output that its sessions have now, and the text that its files have now.
fn replayed(page: &str) -> String {
    let blocks = blocks(page);
    let (mut out, mut written) = (String::new(), 0);
    for (index, block) in blocks.iter().enumerate() {
        let shown = &page[block.text.clone()];
        let text = if block.tag == "console" {
            let above = blocks[..index]
                .iter()
                .filter(|file| file.section == block.section);
            replayed_session(page, shown, above)
        } else if let Some(file) = block.file().filter(|file| file.contains('/')) {
            let file = fs::read_to_string(Path::new(ROOT).join(file));
            current(&file.expect("a page shows a file of the repository"), shown)
        } else {
            continue;
        };
        out.push_str(&page[written..block.text.start]);
        out.push_str(&text);
        written = block.text.end;
    }
    out + &page[written..]
}

/// Runs a session in a directory of its own, with the files of the blocks above it.
fn replayed_session<'b>(
    page: &str,
    session: &str,
    above: impl Iterator<Item = &'b Block>,
) -> String {
    let directory = directory();
    for block in above {
        if let Some(name) = block.file().filter(|name| !name.contains('/')) {
            fs::write(directory.path().join(name), &page[block.text.clone()])
                .expect("a file can be written");
        }
    }
    let mut out = String::new();
    for (command, shown) in commands(session) {
        let output = printed(directory.path(), command);
        out.extend(["$ ", command, "\n"]);
        out.push_str(&current(&output, &shown));
    }
    out
}

/// README.md and the pages of the guide.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![Path::new(ROOT).join("README.md")];
    let guide = fs::read_dir(Path::new(ROOT).join("rules/guide")).expect("there is a guide");
    pages.extend(guide.map(|entry| entry.expect("it is readable").path()));
    pages.sort();
    pages
}

/// Compares line by line, so that a failure shows the first line that differs.
fn assert_same(path: &Path, written: &str, current: &str) {
    let differing = written
        .lines()
        .zip(current.lines())
        .position(|(old, new)| old != new);
    let at = differing.unwrap_or(written.lines().count().min(current.lines().count()));
    assert!(
        written == current,
        "{}:{}: the output is now\n{}\n(`make bless` writes it)",
        path.display(),
        at + 1,
        current
            .lines()
            .skip(at)
            .take(20)
            .collect::<Vec<_>>()
            .join("\n")
    );
}

#[test]
fn console_sessions_show_the_real_output() {
    let bless = std::env::var_os("JETTISON_BLESS").is_some();
    for path in pages() {
        let page = fs::read_to_string(&path).expect("the page is readable");
        let current = replayed(&page);
        if bless && current != page {
            fs::write(&path, &current).expect("the page can be written");
            continue;
        }
        assert_same(&path, &page, &current);
    }
}

#[test]
fn the_readme_shows_the_main_commands() {
    let readme = fs::read_to_string(Path::new(ROOT).join("README.md")).expect("it is readable");
    let shown: Vec<String> = blocks(&readme)
        .iter()
        .filter(|block| block.tag == "console")
        .flat_map(|block| commands(&readme[block.text.clone()]))
        .map(|(command, _)| command.to_owned())
        .collect();
    for command in ["lint", "slim", "why", "explain"] {
        let start = format!("jettison {command} ");
        assert!(
            shown.iter().any(|shown| shown.starts_with(&start)),
            "{command}: {shown:?}"
        );
    }
}

#[test]
fn lines_may_be_omitted_only_at_an_ellipsis() {
    assert!(
        is_shown("a\nb\nc\n", "a\n…\n")
            && is_shown("a\nb\nc\n", "a\n…\nc\n")
            && is_shown("a\n", "a\n")
    );
    assert!(is_shown("a b…\n", "a b…\n") && !is_shown("a c\n", "a…\n"));
    assert!(
        !is_shown("a\nb\nc\n", "b\n…\n")
            && !is_shown("a\nb\nc\n", "a\n…\nb\n")
            && !is_shown("a\nb\n", "a\n")
    );
}

#[test]
fn blessed_output_is_elided_where_the_old_one_was() {
    assert_eq!(elided("1\n2\n3\n4\n", "a\n…\nb\n"), "1\n…\n4\n");
    assert_eq!(elided("1\n2\n3\n", "a\n…\n"), "1\n…\n");
    assert_eq!(elided("1\n2\n", "a\nb\nc\n"), "1\n2\n");
}

#[test]
fn a_block_that_contains_a_block_has_a_longer_fence() {
    let page = "````markdown\n```console\n$ x\n```\n````\n\n## A\n\n```console\n$ y\n```\n";
    let found: Vec<(String, &str, usize)> = blocks(page)
        .into_iter()
        .map(|block| (block.tag, &page[block.text], block.section))
        .collect();
    assert_eq!(
        found,
        [
            ("markdown".to_owned(), "```console\n$ x\n```\n", 0),
            ("console".to_owned(), "$ y\n", 1)
        ]
    );
}

/// The `#anchor` of a heading, as GitHub makes it.
fn anchor(heading: &str) -> String {
    heading
        .trim_start_matches('#')
        .trim()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| {
            if c == ' ' {
                '-'
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect()
}

/// Whether a link leads to a file of the repository and a heading in it.
fn leads_somewhere(page: &Path, link: &str) -> bool {
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let directory = page.parent().expect("a page is in a directory");
    let target = if file.is_empty() {
        page.to_owned()
    } else {
        directory.join(file)
    };
    if heading.is_empty() {
        return target.exists();
    }
    let text = fs::read_to_string(&target).unwrap_or_default();
    text.lines()
        .any(|line| line.starts_with('#') && anchor(line) == heading)
}

#[test]
fn links_between_pages_lead_to_a_file_and_a_heading() {
    for path in pages() {
        let page = fs::read_to_string(&path).expect("the page is readable");
        for rest in page.split("](").skip(1) {
            let link = rest.split(')').next().unwrap_or_default();
            assert!(
                link.starts_with("https://") || leads_somewhere(&path, link),
                "{}: {link}",
                path.display()
            );
        }
    }
}
