//! Tracer for `#!` lines: keeps the program that the kernel starts for a script.

use crate::image::NameId;
use crate::slim::graph::Need;
use crate::slim::keep::Keep;
use crate::slim::language_paths::is_module;
use crate::slim::shebang;
use crate::slim::tracer::Tracer;
use crate::slim::why::Why;

pub(super) struct ShebangTracer;

impl Tracer for ShebangTracer {
    /// Only executable files are started through their `#!` line; scripts that are sourced by
    /// others are not.
    fn trace(&mut self, keep: &mut Keep<'_>, name: NameId) {
        if !keep.is_file(name) || keep.tree().inode(name).header.mode & 0o111 == 0 {
            return;
        }
        let view = keep.view;
        let bytes = shebang::head(view, name);
        if !bytes.starts_with(b"#!") {
            return;
        }
        // Modules are imported and not executed, even if they have a `#!` line.
        if is_module(keep.tree(), &keep.graph, name) {
            return;
        }
        let Some(shebang) = shebang::parse(&bytes) else {
            return keep.note(
                Some(name),
                Some(1),
                "invalid `#!` line: the kernel rejects it".to_owned(),
            );
        };
        keep_interpreter(keep, name, shebang.interpreter);
        // `env` searches PATH for the program that it starts, so both are kept.
        if let Some(program) = shebang.env_program() {
            keep_program(keep, name, &program);
        }
    }
}

fn keep_interpreter(keep: &mut Keep<'_>, name: NameId, interpreter: &[u8]) {
    // The kernel resolves a relative path from the working directory of the process.
    let path = keep.programs.absolute(interpreter);
    if keep.keep_path(&path, Some(name), Why::Shebang).is_none() {
        keep.unmet(name, Need::Shebang(interpreter.to_vec()), Vec::new());
    }
}

fn keep_program(keep: &mut Keep<'_>, name: NameId, program: &[u8]) {
    if let Some(path) = keep.programs.find(keep.view, program) {
        keep.keep_path(&path, Some(name), Why::Shebang);
    } else {
        let looked_in = keep.programs.listed_path();
        keep.unmet(name, Need::Shebang(program.to_vec()), looked_in);
    }
}
