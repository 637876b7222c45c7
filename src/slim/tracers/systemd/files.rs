//! Files and accounts named in the settings of a unit.

use std::collections::HashSet;

use crate::image::NameId;
use crate::slim::globs;
use crate::slim::keep::Keep;
use crate::slim::system_directories::is_system_directory;
use crate::slim::units::{Placed, Unit, words};
use crate::slim::why::{Confidence, Why};

use super::walk::Walk;

/// The kind of value that a setting has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A path.
    Path,
    /// Paths, each optionally followed by `:` and more text. The unit fails if one is missing.
    Paths,
    /// The directory of an application.
    Application,
    /// The directory that the program sees as its root.
    Root,
    /// A source such as `file:/path`.
    Stream,
    /// `name:/path`.
    Credential,
    /// A path that the program creates in a directory that has to exist.
    Created,
    /// Names in a system directory; existing files with these names are kept.
    Names(&'static str),
    /// Names of directories with data.
    Data(&'static str),
    /// A condition on a path.
    Condition,
    /// A condition that a directory is not empty.
    NotEmpty,
}

/// Settings that name files; see systemd.exec(5), systemd.unit(5), systemd.socket(5) and others.
const SETTINGS: [(&str, Form); 43] = [
    ("WorkingDirectory", Form::Application),
    ("RootDirectory", Form::Root),
    ("LoadCredential", Form::Credential),
    ("LoadCredentialEncrypted", Form::Credential),
    ("BindPaths", Form::Paths),
    ("BindReadOnlyPaths", Form::Paths),
    ("ReadWritePaths", Form::Paths),
    ("ReadOnlyPaths", Form::Paths),
    ("InaccessiblePaths", Form::Paths),
    ("ExecPaths", Form::Paths),
    ("NoExecPaths", Form::Paths),
    ("StandardInput", Form::Stream),
    ("StandardOutput", Form::Stream),
    ("StandardError", Form::Stream),
    ("PIDFile", Form::Created),
    ("PAMName", Form::Names("/etc/pam.d")),
    ("ConfigurationDirectory", Form::Data("/etc")),
    ("StateDirectory", Form::Data("/var/lib")),
    ("CacheDirectory", Form::Names("/var/cache")),
    ("LogsDirectory", Form::Names("/var/log")),
    ("ListenStream", Form::Created),
    ("ListenDatagram", Form::Created),
    ("ListenSequentialPacket", Form::Created),
    ("ListenFIFO", Form::Created),
    ("PathExists", Form::Path),
    ("PathExistsGlob", Form::Path),
    ("PathChanged", Form::Path),
    ("PathModified", Form::Path),
    ("DirectoryNotEmpty", Form::Path),
    ("What", Form::Path),
    ("Where", Form::Path),
    ("ConditionPathExists", Form::Condition),
    ("ConditionPathExistsGlob", Form::Condition),
    ("ConditionPathIsDirectory", Form::Condition),
    ("ConditionPathIsReadWrite", Form::Condition),
    ("ConditionPathIsSymbolicLink", Form::Condition),
    ("ConditionDirectoryNotEmpty", Form::NotEmpty),
    ("ConditionFileNotEmpty", Form::Condition),
    ("ConditionFileIsExecutable", Form::Condition),
    ("AssertPathExists", Form::Condition),
    ("AssertPathIsDirectory", Form::Condition),
    ("AssertFileNotEmpty", Form::Condition),
    ("AssertFileIsExecutable", Form::Condition),
];

/// Keeps the files that a unit names, and reports accounts that do not exist.
pub(super) fn keep_files(walk: &mut Walk, keep: &mut Keep<'_>, unit: &Unit) {
    for (key, form) in SETTINGS {
        for value in unit.all(key) {
            for path in form.paths(&value.value) {
                if let Some(path) = walk.expand(keep, unit, &path) {
                    keep_named(walk, keep, key, form, value, &path);
                }
            }
        }
    }
    for key in ["RootImage", "ExtensionImages"] {
        if let Some(value) = unit.last(key) {
            let text = format!("disk images in `{key}=` are not analyzed");
            walk.note(keep, value.file, Some(value.line), text);
        }
    }
    check_accounts(walk, keep, unit);
}

impl Form {
    /// The paths in a value, which may contain specifiers.
    fn paths(self, value: &str) -> Vec<String> {
        match self {
            Self::Path | Self::Application | Self::Root => {
                vec![value.trim_start_matches('-').to_owned()]
            }
            Self::Paths => {
                let mut paths = Vec::new();
                for word in words(value) {
                    let path = word.trim_start_matches(['-', '+']);
                    paths.extend(path.split(':').next().map(str::to_owned));
                }
                paths
            }
            Self::Stream | Self::Credential => match value.split_once(':') {
                Some((_, path)) => vec![path.to_owned()],
                None => Vec::new(),
            },
            Self::Created => match value.rsplit_once('/') {
                Some((directory, _)) => vec![directory.to_owned()],
                None => Vec::new(),
            },
            Self::Names(directory) | Self::Data(directory) => {
                let mut paths = Vec::new();
                for word in words(value) {
                    let name = word.split(':').next().unwrap_or_default();
                    paths.push(format!("{directory}/{name}"));
                }
                paths
            }
            Self::Condition | Self::NotEmpty => {
                let value = value.trim_start_matches('|').trim();
                // The condition requires that the file does not exist, so there is nothing to keep.
                if value.starts_with('!') {
                    Vec::new()
                } else {
                    vec![value.to_owned()]
                }
            }
        }
    }
}

fn keep_named(
    walk: &mut Walk,
    keep: &mut Keep<'_>,
    key: &'static str,
    form: Form,
    value: &Placed,
    path: &str,
) {
    // Abstract sockets and ports are not paths.
    if !path.starts_with('/') {
        return;
    }
    let why = Why::UnitSetting {
        key,
        value: path.to_owned(),
        line: value.line,
        confidence: Confidence::Certain,
    };
    if globs::is_pattern(path) {
        for name in globs::matches(keep.tree(), path, &mut keep.effort.patterns) {
            let path = keep.tree().path(name);
            keep.keep_path(&path, Some(value.file), why.clone());
        }
        return;
    }
    let Some(name) = keep.keep_path(path.as_bytes(), Some(value.file), why.clone()) else {
        return;
    };
    match form {
        Form::Root | Form::Data(_) => walk.keep_whole(keep, name, value.file, &why),
        // An application may open any file next to itself.
        Form::Application if !is_system_directory(keep.tree(), name) => {
            walk.keep_whole(keep, name, value.file, &why);
        }
        Form::NotEmpty => {
            if let Some(first) = keep.tree().children(name).next() {
                keep.graph.keep(first, Some(value.file), why);
            }
        }
        _ => {}
    }
}

/// Adds notes about users and groups that do not exist: the unit fails to start.
fn check_accounts(walk: &mut Walk, keep: &mut Keep<'_>, unit: &Unit) {
    // systemd itself creates the user of such a unit.
    if unit.flag("DynamicUser") == Some(true) {
        return;
    }
    for key in ["User", "Group"] {
        let Some(value) = unit.last(key) else {
            continue;
        };
        let Some(account) = walk.expand(keep, unit, &value.value) else {
            continue;
        };
        let is_number = account.bytes().all(|byte| byte.is_ascii_digit());
        if is_number || account.contains('*') || has_account(walk, keep, &account) {
            continue;
        }
        let text = format!("`{key}=` names `{account}`, which is not an account in the image");
        walk.note(keep, value.file, Some(value.line), text);
    }
}

fn has_account(walk: &mut Walk, keep: &mut Keep<'_>, account: &str) -> bool {
    if walk.accounts.is_none() {
        walk.accounts = Some(accounts(walk, keep));
    }
    let accounts = walk.accounts.as_ref();
    accounts.is_some_and(|accounts| accounts.contains(account))
}

/// The names of users and groups, including those that `systemd-sysusers` creates at boot.
fn accounts(walk: &mut Walk, keep: &mut Keep<'_>) -> HashSet<String> {
    let mut accounts = HashSet::new();
    let patterns = [
        "/etc/passwd",
        "/etc/group",
        "/etc/sysusers.d/*.conf",
        "/run/sysusers.d/*.conf",
        "/usr/lib/sysusers.d/*.conf",
    ];
    for pattern in patterns {
        for file in globs::matches(keep.tree(), pattern, &mut keep.effort.patterns) {
            read_accounts(walk, keep, file, &mut accounts);
        }
    }
    accounts
}

/// Reads `name:…` of `/etc/passwd`, and `u name …` of sysusers.d(5).
fn read_accounts(
    walk: &mut Walk,
    keep: &mut Keep<'_>,
    file: NameId,
    accounts: &mut HashSet<String>,
) {
    let Some(bytes) = keep.view.bytes(file) else {
        return;
    };
    if !walk.spend(keep, bytes.len()) {
        return;
    }
    for line in String::from_utf8_lossy(&bytes).lines() {
        if let Some((name, _)) = line.split_once(':')
            && !name.contains(char::is_whitespace)
        {
            accounts.insert(name.to_owned());
            continue;
        }
        let mut fields = line.split_whitespace();
        let (kind, name) = (fields.next(), fields.next());
        if let (Some("u" | "u!" | "g" | "m"), Some(name)) = (kind, name) {
            accounts.insert(name.trim_matches('"').to_owned());
        }
    }
}
