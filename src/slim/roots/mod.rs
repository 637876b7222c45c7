//! Roots: what the image's configuration and the user say is needed.

pub(in crate::slim) mod command;
mod copied;

use globset::GlobBuilder;

use crate::image::{Config, NameId};
use crate::slim::keep_rules;
use crate::slim::plan::{PlanError, PlanOptions};
use crate::slim::trace::Trace;
use crate::slim::tracers::runtimes;
use crate::slim::why::{Field, Root, Why};

pub(super) fn keep(trace: &mut Trace<'_>, options: &PlanOptions) -> Result<(), PlanError> {
    let image = trace.view.image;
    let config = &image.config;
    for pattern in &options.drop {
        let tree = trace.tree();
        for (dropped, _) in matching(trace, "--drop", pattern)? {
            std::iter::once(dropped)
                .chain(tree.below(dropped))
                .for_each(|name| trace.graph.drop_name(name));
        }
    }
    keep_program(trace, config, !options.keep.is_empty())?;
    keep_healthcheck(trace, config);
    for pattern in &options.keep {
        keep_glob(trace, pattern)?;
    }
    keep_variables(trace, config);
    keep_directories(trace, config);
    keep_home(trace, config);
    keep_rules::keep(trace);
    copied::keep(trace);
    if !config.onbuild().is_empty() {
        trace.note(
            None,
            None,
            "what ONBUILD runs in images built from this one is not looked at".to_owned(),
        );
    }
    Ok(())
}

/// ENTRYPOINT with CMD behind it. `may_be_missing`: the user says by hand what to keep.
fn keep_program(
    trace: &mut Trace<'_>,
    config: &Config,
    may_be_missing: bool,
) -> Result<(), PlanError> {
    let entrypoint = config
        .entrypoint()
        .into_iter()
        .map(|word| (Field::Entrypoint, word.to_owned()));
    let cmd = config
        .cmd()
        .into_iter()
        .map(|word| (Field::Cmd, word.to_owned()));
    let command: Vec<(Field, String)> = entrypoint.chain(cmd).collect();
    let Some((field, program)) = command.first().cloned() else {
        return if may_be_missing {
            Ok(())
        } else {
            Err(PlanError::NoProgram)
        };
    };
    if command::keep(trace, &command) {
        return Ok(());
    }
    if !may_be_missing {
        let looked_in = if program.contains('/') {
            Vec::new()
        } else {
            trace.programs.path().to_vec()
        };
        return Err(PlanError::ProgramNotFound {
            field,
            program,
            looked_in,
        });
    }
    trace.note(
        None,
        None,
        format!("`{program}`, the program of {field}, is not there"),
    );
    Ok(())
}

fn keep_healthcheck(trace: &mut Trace<'_>, config: &Config) {
    let Some(test) = config.healthcheck() else {
        return;
    };
    let mut words: Vec<(Field, String)> = Vec::new();
    let mut add =
        |field, list: &[&str]| words.extend(list.iter().map(|word| (field, (*word).to_owned())));
    match test.split_first() {
        Some((&"CMD", command)) => add(Field::Healthcheck, command),
        Some((&"CMD-SHELL", script)) => {
            match config.shell() {
                shell if shell.is_empty() => add(Field::Healthcheck, &["/bin/sh", "-c"]),
                shell => add(Field::Shell, &shell),
            }
            add(Field::Healthcheck, script);
        }
        _ => return,
    }
    if !words.is_empty() && !command::keep(trace, &words) {
        trace.note(
            None,
            None,
            format!("`{}`, the program of HEALTHCHECK, is not there", words[0].1),
        );
    }
}

/// Lists of directories in which something else is looked for: naming them needs nothing of them.
const SEARCH_PATHS: &[&str] = &["PATH", "LD_LIBRARY_PATH", "MANPATH", "INFOPATH"];

fn keep_variables(trace: &mut Trace<'_>, config: &Config) {
    for entry in config.env() {
        let Some((name, value)) = entry.split_once('=') else {
            continue;
        };
        if value.starts_with('/') && !SEARCH_PATHS.contains(&name) {
            let why = Why::Root(Root::Variable {
                name: name.to_owned(),
            });
            trace.keep_path(value.as_bytes(), None, why);
        }
    }
}

/// The working directory, and volumes: what is in a volume is what each new container starts with.
fn keep_directories(trace: &mut Trace<'_>, config: &Config) {
    let workdir = config.working_dir().as_bytes();
    trace.keep_path(workdir, None, Why::Root(Root::Workdir));
    // Without WORKDIR it is the root, and below that is everything.
    if trace
        .tree()
        .resolve(workdir)
        .is_ok_and(|resolved| resolved.name != NameId::ROOT)
    {
        keep_workdir(trace, workdir);
    }
    for volume in config.volumes() {
        let why = Why::Root(Root::Volume);
        if let Some(directory) = trace.keep_path(volume.as_bytes(), None, why.clone()) {
            keep_below(trace, directory, None, &why);
        }
    }
}

/// Empty directories in the working directory are there for a purpose; what else is in it is the
/// application, unless it is a directory of the distribution.
fn keep_workdir(trace: &mut Trace<'_>, workdir: &[u8]) {
    let tree = trace.tree();
    let Ok(resolved) = tree.resolve(workdir) else {
        return;
    };
    let is_own = !command::is_system_directory(trace, resolved.name);
    for name in runtimes::without_leftovers(tree, tree.below(resolved.name)) {
        if tree.is_directory(name) && tree.children(name).next().is_none() {
            trace.graph.keep(name, None, Why::Root(Root::Workdir));
        }
        if is_own {
            trace.graph.keep(name, None, Why::Root(Root::InWorkdir));
        }
    }
}

/// Keeps all that is in a directory; but not the whole image.
pub(super) fn keep_below(trace: &mut Trace<'_>, directory: NameId, by: Option<NameId>, why: &Why) {
    if directory != NameId::ROOT {
        for name in trace.tree().below(directory) {
            trace.graph.keep(name, by, why.clone());
        }
    }
}

/// The home directory of the user whom the container runs as: HOME, or what `/etc/passwd` says.
fn keep_home(trace: &mut Trace<'_>, config: &Config) {
    let user = config.user().split(':').next().unwrap_or_default();
    let user = if user.is_empty() { "0" } else { user };
    let passwd = trace
        .tree()
        .resolve(b"/etc/passwd")
        .ok()
        .and_then(|resolved| trace.view.bytes(resolved.name));
    let home = passwd
        .as_deref()
        .and_then(|passwd| home_of(passwd, user.as_bytes()));
    if home.is_none() && user.parse::<u32>().is_err() {
        trace.note(
            None,
            None,
            format!("the user `{user}` is not in `/etc/passwd`"),
        );
    }
    let set = config
        .env_value("HOME")
        .map(|home| home.as_bytes().to_vec());
    if let Some(home) = set.or(home).filter(|home| home.starts_with(b"/")) {
        trace.keep_path(&home, None, Why::Root(Root::Home));
    }
}

/// The sixth field of the first line whose name or number is `user`.
fn home_of(passwd: &[u8], user: &[u8]) -> Option<Vec<u8>> {
    passwd.split(|&byte| byte == b'\n').find_map(|line| {
        let fields: Vec<&[u8]> = line.split(|&byte| byte == b':').collect();
        let is_user = fields.first() == Some(&user) || fields.get(2) == Some(&user);
        fields.get(5).filter(|_| is_user).map(|home| home.to_vec())
    })
}

/// Keeps what a pattern matches.
fn keep_glob(trace: &mut Trace<'_>, pattern: &str) -> Result<(), PlanError> {
    let why = Why::Root(Root::Glob {
        pattern: pattern.to_owned(),
    });
    for (name, crossed) in matching(trace, "--keep", pattern)? {
        trace.graph.keep(name, None, why.clone());
        trace.keep_way(name, &crossed);
    }
    Ok(())
}

/// What a pattern of the user's matches, which is something, and the way to each. The part before
/// its first wildcard may go through links, as paths do.
fn matching(
    trace: &Trace<'_>,
    option: &'static str,
    pattern: &str,
) -> Result<Vec<(NameId, Vec<NameId>)>, PlanError> {
    let nothing = || PlanError::MatchesNothing {
        option,
        pattern: pattern.to_owned(),
    };
    let trimmed = pattern.trim_matches('/');
    let is_wild = |component: &&str| component.contains(['*', '?', '[', '{', '\\']);
    let literal: Vec<&str> = trimmed
        .split('/')
        .take_while(|component| !is_wild(component))
        .collect();
    let rest: Vec<&str> = trimmed.split('/').skip(literal.len()).collect();
    let start = format!("/{}", literal.join("/"));
    let tree = trace.tree();
    if rest.is_empty() {
        let resolved = tree.resolve_link(start.as_bytes()).map_err(|_| nothing())?;
        return Ok(vec![(resolved.name, resolved.crossed)]);
    }
    let glob = GlobBuilder::new(&rest.join("/"))
        .literal_separator(true)
        .backslash_escape(true)
        .build();
    let no_glob = |source| PlanError::Glob {
        option,
        pattern: pattern.to_owned(),
        source,
    };
    let glob = glob.map_err(no_glob)?.compile_matcher();
    let resolved = tree.resolve(start.as_bytes()).map_err(|_| nothing())?;
    let skipped = if resolved.name == NameId::ROOT {
        1
    } else {
        tree.path(resolved.name).len() + 1
    };
    let is_match = |name: &NameId| glob.is_match(as_path(&tree.path(*name)[skipped..]));
    let matched: Vec<_> = tree
        .below(resolved.name)
        .filter(is_match)
        .map(|name| (name, resolved.crossed.clone()))
        .collect();
    if matched.is_empty() {
        Err(nothing())
    } else {
        Ok(matched)
    }
}

fn as_path(bytes: &[u8]) -> &std::path::Path {
    use std::os::unix::ffi::OsStrExt;
    std::path::Path::new(std::ffi::OsStr::from_bytes(bytes))
}
