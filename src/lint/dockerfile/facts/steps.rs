//! Instructions and the state in which each one runs: stage, user, working directory, shell.

use std::rc::Rc;

use super::base::Known;
use super::mounts::{self, MountFlag};
use super::scope::Scopes;
use super::shell::{Shell, ShellKind};
use super::stages::{self, Base, Stage};
use crate::dockerfile::{Body, Command, Comment, Dockerfile, Flag, Instruction, Kind, Word};
use crate::lint::pragma;
use crate::paths::add_components;
use crate::source::Span;

/// An instruction and the state in which it runs.
#[derive(Debug)]
pub struct Step<'a> {
    pub index: usize,
    /// The instruction; for `ONBUILD`, the one inside.
    pub instruction: &'a Instruction,
    /// The span of the whole instruction, `ONBUILD` included.
    pub span: Span,
    /// Whether it is inside an `ONBUILD` and runs only in builds on top of the image.
    pub onbuild: bool,
    /// The index of the stage; `None` before the first `FROM`.
    pub stage: Option<usize>,
    /// The last `USER` before it, in this stage or its ancestry.
    pub user: Option<Rc<User>>,
    pub workdir: Rc<Workdir>,
    pub shell: Rc<Shell>,
    pub mounts: Vec<MountFlag<'a>>,
}

/// The user set by a `USER` instruction.
#[derive(Debug)]
pub struct User {
    /// The `USER` instruction.
    pub span: Span,
    /// The stage of that instruction.
    pub stage: usize,
    /// The value, such as `name` or `1000:1000`; `None` if it depends on an unknown variable.
    pub name: Option<String>,
}

impl User {
    /// Whether a user is `root` or 0, with any group.
    pub fn is_root(name: &str) -> bool {
        matches!(name.split(':').next(), Some("root" | "0"))
    }
}

/// The working directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workdir {
    /// The absolute path; `None` if it depends on an unknown base image or variable.
    pub path: Option<String>,
    /// The last `WORKDIR` of the ancestry.
    pub set_by: Option<Span>,
}

impl<'a> Step<'a> {
    pub fn kind(&self) -> Kind {
        self.instruction.keyword.kind
    }

    pub fn flag(&self, name: &str) -> Option<&'a Flag> {
        self.instruction.flags.iter().find(|flag| flag.name == name)
    }

    /// The word of `--from` and the name in it, unless it depends on an unknown variable.
    pub fn copied_from(&self) -> Option<(&'a Word, &'a str)> {
        let word = self.flag("from")?.value.as_ref()?;
        match word.literal() {
            Some("") | None => None,
            Some(name) => Some((word, name)),
        }
    }

    /// The stages and images that `--from` and the `from=` of mounts refer to.
    pub fn sources(&self) -> Vec<&str> {
        let mut sources = Vec::new();
        for flag in &self.instruction.flags {
            if flag.name == "from"
                && let Some(word) = &flag.value
            {
                sources.push(word.text.as_str());
            }
        }
        for mount in &self.mounts {
            if let Some(from) = mount.field("from") {
                sources.extend(from.value.as_deref());
            }
        }
        sources.retain(|source| !source.is_empty());
        sources
    }
}

/// The state after an instruction.
struct State {
    stage: Option<usize>,
    user: Option<Rc<User>>,
    workdir: Rc<Workdir>,
    shell: Rc<Shell>,
    /// The kind of `/bin/sh`.
    sh: ShellKind,
    /// Whether the file is one for Windows: only there, the escape character is changed, as paths
    /// have backslashes.
    is_for_windows: bool,
    /// The program of a `# hadolint shell=` before the first `FROM`, which applies to every stage
    /// without its own.
    default_shell: Option<(String, Span)>,
}

/// Reads the file in one pass. Of the comments, only `# hadolint shell=` has an effect.
pub(super) fn read<'a>(
    dockerfile: &'a Dockerfile,
    comments: &[Comment],
    scopes: &mut Scopes,
) -> (Vec<Stage<'a>>, Vec<Step<'a>>) {
    let mut stages: Vec<Stage<'a>> = Vec::new();
    let mut steps = Vec::with_capacity(dockerfile.instructions.len());
    let mut shells: Vec<(Rc<Shell>, ShellKind)> = Vec::new();
    let mut state = State::at_start(dockerfile);
    let mut shell_comments = comments
        .iter()
        .filter_map(|comment| Some((pragma::shell(&comment.text)?, comment.span)))
        .peekable();
    for (index, outer) in dockerfile.instructions.iter().enumerate() {
        // Comments and instructions are in separate lists, both in the order of the file.
        while let Some((program, at)) =
            shell_comments.next_if(|(_, at)| at.start < outer.span.start)
        {
            state.name_shell(program, at);
        }
        if let Some((image, alias)) = stages::from_parts(outer) {
            // The last stage ends here, before the state changes to that of the new one.
            close(&mut stages, &mut shells, &state, index);
            open(
                &mut stages,
                &shells,
                &mut state,
                scopes,
                (index, outer, image, alias),
            );
        }
        let (instruction, onbuild) = inner(outer);
        steps.push(Step {
            index,
            instruction,
            span: outer.span,
            onbuild,
            stage: state.stage,
            user: state.user.clone(),
            workdir: Rc::clone(&state.workdir),
            shell: Rc::clone(&state.shell),
            mounts: mounts::read(instruction, dockerfile.escape),
        });
        // `ONBUILD USER` changes other images, not this one.
        if !onbuild {
            state.apply(index, instruction, scopes);
        }
    }
    close(
        &mut stages,
        &mut shells,
        &state,
        dockerfile.instructions.len(),
    );
    (stages, steps)
}

/// The instruction that rules see, and whether it is inside an `ONBUILD`.
fn inner(outer: &Instruction) -> (&Instruction, bool) {
    match &outer.body {
        Body::Onbuild(inner) => (&**inner, true),
        _ => (outer, false),
    }
}

/// Ends the open stage, if there is one.
fn close(
    stages: &mut [Stage<'_>],
    shells: &mut Vec<(Rc<Shell>, ShellKind)>,
    state: &State,
    end: usize,
) {
    if let Some(stage) = stages.last_mut() {
        stage.steps.end = end;
        stage.user.clone_from(&state.user);
        stage.workdir = Rc::clone(&state.workdir);
        shells.push((Rc::clone(&state.shell), state.sh));
    }
}

/// Starts the stage of a `FROM`, with the state of the stage or image that it is built on.
fn open<'a>(
    stages: &mut Vec<Stage<'a>>,
    shells: &[(Rc<Shell>, ShellKind)],
    state: &mut State,
    scopes: &mut Scopes,
    (index, from, image, alias): (usize, &'a Instruction, &'a Word, Option<&'a Word>),
) {
    let base = stages::base_of(stages, &scopes.expand_in_part(None, index, image));
    let (parent, known) = match &base {
        Base::Scratch => (None, Some(Known::scratch())),
        Base::Stage(at) => (Some(*at), stages[*at].known),
        Base::Image(reference) => (None, Known::find(reference)),
    };
    state.stage = Some(stages.len());
    // A stage inherits the user, the directory and the shell that the other one ends with.
    if let Some(parent) = parent {
        state.user.clone_from(&stages[parent].user);
        state.workdir = Rc::clone(&stages[parent].workdir);
        (state.shell, state.sh) = (Rc::clone(&shells[parent].0), shells[parent].1);
    } else {
        state.user = None;
        let path = known.and_then(|known| known.workdir.clone());
        state.workdir = Rc::new(Workdir { path, set_by: None });
        state.sh = known.map_or(ShellKind::Posix, Known::sh);
        // Windows images run `cmd`, whatever a `/bin/sh` in them would be.
        let default = if known.map_or(state.is_for_windows, Known::is_windows) {
            ShellKind::Cmd
        } else {
            state.sh
        };
        state.shell = Rc::new(match &state.default_shell {
            Some((program, at)) => Shell::from_words(&[program], state.sh, *at),
            None => Shell::default_of(default),
        });
    }
    scopes.open_stage(parent, base == Base::Scratch);
    stages.push(Stage {
        index: stages.len(),
        from,
        image,
        alias,
        base,
        known,
        steps: index..index,
        user: None,
        workdir: Rc::clone(&state.workdir),
        reachable: false,
    });
}

impl State {
    /// The state before the first instruction.
    fn at_start(dockerfile: &Dockerfile) -> Self {
        Self {
            stage: None,
            user: None,
            workdir: Rc::new(Workdir {
                path: None,
                set_by: None,
            }),
            shell: Rc::new(Shell::default_of(ShellKind::Posix)),
            sh: ShellKind::Posix,
            is_for_windows: dockerfile.escape == '`',
            default_shell: None,
        }
    }

    /// Sets the shell named in a comment, until a `SHELL` or the next stage.
    fn name_shell(&mut self, program: &str, at: Span) {
        self.shell = Rc::new(Shell::from_words(&[program], self.sh, at));
        if self.stage.is_none() {
            self.default_shell = Some((program.to_owned(), at));
        }
    }

    /// Applies the effect of an instruction.
    fn apply(&mut self, index: usize, instruction: &Instruction, scopes: &mut Scopes) {
        match (&instruction.body, instruction.keyword.kind) {
            (Body::Pairs(pairs), Kind::Arg) => {
                for pair in pairs {
                    scopes.declare(
                        self.stage,
                        index,
                        pair.key.text.as_str(),
                        pair.value.as_ref(),
                    );
                }
            }
            (Body::Pairs(pairs), Kind::Env) => {
                // `ENV` before the first `FROM` is an error that another rule reports.
                let Some(stage) = self.stage else { return };
                let mut named = Vec::new();
                for pair in pairs {
                    // Names may contain variables too. A variable with an unknown name cannot be
                    // looked up later.
                    if let Some(name) = scopes.expand(self.stage, index, &pair.key)
                        && let Some(value) = &pair.value
                    {
                        named.push((name, value));
                    }
                }
                scopes.set(stage, index, &named);
            }
            (Body::Words { words, .. }, Kind::User) => {
                let (Some(stage), Some(word)) = (self.stage, words.first()) else {
                    return;
                };
                let name = scopes
                    .expand(self.stage, index, word)
                    .map(|name| name.trim().to_owned());
                self.user = Some(Rc::new(User {
                    span: instruction.span,
                    stage,
                    name,
                }));
            }
            (Body::Words { words, .. }, Kind::Workdir) => {
                let Some(word) = words.first() else { return };
                // One unknown part makes the whole directory unknown, until an absolute path.
                let to = scopes.expand(self.stage, index, word);
                let path = to.and_then(|to| join(self.workdir.path.as_deref(), &to));
                self.workdir = Rc::new(Workdir {
                    path,
                    set_by: Some(instruction.span),
                });
            }
            (Body::Command(Command::Exec(words)), Kind::Shell) => {
                let words: Vec<&str> = words.iter().map(|word| word.value.as_str()).collect();
                self.shell = Rc::new(Shell::from_words(&words, self.sh, instruction.span));
            }
            _ => {}
        }
    }
}

/// Whether a path is absolute, on Linux or on Windows.
pub fn is_absolute(path: &str) -> bool {
    let bytes = path.as_bytes();
    let drive = bytes.len() >= 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':';
    path.starts_with('/') || path.starts_with('\\') || drive
}

/// The directory after `WORKDIR to` in `from`; `None` if it is not known.
fn join(from: Option<&str>, to: &str) -> Option<String> {
    if is_absolute(to) {
        return Some(to.to_owned());
    }
    let mut parts = Vec::new();
    add_components(&mut parts, from?);
    add_components(&mut parts, to);
    // Linux allows no longer paths, and a path that grows with every instruction must be limited.
    let path = format!("/{}", parts.join("/"));
    if path.len() <= 4096 { Some(path) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_workdir_extends_the_previous_one() {
        assert_eq!(
            join(Some("/app"), "src/./x/../y").as_deref(),
            Some("/app/src/y")
        );
        assert_eq!(join(Some("/app"), "/srv").as_deref(), Some("/srv"));
        assert_eq!(join(None, "src"), None);
        assert!(is_absolute(r"C:\app") && is_absolute("/") && !is_absolute("C"));
    }
}
