//! The page of a rule: front matter and text.

use std::fmt;
use std::str::FromStr;

use super::finding::{Applicability, Severity};
use crate::page::{self, FrontMatter, PageError, Parts};

/// The content of `rules/lint/<name>.md`.
#[derive(Clone, Debug)]
pub struct Page {
    pub name: &'static str,
    /// The first heading: the defect in a few words.
    pub title: &'static str,
    pub severity: Severity,
    /// The severity under [`Profile::Minimal`], if it differs.
    pub minimal_severity: Option<Severity>,
    pub category: Category,
    pub profile: Profile,
    /// The strongest guarantee that a fix of this rule makes; `None` for a rule without a fix.
    pub fix: Option<Applicability>,
    /// Rules that would report the text written by the fix. If one of them is selected, no fix is
    /// offered.
    pub no_fix_with: Vec<&'static str>,
    pub aliases: Vec<Alias>,
    /// Markdown, starting with the heading.
    pub body: &'static str,
}

/// The kind of problem that a rule reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    Correctness,
    Security,
    Minimal,
    Reproducibility,
    Size,
    Style,
    Shell,
}

impl Category {
    pub const ALL: [Self; 7] = [
        Self::Correctness,
        Self::Security,
        Self::Minimal,
        Self::Reproducibility,
        Self::Size,
        Self::Style,
        Self::Shell,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            // These names are used in pages, in the index and in SARIF.
            Self::Correctness => "correctness",
            Self::Security => "security",
            Self::Minimal => "minimal",
            Self::Reproducibility => "reproducibility",
            Self::Size => "size",
            Self::Style => "style",
            Self::Shell => "shell",
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Category {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|category| category.as_str() == text)
            .ok_or(())
    }
}

/// A set of rules; each profile includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// Rules whose findings the maintainer of a good Dockerfile would act on.
    Default,
    /// Also rules about content that an image should not have: a root user, shells, package
    /// managers, compilers, debuggers and setuid programs, as warnings.
    Minimal,
    /// All rules.
    Pedantic,
}

impl Profile {
    pub const ALL: [Self; 3] = [Self::Default, Self::Minimal, Self::Pedantic];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Minimal => "minimal",
            Self::Pedantic => "pedantic",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut profiles = Self::ALL.into_iter();
        profiles
            .find(|profile| profile.as_str() == text)
            .ok_or_else(|| {
                let names = Self::ALL.map(Self::as_str).join("`, `");
                format!("unknown profile `{text}`; use one of `{names}`")
            })
    }
}

/// Another tool's code for the same check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alias {
    pub tool: Tool,
    pub code: &'static str,
    /// Whether the other tool only checks the final stage, while the rule checks all stages.
    pub final_stage_only: bool,
}

/// A tool whose codes are aliases here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    Hadolint,
    Shellcheck,
    Buildkit,
    Trivy,
    Checkov,
    Kics,
    Dockle,
    Semgrep,
    Tally,
    Dockerfilelint,
    Sonar,
    KubeLinter,
    Dclint,
}

impl Tool {
    pub const ALL: [Self; 13] = [
        Self::Hadolint,
        Self::Shellcheck,
        Self::Buildkit,
        Self::Trivy,
        Self::Checkov,
        Self::Kics,
        Self::Dockle,
        Self::Semgrep,
        Self::Tally,
        Self::Dockerfilelint,
        Self::Sonar,
        Self::KubeLinter,
        Self::Dclint,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hadolint => "hadolint",
            Self::Shellcheck => "shellcheck",
            Self::Buildkit => "buildkit",
            Self::Trivy => "trivy",
            Self::Checkov => "checkov",
            Self::Kics => "kics",
            Self::Dockle => "dockle",
            Self::Semgrep => "semgrep",
            Self::Tally => "tally",
            Self::Dockerfilelint => "dockerfilelint",
            Self::Sonar => "sonar",
            Self::KubeLinter => "kube-linter",
            Self::Dclint => "dclint",
        }
    }

    /// The tool that a code belongs to, by its shape: `DL3002`, `SC2086`, `S6471`,
    /// `StageNameCasing`, `DS-0002`, `CKV_DOCKER_3`, a UUID, `CIS-DI-0001`,
    /// `KSV-0017`, `dockerfile.security.missing-user`, `tally/max-lines`,
    /// `kube-linter/docker-sock`,
    /// `sudo_usage`.
    pub fn of(code: &str) -> Option<Self> {
        // The forms do not overlap, except for the last two, which match many words and are
        // therefore tried last.
        let tool = if is_numbered(code, &["DL"]) {
            Self::Hadolint
        } else if is_numbered(code, &["SC"]) {
            Self::Shellcheck
        } else if is_numbered(code, &["S"]) {
            Self::Sonar
        } else if is_numbered(code, &["DS-", "KSV-"]) {
            Self::Trivy
        } else if code.starts_with("CKV") {
            // `CKV_DOCKER_1` and `CKV2_DOCKER_1`.
            Self::Checkov
        } else if is_numbered(code, &["CIS-DI-", "DKL-DI-", "DKL-LI-"]) {
            Self::Dockle
        } else if is_uuid(code) {
            // KICS identifies its queries only by UUIDs.
            Self::Kics
        } else if code.starts_with("tally/") {
            Self::Tally
        } else if code.starts_with("kube-linter/") {
            Self::KubeLinter
        } else if code.starts_with("dclint/") {
            Self::Dclint
        } else if code.starts_with("dockerfile.") {
            Self::Semgrep
        } else if code.starts_with(|c: char| c.is_ascii_uppercase())
            && code.bytes().all(|b| b.is_ascii_alphanumeric())
        {
            Self::Buildkit
        } else if code.contains('_')
            && code
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b"_-".contains(&b))
        {
            Self::Dockerfilelint
        } else {
            return None;
        };
        Some(tool)
    }
}

impl FromStr for Tool {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            // `config migrate` and `explain` accept the names of tools as people write them.
            .find(|tool| tool.as_str().eq_ignore_ascii_case(text))
            .ok_or(())
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whether a code is one of these prefixes and a number.
fn is_numbered(code: &str, prefixes: &[&str]) -> bool {
    prefixes
        .iter()
        .any(|prefix| match code.strip_prefix(prefix) {
            Some(number) => !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()),
            None => false,
        })
}

fn is_uuid(code: &str) -> bool {
    let lengths = code.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && code.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

const KEYS: [&str; 8] = [
    "severity",
    "minimal-severity",
    "category",
    "profile",
    "fix",
    "no-fix-with",
    "aliases",
    "final-stage-only",
];

impl Page {
    /// The codes that other tools use for this check: `hadolint DL3002, Trivy DS-0002`.
    pub fn aliases_text(&self) -> String {
        let aliases = self.aliases.iter();
        let names: Vec<String> = aliases
            .map(|alias| format!("{} {}", alias.tool, alias.code))
            .collect();
        names.join(", ")
    }

    /// Parses the front matter and the heading.
    pub fn parse(name: &'static str, text: &'static str) -> Result<Self, PageError> {
        let Parts { front, title, body } = page::parts(name, text, &KEYS)?;
        Ok(Self {
            name,
            title,
            severity: front.required("severity")?,
            minimal_severity: front.optional("minimal-severity")?,
            category: front.required("category")?,
            profile: front.required("profile")?,
            fix: front.optional("fix")?,
            no_fix_with: front.list("no-fix-with")?,
            aliases: aliases(&front)?,
            body,
        })
    }

    /// The severity of the rule's findings under a profile.
    pub fn severity_in(&self, profile: Profile) -> Severity {
        // Only this profile changes severities, because its purpose is to report content such as
        // shells.
        match (profile, self.minimal_severity) {
            (Profile::Minimal, Some(severity)) => severity,
            _ => self.severity,
        }
    }

    /// The code that users of other tools know: that of hadolint or ShellCheck, or else of
    /// BuildKit, or else the rule's own name.
    pub fn code(&self) -> &'static str {
        // hadolint codes come first, because people compare the reports of both tools, and editors
        // know the codes.
        for tools in [&[Tool::Hadolint, Tool::Shellcheck][..], &[Tool::Buildkit]] {
            if let Some(alias) = self
                .aliases
                .iter()
                .find(|alias| tools.contains(&alias.tool))
            {
                return alias.code;
            }
        }
        self.name
    }
}

fn aliases(front: &FrontMatter) -> Result<Vec<Alias>, PageError> {
    let (codes, narrow) = (front.list("aliases")?, front.list("final-stage-only")?);
    // A code that is not an alias would never be used, so it must be a typo.
    if let Some(&value) = narrow.iter().find(|code| !codes.contains(code)) {
        return Err(front.invalid("final-stage-only", value));
    }
    let mut aliases = Vec::new();
    for &code in &codes {
        aliases.push(Alias {
            tool: Tool::of(code).ok_or_else(|| front.invalid("aliases", code))?,
            code,
            final_stage_only: narrow.contains(&code),
        });
    }
    Ok(aliases)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRONT: &str = "---\nseverity: warning\ncategory: security\nprofile: default\n\
                         fix: safe\naliases: [DL3002, WorkdirRelativePath]\n---\n\n\
                         # The title\n\nText\n";

    #[test]
    fn front_matter_and_heading_are_read() {
        let page = Page::parse("some-rule", FRONT).expect("it is right");
        assert_eq!(
            (page.title, page.severity, page.category),
            ("The title", Severity::Warning, Category::Security)
        );
        assert_eq!(
            (page.profile, page.fix),
            (Profile::Default, Some(Applicability::Safe))
        );
        assert_eq!(
            page.aliases[1],
            Alias {
                tool: Tool::Buildkit,
                code: "WorkdirRelativePath",
                final_stage_only: false
            }
        );
        assert!(page.body.starts_with("# The title"));
        assert_eq!(page.code(), "DL3002");
    }

    #[test]
    fn a_final_stage_only_code_must_be_an_alias() {
        let front = "---\nseverity: info\ncategory: size\nprofile: default\naliases: [DL3059]\n";
        let narrow = |code: &str| format!("{front}final-stage-only: [{code}]\n---\n# T\n").leak();
        let page = Page::parse("p", narrow("DL3059")).expect("it is right");
        assert!(page.aliases[0].final_stage_only);
        let error = Page::parse("p", narrow("DL3060")).map(|page| page.title);
        assert_eq!(
            error,
            Err(PageError::Invalid {
                page: "p",
                key: "final-stage-only",
                value: "DL3060"
            })
        );
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let error =
            Page::parse("p", "---\nseverity: error\nhue: red\n---\n# T\n").map(|page| page.title);
        assert_eq!(
            error,
            Err(PageError::UnknownKey {
                page: "p",
                key: "hue"
            })
        );
    }

    #[test]
    fn a_missing_key_is_named() {
        let error = Page::parse("p", "---\nseverity: error\nprofile: default\n---\n# T\n")
            .map(|page| page.title);
        assert_eq!(
            error,
            Err(PageError::Missing {
                page: "p",
                key: "category"
            })
        );
    }

    #[test]
    fn the_tool_of_a_code_follows_from_its_form() {
        let cases = [
            ("DL3002", Tool::Hadolint),
            ("SC2086", Tool::Shellcheck),
            ("StageNameCasing", Tool::Buildkit),
            ("DS-0002", Tool::Trivy),
            ("CKV2_DOCKER_1", Tool::Checkov),
            ("67fd0c4a-68cf-46d7-8c41-bc9fba7e40ae", Tool::Kics),
            ("CIS-DI-0001", Tool::Dockle),
            (
                "dockerfile.security.missing-user.missing-user",
                Tool::Semgrep,
            ),
            ("tally/max-lines", Tool::Tally),
            ("sudo_usage", Tool::Dockerfilelint),
            ("KSV-0017", Tool::Trivy),
            ("kube-linter/docker-sock", Tool::KubeLinter),
            ("dclint/no-unbound-port-interfaces", Tool::Dclint),
        ];
        for (code, tool) in cases {
            assert_eq!(Tool::of(code), Some(tool), "{code}");
        }
        assert_eq!(Tool::of("what is this"), None);
    }
}
