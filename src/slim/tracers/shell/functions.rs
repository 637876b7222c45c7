//! Functions of a script: the arguments of their calls, and their output.

use std::collections::{BTreeMap, BTreeSet};

use crate::dockerfile::shell::{ShellPart, ShellScript, ShellWord};
use crate::slim::variables::{MAX_VALUE, MAX_VALUES};
use crate::source::Span;

/// Functions of a script that are followed.
const MAX_FUNCTIONS: usize = 1024;

#[derive(Clone, Debug, Default)]
pub(super) struct Functions {
    defined: Vec<Function>,
    /// Functions by their names. A name that is defined twice has the last one's place.
    names: BTreeMap<String, usize>,
    /// The function whose commands are looked at.
    current: Option<usize>,
}

#[derive(Clone, Debug, Default)]
struct Function {
    span: Span,
    /// The function that it is defined in.
    parent: Option<usize>,
    arguments: BTreeMap<usize, BTreeSet<String>>,
    outputs: BTreeSet<String>,
    /// It runs its arguments from this one on.
    runs_from: Option<usize>,
}

impl Functions {
    /// Takes the functions of a script. Those of an included one are left.
    pub(super) fn define(&mut self, script: &ShellScript) {
        *self = Self::default();
        for defined in script.functions.iter().take(MAX_FUNCTIONS) {
            let mut parent = self.defined.len().checked_sub(1);
            while let Some(outer) = parent
                && self.defined[outer].span.end <= defined.span.start
            {
                parent = self.defined[outer].parent;
            }
            self.names.insert(defined.name.clone(), self.defined.len());
            self.defined.push(Function {
                span: defined.span,
                parent,
                ..Function::default()
            });
        }
        self.find_runners(script);
    }

    /// Finds the functions that run their arguments: `run() { shift; "$@"; }`.
    fn find_runners(&mut self, script: &ShellScript) {
        for (command, word) in script.computed_programs() {
            let is_all = word.parts.iter().all(|part| match part {
                ShellPart::Variable { name, .. } => name == "@" || name == "*",
                _ => false,
            });
            self.enter(script.commands[command].span);
            if let (true, Some(current)) = (is_all, self.current) {
                self.defined[current].runs_from = Some(1);
            }
        }
        // Every `shift` counts, regardless of its position.
        for simple in &script.commands {
            let name = simple.words.first().and_then(ShellWord::literal);
            if name == Some("shift") {
                self.enter(simple.span);
                let function = self.current.map(|current| &mut self.defined[current]);
                if let Some(from) = function.and_then(|function| function.runs_from.as_mut()) {
                    *from += 1;
                }
            }
        }
        self.current = None;
    }

    /// Looks at the function around a place, if there is one.
    pub(super) fn enter(&mut self, place: Span) {
        let before = |function: &Function| function.span.start <= place.start;
        let mut at = self.defined.partition_point(before).checked_sub(1);
        while let Some(function) = at
            && self.defined[function].span.end <= place.start
        {
            at = self.defined[function].parent;
        }
        self.current = at;
    }

    pub(super) fn leave(&mut self) {
        self.current = None;
    }

    pub(super) fn is_inside(&self) -> bool {
        self.current.is_some()
    }

    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    pub(super) fn add_argument(&mut self, function: usize, place: usize, value: String) -> bool {
        let arguments = &mut self.defined[function].arguments;
        add(arguments.entry(place).or_default(), value)
    }

    pub(super) fn add_output(&mut self, value: String) -> bool {
        let Some(current) = self.current else {
            return false;
        };
        add(&mut self.defined[current].outputs, value)
    }

    /// Whether the name of a function starts like this.
    pub(super) fn has_prefix(&self, start: &str) -> bool {
        let mut names = self.names.range(start.to_owned()..);
        names
            .next()
            .is_some_and(|(name, _)| name.starts_with(start))
    }

    /// The values of parameters such as `$1` at this position.
    pub(super) fn argument(&self, place: usize) -> Option<&BTreeSet<String>> {
        self.defined[self.current?].arguments.get(&place)
    }

    /// The output of a function; `None` if it is unknown.
    pub(super) fn output(&self, name: &str) -> Option<&BTreeSet<String>> {
        let outputs = &self.defined[self.place(name)?].outputs;
        if outputs.is_empty() {
            None
        } else {
            Some(outputs)
        }
    }

    /// The first argument of a function that is the program it runs.
    pub(super) fn runs_from(&self, name: &str) -> Option<usize> {
        self.defined[self.place(name)?].runs_from
    }
}

fn add(values: &mut BTreeSet<String>, value: String) -> bool {
    value.len() <= MAX_VALUE && values.len() < MAX_VALUES && values.insert(value)
}
