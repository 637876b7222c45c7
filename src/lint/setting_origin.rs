//! The places in configuration files where settings are made, for findings that rest on them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::code::ShellcheckCode;
use super::finding::Label;
use crate::source::{Source, Span};

/// A setting that a finding can rest on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SettingKey {
    /// The severity of a rule; in a policy, that the rule is forbidden.
    Rule(&'static str),
    /// The severity of a ShellCheck code.
    Code(ShellcheckCode),
    /// A label of the schema.
    Label(String),
    /// A setting by its name: `max-size`.
    Name(&'static str),
    /// An exception of a policy, by its index.
    Exception(usize),
}

/// A place in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingOrigin {
    pub file: Arc<Source>,
    pub span: Span,
}

/// The places of all settings that come from a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingOrigins(BTreeMap<SettingKey, SettingOrigin>);

impl SettingOrigins {
    /// Records where a setting comes from. The last one wins; `None` is for a setting that comes
    /// from an argument or the environment.
    pub fn add(&mut self, key: SettingKey, origin: Option<SettingOrigin>) {
        match origin {
            Some(origin) => self.0.insert(key, origin),
            None => self.0.remove(&key),
        };
    }

    /// A label at the place of a setting, if it comes from a file.
    pub fn label(&self, key: &SettingKey, message: impl Into<String>) -> Option<Label> {
        let SettingOrigin { file, span } = self.0.get(key)?.clone();
        Some(Label {
            file: Some(file),
            span,
            message: message.into(),
        })
    }
}
