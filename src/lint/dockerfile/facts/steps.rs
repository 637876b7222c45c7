//! Every instruction with what is in force where it stands: stage, user, directory, shell.

use std::rc::Rc;

use super::base::Known;
use super::scope::Scopes;
use super::shell::{Shell, ShellKind};
use super::stages::{self, Base, Stage};
use crate::dockerfile::{Body, Command, Comment, Dockerfile, Flag, Instruction, Kind, Word};
use crate::lint::pragma;
use crate::source::Span;

/// An instruction in its place.
#[derive(Debug)]
pub struct Step<'a> {
    pub index: usize,
    /// What is done; for ONBUILD, what it puts off.
    pub instruction: &'a Instruction,
    /// The span of the whole instruction, ONBUILD included.
    pub span: Span,
    /// Put off by ONBUILD until somebody builds on the image.
    pub onbuild: bool,
    /// `None` before the first FROM.
    pub stage: Option<usize>,
    /// The last USER before it, in this stage or those it is built on.
    pub user: Option<Rc<User>>,
    pub workdir: Rc<Workdir>,
    pub shell: Rc<Shell>,
}

/// What a USER sets.
#[derive(Debug)]
pub struct User {
    /// The USER instruction.
    pub span: Span,
    /// The stage it stands in.
    pub stage: usize,
    /// `name`, `1000:1000`; `None` where a variable hides it.
    pub name: Option<String>,
}

impl User {
    /// `root` or 0, whatever the group.
    pub fn is_root(name: &str) -> bool {
        matches!(name.split(':').next(), Some("root" | "0"))
    }
}

/// The directory that relative paths start from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workdir {
    /// Absolute; `None` where base image or variables hide it.
    pub path: Option<String>,
    /// The last WORKDIR of the ancestry.
    pub set_by: Option<Span>,
}

impl<'a> Step<'a> {
    pub fn kind(&self) -> Kind {
        self.instruction.keyword.kind
    }

    pub fn flag(&self, name: &str) -> Option<&'a Flag> {
        self.instruction.flags.iter().find(|flag| flag.name == name)
    }

    /// What `--from` names, unless a variable hides it.
    pub fn copied_from(&self) -> Option<(&'a Word, &'a str)> {
        let word = self.flag("from")?.value.as_ref()?;
        word.literal()
            .filter(|name| !name.is_empty())
            .map(|name| (word, name))
    }

    /// The stages and images that `--from` and the `from=` of mounts name.
    pub fn sources(&self) -> impl Iterator<Item = &'a str> {
        let values = self.instruction.flags.iter().filter_map(|flag| {
            let value = flag.value.as_ref()?.text.as_str();
            match flag.name.as_str() {
                "from" => Some(value),
                "mount" => value
                    .split(',')
                    .find_map(|option| option.trim().strip_prefix("from=")),
                _ => None,
            }
        });
        values.filter(|value| !value.is_empty())
    }
}

/// What holds from one instruction to the next.
struct State {
    stage: Option<usize>,
    user: Option<Rc<User>>,
    workdir: Rc<Workdir>,
    shell: Rc<Shell>,
    /// What `/bin/sh` is.
    sh: ShellKind,
    /// The program that `# hadolint shell=` names before the first FROM: for every stage that names
    /// no other.
    default_shell: Option<(String, Span)>,
}

/// Walks the file once. Of the comments, `# hadolint shell=` counts.
pub(super) fn read<'a>(
    dockerfile: &'a Dockerfile,
    comments: &[Comment],
    scopes: &mut Scopes,
) -> (Vec<Stage<'a>>, Vec<Step<'a>>) {
    let mut stages: Vec<Stage<'a>> = Vec::new();
    let mut steps = Vec::with_capacity(dockerfile.instructions.len());
    let mut shells: Vec<(Rc<Shell>, ShellKind)> = Vec::new();
    let mut state = State {
        stage: None,
        user: None,
        workdir: Rc::new(Workdir {
            path: None,
            set_by: None,
        }),
        shell: Rc::new(Shell::default_of(ShellKind::Posix)),
        sh: ShellKind::Posix,
        default_shell: None,
    };
    let mut shell_comments = comments
        .iter()
        .filter_map(|comment| Some((pragma::shell(&comment.text)?, comment.span)))
        .peekable();
    for (index, outer) in dockerfile.instructions.iter().enumerate() {
        while let Some((program, at)) =
            shell_comments.next_if(|(_, at)| at.start < outer.span.start)
        {
            state.name_shell(program, at);
        }
        if let Some((image, alias)) = stages::from_parts(outer) {
            close(&mut stages, &mut shells, &state, index);
            open(
                &mut stages,
                &shells,
                &mut state,
                scopes,
                (index, outer, image, alias),
            );
        }
        let (instruction, onbuild) = match &outer.body {
            Body::Onbuild(inner) => (&**inner, true),
            _ => (outer, false),
        };
        steps.push(Step {
            index,
            instruction,
            span: outer.span,
            onbuild,
            stage: state.stage,
            user: state.user.clone(),
            workdir: Rc::clone(&state.workdir),
            shell: Rc::clone(&state.shell),
        });
        if !onbuild {
            state.take(index, instruction, scopes);
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

/// Ends the stage that is open, if one is.
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
    if let Some(parent) = parent {
        state.user.clone_from(&stages[parent].user);
        state.workdir = Rc::clone(&stages[parent].workdir);
        (state.shell, state.sh) = (Rc::clone(&shells[parent].0), shells[parent].1);
    } else {
        state.user = None;
        let path = known.and_then(|known| known.workdir.clone());
        state.workdir = Rc::new(Workdir { path, set_by: None });
        state.sh = known.map_or(ShellKind::Posix, Known::sh);
        let default = if known.is_some_and(Known::is_windows) {
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
    /// Takes over what a comment says of the shell, until a SHELL or the next stage.
    fn name_shell(&mut self, program: &str, at: Span) {
        self.shell = Rc::new(Shell::from_words(&[program], self.sh, at));
        if self.stage.is_none() {
            self.default_shell = Some((program.to_owned(), at));
        }
    }

    /// Takes over what an instruction sets.
    fn take(&mut self, index: usize, instruction: &Instruction, scopes: &mut Scopes) {
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
                let Some(stage) = self.stage else { return };
                let named = |key: &Word| scopes.expand(self.stage, index, key);
                let pairs: Vec<_> = pairs
                    .iter()
                    .filter_map(|pair| Some((named(&pair.key)?, pair.value.as_ref()?)))
                    .collect();
                scopes.set(stage, index, &pairs);
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

/// Whether a path needs no directory to start from, on Linux or on Windows.
pub fn is_absolute(path: &str) -> bool {
    let bytes = path.as_bytes();
    let drive = bytes.len() >= 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':';
    path.starts_with('/') || path.starts_with('\\') || drive
}

/// Where WORKDIR `to` leads from `from`; `None` where that is not known.
fn join(from: Option<&str>, to: &str) -> Option<String> {
    if is_absolute(to) {
        return Some(to.to_owned());
    }
    let mut parts: Vec<&str> = from?.split('/').filter(|part| !part.is_empty()).collect();
    for part in to.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    // A path that grows with every instruction must not grow without end.
    let path = format!("/{}", parts.join("/"));
    (path.len() <= 4096).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_directory_goes_on_from_the_last() {
        assert_eq!(
            join(Some("/app"), "src/./x/../y").as_deref(),
            Some("/app/src/y")
        );
        assert_eq!(join(Some("/app"), "/srv").as_deref(), Some("/srv"));
        assert_eq!(join(None, "src"), None);
        assert!(is_absolute(r"C:\app") && is_absolute("/") && !is_absolute("C"));
    }
}
