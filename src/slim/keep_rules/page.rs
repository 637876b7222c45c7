//! A keep rule's page: its triggers and the files that it keeps.

use super::wildcard;
use crate::page::{self, FrontMatter, PageError, Parts};
use crate::slim::why::Confidence;
use crate::slim::writes::Lifetime;

/// The page `rules/keep/<name>.md`.
#[derive(Clone, Debug)]
pub struct KeepPage {
    pub name: &'static str,
    /// The first heading of the page: the kept files, as a noun phrase.
    pub title: &'static str,
    /// Markdown, starting with the heading.
    pub body: &'static str,
    pub(in crate::slim) when: When,
    pub(in crate::slim) only: Only,
    pub(in crate::slim) keeps: Vec<KeptPattern>,
    /// Directories below which all empty directories are kept.
    pub(in crate::slim) empty_directories: Vec<&'static str>,
    /// Names that it never keeps, with everything below them.
    pub(in crate::slim) except: Vec<&'static str>,
    /// Parts of the program that are left out on purpose; their patterns are exceptions too.
    pub(in crate::slim) left_out: Vec<LeftOut>,
    /// Kept files that are read to fill in words in patterns.
    pub(in crate::slim) follow: Vec<&'static str>,
    /// Files that cannot trigger it and that it does not read.
    pub(in crate::slim) not_in: Vec<&'static str>,
    /// Directories that are not kept as a whole even if a word or a path refers to them.
    pub(in crate::slim) not_whole: Vec<&'static str>,
    /// Libraries that glibc itself opens for the symbols, in the process that calls them.
    pub(in crate::slim) opens: Vec<&'static str>,
    /// Libraries that the container runtime provides at startup, as wildcards for their names.
    pub(in crate::slim) provided: Vec<&'static str>,
    /// Libraries, as wildcards for their sonames, that contain names of other libraries which they
    /// only open if the rule fires.
    pub(in crate::slim) holders: Vec<&'static str>,
    /// The other libraries.
    pub(in crate::slim) not_opened: Vec<&'static str>,
    /// Paths that the program writes at run time.
    pub(in crate::slim) writes: Vec<WrittenPattern>,
    /// Statements of configuration files with the ports that the program listens on.
    pub(in crate::slim) listens: Vec<ListenPattern>,
    /// Shell scripts that assign the variables of its configuration files.
    pub(in crate::slim) variables_in: Vec<&'static str>,
    /// It never keeps setuid programs.
    pub(in crate::slim) never_setuid: bool,
    /// It fires for every name that triggers it, not only for the first, because its patterns
    /// depend on that name.
    pub(in crate::slim) repeats: bool,
}

impl KeepPage {
    /// All wildcards for paths and names, and all texts that are searched for.
    pub(super) fn all_patterns(&self) -> Vec<&'static str> {
        let mut patterns: Vec<&'static str> = Vec::new();
        for list in [
            &self.empty_directories,
            &self.except,
            &self.follow,
            &self.not_in,
            &self.not_whole,
            &self.opens,
            &self.provided,
            &self.holders,
            &self.not_opened,
            &self.when.libraries,
            &self.when.paths,
            &self.only.there,
            &self.only.distributions,
            &self.variables_in,
            &self.when.imports,
            &self.when.literals,
            &self.when.words,
            &self.when.variables,
        ] {
            patterns.extend(list);
        }
        for listen in &self.listens {
            if let ListenPattern::Statement(words) = listen {
                patterns.extend(words.first());
            }
        }
        patterns.extend(self.keeps.iter().map(|kept| kept.pattern));
        patterns.extend(self.left_out.iter().map(|part| part.pattern));
        patterns.extend(self.writes.iter().map(|written| written.pattern));
        patterns
    }
}

/// Triggers, any one of which fires the rule.
#[derive(Clone, Debug, Default)]
pub(in crate::slim) struct When {
    pub(in crate::slim) always: bool,
    /// Symbols that a kept ELF file imports.
    pub(in crate::slim) imports: Vec<&'static str>,
    /// Wildcards for the last component of a kept name.
    pub(in crate::slim) libraries: Vec<&'static str>,
    /// Texts in a kept ELF file or script.
    pub(in crate::slim) literals: Vec<&'static str>,
    /// Words in a kept file that is read for the rule.
    pub(in crate::slim) words: Vec<&'static str>,
    /// Wildcards for the path of a kept name.
    pub(in crate::slim) paths: Vec<&'static str>,
    /// Variables that the image sets.
    pub(in crate::slim) variables: Vec<&'static str>,
}

/// Additional conditions on the image, all of which must be met.
#[derive(Clone, Debug, Default)]
pub(in crate::slim) struct Only {
    /// `ID` or `ID_LIKE` in os-release.
    pub(in crate::slim) distributions: Vec<&'static str>,
    /// At least one of these wildcards matches a file.
    pub(in crate::slim) there: Vec<&'static str>,
    /// The C library is glibc older than this `(major, minor)`.
    pub(in crate::slim) glibc_before: Option<(u32, u32)>,
}

/// A part of a program that is not kept, because it is large or risky and few users need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::slim) struct LeftOut {
    /// A noun phrase that can follow "without": `the JIT compiler`.
    pub(in crate::slim) part: &'static str,
    pub(in crate::slim) pattern: &'static str,
}

/// A pattern, and the confidence that the matching files are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::slim) struct KeptPattern {
    pub(in crate::slim) confidence: Confidence,
    pub(in crate::slim) pattern: &'static str,
    pub(in crate::slim) source: Source,
}

impl KeptPattern {
    /// Whether the files that it names are configuration too and are read as such, for example
    /// after an `include`. A certificate or a document is data.
    pub(in crate::slim) fn names_configuration(&self) -> bool {
        match self.source {
            Source::WordAfter(directive) => {
                let directive = directive.to_ascii_lowercase();
                directive.starts_with("include") || matches!(&*directive, "files" | "substack")
            }
            _ => false,
        }
    }

    /// Whether it names files next to the name that triggers the rule.
    fn is_about_name(&self) -> bool {
        self.source == Source::Fixed
            && [HERE, NAME]
                .iter()
                .any(|place| self.pattern.contains(place))
    }
}

/// A path that a program writes at run time. With a slash at its end, it is a directory; otherwise,
/// it is a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::slim) struct WrittenPattern {
    pub(in crate::slim) lifetime: Lifetime,
    pub(in crate::slim) pattern: &'static str,
    pub(in crate::slim) source: Source,
}

/// A port in a page, or where to find one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::slim) enum ListenPattern {
    /// `listen *`: a statement that begins with these words, and the address for `*`.
    Statement(Vec<&'static str>),
    /// `80`: the port if no statement has one.
    Default(u16),
}

/// The source of the values for the placeholder of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::slim) enum Source {
    /// There is no placeholder.
    Fixed,
    /// `{word}`: every word in a followed file.
    Word,
    /// `{Include}`: every word after this one on a line of a followed file.
    WordAfter(&'static str),
    /// `{program}`, `{file}`, `{directory}`: every path in a kept ELF file that refers to one;
    /// `{command}`, `{shell-command}`, `{shell-code-command}`: every name in the file that is a
    /// program on PATH.
    Mention(Mentioned),
    /// `{quoted-program}`, `{quoted-file}`, `{quoted-directory}`: every path that is a string in a
    /// text of the application.
    Quoted(Mentioned),
    /// `{bare-program}`, `{bare-file}`, `{bare-directory}`: every other path in such a text.
    Bare(Mentioned),
}

/// The kind of file that a path in an ELF file refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::slim) enum Mentioned {
    Program,
    File,
    Directory,
    /// A string that is the name of a program on PATH.
    Command,
    /// Such a name in command position in a string that a shell could run.
    ShellCommand,
    /// Such a name in command position, in a string next to the shell option `-c`.
    ShellCodeCommand,
}

const KEYS: &[&str] = &[
    "when",
    "imports",
    "libraries",
    "literals",
    "words",
    "paths",
    "variables",
    "distributions",
    "there",
    "glibc-before",
    "certain",
    "likely",
    "possible",
    "empty-directories",
    "except",
    "left-out",
    "follow",
    "not-in",
    "not-whole",
    "opens",
    "provided",
    "holders",
    "not-opened",
    "setuid",
    "temporary",
    "persistent",
    "listens",
    "variables-in",
];

impl KeepPage {
    /// Parses the front matter and the heading.
    pub fn parse(name: &'static str, text: &'static str) -> Result<Self, PageError> {
        // A key that is not in the list is an error, so that a typo in a page fails the tests
        // instead of being ignored.
        let Parts { front, title, body } = page::parts(name, text, KEYS)?;
        let keeps = keeps(&front)?;
        let left_out = left_out(&front)?;
        let mut except = front.list("except")?;
        except.extend(left_out.iter().map(|part| part.pattern));
        Ok(Self {
            name,
            title,
            body,
            repeats: keeps.iter().any(KeptPattern::is_about_name),
            when: when(name, &front)?,
            only: Only {
                distributions: front.list("distributions")?,
                there: front.list("there")?,
                glibc_before: glibc_before(&front)?,
            },
            keeps,
            empty_directories: front.list("empty-directories")?,
            except,
            left_out,
            follow: front.list("follow")?,
            not_in: front.list("not-in")?,
            not_whole: front.list("not-whole")?,
            opens: front.list("opens")?,
            provided: front.list("provided")?,
            holders: front.list("holders")?,
            not_opened: front.list("not-opened")?,
            writes: writes(&front)?,
            listens: listens(&front)?,
            variables_in: front.list("variables-in")?,
            never_setuid: never_setuid(&front)?,
        })
    }

    /// Whether one of its patterns without placeholders for words matches a path that is not an
    /// exception.
    pub(super) fn names(&self, path: &[u8]) -> bool {
        // An exception includes everything below its directory.
        for pattern in &self.except {
            if wildcard::covers(pattern.as_bytes(), path) {
                return false;
            }
        }
        self.keeps.iter().any(|kept| {
            // A pattern with a placeholder can only be resolved for an image, and this is a
            // question about the page.
            let is_plain = kept.source == Source::Fixed && !kept.pattern.contains(['$', '{']);
            is_plain && wildcard::matches(kept.pattern.as_bytes(), path)
        })
    }

    /// Patterns of the files that it keeps, the most certain first; words in braces are filled in
    /// from files.
    pub fn patterns(&self) -> impl Iterator<Item = (Confidence, &'static str)> {
        let opened = self
            .opens
            .iter()
            .map(|library| (Confidence::Certain, *library));
        opened.chain(
            self.keeps
                .iter()
                .map(|keep| (keep.confidence, keep.pattern)),
        )
    }

    /// Patterns of the paths that the program writes at run time, each with the time for which the
    /// data is needed.
    pub fn written(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.writes.iter().map(|written| {
            let lifetime = match written.lifetime {
                Lifetime::Persistent => "persistent",
                Lifetime::Temporary | Lifetime::Unknown => "temporary",
            };
            (lifetime, written.pattern)
        })
    }

    /// The ports that the program listens on: `80`, or a statement of its configuration files.
    pub fn listened(&self) -> impl Iterator<Item = String> {
        self.listens.iter().map(|pattern| match pattern {
            ListenPattern::Default(port) => port.to_string(),
            ListenPattern::Statement(words) => words.join(" "),
        })
    }

    /// The triggers as a phrase: "files named `libssl.so.*`; calls to `iconv_open`".
    pub fn triggers(&self) -> String {
        let when = &self.when;
        let variables = if when.variables.len() == 1 {
            "the environment variable"
        } else {
            "the environment variables"
        };
        let lists = [
            ("calls to", &when.imports),
            ("files named", &when.libraries),
            ("files that contain", &when.literals),
            ("configuration that mentions", &when.words),
            ("files at", &when.paths),
            (variables, &when.variables),
        ];
        let mut triggers = Vec::new();
        // An unconditional rule may have other triggers, which are then only documentation.
        if when.always {
            triggers.push("every image".to_owned());
        }
        for (what, names) in lists {
            if !names.is_empty() {
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                triggers.push(format!("{what} {}", names.join(", ")));
            }
        }
        triggers.join("; ")
    }

    /// Whether it has a purpose other than keeping files.
    pub fn keeps_nothing(&self) -> bool {
        self.keeps.is_empty() && self.empty_directories.is_empty() && self.opens.is_empty()
    }

    /// Whether the rule is for a program or library, instead of a kind of reference to files.
    pub(in crate::slim) fn is_about_program(&self) -> bool {
        let is_plain = |kept: &KeptPattern| !matches!(kept.source, Source::Mention(_));
        !(self.when.paths.is_empty() && self.when.libraries.is_empty())
            && self.keeps.iter().all(is_plain)
            && !self.wants_text_paths()
    }

    /// Whether it uses paths in kept ELF files.
    pub(in crate::slim) fn wants_mentions(&self) -> bool {
        self.keeps
            .iter()
            .any(|keep| matches!(keep.source, Source::Mention(_)))
    }

    /// Whether paths in texts of the application are of interest.
    pub(in crate::slim) fn wants_text_paths(&self) -> bool {
        self.keeps
            .iter()
            .any(|keep| matches!(keep.source, Source::Quoted(_) | Source::Bare(_)))
    }
}

fn when(page: &'static str, front: &FrontMatter) -> Result<When, PageError> {
    let always = match front.get("when") {
        None => false,
        Some("always") => true,
        // `always` is the only value; everything else is a separate trigger.
        Some(other) => return Err(front.invalid("when", other)),
    };
    let when = When {
        always,
        imports: front.list("imports")?,
        libraries: front.list("libraries")?,
        literals: front.list("literals")?,
        words: front.list("words")?,
        paths: front.list("paths")?,
        variables: front.list("variables")?,
    };
    let lists = [
        &when.imports,
        &when.libraries,
        &when.literals,
        &when.words,
        &when.paths,
        &when.variables,
    ];
    // A rule whose page has no trigger would never fire.
    if !always && lists.iter().all(|list| list.is_empty()) {
        return Err(PageError::Missing { page, key: "when" });
    }
    Ok(when)
}

/// Parts as `the JIT compiler: /**/llvmjit.so`.
fn left_out(front: &FrontMatter) -> Result<Vec<LeftOut>, PageError> {
    let mut parts = Vec::new();
    for member in front.list("left-out")? {
        let Some((part, pattern)) = member.split_once(": ") else {
            return Err(front.invalid("left-out", member));
        };
        parts.push(LeftOut { part, pattern });
    }
    Ok(parts)
}

fn writes(front: &FrontMatter) -> Result<Vec<WrittenPattern>, PageError> {
    let keys = [
        ("temporary", Lifetime::Temporary),
        ("persistent", Lifetime::Persistent),
    ];
    let mut writes = Vec::new();
    for (key, lifetime) in keys {
        for pattern in front.list(key)? {
            let source = source(pattern).ok_or_else(|| front.invalid(key, pattern))?;
            writes.push(WrittenPattern {
                lifetime,
                pattern,
                source,
            });
        }
    }
    Ok(writes)
}

fn listens(front: &FrontMatter) -> Result<Vec<ListenPattern>, PageError> {
    let mut listens = Vec::new();
    for member in front.list("listens")? {
        if let Ok(port) = member.parse() {
            listens.push(ListenPattern::Default(port));
            continue;
        }
        let words: Vec<&str> = member.split_whitespace().collect();
        if words.iter().filter(|word| **word == ADDRESS).count() != 1 || words.len() < 2 {
            return Err(front.invalid("listens", member));
        }
        listens.push(ListenPattern::Statement(words));
    }
    Ok(listens)
}

fn never_setuid(front: &FrontMatter) -> Result<bool, PageError> {
    match front.get("setuid") {
        None => Ok(false),
        Some("never") => Ok(true),
        Some(other) => Err(front.invalid("setuid", other)),
    }
}

fn glibc_before(front: &FrontMatter) -> Result<Option<(u32, u32)>, PageError> {
    let Some(value) = front.get("glibc-before") else {
        return Ok(None);
    };
    let version = value
        .split_once('.')
        .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    version
        .map(Some)
        .ok_or_else(|| front.invalid("glibc-before", value))
}

fn keeps(front: &FrontMatter) -> Result<Vec<KeptPattern>, PageError> {
    let levels = [
        ("certain", Confidence::Certain),
        ("likely", Confidence::Likely),
        ("possible", Confidence::Possible),
    ];
    let mut keeps = Vec::new();
    for (key, confidence) in levels {
        for pattern in front.list(key)? {
            let source = source(pattern).ok_or_else(|| front.invalid(key, pattern))?;
            keeps.push(KeptPattern {
                confidence,
                pattern,
                source,
            });
        }
    }
    Ok(keeps)
}

/// The placeholders for the directory and the name of the file that a pattern depends on.
pub(in crate::slim) const HERE: &str = "{here}";
pub(in crate::slim) const NAME: &str = "{name}";
/// The placeholder for an address in a statement of a configuration file.
pub(in crate::slim) const ADDRESS: &str = "*";

/// The source of values for a pattern; `None` if braces do not match, or if there are two
/// placeholders other than `{here}` and `{name}`.
fn source(pattern: &'static str) -> Option<Source> {
    let mut source = Source::Fixed;
    let mut rest = pattern;
    while let Some((before, behind)) = rest.split_once('{') {
        let (name, behind) = behind.split_once('}')?;
        rest = behind;
        // `${NAME}` is a variable.
        if before.ends_with('$') {
            continue;
        }
        let this = match name {
            "here" | "name" => continue,
            "" => return None,
            "word" => Source::Word,
            "program" => Source::Mention(Mentioned::Program),
            "file" => Source::Mention(Mentioned::File),
            "directory" => Source::Mention(Mentioned::Directory),
            "command" => Source::Mention(Mentioned::Command),
            "shell-command" => Source::Mention(Mentioned::ShellCommand),
            "shell-code-command" => Source::Mention(Mentioned::ShellCodeCommand),
            "quoted-program" => Source::Quoted(Mentioned::Program),
            "quoted-file" => Source::Quoted(Mentioned::File),
            "quoted-directory" => Source::Quoted(Mentioned::Directory),
            "bare-program" => Source::Bare(Mentioned::Program),
            "bare-file" => Source::Bare(Mentioned::File),
            "bare-directory" => Source::Bare(Mentioned::Directory),
            name => Source::WordAfter(name),
        };
        // Two placeholders would require all pairs of words, which no rule needs.
        if std::mem::replace(&mut source, this) != Source::Fixed {
            return None;
        }
    }
    // Only one placeholder can have a value.
    if rest.contains('}') {
        return None;
    }
    Some(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(front: &'static str) -> Result<KeepPage, PageError> {
        let text = format!("---\n{front}\n---\n# T\n");
        KeepPage::parse("p", text.leak())
    }

    #[test]
    fn the_placeholder_of_a_pattern_is_the_source_of_its_words() {
        let page = parse(
            "when: always\ncertain: [/a]\nlikely: [{here}/{Include}, {word}]\npossible: [{file}]",
        )
        .unwrap();
        let sources: Vec<Source> = page.keeps.iter().map(|keep| keep.source).collect();
        let mention = Source::Mention(Mentioned::File);
        assert_eq!(
            sources,
            [
                Source::Fixed,
                Source::WordAfter("Include"),
                Source::Word,
                mention
            ]
        );
        assert_eq!(page.keeps[1].confidence, Confidence::Likely);
        assert!(page.wants_mentions());
    }

    #[test]
    fn a_page_that_never_fires_or_has_a_broken_pattern_is_refused() {
        let error = |front| parse(front).unwrap_err().to_string();
        assert_eq!(
            error("certain: [/a]"),
            "page `p`: missing key `when` in the front matter"
        );
        assert_eq!(
            error("when: sometimes"),
            "page `p`: invalid value `sometimes` for `when`"
        );
        assert_eq!(
            error("when: always\ncertain: [/{a]"),
            "page `p`: invalid value `/{a` for `certain`"
        );
        assert_eq!(
            error("when: always\ncertain: [{a}{b}]"),
            "page `p`: invalid value `{a}{b}` for `certain`"
        );
        assert_eq!(
            error("when: always\nglibc-before: new"),
            "page `p`: invalid value `new` for `glibc-before`"
        );
        assert_eq!(
            error("when: always\nlistens: [listen]"),
            "page `p`: invalid value `listen` for `listens`"
        );
        assert_eq!(
            error("when: always\nhue: red"),
            "page `p`: unknown key `hue` in the front matter"
        );
    }
}
