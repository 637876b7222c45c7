//! The grammars of comments that suppress findings, each as parsed by its tool.

use super::super::page::Tool;

/// The effect of a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Request<'t> {
    pub(in super::super) dialect: Dialect,
    pub(in super::super) scope: Scope,
    pub(in super::super) requested: Requested<'t>,
    /// The last day on which it applies: `2030-01-01`.
    pub(in super::super) until: Option<&'t str>,
}

/// The grammar that a comment follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) enum Dialect {
    Jettison,
    /// The grammar of a tool, with that tool's codes.
    Of(Tool),
}

/// The scope of a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Scope {
    File,
    Stage,
    Next,
    /// The stage if a `FROM` follows, otherwise the next instruction.
    Block,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Requested<'t> {
    /// Names as written, each a slice of the comment.
    Names(Vec<&'t str>),
    /// All checks of the tool.
    Everything,
}

/// Parses a comment without its `#`. Only a Trivy comment can have several requests.
pub(in super::super) fn read(text: &str) -> Vec<Request<'_>> {
    let text = text.trim();
    // Trivy finds its marker anywhere in a comment, so it may follow another tool's.
    if text.contains("trivy:ignore:") {
        return trivy(text).collect();
    }
    read_one(text).into_iter().collect()
}

fn read_one(text: &str) -> Option<Request<'_>> {
    if let Some(rest) = text.strip_prefix("check=") {
        return Some(buildkit(rest, Scope::Next));
    }
    for prefix in ["checkov:skip=", "bridgecrew:skip="] {
        // Checkov accepts it anywhere in a comment, and applies it to the whole file.
        if let Some((_, rest)) = text.split_once(prefix) {
            let end = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                .unwrap_or(rest.len());
            return Some(names(Tool::Checkov, Scope::File, vec![&rest[..end]]));
        }
    }
    // Semgrep accepts both words.
    for word in ["nosemgrep", "nosem"] {
        if let Some(rest) = text.strip_prefix(word) {
            return nosemgrep(rest);
        }
    }
    // The others have to start the comment; `# see hadolint ignore=` is prose.
    let (word, rest) = text.split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    match word {
        "jettison" => {
            let (scope, list) = ignore_list(rest)?;
            Some(Request {
                dialect: Dialect::Jettison,
                scope,
                requested: Requested::Names(name_list(list)),
                until: None,
            })
        }
        "hadolint" => {
            let (scope, list) = ignore_list(rest)?;
            Some(names(Tool::Hadolint, scope, hadolint_list(list)?))
        }
        "shellcheck" => shellcheck(rest),
        "kics-scan" => kics(rest),
        "tally" => tally(rest),
        _ => None,
    }
}

/// The value of the directive `# check=`, which applies to the file.
pub(super) fn directive(value: &str) -> Request<'_> {
    buildkit(value, Scope::File)
}

/// Whether the value of the directive `# check=` has `error=true`.
pub(super) fn is_error(value: &str) -> bool {
    for option in options(value).split(';') {
        // The words for true are those of Go's `strconv.ParseBool`.
        if let Some((key, value)) = option.split_once('=')
            && key.trim().eq_ignore_ascii_case("error")
            && matches!(value.trim(), "1" | "t" | "T" | "true" | "TRUE" | "True")
        {
            return true;
        }
    }
    false
}

/// The program in `hadolint shell=/bin/bash`.
pub(in super::super) fn shell(text: &str) -> Option<&str> {
    let rest = text.trim().strip_prefix("hadolint")?;
    let rest = rest
        .strip_prefix(char::is_whitespace)?
        .trim_start()
        .strip_prefix("shell")?;
    rest.trim_start()
        .strip_prefix('=')?
        .split_whitespace()
        .next()
}

fn names(tool: Tool, scope: Scope, names: Vec<&str>) -> Request<'_> {
    Request {
        dialect: Dialect::Of(tool),
        scope,
        requested: Requested::Names(names),
        until: None,
    }
}

fn everything(tool: Tool, scope: Scope) -> Request<'static> {
    Request {
        dialect: Dialect::Of(tool),
        scope,
        requested: Requested::Everything,
        until: None,
    }
}

/// `ignore=LIST`, `global ignore=LIST`, `stage ignore=LIST`, with optional whitespace around the
/// `=`.
fn ignore_list(text: &str) -> Option<(Scope, &str)> {
    let (scope, rest) = match text.split_once(char::is_whitespace) {
        Some(("global", rest)) => (Scope::File, rest.trim_start()),
        Some(("stage", rest)) => (Scope::Stage, rest.trim_start()),
        _ => (Scope::Next, text),
    };
    Some((
        scope,
        rest.strip_prefix("ignore")?
            .trim_start()
            .strip_prefix('=')?,
    ))
}

/// The codes of a list as parsed by hadolint, up to another `#`. `None` if the list contains
/// anything else, because hadolint ignores such a comment.
fn hadolint_list(text: &str) -> Option<Vec<&str>> {
    let list = text.split('#').next()?;
    let names: Vec<&str> = list.split(',').map(str::trim).collect();
    for name in &names {
        // Its parser accepts any mix of these letters and digits.
        let is_code = name
            .bytes()
            .all(|b| b"DLSC".contains(&b) || b.is_ascii_digit());
        if name.is_empty() || !is_code {
            return None;
        }
    }
    Some(names)
}

/// Names separated by commas; any text after the last one is the reason.
fn name_list(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let end = rest
            .find(|c: char| c == ',' || c.is_whitespace())
            .unwrap_or(rest.len());
        names.push(&rest[..end]);
        match rest[end..].trim_start().strip_prefix(',') {
            Some(more) => rest = more.trim_start(),
            None => return names,
        }
    }
}

/// BuildKit's syntax: `skip=A,B;error=true // reason`.
fn buildkit(text: &str, scope: Scope) -> Request<'_> {
    let skips = options(text)
        .split(';')
        .filter_map(|option| option.trim().strip_prefix("skip="));
    let skipped: Vec<&str> = skips
        .flat_map(|names| names.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    if skipped.iter().any(|name| name.eq_ignore_ascii_case("all")) {
        return everything(Tool::Buildkit, scope);
    }
    names(Tool::Buildkit, scope, skipped)
}

/// The options of `check=`. BuildKit ignores everything after a blank, where the reason is, and
/// people also write it after `//`.
fn options(text: &str) -> &str {
    let text = text.trim_start();
    let text = text.split(' ').next().unwrap_or_default();
    text.split("//").next().unwrap_or_default()
}

/// ShellCheck's syntax: `disable=SC2086,SC2046 shell=bash # reason`.
fn shellcheck(text: &str) -> Option<Request<'_>> {
    let mut options = text.split('#').next()?.split_whitespace();
    let codes: Vec<&str> = options
        .find_map(|option| option.strip_prefix("disable="))?
        .split(',')
        .collect();
    // `disable=all` has been in ShellCheck since 0.8.
    if codes.contains(&"all") {
        return Some(everything(Tool::Shellcheck, Scope::Next));
    }
    Some(names(Tool::Shellcheck, Scope::Next, codes))
}

/// Trivy's syntax: one or more `trivy:ignore:DS-0002`, separated by spaces.
///
/// A further `:exp:` starts the day after which it no longer applies. A workspace is ignored.
fn trivy(text: &str) -> impl Iterator<Item = Request<'_>> {
    text.split_whitespace().filter_map(|word| {
        let rest = word.trim_start_matches('#').strip_prefix("trivy:ignore:")?;
        let id = rest.split([':', '[']).next().unwrap_or(rest);
        let mut request = if id == "*" {
            everything(Tool::Trivy, Scope::Next)
        } else {
            names(Tool::Trivy, Scope::Next, vec![id])
        };
        request.until = expiry(rest);
        Some(request)
    })
}

/// The date in `DS-0002:exp:2030-01-01`, if it is one.
fn expiry(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(":exp:")?;
    let day = rest.get(..10)?;
    let is_day = day.bytes().enumerate().all(|(at, b)| match at {
        4 | 7 => b == b'-',
        _ => b.is_ascii_digit(),
    });
    if is_day { Some(day) } else { None }
}

/// Semgrep's syntax, after the word: nothing, or `: ID, ID`.
fn nosemgrep(rest: &str) -> Option<Request<'_>> {
    if let Some(list) = rest.strip_prefix(':') {
        return Some(names(Tool::Semgrep, Scope::Next, name_list(list)));
    }
    // `nosemgreps` is another word; a reason may follow the right one.
    if rest.is_empty() || rest.starts_with(char::is_whitespace) {
        Some(everything(Tool::Semgrep, Scope::Next))
    } else {
        None
    }
}

/// Tally's syntax: `ignore=A,B;reason=…`, `global ignore=…`.
fn tally(text: &str) -> Option<Request<'_>> {
    let (scope, list) = ignore_list(text)?;
    let list = list.split([';', '#']).next().unwrap_or_default();
    let codes: Vec<&str> = list.split(',').map(str::trim).collect();
    if codes.contains(&"all") {
        return Some(everything(Tool::Tally, scope));
    }
    Some(names(Tool::Tally, scope, codes))
}

/// The mistake in a comment that is meant to suppress findings, and that no tool reads so: the
/// form that it should have. `None` for other comments.
pub(super) fn malformed(text: &str) -> Option<&'static str> {
    if !read(text).is_empty() {
        return None;
    }
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let (tool, rest) = text.split_at(end.unwrap_or(text.len()));
    let form = match tool.to_ascii_lowercase().as_str() {
        "jettison" => "jettison ignore=NAME reason",
        "hadolint" => "hadolint ignore=DL3007 # reason",
        "shellcheck" => "shellcheck disable=SC2086 # reason",
        "tally" => "tally ignore=CODE;reason=…",
        "kics-scan" => "kics-scan ignore-line",
        "trivy" => "trivy:ignore:DS-0002",
        "checkov" => "checkov:skip=CKV_DOCKER_3:reason",
        _ => return None,
    };
    if is_request(rest) { Some(form) } else { None }
}

/// Whether the words after the name of a tool ask to suppress something, and are not prose.
fn is_request(rest: &str) -> bool {
    let mut rest = rest.trim_start_matches([':', ' ', '\t']);
    for scope in ["global", "stage", "file", "next-line"] {
        if let Some(after) = rest.strip_prefix(scope)
            && after.starts_with([' ', '-', '\t'])
        {
            rest = after.trim_start_matches([' ', '-', '\t']);
        }
    }
    let end = rest
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    let (verb, after) = rest.split_at(end);
    let is_verb = matches!(
        verb.to_ascii_lowercase().as_str(),
        "ignore" | "disable" | "skip" | "suppress" | "noqa" | "off"
    );
    // `hadolint ignores this` and `jettison skip the rest` are prose; a code or a sign is not.
    let after = after.trim_start_matches([' ', '\t']);
    let first = after.split([' ', ',', '\t']).next().unwrap_or_default();
    let is_code = first.bytes().any(|b| b.is_ascii_digit()) || first.contains('-');
    is_verb && (after.is_empty() || after.starts_with([':', '=', '[']) || is_code)
}

/// KICS's syntax: `disable=ID,ID`, `ignore`, `ignore-line`, `ignore-block`.
fn kics(text: &str) -> Option<Request<'_>> {
    // KICS applies this one to the whole file, wherever it is.
    if let Some(ids) = text.strip_prefix("disable=") {
        return Some(names(Tool::Kics, Scope::File, name_list(ids)));
    }
    let scope = match text.split_whitespace().next()? {
        "ignore" => Scope::File,
        "ignore-line" => Scope::Next,
        "ignore-block" => Scope::Block,
        _ => return None,
    };
    Some(everything(Tool::Kics, scope))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Option<(Scope, Vec<&str>)> {
        match read(text).as_slice() {
            [
                Request {
                    scope,
                    requested: Requested::Names(names),
                    ..
                },
            ] => Some((*scope, names.clone())),
            _ => None,
        }
    }

    #[test]
    fn a_hadolint_comment_lists_codes_and_may_end_in_a_comment() {
        assert_eq!(
            asked("hadolint ignore=DL3023, DL3021"),
            Some((Scope::Next, vec!["DL3023", "DL3021"]))
        );
        assert_eq!(
            asked("hadolint global ignore = DL3023 , DL3021"),
            Some((Scope::File, vec!["DL3023", "DL3021"]))
        );
        assert_eq!(
            asked("hadolint ignore=DL3002 # because"),
            Some((Scope::Next, vec!["DL3002"]))
        );
    }

    #[test]
    fn one_invalid_code_voids_a_hadolint_comment() {
        assert_eq!(asked("hadolint ignore=crazy,DL3002"), None);
        assert_eq!(asked("hadolint ignore=DL3002 because"), None);
    }

    #[test]
    fn a_hadolint_comment_may_set_the_shell() {
        assert_eq!(
            shell("hadolint shell = powershell.exe"),
            Some("powershell.exe")
        );
        assert_eq!(
            shell("hadolint shell=/bin/bash # as below"),
            Some("/bin/bash")
        );
        assert_eq!(shell("hadolint ignore=DL3002"), None);
        assert_eq!(shell("hadolintshell=x"), None);
    }

    #[test]
    fn a_reason_may_follow_the_names() {
        assert_eq!(
            asked("jettison ignore=root-user, sudo the base needs it, really"),
            Some((Scope::Next, vec!["root-user", "sudo"]))
        );
    }

    #[test]
    fn the_buildkit_check_directive_lists_checks_to_skip() {
        let skipped = |value| match directive(value).requested {
            Requested::Names(names) => names,
            Requested::Everything => vec!["(everything)"],
        };
        assert_eq!(
            skipped("skip=StageNameCasing,FromAsCasing;error=true"),
            ["StageNameCasing", "FromAsCasing"]
        );
        assert_eq!(skipped("error=true"), [""; 0]);
        assert_eq!(skipped("skip=all // here only"), ["(everything)"]);
        assert_eq!(skipped("skip=all because of B"), ["(everything)"]);
        assert_eq!(skipped("skip=A, B"), ["A"]);
        assert!(
            is_error("skip=all;error=true")
                && !is_error("skip=error;error=false")
                && !is_error("skip=a//error=1")
                && !is_error("skip=a // b;error=1")
        );
    }

    #[test]
    fn a_shellcheck_comment_lists_codes_among_other_directives() {
        assert_eq!(
            asked("shellcheck shell=sh disable=SC2086,SC2046 # x"),
            Some((Scope::Next, vec!["SC2086", "SC2046"]))
        );
        assert_eq!(asked("shellcheck shell=sh"), None);
    }

    #[test]
    fn a_trivy_comment_may_hold_several_ids_with_expiry_dates() {
        let requests = read("trivy:ignore:AVD-DS-0002 trivy:ignore:DS-0010:exp:2030-01-01");
        let mut expected =
            ["AVD-DS-0002", "DS-0010"].map(|id| names(Tool::Trivy, Scope::Next, vec![id]));
        expected[1].until = Some("2030-01-01");
        assert_eq!(requests, expected);
        assert_eq!(read("trivy:ignore:DS-0010:exp:soon")[0].until, None);
    }

    #[test]
    fn comments_of_semgrep_and_tally_are_parsed() {
        assert_eq!(
            asked("nosemgrep: a.b.c, d.e"),
            Some((Scope::Next, vec!["a.b.c", "d.e"]))
        );
        for text in ["nosemgrep", "nosem because of that"] {
            assert_eq!(
                read(text),
                [everything(Tool::Semgrep, Scope::Next)],
                "{text}"
            );
        }
        assert!(read("nosemgreps").is_empty());
        assert_eq!(
            asked("tally ignore=hadolint/DL3004,tally/max-lines;reason=x"),
            Some((Scope::Next, vec!["hadolint/DL3004", "tally/max-lines"]))
        );
        assert_eq!(
            asked("tally global ignore=tally/max-lines"),
            Some((Scope::File, vec!["tally/max-lines"]))
        );
    }

    #[test]
    fn misspelled_ignore_comments_are_told_from_prose() {
        for text in [
            "jettison disable=x",
            "jettison: ignore root-user",
            "hadolint ignore: DL3007",
            "hadolint ignore=DL3007 - why",
            "hadolint ignore DL3007",
            "hadolint global ignore: DL3007",
            "Hadolint disable=DL3007",
            "shellcheck disable: SC2086",
            "tally ignore: tally/max-lines",
            "trivy: ignore: DS-0002",
            "checkov: skip=CKV_DOCKER_3",
        ] {
            assert!(malformed(text).is_some(), "{text}");
        }
        for text in [
            "jettison ignore=root-user",
            "hadolint ignore=DL3007 # why",
            "hadolint ignores this",
            "jettison skip the rest",
            "shellcheck shell=sh",
            "hadolint shell=bash",
            "trivy is not installed here",
            "ignore=DL3007",
            "",
        ] {
            assert_eq!(malformed(text), None, "{text}");
        }
    }

    #[test]
    fn a_checkov_comment_skips_one_check_with_a_reason() {
        assert_eq!(
            asked("checkov:skip=CKV_DOCKER_3:no user here"),
            Some((Scope::File, vec!["CKV_DOCKER_3"]))
        );
    }

    #[test]
    fn a_kics_comment_covers_a_line_a_block_or_the_file() {
        let scopes = ["ignore-line", "ignore-block", "ignore"]
            .map(|word| kics(word).map(|request| request.scope));
        assert_eq!(
            scopes,
            [Some(Scope::Next), Some(Scope::Block), Some(Scope::File)]
        );
        let id = "67fd0c4a-68cf-46d7-8c41-bc9fba7e40ae";
        assert_eq!(
            asked(&format!("kics-scan disable={id}")),
            Some((Scope::File, vec![id]))
        );
    }
}
