//! jettison's own configuration file, `.jettison.toml`.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use toml::Spanned;

use super::policy::{PolicyTable, policy};
use super::rules::{RuleTable, own_rules};
use super::schema::{self, table};
use super::{ALL, BuildDefaults, Config, ConfigError, FailOn, KeepDirectory, Shellcheck};
use crate::lint::{LabelType, Named, Profile, Registry, Selection, Settings, Severity};
use crate::lint::{SettingKey, SettingOrigin, SettingOrigins};
use crate::slim::Modules;
use crate::source::{Source, Span};
use crate::trust::HostFile;

table! {
    /// All keys of the file. `Spanned` keeps the place of a value for errors and findings.
    pub(super) struct File {
        profile: Option<Spanned<String>> => schema::word(
            "The set of rules: `minimal` adds rules about unwanted image content, such as \
             shells; `pedantic` adds all others",
            Profile::ALL.map(Profile::as_str),
            "default",
        ),
        // Names of rules are not listed: aliases of other tools are thousands, and `jettison lint`
        // suggests the closest name for one that it does not know.
        select: Option<Vec<Spanned<String>>> => schema::names(
            "Rules to check, by name or by another tool's code; `all` selects every rule",
        ),
        ignore: Vec<Spanned<String>> => schema::names(
            "Rules to ignore, by name or by another tool's code",
        ),
        fail_on: Option<Spanned<String>> => schema::word(
            "The lowest severity that makes a run fail",
            FailOn::ALL.map(FailOn::as_str),
            "info",
        ),
        severity: BTreeMap<Spanned<String>, Spanned<String>> => schema::words(
            "Severities by rule, overriding the defaults",
            Severity::ALL.map(Severity::as_str),
        ),
        build_args: BTreeMap<String, String> => schema::texts(
            "Values of build arguments, as in `docker build --build-arg`",
        ),
        target: Option<String> => schema::text("The stage to build (default: the last one)"),
        pragmas: Option<bool> => schema::switch(
            "Whether comments in a file may suppress findings",
            true,
        ),
        format: Option<Spanned<Formats>> => json!({
            "description": "The output format, or a list of formats; `NAME=FILE` is allowed \
                only in a file passed with `--config`",
            "type": ["string", "array"],
            "items": {"type": "string"},
            "default": "text",
        }),
        exclude: Vec<String> => schema::names(
            "Files to exclude: patterns like those of `.gitignore`, relative to the directory of \
             this file",
        ),
        baseline: Option<Spanned<String>> => schema::text(
            "A file of known findings, which are not reported; in or below the directory of this \
             file, unless this file is passed with `--config`",
        ),
        no_color: Option<bool> => schema::switch("Disable colors", false),
        shellcheck: Option<Spanned<ShellcheckValue>> => json!({
            "description": "Whether to run ShellCheck; a file passed with `--config` may also set \
                the program",
            "type": ["boolean", "string"],
            "default": true,
        }),
        trusted_registries: Vec<Spanned<String>> => schema::names(
            "Registries that images may come from; `*` may be at the start or the end",
        ),
        label_schema: BTreeMap<String, Spanned<String>> => schema::words(
            "Labels that images must have, and the types of their values",
            LabelType::NAMES.map(|(name, _)| name),
        ),
        max_base_age: Option<Spanned<u32>> => json!({
            "description": "The maximum age of the base image, in days",
            "type": "integer",
            "minimum": 0,
            "maximum": u32::MAX,
        }),
        strict_labels: Option<Spanned<bool>> => schema::switch(
            "Whether to report labels that are not in the schema",
            false,
        ),
        modules: Option<Spanned<String>> => schema::word(
            "The modules of npm packages and Python distributions that `slim` keeps",
            Modules::ALL.map(Modules::as_str),
            Modules::default().as_str(),
        ),
        keep_rules: Option<Spanned<String>> => schema::text(
            "A directory with pages of keep rules of your own; in or below the directory of this \
             file, unless this file is passed with `--config`",
        ),
        build: Option<BuildTable> => schema::object(
            "Builds with jettison as a frontend of BuildKit",
            &BuildTable::properties(),
        ),
        policy: Option<PolicyTable> => schema::object(
            "Requirements on images; `lint` and `slim` fail on a violation",
            &PolicyTable::properties(),
        ),
        rule: Vec<Spanned<RuleTable>> => json!({
            "description": "Rules of your own; their findings are like those of other rules",
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["name", "message"],
                "properties": RuleTable::properties(),
            },
        }),
    }
}

table! {
    struct BuildTable {
        slim: Option<bool> => schema::switch("Whether to slim the results of builds", false),
        slim_options: Vec<String> => json!({
            "description": "Options of `jettison slim`, as a list of words",
            "type": "array",
            "items": {"type": "string"},
        }),
    }
}

// The message replaces serde's, which would list the enum variants.
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
    registry: &'static Registry,
) -> Result<Config, ConfigError> {
    let path = host.path();
    let reader = Reader {
        path,
        source: Arc::new(Source::new(path.to_string_lossy(), text)),
        registry,
    };
    let file: File = toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        reader.error_at(offset, reworded(error.message()))
    })?;
    // This comes first, so that a file with forbidden settings has no effect at all.
    if !host.is_named() {
        check_found(&file, &reader)?;
    }
    let mut config = Config::default();
    // They come first, because other settings can name them.
    let own_rules = own_rules(&file.rule, &reader)?;
    let reader = Reader {
        registry: own_rules.registry(reader.registry),
        ..reader
    };
    config.settings.own_rules = own_rules;
    set_rules(&mut config.settings, &file, &reader)?;
    if let Some(fail_on) = &file.fail_on {
        let threshold: Result<FailOn, _> = fail_on.get_ref().parse();
        config.fail_on = Some(threshold.map_err(|reason| reader.error(fail_on, reason))?);
    }
    set_origins(&mut config.settings.origins, &file, &reader);
    for (label, kind) in file.label_schema {
        let origin = Some(reader.origin(&kind));
        let settings = &mut config.settings;
        settings
            .origins
            .add(SettingKey::Label(label.clone()), origin);
        let parsed = kind.get_ref().parse();
        let parsed = parsed.map_err(|reason: String| reader.error(&kind, reason))?;
        settings.label_schema.insert(label, parsed);
    }
    let registries = file.trusted_registries.into_iter();
    config.settings.trusted_registries = registries.map(Spanned::into_inner).collect();
    config.settings.build_args = file.build_args;
    config.settings.target = file.target;
    config.settings.pragmas = file.pragmas.unwrap_or(true);
    config.settings.strict_labels = file.strict_labels.is_some_and(Spanned::into_inner);
    config.settings.max_base_age = file.max_base_age.map(Spanned::into_inner);
    config.exclude = file.exclude;
    config.no_color = file.no_color.unwrap_or_default();
    config.formats = formats(file.format.map(Spanned::into_inner));
    config.directory = path.parent().map(Path::to_owned).unwrap_or_default();
    config.baseline = file
        .baseline
        .map(|baseline| baseline_file(host, &config.directory, baseline.into_inner()));
    config.shellcheck = shellcheck(&config.directory, file.shellcheck.map(Spanned::into_inner));
    if let Some(modules) = &file.modules {
        let level: Result<Modules, String> = modules.get_ref().parse();
        config.modules = Some(level.map_err(|reason| reader.error(modules, reason))?);
    }
    if let Some(keep_rules) = file.keep_rules {
        config.keep_rules = Some(KeepDirectory {
            path: config.directory.join(keep_rules.into_inner()),
            is_named: host.is_named(),
        });
    }
    if let Some(table) = file.build {
        config.build = BuildDefaults {
            slims: table.slim.unwrap_or_default(),
            slim_options: table.slim_options,
        };
    }
    if let Some(table) = file.policy {
        config.policy = policy(table, &reader)?;
        config.policy.own_rules = config.settings.own_rules;
    }
    Ok(config)
}

/// The file that is read, for errors and origins, and the rules that it can refer to.
pub(super) struct Reader<'a> {
    path: &'a Path,
    source: Arc<Source>,
    pub(super) registry: &'static Registry,
}

impl Reader<'_> {
    /// Returns an error about a value.
    pub(super) fn error<T>(&self, value: &Spanned<T>, reason: impl Into<String>) -> ConfigError {
        self.error_at(value.span().start, reason.into())
    }

    /// Returns an error about a key of a table, or about the table if it does not have the key.
    pub(super) fn error_at_key<T>(
        &self,
        table: &Spanned<T>,
        key: &str,
        reason: String,
    ) -> ConfigError {
        let start = table.span().start;
        let text = self.source.text();
        let rest = text.get(start..).unwrap_or_default();
        // The span of a table may end with its header, and its keys with the next table.
        let end = rest.get(1..).and_then(|rest| rest.find("\n["));
        let mut offset = start;
        for line in rest[..end.map_or(rest.len(), |end| end + 1)].split_inclusive('\n') {
            let after = line.trim_start().strip_prefix(key);
            if after.is_some_and(|after| after.trim_start().starts_with('=')) {
                return self.error_at(offset, reason);
            }
            offset += line.len();
        }
        self.error_at(start, reason)
    }

    pub(super) fn error_at(&self, offset: usize, reason: String) -> ConfigError {
        let place = self.source.position(offset);
        ConfigError::Content {
            path: self.path.to_owned(),
            line: place.line,
            column: place.column,
            reason,
        }
    }

    /// Returns the location of a value, for findings that result from it.
    pub(super) fn origin<T>(&self, value: &Spanned<T>) -> SettingOrigin {
        let range = value.span();
        SettingOrigin {
            file: Arc::clone(&self.source),
            span: Span::new(range.start, range.end),
        }
    }

    /// Returns the rules with a name or an alias.
    fn rules(&self, name: &Spanned<String>) -> Result<Named, ConfigError> {
        self.registry
            .resolve([name.get_ref().as_str()])
            .map_err(|unknown| self.error(name, unknown.to_string()))
    }

    /// Returns the rules with these names. They are resolved one by one, so that an error has the
    /// location of the name.
    fn all_rules(&self, names: &[Spanned<String>]) -> Result<Named, ConfigError> {
        let mut all = Named::default();
        for name in names {
            let one = self.rules(name)?;
            all.rules.extend(one.rules);
            all.codes.extend(one.codes);
        }
        Ok(all)
    }
}

/// Sets which rules run, and with which severity.
fn set_rules(settings: &mut Settings, file: &File, reader: &Reader<'_>) -> Result<(), ConfigError> {
    if let Some(profile) = &file.profile {
        let selected = profile.get_ref().parse();
        let selected = selected.map_err(|reason: String| reader.error(profile, reason))?;
        settings.select = Selection::Profile(selected);
    }
    // A list of rules is more specific than a profile, so it replaces the profile.
    if let Some(names) = &file.select {
        if names.iter().any(|name| name.get_ref() == ALL) {
            settings.select = Selection::ALL;
        } else {
            settings.select(reader.all_rules(names)?);
        }
    }
    settings.ignore(reader.all_rules(&file.ignore)?);
    for (rule, severity) in &file.severity {
        let Ok(level) = severity.get_ref().parse() else {
            let reason = format!("`{}` is not a severity", severity.get_ref());
            return Err(reader.error(severity, reason));
        };
        let origin = reader.origin(severity);
        settings.set_severity(reader.rules(rule)?, level, Some(&origin));
    }
    Ok(())
}

fn formats(formats: Option<Formats>) -> Vec<String> {
    match formats {
        None => Vec::new(),
        Some(Formats::One(format)) => vec![format],
        Some(Formats::Several(formats)) => formats,
    }
}

/// Returns the baseline named in a file. A file that was found may only name one below its
/// directory.
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
        // `true` is the same as the default: a run must work on machines without ShellCheck.
        None | Some(ShellcheckValue::Switch(true)) => Shellcheck::Found,
        Some(ShellcheckValue::Switch(false)) => Shellcheck::Off,
        Some(ShellcheckValue::Path(program)) => Shellcheck::At(program_from(directory, program)),
    }
}

/// Records the locations of settings that findings point to.
fn set_origins(origins: &mut SettingOrigins, file: &File, reader: &Reader<'_>) {
    // The first entry is the place of the whole list.
    let registries = file.trusted_registries.first();
    let labels = file.strict_labels.as_ref();
    let age = file.max_base_age.as_ref();
    for (name, origin) in [
        (
            "trusted-registries",
            registries.map(|value| reader.origin(value)),
        ),
        ("strict-labels", labels.map(|value| reader.origin(value))),
        ("max-base-age", age.map(|value| reader.origin(value))),
    ] {
        origins.add(SettingKey::Name(name), origin);
    }
}

/// Rejects settings that are only allowed in a file that the user named: with them, a repository
/// could run a program, or read and write the user's files.
fn check_found(file: &File, reader: &Reader<'_>) -> Result<(), ConfigError> {
    if let Some(shellcheck) = &file.shellcheck
        && let ShellcheckValue::Path(program) = shellcheck.get_ref()
    {
        let reason = format!(
            "expected `true` or `false`: only a file passed with `--config` may set a program; \
             use `--shellcheck {program}` instead"
        );
        return Err(reader.error(shellcheck, reason));
    }
    if let Some(formats) = &file.format {
        let list = match formats.get_ref() {
            Formats::One(format) => std::slice::from_ref(format),
            Formats::Several(list) => list,
        };
        if let Some(reason) = list.iter().find_map(|format| super::refused_format(format)) {
            return Err(reader.error(formats, reason));
        }
    }
    if let Some(directory) = &file.keep_rules
        && !stays_below(Path::new(directory.get_ref()))
    {
        let reason = "only a file passed with `--config` may name a directory outside its own";
        return Err(reader.error(directory, reason));
    }
    if let Some(baseline) = &file.baseline
        && !stays_below(Path::new(baseline.get_ref()))
    {
        let reason = format!(
            "only a file passed with `--config` may name a file outside its directory; \
             use `--baseline {}` instead",
            baseline.get_ref()
        );
        return Err(reader.error(baseline, reason));
    }
    Ok(())
}

/// Returns true for a path that, relative to a directory, stays below it. Symlinks are checked when
/// it is read.
fn stays_below(path: &Path) -> bool {
    let mut depth = 0_usize;
    for component in path.components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            // `a/../b` stays below, `a/../../b` does not.
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return false,
        }
    }
    true
}

/// Returns the program named in a file: a path relative to the file's directory, or a name on
/// `PATH`.
fn program_from(directory: &Path, program: String) -> PathBuf {
    // The distinction is the same as in a shell.
    if program.contains('/') {
        directory.join(program)
    } else {
        program.into()
    }
}

/// Replaces serde's message about an unknown key, which lists all known ones, with one that
/// suggests the closest key.
fn reworded(message: &str) -> String {
    match message
        .strip_prefix("unknown field ")
        .and_then(|rest| rest.split_once(", expected "))
    {
        Some((key, known)) => super::unknown_key(&quoted(key).concat(), &quoted(known)),
        None => message.to_owned(),
    }
}

/// Returns the texts between pairs of backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}
