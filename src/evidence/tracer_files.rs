//! The files that are mounted into a container so that the tracer runs in it, whatever the image
//! has.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::tracer::{ARGUMENT, DIRECTORY, RESULTS};

/// This very program.
const ITSELF: &str = "/proc/self/exe";
/// The name of the tracer in its directory.
const PROGRAM: &str = "jettison";

/// Mounts of a traced container, and the command line of the tracer in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TracerFiles {
    /// Options for `podman run` and `docker run`.
    pub(super) options: Vec<String>,
    /// The program and its arguments, which the image's own program follows.
    pub(super) command: Vec<String>,
    /// The directory on the host with the records.
    pub(super) results: PathBuf,
}

impl TracerFiles {
    /// Copies the tracer into a new directory below `directory`.
    pub(super) fn create(directory: &Path, tag: &str) -> io::Result<Self> {
        let program = directory.join(format!("tracer-{tag}"));
        let results = directory.join(format!("records-{tag}"));
        fs::create_dir(&program)?;
        fs::create_dir(&results)?;
        // The user of a container is any number, perhaps mapped to another one on the host. The
        // directory above is closed to other users.
        fs::set_permissions(&program, Permissions::from_mode(0o755))?;
        fs::set_permissions(&results, Permissions::from_mode(0o777))?;
        fs::copy(ITSELF, program.join(PROGRAM))?;
        fs::set_permissions(program.join(PROGRAM), Permissions::from_mode(0o755))?;
        copy_libraries(&program)?;
        Ok(Self {
            options: vec![
                // With SELinux, a container can only use directories with the label of containers,
                // which `z` sets.
                format!("--volume={}:{DIRECTORY}:ro,z", program.display()),
                format!("--volume={}:{RESULTS}:rw,z", results.display()),
                // To read the memory of programs of other users; it is given up for the program.
                "--cap-add=SYS_PTRACE".to_owned(),
            ],
            command: command()?,
            results,
        })
    }
}

/// If jettison is linked dynamically, copies its loader and its libraries, as the image may have
/// none, or others.
fn copy_libraries(directory: &Path) -> io::Result<()> {
    for library in mapped_libraries()? {
        if let Some(name) = library.file_name() {
            fs::copy(&library, directory.join(name))?;
            fs::set_permissions(directory.join(name), Permissions::from_mode(0o755))?;
        }
    }
    Ok(())
}

/// The command line of the tracer in a container.
pub(super) fn command() -> io::Result<Vec<String>> {
    let mut command = Vec::new();
    for library in mapped_libraries()? {
        let name = library.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("ld-") {
            command.push(format!("{DIRECTORY}/{name}"));
            command.extend(["--library-path".to_owned(), DIRECTORY.to_owned()]);
            break;
        }
    }
    command.push(format!("{DIRECTORY}/{PROGRAM}"));
    command.extend([ARGUMENT.to_owned(), RESULTS.to_owned()]);
    Ok(command)
}

/// The libraries that this process has mapped, the loader among them.
fn mapped_libraries() -> io::Result<Vec<PathBuf>> {
    let maps = fs::read_to_string("/proc/self/maps")?;
    let mut libraries = Vec::new();
    for line in maps.lines() {
        let Some(at) = line.find('/') else {
            continue;
        };
        let path = Path::new(&line[at..]);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.contains(".so") && !libraries.iter().any(|known| known == path) {
            libraries.push(path.to_owned());
        }
    }
    Ok(libraries)
}
