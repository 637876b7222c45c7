//! `/etc/ld.so.conf`: the directories that `ldconfig` would look in.

use globset::GlobBuilder;

use super::search::{Files, join, parent};

/// Files that include each other more deeply than this include themselves.
const MAX_DEPTH: usize = 16;

/// The directories that a configuration file and those it includes name, in order, each once. Globs
/// of `include` are matched in this file system, sorted.
pub fn configured_directories<F: Files>(files: &F, path: &[u8]) -> Vec<Vec<u8>> {
    let mut directories = Vec::new();
    read(files, path, 0, &mut directories);
    directories
}

fn read<F: Files>(files: &F, path: &[u8], depth: usize, directories: &mut Vec<Vec<u8>>) {
    let Some(text) = files.read_path(path).filter(|_| depth < MAX_DEPTH) else {
        return;
    };
    for line in text.split(|&byte| byte == b'\n') {
        let line = line
            .split(|&byte| byte == b'#')
            .next()
            .unwrap_or_default()
            .trim_ascii();
        if let Some(patterns) = keyword(line, b"include") {
            for pattern in patterns
                .split(u8::is_ascii_whitespace)
                .filter(|pattern| !pattern.is_empty())
            {
                let pattern = if pattern.starts_with(b"/") {
                    pattern.to_vec()
                } else {
                    join(parent(path), pattern)
                };
                for included in matching(files, &pattern) {
                    read(files, &included, depth + 1, directories);
                }
            }
        } else if keyword(line, b"hwcap").is_none() {
            let separator = |byte: &u8| matches!(byte, b':' | b',' | b' ' | b'\t' | b'\r');
            for directory in line.split(separator) {
                add(directory, directories);
            }
        }
    }
}

fn keyword<'a>(line: &'a [u8], keyword: &[u8]) -> Option<&'a [u8]> {
    line.strip_prefix(keyword)
        .filter(|rest| rest.first().is_some_and(u8::is_ascii_whitespace))
}

fn add(directory: &[u8], directories: &mut Vec<Vec<u8>>) {
    // `=libc6` and the like told very old versions which kind of libraries is there.
    let directory = directory
        .split(|&byte| byte == b'=')
        .next()
        .unwrap_or_default();
    let end = directory
        .iter()
        .rposition(|&byte| byte != b'/')
        .map_or(0, |last| last + 1);
    let directory = &directory[..end];
    if directory.starts_with(b"/") && !directories.iter().any(|known| known == directory) {
        directories.push(directory.to_vec());
    }
}

/// The paths that a glob matches, component by component, sorted.
fn matching<F: Files>(files: &F, pattern: &[u8]) -> Vec<Vec<u8>> {
    let mut paths = vec![b"/".to_vec()];
    for component in pattern
        .split(|&byte| byte == b'/')
        .filter(|component| !component.is_empty())
    {
        if !component.iter().any(|byte| b"*?[".contains(byte)) {
            for path in &mut paths {
                *path = join(path, component);
            }
            continue;
        }
        let component = String::from_utf8_lossy(component);
        let Ok(glob) = GlobBuilder::new(&component).literal_separator(true).build() else {
            return Vec::new();
        };
        let glob = glob.compile_matcher();
        let matches = |name: &Vec<u8>| {
            let hidden = name.starts_with(b".") && !component.starts_with('.');
            !hidden && glob.is_match(&*String::from_utf8_lossy(name))
        };
        let below = |path: &Vec<u8>| {
            let path = path.clone();
            files
                .list(&path)
                .into_iter()
                .filter(matches)
                .map(move |name| join(&path, &name))
                .collect::<Vec<_>>()
        };
        paths = paths.iter().flat_map(below).collect();
    }
    paths
}
