//! Packages named in the `RUN` instructions of an image: these were installed on purpose, unlike
//! their dependencies.

use std::collections::BTreeSet;

use crate::dockerfile;
use crate::image::Image;
use crate::knowledge::Action;
use crate::lint::dockerfile::Facts;
use crate::lint::settings::Settings;
use crate::packages::{Ecosystem, Package, Packages};
use crate::slim::BuildHistory;
use crate::source::Source;

/// The installed packages that a `RUN` of the image's own Dockerfile names, as rows of the list.
pub fn installed_on_purpose(image: &Image, packages: &Packages) -> Vec<usize> {
    let build = BuildHistory::of(image);
    let mut named = BTreeSet::new();
    for script in build.own_runs() {
        named.extend(named_packages(script));
    }
    let mut rows = Vec::new();
    for (row, package) in packages.list.iter().enumerate() {
        let name = normalized(package.ecosystem, &package.name);
        if named.contains(&(package.ecosystem, name)) && is_new(image, &build, package) {
            rows.push(row);
        }
    }
    rows
}

/// Whether a package is not part of the base image. A `RUN` may also name packages that are.
fn is_new(image: &Image, build: &BuildHistory, package: &Package) -> bool {
    let mut files = package.files.iter();
    files.any(|&file| !build.is_of_base(image.tree.inode(file).layer))
}

/// The packages that a script installs, by the names that it calls them.
fn named_packages(script: &str) -> Vec<(Ecosystem, String)> {
    // A heredoc can contain any script unchanged, unless a line of the script ends it.
    let text = format!("FROM scratch\nRUN <<'JETTISON-END'\n{script}\nJETTISON-END\n");
    let source = Source::new("history", text);
    let dockerfile = dockerfile::parse(&source);
    let settings = Settings::default();
    let facts = Facts::new(&dockerfile, &settings);
    let mut named = Vec::new();
    for (_, call) in facts.package_calls() {
        let Some(ecosystem) = ecosystem_of(call.manager.name) else {
            continue;
        };
        if call.action != Action::Install {
            continue;
        }
        for package in &call.packages {
            let name = package.name(call.manager);
            // npm names such as `@scope/name@1` start with the character that separates the
            // version.
            let name = if name.is_empty() { package.word } else { name };
            named.push((ecosystem, normalized(ecosystem, name)));
        }
    }
    named
}

/// The ecosystem of the packages that a package manager installs.
fn ecosystem_of(manager: &str) -> Option<Ecosystem> {
    Some(match manager {
        "apt" | "dpkg" => Ecosystem::Deb,
        "apk" => Ecosystem::Apk,
        "dnf" | "microdnf" | "rpm" | "tdnf" | "yum" | "zypper" => Ecosystem::Rpm,
        "pip" | "uv" => Ecosystem::Python,
        "npm" | "pnpm" | "yarn" => Ecosystem::Npm,
        "gem" => Ecosystem::Gem,
        _ => return None,
    })
}

/// The name of a package as given to an installer, without additions such as a version.
fn normalized(ecosystem: Ecosystem, name: &str) -> String {
    match ecosystem {
        // `name:arch`, `name/release`.
        Ecosystem::Deb => {
            let end = name.find([':', '/', '=']).unwrap_or(name.len());
            name[..end].to_owned()
        }
        // PEP 503 normalizes names; `name[extra]>=1` contains more than the name.
        Ecosystem::Python => {
            let end = name.find(['[', '<', '>', '=', '~', '!', ';']);
            let name = &name[..end.unwrap_or(name.len())];
            name.to_ascii_lowercase().replace(['_', '.'], "-")
        }
        Ecosystem::Npm => match name.rsplit_once('@') {
            Some((package, _)) if !package.is_empty() => package.to_owned(),
            _ => name.to_owned(),
        },
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_names_are_extracted_from_install_commands() {
        let script = "apt-get update && apt-get install -y --no-install-recommends \\\n  \
             poppler-utils tesseract-ocr=5.3 libfoo:amd64 && rm -rf /var/lib/apt/lists/*\n\
             pip install 'Flask[async]==3' typing_extensions; npm i -g @angular/cli@17 pm2@5\n\
             apk add --virtual .deps gcc && apt-get purge -y vim";
        let mut found = Vec::new();
        for (ecosystem, name) in named_packages(script) {
            found.push(format!("{ecosystem} {name}"));
        }
        assert_eq!(
            found,
            [
                "deb poppler-utils",
                "deb tesseract-ocr",
                "deb libfoo",
                "pypi flask",
                "pypi typing-extensions",
                "npm @angular/cli",
                "npm pm2",
                "apk gcc",
            ]
        );
    }
}
