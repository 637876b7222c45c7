//! Places that programs write to at run time, ports that they listen on, and changes of their user,
//! as far as keep rules and scripts tell.
//!
//! Slimming does not need them. They are collected during the same reading of scripts and
//! configuration files, so that `harden` does not have to read these again.

use std::collections::BTreeSet;

use crate::image::NameId;

/// Maximum number of records of each kind. A script may write to a place on each of its lines.
const MAX_RECORDS: usize = 10_000;

/// A path that something writes to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Write {
    /// Absolute; it need not exist in the image.
    pub path: Vec<u8>,
    pub kind: WrittenKind,
    pub lifetime: Lifetime,
    pub by: Writer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WrittenKind {
    /// A directory in which files are created.
    Directory,
    /// A file, which is created or replaced in its directory.
    File,
    /// One of both: the path only exists at run time.
    Unknown,
}

/// The time for which written data is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lifetime {
    /// It may be lost with the container, as sockets, locks and caches may.
    Temporary,
    /// It is the data of the program.
    Persistent,
    /// The script that writes it does not tell.
    Unknown,
}

/// The source of a [`Write`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Writer {
    /// A keep rule, and the kept file that triggers it or names the path.
    Rule {
        rule: &'static str,
        at: Option<NameId>,
        /// The line of a file that names the path.
        line: Option<usize>,
    },
    /// A command in a script; `at` is `None` in the image configuration.
    Command {
        at: Option<NameId>,
        line: usize,
        program: String,
    },
}

/// A port that a program listens on, according to its keep rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listen {
    pub rule: &'static str,
    pub port: u16,
    /// The configuration file that says so, or the program.
    pub at: NameId,
    /// The line of the file; `None` if the program listens there by default.
    pub line: Option<usize>,
}

/// A command in a script with the program that it calls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScriptCall {
    /// The script; `None` in the image configuration.
    pub at: Option<NameId>,
    pub line: usize,
    /// The file name of the program or wrapper.
    pub program: String,
    /// The first words after it, as far as they are known.
    pub arguments: Vec<String>,
}

/// Everything that was recorded, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunTimeFacts {
    writes: BTreeSet<Write>,
    calls: BTreeSet<ScriptCall>,
    listens: BTreeSet<Listen>,
}

impl RunTimeFacts {
    pub fn writes(&self) -> impl Iterator<Item = &Write> {
        self.writes.iter()
    }

    pub fn calls(&self) -> impl Iterator<Item = &ScriptCall> {
        self.calls.iter()
    }

    /// The ports of configuration files, and the default ones of programs whose configuration
    /// names none.
    pub fn listens(&self) -> impl Iterator<Item = &Listen> {
        let configured = |rule| {
            self.listens
                .iter()
                .any(|listen| listen.rule == rule && listen.line.is_some())
        };
        self.listens
            .iter()
            .filter(move |listen| listen.line.is_some() || !configured(listen.rule))
    }

    pub(super) fn add_write(&mut self, write: Write) {
        if self.writes.len() < MAX_RECORDS {
            self.writes.insert(write);
        }
    }

    pub(super) fn add_listen(&mut self, listen: Listen) {
        if self.listens.len() < MAX_RECORDS {
            self.listens.insert(listen);
        }
    }

    pub(super) fn add_call(&mut self, call: ScriptCall) {
        if self.calls.len() < MAX_RECORDS {
            self.calls.insert(call);
        }
    }
}
