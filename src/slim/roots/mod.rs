//! Roots: files required by the image configuration and the user.

mod command;
mod copied;
mod deployed;
mod home;
mod made;
mod observed;
mod purpose;
mod variables;
mod words;

use std::rc::Rc;

use home::{home, keep_home};
use variables::keep_variables;
use words::{shell_words, words_of};

use crate::image::{Config, NameId};
use crate::packages::Packages;
use crate::paths::Glob;
use crate::slim::keep::Keep;
use crate::slim::modules::node::Installed;
use crate::slim::options::{Modules, PlanError, PlanOptions};
use crate::slim::system_directories::is_system_directory;
use crate::slim::tracers::runtimes::without_leftovers;
use crate::slim::why::{Confidence, Field, Language, Root, Why};

/// Keeps the files named in the configuration and by the user.
pub(super) fn keep(keep: &mut Keep<'_>, options: &PlanOptions) -> Result<(), PlanError> {
    let image = keep.view.image;
    let config = &image.config;
    if options.level == Confidence::Observed {
        keep.graph.replace_by_observation();
    }
    // Dropping comes first, because a kept name stays kept.
    for pattern in &options.drop {
        drop_glob(keep, pattern)?;
    }
    // The program comes before `--keep`, because it is the better reason for files that both
    // require.
    keep_program(keep, config, options)?;
    keep_healthcheck(keep, config);
    deployed::keep(keep, &options.deployed);
    for pattern in &options.keep {
        keep_glob(keep, pattern)?;
    }
    for path in &options.asked_for {
        keep.keep_path(path, None, Why::Root(Root::AskedFor));
    }
    if let Some(observation) = &options.observed {
        observed::keep(keep, observation);
    }
    keep_variables(keep, config);
    keep_directories(keep, config);
    keep_home(keep);
    if !config.onbuild().is_empty() {
        keep.note(
            None,
            None,
            "ONBUILD instructions are not analyzed: images built from this one may need more"
                .to_owned(),
        );
    }
    Ok(())
}

/// Leaves the packages of applications to the requests of their sources, unless the sources are not
/// in the image.
fn leave_packages(keep: &mut Keep<'_>, level: Modules) {
    if level != Modules::Whole && !keep.unknown_code.contains_key(&Language::Node) {
        keep.module_level = level;
        keep.installed = Rc::new(Installed::find(keep.view));
        let directories = keep.installed.directories();
        keep.imports.package_directories.extend(directories);
        let installed = Rc::clone(&keep.installed);
        for &table in &installed.tables {
            let text = "all packages that Yarn's Plug'n'Play installed are kept".to_owned();
            keep.note(Some(table), None, text);
        }
    }
}

/// Keeps the files added by COPY and ADD instructions. Unconditional rules come before this,
/// because their reasons are better.
pub(super) fn keep_copied(keep: &mut Keep<'_>) {
    copied::keep(keep);
}

/// Keeps files that RUN instructions created and no package owns, and the contents of directories
/// named by variables.
pub(super) fn keep_made(keep: &mut Keep<'_>, packages: &Packages) {
    let home = home(keep);
    made::keep(keep, home.as_deref(), packages);
}

/// Keeps programs that are installed together with the image's own program, and their dependencies.
pub(super) fn keep_companions(keep: &mut Keep<'_>, companions: &[NameId]) {
    for &name in companions {
        let path = keep.tree().path(name);
        keep.keep_path(&path, None, Why::Root(Root::Companion));
    }
}

/// ENTRYPOINT followed by CMD.
fn keep_program(
    keep: &mut Keep<'_>,
    config: &Config,
    options: &PlanOptions,
) -> Result<(), PlanError> {
    // The user specifies what to keep.
    let may_be_missing = !options.keep.is_empty() || deployed::has_program(&options.deployed);
    let mut command = words_of(Field::Entrypoint, &config.entrypoint());
    command.extend(words_of(Field::Cmd, &config.cmd()));
    if command::has_program(keep, &command) {
        purpose::check(keep, &command, may_be_missing);
    }
    // An argument may be a directory that contains packages, as in `node .`.
    leave_packages(keep, options.modules);
    let Some((field, program)) = command.first().cloned() else {
        // `--keep` is enough to slim an image that only contains files, such as a source for `COPY
        // --from`.
        return if may_be_missing {
            Ok(())
        } else {
            Err(PlanError::NoProgram)
        };
    };
    // Without its program, an image is useless, unless the user specified the files to keep.
    if command::keep(keep, &command) {
        return Ok(());
    }
    if !may_be_missing {
        return Err(program_not_found(keep, field, program));
    }
    keep.note(
        None,
        None,
        format!("`{program}`, the {field} program, does not exist"),
    );
    Ok(())
}

fn program_not_found(keep: &Keep<'_>, field: Field, program: String) -> PlanError {
    // A program with a slash in its name is not searched for in PATH, so there is no list to show.
    let looked_in = if program.contains('/') {
        Vec::new()
    } else {
        keep.programs.listed_path()
    };
    PlanError::ProgramNotFound {
        field,
        program,
        looked_in,
    }
}

fn keep_healthcheck(keep: &mut Keep<'_>, config: &Config) {
    let words = healthcheck_words(config);
    if !words.is_empty() && !command::keep(keep, &words) {
        keep.note(
            None,
            None,
            format!("`{}`, the HEALTHCHECK program, does not exist", words[0].1),
        );
    }
}

/// The command of the health check; empty if there is none.
fn healthcheck_words(config: &Config) -> Vec<(Field, String)> {
    let test = config.healthcheck().unwrap_or_default();
    match test.split_first() {
        Some((&"CMD", command)) => words_of(Field::Healthcheck, command),
        Some((&"CMD-SHELL", script)) => shell_words(config, Field::Healthcheck, script),
        // `NONE` disables the health check of the base image.
        _ => Vec::new(),
    }
}

/// Keeps the working directory and volumes: the files in a volume are the initial contents in each
/// new container.
fn keep_directories(keep: &mut Keep<'_>, config: &Config) {
    let workdir = config.working_dir().as_bytes();
    keep.keep_path(workdir, None, Why::Root(Root::Workdir));
    // Without WORKDIR, it is the root, which contains everything.
    if keep
        .tree()
        .resolve(workdir)
        .is_ok_and(|resolved| resolved.name != NameId::ROOT)
    {
        keep_workdir(keep, workdir);
    }
    for volume in config.volumes() {
        let why = Why::Root(Root::Volume);
        if let Some(directory) = keep.keep_path(volume.as_bytes(), None, why.clone()) {
            keep.keep_below(directory, None, &why);
        }
    }
}

/// Empty directories in the working directory exist for a purpose; the files in it are the
/// application, unless it is a directory of the distribution.
fn keep_workdir(keep: &mut Keep<'_>, workdir: &[u8]) {
    let tree = keep.tree();
    let Ok(resolved) = tree.resolve(workdir) else {
        return;
    };
    let is_own = !is_system_directory(tree, resolved.name);
    for name in without_leftovers(tree, &keep.installed, tree.below(resolved.name)) {
        if tree.is_directory(name) && tree.children(name).next().is_none() {
            keep.graph.keep(name, None, Why::Root(Root::Workdir));
        }
        // An application may open any file next to it.
        if is_own {
            keep.keep_added(name, Root::InWorkdir);
        }
    }
}

/// Drops the names that match a pattern.
fn drop_glob(keep: &mut Keep<'_>, pattern: &str) -> Result<(), PlanError> {
    for (dropped, _) in matching(keep, "--drop", pattern)? {
        keep.graph.drop_name(dropped);
        // If a directory were dropped without its entries, files would have no parent.
        for name in keep.tree().below(dropped) {
            keep.graph.drop_name(name);
        }
    }
    Ok(())
}

/// Keeps the names that match a pattern.
fn keep_glob(keep: &mut Keep<'_>, pattern: &str) -> Result<(), PlanError> {
    let why = Why::Root(Root::Glob {
        pattern: pattern.to_owned(),
    });
    // `--keep pg_dump`: a word without a slash is a program, as in a shell.
    let is_word = !pattern.contains(['/', '*', '?', '[', '{']);
    if is_word && let Some(path) = keep.programs.find(keep.view, pattern.as_bytes()) {
        keep.keep_path(&path, None, why);
        return Ok(());
    }
    for (name, crossed) in matching(keep, "--keep", pattern)? {
        keep.graph.keep(name, None, why.clone());
        keep.keep_way(name, &crossed);
    }
    Ok(())
}

/// Names that match a user's pattern, at least one, and the path to each. The part before the first
/// wildcard may go through symlinks.
fn matching(
    keep: &Keep<'_>,
    option: &'static str,
    pattern: &str,
) -> Result<Vec<(NameId, Vec<NameId>)>, PlanError> {
    let nothing = || PlanError::MatchesNothing {
        option,
        pattern: pattern.to_owned(),
    };
    // The part before the first wildcard is resolved like a path, so that `/lib/*` works if `/lib`
    // is a symlink.
    let (start, rest) = split_at_wildcard(pattern);
    let tree = keep.tree();
    // Without a wildcard, the pattern refers to the entry itself, even if it is a symlink.
    if rest.is_empty() {
        let resolved = tree.resolve_link(start.as_bytes()).map_err(|_| nothing())?;
        return Ok(vec![(resolved.name, resolved.crossed)]);
    }
    let glob = Glob::new(&rest).map_err(|source| PlanError::Glob {
        option,
        pattern: pattern.to_owned(),
        source,
    })?;
    let resolved = tree.resolve(start.as_bytes()).map_err(|_| nothing())?;
    // The pattern is matched against the rest of each path, after the directory and its slash; the
    // path of the root is only the slash.
    let skipped = if resolved.name == NameId::ROOT {
        1
    } else {
        tree.path(resolved.name).len() + 1
    };
    let mut matched = Vec::new();
    for name in tree.below(resolved.name) {
        if glob.is_match(&tree.path(name)[skipped..]) {
            matched.push((name, resolved.crossed.clone()));
        }
    }
    // A pattern that matches nothing is probably a typo, and ignoring it would drop the file that
    // it was meant to keep.
    if matched.is_empty() {
        Err(nothing())
    } else {
        Ok(matched)
    }
}

/// The directory before the first wildcard of a pattern, and the rest of the pattern.
fn split_at_wildcard(pattern: &str) -> (String, String) {
    let components: Vec<&str> = pattern.trim_matches('/').split('/').collect();
    let literal = components
        .iter()
        .take_while(|component| !component.contains(['*', '?', '[', '{', '\\']))
        .count();
    let (start, rest) = components.split_at(literal);
    (format!("/{}", start.join("/")), rest.join("/"))
}
