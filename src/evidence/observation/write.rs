//! Writing an observation: sorted, one path a line, so that it can be compared and reviewed.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::path_text::encode;
use super::{Acts, Observation, VERSION};

impl Observation {
    /// The document. The same observation is always the same text.
    pub fn to_json(&self) -> String {
        let subject = self.subjects.first().cloned().unwrap_or_default();
        let head = json!({
            "version": VERSION,
            "image": { "name": subject.name, "chain_id": subject.chain_id },
            "complete": !self.is_incomplete,
        });
        let mut text = head.to_string();
        // The closing brace returns after the paths, which get a line each.
        text.pop();
        text.push_str(",\"paths\":[");
        for (index, (path, acts)) in self.paths().enumerate() {
            text.push_str(if index == 0 { "\n" } else { ",\n" });
            text.push_str(&row(path, acts).to_string());
        }
        text.push_str("\n]}\n");
        text
    }
}

fn row(path: &[u8], acts: &Acts) -> Value {
    let mut row = Map::new();
    row.insert("path".to_owned(), encode(path).into());
    for (act, programs) in acts {
        row.insert(act.key().to_owned(), texts(programs));
    }
    Value::Object(row)
}

fn texts(programs: &BTreeSet<Vec<u8>>) -> Value {
    programs.iter().map(|program| encode(program)).collect()
}
