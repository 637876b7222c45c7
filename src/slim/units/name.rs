//! Unit names, and the specifiers in settings that refer to parts of them.

/// Maximum length of a unit name; see systemd.unit(5).
const MAX_LENGTH: usize = 255;
/// Maximum length in bytes of a value after its specifiers are replaced; `%i` may be as long as a
/// name.
pub(in crate::slim) const MAX_EXPANDED: usize = 64 << 10;

const KINDS: [&str; 11] = [
    "automount",
    "device",
    "mount",
    "path",
    "scope",
    "service",
    "slice",
    "socket",
    "swap",
    "target",
    "timer",
];

/// A valid name: `prefix.kind`, `prefix@.kind` for a template, or `prefix@instance.kind`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::slim) struct UnitName {
    full: String,
    /// The offset of the first `@`.
    at: Option<usize>,
    /// The offset of the dot before the kind.
    dot: usize,
}

impl UnitName {
    pub(in crate::slim) fn parse(name: &str) -> Option<Self> {
        let (stem, kind) = name.rsplit_once('.')?;
        let is_valid = !stem.is_empty()
            && !stem.starts_with('@')
            && name.len() <= MAX_LENGTH
            && !name.contains(['/', '\0'])
            && KINDS.contains(&kind);
        if !is_valid {
            return None;
        }
        Some(Self {
            full: name.to_owned(),
            at: stem.find('@'),
            dot: stem.len(),
        })
    }

    pub(in crate::slim) fn full(&self) -> &str {
        &self.full
    }

    pub(in crate::slim) fn kind(&self) -> &str {
        &self.full[self.dot + 1..]
    }

    pub(in crate::slim) fn stem(&self) -> &str {
        &self.full[..self.dot]
    }

    pub(in crate::slim) fn prefix(&self) -> &str {
        &self.full[..self.at.unwrap_or(self.dot)]
    }

    /// The part after the `@`, which is empty for a template; `None` without an `@`.
    pub(in crate::slim) fn instance(&self) -> Option<&str> {
        Some(&self.full[self.at? + 1..self.dot])
    }

    /// The name of the template of an instance.
    pub(in crate::slim) fn template(&self) -> Option<String> {
        match self.instance() {
            None | Some("") => None,
            Some(_) => Some(format!("{}@.{}", self.prefix(), self.kind())),
        }
    }

    /// The unit of another kind that belongs to this one: the service of a socket.
    pub(in crate::slim) fn with_kind(&self, kind: &str) -> String {
        format!("{}.{kind}", self.stem())
    }

    /// The unit that a symlink with this name refers to if its target has another name; `None` if
    /// it points to the file of the unit itself.
    pub(in crate::slim) fn alias(&self, target: &str) -> Option<Self> {
        if target == self.full || self.template().is_some_and(|template| template == target) {
            return None;
        }
        let target = Self::parse(target)?;
        match (self.instance(), target.instance()) {
            // An alias of a template keeps the instance.
            (Some(instance), Some("")) => {
                Self::parse(&format!("{}@{instance}.{}", target.prefix(), target.kind()))
            }
            (None, Some("")) => None,
            _ => Some(target),
        }
    }

    /// A value with its specifiers replaced; see systemd.unit(5). `*` stands for values that are
    /// only known at run time, such as the host name. `None` if the result is too long.
    pub(in crate::slim) fn expand(&self, value: &str) -> Option<String> {
        let mut expanded = String::new();
        let mut chars = value.chars();
        while let Some(char) = chars.next() {
            if char != '%' {
                expanded.push(char);
            } else if let Some(specifier) = chars.next() {
                self.push_specifier(specifier, &mut expanded);
            }
            if expanded.len() > MAX_EXPANDED {
                return None;
            }
        }
        Some(expanded)
    }

    fn push_specifier(&self, specifier: char, to: &mut String) {
        let instance = match self.instance() {
            // The instances of a template, such as connections to a socket, are unknown.
            Some("") => "*",
            instance => instance.unwrap_or_default(),
        };
        let last = self.prefix().rsplit('-').next().unwrap_or_default();
        match specifier {
            '%' => to.push('%'),
            'i' => to.push_str(instance),
            'I' => to.push_str(&unescaped(instance)),
            'n' => to.push_str(&self.full),
            'N' => to.push_str(self.stem()),
            'p' => to.push_str(self.prefix()),
            'P' => to.push_str(&unescaped(self.prefix())),
            'j' => to.push_str(last),
            'J' => to.push_str(&unescaped(last)),
            'f' => {
                let path = if instance.is_empty() {
                    self.prefix()
                } else {
                    instance
                };
                to.push('/');
                to.push_str(unescaped(path).trim_start_matches('/'));
            }
            't' => to.push_str("/run"),
            'S' => to.push_str("/var/lib"),
            'C' => to.push_str("/var/cache"),
            'L' => to.push_str("/var/log"),
            'E' => to.push_str("/etc"),
            'T' => to.push_str("/tmp"),
            'V' => to.push_str("/var/tmp"),
            'u' | 'g' => to.push_str("root"),
            'U' | 'G' => to.push('0'),
            'h' => to.push_str("/root"),
            's' => to.push_str("/bin/sh"),
            // The host name, the kernel and the machine ID.
            _ => to.push('*'),
        }
    }
}

/// Undoes `systemd-escape`: `-` stands for a slash, and `\x2d` for a byte.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first == b'-' {
            bytes.push(b'/');
        } else if let Some(byte) = escaped_byte(first, after) {
            bytes.push(byte);
            rest = &after[3..];
        } else {
            bytes.push(first);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The byte that `\x2d` encodes, given the text after its backslash.
fn escaped_byte(first: u8, after: &[u8]) -> Option<u8> {
    if first != b'\\' || after.first() != Some(&b'x') {
        return None;
    }
    let digits = std::str::from_utf8(after.get(1..3)?).ok()?;
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> UnitName {
        UnitName::parse(text).expect("the name is valid")
    }

    #[test]
    fn a_name_has_a_prefix_an_instance_and_a_kind() {
        let unit = name("getty@tty1.service");
        assert_eq!(
            (unit.prefix(), unit.instance(), unit.kind()),
            ("getty", Some("tty1"), "service")
        );
        assert_eq!(unit.template().as_deref(), Some("getty@.service"));
        assert_eq!(name("a.b.service").prefix(), "a.b");
        assert_eq!(name("a.socket").with_kind("service"), "a.service");
        for invalid in ["a", ".service", "@x.service", "a/b.service", "a.conf"] {
            assert_eq!(UnitName::parse(invalid), None, "{invalid}");
        }
    }

    #[test]
    fn specifiers_stand_for_the_parts_of_the_name() {
        let unit = name("web-app@etc-x\\x2dy.service");
        assert_eq!(
            unit.expand("%n %N %p %i %I %j %f %% %H").as_deref(),
            Some(
                "web-app@etc-x\\x2dy.service web-app@etc-x\\x2dy web-app etc-x\\x2dy etc/x-y app \
                 /etc/x-y % *"
            )
        );
        assert_eq!(unit.expand(&"%n".repeat(10_000)), None);
        assert_eq!(unit.expand("100%").as_deref(), Some("100"));
    }

    #[test]
    fn the_instances_of_a_template_are_unknown() {
        assert_eq!(
            name("a@.service").expand("/etc/%i.env").as_deref(),
            Some("/etc/*.env")
        );
        assert_eq!(
            name("a.service").expand("/etc/%i.env").as_deref(),
            Some("/etc/.env")
        );
    }

    #[test]
    fn an_alias_of_a_template_passes_the_instance_on() {
        let unit = name("a@x.service");
        assert_eq!(unit.alias("a@.service"), None);
        assert_eq!(unit.alias("b@.service"), Some(name("b@x.service")));
        assert_eq!(
            name("a.service").alias("b.service"),
            Some(name("b.service"))
        );
        assert_eq!(name("a.service").alias("a.service"), None);
    }
}
