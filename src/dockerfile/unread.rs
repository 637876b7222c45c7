//! Limits on the size of Dockerfiles and their scripts, and reports about parts that exceed one.
//!
//! The author of the text may be hostile. A part that is not parsed can contain anything, so it is
//! never skipped silently: rules and tracers report every [`Unread`].

use std::fmt;

use crate::source::Span;

// All limits are far above what people write, and low enough that a hostile file cannot exhaust the
// machine's resources. They are constants, so that a file has the same findings everywhere.

/// Instructions of a file. The longest files that people write have a few hundred.
pub(super) const MAX_INSTRUCTIONS: usize = 10_000;

/// Stages of a file. Several rules check each pair of them.
pub(super) const MAX_STAGES: usize = 1000;

/// Words of a file, without its scripts. A comma and a `$`, also one in a heredoc of COPY, count as
/// well: they separate the values of JSON and the variables of a word. Each takes 1 to 2 KB of
/// memory. The longest Dockerfiles of known projects have some hundreds.
pub(super) const MAX_WORDS: usize = 50_000;

/// Levels of substitutions, subshells, groups, branches and loops inside each other. Scripts that
/// people and tools write have about ten.
pub(super) const MAX_DEPTH: usize = 64;

/// Consecutive wrapper commands, such as `sudo env nice …`. More than four are rare.
pub(super) const MAX_WRAPPERS: usize = 64;

/// Bytes of a script. tree-sitter needs about two hundred bytes of memory for each, and up to seven
/// hundred for some scripts.
pub(super) const MAX_SCRIPT: usize = 384 << 10;

/// Maximum total size of the scripts in a file. Dockerfiles found by a search are not larger.
pub(super) const MAX_SCRIPTS: usize = 1 << 20;

/// Commands of a script. A script of the largest size that people write has half as many; each
/// takes a kilobyte of memory.
pub(super) const MAX_COMMANDS: usize = 50_000;

/// A part of a text that exceeds a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread {
    pub span: Span,
    pub reason: UnreadReason,
}

/// The limit that it exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnreadReason {
    Instructions,
    Stages,
    Words,
    Scripts,
    Commands,
    ScriptDepth,
    ScriptLength,
    ScriptTime,
    Wrappers,
}

impl fmt::Display for UnreadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instructions => write!(f, "more than {MAX_INSTRUCTIONS} instructions"),
            Self::Stages => write!(f, "more than {MAX_STAGES} stages"),
            Self::Words => write!(f, "more than {MAX_WORDS} words"),
            Self::Scripts => write!(f, "more than {} MiB of scripts", MAX_SCRIPTS >> 20),
            Self::Commands => write!(f, "more than {MAX_COMMANDS} commands"),
            Self::ScriptDepth => write!(f, "nested more than {MAX_DEPTH} levels deep"),
            Self::ScriptLength => write!(f, "longer than {} KiB", MAX_SCRIPT >> 10),
            Self::ScriptTime => f.write_str("parsing takes too long"),
            Self::Wrappers => write!(
                f,
                "more than {MAX_WRAPPERS} nested wrapper commands, such as `sudo`"
            ),
        }
    }
}
