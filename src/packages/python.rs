//! Python distributions: `NAME-VERSION.dist-info`, and `.egg-info` as a directory or a file.

use std::collections::BTreeSet;

use super::fields::paragraphs;
use super::{Ecosystem, Facts, Found, text};
use crate::image::{NameId, ReadError, Tree};

pub(super) fn read(found: &mut Found<'_>, name: NameId) -> Result<(), ReadError> {
    let tree = found.tree();
    let file_name = tree.file_name(name);
    let Some(record) = metadata(tree, name, file_name) else {
        return Ok(());
    };
    let Some(bytes) = found.text(record)? else {
        return Ok(());
    };
    let Some(paragraph) = paragraphs(&bytes).next() else {
        return Ok(());
    };
    let license = paragraph
        .text("License-Expression")
        .or_else(|| paragraph.text("License"));
    let facts = Facts {
        name: paragraph.text("Name").unwrap_or_default(),
        version: paragraph.text("Version").unwrap_or_default(),
        // Old tools write `UNKNOWN`, or the whole text of the license.
        license: license.filter(|text| text != "UNKNOWN" && text.lines().count() == 1),
        ..Facts::default()
    };
    let files = files(found, name, record)?;
    found.add(Ecosystem::Python, facts, record, files);
    Ok(())
}

/// The file with the metadata fields.
fn metadata(tree: &Tree, name: NameId, file_name: &[u8]) -> Option<NameId> {
    if file_name.ends_with(b".dist-info") {
        tree.child(name, b"METADATA")
    } else if file_name.ends_with(b".egg-info") {
        if tree.is_directory(name) {
            tree.child(name, b"PKG-INFO")
        } else {
            Some(name)
        }
    } else {
        None
    }
}

/// The files of a distribution: those in `RECORD`, else those in `installed-files.txt`, else the
/// modules named in `top_level.txt`; and its metadata.
fn files(found: &Found<'_>, information: NameId, record: NameId) -> Result<Vec<NameId>, ReadError> {
    let tree = found.tree();
    let mut files = if tree.is_directory(information) {
        found.files_below(information, None)
    } else {
        vec![record]
    };
    let site = tree.parent(information);
    let list = |list: &[u8]| tree.child(information, list).map(|list| found.text(list));
    if let Some(bytes) = list(b"RECORD").transpose()?.flatten() {
        files.extend(
            bytes
                .split(|&byte| byte == b'\n')
                .filter_map(|line| entry(tree, site, &record_path(line)?)),
        );
    } else if let Some(bytes) = list(b"installed-files.txt").transpose()?.flatten() {
        files.extend(
            bytes
                .split(|&byte| byte == b'\n')
                .filter_map(|path| entry(tree, information, path)),
        );
    } else if let Some(bytes) = list(b"top_level.txt").transpose()?.flatten() {
        // A module may be named on every line.
        let modules: BTreeSet<String> = bytes.split(|&byte| byte == b'\n').map(text).collect();
        for module in modules.iter().filter(|module| !module.is_empty()) {
            if let Some(package) = tree
                .child(site, module.as_bytes())
                .filter(|&name| tree.is_directory(name))
            {
                files.extend(found.files_below(package, None));
            }
            files.extend(tree.child(site, format!("{module}.py").as_bytes()));
        }
    }
    Ok(files)
}

/// The path in a line `PATH,HASH,SIZE`; quoted as in CSV if it contains a comma.
fn record_path(line: &[u8]) -> Option<Vec<u8>> {
    let line = line.trim_ascii();
    if line.is_empty() {
        return None;
    }
    let Some(quoted) = line.strip_prefix(b"\"") else {
        return line.split(|&byte| byte == b',').next().map(<[u8]>::to_vec);
    };
    let mut path = Vec::new();
    let mut bytes = quoted.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'"' if bytes.as_slice().first() == Some(&b'"') => {
                bytes.next();
                path.push(b'"');
            }
            b'"' => break,
            _ => path.push(byte),
        }
    }
    Some(path)
}

/// The entry at a path relative to a directory; `None` for directories and missing entries.
fn entry(tree: &Tree, from: NameId, path: &[u8]) -> Option<NameId> {
    let path = path.trim_ascii();
    if path.is_empty() {
        return None;
    }
    let name = match path.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => tree.child(
            tree.resolve_from(from, &path[..=slash]).ok()?.name,
            &path[slash + 1..],
        )?,
        None => tree.child(from, path)?,
    };
    if tree.is_directory(name) {
        return None;
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_a_comma_is_in_quotes() {
        assert_eq!(
            record_path(b"a/b.py,sha256=x,12\r"),
            Some(b"a/b.py".to_vec())
        );
        assert_eq!(
            record_path(b"\"a,\"\"b\"\".py\",,"),
            Some(b"a,\"b\".py".to_vec())
        );
        assert_eq!(record_path(b""), None);
    }
}
