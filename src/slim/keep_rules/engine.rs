//! The engine: facts of a kept name in, rules fired, names kept.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::mentions::{self, Searcher};
use super::page::{Keep, KeepPage, Mentioned, Source};
use super::{commands, conditions, keep_rules, template, wildcard, words};
use crate::elf::is_elf;
use crate::image::{Kind, NameId};
use crate::slim::trace::Trace;
use crate::slim::view::View;
use crate::slim::why::{Because, Confidence, Root, Why};

/// What is remembered between names.
#[derive(Debug)]
pub(in crate::slim) struct State {
    /// A row a rule.
    fired: Vec<bool>,
    /// A row a rule: its conditions hold.
    holds: Vec<bool>,
    /// A row a rule: kept files that it reads, as soon as it fires.
    waiting: Vec<Vec<NameId>>,
    /// Files that a rule reads besides, because a file it read named them.
    named: HashMap<NameId, Vec<usize>>,
    read: HashSet<(usize, NameId)>,
    /// What is known of rules and the names that they never keep.
    excepted: HashMap<(&'static str, NameId), bool>,
    /// A row an inode.
    searched: Vec<bool>,
    searcher: Option<Searcher>,
}

impl State {
    pub(in crate::slim) fn new(view: &View<'_>) -> Self {
        let rules = keep_rules();
        let holds = rules
            .pages
            .iter()
            .map(|page| conditions::hold(view, &page.only))
            .collect();
        let texts: Vec<&str> = rules
            .index
            .other_literals
            .iter()
            .map(|(text, _)| *text)
            .collect();
        Self {
            fired: vec![false; rules.pages.len()],
            holds,
            waiting: vec![Vec::new(); rules.pages.len()],
            named: HashMap::new(),
            read: HashSet::new(),
            excepted: HashMap::new(),
            searched: vec![false; view.tree().inode_count()],
            searcher: Searcher::new(view.tree(), &texts),
        }
    }
}

/// Fires the rules that need no kept name: those that always hold, and those for variables.
pub(in crate::slim) fn keep(trace: &mut Trace<'_>) {
    let config = &trace.view.image.config;
    for (rule, page) in keep_rules().pages.iter().enumerate() {
        if page.when.always {
            fire(trace, rule, None, &Because::Always);
        } else if let Some(variable) = page
            .when
            .variables
            .iter()
            .find(|name| config.env_value(name).is_some())
        {
            fire(trace, rule, None, &Because::Variable(variable));
        }
    }
}

/// Fires the rules that a kept name gives a reason for, and reads what they want read.
pub(in crate::slim) fn trace(trace: &mut Trace<'_>, name: NameId) {
    let rules = keep_rules();
    let tree = trace.tree();
    let path = tree.path(name);
    for rule in rules.index.of_name(&path, tree.file_name(name)) {
        if !is_left_out(&rules.pages[rule], &path) {
            fire(trace, rule, Some(name), &Because::Name);
        }
    }
    match &tree.inode(name).kind {
        Kind::File(_) => {
            search(trace, name, &path);
            let named = trace.rules.named.remove(&name).unwrap_or_default();
            fire_followed(trace, name, &path);
            let readers = rules
                .index
                .readers(&path)
                .filter(|&rule| !is_left_out(&rules.pages[rule], &path));
            for rule in readers.chain(named).collect::<Vec<_>>() {
                read(trace, rule, name);
            }
        }
        Kind::Symlink { .. } => {
            if let (Some(named), Ok(end)) = (trace.rules.named.remove(&name), tree.resolve(&path)) {
                for rule in named {
                    read_named(trace, rule, end.name);
                }
            }
        }
        _ => {}
    }
}

fn is_left_out(page: &KeepPage, path: &[u8]) -> bool {
    page.not_in
        .iter()
        .any(|pattern| wildcard::covers(pattern.as_bytes(), path))
}

fn fire(trace: &mut Trace<'_>, rule: usize, by: Option<NameId>, because: &Because) {
    let has_fired = std::mem::replace(&mut trace.rules.fired[rule], true);
    let page = &keep_rules().pages[rule];
    if has_fired && !page.repeats || !trace.rules.holds[rule] {
        return;
    }
    let about = by.map_or_else(Vec::new, |by| trace.tree().path(by));
    for keep in page
        .keeps
        .iter()
        .filter(|keep| keep.source == Source::Fixed)
    {
        let Some(pattern) = template::with_file(keep.pattern, &String::from_utf8_lossy(&about))
        else {
            continue;
        };
        for pattern in template::with_variables(&pattern, &trace.view.image.config) {
            keep_pattern(trace, page, keep, pattern.as_bytes(), by, because);
        }
    }
    if has_fired {
        return;
    }
    for directory in &page.empty_directories {
        let tree = trace.tree();
        let is_empty =
            |name: &NameId| tree.is_directory(*name) && tree.children(*name).next().is_none();
        for root in wildcard::expand(tree, directory.as_bytes()) {
            let Ok(resolved) = tree.resolve(&tree.path(root.name)) else {
                continue;
            };
            for name in tree.below(resolved.name).filter(is_empty) {
                keep_name(trace, page, Confidence::Certain, name, by, because);
            }
        }
    }
    for name in std::mem::take(&mut trace.rules.waiting[rule]) {
        read(trace, rule, name);
    }
}

/// Keeps what a pattern names; gives these names.
fn keep_pattern(
    trace: &mut Trace<'_>,
    page: &'static KeepPage,
    keep: &Keep,
    pattern: &[u8],
    by: Option<NameId>,
    because: &Because,
) -> Vec<NameId> {
    let mut kept = Vec::new();
    for named in wildcard::expand(trace.tree(), pattern) {
        if keep_name(trace, page, keep.confidence, named.name, by, because) {
            trace.keep_way(named.name, &named.crossed);
            kept.push(named.name);
        }
    }
    kept
}

/// False where the rule says that this is never kept.
fn keep_name(
    trace: &mut Trace<'_>,
    page: &'static KeepPage,
    confidence: Confidence,
    name: NameId,
    by: Option<NameId>,
    because: &Because,
) -> bool {
    if is_excepted(trace, page, name) || page.never_setuid && is_setuid(trace, name) {
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
    trace.graph.keep(name, by, why);
    true
}

fn is_setuid(trace: &Trace<'_>, name: NameId) -> bool {
    const SETUID: u32 = 0o4000;
    let inode = trace.tree().inode(name);
    matches!(inode.kind, Kind::File(_)) && inode.header.mode & SETUID != 0
}

/// Whether a rule never keeps a name, or a directory above it. Each is looked at once.
fn is_excepted(trace: &mut Trace<'_>, page: &'static KeepPage, name: NameId) -> bool {
    if page.except.is_empty() || name == NameId::ROOT {
        return false;
    }
    if let Some(&known) = trace.rules.excepted.get(&(page.name, name)) {
        return known;
    }
    let tree = trace.tree();
    let is_named = |pattern: &&'static str| {
        let last = pattern.rsplit('/').next().unwrap_or_default();
        wildcard::matches_name(last.as_bytes(), tree.file_name(name))
            && wildcard::matches(pattern.as_bytes(), &tree.path(name))
    };
    let excepted = is_excepted(trace, page, tree.parent(name)) || page.except.iter().any(is_named);
    trace.rules.excepted.insert((page.name, name), excepted);
    excepted
}

/// Reads a file for a rule, now or when the rule fires.
fn read(trace: &mut Trace<'_>, rule: usize, name: NameId) {
    if !trace.rules.holds[rule] {
        return;
    }
    if !trace.rules.fired[rule] {
        return trace.rules.waiting[rule].push(name);
    }
    if !trace.rules.read.insert((rule, name)) {
        return;
    }
    let Some(bytes) = trace.view.bytes(name).filter(|bytes| words::is_text(bytes)) else {
        return;
    };
    let page = &keep_rules().pages[rule];
    let here = trace.tree().path(trace.tree().parent(name));
    for word in words::words(&bytes) {
        if word.text.windows(2).any(|pair| pair == b"**") {
            continue;
        }
        let text = || String::from_utf8_lossy(word.text).into_owned();
        for keep in &page.keeps {
            let is_wanted = match keep.source {
                Source::Word => true,
                Source::WordAfter(directive) => word.comes_after(directive),
                _ => false,
            };
            let path = is_wanted
                .then(|| template::with_word(keep.pattern, word.text, &here))
                .flatten();
            let Some(path) = path.filter(|path| !template::is_shallow(path)) else {
                continue;
            };
            if is_not_whole(trace, page, &path) {
                continue;
            }
            let because = Because::Word {
                word: text(),
                line: word.line,
            };
            for named in keep_pattern(trace, page, keep, &path, Some(name), &because) {
                read_named(trace, rule, named);
            }
        }
    }
}

/// Fires the rules that read a file for the words in it, and are about one of them.
fn fire_followed(trace: &mut Trace<'_>, name: NameId, path: &[u8]) {
    let rules = keep_rules();
    for rule in rules.index.readers(path) {
        let page = &rules.pages[rule];
        if page.when.words.is_empty() || is_left_out(page, path) {
            continue;
        }
        let Some(bytes) = trace.view.bytes(name).filter(|bytes| words::is_text(bytes)) else {
            continue;
        };
        let is_there = |wanted: &&&str| {
            words::words(&bytes).any(|word| word.text.eq_ignore_ascii_case(wanted.as_bytes()))
        };
        if let Some(word) = page.when.words.iter().find(is_there) {
            fire(trace, rule, Some(name), &Because::Literal(word));
        }
    }
}

/// Whether a pattern is for all that is in a directory of which a rule says that nobody means that.
fn is_not_whole(trace: &Trace<'_>, page: &KeepPage, pattern: &[u8]) -> bool {
    let Some(directory) = pattern.strip_suffix(b"/**") else {
        return false;
    };
    let Ok(resolved) = trace.tree().resolve(directory) else {
        return true;
    };
    let path = trace.tree().path(resolved.name);
    page.not_whole
        .iter()
        .any(|pattern| wildcard::matches(pattern.as_bytes(), &path))
}

/// What a file that was read names is read by the same rule, as soon as it is kept.
fn read_named(trace: &mut Trace<'_>, rule: usize, name: NameId) {
    let tree = trace.tree();
    let is_link = matches!(tree.inode(name).kind, Kind::Symlink { .. });
    if !is_link && !matches!(tree.inode(name).kind, Kind::File(_)) {
        return;
    }
    if !trace.is_shown(name) {
        return trace.rules.named.entry(name).or_default().push(rule);
    }
    match tree.resolve(&tree.path(name)) {
        Ok(end) if is_link && end.name != name => read_named(trace, rule, end.name),
        _ if !is_link => read(trace, rule, name),
        _ => {}
    }
}

/// Looks into an ELF file or a script, once, whatever its names.
fn search(trace: &mut Trace<'_>, name: NameId, path: &[u8]) {
    let inode = trace.tree().inode_id(name).index();
    if std::mem::replace(&mut trace.rules.searched[inode], true) {
        return;
    }
    let view = trace.view;
    let head = view.head(view.tree().inode_id(name), 4);
    let is_elf = is_elf(&head);
    if !is_elf && !head.starts_with(b"#!") {
        return;
    }
    let Some(bytes) = view.binary(name) else {
        return;
    };
    let imports = if is_elf {
        fire_imports(trace, name, path, &bytes)
    } else {
        HashSet::new()
    };
    let Some(finds) = trace
        .rules
        .searcher
        .as_ref()
        .map(|searcher| searcher.find(&bytes))
    else {
        return;
    };
    fire_literals(trace, name, path, &bytes, &finds);
    if is_elf {
        let mut mentioned = mentions::mentions(trace.tree(), &bytes, &finds.paths);
        if !imports.is_empty() {
            add_commands(trace, name, path, &bytes, &mut mentioned);
        }
        keep_mentioned(trace, name, path, &mentioned, &imports);
    }
}

/// Fires the rules for symbols; gives those of the symbols that rules for paths ask for.
fn fire_imports(
    trace: &mut Trace<'_>,
    name: NameId,
    path: &[u8],
    bytes: &[u8],
) -> HashSet<&'static str> {
    let rules = keep_rules();
    let Ok(elf) = trace.view.elf_of(name) else {
        return HashSet::new();
    };
    let mut asked_for = HashSet::new();
    for symbol in elf.imports(bytes) {
        if let Some((&symbol, found)) = rules.index.imports.get_key_value(symbol) {
            let symbol = str::from_utf8(symbol).unwrap_or_default();
            for &rule in found
                .iter()
                .filter(|&&rule| !is_left_out(&rules.pages[rule], path))
            {
                fire(trace, rule, Some(name), &Because::Import(symbol));
            }
        }
        for &rule in &rules.index.mentions {
            asked_for.extend(
                rules.pages[rule]
                    .when
                    .imports
                    .iter()
                    .filter(|wanted| wanted.as_bytes() == symbol),
            );
        }
    }
    if commands::starts_programs_in_go(bytes) {
        asked_for.insert("execvp");
    }
    asked_for
}

fn fire_literals(
    trace: &mut Trace<'_>,
    name: NameId,
    path: &[u8],
    bytes: &[u8],
    finds: &mentions::Finds,
) {
    let rules = keep_rules();
    let mut found: Vec<(&'static str, usize)> = finds
        .texts
        .iter()
        .map(|&place| rules.index.other_literals[place])
        .collect();
    for &at in &finds.paths {
        let here = rules
            .index
            .path_literals
            .iter()
            .filter(|(text, _)| bytes[at..].starts_with(text.as_bytes()));
        found.extend(here);
    }
    for (text, rule) in found {
        if !is_left_out(&rules.pages[rule], path) {
            fire(trace, rule, Some(name), &Because::Literal(text));
        }
    }
}

/// Adds the programs on PATH that strings name. A name that is a whole string counts as that.
fn add_commands(
    trace: &Trace<'_>,
    name: NameId,
    path: &[u8],
    bytes: &[u8],
    mentioned: &mut BTreeMap<Vec<u8>, Mentioned>,
) {
    let mut found = commands::commands(bytes);
    let rules = keep_rules();
    let names_count = |page: &KeepPage| {
        page.keeps
            .iter()
            .any(|keep| keep.source == Source::Mention(Mentioned::Command))
    };
    let mut pages = rules.index.mentions.iter().map(|&rule| &rules.pages[rule]);
    if pages.any(|page| names_count(page) && !is_left_out(page, path))
        && let Ok(elf) = trace.view.elf_of(name)
    {
        // The name of a function stands among the strings too: `link` is in many a file.
        for function in elf.imports(bytes) {
            found.names.remove(function);
        }
        found.names.extend(commands::referred_names(bytes, elf));
    }
    for (names, what) in [
        (found.in_texts, Mentioned::ShellCommand),
        (found.names, Mentioned::Command),
    ] {
        for name in names {
            if let Some(path) = trace.programs.find(trace.view, name) {
                mentioned.insert(path, what);
            }
        }
    }
}

/// Rules for paths in ELF files ask that the same file takes the symbols they name.
fn keep_mentioned(
    trace: &mut Trace<'_>,
    name: NameId,
    path: &[u8],
    mentioned: &BTreeMap<Vec<u8>, Mentioned>,
    imports: &HashSet<&'static str>,
) {
    let rules = keep_rules();
    for &rule in &rules.index.mentions {
        let page = &rules.pages[rule];
        let fires = page.when.imports.is_empty()
            || page
                .when
                .imports
                .iter()
                .any(|symbol| imports.contains(symbol));
        if !fires || is_left_out(page, path) {
            continue;
        }
        for (mention, what) in mentioned {
            for keep in page
                .keeps
                .iter()
                .filter(|keep| keep.source == Source::Mention(*what))
            {
                let Some(pattern) = template::with_word(keep.pattern, mention, b"") else {
                    continue;
                };
                if !template::is_shallow(&pattern) && !is_not_whole(trace, page, &pattern) {
                    let because = Because::Mention {
                        path: String::from_utf8_lossy(mention).into_owned(),
                    };
                    keep_pattern(trace, page, keep, &pattern, Some(name), &because);
                }
            }
        }
    }
}
