//! ARG and ENV: which value a variable has at an instruction, and what words become of it.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};

use crate::dockerfile::{Modifier, Variable, Word, WordPart};

/// Stands in an expanded text for what is not known.
pub(super) const UNKNOWN: char = '\u{FFFC}';

/// Values beyond this many bytes count as unknown, so that `ENV A=$A$A`, repeated, does not fill
/// the memory.
const LONGEST_VALUE: usize = 1 << 13;

/// How many characters the patterns of a whole file may be compared with, before what they cut
/// counts as unknown.
const MOST_MATCHING: u64 = 1 << 24;

/// How many stages up the ancestry a variable is looked for.
const DEEPEST_ANCESTRY: usize = 256;

/// How deep `${A:-${B:-…}}` may nest.
const DEEPEST_MODIFIER: usize = 32;

/// Set by the builder where a `FROM` or a stage asks for them; their values depend on the build.
pub const PREDEFINED: [&str; 10] = [
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDARCH",
    "BUILDVARIANT",
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETARCH",
    "TARGETVARIANT",
    "TARGETSTAGE",
    "BUILDKIT_CONTEXT_KEEP_GIT_DIR",
];

/// Whether the builder gives a FROM this variable without an ARG.
pub fn is_set_by_builder(name: &str) -> bool {
    PREDEFINED.contains(&name)
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Known(String),
    Unset,
    Unknown,
}

/// The variables of a file: the ARGs before the first FROM, and per stage what is set from which
/// step on.
#[derive(Debug)]
pub(super) struct Scopes {
    build_args: BTreeMap<String, String>,
    global: HashMap<String, Value>,
    /// The same, where an ARG without any value is not set.
    defaults: HashMap<String, Value>,
    stages: Vec<StageScope>,
    /// What is left of [`MOST_MATCHING`].
    matching: Cell<u64>,
}

#[derive(Debug)]
struct StageScope {
    parent: Option<usize>,
    /// What is not set here is not set at all: there is no image below that could have set it.
    from_nothing: bool,
    env: Definitions,
    args: Definitions,
}

/// Per name, the steps that set it, in order.
type Definitions = HashMap<String, Vec<(usize, Value)>>;

impl Scopes {
    pub(super) fn new(build_args: BTreeMap<String, String>) -> Self {
        Self {
            build_args,
            global: HashMap::new(),
            defaults: HashMap::new(),
            stages: Vec::new(),
            matching: Cell::new(MOST_MATCHING),
        }
    }

    pub(super) fn open_stage(&mut self, parent: Option<usize>, from_nothing: bool) {
        let (env, args) = (HashMap::new(), HashMap::new());
        self.stages.push(StageScope {
            parent,
            from_nothing,
            env,
            args,
        });
    }

    /// Declares an ARG; outside of any stage, one for the FROMs.
    pub(super) fn declare(
        &mut self,
        stage: Option<usize>,
        step: usize,
        name: &str,
        default: Option<&Word>,
    ) {
        let given = self.build_args.get(name).cloned().map(Value::Known);
        let value = given.or_else(|| default.map(|word| self.evaluate(stage, step, word)));
        match stage {
            None => {
                self.declare_default(name, default);
                self.global
                    .insert(name.to_owned(), value.unwrap_or(Value::Unknown));
            }
            Some(at) => {
                let value = value
                    .or_else(|| self.global.get(name).cloned())
                    .unwrap_or(Value::Unknown);
                self.stages[at]
                    .args
                    .entry(name.to_owned())
                    .or_default()
                    .push((step, value));
            }
        }
    }

    fn declare_default(&mut self, name: &str, default: Option<&Word>) {
        let given = self.build_args.get(name).cloned();
        let value = given.map(Value::Known).or_else(|| {
            default.map(|word| {
                self.expand_default(word)
                    .map_or(Value::Unknown, Value::Known)
            })
        });
        if let Some(value) = value {
            self.defaults.insert(name.to_owned(), value);
        } else {
            let unset = if is_set_by_builder(name) {
                Value::Unknown
            } else {
                Value::Unset
            };
            self.defaults.entry(name.to_owned()).or_insert(unset);
        }
    }

    pub(super) fn expand_default(&self, word: &Word) -> Option<String> {
        let predefined = |name: &str| {
            if is_set_by_builder(name) {
                Value::Unknown
            } else {
                Value::Unset
            }
        };
        let look_up = |name: &str| {
            self.defaults
                .get(name)
                .cloned()
                .unwrap_or_else(|| predefined(name))
        };
        let text = Expansion {
            scopes: self,
            look_up: &look_up,
        }
        .expand_parts(&word.parts, 0);
        (!text.contains(UNKNOWN)).then_some(text)
    }

    /// Sets ENV variables; all see the values from before the instruction.
    pub(super) fn set(&mut self, stage: usize, step: usize, pairs: &[(String, &Word)]) {
        let values: Vec<Value> = pairs
            .iter()
            .map(|(_, word)| self.evaluate(Some(stage), step, word))
            .collect();
        for ((name, _), value) in pairs.iter().zip(values) {
            self.stages[stage]
                .env
                .entry(name.clone())
                .or_default()
                .push((step, value));
        }
    }

    fn evaluate(&self, stage: Option<usize>, step: usize, word: &Word) -> Value {
        self.expand(stage, step, word)
            .map_or(Value::Unknown, Value::Known)
    }

    pub(super) fn expand(&self, stage: Option<usize>, step: usize, word: &Word) -> Option<String> {
        let text = self.expand_in_part(stage, step, word);
        (!text.contains(UNKNOWN)).then_some(text)
    }

    /// The text with [`UNKNOWN`] wherever something is not known. Without a stage, the ARGs before
    /// the first FROM hold.
    pub(super) fn expand_in_part(&self, stage: Option<usize>, step: usize, word: &Word) -> String {
        let look_up = |name: &str| self.look_up(stage, step, name);
        Expansion {
            scopes: self,
            look_up: &look_up,
        }
        .expand_parts(&word.parts, 0)
    }

    pub(super) fn value(&self, stage: Option<usize>, step: usize, name: &str) -> Option<String> {
        match self.look_up(stage, step, name) {
            Value::Known(value) => Some(value),
            _ => None,
        }
    }

    /// Whether an ARG or ENV of the file sets a variable before `step`, with whatever value.
    pub(super) fn is_declared(&self, stage: Option<usize>, step: usize, name: &str) -> bool {
        let Some(stage) = stage else {
            return self.global.contains_key(name);
        };
        let ancestry =
            std::iter::successors(Some(stage), |&at| self.stages[at].parent).take(DEEPEST_ANCESTRY);
        let declares = |at: usize| {
            let scope = &self.stages[at];
            last_before(&scope.env, name, step)
                .or_else(|| last_before(&scope.args, name, step))
                .is_some()
        };
        ancestry.into_iter().any(declares)
    }

    /// All that the file sets before `step`, in order of the names.
    pub(super) fn declared(&self, stage: Option<usize>, step: usize) -> Vec<&str> {
        let Some(stage) = stage else {
            return self.global.keys().map(String::as_str).collect();
        };
        let ancestry =
            std::iter::successors(Some(stage), |&at| self.stages[at].parent).take(DEEPEST_ANCESTRY);
        let scopes = ancestry.flat_map(|at| [&self.stages[at].env, &self.stages[at].args]);
        let before = |steps: &[(usize, Value)]| steps.first().is_some_and(|(at, _)| *at < step);
        let mut names: Vec<&str> = scopes
            .flatten()
            .filter(|(_, steps)| before(steps))
            .map(|(name, _)| name.as_str())
            .collect();
        names.sort_unstable();
        names
    }

    fn look_up(&self, stage: Option<usize>, step: usize, name: &str) -> Value {
        let Some(mut at) = stage else {
            let predefined = || {
                if PREDEFINED.contains(&name) {
                    Value::Unknown
                } else {
                    Value::Unset
                }
            };
            return self.global.get(name).cloned().unwrap_or_else(predefined);
        };
        let mut arg = None;
        for _ in 0..DEEPEST_ANCESTRY {
            let scope = &self.stages[at];
            // What an ENV sets, no ARG overrides, wherever it stands.
            if let Some(value) = last_before(&scope.env, name, step) {
                return value.clone();
            }
            arg = arg.or_else(|| last_before(&scope.args, name, step));
            let Some(parent) = scope.parent else {
                let missing = if scope.from_nothing {
                    Value::Unset
                } else {
                    Value::Unknown
                };
                return arg.cloned().unwrap_or(missing);
            };
            at = parent;
        }
        Value::Unknown
    }
}

/// A word on its way to its value.
struct Expansion<'s> {
    scopes: &'s Scopes,
    look_up: &'s dyn Fn(&str) -> Value,
}

impl Expansion<'_> {
    fn expand_parts(&self, parts: &[WordPart], depth: usize) -> String {
        let mut text = String::new();
        for part in parts {
            match part {
                WordPart::Literal(literal) => text.push_str(literal),
                WordPart::Variable(variable) => {
                    text.push_str(&self.expand_variable(variable, depth));
                }
            }
            if text.len() > LONGEST_VALUE {
                return UNKNOWN.to_string();
            }
        }
        text
    }

    fn expand_variable(&self, variable: &Variable, depth: usize) -> String {
        let set = match (self.look_up)(&variable.name) {
            Value::Unknown => return UNKNOWN.to_string(),
            _ if depth > DEEPEST_MODIFIER => return UNKNOWN.to_string(),
            Value::Known(value) => Some(value),
            Value::Unset => None,
        };
        let counts = |colon: bool| {
            set.as_ref()
                .is_some_and(|value| !colon || !value.is_empty())
        };
        match &variable.modifier {
            None | Some(Modifier::Required { .. }) => set.unwrap_or_default(),
            Some(Modifier::Default { colon, .. }) if counts(*colon) => set.unwrap_or_default(),
            Some(Modifier::Default { word, .. }) => self.expand_parts(word, depth + 1),
            Some(Modifier::Alternative { colon, word }) if counts(*colon) => {
                self.expand_parts(word, depth + 1)
            }
            Some(Modifier::Alternative { .. }) => String::new(),
            Some(modifier) => self
                .cut(&set.unwrap_or_default(), modifier)
                .unwrap_or_else(|| UNKNOWN.to_string()),
        }
    }

    /// What a modifier with a pattern leaves of a value; `None` where finding out would take too
    /// long.
    fn cut(&self, value: &str, modifier: &Modifier) -> Option<String> {
        let length = value.len() as u64 + 1;
        let pattern_length = |pattern: &String| pattern.len() as u64 + 1;
        match modifier {
            Modifier::RemovePrefix { longest, pattern } => {
                self.spend([length, length, pattern_length(pattern)])?;
                Some(remove_prefix(value, pattern, *longest).to_owned())
            }
            Modifier::RemoveSuffix { longest, pattern } => {
                self.spend([length, length, pattern_length(pattern)])?;
                Some(remove_suffix(value, pattern, *longest).to_owned())
            }
            Modifier::Replace {
                all,
                pattern,
                replacement,
            } => {
                let each = if has_wildcard(pattern) {
                    length.saturating_mul(length)
                } else {
                    1
                };
                self.spend([length, each, pattern_length(pattern)])?;
                Some(replace(value, pattern, replacement, *all))
            }
            Modifier::Default { .. } | Modifier::Alternative { .. } | Modifier::Required { .. } => {
                None
            }
        }
    }

    fn spend(&self, comparisons: [u64; 3]) -> Option<()> {
        let comparisons = comparisons.into_iter().fold(1, u64::saturating_mul);
        let left = self.scopes.matching.get().checked_sub(comparisons)?;
        self.scopes.matching.set(left);
        Some(())
    }
}

fn has_wildcard(pattern: &str) -> bool {
    pattern.contains(['*', '?', '\\'])
}

fn last_before<'d>(definitions: &'d Definitions, name: &str, step: usize) -> Option<&'d Value> {
    let steps = definitions.get(name)?;
    let after = steps.partition_point(|(at, _)| *at < step);
    after.checked_sub(1).map(|at| &steps[at].1)
}

/// Where characters start, and the end.
fn boundaries(text: &str) -> impl DoubleEndedIterator<Item = usize> {
    (0..=text.len()).filter(|&at| text.is_char_boundary(at))
}

fn remove_prefix<'t>(text: &'t str, pattern: &str, longest: bool) -> &'t str {
    let matches = |end: &usize| glob_matches(pattern, &text[..*end]);
    let end = if longest {
        boundaries(text).rev().find(matches)
    } else {
        boundaries(text).find(matches)
    };
    &text[end.unwrap_or(0)..]
}

fn remove_suffix<'t>(text: &'t str, pattern: &str, longest: bool) -> &'t str {
    let matches = |start: &usize| glob_matches(pattern, &text[*start..]);
    let start = if longest {
        boundaries(text).find(matches)
    } else {
        boundaries(text).rev().find(matches)
    };
    &text[..start.unwrap_or(text.len())]
}

/// Longest match first, from the left, as BuildKit does it.
fn replace(text: &str, pattern: &str, replacement: &str, all: bool) -> String {
    let mut result = String::new();
    let mut at = 0;
    while at < text.len() {
        // Patterns without wildcards are the common ones and need no search for their end.
        let end = if has_wildcard(pattern) {
            boundaries(&text[at..])
                .rev()
                .find(|&end| end > 0 && glob_matches(pattern, &text[at..at + end]))
        } else {
            (!pattern.is_empty() && text[at..].starts_with(pattern)).then_some(pattern.len())
        };
        if let Some(end) = end {
            result.push_str(replacement);
            at += end;
            if !all {
                break;
            }
        } else {
            let next = text[at..].chars().next().map_or(1, char::len_utf8);
            result.push_str(&text[at..at + next]);
            at += next;
        }
        if result.len() > LONGEST_VALUE {
            return UNKNOWN.to_string();
        }
    }
    result.push_str(&text[at..]);
    result
}

/// Whether a pattern of `*`, `?` and `\x` matches the whole of a text.
pub fn glob_matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last `*` stood, and how much of the text it has been given so far.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        let (wanted, step) = match pattern.get(p) {
            Some('\\') if p + 1 < pattern.len() => (pattern.get(p + 1), 2),
            Some('*') => {
                star = Some((p, t));
                p += 1;
                continue;
            }
            Some('?') => (text.get(t), 1),
            other => (other, 1),
        };
        if wanted == text.get(t) {
            p += step;
            t += 1;
        } else if let Some((at, given)) = star {
            star = Some((at, given + 1));
            p = at + 1;
            t = given + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_cut_as_the_shell_cuts() {
        assert_eq!(remove_prefix("a/b/c", "*/", false), "b/c");
        assert_eq!(remove_prefix("a/b/c", "*/", true), "c");
        assert_eq!(remove_suffix("1.2.3", ".*", false), "1.2");
        assert_eq!(remove_suffix("1.2.3", ".*", true), "1");
        assert_eq!(remove_suffix("abc", "x", false), "abc");
    }

    #[test]
    fn replacing_takes_the_first_or_all() {
        assert_eq!(replace("a-b-c", "-", "_", false), "a_b-c");
        assert_eq!(replace("a-b-c", "-", "_", true), "a_b_c");
        assert_eq!(replace("1.22.4", ".*", "", false), "1");
        assert_eq!(replace("üü", "ü", "u", true), "uu");
    }

    #[test]
    fn globs_match_whole_texts() {
        assert!(glob_matches("*-alpine*", "3.12-alpine3.20"));
        assert!(glob_matches("a?c", "abc"));
        assert!(glob_matches(r"a\*", "a*"));
        assert!(!glob_matches("a", "ab"));
        assert!(!glob_matches("", "a"));
    }
}
