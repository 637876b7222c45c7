//! Merging of two definitions of a Compose file, as for `extends` and several files.

use std::collections::{HashMap, HashSet};

use super::super::place::Spanned;
use super::super::yaml::{Entry, Merging, Node, Value};

/// The deepest mappings that are merged entry by entry: `services.web.build.args.NAME`.
const MAX_DEPTH: usize = 16;

/// Keys whose lists of `NAME=VALUE` are mappings in another form.
const MAPS: [&str; 9] = [
    "environment",
    "args",
    "labels",
    "annotations",
    "extra_hosts",
    "sysctls",
    "additional_contexts",
    "depends_on",
    "networks",
];
/// Keys whose values replace others as a whole.
const REPLACED: [&str; 4] = ["command", "entrypoint", "test", "healthcheck.test"];
/// Keys whose entries are identified by the path in the container.
const BY_TARGET: [&str; 4] = ["volumes", "devices", "configs", "secrets"];

/// Puts `over` on top of `base`; `key` is the key of both.
pub(super) fn merge(base: Node, over: Node, key: &str, depth: usize) -> Node {
    match over.merging {
        Merging::Override => return over,
        Merging::Reset => {
            return Node {
                value: Value::Null,
                ..over
            };
        }
        Merging::Usual => {}
    }
    if depth > MAX_DEPTH || REPLACED.contains(&key) {
        return over;
    }
    let (base, over) = if MAPS.contains(&key) {
        (as_map(base), as_map(over))
    } else {
        (base, over)
    };
    let place = over.place;
    let value = match (base.value, over.value) {
        (Value::Map(base), Value::Map(over)) => Value::Map(merge_maps(base, over, depth)),
        (Value::List(base), Value::List(over)) => Value::List(merge_lists(base, over, key)),
        // A key without a value changes nothing.
        (base, Value::Null) => base,
        (_, over) => over,
    };
    Node {
        place,
        value,
        merging: Merging::Usual,
    }
}

fn merge_maps(mut base: Vec<Entry>, over: Vec<Entry>, depth: usize) -> Vec<Entry> {
    let mut known: HashMap<String, usize> = HashMap::new();
    for (at, entry) in base.iter().enumerate() {
        known.insert(entry.key.value.clone(), at);
    }
    for entry in over {
        let Some(&at) = known.get(&entry.key.value) else {
            known.insert(entry.key.value.clone(), base.len());
            base.push(entry);
            continue;
        };
        let null = Node {
            place: entry.value.place,
            value: Value::Null,
            merging: Merging::Usual,
        };
        let old = std::mem::replace(&mut base[at].value, null);
        let key = entry.key.value.clone();
        base[at] = Entry {
            key: entry.key,
            value: merge(old, entry.value, &key, depth + 1),
        };
    }
    base
}

/// Appends the items of a list that are not in the other one; of two volumes with one target, the
/// later one counts.
fn merge_lists(mut base: Vec<Node>, over: Vec<Node>, key: &str) -> Vec<Node> {
    if BY_TARGET.contains(&key) {
        let targets: HashSet<String> = over.iter().filter_map(target).collect();
        base.retain(|item| target(item).is_none_or(|target| !targets.contains(&target)));
    }
    let texts: HashSet<String> = base
        .iter()
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect();
    for item in over {
        if item.as_str().is_none_or(|text| !texts.contains(text)) {
            base.push(item);
        }
    }
    base
}

/// The path in the container of a volume or device.
fn target(item: &Node) -> Option<String> {
    match item.scalar() {
        Some(scalar) => {
            let mut parts = scalar.text.split(':');
            let first = parts.next()?;
            Some(parts.next().unwrap_or(first).to_owned())
        }
        None => Some(item.get("target")?.as_str()?.to_owned()),
    }
}

/// The mapping that a list of `NAME=VALUE` stands for.
pub(super) fn as_map(node: Node) -> Node {
    let Value::List(items) = node.value else {
        return node;
    };
    let mut entries = Vec::new();
    for item in items {
        let place = item.place;
        let Some(scalar) = item.scalar() else {
            continue;
        };
        let (name, value) = match scalar.text.split_once('=') {
            Some((name, value)) => (name, Node::text(place, value, scalar.origin)),
            None => (
                scalar.text.as_str(),
                Node {
                    place,
                    value: Value::Null,
                    merging: Merging::Usual,
                },
            ),
        };
        entries.push(Entry {
            key: Spanned::new(name.to_owned(), place),
            value,
        });
    }
    Node {
        value: Value::Map(entries),
        ..node
    }
}
