//! `add-instead-of-copy`: ADD is used for plain local files.

use super::support::archives::is_packed;
use super::support::keywords::in_case_of;
use super::support::steps::of_kind;
use crate::dockerfile::{Body, CopySource, Kind, Word, WordPart};
use crate::lint::facts::Step;
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::paths::file_name;

pub(super) const RULE: Rule = Rule {
    name: "add-instead-of-copy",
    page: include_str!("../../rules/lint/add-instead-of-copy.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Flags that only ADD has.
const FLAGS: [&str; 3] = ["checksum", "keep-git-dir", "unpack"];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in of_kind(cx, &[Kind::Add]) {
        let Body::Transfer { sources, .. } = &step.instruction.body else {
            continue;
        };
        // COPY rejects these flags.
        if FLAGS.iter().any(|flag| step.flag(flag).is_some()) {
            continue;
        }
        let Some(applicability) = applicability(cx, step, sources) else {
            continue;
        };
        let keyword = &step.instruction.keyword;
        let edit = Edit::replace(keyword.span, in_case_of(step.instruction, "COPY"));
        let message = "`ADD` is used for plain local files";
        findings
            .add(keyword.span, message)
            .fix(Fix::new("use `COPY`", applicability, vec![edit]));
    }
}

/// The applicability of a fix for an ADD with these sources; `None` if one of them needs ADD, which
/// justifies it for all of them.
fn applicability(
    cx: &DockerfileContext<'_>,
    step: &Step<'_>,
    sources: &[CopySource],
) -> Option<Applicability> {
    let mut applicability = None;
    for place in sources {
        match (Source::of(cx, step, place), applicability) {
            (Source::NeedsAdd, _) => return None,
            (Source::File { plain: true }, None) => applicability = Some(Applicability::Safe),
            (Source::File { plain: true }, Some(_)) => {}
            // A name without an extension may be an archive that ADD would have unpacked.
            (Source::File { plain: false }, _) => applicability = Some(Applicability::Unsafe),
        }
    }
    applicability
}

/// A source of ADD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// A local file; `plain` if its name shows that it is not an archive.
    File { plain: bool },
    /// A URL, a repository, an archive, or a path that a variable hides.
    NeedsAdd,
}

impl Source {
    fn of(cx: &DockerfileContext<'_>, step: &Step<'_>, place: &CopySource) -> Self {
        let word = match place {
            // Both instructions write a heredoc in the same way.
            CopySource::Heredoc(_) => return Self::File { plain: true },
            CopySource::Path(word) => word,
        };
        let Some(path) = cx.facts.expand(step, word) else {
            return if is_called_a_file(word) {
                Self::File { plain: false }
            } else {
                Self::NeedsAdd
            };
        };
        let lower = path.to_ascii_lowercase();
        // ADD looks at the content of a file, but authors who rely on unpacking use the usual file
        // names.
        if is_remote(&lower) || is_packed(&path) {
            return Self::NeedsAdd;
        }
        let name = file_name(&lower);
        // A pattern in the extension, `*.t*`, can match archives too.
        let has_extension = name
            .rsplit_once('.')
            .is_some_and(|(_, extension)| !extension.contains(['*', '?', '[']));
        Self::File {
            plain: name.is_empty() || has_extension,
        }
    }
}

/// Whether the names of all variables in a source suggest a local file, such as `${JAR_FILE}`.
fn is_called_a_file(word: &Word) -> bool {
    for part in &word.parts {
        let WordPart::Variable(variable) = part else {
            continue;
        };
        let name = variable.name.to_ascii_lowercase();
        let is_file = name
            .split('_')
            .any(|part| matches!(part, "file" | "path" | "dir" | "folder" | "binary"));
        // `ARCHIVE_PATH` and `DOWNLOAD_FILE` may well contain something that only ADD can handle.
        let is_other = name.split('_').any(|part| {
            matches!(
                part,
                "tar"
                    | "tarball"
                    | "archive"
                    | "zip"
                    | "rootfs"
                    | "url"
                    | "uri"
                    | "remote"
                    | "download"
            )
        });
        if !is_file || is_other {
            return false;
        }
    }
    true
}

/// Whether BuildKit fetches a source, over HTTP or from a Git repository in any notation.
fn is_remote(path: &str) -> bool {
    let schemes = ["http://", "https://", "git://", "ssh://", "git@"];
    schemes.iter().any(|scheme| path.starts_with(scheme))
        || path.starts_with("github.com/")
        || path
            .split('#')
            .next()
            .and_then(|place| place.strip_suffix(".git"))
            .is_some_and(|place| place.contains(':'))
}
