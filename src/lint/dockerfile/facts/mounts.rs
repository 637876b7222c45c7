//! Mounts of `RUN --mount`, and their fields: `type=cache,target=/x,ro`.

use crate::knowledge::MountKey;
use crate::paths::is_at_or_below;
use crate::source::Span;

/// A mount such as `--mount=type=cache,target=/var/cache/apt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The location of the flag.
    pub span: Span,
    /// The type of the mount; `bind` is the default.
    pub kind: String,
    /// The directory at which it is mounted, as written.
    pub target: Option<String>,
    /// Its permissions, as written.
    pub mode: Option<String>,
}

/// A field of a mount, `key=value` or `key`. Keys are case-insensitive, and some have several
/// names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MountField<'t> {
    pub key: &'t str,
    /// The value as written; `None` without a `=`.
    pub value: Option<&'t str>,
    /// The position in the text of the mount.
    pub start: usize,
    pub end: usize,
}

impl Mount {
    pub(super) fn parse(span: Span, text: &str) -> Self {
        let kind = mount_value(text, "type").unwrap_or("bind");
        Self {
            span,
            kind: kind.trim().to_ascii_lowercase(),
            target: mount_value(text, "target").map(|target| target.trim().to_owned()),
            mode: mount_value(text, "mode").map(|mode| mode.trim().to_owned()),
        }
    }

    /// Whether files written below `path` go to a cache or to memory instead of the image.
    pub fn keeps_out(&self, path: &str) -> bool {
        // Bind mounts discard writes as well, but are not used to keep caches out of the image.
        if !matches!(self.kind.as_str(), "cache" | "tmpfs") {
            return false;
        }
        let Some(target) = &self.target else {
            return false;
        };
        let target = target.trim_matches('"').trim_end_matches('/');
        is_at_or_below(path, target)
    }
}

impl MountField<'_> {
    /// Whether the key is the one with this canonical name.
    pub fn is(&self, name: &str) -> bool {
        MountKey::find(self.key.trim()).is_some_and(|key| key.name() == name)
    }

    /// The start of the value in the text of the mount.
    pub fn value_start(&self) -> usize {
        self.end - self.value.map_or(0, str::len)
    }
}

/// The fields of a mount. The text may be in quotes.
pub fn mount_fields(text: &str) -> impl Iterator<Item = MountField<'_>> {
    let unquoted = match text.as_bytes() {
        [b'"', .., b'"'] | [b'\'', .., b'\''] => &text[1..text.len() - 1],
        _ => text,
    };
    let mut start = (text.len() - unquoted.len()) / 2;
    unquoted.split(',').map(move |field| {
        let (key, value) = match field.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (field, None),
        };
        let end = start + field.len();
        let field = MountField {
            key,
            value,
            start,
            end,
        };
        start = end + 1;
        field
    })
}

/// The field that sets a key. If there are several, the last one counts.
pub(super) fn mount_field<'t>(text: &'t str, name: &str) -> Option<MountField<'t>> {
    mount_fields(text).filter(|field| field.is(name)).last()
}

pub(super) fn mount_value<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    mount_field(text, name)?.value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(text: &str) -> Mount {
        Mount::parse(Span::default(), text)
    }

    #[test]
    fn a_mount_keeps_a_directory_and_everything_below_it_out() {
        let mount = mount("type=cache,id=x,target=/var/lib/apt/,sharing=locked");
        assert!(mount.keeps_out("/var/lib/apt") && mount.keeps_out("/var/lib/apt/lists"));
        assert!(!mount.keeps_out("/var/lib/apt2"));
    }

    #[test]
    fn a_bind_mount_keeps_nothing_out() {
        assert!(!mount("target=/var/lib/apt").keeps_out("/var/lib/apt"));
    }

    #[test]
    fn keys_have_several_names_in_any_case_and_the_last_one_counts() {
        let mount = mount("TYPE=Cache,dst=/a,target=/b,mode=0444,ro");
        assert_eq!(mount.kind, "cache");
        assert_eq!(mount.target.as_deref(), Some("/b"));
        assert_eq!(mount.mode.as_deref(), Some("0444"));
    }

    #[test]
    fn fields_have_their_places_inside_quotes_too() {
        for text in ["type=bind,From=alpine,ro", "\"type=bind,From=alpine,ro\""] {
            let from = mount_field(text, "from").expect("a field");
            assert_eq!(from.value, Some("alpine"));
            assert_eq!(&text[from.start..from.end], "From=alpine");
            assert_eq!(&text[from.value_start()..from.end], "alpine");
        }
        assert_eq!(mount_value("from", "from"), None);
    }
}
