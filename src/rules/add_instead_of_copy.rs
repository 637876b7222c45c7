//! `add-instead-of-copy`: ADD is used for plain local files.

use crate::dockerfile::{Body, CopySource, Kind, Word, WordPart};
use crate::lint::facts::Step;
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "add-instead-of-copy",
    page: include_str!("../../rules/lint/add-instead-of-copy.md"),
    dockerfile: Some(check),
    image: None,
};

/// The names of archives, by which ADD unpacks; it looks at the content, but people go by the name.
const ARCHIVES: [&str; 17] = [
    ".tar", ".z", ".bz2", ".gz", ".lz", ".lzma", ".tz", ".tb2", ".tbz", ".tbz2", ".tgz", ".tlz",
    ".tpz", ".txz", ".xz", ".zst", ".tzst",
];

/// What only ADD takes.
const FLAGS: [&str; 3] = ["checksum", "keep-git-dir", "unpack"];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in cx
        .facts
        .steps
        .iter()
        .filter(|step| step.kind() == Kind::Add)
    {
        let Body::Transfer { sources, .. } = &step.instruction.body else {
            continue;
        };
        if FLAGS.iter().any(|flag| step.flag(flag).is_some()) {
            continue;
        }
        let sources: Vec<Source> = sources
            .iter()
            .map(|place| Source::of(cx, step, place))
            .collect();
        // One source that needs ADD is reason enough for it.
        if sources.contains(&Source::NeedsAdd)
            || !sources
                .iter()
                .any(|source| matches!(source, Source::File { .. }))
        {
            continue;
        }
        let keyword = &step.instruction.keyword;
        let replacement = if keyword.text.bytes().any(|b| b.is_ascii_uppercase()) {
            "COPY"
        } else {
            "copy"
        };
        let plain = sources
            .iter()
            .all(|source| *source == Source::File { plain: true });
        let applicability = if plain {
            Applicability::Safe
        } else {
            Applicability::Unsafe
        };
        let edit = Edit {
            span: keyword.span,
            replacement: replacement.to_owned(),
        };
        let message = "`ADD` is used for plain local files";
        findings
            .add(keyword.span, message)
            .fix(Fix::new("use `COPY`", applicability, vec![edit]));
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// `plain`: its name shows that it is no archive.
    File { plain: bool },
    /// A URL, a repository, an archive, or what a variable hides.
    NeedsAdd,
}

impl Source {
    fn of(cx: &DockerfileContext<'_>, step: &Step<'_>, place: &CopySource) -> Self {
        let word = match place {
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
        if is_remote(&lower) || ARCHIVES.iter().any(|archive| lower.ends_with(archive)) {
            return Self::NeedsAdd;
        }
        let name = lower.rsplit('/').next().unwrap_or_default();
        let has_extension = name
            .rsplit_once('.')
            .is_some_and(|(_, extension)| !extension.contains(['*', '?', '[']));
        Self::File {
            plain: name.is_empty() || has_extension,
        }
    }
}

/// Whether all that a source hides are variables whose names speak of a file here: `${JAR_FILE}`.
fn is_called_a_file(word: &Word) -> bool {
    let mut variables = word.parts.iter().filter_map(|part| match part {
        WordPart::Variable(variable) => Some(variable.name.to_ascii_lowercase()),
        WordPart::Literal(_) => None,
    });
    let says = |name: &str, words: &[&str]| name.split('_').any(|part| words.contains(&part));
    variables.all(|name| {
        says(&name, &["file", "path", "dir", "folder", "binary"])
            && !says(
                &name,
                &[
                    "tar", "tarball", "archive", "zip", "rootfs", "url", "uri", "remote",
                    "download",
                ],
            )
    })
}

/// What BuildKit fetches: HTTP, and Git in each of its spellings.
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
