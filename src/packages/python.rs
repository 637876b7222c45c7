//! Python distributions: `NAME-VERSION.dist-info`, and `.egg-info` as a directory or a file.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::ecosystem::{Description, PurlName, Reader};
use super::fields::paragraphs;
use super::{Ecosystem, Facts, Order, Scan};
use crate::image::{Bytes, NameId, ReadError, Tree};

/// Described for the list of ecosystems.
pub(super) const ECOSYSTEM: Description = Description {
    read: Reader::Record(read),
    purl_type: "pypi",
    // PyPI treats these three characters as equal, and the specification requires the hyphen.
    purl_name: PurlName::Written(|name| name.to_ascii_lowercase().replace(['_', '.'], "-")),
    order: Order::Python,
    osv: Some("PyPI"),
    normal_name,
    ..Description::USUAL
};

pub(super) fn read(scan: &mut Scan<'_>, name: NameId) -> Result<(), ReadError> {
    let tree = scan.tree();
    let file_name = tree.file_name(name);
    let Some(record) = metadata(tree, name, file_name) else {
        return Ok(());
    };
    let Some(bytes) = scan.text(record)? else {
        return Ok(());
    };
    let Some(paragraph) = paragraphs(&bytes).next() else {
        return Ok(());
    };
    // The first paragraph contains the fields; the long description may follow.
    let license = paragraph
        .license("License-Expression")
        .or_else(|| paragraph.license("License"));
    let facts = Facts {
        name: paragraph.text("Name").unwrap_or_default(),
        version: paragraph.text("Version").unwrap_or_default(),
        // Old tools write `UNKNOWN`, or the whole text of the license.
        license: license.filter(|text| text != "UNKNOWN" && text.lines().count() == 1),
        ..Facts::default()
    };
    let files = files(scan, name, record)?;
    scan.add(Ecosystem::Python, facts, record, files);
    Ok(())
}

/// Normalizes a name by PEP 503: runs of `-`, `_` and `.` become one hyphen, letters lower case.
fn normal_name(name: &str) -> Cow<'_, str> {
    // Nearly all names of an export are normal already, and there are hundreds of thousands.
    let is_normal = !name.contains("--")
        && !name.contains(['_', '.'])
        && !name.bytes().any(|byte| byte.is_ascii_uppercase());
    if is_normal {
        return Cow::Borrowed(name);
    }
    let mut normal = String::new();
    for letter in name.chars() {
        match letter {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            letter => normal.push(letter.to_ascii_lowercase()),
        }
    }
    Cow::Owned(normal)
}

/// Returns the file with the metadata fields.
fn metadata(tree: &Tree, name: NameId, file_name: &[u8]) -> Option<NameId> {
    if file_name.ends_with(b".dist-info") {
        tree.child(name, b"METADATA")
    } else if file_name.ends_with(b".egg-info") {
        // distutils wrote a file; setuptools writes a directory.
        if tree.is_directory(name) {
            tree.child(name, b"PKG-INFO")
        } else {
            Some(name)
        }
    } else {
        None
    }
}

/// Lists the files of a distribution: those in `RECORD`, else those in `installed-files.txt`, else
/// the modules named in `top_level.txt`; and its metadata.
fn files(scan: &Scan<'_>, information: NameId, record: NameId) -> Result<Vec<NameId>, ReadError> {
    let tree = scan.tree();
    let mut files = if tree.is_directory(information) {
        scan.files_below(information, None)
    } else {
        vec![record]
    };
    let site = tree.parent(information);
    // pip writes RECORD with paths relative to `site-packages`; setuptools and old versions of pip
    // wrote `installed-files.txt` with paths relative to the metadata.
    if let Some(bytes) = list(scan, information, b"RECORD")? {
        for line in scan.listed(record, bytes.split(|&byte| byte == b'\n')) {
            files.extend(record_path(line).and_then(|path| entry(tree, site, &path)));
        }
    } else if let Some(bytes) = list(scan, information, b"installed-files.txt")? {
        for path in scan.listed(record, bytes.split(|&byte| byte == b'\n')) {
            files.extend(entry(tree, information, path));
        }
    } else if let Some(bytes) = list(scan, information, b"top_level.txt")? {
        // A hostile list may repeat the same module on every line.
        let lines = scan.listed(record, bytes.split(|&byte| byte == b'\n'));
        let modules: BTreeSet<&[u8]> = lines.map(<[u8]>::trim_ascii).collect();
        for module in modules {
            files.extend(module_files(scan, site, module));
        }
    }
    Ok(files)
}

/// Reads a list of files or modules in the metadata directory.
fn list<'a>(
    scan: &Scan<'a>,
    information: NameId,
    file_name: &[u8],
) -> Result<Option<Bytes<'a>>, ReadError> {
    match scan.tree().child(information, file_name) {
        Some(list) => scan.text(list),
        None => Ok(None),
    }
}

/// Lists the files of a module: a directory, a single file, or both.
fn module_files(scan: &Scan<'_>, site: NameId, module: &[u8]) -> Vec<NameId> {
    let tree = scan.tree();
    let mut files = Vec::new();
    // An empty line would make the module `.py`, and `site-packages` itself its directory.
    if module.is_empty() {
        return files;
    }
    if let Some(package) = tree.child(site, module)
        && tree.is_directory(package)
    {
        files.extend(scan.files_below(package, None));
    }
    files.extend(tree.child(site, &[module, b".py"].concat()));
    files
}

/// Returns the path in a line `PATH,HASH,SIZE`; quoted as in CSV if it contains a comma.
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
            // CSV doubles a quote inside quotes.
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

/// Returns the entry at a path relative to a directory; `None` for directories and missing entries.
fn entry(tree: &Tree, from: NameId, path: &[u8]) -> Option<NameId> {
    let path = path.trim_ascii();
    if path.is_empty() {
        return None;
    }
    // Only the directory is resolved: the last part may be a symlink that the package installed.
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
    fn a_quoted_path_in_a_record_may_contain_a_comma() {
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
