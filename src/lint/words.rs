//! Where a configuration says what: the words that findings rest on.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::code::ShellcheckCode;
use super::finding::Label;
use crate::source::{Source, Span};

/// What a word of a configuration is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// The severity of a rule, or in a policy that it is forbidden.
    Rule(&'static str),
    /// The severity of one of ShellCheck's codes.
    Code(ShellcheckCode),
    /// A label of the schema.
    Label(String),
    /// A setting by its name: `max-size`.
    Setting(&'static str),
    /// An exception of a policy, by its place among them.
    Exception(usize),
}

/// A place in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub file: Arc<Source>,
    pub span: Span,
}

/// What was said where; nothing of what no file said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words(BTreeMap<Topic, Word>);

impl Words {
    /// The last word on a topic counts; none where it was said elsewhere than in a file.
    pub fn add(&mut self, topic: Topic, word: Option<Word>) {
        match word {
            Some(word) => self.0.insert(topic, word),
            None => self.0.remove(&topic),
        };
    }

    /// A label at the word on a topic, where there is one.
    pub fn label(&self, topic: &Topic, message: impl Into<String>) -> Option<Label> {
        let Word { file, span } = self.0.get(topic)?.clone();
        Some(Label {
            file: Some(file),
            span,
            message: message.into(),
        })
    }
}
