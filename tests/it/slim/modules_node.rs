//! Packages of Node: those that something loads are kept, and at the level `exact` only the files
//! that it loads.

use std::collections::BTreeSet;

use jettison::slim::Modules;
use serde_json::json;

use super::machine::{Machine, Planned};
use crate::builders::elf_file::{GLIBC, library, program};

/// An image with Node and an application: a line with `//` and a path begins a file.
fn application(files: &str) -> Machine {
    let mut machine = Machine::new()
        .elf("/usr/bin/node", &program(GLIBC).needs("libc.so.6"))
        .elf("/usr/lib/x86_64-linux-gnu/libc.so.6", &library("libc.so.6"))
        .elf(GLIBC, &library("ld-linux-x86-64.so.2"));
    for file in files.split("//// ").skip(1) {
        let (path, text) = file.split_once('\n').unwrap_or((file, ""));
        machine = machine.file(&format!("/app/{}", path.trim()), text);
    }
    machine
        .set("WorkingDir", json!("/app"))
        .entrypoint(&["node", "/app/main.js"])
        .modules(Modules::Packages)
}

/// The kept files of packages, without their manifests.
fn modules(planned: &Planned) -> Vec<String> {
    let mut modules = Vec::new();
    for path in planned.kept() {
        if let Some(path) = path.strip_prefix("/app/node_modules/")
            && !planned
                .image
                .tree
                .is_directory(planned.name(&format!("/app/node_modules/{path}")))
            && !path.ends_with("package.json")
        {
            modules.push(path.to_owned());
        }
    }
    modules
}

fn at(level: Modules, files: &str) -> Vec<String> {
    modules(&application(files).modules(level).plan())
}

const TWO: &str = r#"
//// package.json
{"dependencies": {"a": "1", "b": "1"}}
//// node_modules/a/package.json
{"main": "lib/a", "dependencies": {"c": "1"}}
//// node_modules/a/lib/a.js
exports.c = require('c');
//// node_modules/a/lib/other.js
require('b')
//// node_modules/b/package.json
{}
//// node_modules/b/index.js
//// node_modules/c/index.js
//// node_modules/c/package.json
{}
"#;

#[test]
fn packages_that_nothing_reached_imports_are_left_out() {
    for main in [
        "require('a')",
        "import a from 'a'",
        "export * from 'a'",
        "import('a')",
        "const { createRequire } = require('module'); createRequire(__filename)('a')",
        "require.resolve('a')",
        "require(`a`)",
        "require(process.env.X ? 'a' : './local')",
        "module.exports = { presets: ['a'] }",
    ] {
        let files = format!("{TWO}//// main.js\n{main}\n");
        assert_eq!(
            at(Modules::Packages, &files),
            ["a/lib/a.js", "a/lib/other.js", "c/index.js"],
            "{main}"
        );
        assert_eq!(
            at(Modules::Exact, &files),
            ["a/lib/a.js", "c/index.js"],
            "{main}"
        );
        assert_eq!(at(Modules::Whole, &files).len(), 4, "{main}");
    }
}

#[test]
fn a_directory_as_an_argument_does_not_keep_the_packages_in_it() {
    let files = format!("{TWO}//// main.js\nrequire('a')\n//// index.js\nrequire('./main')\n");
    for arguments in [
        &["node", "."][..],
        &["node", "/app"],
        &["node", "/app/"],
        &["node", "--enable-source-maps", "/app"],
        &["env", "X=1", "node", "."],
    ] {
        let application = application(&files)
            .elf("/usr/bin/env", &program(GLIBC).needs("libc.so.6"))
            .entrypoint(arguments);
        let kept = modules(&application.plan());
        let expected = ["a/lib/a.js", "a/lib/other.js", "c/index.js"];
        assert_eq!(kept, expected, "{arguments:?}");
    }
}

#[test]
fn a_computed_name_in_the_application_keeps_its_dependencies() {
    for main in [
        "require(process.argv[2])",
        "import(name)",
        "const x = load(require)",
    ] {
        let files = format!("{TWO}//// main.js\n{main}\n");
        let kept = at(Modules::Exact, &files);
        assert_eq!(
            kept,
            ["a/lib/a.js", "a/lib/other.js", "b/index.js", "c/index.js"],
            "{main}"
        );
    }
}

#[test]
fn a_package_that_loads_by_a_computed_name_is_kept_whole_with_a_reason() {
    let files = r#"
//// main.js
require('p')
//// package.json
{"dependencies": {"p": "1", "q": "1"}}
//// node_modules/p/package.json
{"dependencies": {"d": "1"}}
//// node_modules/p/index.js

module.exports = name => require(name);
//// node_modules/p/data/x.txt
//// node_modules/d/package.json
{}
//// node_modules/d/index.js
//// node_modules/d/other.js
//// node_modules/q/package.json
{}
//// node_modules/q/index.js
"#;
    let planned = application(files).modules(Modules::Exact).plan();
    assert_eq!(
        modules(&planned),
        ["d/index.js", "p/data/x.txt", "p/index.js"]
    );
    let why = planned
        .plan
        .why(planned.name("/app/node_modules/p/data/x.txt"));
    let why = why.last().unwrap().why.to_string();
    assert!(why.contains("`require(name)` on line 2"), "{why}");
    let notes = planned.plan.notes();
    assert!(
        notes
            .iter()
            .any(|note| note.text.contains("package `p` is kept whole")),
        "{notes:?}"
    );
}

#[test]
fn functions_that_wrap_require_load_what_they_are_called_with() {
    for main in [
        "const load = name => require(name); load('a')",
        "function load(name) { return require(name) } exports.a = () => load('a')",
        "for (const name of ['a']) load(name); function load(id) { return require(id) }",
        "['a'].forEach(name => import(name))",
        "['a'].map(require)",
    ] {
        let files = format!("{TWO}//// main.js\n{main}\n");
        let kept = at(Modules::Exact, &files);
        assert_eq!(kept, ["a/lib/a.js", "c/index.js"], "{main}");
    }
}

#[test]
fn a_name_that_is_joined_of_parts_matches_packages() {
    let files = r#"
//// package.json
{"dependencies": {"css": "1"}}
//// main.js
require('css')
//// node_modules/css/package.json
{}
//// node_modules/css/index.js
let parts = [process.platform, process.arch];
parts.push('gnu');
module.exports = require(`css-${parts.join('-')}`);
//// node_modules/css-linux-x64-gnu/package.json
{"main": "a.js"}
//// node_modules/css-linux-x64-gnu/a.js
//// node_modules/cssom/package.json
{}
//// node_modules/cssom/index.js
"#;
    for level in [Modules::Packages, Modules::Exact] {
        assert_eq!(
            at(level, files),
            ["css/index.js", "css-linux-x64-gnu/a.js"],
            "{level:?}"
        );
    }
}

#[test]
fn a_directory_that_a_package_gives_to_another_is_kept() {
    let files = r#"
//// package.json
{"dependencies": {"pages": "1"}}
//// main.js
require('serve').static(require('pages/path')())
//// node_modules/serve/package.json
{}
//// node_modules/serve/index.js
exports.static = directory => {}
//// node_modules/pages/package.json
{}
//// node_modules/pages/path.js
module.exports = function () { return require('path').resolve(__dirname) }
//// node_modules/pages/pages.css
p { color: red }
//// node_modules/pages/fonts/a.woff
"#;
    let kept = at(Modules::Exact, files);
    let expected = [
        "pages/fonts/a.woff",
        "pages/pages.css",
        "pages/path.js",
        "serve/index.js",
    ];
    assert_eq!(kept, expected);
}

#[test]
fn a_computed_name_may_be_a_program_of_a_dependency_without_a_module() {
    let files = r#"
//// package.json
{"dependencies": {"build": "1"}}
//// main.js
require('build')
//// node_modules/build/package.json
{"optionalDependencies": {"@build/linux": "1", "@build/darwin": "1"}}
//// node_modules/build/index.js
exports.path = require.resolve(`${name()}/bin/build`);
//// node_modules/@build/linux/package.json
{"os": ["linux"]}
//// node_modules/@build/linux/bin/build
x
//// node_modules/@build/darwin/package.json
{"os": ["darwin"]}
//// node_modules/@build/darwin/bin/build
x
"#;
    for level in [Modules::Packages, Modules::Exact] {
        let kept = at(level, files);
        assert_eq!(
            kept,
            ["@build/linux/bin/build", "build/index.js"],
            "{level:?}"
        );
    }
}

#[test]
fn packages_that_load_what_the_application_names_are_not_kept_whole() {
    let files = |name: &str| {
        format!(
            "//// main.js\nrequire('{name}').load('x')\n//// package.json\n\
             {{\"dependencies\": {{\"{name}\": \"1\"}}}}\n\
             //// node_modules/{name}/package.json\n{{}}\n\
             //// node_modules/{name}/index.js\nexports.load = name => require(name)\n\
             //// node_modules/{name}/other.js\n"
        )
    };
    assert_eq!(at(Modules::Exact, &files("joycon")), ["joycon/index.js"]);
    let whole = ["joycons/index.js", "joycons/other.js"];
    assert_eq!(at(Modules::Exact, &files("joycons")), whole);
}

#[test]
fn a_computed_name_loads_dependencies_as_its_call_does() {
    for (call, expected) in [
        ("require(name)", &["d/d.cjs", "p/index.js"][..]),
        ("import(name)", &["d/d.mjs", "p/index.js"]),
        (
            "require(name); import(name)",
            &["d/d.cjs", "d/d.mjs", "p/index.js"],
        ),
        ("load(require)", &["d/d.cjs", "p/index.js"]),
    ] {
        let files = format!(
            r#"
//// main.js
require('p')
//// package.json
{{}}
//// node_modules/p/package.json
{{"dependencies": {{"d": "1"}}}}
//// node_modules/p/index.js
{call}
//// node_modules/d/package.json
{{"exports": {{"import": "./d.mjs", "require": "./d.cjs"}}}}
//// node_modules/d/d.mjs
//// node_modules/d/d.cjs
"#
        );
        assert_eq!(at(Modules::Exact, &files), expected, "{call}");
    }
}

#[test]
fn requests_resolve_as_node_resolves_them() {
    let files = r##"
//// main.js
require('e'); require('e/sub/x'); require('@s/n'); require('./own'); require('string_decoder/')
require('fs')
//// own.js
require('#dep')
//// package.json
{"imports": {"#dep": "hoisted"}}
//// node_modules/e/package.json
{"name": "e", "exports": {".": {"import": "./i.mjs", "require": "./r.js"}, "./sub/*": "./s/*.js"}}
//// node_modules/e/i.mjs
//// node_modules/e/r.js
require('e/sub/y'); require('inner'); require('hoisted')
//// node_modules/e/s/x.js
//// node_modules/e/s/y.js
//// node_modules/e/s/z.js
//// node_modules/e/node_modules/inner/index.json
//// node_modules/hoisted/index.js
//// node_modules/@s/n/lib/index.js
//// node_modules/@s/n/package.json
{"main": "lib"}
//// node_modules/string_decoder/index.js
//// node_modules/fs/index.js
"##;
    assert_eq!(
        at(Modules::Exact, files),
        [
            "@s/n/lib/index.js",
            "e/node_modules/inner/index.json",
            "e/r.js",
            "e/s/x.js",
            "e/s/y.js",
            "hoisted/index.js",
            "string_decoder/index.js",
        ]
    );
}

#[test]
fn links_of_pnpm_and_workspaces_are_followed() {
    let machine = application(
        "//// main.js\nrequire('a'); require('w')\n\
         //// package.json\n{}\n\
         //// node_modules/.pnpm/a@1/node_modules/a/index.js\nrequire('b')\n\
         //// node_modules/.pnpm/a@1/node_modules/a/package.json\n{}\n\
         //// node_modules/.pnpm/b@1/node_modules/b/index.js\n\
         //// node_modules/.pnpm/b@1/node_modules/b/package.json\n{}\n\
         //// node_modules/.pnpm/z@1/node_modules/z/index.js\n\
         //// packages/w/package.json\n{}\n\
         //// packages/w/index.js\n",
    );
    let machine = machine
        .link("/app/node_modules/a", ".pnpm/a@1/node_modules/a")
        .link("/app/node_modules/z", ".pnpm/z@1/node_modules/z")
        .link(
            "/app/node_modules/.pnpm/a@1/node_modules/b",
            "../../b@1/node_modules/b",
        )
        .link("/app/node_modules/w", "../packages/w");
    assert_eq!(
        modules(&machine.plan()),
        [
            ".pnpm/a@1/node_modules/a/index.js",
            ".pnpm/a@1/node_modules/b",
            ".pnpm/b@1/node_modules/b/index.js",
            "a",
            "w",
        ]
    );
}

#[test]
fn files_that_a_package_reads_by_path_are_kept() {
    let files = r"
//// main.js
require('p')
//// package.json
{}
//// node_modules/p/package.json
{}
//// node_modules/p/lib/index.js
require('./locale/' + x); fs.readFileSync(path.join(__dirname, '..', 'views', 'a.html'))
new Worker(new URL('./worker.js', import.meta.url)); fs.readdirSync(path.join(__dirname, 'all'))
load('data.wasm')
//// node_modules/p/index.js
require('./lib')
//// node_modules/p/lib/locale/de.js
//// node_modules/p/lib/locale/fr.js
//// node_modules/p/views/a.html
//// node_modules/p/views/b.html
//// node_modules/p/lib/worker.js
require('./part')
//// node_modules/p/lib/part.js
//// node_modules/p/lib/all/x.js
//// node_modules/p/lib/data.wasm
//// node_modules/p/lib/unused.js
";
    let kept = at(Modules::Exact, files);
    let left_out = ["p/lib/unused.js", "p/views/b.html"];
    for path in [
        "p/lib/locale/de.js",
        "p/lib/locale/fr.js",
        "p/views/a.html",
        "p/lib/worker.js",
        "p/lib/part.js",
        "p/lib/all/x.js",
        "p/lib/data.wasm",
    ] {
        assert!(kept.contains(&path.to_owned()), "{path}: {kept:?}");
    }
    for path in left_out {
        assert!(!kept.contains(&path.to_owned()), "{path}: {kept:?}");
    }
}

#[test]
fn projects_that_node_does_not_run_keep_all_packages() {
    let files = format!("{TWO}//// main.js\nrequire('a')\n");
    let other = format!("{files}//// Gemfile\n");
    assert_eq!(at(Modules::Packages, &other).len(), 4);
    // The code is not in the image.
    let unknown = application(&files).entrypoint(&["node", "/mnt/main.js"]);
    assert_eq!(modules(&unknown.plan()).len(), 4);
    // Bun finds packages in ways of its own.
    let bun = application(&files).elf("/usr/bin/bun", &program(GLIBC));
    assert_eq!(modules(&bun.plan()).len(), 4);
}

#[test]
fn sources_that_cannot_be_parsed_keep_their_package_whole() {
    for text in [
        "(".repeat(1 << 20),
        "require(".repeat(1 << 17),
        "!".repeat(1 << 20),
        "a b c".into(),
    ] {
        let files = format!(
            "//// main.js\nrequire('p')\n//// package.json\n{{}}\n\
             //// node_modules/p/package.json\n{{}}\n//// node_modules/p/index.js\n{text}\n\
             //// node_modules/p/other.js\n"
        );
        assert_eq!(at(Modules::Exact, &files), ["p/index.js", "p/other.js"]);
    }
}

#[test]
fn what_the_user_names_is_kept() {
    let files = format!("{TWO}//// main.js\n");
    let planned = application(&files).keep("/app/node_modules/b/**").plan();
    assert_eq!(modules(&planned), ["b/index.js"]);
}

#[test]
fn packages_that_the_configuration_names_are_kept() {
    let files = format!("{TWO}//// main.js\nload(process.env.DRIVER)\n");
    let application = application(&files);
    assert_eq!(modules(&application.plan()), [""; 0]);
    for driver in ["DRIVER=b", "PLUGINS=x,b", "OPTIONS=--with=b"] {
        let planned = application.clone().env(driver).plan();
        assert_eq!(modules(&planned), ["b/index.js"], "{driver}");
    }
    let argument = application
        .clone()
        .entrypoint(&["node", "/app/main.js", "b"]);
    assert_eq!(modules(&argument.plan()), ["b/index.js"]);
    // A word that is not the name of a dependency names nothing.
    let other = application.env("DRIVER=c");
    assert_eq!(modules(&other.plan()), [""; 0]);
}

#[test]
fn a_package_of_the_distribution_that_node_is_built_with_brings_no_other() {
    let machine = application(&format!("{TWO}//// main.js\n"))
        .file(
            "/usr/share/nodejs/undici/package.json",
            r#"{"dependencies": {"busboy": "1"}}"#,
        )
        .file(
            "/usr/share/nodejs/undici/undici-fetch.js",
            "require('busboy')",
        )
        .file("/usr/share/nodejs/busboy/package.json", "{}")
        .file("/usr/share/nodejs/busboy/index.js", "")
        .elf(
            "/usr/bin/node",
            &program(GLIBC)
                .needs("libc.so.6")
                .refers_to(&["/usr/share/nodejs/undici/undici-fetch.js"]),
        );
    for level in [Modules::Whole, Modules::Packages] {
        let planned = machine.clone().modules(level).plan();
        assert!(planned.keeps("/usr/share/nodejs/undici/undici-fetch.js"));
        assert!(!planned.keeps("/usr/share/nodejs/busboy/index.js"));
    }
}

#[test]
fn leftovers_of_the_build_of_an_addon_are_left_out() {
    let files = r"
//// main.js
require('p')
//// node_modules/p/package.json
{}
//// node_modules/p/index.js
//// node_modules/p/build/Release/p.node
//// node_modules/p/build/Release/obj/gen/configure
//// node_modules/p/build/Release/obj.target/p.node
//// node_modules/p/build/Release/.deps/p.node.d
//// node_modules/p/src/p.cc
";
    for level in Modules::ALL {
        assert_eq!(at(level, files), ["p/build/Release/p.node", "p/index.js"]);
    }
}

#[test]
fn without_a_manifest_every_installed_package_is_a_dependency() {
    for manifest in ["", "//// package.json\n{\"type\": \"commonjs\"}\n"] {
        for (main, expected) in [
            ("connect({ driver: 'b' })", &["b/index.js"][..]),
            ("connect({ driver: 'd' })", &[]),
            ("require(name)", &["a/index.js", "a/other.js", "b/index.js"]),
        ] {
            let files = format!(
                "//// main.js\n{main}\n{manifest}//// node_modules/a/index.js\n\
                 //// node_modules/a/other.js\n//// node_modules/b/index.js\n"
            );
            assert_eq!(at(Modules::Packages, &files), expected, "{manifest} {main}");
        }
    }
}

#[test]
fn a_package_of_another_application_is_found_if_there_is_no_other() {
    let files = "//// main.js\n//// task/own.js\nrequire('sdk'); require('own')\n\
                 //// task/node_modules/own/index.js\n\
                 //// runtime/index.js\n//// runtime/node_modules/sdk/index.js\n\
                 //// runtime/node_modules/own/index.js\n//// runtime/node_modules/x/index.js\n";
    let planned = application(files).plan();
    for (path, is_kept) in [
        ("/app/runtime/node_modules/sdk/index.js", true),
        ("/app/task/node_modules/own/index.js", true),
        ("/app/runtime/node_modules/own/index.js", false),
        ("/app/runtime/node_modules/x/index.js", false),
    ] {
        assert_eq!(planned.keeps(path), is_kept, "{path}");
    }
}

#[test]
fn directories_of_packages_that_are_served_are_kept() {
    for main in [
        "app.use(express.static('node_modules/a'))",
        "app.use(express.static(path.join(__dirname, 'node_modules', 'a')))",
        "app.use(express.static(`${process.cwd()}/node_modules/a`))",
        "register({ root: './node_modules/a', prefix: '/a' })",
        "app.use(express.static('node_modules'))",
    ] {
        let files = format!(
            "//// main.js\n{main}\n//// package.json\n{{\"dependencies\": {{\"c\": \"1\"}}}}\n\
             //// node_modules/a/a.css\n//// node_modules/c/index.js\n"
        );
        let kept = at(Modules::Exact, &files);
        assert!(kept.contains(&"a/a.css".to_owned()), "{main}: {kept:?}");
        let is_all = main.contains("'node_modules')");
        assert_eq!(kept.contains(&"c/index.js".to_owned()), is_all, "{main}");
    }
}

#[test]
fn packages_of_plug_n_play_are_kept_with_a_note() {
    let files = "//// main.js\nrequire('a')\n//// .pnp.cjs\n//// .yarn/cache/a.zip\n";
    let planned = application(files).plan();
    assert!(planned.keeps("/app/.yarn/cache/a.zip"));
    let notes = planned.plan.notes();
    assert!(
        notes.iter().any(|note| note.text.contains("Plug'n'Play")),
        "{notes:?}"
    );
}

#[test]
fn verification_resolves_imports_again() {
    let files = r#"
//// main.js
require('a'); require('./own'); try { require('optional') } catch {}
//// own.js
//// package.json
{}
//// node_modules/a/package.json
{"exports": "./lib/a.js", "dependencies": {"b": "1"}}
//// node_modules/a/lib/a.js
require('b')
//// node_modules/b/index.js
//// node_modules/b/other.js
//// node_modules/b/package.json
{"main": "index.js"}
//// node_modules/optional/index.js
"#;
    let application = application(files);
    assert_eq!(application.failures(), [""; 0]);
    for (path, expected) in [
        (
            "/app/node_modules/a/lib/a.js",
            &["/app/main.js: it can no longer find the module `a`, imported on line 1"][..],
        ),
        (
            "/app/node_modules/a/package.json",
            &["/app/main.js: it can no longer find the module `a`, imported on line 1"],
        ),
        (
            "/app/node_modules/b",
            &[
                "/app/node_modules/a/lib/a.js: it can no longer find the module `b`, imported on line 1",
            ],
        ),
        (
            "/app/own.js",
            &["/app/main.js: it can no longer find the module `./own`, imported on line 1"],
        ),
        // The error is caught, and no import needs this file.
        ("/app/node_modules/optional/index.js", &[]),
        ("/app/node_modules/b/other.js", &[]),
    ] {
        let failures = application.clone().drop(path).failures();
        assert_eq!(failures, expected, "{path}");
    }
}

#[test]
fn no_level_keeps_more_than_the_one_before() {
    let files = r#"
//// main.js
const a = require('a'); app.use('/usr/share/misc/routes', a); read('./node_modules/a/CHANGELOG.md');
//// package.json
{"dependencies": {"a": "1"}}
//// node_modules/a/package.json
{}
//// node_modules/a/index.js
read(path.join(__dirname, 'docs/a.txt')); load('./test/b'); help('README.md');
read('/usr/share/misc/routes'); lazy('./index.d.ts'); read(path.join(__dirname, 'data.txt'));
require(path.join(__dirname, 'lib', name)); fs.readdirSync(__dirname);
//// node_modules/a/docs/a.txt
//// node_modules/a/test/b.js
//// node_modules/a/README.md
//// node_modules/a/CHANGELOG.md
//// node_modules/a/index.d.ts
//// node_modules/a/data.txt
//// node_modules/a/lib/x.js
//// node_modules/a/lib/x.js.map
//// node_modules/b/index.js
"#;
    let application = application(files).file("/usr/share/misc/routes", "");
    let mut before: Option<BTreeSet<String>> = None;
    for level in [Modules::Whole, Modules::Packages, Modules::Exact] {
        let planned = application.clone().modules(level).plan();
        let kept: BTreeSet<String> = planned.kept().into_iter().collect();
        assert!(kept.contains("/app/node_modules/a/data.txt"), "{level:?}");
        if let Some(before) = before {
            let more: Vec<&String> = kept.difference(&before).collect();
            assert!(more.is_empty(), "{level:?}: {more:?}");
        }
        before = Some(kept);
    }
}

#[test]
fn a_module_that_is_imported_is_no_program() {
    let files = r#"
//// main.js
require('a')
//// package.json
{"dependencies": {"a": "1"}}
//// node_modules/a/package.json
{}
//// node_modules/a/index.js
#!/usr/bin/env bash
if (x) require('child_process').execSync(command)
"#;
    let shell = &program(GLIBC).needs("libc.so.6");
    for level in [Modules::Packages, Modules::Exact] {
        let mut application = application(files).modules(level);
        for path in ["/bin/sh", "/usr/bin/env", "/usr/bin/bash"] {
            application = application.elf(path, shell);
        }
        let kept = application.plan().kept();
        for path in ["/bin/sh", "/usr/bin/env", "/usr/bin/bash"] {
            assert!(!kept.contains(&path.to_owned()), "{level:?}: {path}");
        }
    }
}

#[test]
fn addons_of_other_platforms_are_left_out() {
    const ARM: u16 = 183;
    let addon = library("x.node").needs("libc.so.6");
    let musl = library("x.node").needs("libc.musl-x86_64.so.1");
    let files = r#"
//// main.js
require('p'); require('q'); require('m')
//// node_modules/p/package.json
{}
//// node_modules/p/index.js
require('./lib/x.darwin.node')
try { require('./lib/y.darwin.node') } catch {}
module.exports = load(__dirname)
//// node_modules/p/lib/windows.js
//// node_modules/q/package.json
{}
//// node_modules/q/index.js
//// node_modules/m/package.json
{}
//// node_modules/m/index.js
for (const name of ['m-darwin-arm64', 'm-linux-x64']) try { require(name) } catch {}
require(`@m/addon-${process.platform}`)
//// node_modules/m-darwin-arm64/package.json
{"os": ["darwin"], "cpu": ["arm64"], "main": "m.js"}
//// node_modules/m-darwin-arm64/m.js
//// node_modules/m-linux-x64/package.json
{"os": ["linux"], "cpu": ["x64"], "libc": ["glibc"], "main": "m.js"}
//// node_modules/m-linux-x64/m.js
//// node_modules/@m/addon-linux/package.json
{"os": ["linux"], "libc": ["musl"], "main": "m.js"}
//// node_modules/@m/addon-linux/m.js
"#;
    let mut machine = application(files);
    let mach_o = [0xcf, 0xfa, 0xed, 0xfe, 0, 0, 0, 0];
    for (path, bytes) in [
        ("p/lib/x.darwin.node", mach_o.to_vec()),
        ("p/lib/y.darwin.node", mach_o.to_vec()),
        ("p/lib/x.node", addon.bytes()),
        ("p/lib/x.arm64.node", addon.clone().machine(ARM).bytes()),
        ("p/lib/x.musl.node", musl.bytes()),
        ("q/prebuilds/linux-x64/q.node", addon.bytes()),
        ("q/prebuilds/linux-arm64/q.node", addon.machine(ARM).bytes()),
        ("q/prebuilds/win32-x64/q.txt", b"q".to_vec()),
        ("q/bin/linux/x64/tool", b"#!/bin/q".to_vec()),
        ("q/bin/linux/arm64/tool", b"#!/bin/q".to_vec()),
        ("q/bin/mac/tool", b"#!/bin/q".to_vec()),
        ("q/windows/readme.txt", b"q".to_vec()),
    ] {
        machine = machine.file(&format!("/app/node_modules/{path}"), bytes);
    }
    let expected = [
        "m/index.js",
        "m-linux-x64/m.js",
        "p/index.js",
        // The source needs it, whatever it is.
        "p/lib/x.darwin.node",
        "p/lib/x.node",
    ];
    let packages = modules(&machine.clone().modules(Modules::Packages).plan());
    let exact = modules(&machine.modules(Modules::Exact).plan());
    let addons = ["q/prebuilds/linux-x64/q.node"];
    assert_eq!(exact, [&expected[..], &["q/index.js"], &addons].concat());
    let others = [
        "p/lib/windows.js",
        "q/bin/linux/x64/tool",
        "q/windows/readme.txt",
    ];
    let mut whole = [&expected[..], &["q/index.js"], &addons, &others].concat();
    whole.sort_unstable();
    let mut packages: Vec<&str> = packages.iter().map(String::as_str).collect();
    packages.sort_unstable();
    assert_eq!(packages, whole);
}

#[test]
fn an_addon_for_glibc_may_be_the_only_one_for_musl() {
    let node = program("/lib/ld-musl-x86_64.so.1").needs("libc.musl-x86_64.so.1");
    let addon = library("x.node").needs("libc.so.6").bytes();
    let musl = library("x.node").needs("libc.musl-x86_64.so.1").bytes();
    let machine = Machine::new()
        .elf("/usr/bin/node", &node)
        .elf(
            "/lib/ld-musl-x86_64.so.1",
            &library("libc.musl-x86_64.so.1"),
        )
        .file("/app/main.js", "require('p'); require('q')")
        .file("/app/node_modules/p/package.json", "{}")
        .file("/app/node_modules/p/index.js", "")
        .file("/app/node_modules/p/p.glibc.node", addon.clone())
        .file("/app/node_modules/p/p.musl.node", musl)
        .file("/app/node_modules/q/package.json", "{}")
        .file("/app/node_modules/q/index.js", "")
        .file("/app/node_modules/q/q.node", addon)
        .set("WorkingDir", json!("/app"))
        .entrypoint(&["node", "/app/main.js"])
        .modules(Modules::Packages);
    assert_eq!(
        modules(&machine.plan()),
        ["p/index.js", "p/p.musl.node", "q/index.js", "q/q.node"]
    );
}

#[test]
fn lists_of_package_managers_are_left_out_unless_something_reads_them() {
    let files = |main: &str| {
        format!(
            "//// main.js\n{main}\n//// node_modules/.package-lock.json\n{{}}\n\
             //// node_modules/.modules.yaml\n//// node_modules/.yarn-integrity\n\
             //// node_modules/.yarn-state.yml\n"
        )
    };
    let kept = at(Modules::Packages, &files(""));
    assert_eq!(kept, [".yarn-state.yml"]);
    let read = "fs.readFileSync(path.join(__dirname, 'node_modules/.package-lock.json'))";
    let kept = at(Modules::Packages, &files(read));
    assert_eq!(kept, [".package-lock.json", ".yarn-state.yml"]);
    assert_eq!(at(Modules::Whole, &files("")).len(), 4);
}

#[test]
fn unused_packages_are_listed_those_with_programs_first() {
    let files = r#"
//// main.js
require('a')
//// node_modules/a/package.json
{"name": "a", "version": "1.0.0"}
//// node_modules/a/index.js
//// node_modules/b/package.json
{"name": "b", "version": "1.0.0"}
//// node_modules/b/index.js
a long text
//// node_modules/tool/package.json
{"name": "tool", "version": "1.0.0"}
//// node_modules/tool/tool.js
"#;
    let machine = application(files).link("/app/node_modules/.bin/tool", "../tool/tool.js");
    let summary = machine.clone().summary();
    let dropped = "dropped 2 npm packages, 83 B: nothing imports them; to keep them, \
                   `--modules off` or `--keep '/app/node_modules/tool/**'`\n  \
                   with programs: tool 37 B\n  without: b 46 B\n";
    assert!(summary.contains(dropped), "{summary}");
    let summary = machine.modules(Modules::Whole).summary();
    assert!(!summary.contains("nothing imports"), "{summary}");
}
