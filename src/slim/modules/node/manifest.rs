//! `package.json`: the parts that decide which file a request loads.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::source::Kind;

/// Longer manifests are not read; those of real packages have a few hundred kilobytes.
pub(super) const LONGEST: usize = 1 << 20;
/// Nested conditions that are followed.
const DEEPEST: usize = 16;

/// Targets of a request. Packages have one or two: for Node and for older versions of it.
const MOST_TARGETS: usize = 64;
/// Bytes of a target: Linux's `PATH_MAX`.
const LONGEST_TARGET: usize = 4096;
/// The fields that decide anything. The others, such as scripts, are not kept in memory.
const FIELDS: [&str; 11] = [
    "name",
    "os",
    "cpu",
    "libc",
    "main",
    "exports",
    "imports",
    "dependencies",
    "optionalDependencies",
    "peerDependencies",
    "peerDependenciesMeta",
];

/// The work on all manifests of an image. Further requests find nothing in a manifest, so that
/// their packages are kept whole.
#[derive(Debug)]
pub(super) struct Work {
    /// Keys and values of `exports` and `imports` that are compared with requests.
    comparisons: Cell<usize>,
    /// Values that are kept in memory, each with up to 150 bytes.
    values: Cell<usize>,
}

impl Default for Work {
    fn default() -> Self {
        // Packages have a few patterns, and exact names are found without comparing. The manifests
        // of 1000 packages have 30,000 values.
        Self {
            comparisons: Cell::new(32 << 20),
            values: Cell::new(1 << 20),
        }
    }
}

impl Work {
    fn compare(&self, count: usize) -> bool {
        spend(&self.comparisons, count)
    }
}

fn spend(left: &Cell<usize>, amount: usize) -> bool {
    let rest = left.get().checked_sub(amount);
    left.set(rest.unwrap_or_default());
    rest.is_some()
}

/// A package's manifest; empty if it is not JSON.
#[derive(Debug, Default)]
pub(super) struct Manifest {
    value: Map<String, Value>,
    work: Rc<Work>,
}

impl Manifest {
    pub(super) fn parse(bytes: &[u8], work: &Rc<Work>) -> Self {
        if bytes.len() > LONGEST || work.values.get() == 0 {
            return Self::default();
        }
        let Ok(Value::Object(mut value)) = serde_json::from_slice(bytes) else {
            return Self::default();
        };
        value.retain(|field, _| FIELDS.contains(&field.as_str()));
        let values = value.values().map(count_values).sum();
        if !spend(&work.values, values) {
            return Self::default();
        }
        Self {
            value,
            work: Rc::clone(work),
        }
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.value.get("name")?.as_str()
    }

    pub(super) fn main(&self) -> Option<&str> {
        self.value.get("main")?.as_str()
    }

    pub(super) fn has_exports(&self) -> bool {
        self.value
            .get("exports")
            .is_some_and(|exports| !exports.is_null())
    }

    /// The words in `os`, `cpu` and `libc`.
    pub(super) fn platforms(&self) -> [Vec<&str>; 3] {
        ["os", "cpu", "libc"].map(|field| match self.value.get(field) {
            Some(Value::String(only)) => vec![only.as_str()],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        })
    }

    /// The packages that it may load: `devDependencies` are for those who work on the package.
    pub(super) fn dependencies(&self) -> BTreeSet<&str> {
        const FIELDS: [&str; 4] = [
            "dependencies",
            "optionalDependencies",
            "peerDependencies",
            "peerDependenciesMeta",
        ];
        let mut names = BTreeSet::new();
        for field in FIELDS {
            if let Some(Value::Object(dependencies)) = self.value.get(field) {
                names.extend(dependencies.keys().map(String::as_str));
            }
        }
        names
    }

    /// The files of the package that a request for a part of it may load: `.` or `./x`.
    pub(super) fn exported(&self, subpath: &str, kind: Kind) -> Vec<String> {
        match self.value.get("exports") {
            Some(exports) => self.mapped(exports, subpath, kind, true),
            None => Vec::new(),
        }
    }

    /// The targets of `#x`, which are files of the package or other packages.
    pub(super) fn imported(&self, name: &str, kind: Kind) -> Vec<String> {
        match self.value.get("imports") {
            Some(imports) => self.mapped(imports, name, kind, false),
            None => Vec::new(),
        }
    }

    /// The targets of a name in `exports` or `imports`.
    fn mapped(&self, map: &Value, name: &str, kind: Kind, is_exports: bool) -> Vec<String> {
        let mut targets = Targets {
            kind,
            work: &self.work,
            found: Vec::new(),
        };
        let is_sugar = is_exports
            && match map {
                // Its keys are conditions then, and never a mixture.
                Value::Object(map) => !map.keys().next().is_some_and(|key| key.starts_with('.')),
                _ => true,
            };
        if is_sugar {
            if name == "." {
                targets.add(map, "", DEEPEST);
            }
            return targets.found;
        }
        let Value::Object(map) = map else {
            return targets.found;
        };
        if let Some(target) = map.get(name)
            && !name.contains('*')
        {
            targets.add(target, "", DEEPEST);
            return targets.found;
        }
        // A source may request ten thousand names that are not there.
        if !self.work.compare(map.len()) {
            return targets.found;
        }
        // The pattern with the longest beginning wins.
        let mut best: Option<(&str, &str, &Value)> = None;
        for (key, target) in map {
            if let Some(rest) = matched(key, name)
                && best.is_none_or(|(known, _, _)| is_longer(key, known))
            {
                best = Some((key, rest, target));
            }
        }
        if let Some((_, rest, target)) = best {
            targets.add(target, rest, DEEPEST);
        }
        targets.found
    }
}

fn count_values(value: &Value) -> usize {
    let inner: usize = match value {
        Value::Array(values) => values.iter().map(count_values).sum(),
        Value::Object(values) => values.values().map(count_values).sum(),
        _ => 0,
    };
    1 + inner
}

/// The part of a name that the `*` of a key stands for, or that follows a directory.
fn matched<'n>(key: &str, name: &'n str) -> Option<&'n str> {
    // Neither can be longer than a name that it matches, apart from the `*`.
    if key.len() > name.len() {
        return None;
    }
    if let Some((before, after)) = key.split_once('*') {
        let rest = name.strip_prefix(before)?.strip_suffix(after)?;
        return if rest.is_empty() { None } else { Some(rest) };
    }
    // Node before version 17 accepted directories.
    if key.ends_with('/') {
        name.strip_prefix(key)
    } else {
        None
    }
}

fn is_longer(key: &str, than: &str) -> bool {
    let base = |key: &str| key.find('*').unwrap_or(key.len());
    (base(key), key.len()) > (base(than), than.len())
}

/// The targets of a request.
struct Targets<'w> {
    kind: Kind,
    work: &'w Work,
    found: Vec<String>,
}

impl Targets<'_> {
    /// Adds those of a value. Returns false if it has none, so that the next condition counts.
    fn add(&mut self, target: &Value, rest: &str, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        if !self.work.compare(1) {
            return false;
        }
        match target {
            Value::String(target) => {
                self.add_path(target, rest);
                true
            }
            // Node takes the first target that is valid, and older versions the first that they
            // know.
            Value::Array(alternatives) => {
                for alternative in alternatives.iter().take(DEEPEST) {
                    self.add(alternative, rest, depth);
                }
                !alternatives.is_empty()
            }
            Value::Object(conditions) => {
                for (condition, target) in conditions {
                    if !self.work.compare(1) {
                        return false;
                    }
                    // Versions differ in this one, so the conditions after it count as well.
                    if condition == "module-sync" {
                        self.add(target, rest, depth);
                        continue;
                    }
                    if is_met(condition, self.kind) && self.add(target, rest, depth) {
                        return true;
                    }
                }
                false
            }
            // `null` excludes a part of a pattern.
            Value::Null => true,
            _ => false,
        }
    }

    fn add_path(&mut self, target: &str, rest: &str) {
        // A target of a megabyte that consists of `*` would be a gigabyte.
        if target.len() > LONGEST_TARGET {
            return;
        }
        let stars = memchr::memchr_iter(b'*', target.as_bytes()).count();
        let length = target.len() + rest.len() * stars.max(1);
        if length > LONGEST_TARGET || self.found.len() >= MOST_TARGETS {
            return;
        }
        let target = if target.ends_with('/') {
            format!("{target}{rest}")
        } else {
            target.replace('*', rest)
        };
        if !self.found.contains(&target) {
            self.found.push(target);
        }
    }
}

fn is_met(condition: &str, kind: Kind) -> bool {
    match condition {
        "node" | "default" | "node-addons" => true,
        "import" => kind == Kind::Import,
        "require" => kind == Kind::Require,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exported(exports: &str, subpath: &str, kind: Kind) -> Vec<String> {
        let text = format!("{{\"exports\": {exports}}}");
        Manifest::parse(text.as_bytes(), &Rc::default()).exported(subpath, kind)
    }

    #[test]
    fn conditions_are_tried_in_the_order_of_the_manifest() {
        let exports = r#"{"browser": "./b.js", "node": {"import": "./i.mjs", "require": "./r.cjs"},
            "default": "./d.js"}"#;
        assert_eq!(exported(exports, ".", Kind::Import), ["./i.mjs"]);
        assert_eq!(exported(exports, ".", Kind::Require), ["./r.cjs"]);
        assert_eq!(exported("\"./x.js\"", ".", Kind::Import), ["./x.js"]);
        assert_eq!(
            exported("[\"./x.js\", \"./y.js\"]", ".", Kind::Import),
            ["./x.js", "./y.js"]
        );
        let sync = r#"{".": {"module-sync": "./s.mjs", "default": "./d.js"}}"#;
        assert_eq!(exported(sync, ".", Kind::Require), ["./s.mjs", "./d.js"]);
    }

    #[test]
    fn the_longest_pattern_wins_and_null_excludes() {
        let exports = r#"{"./*": "./lib/*.js", "./in/*": null, "./f/": "./old/", "./e/*.json": "./j/*.json"}"#;
        assert_eq!(exported(exports, "./x", Kind::Require), ["./lib/x.js"]);
        assert_eq!(exported(exports, "./in/x", Kind::Require), [""; 0]);
        assert_eq!(exported(exports, "./f/x.js", Kind::Require), ["./old/x.js"]);
        assert_eq!(
            exported(exports, "./e/x.json", Kind::Require),
            ["./j/x.json"]
        );
        assert_eq!(exported(exports, ".", Kind::Require), [""; 0]);
    }

    /// Requests of a package until its manifest finds nothing.
    fn requests_until_exhausted(exports: &str, subpath: &str) -> usize {
        let work = Rc::new(Work {
            comparisons: Cell::new(1 << 20),
            values: Cell::new(1 << 20),
        });
        let manifest = Manifest::parse(format!("{{\"exports\": {exports}}}").as_bytes(), &work);
        let mut found = 0;
        while !manifest.exported(subpath, Kind::Require).is_empty() {
            found += 1;
            assert!(found < 10_000);
        }
        found
    }

    #[test]
    fn comparisons_with_patterns_and_conditions_are_limited() {
        let keys: Vec<String> = (0..1000)
            .map(|key| format!("\"./{key}/*\": \"./x/*\""))
            .collect();
        let patterns = format!("{{{}}}", keys.join(","));
        assert_eq!(
            requests_until_exhausted(&patterns, "./7/y"),
            (1 << 20) / 1001
        );
        let conditions: Vec<String> = (0..1000)
            .map(|key| format!("\"c{key}\": \"./x\""))
            .collect();
        let conditions = format!("{{{}, \"default\": \"./x\"}}", conditions.join(","));
        assert_eq!(requests_until_exhausted(&conditions, "."), (1 << 20) / 1003);
        let mut nested = "\"./x\"".to_owned();
        for _ in 0..2 {
            nested = format!("[{}]", vec![nested; DEEPEST].join(","));
        }
        // The last request is cut short.
        let steps = 1 + DEEPEST + DEEPEST * DEEPEST;
        assert_eq!(
            requests_until_exhausted(&nested, "."),
            (1 << 20) / steps + 1
        );
    }

    #[test]
    fn the_values_of_all_manifests_are_limited_together() {
        let work = Rc::new(Work {
            comparisons: Cell::new(100),
            values: Cell::new(7),
        });
        let text = r##"{"scripts": {"a": "b"}, "main": "x", "imports": {"#a": ["./a"]}}"##;
        let parse = || Manifest::parse(text.as_bytes(), &work);
        assert_eq!(parse().main(), Some("x"));
        assert_eq!(work.values.get(), 3);
        assert_eq!(parse().main(), None);
        assert_eq!(parse().main(), None);
    }

    #[test]
    fn a_target_is_at_most_as_long_as_a_path() {
        let stars = "*".repeat(1000);
        let exports = format!("{{\"./*\": \"{stars}\"}}");
        assert_eq!(exported(&exports, "./abc", Kind::Require)[0].len(), 3000);
        assert_eq!(exported(&exports, "./abcd", Kind::Require), [""; 0]);
    }
}
