//! Lua: the directories of `package.path` and `package.cpath`.

use super::directories::{is_development, keep_tree_at};
use super::literals;
use super::state::State;
use crate::elf::Files;
use crate::image::NameId;
use crate::slim::keep::Keep;
use crate::slim::why::{Language, Why};

/// Templates such as `/usr/share/lua/5.4/?.lua` are built into Lua; variables such as `LUA_PATH`
/// replace them.
pub(super) fn keep(_: &mut State, keep: &mut Keep<'_>, name: NameId) {
    let Some(bytes) = keep.view.read(keep.tree().inode_id(name)) else {
        return;
    };
    // The default templates are in the program or its library.
    let mut paths = literals::paths(&bytes, b"/lua");
    // Lua first reads the variable with its version; only versions that are still in use are
    // listed.
    for variable in [
        "LUA_PATH",
        "LUA_CPATH",
        "LUA_PATH_5_4",
        "LUA_CPATH_5_4",
        "LUA_PATH_5_3",
        "LUA_CPATH_5_3",
    ] {
        let value = keep.view.image.config.env_value(variable);
        for template in value.unwrap_or_default().split([':', ';']) {
            let path = template.split('?').next().unwrap_or_default();
            // Two semicolons stand for the default templates.
            if path.is_empty() {
                continue;
            }
            paths.insert(keep.programs.absolute(path.as_bytes()));
        }
    }
    let why = Why::runtime(Language::Lua);
    for path in paths {
        // `/usr/lib/lua` contains the modules of all versions; only those of this version are
        // needed.
        if path.split(|&byte| byte == b'/').count() > 3 {
            keep_tree_at(keep, &path, name, &why, &is_development);
        }
    }
}
