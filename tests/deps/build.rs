//! Small programs and libraries, built by a real compiler.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// A directory in which a probe builds its files. `@` in an argument is replaced with the
/// directory.
pub(crate) struct Workshop {
    directory: tempfile::TempDir,
    compiler: &'static str,
}

impl Workshop {
    pub(crate) fn new(compiler: &'static str) -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            compiler,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// A text in which `@` is replaced with the directory.
    pub(crate) fn with_place(&self, text: &str) -> String {
        text.replace('@', self.directory.path().to_str().unwrap())
    }

    /// Writes a file and creates its parent directories.
    pub(crate) fn write(&self, name: &str, content: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn compile(&self, name: &str, source: &str, arguments: &[&str]) {
        self.write(&format!("{name}.c"), source.as_bytes());
        let mut command = Command::new(self.compiler);
        command
            .arg("-o")
            .arg(self.path(name))
            .arg(self.path(&format!("{name}.c")));
        command.args(["-Wl,--no-as-needed", "-Wl,--allow-shlib-undefined"]);
        command.args(arguments.iter().map(|argument| self.with_place(argument)));
        run(&mut command);
        fs::remove_file(self.path(&format!("{name}.c"))).unwrap();
    }

    /// A library; an empty SONAME means none.
    pub(crate) fn library(&self, name: &str, soname: &str, arguments: &[&str]) {
        let symbol: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        let soname = format!("-Wl,-soname,{soname}");
        let mut all = vec!["-shared", "-fPIC"];
        if soname != "-Wl,-soname," {
            all.push(&soname);
        }
        all.extend(arguments);
        self.compile(name, &format!("int f_{symbol}(void) {{ return 1; }}"), &all);
    }

    pub(crate) fn library_of(&self, name: &str, source: &str, arguments: &[&str]) {
        self.compile(name, source, &[&["-shared", "-fPIC"], arguments].concat());
    }

    pub(crate) fn program(&self, name: &str, arguments: &[&str]) {
        self.program_of(name, "int main(void) { return 0; }", arguments);
    }

    pub(crate) fn program_of(&self, name: &str, source: &str, arguments: &[&str]) {
        self.compile(name, source, arguments);
    }

    pub(crate) fn copy(&self, from: &str, to: &str) {
        fs::create_dir_all(self.path(to).parent().unwrap()).unwrap();
        fs::copy(self.path(from), self.path(to)).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    pub(crate) fn link(&self, name: &str, target: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, self.path(name)).unwrap();
    }

    /// Writes one byte of a file.
    pub(crate) fn poke(&self, name: &str, offset: usize, byte: u8) {
        let mut bytes = fs::read(self.path(name)).unwrap();
        bytes[offset] = byte;
        fs::write(self.path(name), bytes).unwrap();
    }

    /// Changes a file with `patchelf`.
    pub(crate) fn patch(&self, name: &str, arguments: &[&str]) {
        let mut command = Command::new("patchelf");
        command
            .args(arguments.iter().map(|argument| self.with_place(argument)))
            .arg(self.path(name));
        run(&mut command);
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
