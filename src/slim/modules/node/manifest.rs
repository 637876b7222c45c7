//! `package.json`: the parts that decide which file a request loads.

use std::cell::Cell;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::source::Kind;

/// Longer manifests are not read; those of real packages have a few hundred kilobytes.
pub(super) const LONGEST: usize = 1 << 20;
/// Nested conditions that are followed.
const DEEPEST: usize = 16;

/// Keys of `exports` and `imports` that are compared with requests, for each package. Packages have
/// a few patterns, and exact names are found without comparing.
const COMPARISONS: usize = 1 << 20;

/// A package's manifest; empty if it is not JSON.
#[derive(Debug)]
pub(super) struct Manifest {
    value: Map<String, Value>,
    /// The comparisons that are left. Further requests find no pattern, so the package is kept
    /// whole.
    comparisons: Cell<usize>,
}

impl Default for Manifest {
    fn default() -> Self {
        Self::of(Map::new())
    }
}

impl Manifest {
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let value = if bytes.len() > LONGEST {
            None
        } else {
            serde_json::from_slice(bytes).ok()
        };
        match value {
            Some(Value::Object(value)) => Self::of(value),
            _ => Self::default(),
        }
    }

    fn of(value: Map<String, Value>) -> Self {
        Self {
            value,
            comparisons: Cell::new(COMPARISONS),
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
        let mut targets = Vec::new();
        let is_sugar = is_exports
            && match map {
                // Its keys are conditions then, and never a mixture.
                Value::Object(map) => !map.keys().next().is_some_and(|key| key.starts_with('.')),
                _ => true,
            };
        if is_sugar {
            if name == "." {
                add_targets(map, "", kind, DEEPEST, &mut targets);
            }
            return targets;
        }
        let Value::Object(map) = map else {
            return targets;
        };
        if let Some(target) = map.get(name)
            && !name.contains('*')
        {
            add_targets(target, "", kind, DEEPEST, &mut targets);
            return targets;
        }
        // A source may request ten thousand names that are not there.
        let left = self.comparisons.get().checked_sub(map.len());
        self.comparisons.set(left.unwrap_or_default());
        if left.is_none() {
            return targets;
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
            add_targets(target, rest, kind, DEEPEST, &mut targets);
        }
        targets
    }
}

/// The part of a name that the `*` of a key stands for, or that follows a directory.
fn matched<'n>(key: &str, name: &'n str) -> Option<&'n str> {
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

fn add_targets(
    target: &Value,
    rest: &str,
    kind: Kind,
    depth: usize,
    targets: &mut Vec<String>,
) -> bool {
    let Some(depth) = depth.checked_sub(1) else {
        return false;
    };
    match target {
        Value::String(target) => {
            let target = if target.ends_with('/') {
                format!("{target}{rest}")
            } else {
                target.replace('*', rest)
            };
            if !targets.contains(&target) {
                targets.push(target);
            }
            true
        }
        // Node takes the first target that is valid, and older versions the first that they know.
        Value::Array(alternatives) => {
            for alternative in alternatives.iter().take(DEEPEST) {
                add_targets(alternative, rest, kind, depth, targets);
            }
            !alternatives.is_empty()
        }
        Value::Object(conditions) => {
            for (condition, target) in conditions {
                // Versions differ in this one, so the conditions after it count as well.
                if condition == "module-sync" {
                    add_targets(target, rest, kind, depth, targets);
                    continue;
                }
                if is_met(condition, kind) && add_targets(target, rest, kind, depth, targets) {
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
        Manifest::parse(text.as_bytes()).exported(subpath, kind)
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

    #[test]
    fn the_comparisons_with_patterns_are_limited() {
        let keys: Vec<String> = (0..1000)
            .map(|key| format!("\"./{key}/*\": \"./x/*\""))
            .collect();
        let text = format!(
            "{{\"exports\": {{\"./e\": \"./e.js\", {}}}}}",
            keys.join(",")
        );
        let manifest = Manifest::parse(text.as_bytes());
        let mut found = 0;
        while !manifest.exported("./7/y", Kind::Require).is_empty() {
            found += 1;
            assert!(found < 10_000);
        }
        assert!(found > 1000, "{found}");
        assert_eq!(manifest.exported("./e", Kind::Require), ["./e.js"]);
    }
}
