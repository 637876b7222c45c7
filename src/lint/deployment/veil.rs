//! Hides values in findings: those that a deployment takes from `.env` files.
//!
//! Rules compute with the values and need not know which of them are hidden. Whatever a finding
//! says goes through here before anyone sees it.

use std::cell::RefCell;
use std::collections::HashMap;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::deployment::HiddenValues;
use crate::lint::attack_surface::{AttackSurface, RunsAs, Target};
use crate::lint::finding::Finding;
use crate::lint::registry::Registry;

/// Shown in place of a text that is not known to be harmless.
const UNKNOWN: &str = "…";
/// Bytes from which a part of a value could tell something about it.
const SHORTEST_PART: usize = 3;
/// Letters and digits in a row that a computed name shares with a value by chance at most.
const CHANCE: usize = 3;

/// Hides values in the findings in one file.
#[derive(Debug)]
pub struct Veil<'a> {
    /// The text of the file. What is written there is no secret of another file.
    own: &'a str,
    /// Values, with the text that is shown in their place; the shortest first.
    values: Vec<(&'a str, &'a str)>,
    /// Finds values in texts; `None` if no value is hidden.
    matcher: Option<AhoCorasick>,
    /// All values without what a shell removes, in lower case and each on a line, to find parts.
    joined: String,
    /// Where each value starts in `joined`.
    starts: Vec<usize>,
    /// Rows of letters and digits in values that are not in `own`, each longer than chance, and the
    /// value of each. A build may join a value with other text or cut it: `${A}x`, `${A#x}`.
    rows: HashMap<[u8; CHANCE + 1], usize>,
    /// Whether there are more values than those that are listed.
    is_incomplete: bool,
    /// Whether a text is in `own`: the same names occur in many findings.
    known: RefCell<HashMap<String, bool>>,
}

impl<'a> Veil<'a> {
    pub fn new(hidden: &'a HiddenValues, own: &'a str) -> Self {
        let mut values: Vec<(&str, &str)> = hidden.iter().collect();
        // A part of several values stands for the shortest of them.
        values.sort_unstable_by_key(|(value, _)| (value.len(), *value));
        let (mut joined, mut starts) = (String::new(), Vec::new());
        for (value, _) in &values {
            starts.push(joined.len());
            joined.push_str(&normalized(value));
            joined.push('\n');
        }
        let matcher = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(values.iter().map(|(value, _)| value));
        let mut veil = Self {
            own,
            matcher: matcher.ok().filter(|_| !values.is_empty()),
            values,
            joined,
            starts,
            rows: HashMap::new(),
            is_incomplete: hidden.is_incomplete(),
            known: RefCell::default(),
        };
        for (index, (value, _)) in veil.values.iter().enumerate() {
            if !veil.is_own(value) {
                for row in rows(&normalized(value)) {
                    veil.rows.entry(row).or_insert(index);
                }
            }
        }
        veil
    }

    /// Hides values in findings. A fix that would write one is dropped.
    pub fn hide_in(&self, findings: &mut [Finding], registry: &Registry) {
        if self.hides_nothing() {
            return;
        }
        for finding in findings {
            let page = page_of(finding.rule, registry);
            finding.message = self.message(&finding.message, page);
            for label in &mut finding.labels {
                label.message = self.message(&label.message, page);
            }
            for note in &mut finding.notes {
                *note = self.message(note, page);
            }
            if let Some(fix) = &mut finding.fix {
                fix.title = self.message(&fix.title, page);
                let mut texts = fix.edits.iter().map(|edit| edit.replacement.as_str());
                if texts.any(|text| self.with_whole_values(text, |_| true) != text) {
                    finding.fix = None;
                }
            }
        }
    }

    /// Hides values in what a report says about the image as a whole.
    pub fn hide_in_surface(&self, surface: &mut AttackSurface) {
        if self.hides_nothing() {
            return;
        }
        if let Target::FinalStage { base } = &mut surface.target {
            *base = self.name(base, "");
        }
        if let RunsAs::Other(user) = &mut surface.user {
            *user = self.name(user, "");
        }
    }

    /// A message with values hidden. `page` is the text of jettison's own that it may repeat.
    pub fn message(&self, message: &str, page: &str) -> String {
        if self.hides_nothing() {
            return message.to_owned();
        }
        // Names are between backquotes, and may be parts of values. A value with a backquote is one
        // of several.
        let message = self.with_whole_values(message, |value| value.contains('`'));
        let mut shown = String::with_capacity(message.len());
        for (index, part) in message.split('`').enumerate() {
            if index > 0 {
                shown.push('`');
            }
            if index % 2 == 1 {
                shown.push_str(&self.name(part, page));
            } else {
                shown.push_str(&self.with_whole_values(part, |_| true));
            }
        }
        shown
    }

    fn hides_nothing(&self) -> bool {
        self.matcher.is_none() && !self.is_incomplete
    }

    /// A text in which each wanted value that is there as a whole is replaced.
    fn with_whole_values(&self, text: &str, is_wanted: impl Fn(&str) -> bool) -> String {
        let Some(matcher) = &self.matcher else {
            return text.to_owned();
        };
        let mut found: Vec<(usize, usize, usize)> = Vec::new();
        for one in matcher.find_overlapping_iter(text) {
            let (start, end) = (one.start(), one.end());
            let value = &text[start..end];
            if is_wanted(value) && is_word(text, start, end) && !self.is_own(value) {
                found.push((start, end, one.pattern().as_usize()));
            }
        }
        // The longest value at the first place wins.
        found.sort_unstable_by_key(|&(start, end, _)| (start, usize::MAX - end));
        let (mut shown, mut at) = (String::new(), 0);
        for (start, end, value) in found {
            if start < at {
                continue;
            }
            shown.push_str(&text[at..start]);
            shown.push_str(self.values[value].1);
            at = end;
        }
        shown.push_str(&text[at..]);
        shown
    }

    /// The text that is shown for a name, which may be computed from a value.
    fn name(&self, name: &str, page: &str) -> String {
        let is_public = || self.is_own(name) || page.contains(&format!("`{name}`"));
        if let Some(value) = self.value_with(name)
            && !is_public()
        {
            return self.values[value].1.to_owned();
        }
        let shown = self.with_whole_values(name, |_| true);
        if shown != name {
            return shown;
        }
        let row = rows(&normalized(name)).find_map(|row| self.rows.get(&row));
        if row.is_none() && !self.is_incomplete || is_public() {
            return shown;
        }
        match row {
            Some(&value) if !self.is_incomplete => self.values[value].1.to_owned(),
            _ => UNKNOWN.to_owned(),
        }
    }

    /// The index of the value that a name is, or is a part of.
    fn value_with(&self, name: &str) -> Option<usize> {
        let exact = self
            .values
            .binary_search_by_key(&(name.len(), name), |(value, _)| (value.len(), *value));
        if let Ok(value) = exact {
            return Some(value);
        }
        // The middle of a long name is left out.
        match name.split_once(UNKNOWN) {
            None => self.value_with_part(name, is_word),
            Some((start, end)) => self
                .value_with_part(start, |text, at, _| is_start(text, at))
                .or_else(|| self.value_with_part(end, |text, _, end| is_end(text, end))),
        }
    }

    /// The index of a value with a part of it that could tell something.
    fn value_with_part(
        &self,
        part: &str,
        is_separate: impl Fn(&str, usize, usize) -> bool,
    ) -> Option<usize> {
        let part = normalized(part);
        if part.len() < SHORTEST_PART || part.contains('\n') {
            return None;
        }
        let mut found = memchr::memmem::find_iter(self.joined.as_bytes(), part.as_bytes());
        let at = found.find(|&at| is_separate(&self.joined, at, at + part.len()))?;
        Some(self.starts.partition_point(|start| *start <= at) - 1)
    }

    /// Whether a text is written in the file itself.
    fn is_own(&self, text: &str) -> bool {
        if let Some(&known) = self.known.borrow().get(text) {
            return known;
        }
        let mut found = memchr::memmem::find_iter(self.own.as_bytes(), text.as_bytes());
        let is_own = found.any(|at| is_word(self.own, at, at + text.len()));
        self.known.borrow_mut().insert(text.to_owned(), is_own);
        is_own
    }
}

/// A value without what a shell removes, and in lower case: rules compare such forms.
fn normalized(value: &str) -> String {
    value.replace(['\\', '"', '\''], "").to_lowercase()
}

/// All rows of letters and digits in a text that are longer than chance.
fn rows(text: &str) -> impl Iterator<Item = [u8; CHANCE + 1]> {
    let rows = text.as_bytes().array_windows();
    rows.filter(|row| row.iter().all(u8::is_ascii_alphanumeric))
        .copied()
}

/// Whether no letter or digit continues a part of a text.
fn is_word(text: &str, start: usize, end: usize) -> bool {
    is_start(text, start) && is_end(text, end)
}

fn is_start(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back();
    !before.is_some_and(char::is_alphanumeric)
}

fn is_end(text: &str, at: usize) -> bool {
    let after = text[at..].chars().next();
    !after.is_some_and(char::is_alphanumeric)
}

/// The page of a rule, whose words its messages may repeat.
fn page_of(rule: &str, registry: &Registry) -> &'static str {
    let mut rules = registry.iter();
    rules
        .find(|(known, _)| known.name == rule)
        .map_or("", |(rule, _)| rule.page)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::deployment::{self, Files, Kind, Unreadable};
    use crate::source::Source;

    /// The variables of a project.
    struct Env(&'static str);

    impl Files for Env {
        fn read(&self, path: &std::path::Path) -> Result<Source, Unreadable> {
            match path.to_str() {
                Some(".env") => Ok(Source::new(".env", self.0)),
                _ => Err(Unreadable::Missing),
            }
        }
    }

    fn hidden(env: &'static str, text: &str) -> HiddenValues {
        let source = Source::new("compose.yaml", text);
        deployment::read(Kind::Compose, source, &Env(env)).hidden
    }

    #[test]
    fn values_and_their_parts_are_shown_as_names_of_variables() {
        let env = "IMAGE=corp.example/team/app:latest\nUSER_ID=4711\nCMD=my\\ tool --x\nA=a\n\
                   CAP=CAP_SYS_ADMIN\nPORT=80\nTEAM=team\n";
        let text = "services:\n  web:\n    image: ${IMAGE}\n    user: ${USER_ID}:${USER_ID}\n    \
                    command: ${CMD}\n    x: [\"${A}x\", \"${CAP}\", \"${PORT}:80\", \"$IMAGE-$A\", \"$TEAM\"]\n";
        let hidden = hidden(env, text);
        let veil = Veil::new(&hidden, text);
        let page = "The tag `latest` changes.";
        for (message, expected) in [
            ("`web` is used", "`web` is used"),
            (
                "`corp.example/team/app` has the tag `latest`",
                "`${IMAGE}` has the tag `latest`",
            ),
            (
                "`docker.io/corp.example/team/app:latest` here",
                "`docker.io/${IMAGE}` here",
            ),
            ("`corp.example` is not trusted", "`${IMAGE}` is not trusted"),
            ("runs as `4711`", "runs as `${USER_ID}`"),
            (
                "4711:4711 is user 4711",
                "${USER_ID}:${USER_ID} is user ${USER_ID}",
            ),
            ("no `my tool` here", "no `${CMD}` here"),
            ("`SYS_ADMIN` and `ax`", "`${CAP}` and `${A}x`"),
            ("`corp.example/team/app:latest-a`", "`${IMAGE}-${A}`"),
            // Written in the file itself.
            ("port 80", "port 80"),
            ("`/usr/lib/app`", "`/usr/lib/app`"),
            ("14711 and 47110", "14711 and 47110"),
            // Another value is a part of the name.
            ("`corp.example/team/app` of a", "`${IMAGE}` of ${A}"),
            ("`team/app` of `a`", "`${IMAGE}` of `${A}`"),
            ("`corp.ex…p:latest`", "`${IMAGE}`"),
        ] {
            assert_eq!(veil.message(message, page), expected, "{message}");
        }
    }

    #[test]
    fn values_that_a_build_joins_or_cuts_are_hidden() {
        let env = "S=Zq9secretOne\nPUBLIC=debian\n";
        let text = "FROM ${A}x\nFROM debian\n";
        let compose = "services: {web: {x: [\"${S}\", \"${PUBLIC}\"]}}\n";
        let hidden = hidden(env, compose);
        let veil = Veil::new(&hidden, text);
        for (message, expected) in [
            ("no `Zq9secretOnex` here", "no `${S}` here"),
            ("`xZq9secretOne`", "`${S}`"),
            ("`q9secretOne` and `Zq9secretOn`", "`${S}` and `${S}`"),
            ("`Zq9secretOneZq9secretOne`", "`${S}`"),
            ("`a.example/bsecretb:1`", "`${S}`"),
            // Written in the file, and too short to tell anything.
            ("`debianx` and `debian`", "`debianx` and `debian`"),
            ("`one` and `/usr/bin/one`", "`one` and `/usr/bin/one`"),
        ] {
            assert_eq!(veil.message(message, ""), expected, "{message}");
        }
    }

    #[test]
    fn too_many_values_hide_whatever_is_not_written_in_the_file() {
        let mut text = "services: {web: {x: [".to_owned();
        let mut env = String::new();
        for number in 0..2000 {
            let _ = write!(text, "\"${{V{number}}}\", ");
            let _ = writeln!(env, "V{number}=secret-{number}");
        }
        text += "]}}\n";
        let hidden = hidden(env.leak(), &text);
        let veil = Veil::new(&hidden, &text);
        assert_eq!(veil.message("`web` has `secret-1999`", ""), "`web` has `…`");
    }

    #[test]
    fn nothing_is_hidden_without_values_of_the_environment() {
        let text = "services: {web: {image: \"${IMAGE:-a:1}\"}}\n";
        let hidden = hidden("OTHER=a:1\n", text);
        assert!(hidden.is_empty());
        assert_eq!(Veil::new(&hidden, text).message("`a:1`", ""), "`a:1`");
    }
}
