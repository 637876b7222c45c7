//! The value of `RUN --mount`, checked as BuildKit checks it.

use super::words::{has_syntax_error, known_value};
use crate::dockerfile::{WordPart, is_boolean};
use crate::knowledge::{MountKey, MountValue, mount_types, sharing_modes};
use crate::lint::DockerfileContext;
use crate::lint::facts::{MountField, MountFlag, Step};
use crate::source::Span;
use crate::suggestion;

/// The reason why BuildKit refuses a mount.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::rules) struct MountFault {
    pub(in crate::rules) span: Span,
    pub(in crate::rules) message: String,
    pub(in crate::rules) note: Option<String>,
}

impl MountFault {
    fn new(span: Span, message: String) -> Self {
        Self {
            span,
            message,
            note: None,
        }
    }
}

/// The value of a field; `None` if a variable hides it.
fn field_value(cx: &DockerfileContext<'_>, step: &Step<'_>, field: &MountField) -> Option<String> {
    field.value.as_ref()?;
    let word = field.word.as_ref().ok()?;
    if let [WordPart::Variable(variable)] = word.parts.as_slice()
        && variable.modifier.is_none()
        && !step.onbuild
        && cx.facts.is_unset(step, &variable.name)
    {
        return Some(String::new());
    }
    known_value(cx, step, word)
}

/// The first reason why BuildKit refuses a mount.
pub(in crate::rules) fn mount_fault(
    cx: &DockerfileContext<'_>,
    step: &Step<'_>,
    flag: &MountFlag<'_>,
) -> Option<MountFault> {
    let word = flag.word;
    if known_value(cx, step, word).is_some_and(|text| text.is_empty()) {
        return Some(MountFault::new(word.span, "`--mount` is empty".to_owned()));
    }
    // What the parser has refused is an error already.
    if has_syntax_error(cx, word.span) {
        return None;
    }
    let Some(fields) = &flag.fields else {
        let message = "misplaced double quote in `--mount`".to_owned();
        let mut fault = MountFault::new(word.span, message);
        fault.note = Some("a quoted CSV field starts and ends with a double quote".to_owned());
        return Some(fault);
    };
    // Without a `type`, a mount is a bind mount.
    let mut mount = CheckedMount {
        kind: Some("bind".to_owned()),
        given: Vec::new(),
    };
    for field in fields {
        if let Some(fault) = mount.read(cx, step, field) {
            return Some(fault);
        }
    }
    mount.fault(step, word.span)
}

/// The message about a mount over the root directory.
const ROOT_TARGET: &str = "the mount target is the root directory";

/// A mount as far as it is read.
struct CheckedMount<'f> {
    /// The type; `None` if a variable hides it.
    kind: Option<String>,
    /// The keys that were given, with the fields and the known values.
    given: Vec<(&'static MountKey, &'f MountField, Option<String>)>,
}

impl<'f> CheckedMount<'f> {
    /// Reads a field, or returns the reason why BuildKit refuses it at once.
    fn read(
        &mut self,
        cx: &DockerfileContext<'_>,
        step: &Step<'_>,
        field: &'f MountField,
    ) -> Option<MountFault> {
        // After a blank, the next field is an argument of RUN.
        if field.key.is_empty() {
            let message = "empty field in `--mount`".to_owned();
            return Some(MountFault::new(field.span, message));
        }
        let Some(key) = MountKey::find(&field.key) else {
            let mut fault =
                MountFault::new(field.span, format!("unknown `--mount` key `{}`", field.key));
            let near = suggestion::closest(&field.key, MountKey::names());
            fault.note = near.map(|near| format!("did you mean `{near}`?"));
            return Some(fault);
        };
        let name = key.name();
        if field.value.is_none() && !key.alone {
            let message = format!("`{}` in `--mount` needs a value", field.key);
            return Some(MountFault::new(field.span, message));
        }
        if let Some(fault) = too_new(cx, field, key) {
            return Some(fault);
        }
        if key.after_type
            && let Some(kind) = &self.kind
            && !key.is_for(kind)
        {
            let message = format!("`{kind}` mounts do not support `{name}`");
            let mut fault = MountFault::new(field.span, message);
            if !self.given.iter().any(|(key, ..)| key.name() == "type") {
                fault.note = Some(format!("`type=` must come before `{name}`"));
            }
            return Some(fault);
        }
        // BuildKit looks for the stage before it knows any variable.
        if name == "from"
            && let Some(value) = &field.value
            && value.find('$').is_some_and(|at| at + 1 < value.len())
        {
            let message = "`from` in `--mount` cannot contain variables".to_owned();
            let mut fault = MountFault::new(field.value_span, message);
            let note = "use the variables in a `FROM` and refer to its stage by name";
            fault.note = Some(note.to_owned());
            return Some(fault);
        }
        if let Err(reason) = field.word {
            let message = format!("`{}` in `--mount`: {reason}", field.key);
            return Some(MountFault::new(field.value_span, message));
        }
        let value = field_value(cx, step, field);
        if let Some(value) = &value
            && let Some(expected) = expected_value(key.value, value)
        {
            let message = format!("`{}` in `--mount` must be {expected}", field.key);
            return Some(MountFault::new(field.value_span, message));
        }
        if name == "type" {
            self.kind = value.as_ref().map(|kind| kind.to_ascii_lowercase());
        }
        self.given.push((key, field, value));
        None
    }

    /// The reason why BuildKit refuses the mount as a whole.
    fn fault(&self, step: &Step<'_>, span: Span) -> Option<MountFault> {
        let kind = self.kind.as_deref()?;
        for (key, field, value) in &self.given {
            // An empty `from=` is none.
            let is_absent = key.value == MountValue::Text && value.as_deref() == Some("");
            if !key.is_for(kind) && !is_absent {
                let message = format!("`{kind}` mounts do not support `{}`", key.name());
                return Some(MountFault::new(field.span, message));
            }
        }
        if kind == "secret"
            && let Some(fault) = self.secret_fault(span)
        {
            return Some(fault);
        }
        if step.onbuild {
            return None;
        }
        match kind {
            "secret" | "ssh" => self.file_fault(),
            _ => self.target_fault(step, span),
        }
    }

    /// The fault of a file, which is a secret or a socket, in place of the root directory.
    fn file_fault(&self) -> Option<MountFault> {
        let mut given = self.given.iter().rev();
        let (_, field, path) = given.find(|(key, ..)| key.name() == "target")?;
        if path.as_deref() == Some("/") {
            Some(MountFault::new(field.value_span, ROOT_TARGET.to_owned()))
        } else {
            None
        }
    }

    fn secret_fault(&self, span: Span) -> Option<MountFault> {
        let names = ["id", "source", "target"];
        let [id, source, target] = names.map(|name| self.is_given(name));
        if !id && !source && !target {
            let message = "secret mount needs an `id`, a `source` or a `target`".to_owned();
            return Some(MountFault::new(span, message));
        }
        if id && source {
            let message = "secret mount has both `id` and `source`".to_owned();
            return Some(MountFault::new(span, message));
        }
        None
    }

    /// Whether a key has a value, which may be unknown.
    fn is_given(&self, name: &str) -> bool {
        let mut given = self.given.iter();
        given.any(|(key, _, value)| key.name() == name && value.as_deref() != Some(""))
    }

    /// The fault of a mount over the root directory.
    fn target_fault(&self, step: &Step<'_>, flag_span: Span) -> Option<MountFault> {
        // The last target counts.
        let mut given = self.given.iter().rev();
        let target = given.find(|(key, ..)| key.name() == "target");
        let (span, path) = match target {
            Some((_, field, value)) => (field.value_span, value.as_deref()?),
            None => (flag_span, ""),
        };
        // An absolute path is compared as it is written; `//` is another one.
        let is_root = if path.starts_with('/') {
            path == "/"
        } else {
            let from = step.workdir.path.as_deref()?;
            leads_to_root(from, path)
        };
        if !is_root {
            return None;
        }
        let mut fault = MountFault::new(span, ROOT_TARGET.to_owned());
        if target.is_none() {
            fault.note = Some("`target` defaults to the working directory, `/`".to_owned());
        }
        Some(fault)
    }
}

/// The fault of a key that the frontend of the file does not have yet.
fn too_new(cx: &DockerfileContext<'_>, field: &MountField, key: &MountKey) -> Option<MountFault> {
    if !cx.dockerfile.frontend()?.is_before(key.since) {
        return None;
    }
    let message = format!(
        "this frontend does not support `{}` in `--mount`",
        key.name()
    );
    let mut fault = MountFault::new(field.span, message);
    let version = key.since;
    fault.note = Some(format!(
        "use `# syntax=docker/dockerfile:1.{version}` or later"
    ));
    Some(fault)
}

/// Whether a relative path in a directory is the root directory.
fn leads_to_root(from: &str, path: &str) -> bool {
    let mut depth = 0_usize;
    for part in from.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            // The parent of the root is the root itself.
            ".." => depth = depth.saturating_sub(1),
            _ => depth += 1,
        }
    }
    depth == 0
}

/// The values that a key takes, unless the given one is among them.
fn expected_value(kind: MountValue, value: &str) -> Option<String> {
    let (is_valid, expected) = match kind {
        MountValue::Text => return None,
        MountValue::Type => (
            mount_types().any(|known| known.eq_ignore_ascii_case(value)),
            one_of(mount_types()),
        ),
        MountValue::Sharing => (
            sharing_modes().any(|known| known.eq_ignore_ascii_case(value)),
            one_of(sharing_modes()),
        ),
        MountValue::Boolean => (is_boolean(value), "`true` or `false`".to_owned()),
        MountValue::Octal => (
            !value.starts_with('+') && u32::from_str_radix(value, 8).is_ok(),
            "an octal number".to_owned(),
        ),
        MountValue::Number => (
            !value.starts_with('+') && value.parse::<u32>().is_ok(),
            "a number".to_owned(),
        ),
        MountValue::Size => (is_size(value), "a size such as `64m`".to_owned()),
    };
    if is_valid { None } else { Some(expected) }
}

fn one_of(names: impl Iterator<Item = &'static str>) -> String {
    let names: Vec<&str> = names.collect();
    format!("one of `{}`", names.join("`, `"))
}

/// Whether a text is a size as `units.RAMInBytes` reads it: `64`, `1.5g`, `64 MiB`.
fn is_size(text: &str) -> bool {
    let unit_start = text
        .rfind(|char: char| char.is_ascii_digit() || matches!(char, '.' | ' '))
        .map_or(0, |at| at + 1);
    let (number, unit) = text.split_at(unit_start);
    let number = number.strip_suffix(' ').unwrap_or(number);
    let unit = unit.to_ascii_lowercase();
    let is_unit = match unit.strip_prefix(['k', 'm', 'g', 't', 'p']) {
        Some(rest) => matches!(rest, "" | "b" | "ib"),
        None => matches!(unit.as_str(), "" | "b"),
    };
    is_unit && number.parse::<f64>().is_ok_and(|size| size >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_parsed_as_docker_does() {
        for size in ["64", "64m", "1.5g", "64MiB", "64 kb", "0", "10b"] {
            assert!(is_size(size), "{size}");
        }
        for size in ["", "m", "64x", "-1", "64mm", "64kib2", "6 4 m"] {
            assert!(!is_size(size), "{size}");
        }
    }
}
