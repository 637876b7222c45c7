//! Verification: what worked in the whole image works among the kept names alone.
//!
//! It asks the loader's rules once more, in a view where nothing but the kept names exists, and
//! compares.

mod images;

use std::fmt;

use crate::elf::{Files, Outcome, Request};
use crate::image::{Image, Kind, NameId, ReadError};
use crate::slim::graph::Need;
use crate::slim::plan::Plan;
use crate::slim::program_search::Programs;
use crate::slim::tracers::elf::{self, Loading};
use crate::slim::tracers::{runtimes, shebang};
use crate::slim::view::View;
use crate::slim::why::Field;

pub use images::verify_against;

/// A kept name that no longer finds what it found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failure {
    pub at: NameId,
    pub lost: Lost,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lost {
    /// It would be another file, or none.
    Need(Need),
    /// What the link leads to.
    Target,
    /// The directory it is in.
    Directory,
    /// The program of a field of the configuration, which this was.
    Program(Field),
    /// The user whom the program runs as is in it.
    User(String),
    Workdir,
    /// What an archive says of it, or its content, is another: of two images.
    Changed(&'static str),
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Need(need) => write!(f, "it no longer finds {need}"),
            Self::Target => f.write_str("the link no longer leads to what it did"),
            Self::Directory => f.write_str("its directory is not kept"),
            Self::Program(field) => write!(f, "it is not kept, and is the program of {field}"),
            Self::User(user) => write!(f, "it is not kept, and says who the user `{user}` is"),
            Self::Workdir => f.write_str("it is not kept, and is the working directory"),
            Self::Changed(what) => write!(f, "its {what} is not what it was"),
        }
    }
}

/// Compares the kept names with the image. Failures are in order; none is what there should be.
pub fn verify(image: &Image, plan: &Plan) -> Result<Vec<Failure>, ReadError> {
    let is_started = |name| !runtimes::is_module(&image.tree, plan.graph(), name);
    verify_names(
        image,
        plan.kept(),
        (&plan.programs, plan.keeps_opened),
        &is_started,
    )
}

/// The same for names of an image, whoever chose them; beside the programs stands whether what they
/// may open is kept.
pub(super) fn verify_names(
    image: &Image,
    kept: &[NameId],
    programs: (&[elf::Program], bool),
    is_started: &dyn Fn(NameId) -> bool,
) -> Result<Vec<Failure>, ReadError> {
    let mut visible = vec![false; image.tree.name_count()];
    for name in kept {
        visible[name.index()] = true;
    }
    let before = View::new(image);
    let after = View::new(image).only(&visible);
    let mut failures = Vec::new();
    verify_config(&before, &after, &mut failures);
    for &name in kept {
        verify_name(&before, &after, name, &visible, &mut failures);
        if let Some(lost) = lost_interpreter(&before, &after, name).filter(|_| is_started(name)) {
            failures.push(Failure {
                at: name,
                lost: Lost::Need(lost),
            });
        }
    }
    verify_programs(&before, &after, programs, &mut failures);
    for view in [before, after] {
        if let Some(error) = view.failure() {
            return Err(error);
        }
    }
    failures.sort();
    failures.dedup();
    Ok(failures)
}

/// The programs of the configuration, its user and its working directory.
fn verify_config(before: &View<'_>, after: &View<'_>, failures: &mut Vec<Failure>) {
    let config = &before.image.config;
    let programs = Programs::of(config);
    let mut lost = |path: &[u8], lost: Lost| {
        if let Ok(resolved) = before.resolve(path)
            && after.resolve(path).is_err()
        {
            failures.push(Failure {
                at: resolved.name,
                lost,
            });
        }
    };
    let test = config.healthcheck().unwrap_or_default();
    let health = if test.first() == Some(&"CMD") {
        test.get(1).copied()
    } else {
        None
    };
    let entry = config
        .entrypoint()
        .first()
        .copied()
        .map(|word| (Field::Entrypoint, word));
    let first = entry.or_else(|| config.cmd().first().copied().map(|word| (Field::Cmd, word)));
    for (field, word) in first
        .into_iter()
        .chain(health.map(|word| (Field::Healthcheck, word)))
    {
        if let Some(path) = programs.find(before, word.as_bytes()) {
            lost(&path, Lost::Program(field));
        }
    }
    lost(config.working_dir().as_bytes(), Lost::Workdir);
    let is_named = |name: &&str| !name.is_empty() && name.parse::<u32>().is_err();
    let mut names = config.user().split(':');
    for (file, name) in [
        (&b"/etc/passwd"[..], names.next()),
        (b"/etc/group", names.next()),
    ] {
        if let Some(name) = name.filter(is_named) {
            lost(file, Lost::User(name.to_owned()));
        }
    }
}

fn verify_name(
    before: &View<'_>,
    after: &View<'_>,
    name: NameId,
    visible: &[bool],
    failures: &mut Vec<Failure>,
) {
    let tree = before.tree();
    let parent = tree.parent(name);
    if parent != NameId::ROOT && !visible[parent.index()] {
        failures.push(Failure {
            at: name,
            lost: Lost::Directory,
        });
    }
    let path = tree.path(name);
    match &tree.inode(name).kind {
        Kind::Symlink { .. } if before.resolve(&path).is_ok() && after.resolve(&path).is_err() => {
            failures.push(Failure {
                at: name,
                lost: Lost::Target,
            });
        }
        _ => {}
    }
}

/// What the `#!` line of a script names and `env` there starts, if it is no longer the same.
fn lost_interpreter(before: &View<'_>, after: &View<'_>, name: NameId) -> Option<Need> {
    if before.tree().inode(name).header.mode & 0o111 == 0 {
        return None;
    }
    let bytes = shebang::head(before, name);
    let shebang = shebang::parse(&bytes)?;
    let programs = Programs::of(&before.image.config);
    let is_lost = |word: &[u8]| programs.find(before, word) != programs.find(after, word);
    // The kernel does not look at PATH: `#!php` is a file of the working directory.
    if is_lost(&programs.absolute(shebang.interpreter)) {
        return Some(Need::Shebang(shebang.interpreter.to_vec()));
    }
    let program = shebang.env_program()?;
    if is_lost(&program) {
        Some(Need::Shebang(program))
    } else {
        None
    }
}

fn verify_programs(
    before: &View<'_>,
    after: &View<'_>,
    (programs, keeps_opened): (&[elf::Program], bool),
    failures: &mut Vec<Failure>,
) {
    let loading = |view| {
        if keeps_opened {
            Loading::new(view).opening()
        } else {
            Loading::new(view)
        }
    };
    let mut loading = [loading(before), loading(after)];
    for program in programs {
        let Ok(elf) = before.elf_of(program.name) else {
            continue;
        };
        if after.look(&program.loader) != before.look(&program.loader) {
            let lost = Lost::Need(Need::Interpreter(program.loader.clone()));
            failures.push(Failure {
                at: program.name,
                lost,
            });
            continue;
        }
        let [loading_before, loading_after] = &mut loading;
        let loader_before = loading_before.loader(before, &program.loader, elf);
        let loader_after = loading_after.loader(after, &program.loader, elf);
        for environment in elf::environments(before, loading_before, program.name) {
            let (process_before, _) = elf::start(
                before,
                loading_before,
                &loader_before,
                &environment,
                program.name,
            );
            let (process_after, _) = elf::start(
                after,
                loading_after,
                &loader_after,
                &environment,
                program.name,
            );
            let at = |object: usize| {
                let path = &process_before.objects()[object].path;
                before
                    .resolve(path)
                    .map_or(program.name, |resolved| resolved.name)
            };
            // After the first difference the two processes are built differently.
            let requests = process_before
                .requests()
                .iter()
                .zip(process_after.requests());
            if let Some((request, _)) = requests
                .into_iter()
                .find(|(before, after)| !same(before, after))
            {
                let lost = Lost::Need(Need::Library(request.name.clone()));
                failures.push(Failure {
                    at: at(request.by),
                    lost,
                });
                continue;
            }
            let unmet_before = process_before.unmet_versions(|file| before.versions(file));
            for unmet in process_after.unmet_versions(|file| after.versions(file)) {
                if !unmet_before.contains(&unmet) {
                    let library = process_after.objects()[unmet.library].path.clone();
                    let lost = Lost::Need(Need::Version(library, unmet.version));
                    failures.push(Failure {
                        at: at(unmet.by),
                        lost,
                    });
                }
            }
        }
    }
}

/// Whether a need found the same files, under the same names; where it looks in vain may differ.
fn same(before: &Request, after: &Request) -> bool {
    match (&before.outcome, &after.outcome) {
        (Outcome::Found(before), Outcome::Found(after)) => before == after,
        (Outcome::Missing(_), Outcome::Missing(_)) => true,
        _ => false,
    }
}

#[cfg(test)]
#[expect(dead_code, reason = "these tests need little of it")]
#[path = "../../../tests/it/builders/elf_file.rs"]
mod elf_file;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Config, Content, Header, Inode, Options, Reference, Silent, Tree};
    use crate::slim::{PlanOptions, plan};

    use super::elf_file::{GLIBC, library, program};

    fn insert(tree: &mut Tree, path: &str, kind: Kind) {
        let (directory, name) = path.rsplit_once('/').unwrap();
        let mut at = NameId::ROOT;
        let inode = |kind| Inode {
            kind,
            header: Header {
                mode: 0o755,
                ..Header::default()
            },
            layer: 0,
        };
        for component in directory
            .split('/')
            .filter(|component| !component.is_empty())
        {
            let there = tree.child(at, component.as_bytes());
            at = there
                .unwrap_or_else(|| tree.insert(at, component.as_bytes(), inode(Kind::Directory)));
        }
        tree.insert(at, name.as_bytes(), inode(kind));
    }

    /// A script whose interpreter is a link to a program with a library.
    fn image() -> Image {
        let directory = tempfile::tempdir().unwrap();
        let reference = Reference::Rootfs {
            path: directory.path().to_owned(),
        };
        let mut image = Image::open(&reference, &Options::default(), &Silent).unwrap();
        image.config = Config::new(serde_json::json!({"config": {"Entrypoint": ["/entry"]}}));
        let file = |bytes: &[u8]| Kind::File(Content::Bytes(bytes.to_vec()));
        let tree = &mut image.tree;
        insert(tree, "/entry", file(b"#!/bin/app\n"));
        insert(
            tree,
            "/bin/app",
            Kind::Symlink {
                target: b"/opt/app".to_vec(),
            },
        );
        insert(
            tree,
            "/opt/app",
            file(&program(GLIBC).needs("liba.so.1").bytes()),
        );
        insert(tree, GLIBC, file(&library("ld-linux-x86-64.so.2").bytes()));
        insert(tree, "/lib/liba.so.1", file(&library("liba.so.1").bytes()));
        insert(
            tree,
            "/usr/lib/liba.so.1",
            file(&library("liba.so.1").bytes()),
        );
        image
    }

    /// What is said of a plan from which a name was taken.
    fn failures_without(path: &str) -> Vec<String> {
        let image = image();
        let mut plan = plan(&image, &PlanOptions::default()).unwrap();
        assert_eq!(verify(&image, &plan).unwrap(), []);
        let name = image.tree.resolve_link(path.as_bytes()).unwrap().name;
        plan.kept.retain(|&kept| kept != name);
        let line = |failure: &Failure| {
            format!(
                "{}: {}",
                String::from_utf8(image.tree.path(failure.at)).unwrap(),
                failure.lost
            )
        };
        verify(&image, &plan).unwrap().iter().map(line).collect()
    }

    #[test]
    fn a_lost_library_is_told() {
        assert_eq!(
            failures_without("/lib/liba.so.1"),
            ["/opt/app: it no longer finds the library `liba.so.1`"]
        );
    }

    #[test]
    fn a_lost_entry_point_is_told() {
        assert_eq!(
            failures_without("/entry"),
            ["/entry: it is not kept, and is the program of ENTRYPOINT"]
        );
    }

    #[test]
    fn a_lost_loader_is_told() {
        assert_eq!(
            failures_without(GLIBC),
            [format!("/opt/app: it no longer finds the loader `{GLIBC}`")]
        );
    }

    #[test]
    fn a_lost_interpreter_is_told() {
        assert_eq!(
            failures_without("/bin/app"),
            ["/entry: it no longer finds the interpreter `/bin/app`"]
        );
    }

    #[test]
    fn a_lost_target_is_told() {
        let failures = failures_without("/opt/app");
        assert!(
            failures.contains(&"/bin/app: the link no longer leads to what it did".to_owned()),
            "{failures:?}"
        );
    }

    #[test]
    fn a_lost_directory_is_told() {
        assert!(
            failures_without("/opt").contains(&"/opt/app: its directory is not kept".to_owned())
        );
    }
}
