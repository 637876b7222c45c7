//! Findings and pages as shown in a terminal: with other widths, colors and character sets.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

const TEXT: &str = "FROM debian:12\nUSER app\nCOPY x.txt /x\nCMD run it\n";

fn jettison(folder: &Path, columns: &str, arguments: &[&str]) -> (String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command
        .current_dir(folder)
        .env("COLUMNS", columns)
        .args(arguments);
    for variable in ["NO_COLOR", "CLICOLOR_FORCE", "FORCE_HYPERLINK", "PAGER"] {
        command.env_remove(variable);
    }
    let output = command.output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    (text(output.stdout), text(output.stderr))
}

fn linted(columns: &str, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::write(folder.path().join("Dockerfile"), TEXT).expect("files can be written");
    let select = [
        "lint",
        "--no-shellcheck",
        "--select",
        "copy-owned-by-root,shell-form-entrypoint",
        "Dockerfile",
    ];
    jettison(folder.path(), columns, &[&select[..], arguments].concat()).0
}

#[test]
fn findings_are_readable_at_sixty_columns() {
    let expected = "\
info[copy-owned-by-root]: the files are owned by root, so
                          `app` cannot change them
 --> Dockerfile:3:1
  |
2 | USER app
  | -------- user set here
3 | COPY x.txt /x
  | ^^^^
  |
help: add `--chown=app` (unsafe: review the result)
  |
3 | COPY --chown=app x.txt /x
  |      +++++++++++
  = help: see `jettison explain copy-owned-by-root`

warning[shell-form-entrypoint]: shell-form `CMD` does not
                                forward signals
 --> Dockerfile:4:1
  |
4 | CMD run it
  | ^^^^^^^^^^
  |
help: use the exec form: `[\"run\", \"it\"]`
  |
4 - CMD run it
4 + CMD [\"run\", \"it\"]
  |
  = help: see `jettison explain shell-form-entrypoint`; also
          known as DL3025, JSONArgsRecommended, S7019

1 file checked, 2 findings: 1 warning, 1 info
1 can be fixed with `--fix`, 1 more with `--unsafe-fixes`
final stage `debian:12`: runs as app; shells bash, dash;
package manager apt, from the base image - `jettison lint
--profile minimal` lists them; `jettison slim` removes files
that the program does not need
";
    assert_eq!(linted("60", &[]), expected);
}

#[test]
fn frames_are_drawn_in_the_chosen_character_set() {
    let drawn = linted("80", &["--charset", "utf8"]);
    assert!(
        drawn.contains("  ╭▸ Dockerfile:3:1\n  │\n2 │ USER app\n  │ ──────── user set here\n"),
        "{drawn}"
    );
    assert!(linted("80", &["--charset", "ascii"]).is_ascii());
    assert!(
        linted("80", &[]).is_ascii(),
        "what is no terminal gets ASCII"
    );
}

#[test]
fn color_variables_and_options_are_respected() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::write(folder.path().join("Dockerfile"), TEXT).expect("files can be written");
    let colored = |name: &str, value: &str, arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
        command
            .current_dir(folder.path())
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE");
        command
            .args(["lint", "--no-shellcheck"])
            .args(arguments)
            .env(name, value);
        command
            .output()
            .expect("the program starts")
            .stdout
            .contains(&0x1b)
    };
    assert!(!colored("UNRELATED", "1", &[]));
    assert!(colored("CLICOLOR_FORCE", "1", &[]));
    assert!(colored("UNRELATED", "1", &["--color", "always"]));
    assert!(!colored("NO_COLOR", "1", &[]));
    assert!(colored("FORCE_HYPERLINK", "1", &["--color", "always"]));
    let plain = linted("80", &["--color", "always"]);
    assert_eq!(
        anstream::adapter::strip_str(&plain).to_string(),
        linted("80", &[]),
        "colour is all that is added"
    );
}

#[test]
fn findings_of_several_files_are_grouped_by_file() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for name in ["a.Dockerfile", "b.Dockerfile"] {
        fs::write(folder.path().join(name), TEXT).expect("files can be written");
    }
    let arguments = ["lint", "--no-shellcheck", "--select", "copy-owned-by-root"];
    let (out, _) = jettison(folder.path(), "80", &arguments);
    assert!(out.starts_with("a.Dockerfile: 1 finding\n\ninfo["), "{out}");
    assert!(
        out.contains("\n\nb.Dockerfile: 1 finding\n\ninfo["),
        "{out}"
    );
}

/// Six findings of one rule, the last two of them on the same line, and one of another rule.
fn many(arguments: &[&str]) -> (String, Option<i32>) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut text = "FROM debian:12\nRUN sudo a\nRUN sudo b\nRUN sudo c\n".to_owned();
    text.push_str("RUN sudo d\nRUN sudo e && sudo f\nCMD run it\n");
    fs::write(folder.path().join("Dockerfile"), text).expect("files can be written");
    let output = Command::new(env!("CARGO_BIN_EXE_jettison"))
        .current_dir(folder.path())
        .env("COLUMNS", "100")
        .env("NO_COLOR", "1")
        .args(["lint", "--no-shellcheck", "--select"])
        .args(["sudo,shell-form-entrypoint", "Dockerfile"])
        .args(arguments)
        .output()
        .expect("the program starts");
    let text = String::from_utf8(output.stdout).expect("output is UTF-8");
    (text, output.status.code())
}

#[test]
fn the_fourth_finding_of_a_rule_is_listed_by_its_line_only() {
    let (text, status) = many(&[]);
    assert_eq!(text.matches("\nwarning[sudo]: ").count(), 2, "{text}");
    assert!(text.starts_with("warning[sudo]: "), "{text}");
    assert!(
        text.contains("\nwarning[shell-form-entrypoint]: "),
        "{text}"
    );
    let more = "\n\n3 more `sudo` findings: lines 5, 6 (`--all` shows them)\n\n1 file checked, 7 \
                findings: ";
    assert!(text.contains(more), "{text}");
    assert_eq!(status, Some(1));
    let (text, _) = many(&["--all"]);
    assert_eq!(text.matches("warning[sudo]: ").count(), 6, "{text}");
    assert!(!text.contains("more of"), "{text}");
}

#[test]
fn formats_for_programs_contain_every_finding() {
    for (format, mark) in [
        ("compact", "[sudo]"),
        ("tty", " DL3004 "),
        ("jsonl", "\"rule\":\"sudo\""),
        ("checkstyle", "source=\"jettison.sudo\""),
        ("github", "title=sudo"),
    ] {
        let (text, _) = many(&["--format", format]);
        assert_eq!(text.matches(mark).count(), 6, "{format}: {text}");
    }
}

fn explained(arguments: &[&str]) -> (String, String) {
    jettison(Path::new("."), "60", &[&["explain"], arguments].concat())
}

#[test]
fn a_rule_page_is_found_by_an_unambiguous_prefix() {
    assert_eq!(explained(&["maint"]), explained(&["DL4000"]));
    let (out, err) = explained(&["apt-"]);
    assert_eq!(out, "");
    assert!(
        err.starts_with("error: there is no rule `apt-`; did you mean `apt-dist-upgrade`, "),
        "{err}"
    );
}

#[test]
fn the_guide_is_listed_and_its_pages_are_printed() {
    let (list, _) = explained(&["guide"]);
    assert!(list.starts_with("guide\n  guide/install "), "{list}");
    assert!(list.contains("\n  guide/security "), "{list}");
    let (all, _) = explained(&[]);
    assert!(all.ends_with(&format!("\n{list}")), "{all}");
    let (page, _) = explained(&["guide/slim"]);
    assert!(page.starts_with("Slim images\n\n"), "{page}");
    assert_eq!(explained(&["guide/sl"]).0, page);
    let (markdown, _) = explained(&["guide/security", "--format", "markdown"]);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("SECURITY.md");
    assert_eq!(markdown, fs::read_to_string(file).expect("it is readable"));
}

#[test]
fn an_unknown_page_gets_a_suggestion() {
    for (typed, error) in [
        (
            "guide/slmi",
            "error: there is no page `guide/slmi`; did you mean `guide/slim`?\n",
        ),
        (
            "guide/zebra",
            "error: there is no page `guide/zebra`; `jettison explain guide` lists all pages\n",
        ),
        (
            "slim",
            "error: there is no rule `slim`; did you mean `guide/slim`?\n",
        ),
        (
            "keep/time-zone",
            "error: there is no rule `keep/time-zone`; did you mean `keep/time-zones`?\n",
        ),
    ] {
        assert_eq!(explained(&[typed]), (String::new(), error.to_owned()));
    }
}

#[test]
fn pages_are_completed_but_not_listed_in_the_help() {
    for shell in ["bash", "zsh"] {
        let (script, _) = jettison(Path::new("."), "60", &["completions", shell]);
        for name in ["root-user", "keep/time-zones", "guide/slim"] {
            assert!(script.contains(name), "{shell}: {name}");
        }
    }
    let (help, _) = explained(&["--help"]);
    assert!(!help.contains("root-user,"), "{help}");
}

#[test]
fn a_table_fits_the_terminal_width() {
    let (page, _) = explained(&["guide/output-formats"]);
    let wide: Vec<&str> = page
        .lines()
        .skip_while(|line| !line.starts_with("format"))
        .take_while(|line| !line.is_empty())
        .filter(|line| line.chars().count() > 60)
        .collect();
    assert!(
        page.contains("\nformat") && wide.is_empty(),
        "{wide:?}\n{page}"
    );
}

#[test]
fn a_page_fits_the_terminal_width_except_for_code_and_urls() {
    let (page, _) = explained(&["maintainer"]);
    let wide = page.lines().filter(|line| line.chars().count() > 60);
    let long: Vec<_> = wide
        .filter(|line| !line.starts_with("    ") && line.contains(' '))
        .collect();
    let torn = |line: &&&str| {
        line.split_whitespace()
            .all(|word| word.chars().count() < 50)
    };
    assert!(long.iter().filter(torn).count() == 0, "{long:?}");
    let (colored, _) = explained(&["maintainer", "--color", "always"]);
    assert!(
        colored.contains("\u{1b}[1m\u{1b}[34mFROM\u{1b}[0m busybox"),
        "{colored}"
    );
    assert_eq!(anstream::adapter::strip_str(&colored).to_string(), page);
}

#[test]
fn rules_are_listed_by_category_and_by_the_codes_of_other_tools() {
    let (size, _) = explained(&["--category", "size"]);
    assert!(size.starts_with("f: has a fix, "), "{size}");
    assert!(size.contains("\n\nsize\n  apk-cache-left"), "{size}");
    assert!(!size.contains("root-user"));
    let (codes, _) = explained(&["--alias-of", "hadolint"]);
    assert!(codes.contains("\n  DL3002  root-user "), "{codes}");
    let (rows, _) = explained(&["--alias-of", "buildkit", "--format", "json"]);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&rows).expect("it is JSON");
    assert!(rows.iter().any(|row| row["name"] == "from-as-casing"));
    let (_, err) = explained(&["--alias-of", "lint"]);
    assert!(err.contains("expected one of hadolint, "), "{err}");
}

#[test]
fn titles_are_shown_in_full_at_any_width() {
    for columns in ["60", "80", "200"] {
        let (list, _) = jettison(Path::new("."), columns, &["rules"]);
        let words: Vec<&str> = list.split_whitespace().collect();
        let text = words.join(" ");
        assert!(!text.contains('\u{2026}'), "{text}");
        for (_, page) in jettison::rules::registry().iter() {
            assert!(text.contains(page.title), "{columns}: {}", page.title);
        }
        let width: usize = columns.parse().expect("a number");
        let wide: Vec<&str> = list
            .lines()
            .filter(|line| line.chars().count() > width)
            .collect();
        assert!(wide.is_empty(), "{wide:?}");
    }
}

#[test]
fn previews_of_fixes_fit_the_terminal() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let long = "RUN apt-get update && apt-get install -y --no-install-recommends curl git zstd tar";
    let text = format!("FROM debian:12\n{long}\nCMD run it\n");
    fs::write(folder.path().join("Dockerfile"), text).expect("files can be written");
    let select = "apt-lists-left,shell-form-entrypoint,uncached-downloads";
    let arguments = ["lint", "--no-shellcheck", "--select", select, "Dockerfile"];
    let (out, _) = jettison(folder.path(), "80", &arguments);
    let wide: Vec<&str> = out
        .lines()
        .filter(|line| line.chars().count() > 80)
        .collect();
    assert!(wide.is_empty(), "{wide:?}");
    let cut = "...url git zstd tar && rm -rf /var/lib/apt/lists/*\n";
    assert!(out.contains(cut), "{out}");
}

#[test]
fn a_page_can_be_printed_as_markdown_and_json() {
    let (markdown, _) = explained(&["maintainer", "--format", "markdown"]);
    assert!(
        markdown.starts_with("# `MAINTAINER` is deprecated\n\n**maintainer** (warning, style, "),
        "{markdown}"
    );
    let (json, _) = explained(&["maintainer", "--format", "json"]);
    let pages: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(
        pages[0]["aliases"][0],
        serde_json::json!({ "tool": "hadolint", "code": "DL4000" })
    );
    assert!(
        pages[0]["markdown"]
            .as_str()
            .is_some_and(|text| text.contains("```dockerfile bad"))
    );
}
