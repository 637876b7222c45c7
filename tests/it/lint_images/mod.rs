//! Images with policies, Dockerfiles and baselines, tested with the program itself.

mod baseline;
mod dockerfiles;
mod policy;
mod slimming;

use std::fs;
use std::path::Path;

use assert_cmd::Command;

use crate::builders::description;

/// A program that needs its loader and no more, beside what nobody needs.
const IMAGE: &str = "\
elf /app interpreter=/lib/ld.so
library /lib/ld.so
file /var/lib/dpkg/status \"Package: sudo\\nStatus: install ok installed\\nArchitecture: amd64\\nVersion: 1.9\\n\\nPackage: ld\\nStatus: install ok installed\\nArchitecture: amd64\\nVersion: 1\\n\\n\"
file /var/lib/dpkg/info/sudo.list \"/usr/bin/sudo\\n\"
file /var/lib/dpkg/info/ld.list \"/lib/ld.so\\n\"
layer RUN apt-get install -y sudo
file /usr/bin/sudo mode=4755
file /usr/bin/dash size=100000
user 1000
entrypoint /app
";

/// A folder with `app.tar` and a configuration.
fn folder(image: &str, config: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.tar"), description::archive(image)).unwrap();
    fs::write(folder.path().join(".jettison.toml"), config).unwrap();
    folder
}

/// The program in a folder, on the first day of 2026; exit status, standard output and standard
/// error.
fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
    command
        .current_dir(folder)
        .env("SOURCE_DATE_EPOCH", "1767225600")
        .env("NO_COLOR", "1")
        .args(arguments);
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}
