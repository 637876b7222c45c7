//! Words of the image configuration that may name modules.

use std::collections::BTreeMap;

use crate::image::Config;
use crate::slim::interpreters::preloaded;
use crate::slim::why::{Field, Root};

/// The modules that `NODE_OPTIONS` has Node load.
pub(super) fn modules_of_options(config: &Config) -> BTreeMap<String, Root> {
    let value = config.env_value("NODE_OPTIONS").unwrap_or_default();
    let mut words = vec!["node"];
    words.extend(value.split_ascii_whitespace());
    let mut modules = BTreeMap::new();
    for module in preloaded(&words) {
        let name = "NODE_OPTIONS".to_owned();
        modules.insert(module.to_owned(), Root::Variable { name });
    }
    modules
}

/// The words of commands and variables, which may name packages.
pub(super) fn words_of<'w>(
    config: &'w Config,
    deployed: &'w [Vec<(Field, String)>],
) -> Vec<(&'w str, Root)> {
    let mut all = Vec::new();
    let healthcheck = config.healthcheck().unwrap_or_default();
    for (of, words) in [
        (Field::Entrypoint, config.entrypoint()),
        (Field::Cmd, config.cmd()),
        (Field::Healthcheck, healthcheck),
    ] {
        for word in words.into_iter().flat_map(parts) {
            let root = Root::Argument {
                of,
                word: word.to_owned(),
            };
            all.push((word, root));
        }
    }
    for (of, word) in deployed.iter().flatten() {
        for part in parts(word) {
            let root = Root::Argument {
                of: *of,
                word: part.to_owned(),
            };
            all.push((part, root));
        }
    }
    for entry in config.env() {
        let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
        for word in parts(value) {
            let name = name.to_owned();
            all.push((word, Root::Variable { name }));
        }
    }
    all
}

/// `a`, `b` and `--with` of `--with=a,b`.
pub(super) fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| char.is_ascii_whitespace() || ",;:=".contains(char))
}
