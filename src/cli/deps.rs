//! `jettison deps`.

use anyhow::{Context as _, bail};

use super::arguments::{DepsArguments, DepsFormat};
use super::progress::Bar;
use super::{Outcome, Output};
use crate::elf::{Environment, Processor};
use crate::image::Config;
use crate::loading::{self, Closure, ImageFiles, Settings, Source};
use crate::printable::escape_bytes;
use crate::report;

pub(super) fn run(arguments: &DepsArguments, output: Output) -> anyhow::Result<Outcome> {
    check_processor(arguments.cpu.as_deref())?;
    // Indexing all of `rootfs:/` would take minutes, so files are looked up individually.
    let closures = if let Some(closures) = of_directory(arguments)? {
        closures
    } else {
        let bar = Bar::new(output);
        let image = arguments
            .source
            .open(&arguments.image, arguments.limits.options(), &bar)?;
        let files = ImageFiles::new(&image);
        let closures = closures(&files, &image.config, arguments)?;
        // The loader only sees that a file is missing. The reason why it could not be read is kept
        // separately.
        if let Some(error) = files.failure() {
            return Err(error.into());
        }
        closures
    };
    match arguments.format {
        DepsFormat::Text => output.print(&report::deps_text(&closures))?,
        DepsFormat::Json => Output::print_data(report::deps_json(&closures).as_bytes())?,
        DepsFormat::Dot => Output::print_data(report::deps_dot(&closures).as_bytes())?,
        DepsFormat::Paths => output.print_file(&paths(&closures)?)?,
    }
    Ok(if closures.iter().all(Closure::is_whole) {
        Outcome::Clean
    } else {
        Outcome::Found
    })
}

/// One absolute path per line, for programs that read a list of files.
///
/// # Errors
///
/// Fails for a path with a line break, which would be read as two paths, the second chosen by the
/// image.
fn paths(closures: &[Closure]) -> anyhow::Result<Vec<u8>> {
    let paths = report::deps_paths(closures);
    let mut list = Vec::new();
    for path in paths {
        if path.contains(&b'\n') {
            bail!(
                "`--format paths` cannot represent the line break in `{}`; use `--format json`",
                escape_bytes(path)
            );
        }
        list.extend_from_slice(path);
        list.push(b'\n');
    }
    Ok(list)
}

fn check_processor(level: Option<&str>) -> anyhow::Result<()> {
    let known: Vec<&str> = ["all", "baseline"]
        .into_iter()
        .chain(Processor::levels())
        .collect();
    match level {
        Some(level) if !known.contains(&level) => bail!(
            "unknown CPU level `{level}`; expected one of {}",
            known.join(", ")
        ),
        _ => Ok(()),
    }
}

/// The result for a directory, without indexing it; `None` if that is not possible.
#[cfg(all(target_os = "linux", not(jettison_portable)))]
fn of_directory(arguments: &DepsArguments) -> anyhow::Result<Option<Vec<Closure>>> {
    let Some(host) = lazily_read(&arguments.image)? else {
        return Ok(None);
    };
    closures(&host, &Config::default(), arguments).map(Some)
}

#[cfg(not(all(target_os = "linux", not(jettison_portable))))]
fn of_directory(_: &DepsArguments) -> anyhow::Result<Option<Vec<Closure>>> {
    Ok(None)
}

/// The directory of a `rootfs:` argument, if the kernel can resolve paths below it. `None` for
/// other arguments, and for kernels that cannot; their files are indexed first.
#[cfg(all(target_os = "linux", not(jettison_portable)))]
fn lazily_read(argument: &str) -> anyhow::Result<Option<loading::Host>> {
    use crate::image::Reference;
    use crate::loading::Host;
    use anyhow::Context as _;

    match argument.parse()? {
        Reference::Rootfs(path) => match Host::open(&path) {
            Ok(host) => Ok(Some(host)),
            // `openat2`, which confines paths to a directory, needs Linux 5.6.
            Err(error) if error.kind() == std::io::ErrorKind::Unsupported => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read `{}`", path.display())),
        },
        _ => Ok(None),
    }
}

fn closures<S: Source>(
    source: &S,
    config: &Config,
    arguments: &DepsArguments,
) -> anyhow::Result<Vec<Closure>> {
    let library_path = variable(arguments, config, "LD_LIBRARY_PATH").unwrap_or_default();
    let preload = variable(arguments, config, "LD_PRELOAD").unwrap_or_default();
    let directory = config.working_dir().as_bytes().to_vec();
    let user = config.user().split(':').next().unwrap_or_default();
    let settings = Settings {
        environment: Environment {
            library_path: library_path.as_bytes().to_vec(),
            directory: directory.clone(),
            // The tracer turns secure mode on for each setuid program.
            secure: false,
        },
        preload: preload.as_bytes().to_vec(),
        // A setuid root program gains nothing when root starts it, so it is not in secure mode.
        is_root: matches!(user, "" | "root" | "0"),
        all_processors: arguments.cpu.as_deref() == Some("all"),
        level: arguments.cpu.clone(),
        symbols: arguments.symbols,
    };
    let programs = if arguments.programs.is_empty() {
        loading::all_programs(source)
    } else {
        let search = variable(arguments, config, "PATH").map(str::as_bytes);
        let mut programs = Vec::new();
        for name in &arguments.programs {
            let program = loading::find_program(source, name.as_bytes(), search, &directory);
            programs.push(program.with_context(|| format!("in `{}`", arguments.image))?);
        }
        programs
    };
    Ok(loading::closures(source, &settings, &programs))
}

/// The value of an environment variable, from the command line or else from the image.
fn variable<'a>(arguments: &'a DepsArguments, config: &'a Config, name: &str) -> Option<&'a str> {
    // The last of several entries wins, as in an image's environment.
    for entry in arguments.env.iter().rev() {
        if let Some((set, value)) = entry.split_once('=')
            && set == name
        {
            return Some(value);
        }
    }
    config.env_value(name)
}
