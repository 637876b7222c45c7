//! Configuration: `.jettison.toml`, `.hadolint.yaml` and `.dockerignore`, each from arbitrary text.

use std::path::Path;

use jettison::config;
use jettison::lint::IgnoreFile;
use jettison::rules::registry;

pub(crate) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    own(&text);
    hadolint(&text);
    let ignored = IgnoreFile::parse(&text);
    for path in ["Dockerfile", "src/main.rs", ".git/config"] {
        ignored.ignores(path);
    }
    ignored.ignores_everything();
}

fn own(text: &str) {
    let path = Path::new(".jettison.toml");
    let (one, other) = (
        config::parse(path, text, registry()),
        config::parse(path, text, registry()),
    );
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
    if let Err(error) = one {
        assert!(!error.to_string().is_empty());
    }
}

/// A migrated file has the same meaning.
fn hadolint(text: &str) {
    let path = Path::new(".hadolint.yaml");
    let Ok(before) = config::parse(path, text, registry()) else {
        return;
    };
    let Ok(migrated) = config::migrate(path, text, registry()) else {
        return;
    };
    let after = config::parse(Path::new(".jettison.toml"), &migrated, registry())
        .unwrap_or_else(|error| panic!("{error}: {migrated}"));
    assert_eq!(
        format!("{:?}", before.fail_on),
        format!("{:?}", after.fail_on),
        "{migrated}"
    );
    for (_, page) in registry().iter() {
        let selected = before.settings.selects(page);
        assert_eq!(
            selected,
            after.settings.selects(page),
            "{}: {migrated}",
            page.name
        );
    }
}
