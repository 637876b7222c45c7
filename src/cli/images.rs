//! `jettison lint` of images: which arguments are images, what is found in them, and what the Dockerfile has to do with it.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::progress::Bar;
use super::{Output, advisories};
use crate::advisories::Export;
use crate::audit::{self, Installed};
use crate::config::Config;
use crate::dockerfile;
use crate::image::{Image, Options};
use crate::lint::Registry;
use crate::packages;
use crate::report::Linted;
use crate::size::{counted, size};
use crate::slim::{PlanOptions, Totals, plan};
use crate::source::Source;

/// What starts the name of an image, and not that of a file.
const TRANSPORTS: [&str; 6] = ["docker-archive:", "oci:", "oci-archive:", "rootfs:", "docker-daemon:", "docker://"];

/// Parts the arguments into Dockerfiles, or folders of them, and images, which are told by a transport or their content.
pub(super) fn part(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<String>) {
    let (mut files, mut images) = (Vec::new(), Vec::new());
    for path in paths {
        let text = path.to_string_lossy();
        if TRANSPORTS.iter().any(|transport| text.starts_with(transport)) || is_image(path) {
            images.push(text.into_owned());
        } else {
            files.push(path.clone());
        }
    }
    (files, images)
}

/// An image layout, or an archive, compressed or not.
fn is_image(path: &Path) -> bool {
    if path.is_dir() {
        return path.join("oci-layout").is_file() && path.join("index.json").is_file();
    }
    let mut start = [0; 512];
    let is_file = path.metadata().is_ok_and(|metadata| metadata.is_file());
    let read = is_file && std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok();
    read && (start[257..].starts_with(b"ustar")
        || start.starts_with(b"\x1f\x8b")
        || start.starts_with(b"\x28\xb5\x2f\xfd"))
}

/// What is found in the images; those that cannot be read are said, and make the run fail.
pub(super) fn lint(
    names: &[String],
    dockerfiles: &[Linted],
    registry: &Registry,
    config: &Config,
    export: Option<&Export>,
    output: Output,
) -> (Vec<Linted>, bool) {
    let (mut linted, mut failed) = (Vec::new(), false);
    for name in names {
        match lint_one(name, dockerfiles, registry, config, export, output) {
            Ok(one) => linted.push(one),
            Err(error) => {
                failed = true;
                output.error(&error);
            }
        }
    }
    (linted, failed)
}

fn lint_one(
    name: &str,
    dockerfiles: &[Linted],
    registry: &Registry,
    config: &Config,
    export: Option<&Export>,
    output: Output,
) -> anyhow::Result<Linted> {
    let bar = Bar::new(output);
    let image: Image =
        Image::open(&name.parse()?, &Options::default(), &bar).with_context(|| format!("image `{name}`"))?;
    let plan = plan(&image, &PlanOptions::default()).ok();
    drop(bar);
    let packages = packages::read(&image).with_context(|| format!("image `{name}`"))?;
    let known = export.map(|export| advisories::known(export, &packages, output)).transpose()?;
    let installed = Installed { packages: &packages, known: known.as_ref() };
    let found = audit::audit_with(&image, name, plan.as_ref(), installed, registry, &config.settings)
        .with_context(|| format!("image `{name}`"))?;
    let (source, mut findings) = audit::told(&image, name, &found);
    for finding in &mut findings {
        let step = source.slice(finding.span);
        let line = dockerfiles.iter().find_map(|file| Some((file.source.name(), instruction(&file.source, step)?)));
        finding.notes.extend(line.map(|(file, line)| format!("{file}:{line} has this instruction")));
    }
    if let Some(plan) = &plan {
        output.note(&removable(name, plan.totals()));
    }
    Ok(Linted::new(source, findings))
}

/// What a slimmed image would be without.
fn removable(name: &str, totals: &Totals) -> String {
    let (before, after) = (&totals.before, &totals.after);
    format!(
        "`jettison slim {name}` would leave out {} of {}, in {}",
        size(before.bytes.saturating_sub(after.bytes)),
        size(before.bytes),
        counted(before.files.saturating_sub(after.files), "file")
    )
}

/// The line of the instruction of a Dockerfile that made a step of a history.
fn instruction(source: &Source, step: &str) -> Option<usize> {
    let wanted = words(step);
    let is_it = |instruction: &&dockerfile::Instruction| {
        let text: String = source.slice(instruction.span).replace(['\\', '`'], " ");
        !wanted.is_empty() && words(&text) == wanted
    };
    let dockerfile = dockerfile::parse(source);
    dockerfile.instructions.iter().rev().find(is_it).map(|instruction| source.line(instruction.span.start))
}

/// An instruction without what builders put around it: `/bin/sh -c`, `#(nop)`, `# buildkit`, and the word RUN.
fn words(step: &str) -> Vec<&str> {
    let step = step.split("# buildkit").next().unwrap_or(step).trim();
    let step = step.strip_prefix("RUN ").unwrap_or(step).trim_start();
    let step = step.strip_prefix("/bin/sh -c").unwrap_or(step).trim_start();
    let step = step.strip_prefix("#(nop)").unwrap_or(step);
    step.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_found_under_what_builders_make_of_it() {
        let source = Source::new(
            "Dockerfile",
            "FROM debian:12\nRUN apt-get update \\\n    && apt-get install -y sudo\nUSER app\n",
        );
        let steps = [
            "RUN /bin/sh -c apt-get update     && apt-get install -y sudo # buildkit",
            "/bin/sh -c apt-get update && apt-get install -y sudo",
            "USER app",
            "/bin/sh -c #(nop)  USER app",
            "/bin/sh -c something else",
        ];
        assert_eq!(steps.map(|step| instruction(&source, step)), [Some(2), Some(2), Some(4), Some(4), None]);
    }

    #[test]
    fn images_are_told_by_their_transport_or_content() {
        let folder = tempfile::tempdir().expect("there is room");
        let file = folder.path().join("Dockerfile");
        std::fs::write(&file, "FROM scratch\n".repeat(50)).expect("it can be written");
        let (files, images) = part(&[file.clone(), PathBuf::from("oci:x:y")]);
        assert_eq!((files, images), (vec![file], vec!["oci:x:y".to_owned()]));
    }
}
