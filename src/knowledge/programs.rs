//! Programs by class, from `rules/programs.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../../rules/programs.toml")).expect("a test parses the table")
});

// A list that no class uses is an error.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Table {
    posix_shells: Vec<String>,
    shell_builtins: Vec<String>,
    script_runners: Vec<String>,
    other_shells: Vec<String>,
    windows_shells: Vec<String>,
    interpreters: Vec<String>,
    runtime_libraries: Vec<String>,
    system_package_managers: Vec<String>,
    language_package_managers: Vec<String>,
    downloaders: Vec<String>,
    root_servers: Vec<String>,
    readers: Vec<String>,
    assignment_printers: Vec<String>,
    silent: Vec<String>,
    build_tools: Vec<String>,
    debug_tools: Vec<String>,
    prompts: Vec<String>,
    writers: Vec<String>,
    copiers: Vec<String>,
}

/// A class of programs with the same purpose, or the same risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramClass {
    /// Shells whose scripts are read as POSIX scripts: `sh`, `bash`, `dash`, …
    PosixShell,
    /// Commands that shells have built in, and keywords that parsers may take for commands.
    ShellBuiltin,
    /// Programs that read a shell script and call its functions: `openrc-run`.
    ScriptRunner,
    /// Every Unix shell: the POSIX shells, and `csh`, `fish` and `tcsh`.
    Shell,
    /// Shells of Windows images.
    WindowsShell,
    /// Interpreters that run a program from standard input, such as `python3`.
    Interpreter,
    /// Package managers of systems and of languages.
    PackageManager,
    /// Programs that connect to other hosts: `curl`, `ssh`, `socat`, …
    Downloader,
    /// Servers that are started as root and drop root privileges, or need them: `nginx`, `sshd`, …
    RootServer,
    /// Programs that only read local files or filter text: `cat`, `find`, `sort`, …
    Reader,
    /// Programs that print assignments for `eval`: `ssh-agent`, `dircolors`, …
    AssignmentPrinter,
    /// Programs that print nothing: `mkdir`, `chmod`, …
    Silent,
    /// Compilers, linkers and build systems.
    BuildTool,
    /// Debuggers, tracers and network scanners.
    DebugTool,
    /// Programs besides shells and interpreters that wait for input at a terminal if they have no
    /// arguments.
    Prompt,
    /// Programs that create or change the files in their operands: `mkdir`, `chown`, …
    Writer,
    /// Programs that create or change the last of their operands: `cp`, `mv`, …
    Copier,
}

impl ProgramClass {
    /// The names of the programs, in alphabetical order within each list of the table.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let [first, second] = self.lists();
        first.iter().chain(second).map(String::as_str)
    }

    /// Returns true for the file name of such a program.
    pub fn contains(self, file_name: impl AsRef<[u8]>) -> bool {
        // The lists are short, so a linear search is as fast as hashing.
        let file_name = file_name.as_ref();
        self.names().any(|name| name.as_bytes() == file_name)
    }

    fn lists(self) -> [&'static [String]; 2] {
        let table = &*TABLE;
        match self {
            Self::PosixShell => [&table.posix_shells, &[]],
            Self::ShellBuiltin => [&table.shell_builtins, &[]],
            Self::ScriptRunner => [&table.script_runners, &[]],
            Self::Shell => [&table.posix_shells, &table.other_shells],
            Self::WindowsShell => [&table.windows_shells, &[]],
            Self::Interpreter => [&table.interpreters, &[]],
            Self::PackageManager => [
                &table.system_package_managers,
                &table.language_package_managers,
            ],
            Self::Downloader => [&table.downloaders, &[]],
            Self::RootServer => [&table.root_servers, &[]],
            Self::Reader => [&table.readers, &[]],
            Self::AssignmentPrinter => [&table.assignment_printers, &[]],
            Self::Silent => [&table.silent, &[]],
            Self::BuildTool => [&table.build_tools, &[]],
            Self::DebugTool => [&table.debug_tools, &[]],
            Self::Prompt => [&table.prompts, &[]],
            Self::Writer => [&table.writers, &[]],
            Self::Copier => [&table.copiers, &[]],
        }
    }
}

/// Returns true for the name of a large library that runs a language, such as `libperl.so.5.36`.
pub fn is_runtime_library(file_name: &[u8]) -> bool {
    TABLE
        .runtime_libraries
        .iter()
        .any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => file_name.starts_with(start.as_bytes()),
            None => file_name == pattern.as_bytes(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn program_classes_are_read_from_the_table() {
        assert!(ProgramClass::PosixShell.contains("dash"));
        assert!(!ProgramClass::PosixShell.contains("fish"));
        assert!(ProgramClass::Shell.contains(b"fish"));
        assert!(ProgramClass::PackageManager.contains("dnf5"));
        assert!(ProgramClass::PackageManager.contains("npx"));
        assert!(!ProgramClass::PackageManager.contains("nginx"));
    }

    #[test]
    fn runtime_libraries_are_recognized_by_name_and_version() {
        assert!(is_runtime_library(b"libicudata.so.72") && is_runtime_library(b"libjvm.so"));
        assert!(!is_runtime_library(b"libjvm.so.1") && !is_runtime_library(b"libz.so.1"));
    }

    #[test]
    fn program_lists_are_sorted_without_duplicates() {
        let table = &*TABLE;
        for list in [
            &table.posix_shells,
            &table.other_shells,
            &table.windows_shells,
            &table.interpreters,
            &table.runtime_libraries,
            &table.system_package_managers,
            &table.language_package_managers,
            &table.downloaders,
            &table.root_servers,
            &table.readers,
            &table.assignment_printers,
            &table.silent,
            &table.build_tools,
            &table.debug_tools,
            &table.prompts,
        ] {
            assert!(list.is_sorted_by(|one, next| one < next), "{list:?}");
        }
    }
}
