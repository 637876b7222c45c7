//! `.jettison.toml`.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::policy::{PolicyTable, policy};
use super::{ALL, Config, ConfigError, FailOn, Shellcheck};
use crate::lint::{Named, Registry, Selection};
use crate::lint::{SettingKey, SettingOrigin, SettingOrigins};
use crate::source::{Source, Span};
use crate::trust::HostFile;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    profile: Option<Spanned<String>>,
    select: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    ignore: Vec<Spanned<String>>,
    fail_on: Option<Spanned<String>>,
    #[serde(default)]
    severity: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    build_args: BTreeMap<String, String>,
    target: Option<String>,
    pragmas: Option<bool>,
    format: Option<Spanned<Formats>>,
    #[serde(default)]
    exclude: Vec<String>,
    baseline: Option<Spanned<String>>,
    no_color: Option<bool>,
    shellcheck: Option<Spanned<ShellcheckValue>>,
    #[serde(default)]
    trusted_registries: Vec<Spanned<String>>,
    #[serde(default)]
    label_schema: BTreeMap<String, Spanned<String>>,
    strict_labels: Option<Spanned<bool>>,
    max_base_age: Option<Spanned<u32>>,
    policy: Option<PolicyTable>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected the name of a format, or a list of them"
)]
enum Formats {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected `true`, `false` or a path")]
enum ShellcheckValue {
    Switch(bool),
    Path(String),
}

pub(super) fn parse(
    host: &HostFile,
    text: &str,
    registry: &Registry,
) -> Result<Config, ConfigError> {
    let path = host.path();
    let source = Arc::new(Source::new(path.to_string_lossy(), text));
    let at = |offset: usize, reason: String| {
        let place = source.position(offset);
        ConfigError::Content {
            path: path.to_owned(),
            line: place.line,
            column: place.column,
            reason,
        }
    };
    let file: File = toml::from_str(text).map_err(|error| {
        at(
            error.span().map_or(0, |span| span.start),
            said(error.message()),
        )
    })?;
    if !host.is_named() {
        check_found(&file).map_err(|(offset, reason)| at(offset, reason))?;
    }
    let known = |name: &Spanned<String>| {
        registry
            .resolve([name.get_ref().as_str()])
            .map_err(|unknown| at(name.span().start, unknown.to_string()))
    };
    let known_all = |names: &[Spanned<String>]| -> Result<Named, ConfigError> {
        let mut all = Named::default();
        for name in names {
            let one = known(name)?;
            all.rules.extend(one.rules);
            all.codes.extend(one.codes);
        }
        Ok(all)
    };
    let mut config = Config::default();
    if let Some(profile) = &file.profile {
        let selected = profile.get_ref().parse();
        let selected = selected.map_err(|reason| at(profile.span().start, reason))?;
        config.settings.select = Selection::Profile(selected);
    }
    if let Some(names) = &file.select {
        if names.iter().any(|name| name.get_ref() == ALL) {
            config.settings.select = Selection::ALL;
        } else {
            config.settings.select(known_all(names)?);
        }
    }
    config.settings.ignore(known_all(&file.ignore)?);
    for (rule, severity) in &file.severity {
        let level = severity.get_ref().parse().map_err(|()| {
            at(
                severity.span().start,
                format!("`{}` is no severity", severity.get_ref()),
            )
        })?;
        config
            .settings
            .set_severity(known(rule)?, level, Some(&origin(&source, severity)));
    }
    if let Some(fail_on) = &file.fail_on {
        let threshold: Result<FailOn, _> = fail_on.get_ref().parse();
        let threshold = threshold.map_err(|reason| at(fail_on.span().start, reason))?;
        config.fail_on = Some(threshold);
    }
    set_origins(&mut config.settings.origins, &file, &source);
    config.settings.build_args = file.build_args;
    config.settings.target = file.target;
    config.settings.pragmas = file.pragmas.unwrap_or(true);
    config.settings.trusted_registries = file
        .trusted_registries
        .into_iter()
        .map(Spanned::into_inner)
        .collect();
    for (label, kind) in file.label_schema {
        config.settings.origins.add(
            SettingKey::Label(label.clone()),
            Some(origin(&source, &kind)),
        );
        let kind = kind
            .get_ref()
            .parse()
            .map_err(|reason| at(kind.span().start, reason))?;
        config.settings.label_schema.insert(label, kind);
    }
    config.settings.strict_labels = file.strict_labels.is_some_and(Spanned::into_inner);
    config.settings.max_base_age = file.max_base_age.map(Spanned::into_inner);
    config.exclude = file.exclude;
    config.no_color = file.no_color.unwrap_or_default();
    config.formats = formats(file.format.map(Spanned::into_inner));
    config.folder = path.parent().map(Path::to_owned).unwrap_or_default();
    config.baseline = file
        .baseline
        .map(|baseline| baseline_file(host, &config.folder, baseline.into_inner()));
    config.shellcheck = shellcheck(&config.folder, file.shellcheck.map(Spanned::into_inner));
    config.policy = file
        .policy
        .map(|table| policy(table, registry, &source, &at))
        .transpose()?
        .unwrap_or_default();
    Ok(config)
}

fn formats(formats: Option<Formats>) -> Vec<String> {
    match formats {
        None => Vec::new(),
        Some(Formats::One(format)) => vec![format],
        Some(Formats::Several(formats)) => formats,
    }
}

/// The baseline that a file names. A file that was found may only name one below its directory.
fn baseline_file(host: &HostFile, directory: &Path, baseline: String) -> HostFile {
    let path = directory.join(baseline);
    if host.is_named() {
        HostFile::named(path)
    } else {
        HostFile::found(path, directory)
    }
}

fn shellcheck(directory: &Path, value: Option<ShellcheckValue>) -> Shellcheck {
    match value {
        None | Some(ShellcheckValue::Switch(true)) => Shellcheck::Found,
        Some(ShellcheckValue::Switch(false)) => Shellcheck::Off,
        Some(ShellcheckValue::Path(program)) => Shellcheck::At(program_from(directory, program)),
    }
}

/// Records where the settings stand that findings point at.
fn set_origins(origins: &mut SettingOrigins, file: &File, source: &Arc<Source>) {
    let registries = file.trusted_registries.first();
    let labels = file.strict_labels.as_ref();
    let age = file.max_base_age.as_ref();
    for (name, origin) in [
        (
            "trusted-registries",
            registries.map(|value| origin(source, value)),
        ),
        ("strict-labels", labels.map(|value| origin(source, value))),
        ("max-base-age", age.map(|value| origin(source, value))),
    ] {
        origins.add(SettingKey::Name(name), origin);
    }
}

/// Refuses what only a file that a person named may ask for. An error is an offset and the reason.
fn check_found(file: &File) -> Result<(), (usize, String)> {
    if let Some(shellcheck) = &file.shellcheck
        && let ShellcheckValue::Path(program) = shellcheck.get_ref()
    {
        let reason = format!(
            "expected `true` or `false`: only a file named with `--config` may name a program; \
             use `--shellcheck {program}` instead"
        );
        return Err((shellcheck.span().start, reason));
    }
    if let Some(formats) = &file.format {
        let list = match formats.get_ref() {
            Formats::One(format) => std::slice::from_ref(format),
            Formats::Several(list) => list,
        };
        if let Some(reason) = list.iter().find_map(|format| super::refused_format(format)) {
            return Err((formats.span().start, reason));
        }
    }
    if let Some(baseline) = &file.baseline
        && !stays_below(Path::new(baseline.get_ref()))
    {
        let reason = format!(
            "only a file named with `--config` may name a file outside its directory; \
             use `--baseline {}` instead",
            baseline.get_ref()
        );
        return Err((baseline.span().start, reason));
    }
    Ok(())
}

/// Whether a path, taken from a directory, stays below it. Symlinks are checked when it is read.
fn stays_below(path: &Path) -> bool {
    let mut depth = 0_usize;
    for component in path.components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return false,
        }
    }
    true
}

/// A program that a file names: by a path from the file's directory, or by a name on `PATH`.
fn program_from(directory: &Path, program: String) -> PathBuf {
    if program.contains('/') {
        directory.join(program)
    } else {
        program.into()
    }
}

/// The place of a value in its file.
pub(super) fn origin<T>(file: &Arc<Source>, value: &Spanned<T>) -> SettingOrigin {
    let range = value.span();
    SettingOrigin {
        file: Arc::clone(file),
        span: Span::new(range.start, range.end),
    }
}

/// The TOML reader's message; of an unknown key it lists all that are known, where the nearest is
/// enough.
fn said(message: &str) -> String {
    let quoted = |text: &str| {
        text.split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    match message
        .strip_prefix("unknown field ")
        .and_then(|rest| rest.split_once(", expected "))
    {
        Some((key, known)) => {
            let known = quoted(known);
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            super::unknown_key(&quoted(key).concat(), &known)
        }
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_has_the_keys_that_are_read() {
        let message = toml::from_str::<File>("no-such-key = 1")
            .err()
            .map(|error| error.message().to_owned());
        let message = message.expect("the key is not known");
        let (_, list) = message
            .split_once("expected one of ")
            .expect("it lists what is known");
        let mut read: Vec<&str> = list.split('`').skip(1).step_by(2).collect();
        let schema = super::super::schema();
        let mut described: Vec<&str> = schema["properties"]
            .as_object()
            .expect("it is an object")
            .keys()
            .map(String::as_str)
            .collect();
        read.sort_unstable();
        described.sort_unstable();
        assert_eq!(described, read);
    }
}
