//! `jettison deps`.

use anyhow::{Context as _, bail};

use super::arguments::{DepsArguments, DepsFormat};
use super::progress::Bar;
use super::{Outcome, Output};
use crate::elf::{Environment, Processor};
use crate::image::{Config, Reference};
use crate::loading::{self, Closure, Host, ImageFiles, Settings, Source};
use crate::printable::escape_bytes;
use crate::report;

pub(super) fn run(arguments: &DepsArguments, output: Output) -> anyhow::Result<Outcome> {
    check_processor(arguments.cpu.as_deref())?;
    let closures = if let Some(host) = lazily_read(&arguments.image)? {
        closures(&host, &Config::default(), arguments)?
    } else {
        let bar = Bar::new(output);
        let image = arguments
            .source
            .open(&arguments.image, arguments.limits.options(), &bar)?;
        let files = ImageFiles::new(&image);
        let closures = closures(&files, &image.config, arguments)?;
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

/// An absolute path a line, for programs that read a list of files.
///
/// # Errors
///
/// A path with a line break would be read as two, the second of which an image could choose.
fn paths(closures: &[Closure]) -> anyhow::Result<Vec<u8>> {
    let paths = report::deps_paths(closures);
    let mut list = Vec::new();
    for path in paths {
        if path.contains(&b'\n') {
            bail!(
                "the path `{}` has a line break, which `--format paths` cannot tell from the end \
                 of a path; use `--format json`",
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
            "unknown processor `{level}`; known are {}",
            known.join(", ")
        ),
        _ => Ok(()),
    }
}

/// The directory that an argument names, where the kernel can resolve paths in it; otherwise it is
/// read as images are.
fn lazily_read(argument: &str) -> anyhow::Result<Option<Host>> {
    match argument.parse()? {
        Reference::Rootfs { path } => match Host::open(&path) {
            Ok(host) => Ok(Some(host)),
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
    // As the last entry of an image's environment wins, so do those of the command line over it.
    let given = |name: &str| {
        arguments
            .env
            .iter()
            .rev()
            .find_map(|entry| entry.strip_prefix(name)?.strip_prefix('='))
    };
    let variable = |name| given(name).or_else(|| config.env_value(name));
    let bytes = |name| variable(name).unwrap_or_default().as_bytes().to_vec();
    let directory = config.working_dir().as_bytes().to_vec();
    let user = config.user().split(':').next().unwrap_or_default();
    let settings = Settings {
        environment: Environment {
            library_path: bytes("LD_LIBRARY_PATH"),
            directory: directory.clone(),
            secure: false,
        },
        preload: bytes("LD_PRELOAD"),
        is_root: matches!(user, "" | "root" | "0"),
        all_processors: arguments.cpu.as_deref() == Some("all"),
        level: arguments.cpu.clone(),
        symbols: arguments.symbols,
    };
    let programs = if arguments.programs.is_empty() {
        loading::all_programs(source)
    } else {
        let search = variable("PATH").map(str::as_bytes);
        let find =
            |name: &String| loading::find_program(source, name.as_bytes(), search, &directory);
        arguments
            .programs
            .iter()
            .map(find)
            .collect::<Result<_, _>>()
            .with_context(|| format!("in `{}`", arguments.image))?
    };
    Ok(loading::closures(source, &settings, &programs))
}
