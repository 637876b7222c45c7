//! The rule engine: matches kept names against rules and keeps the names that the rules specify.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::find::Finds;
use super::page::{KeepPage, KeptPattern, Mentioned, Source};
use super::registry::keep_rules;
use super::text_paths::{TextPath, text_paths};
use super::{conditions, listens, template, values, wildcard, words, written};
use crate::image::{Kind, NameId, Tree};
use crate::knowledge::{ProgramClass, is_runtime_library};
use crate::paths::{file_name, file_name_bytes};
use crate::slim::application_texts::{Owner, owner_of_text};
use crate::slim::keep::Keep;
use crate::slim::program_kind::{is_of_class, is_setuid};
use crate::slim::system_directories::is_system_directory;
use crate::slim::tracer::Tracer;
use crate::slim::view::View;
use crate::slim::why::{Because, Confidence, Root, Why};

/// Applies keep rules and records which have fired and which files they read.
#[derive(Debug)]
pub(in crate::slim) struct RuleTracer {
    /// One row per rule.
    fired: Vec<bool>,
    /// One row per rule: whether its conditions are met.
    holds: Vec<bool>,
    /// One row per rule: kept files that it will read when it fires.
    waiting: Vec<Vec<NameId>>,
    /// Additional files that a rule reads because they were named in a file that it read.
    named: HashMap<NameId, Vec<usize>>,
    read: HashSet<(usize, NameId)>,
    /// Cache: whether a name is an exception of a rule.
    excepted: HashMap<(&'static str, NameId), bool>,
    /// One row per inode.
    searched: Vec<bool>,
    /// Rules for a program that apply and have exceptions.
    excepting: Vec<&'static KeepPage>,
    /// Values for variables in configuration files.
    values: values::KnownValues,
    /// Names of ports in configuration files.
    services: listens::Services,
}

/// The number of programs that a program of the distribution starts by name at most. A program that
/// contains more names contains most of them by chance.
const FEW_NAMES: usize = 10;

/// A rule that fires: for which name, and for which fact.
#[derive(Clone, Copy)]
struct Firing<'a> {
    page: &'static KeepPage,
    by: Option<NameId>,
    because: &'a Because,
}

impl RuleTracer {
    pub(in crate::slim) fn new(view: &View<'_>) -> Self {
        let pages = &keep_rules().pages;
        let holds = pages.iter().map(|page| conditions::hold(view, &page.only));
        Self {
            fired: vec![false; pages.len()],
            holds: holds.collect(),
            waiting: vec![Vec::new(); pages.len()],
            named: HashMap::new(),
            read: HashSet::new(),
            excepted: HashMap::new(),
            searched: vec![false; view.tree().inode_count()],
            excepting: Vec::new(),
            values: values::KnownValues::default(),
            services: listens::Services::default(),
        }
    }
}

impl Tracer for RuleTracer {
    /// Fires the rules that need no kept name: unconditional rules and rules for variables.
    fn start(&mut self, keep: &mut Keep<'_>) {
        let config = &keep.view.image.config;
        for (rule, page) in keep_rules().pages.iter().enumerate() {
            // One trigger is enough, and an unconditional rule needs no other reason.
            let mut variables = page.when.variables.iter();
            if page.when.always {
                self.fire(keep, rule, None, &Because::Always);
            } else if let Some(variable) = variables.find(|name| config.env_value(name).is_some()) {
                self.fire(keep, rule, None, &Because::Variable(variable));
            }
        }
    }

    /// Fires the rules that are triggered by a kept name, and reads files for them.
    fn trace(&mut self, keep: &mut Keep<'_>, name: NameId) {
        let rules = keep_rules();
        let tree = keep.tree();
        let path = tree.path(name);
        for rule in rules.index.of_name(&path, tree.file_name(name)) {
            if !is_left_out(&rules.pages[rule], &path) {
                self.fire(keep, rule, Some(name), &Because::Name);
            }
        }
        match &tree.inode(name).kind {
            // The file is searched before files are read for rules, because a rule must fire before
            // it reads anything.
            Kind::File(_) => {
                self.search(keep, name, &path);
                self.search_text(keep, name, &path);
                self.read_file(keep, name, &path);
            }
            // A file that was named through a symlink is read once the symlink is kept, under the
            // name of its target.
            Kind::Symlink { .. } => {
                if let (Some(named), Ok(end)) = (self.named.remove(&name), tree.resolve(&path)) {
                    for rule in named {
                        self.read_named(keep, rule, end.name);
                    }
                }
            }
            _ => {}
        }
    }
}

impl RuleTracer {
    /// Reads a file for the rules that follow its path, and for the rules that found its name in
    /// another file.
    fn read_file(&mut self, keep: &mut Keep<'_>, name: NameId, path: &[u8]) {
        let rules = keep_rules();
        let named = self.named.remove(&name).unwrap_or_default();
        self.fire_followed(keep, name, path);
        for rule in rules.index.readers(path) {
            if !is_left_out(&rules.pages[rule], path) {
                self.read(keep, rule, name);
            }
        }
        for rule in named {
            self.read(keep, rule, name);
        }
    }

    fn fire(&mut self, keep: &mut Keep<'_>, rule: usize, by: Option<NameId>, because: &Because) {
        // The rule is marked as fired before it keeps anything, because the kept names may trigger
        // it again.
        let has_fired = std::mem::replace(&mut self.fired[rule], true);
        let page = &keep_rules().pages[rule];
        if has_fired && !page.repeats || !self.holds[rule] {
            return;
        }
        let firing = Firing { page, by, because };
        self.keep_fixed(keep, firing);
        written::record_fixed(keep, page, by);
        listens::record_default(keep, page, by);
        if has_fired {
            return;
        }
        self.keep_empty_directories(keep, firing);
        if !page.left_out.is_empty() {
            keep.with_parts_left_out.insert(rule);
        }
        if page.is_about_program() && !page.except.is_empty() {
            self.excepting.push(page);
        }
        // Read the files that were kept before the rule fired.
        for name in std::mem::take(&mut self.waiting[rule]) {
            self.read(keep, rule, name);
        }
    }

    /// Keeps the files that match the patterns without placeholders for words.
    fn keep_fixed(&mut self, keep: &mut Keep<'_>, firing: Firing<'_>) {
        let about = firing.by.map_or_else(Vec::new, |by| keep.tree().path(by));
        let about = String::from_utf8_lossy(&about);
        for kept in &firing.page.keeps {
            // Placeholders for words are filled in when a file is read.
            if kept.source != Source::Fixed {
                continue;
            }
            let Some(pattern) = template::with_file(kept.pattern, &about) else {
                continue;
            };
            // `{here}/../sbin/**` of a program in `/usr/sbin` would be all of that.
            if pattern != kept.pattern && is_all_of_system(keep.tree(), pattern.as_bytes()) {
                continue;
            }
            for pattern in template::with_variables(&pattern, &keep.view.image.config) {
                self.keep_pattern(keep, firing, kept.confidence, pattern.as_bytes());
            }
        }
    }

    fn keep_empty_directories(&mut self, keep: &mut Keep<'_>, firing: Firing<'_>) {
        let tree = keep.tree();
        for directory in &firing.page.empty_directories {
            for root in wildcard::expand(tree, directory.as_bytes()) {
                // The pattern may match a symlink; the empty directories are then below its target.
                let Ok(resolved) = tree.resolve(&tree.path(root.name)) else {
                    continue;
                };
                for name in tree.below(resolved.name) {
                    if is_empty_directory(tree, name) {
                        self.keep_name(keep, firing, Confidence::Certain, name);
                    }
                }
            }
        }
    }

    /// Keeps the names that match a pattern, and returns them.
    fn keep_pattern(
        &mut self,
        keep: &mut Keep<'_>,
        firing: Firing<'_>,
        confidence: Confidence,
        pattern: &[u8],
    ) -> Vec<NameId> {
        let mut kept = Vec::new();
        // The pattern contains text from the image.
        let is_text = matches!(
            firing.because,
            Because::Word { .. } | Because::Mention { .. }
        );
        let found = if is_text {
            wildcard::expand_within(keep.tree(), pattern, &mut keep.effort.patterns)
        } else {
            wildcard::expand(keep.tree(), pattern)
        };
        let is_whole_directory = is_text && pattern.ends_with(b"/**");
        for named in found {
            // The rule for a program knows its directory better than a text that merely names the
            // directory.
            if is_whole_directory && self.is_excepted_elsewhere(keep.tree(), named.name) {
                continue;
            }
            if self.keep_name(keep, firing, confidence, named.name) {
                keep.keep_way(named.name, &named.crossed);
                kept.push(named.name);
            }
        }
        kept
    }

    /// Keeps a name, unless it is an exception of the rule; then returns false.
    fn keep_name(
        &mut self,
        keep: &mut Keep<'_>,
        firing: Firing<'_>,
        confidence: Confidence,
        name: NameId,
    ) -> bool {
        let Firing { page, by, because } = firing;
        let tree = keep.tree();
        // A setuid or setgid program increases the risk of the image, so some rules never keep one
        // based on a guess.
        if self.is_excepted(tree, page, name) || page.never_setuid && is_setuid(tree, name) {
            return false;
        }
        let (rule, because) = (page.name, because.clone());
        let why = match by {
            Some(_) => Why::Rule {
                rule,
                because,
                confidence,
            },
            None => Why::Root(Root::Rule {
                rule,
                because,
                confidence,
            }),
        };
        keep.graph.keep(name, by, why);
        true
    }

    /// Whether a name is an exception in the rule of a kept program.
    fn is_excepted_elsewhere(&mut self, tree: &Tree, name: NameId) -> bool {
        // The list does not change meanwhile; the index is used because the cache does.
        for index in 0..self.excepting.len() {
            if self.is_excepted(tree, self.excepting[index], name) {
                return true;
            }
        }
        false
    }

    /// Whether a name or one of its parent directories is an exception of a rule. Each is checked
    /// once.
    fn is_excepted(&mut self, tree: &Tree, page: &'static KeepPage, name: NameId) -> bool {
        // Most rules have no exceptions and need no cache entry.
        if page.except.is_empty() || name == NameId::ROOT {
            return false;
        }
        if let Some(&known) = self.excepted.get(&(page.name, name)) {
            return known;
        }
        let excepted =
            self.is_excepted(tree, page, tree.parent(name)) || is_named_exception(tree, page, name);
        self.excepted.insert((page.name, name), excepted);
        excepted
    }

    /// Reads a file for a rule, immediately or when the rule fires.
    fn read(&mut self, keep: &mut Keep<'_>, rule: usize, name: NameId) {
        if !self.holds[rule] {
            return;
        }
        if !self.fired[rule] {
            return self.waiting[rule].push(name);
        }
        // Files may refer to each other in a cycle.
        if !self.read.insert((rule, name)) {
            return;
        }
        let Some(bytes) = keep.view.bytes(name).filter(|bytes| words::is_text(bytes)) else {
            return;
        };
        let page = &keep_rules().pages[rule];
        let bytes = self.values.filled_in(keep.view, page, &bytes);
        listens::record(keep, &mut self.services, page, name, &bytes);
        let mut seen = HashSet::new();
        for word in words::words(&bytes) {
            // Generated files repeat the same line thousands of times.
            if !seen.insert(word.key()) {
                continue;
            }
            // `**` occurs in comments and in patterns of other tools, and would match everything
            // here.
            if !word.text.windows(2).any(|pair| pair == b"**") {
                self.keep_word(keep, rule, name, &word);
            }
        }
        keep.note_patterns(Some(name));
    }

    /// Keeps the files that a word in a file refers to.
    fn keep_word(
        &mut self,
        keep: &mut Keep<'_>,
        rule: usize,
        name: NameId,
        word: &words::Word<'_>,
    ) {
        let page = &keep_rules().pages[rule];
        written::record_word(keep, page, name, word);
        // A relative word is relative to the directory of the file that contains it.
        let here = keep.tree().path(keep.tree().parent(name));
        for kept in &page.keeps {
            let is_wanted = match kept.source {
                Source::Word => true,
                Source::WordAfter(directive) => word.comes_after(directive),
                _ => false,
            };
            if !is_wanted || !names_a_place(word.text, kept.source) {
                continue;
            }
            let Some(path) = template::with_word(kept.pattern, word.text, &here) else {
                continue;
            };
            // `/` or `/usr` in a configuration is a prefix or a root directory, and does not mean
            // that everything in it is needed.
            if template::is_shallow(&path) || is_not_whole(keep.tree(), page, &path) {
                continue;
            }
            let because = Because::Word {
                word: String::from_utf8_lossy(word.text).into_owned(),
                line: word.line,
            };
            let firing = Firing {
                page,
                by: Some(name),
                because: &because,
            };
            let named = self.keep_pattern(keep, firing, kept.confidence, &path);
            if kept.names_configuration() {
                for name in named {
                    self.read_named(keep, rule, name);
                }
            }
        }
    }

    /// Fires the rules that read a file and are triggered by a word in it.
    fn fire_followed(&mut self, keep: &mut Keep<'_>, name: NameId, path: &[u8]) {
        let rules = keep_rules();
        for rule in rules.index.readers(path) {
            let page = &rules.pages[rule];
            // A rule without trigger words reads its files after it has fired for another reason.
            if page.when.words.is_empty() || is_left_out(page, path) {
                continue;
            }
            let Some(bytes) = keep.view.bytes(name).filter(|bytes| words::is_text(bytes)) else {
                continue;
            };
            let wanted = &page.when.words;
            if let Some(word) = wanted.iter().find(|wanted| words::has_word(&bytes, wanted)) {
                self.fire(keep, rule, Some(name), &Because::Literal(word));
            }
        }
    }

    /// Lets a rule read a file that is named in a file it read, as soon as the file is kept.
    fn read_named(&mut self, keep: &mut Keep<'_>, rule: usize, name: NameId) {
        let tree = keep.tree();
        let is_link = matches!(tree.inode(name).kind, Kind::Symlink { .. });
        // Directories are kept, but cannot be read as text.
        if !is_link && !matches!(tree.inode(name).kind, Kind::File(_)) {
            return;
        }
        // A name that is not kept yet may never be, if the confidence of its reason is too low; it
        // is read when the tracers see it.
        if !keep.is_shown(name) {
            return self.named.entry(name).or_default().push(rule);
        }
        match tree.resolve(&tree.path(name)) {
            // The words are in the target of the symlink.
            Ok(end) if is_link && end.name != name => self.read_named(keep, rule, end.name),
            _ if !is_link => self.read(keep, rule, name),
            _ => {}
        }
    }

    /// Fires the rules for the content of an ELF file or a script, once per inode.
    fn search(&mut self, keep: &mut Keep<'_>, name: NameId, path: &[u8]) {
        let file = keep.tree().inode_id(name);
        // The content is the same for all names of the file.
        if std::mem::replace(&mut self.searched[file.index()], true) {
            return;
        }
        let binaries = keep.binaries;
        let Some(finds) = binaries.finds(keep.view, file) else {
            return;
        };
        let rules = keep_rules();
        for symbol in &finds.symbols {
            for &rule in &rules.index.imports[symbol.as_bytes()] {
                if !is_left_out(&rules.pages[rule], path) {
                    self.fire(keep, rule, Some(name), &Because::Import(symbol));
                }
            }
        }
        for &(text, rule) in &finds.literals {
            if !is_left_out(&rules.pages[rule], path) {
                self.fire(keep, rule, Some(name), &Because::Literal(text));
            }
        }
        self.keep_mentioned(keep, name, path, finds);
    }

    /// Keeps the files that paths and names in an ELF file refer to, if the file also imports the
    /// symbols that the rule requires.
    fn keep_mentioned(&mut self, keep: &mut Keep<'_>, name: NameId, path: &[u8], finds: &Finds) {
        let rules = keep_rules();
        // A database has words of its language that are programs too: many names are chance.
        let is_own = finds.commands.len() <= FEW_NAMES && is_images_own(keep, name);
        let mentioned = all_mentioned(finds, path, is_own);
        let is_library = is_plain_library(keep, name);
        for &rule in &rules.index.mentions {
            let page = &rules.pages[rule];
            let mut symbols = page.when.imports.iter();
            // In a file that cannot start programs, a path is only used in messages, so rules for
            // programs require `execve` or similar functions.
            let fires = page.when.imports.is_empty()
                || symbols.any(|symbol| finds.starters.contains(symbol));
            // A program of the distribution names many others and starts few, but the program that
            // the image is made for may start all of them.
            let is_searched = is_own && wants_commands(page) || !is_left_out(page, path);
            if !fires || !is_searched {
                continue;
            }
            for (mention, what) in &mentioned {
                if is_library && is_shell(keep.tree(), mention) {
                    continue;
                }
                for kept in &page.keeps {
                    if kept.source == Source::Mention(*what) {
                        self.keep_mention(keep, (page, kept), name, mention);
                    }
                }
            }
        }
    }

    /// Keeps what paths in a text of the application name.
    fn search_text(&mut self, keep: &mut Keep<'_>, name: NameId, path: &[u8]) {
        let Some(owner) = owner_of_text(keep, name, path) else {
            return;
        };
        let Some(bytes) = keep
            .view
            .bytes(name)
            .filter(|bytes| !words::is_binary(bytes))
        else {
            return;
        };
        if !keep.effort.texts.spend(bytes.len()) {
            let text = "too much text in the image: the paths in this file are not analyzed";
            return keep.note(Some(name), None, text.to_owned());
        }
        for found in text_paths(keep.tree(), &bytes) {
            if owner == Owner::Application || is_added(keep, &found.path) {
                self.keep_text_path(keep, name, owner, &found);
            }
        }
    }

    /// Keeps the files that a path in a text refers to.
    fn keep_text_path(
        &mut self,
        keep: &mut Keep<'_>,
        name: NameId,
        owner: Owner,
        found: &TextPath<'_>,
    ) {
        let rules = keep_rules();
        // Packages contain many paths of other systems and versions, so a string there has only the
        // weight of a word in an application text.
        let source = if found.is_quoted && owner == Owner::Application {
            Source::Quoted(found.what)
        } else {
            Source::Bare(found.what)
        };
        let because = Because::Word {
            word: String::from_utf8_lossy(&found.path).into_owned(),
            line: found.line,
        };
        for &rule in &rules.index.text_paths {
            let page = &rules.pages[rule];
            let firing = Firing {
                page,
                by: Some(name),
                because: &because,
            };
            for kept in page.keeps.iter().filter(|kept| kept.source == source) {
                let Some(pattern) = template::with_word(kept.pattern, &found.path, b"") else {
                    continue;
                };
                if !template::is_shallow(&pattern)
                    && !is_not_whole(keep.tree(), page, &pattern)
                    && !is_own_directory(keep.tree(), name, &pattern)
                {
                    self.keep_pattern(keep, firing, kept.confidence, &pattern);
                }
            }
        }
    }

    fn keep_mention(
        &mut self,
        keep: &mut Keep<'_>,
        (page, kept): (&'static KeepPage, &KeptPattern),
        name: NameId,
        mention: &[u8],
    ) {
        let Some(pattern) = template::with_word(kept.pattern, mention, b"") else {
            return;
        };
        if template::is_shallow(&pattern) || is_not_whole(keep.tree(), page, &pattern) {
            return;
        }
        let because = Because::Mention {
            path: String::from_utf8_lossy(mention).into_owned(),
        };
        let firing = Firing {
            page,
            by: Some(name),
            because: &because,
        };
        self.keep_pattern(keep, firing, kept.confidence, &pattern);
    }
}

/// Whether a pattern matches everything in the directory that contains the text, or in a virtual
/// environment. Its packages have a tracer, and its scripts name it.
fn is_own_directory(tree: &Tree, text: NameId, pattern: &[u8]) -> bool {
    let Some(directory) = pattern.strip_suffix(b"/**") else {
        return false;
    };
    let Ok(resolved) = tree.resolve(directory) else {
        return false;
    };
    let mut above = std::iter::successors(Some(text), |&at| {
        let parent = tree.parent(at);
        if at == NameId::ROOT {
            None
        } else {
            Some(parent)
        }
    });
    tree.child(resolved.name, b"pyvenv.cfg").is_some() || above.any(|at| at == resolved.name)
}

/// Whether a layer above the base image contains the file that a path refers to.
fn is_added(keep: &Keep<'_>, path: &[u8]) -> bool {
    let resolved = keep.tree().resolve(path);
    resolved.is_ok_and(|resolved| keep.is_added(resolved.name))
}

/// The paths in a file, with the programs that its strings name.
fn all_mentioned<'a>(
    finds: &'a Finds,
    path: &[u8],
    is_own: bool,
) -> BTreeSet<(&'a [u8], Mentioned)> {
    let mut all: BTreeSet<(&[u8], Mentioned)> = BTreeSet::new();
    for (path, what) in &finds.mentioned {
        all.insert((path, *what));
    }
    for path in &finds.shell_commands {
        all.insert((path, Mentioned::ShellCommand));
    }
    for path in &finds.shell_code_commands {
        all.insert((path, Mentioned::ShellCodeCommand));
    }
    // A program of the distribution names many programs but calls few, so a string with a name only
    // counts if a rule looks for it in this file.
    if is_own || wants_names(path) {
        for path in &finds.commands {
            all.insert((path, Mentioned::Command));
        }
    }
    all
}

/// Whether a rule keeps the programs whose names are strings in the file at a path.
fn wants_names(path: &[u8]) -> bool {
    let rules = keep_rules();
    rules.index.mentions.iter().any(|&rule| {
        let page = &rules.pages[rule];
        wants_commands(page) && !is_left_out(page, path)
    })
}

/// Whether a rule keeps the programs whose names are strings in a file.
fn wants_commands(page: &KeepPage) -> bool {
    let mut keeps = page.keeps.iter();
    keeps.any(|kept| kept.source == Source::Mention(Mentioned::Command))
}

/// Whether the configuration names a program, which is neither a shell nor an interpreter: those
/// start what their scripts say.
fn is_images_own(keep: &Keep<'_>, name: NameId) -> bool {
    const MULTI_CALL: [&[u8]; 3] = [b"busybox", b"coreutils", b"toybox"];
    let file_name = keep.tree().file_name(name);
    let mut classes = [ProgramClass::Shell, ProgramClass::Interpreter].into_iter();
    if MULTI_CALL.contains(&file_name) || classes.any(|class| is_of_class(class, file_name)) {
        return false;
    }
    keep.graph
        .reasons(name)
        .iter()
        .any(|reason| match reason.by {
            // The configuration may name a link to the program.
            Some(by) if reason.why == Why::Target => keep
                .graph
                .reasons(by)
                .iter()
                .any(|reason| is_program_root(&reason.why)),
            _ => is_program_root(&reason.why),
        })
}

fn is_program_root(why: &Why) -> bool {
    matches!(why, Why::Root(Root::Program(_) | Root::Argument { .. }))
}

/// Whether a word may name files. A word with a wildcard must contain their directory or a part of
/// their names, because `*)` occurs in every script and `*` in many lists.
fn names_a_place(word: &[u8], source: Source) -> bool {
    let Some(wildcard) = word.iter().position(|byte| b"*?[".contains(byte)) else {
        return true;
    };
    let is_included = matches!(source, Source::WordAfter(_));
    word[..wildcard].contains(&b'/') || is_included && word.iter().any(u8::is_ascii_alphanumeric)
}

/// Whether a pattern is for everything in a directory that many packages share.
fn is_all_of_system(tree: &Tree, pattern: &[u8]) -> bool {
    let Some(directory) = pattern.strip_suffix(b"/**") else {
        return false;
    };
    tree.resolve(directory)
        .is_ok_and(|resolved| is_system_directory(tree, resolved.name))
}

/// Whether a path is one of a shell.
fn is_shell(tree: &Tree, path: &[u8]) -> bool {
    let end = tree.resolve(path).ok().map(|end| tree.file_name(end.name));
    let mut names = end.into_iter().chain([file_name_bytes(path)]);
    names.any(|name| ProgramClass::Shell.contains(name))
}

/// Whether a file is a library for C programs that does not run a language. Many contain the path
/// of a shell for a function that few programs call.
fn is_plain_library(keep: &Keep<'_>, name: NameId) -> bool {
    keep.view.elf_of(name).is_ok_and(|elf| {
        let soname = elf.soname.as_deref();
        elf.interpreter.is_none() && soname.is_some_and(|soname| !is_runtime_library(soname))
    })
}

fn is_left_out(page: &KeepPage, path: &[u8]) -> bool {
    page.not_in
        .iter()
        .any(|pattern| wildcard::covers(pattern.as_bytes(), path))
}

fn is_empty_directory(tree: &Tree, name: NameId) -> bool {
    tree.is_directory(name) && tree.children(name).next().is_none()
}

/// Whether a name itself, as opposed to a parent directory, is an exception of a rule.
fn is_named_exception(tree: &Tree, page: &KeepPage, name: NameId) -> bool {
    page.except.iter().any(|pattern| {
        // The last component is compared first, so that the paths of most names need not be built.
        let last = file_name(pattern);
        wildcard::matches_name(last.as_bytes(), tree.file_name(name))
            && wildcard::matches(pattern.as_bytes(), &tree.path(name))
    })
}

/// Whether a pattern matches everything in a directory that the rule never keeps as a whole.
fn is_not_whole(tree: &Tree, page: &KeepPage, pattern: &[u8]) -> bool {
    // A pattern for a single file or level never keeps a whole directory.
    let Some(directory) = pattern.strip_suffix(b"/**") else {
        return false;
    };
    let Ok(resolved) = tree.resolve(directory) else {
        return true;
    };
    let path = tree.path(resolved.name);
    page.not_whole
        .iter()
        .any(|pattern| wildcard::matches(pattern.as_bytes(), &path))
}
