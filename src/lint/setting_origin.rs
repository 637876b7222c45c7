//! The locations of settings in configuration files, for findings that are based on them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::code::ShellcheckCode;
use super::finding::Label;
use crate::source::{Source, Span};

/// A setting that a finding can be based on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SettingKey {
    /// The severity of a rule; in a policy, the entry that forbids the rule.
    Rule(&'static str),
    /// The severity of a ShellCheck code.
    Code(ShellcheckCode),
    /// A label of the schema.
    Label(String),
    /// A setting identified by its name, such as `max-size`.
    Name(&'static str),
    /// An exception of a policy, by its index.
    Exception(usize),
}

/// A location in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingOrigin {
    pub file: Arc<Source>,
    pub span: Span,
}

/// The locations of all settings that come from a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingOrigins(BTreeMap<SettingKey, SettingOrigin>);

impl SettingOrigins {
    /// Records the origin of a setting. The last one wins; `None` is for a setting that comes from
    /// an argument or the environment.
    pub fn add(&mut self, key: SettingKey, origin: Option<SettingOrigin>) {
        match origin {
            Some(origin) => self.0.insert(key, origin),
            None => self.0.remove(&key),
        };
    }

    /// A label at a setting, if it comes from a file.
    pub fn label(&self, key: &SettingKey, message: impl Into<String>) -> Option<Label> {
        let SettingOrigin { file, span } = self.0.get(key)?.clone();
        Some(Label {
            file: Some(file),
            span,
            message: message.into(),
        })
    }
}
