//! Mounts of a service: volumes, temporary file systems, secrets and configs.

use super::super::place::Spanned;
use super::super::workload::{Mount, MountSource};
use super::super::yaml::Node;

pub(super) fn of(service: &Node) -> Vec<Mount> {
    let mut mounts = Vec::new();
    for item in service.get("volumes").map(Node::items).unwrap_or_default() {
        mounts.extend(match item.scalar() {
            Some(_) => short(item),
            None => long(item),
        });
    }
    for path in service.get("tmpfs").map(Node::strings).unwrap_or_default() {
        // Options follow the path: `/run:size=64m`.
        let target = path.value.split(':').next().unwrap_or_default().to_owned();
        let place = path.place;
        mounts.push(Mount {
            place,
            source: MountSource::Empty,
            target: Spanned::new(target, place),
            is_read_only: false,
            relabels: false,
        });
    }
    add_files(service, "secrets", &mut mounts);
    add_files(service, "configs", &mut mounts);
    if let Some(socket) = service.get("use_api_socket")
        && socket.boolean().is_some_and(|is| is.value)
    {
        let path = Spanned::new("/var/run/docker.sock".to_owned(), socket.place);
        mounts.push(Mount {
            place: socket.place,
            source: MountSource::Host(path.clone()),
            target: path,
            is_read_only: false,
            relabels: false,
        });
    }
    mounts
}

/// `[SOURCE:]TARGET[:OPTIONS]`
fn short(item: &Node) -> Option<Mount> {
    let text = &item.scalar()?.text;
    let place = item.place;
    let parts = split_outside_braces(text);
    let (source, target, options) = match parts.as_slice() {
        [target] => (None, *target, ""),
        [source, target] => (Some(*source), *target, ""),
        [source, target, options] => (Some(*source), *target, *options),
        _ => return None,
    };
    let source = match source {
        Some(source) if is_host_path(source) => {
            MountSource::Host(Spanned::new(source.to_owned(), place))
        }
        source => MountSource::Volume(source.map(str::to_owned)),
    };
    let mut options = options.split(',');
    Some(Mount {
        place,
        source,
        target: Spanned::new(target.to_owned(), place),
        is_read_only: options.clone().any(|option| option == "ro"),
        relabels: options.any(|option| option == "z" || option == "Z"),
    })
}

/// Whether the source of a short volume is a path of the host, and not the name of a volume.
fn is_host_path(source: &str) -> bool {
    source.starts_with(['/', '.', '~', '$'])
}

/// Splits at colons, except in variables that are not known (`${A:-b}`) and behind the letter of a
/// Windows drive.
fn split_outside_braces(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ':' if depth == 0 => {
                let is_drive = at - start == 1 && text[at + 1..].starts_with('\\');
                if !is_drive {
                    parts.push(&text[start..at]);
                    start = at + 1;
                }
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn long(item: &Node) -> Option<Mount> {
    let target = item.get("target")?.string()?;
    let source = item.get("source");
    let source = match item.get("type")?.as_str()? {
        // As in the short form, a path with a variable that is not known stays as it is written.
        "bind" => {
            let source = source?;
            MountSource::Host(Spanned::new(source.scalar()?.text.clone(), source.place))
        }
        "volume" => MountSource::Volume(source.and_then(Node::string).map(|name| name.value)),
        "tmpfs" => MountSource::Empty,
        // A named pipe is of Windows, and an image or a cluster volume holds no files of the host.
        _ => MountSource::Other,
    };
    let is_read_only = item.get("read_only").and_then(Node::boolean);
    Some(Mount {
        place: item.place,
        source,
        target,
        is_read_only: is_read_only.is_some_and(|is| is.value),
        relabels: item.at(&["bind", "selinux"]).is_some(),
    })
}

/// Adds secrets or configs, which are files that a container can only read.
fn add_files(service: &Node, key: &str, mounts: &mut Vec<Mount>) {
    for item in service.get(key).map(Node::items).unwrap_or_default() {
        let name = item.string().or_else(|| item.get("source")?.string());
        let Some(name) = name else {
            continue;
        };
        let given = item.get("target").and_then(Node::string);
        let target = match given {
            Some(target) if target.starts_with('/') => target.value,
            Some(target) if key == "secrets" => format!("/run/secrets/{}", target.value),
            None if key == "secrets" => format!("/run/secrets/{}", name.value),
            Some(target) => format!("/{}", target.value),
            None => format!("/{}", name.value),
        };
        let source = if key == "secrets" {
            MountSource::Secret(Some(name.value))
        } else {
            MountSource::Config(Some(name.value))
        };
        mounts.push(Mount {
            place: item.place,
            source,
            target: Spanned::new(target, item.place),
            is_read_only: true,
            relabels: false,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::split_outside_braces;

    #[test]
    fn colons_in_variables_and_drives_do_not_separate() {
        for (text, parts) in [
            ("./a:/b:ro", &["./a", "/b", "ro"][..]),
            ("${A:-/x}:/b", &["${A:-/x}", "/b"]),
            ("C:\\a:/b", &["C:\\a", "/b"]),
            ("/data", &["/data"]),
        ] {
            assert_eq!(split_outside_braces(text), parts);
        }
    }
}
