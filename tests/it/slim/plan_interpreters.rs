//! Interpreters in a plan: their runtimes and packages, and the programs and libraries that source
//! files start and open.

use serde_json::json;

use super::machine::Machine;
use super::plan_paths::merged_usr;
use crate::builders::elf_file::{GLIBC, library, program};

/// A machine with a shell, a few programs, and Debian's Python.
fn python() -> Machine {
    with_programs(&["env", "date", "git", "gcc"])
        .elf("/usr/bin/python3.11", &program(GLIBC).needs("libc.so.6"))
        .link("/usr/bin/python3", "python3.11")
        .file("/usr/lib/python3.11/os.py", "")
        .file("/usr/lib/python3.11/json/decoder.py", "")
        .file(
            "/usr/lib/python3.11/json/__pycache__/decoder.cpython-311.pyc",
            "",
        )
        .file("/usr/lib/python3.11/test/support.py", "")
        .file("/usr/lib/python3.11/idlelib/run.py", "")
        .file("/usr/lib/python3.11/lib2to3/main.py", "")
        .file(
            "/usr/lib/python3.11/config-3.11-x86_64-linux-gnu/libpython3.11.a",
            "",
        )
        .elf(
            "/usr/lib/python3.11/lib-dynload/_ssl.so",
            &library("").needs("libssl.so.3"),
        )
        .elf(
            "/usr/lib/x86_64-linux-gnu/libssl.so.3",
            &library("libssl.so.3"),
        )
        .file("/usr/lib/python3/dist-packages/six.py", "")
        .file(
            "/usr/lib/python3/dist-packages/pip/__init__.py",
            "import setuptools\n",
        )
        .file("/usr/lib/python3/dist-packages/setuptools/__init__.py", "")
}

fn with_programs(names: &[&str]) -> Machine {
    let machine = merged_usr()
        .elf("/usr/bin/dash", &program(GLIBC))
        .link("/usr/bin/sh", "dash");
    names.iter().fold(machine, |machine, name| {
        machine.elf(&format!("/usr/bin/{name}"), &program(GLIBC))
    })
}

#[test]
fn python_keeps_its_standard_library_without_tests_and_build_tools() {
    let planned = python()
        .file("/app/main.py", "import json, six\n")
        .entrypoint(&["python3", "/app/main.py"])
        .plan();
    for path in ["os.py", "json/decoder.py", "lib-dynload/_ssl.so"] {
        assert!(
            planned.keeps(&format!("/usr/lib/python3.11/{path}")),
            "{path}"
        );
    }
    assert!(
        planned.keeps("/usr/lib/x86_64-linux-gnu/libssl.so.3"),
        "extensions have needs too"
    );
    for path in [
        "test",
        "idlelib",
        "lib2to3",
        "config-3.11-x86_64-linux-gnu",
        "json/__pycache__",
    ] {
        assert!(
            !planned.keeps(&format!("/usr/lib/python3.11/{path}")),
            "{path}"
        );
    }
    assert!(planned.keeps("/usr/lib/python3/dist-packages/six.py"));
    assert!(!planned.keeps("/usr/lib/python3/dist-packages/pip"));
    assert_eq!(
        planned.why("/usr/lib/python3.11/os.py").last().unwrap(),
        "/usr/lib/python3.11/os.py: part of the Python runtime"
    );
}

#[test]
fn lazily_imported_packages_are_kept_completely_with_metadata() {
    let site = "/usr/lib/python3/dist-packages";
    let planned = python()
        .file(&format!("{site}/jinja2/ext.py"), "")
        .file(&format!("{site}/jinja2/tests/test_ext.py"), "")
        .file(&format!("{site}/jinja2-3.1.dist-info/entry_points.txt"), "")
        .file(
            &format!("{site}/jinja2-3.1.dist-info/RECORD"),
            "jinja2/ext.py,,\n../../../share/jinja2/x.json,,\n../../../bin/j,,\n",
        )
        .file("/usr/share/jinja2/x.json", "")
        .file("/usr/bin/j", "")
        .file(
            &format!("{site}/more.pth"),
            "# comment\n/srv/more\nimport os\n",
        )
        .file("/srv/more/late.py", "")
        .entrypoint(&["python3", "-c", "0"])
        .plan();
    for path in [
        "jinja2/ext.py",
        "jinja2-3.1.dist-info/entry_points.txt",
        "more.pth",
    ] {
        assert!(planned.keeps(&format!("{site}/{path}")), "{path}");
    }
    assert!(planned.keeps("/usr/share/jinja2/x.json") && planned.keeps("/srv/more/late.py"));
    assert!(!planned.keeps(&format!("{site}/jinja2/tests")) && !planned.keeps("/usr/bin/j"));
}

/// A virtual environment whose program is a link to Debian's.
fn environment(settings: &str) -> Machine {
    python()
        .link("/opt/venv/bin/python", "/usr/bin/python3")
        .file("/opt/venv/pyvenv.cfg", settings)
        .file(
            "/opt/venv/lib/python3.11/site-packages/flask/__init__.py",
            "",
        )
        .elf(
            "/opt/venv/lib/python3.11/site-packages/numpy.libs/libblas.so",
            &library("libblas.so"),
        )
        .elf(
            "/opt/venv/lib/python3.11/site-packages/numpy/core.so",
            &library("")
                .needs("libblas.so")
                .runpath("$ORIGIN/../numpy.libs"),
        )
        .file("/opt/venv/lib/python3.11/site-packages/pip/__init__.py", "")
        .script(
            "/opt/venv/bin/serve",
            "#!/opt/venv/bin/python\nimport flask, numpy.core, six\n",
        )
        .script("/opt/venv/bin/pip", "#!/opt/venv/bin/python\n")
        .entrypoint(&["/opt/venv/bin/serve"])
}

#[test]
fn a_virtual_environment_keeps_its_packages_but_not_the_system_packages() {
    let planned = environment("home = /usr/bin\ninclude-system-site-packages = false\n").plan();
    let site = "/opt/venv/lib/python3.11/site-packages";
    for path in [
        "flask/__init__.py",
        "numpy/core.so",
        "numpy.libs/libblas.so",
    ] {
        assert!(planned.keeps(&format!("{site}/{path}")), "{path}");
    }
    assert!(planned.keeps("/opt/venv/pyvenv.cfg") && planned.keeps("/usr/lib/python3.11/os.py"));
    assert!(!planned.keeps(&format!("{site}/pip")) && !planned.keeps("/opt/venv/bin/pip"));
    assert!(!planned.keeps("/usr/lib/python3/dist-packages/six.py"));
}

#[test]
fn a_copy_of_python_in_an_environment_finds_the_library_of_its_home() {
    for (settings, is_found) in [
        ("home = /usr/bin\n", true),
        (
            "include-system-site-packages = false\nHOME=/usr/bin\n",
            true,
        ),
        ("home = /usr/local/bin\n", false),
        ("version = 3.11.2\n", false),
    ] {
        let planned = python()
            .elf("/opt/venv/bin/python3.11", &program(GLIBC))
            .file("/opt/venv/pyvenv.cfg", settings)
            .script("/srv/serve", "#!/opt/venv/bin/python3.11\n")
            .entrypoint(&["/srv/serve"])
            .plan();
        assert_eq!(
            planned.keeps("/usr/lib/python3.11/os.py"),
            is_found,
            "{settings}"
        );
        assert!(!planned.keeps("/usr/lib/python3/dist-packages/six.py"));
    }
}

#[test]
fn a_virtual_environment_with_system_site_packages_keeps_them_too() {
    let planned = environment("home = /usr/bin\ninclude-system-site-packages = true\n").plan();
    assert!(planned.keeps("/usr/lib/python3/dist-packages/six.py"));
}

#[test]
fn installer_modules_are_kept_if_a_source_imports_them() {
    let planned = python()
        .file(
            "/app/main.py",
            "def f():\n    import pkg_resources, idlelib.run\n",
        )
        .entrypoint(&["python3", "/app/main.py"])
        .plan();
    assert!(planned.keeps("/usr/lib/python3/dist-packages/setuptools/__init__.py"));
    assert!(planned.keeps("/usr/lib/python3.11/idlelib/run.py"));
    assert!(!planned.keeps("/usr/lib/python3.11/lib2to3"));
}

#[test]
fn an_application_keeps_its_directory_without_caches() {
    let planned = python()
        .file("/app/pyproject.toml", "")
        .file("/app/crew/__main__.py", "")
        .file("/app/crew/data.json", "")
        .file("/app/crew/__pycache__/x.pyc", "")
        .file("/app/.git/HEAD", "")
        .set("WorkingDir", json!("/app"))
        .entrypoint(&["python3", "/app/crew/__main__.py"])
        .plan();
    assert!(planned.keeps("/app/crew/data.json") && planned.keeps("/app/pyproject.toml"));
    assert_eq!(planned.reasons("/app/.git"), Vec::<String>::new());
    assert_eq!(
        planned.reasons("/app/crew/__pycache__"),
        Vec::<String>::new()
    );
}

#[test]
fn programs_and_libraries_that_a_source_names_are_kept() {
    let planned = python()
        .elf("/usr/lib/x86_64-linux-gnu/libz.so.1", &library("libz.so.1"))
        .elf("/usr/lib/x86_64-linux-gnu/libmagic.so.1", &library("libmagic.so.1"))
        .file(
            "/app/main.py",
            "import subprocess, ctypes\nsubprocess.run(['date', '-u'])\nos.system(\"git log | gcc -\")\n\
            ctypes.CDLL('libz.so.1')\nctypes.util.find_library('magic')\n",
        )
        .entrypoint(&["python3", "/app/main.py"])
        .plan();
    assert_eq!(
        planned.why("/usr/bin/date").last().unwrap(),
        "/usr/bin/date: the command `date` on line 2"
    );
    for path in ["/usr/bin/git", "/usr/bin/gcc", "/usr/bin/sh"] {
        assert!(planned.keeps(path), "{path}");
    }
    for library in ["libz.so.1", "libmagic.so.1"] {
        assert!(
            planned.keeps(&format!("/usr/lib/x86_64-linux-gnu/{library}")),
            "{library}"
        );
    }
}

#[test]
fn a_program_that_code_inside_a_string_starts_is_kept() {
    let machine = with_programs(&["ruby", "date", "git"]).file(
        "/app/main.rb",
        "puts \"#{`echo \"no\"`} now #{system('date -u')}\"\nb = \"`\nsystem('git')\n",
    );
    let planned = machine.entrypoint(&["ruby", "/app/main.rb"]).plan();
    assert!(planned.keeps("/usr/bin/date") && planned.keeps("/usr/bin/git"));
}

#[test]
fn a_package_keeps_the_programs_it_starts_but_no_compilers() {
    let planned = python()
        .file(
            "/usr/lib/python3/dist-packages/vcs.py",
            &*format!(
                "x = 'date'\n{}subprocess.run(['git'])\nsubprocess.run(['gcc'])\n",
                "#\n".repeat(200)
            ),
        )
        .entrypoint(&["python3", "-c", "0"])
        .plan();
    assert!(planned.keeps("/usr/bin/git"));
    assert!(!planned.keeps("/usr/bin/date") && !planned.keeps("/usr/bin/gcc"));
}

fn node() -> Machine {
    let machine =
        with_programs(&["env", "convert"]).elf("/usr/bin/node", &program(GLIBC).needs("libc.so.6"));
    machine
        .file("/app/package.json", r#"{"dependencies": {"express": "4"}}"#)
        .file(
            "/app/server.js",
            "const x = require('express'), y = require('argon');\n\
             require('child_process').execSync('convert a b')\n",
        )
        .file(
            "/app/node_modules/express/package.json",
            r#"{"dependencies": {"depd": "1"}}"#,
        )
        .file("/app/node_modules/express/lib/late.js", "")
        .file("/app/node_modules/express/Readme.md", "")
        .file("/app/node_modules/express/test/all.js", "")
        .file("/app/node_modules/depd/package.json", "{}")
        .file("/app/node_modules/depd/index.js", "")
        .elf(
            "/app/node_modules/argon/build/Release/argon.node",
            &library("").needs("libuv.so.1"),
        )
        .file("/app/node_modules/argon/package.json", "{}")
        .file("/app/node_modules/argon/src/argon.cc", "")
        .elf(
            "/usr/lib/x86_64-linux-gnu/libuv.so.1",
            &library("libuv.so.1"),
        )
        .file("/usr/lib/node_modules/npm/package.json", "{}")
        .script(
            "/usr/lib/node_modules/npm/bin/npm-cli.js",
            "#!/usr/bin/env node\n",
        )
        .file("/usr/lib/node_modules/npm/lib/npm.js", "")
        .link("/usr/bin/npm", "../lib/node_modules/npm/bin/npm-cli.js")
}

#[test]
fn node_packages_are_kept_completely_with_the_libraries_of_their_addons() {
    let planned = node().entrypoint(&["node", "/app/server.js"]).plan();
    for path in [
        "express/lib/late.js",
        "depd/index.js",
        "argon/build/Release/argon.node",
    ] {
        assert!(
            planned.keeps(&format!("/app/node_modules/{path}")),
            "{path}"
        );
    }
    assert!(planned.keeps("/usr/lib/x86_64-linux-gnu/libuv.so.1"));
    assert!(planned.keeps("/usr/bin/convert") && planned.keeps("/usr/bin/sh"));
    for path in ["express/Readme.md", "express/test", "argon/src/argon.cc"] {
        assert!(
            !planned.keeps(&format!("/app/node_modules/{path}")),
            "{path}"
        );
    }
    assert!(!planned.keeps("/usr/lib/node_modules"));
}

#[test]
fn words_in_code_for_browsers_are_no_programs() {
    let served = |path: &str, text: &str| {
        with_programs(&["mount"])
            .elf("/usr/bin/node", &program(GLIBC).needs("libc.so.6"))
            .file("/app/package.json", "{}")
            .file("/app/server.js", "require('http').createServer()\n")
            .file(path, text)
            .entrypoint(&["node", "/app/server.js"])
            .plan()
    };
    for (path, text) in [
        (
            "/app/static/highlight.pack.js",
            "hljs.registerLanguage('bash', e => ({ k: 'if spawn', b: 'mount', r: /a/.exec(e) }))",
        ),
        (
            "/app/.next/static/chunks/1.js",
            "(self.webpackChunk = []).push([[1], { 2: (e, t, n) => { var zx = 'mount'; /x/.exec(zx) } }])",
        ),
        (
            "/app/dist/assets/index.js",
            "import './vendor.js'; const k = ['spawn', 'mount']; /x/.exec(k)",
        ),
        (
            "/app/public/game.js",
            "class A { b() { this.spawn('mount'); /x/.exec('') } }",
        ),
    ] {
        let planned = served(path, text);
        assert!(planned.keeps(path), "{path}");
        assert!(
            !planned.keeps("/usr/bin/mount") && !planned.keeps("/usr/bin/sh"),
            "{path}"
        );
    }
    for text in [
        "import { exec } from 'node:child_process'; exec('mount')",
        "const { execa } = require('execa'); execa('mount')",
        "const { spawn } = require('./start'); spawn('mount')",
        "import { $ } from 'zx'; const command = 'mount'",
    ] {
        assert!(
            served("/app/lib/a.js", text).keeps("/usr/bin/mount"),
            "{text}"
        );
    }
}

#[test]
fn npm_is_kept_only_if_started_and_then_runs_its_manifest_scripts() {
    let planned = node()
        .file(
            "/app/package.json",
            r#"{"scripts": {"start": "env A=1 node server.js", "build": "convert"}}"#,
        )
        .file("/app/server.js", "")
        .set("WorkingDir", json!("/app"))
        .set("Cmd", json!(["npm", "start"]))
        .plan();
    assert!(planned.keeps("/usr/lib/node_modules/npm/lib/npm.js"));
    assert!(planned.keeps("/usr/bin/sh") && planned.keeps("/usr/bin/node"));
    assert!(!planned.keeps("/usr/bin/convert"));
}

#[test]
fn distribution_packages_are_found_as_node_finds_them() {
    let planned = with_programs(&[])
        .elf("/usr/bin/node", &program(GLIBC).needs("libc.so.6"))
        .file(
            "/usr/share/nodejs/@x/y/package.json",
            r#"{"dependencies": {"z": "*"}}"#,
        )
        .file("/usr/share/nodejs/@x/y/index.js", "")
        .file("/usr/share/nodejs/z/package.json", "{}")
        .file("/usr/share/nodejs/z/index.js", "")
        .file("/usr/share/nodejs/other/package.json", "{}")
        .file("/srv/app/a.js", "import y from '@x/y/deep'\n")
        .entrypoint(&["node", "/srv/app/a.js"])
        .plan();
    assert!(
        planned.keeps("/usr/share/nodejs/@x/y/index.js")
            && planned.keeps("/usr/share/nodejs/z/index.js")
    );
    assert!(!planned.keeps("/usr/share/nodejs/other"));
}

#[test]
fn java_keeps_the_runtime_image_of_its_real_path() {
    let home = "/usr/lib/jvm/java-17";
    let planned = with_programs(&[])
        .link("/usr/bin/java", "/etc/alternatives/java")
        .link("/etc/alternatives/java", "/usr/lib/jvm/java-17/bin/java")
        .elf(
            &format!("{home}/bin/java"),
            &program(GLIBC).needs("libc.so.6"),
        )
        .elf(&format!("{home}/bin/javac"), &program(GLIBC))
        .elf(
            &format!("{home}/lib/server/libjvm.so"),
            &library("libjvm.so"),
        )
        .elf(
            &format!("{home}/lib/libzip.so"),
            &library("libzip.so").needs("libjvm.so"),
        )
        .file(&format!("{home}/lib/modules"), "")
        .file(&format!("{home}/lib/src.zip"), "")
        .file("/etc/java-17/security/java.security", "")
        .link(&format!("{home}/conf"), "/etc/java-17")
        .link(&format!("{home}/lib/security"), "/etc/java-17/security")
        .file(&format!("{home}/release"), "")
        .file("/app/lib/a.jar", "")
        .file("/app/main.jar", "")
        .entrypoint(&["java", "-jar", "/app/main.jar"])
        .plan();
    for path in [
        "lib/modules",
        "lib/server/libjvm.so",
        "lib/libzip.so",
        "release",
        "conf",
    ] {
        assert!(planned.keeps(&format!("{home}/{path}")), "{path}");
    }
    assert!(planned.keeps("/etc/java-17/security/java.security"));
    assert!(planned.keeps("/app/lib/a.jar"));
    assert!(
        !planned.keeps(&format!("{home}/lib/src.zip"))
            && !planned.keeps(&format!("{home}/bin/javac"))
    );
    assert_eq!(
        planned.unmet(),
        Vec::<String>::new(),
        "`java` loads `libjvm.so` before what needs it"
    );
}

/// A program whose data names these paths.
fn naming(path: &str, machine: Machine, paths: &[&str]) -> Machine {
    let mut bytes = program(GLIBC).needs("libc.so.6").bytes();
    for path in paths {
        bytes.extend_from_slice(b"\0");
        bytes.extend_from_slice(path.as_bytes());
    }
    bytes.push(0);
    machine.executable(path, bytes)
}

#[test]
fn ruby_keeps_its_libraries_and_gems_completely() {
    let machine = with_programs(&[])
        .file("/usr/lib/ruby/3.1.0/set.rb", "")
        .file("/usr/lib/ruby/vendor_ruby/rack/builder.rb", "")
        .file("/usr/lib/ruby/gems/3.1.0/specifications/puma-6.gemspec", "")
        .file("/usr/lib/ruby/gems/3.1.0/gems/puma-6/lib/puma.rb", "")
        .file("/usr/lib/ruby/gems/3.1.0/gems/puma-6/ext/http.c", "")
        .file("/usr/lib/ruby/gems/3.1.0/gems/puma-6/test/all.rb", "")
        .elf(
            "/usr/lib/ruby/gems/3.1.0/extensions/x/puma-6/http.so",
            &library("").needs("libssl.so.3"),
        )
        .elf(
            "/usr/lib/x86_64-linux-gnu/libssl.so.3",
            &library("libssl.so.3"),
        )
        .file("/usr/lib/ruby/gems/3.1.0/gems/rbs-2/lib/rbs.rb", "")
        .file("/usr/lib/ruby/gems/3.1.0/gems/debug-1/lib/debug.rb", "")
        .file("/app/config.ru", "require 'debug'\n")
        .entrypoint(&["ruby", "/app/config.ru"]);
    let planned = naming(
        "/usr/bin/ruby",
        machine,
        &["/usr/lib/ruby/3.1.0", "/usr/lib/ruby/vendor_ruby"],
    )
    .plan();
    let gems = "/usr/lib/ruby/gems/3.1.0";
    assert!(
        planned.keeps("/usr/lib/ruby/3.1.0/set.rb")
            && planned.keeps("/usr/lib/ruby/vendor_ruby/rack/builder.rb")
    );
    for path in [
        "specifications/puma-6.gemspec",
        "gems/puma-6/lib/puma.rb",
        "extensions/x/puma-6/http.so",
        "gems/debug-1",
    ] {
        assert!(planned.keeps(&format!("{gems}/{path}")), "{path}");
    }
    assert!(planned.keeps("/usr/lib/x86_64-linux-gnu/libssl.so.3"));
    for path in ["gems/puma-6/ext", "gems/puma-6/test", "gems/rbs-2"] {
        assert!(!planned.keeps(&format!("{gems}/{path}")), "{path}");
    }
}

/// Debian's Perl with a script of the distribution and one of an application.
fn perl() -> Machine {
    let machine = with_programs(&[])
        .file("/usr/lib/x86_64-linux-gnu/perl-base/strict.pm", "")
        .file(
            "/usr/share/perl/5.36/Text/Wrap.pm",
            "=head1 X\nuse Time::Local;\n=cut\nuse Text::Tabs;\n",
        )
        .file("/usr/share/perl/5.36/Text/Tabs.pm", "")
        .file("/usr/share/perl/5.36/Time/Local.pm", "")
        .file("/usr/share/perl/5.36/Encode.pm", "")
        .file("/usr/share/perl/5.36/Encode/JP.pm", "")
        .elf("/usr/share/perl/5.36/auto/Encode/JP/JP.so", &library(""))
        .file("/usr/share/perl/5.36/Encode/JP.pod", "")
        .script(
            "/usr/bin/tool",
            "#!/usr/bin/perl\nuse Text::Wrap;\nrequire Encode;\n",
        )
        .script(
            "/app/tool",
            "#!/usr/bin/perl\nmy $m = shift; eval \"require $m\";\n",
        );
    naming(
        "/usr/bin/perl",
        machine,
        &[
            "/usr/lib/x86_64-linux-gnu/perl-base",
            "/usr/share/perl/5.36",
        ],
    )
}

#[test]
fn layers_of_a_perl_script_are_modules() {
    let library = "/usr/share/perl/5.36";
    let planned = perl()
        .file(&format!("{library}/PerlIO/gzip.pm"), "")
        .elf(
            &format!("{library}/auto/PerlIO/gzip/gzip.so"),
            &crate::builders::elf_file::library(""),
        )
        .file(&format!("{library}/PerlIO/encoding.pm"), "")
        .file(&format!("{library}/PerlIO/via.pm"), "")
        .script(
            "/usr/bin/unpack",
            "#!/usr/bin/perl\nopen(my $f, '<:gzip', 'x');\n\
             open(my $g, '>:encoding(UTF-16)', 'y');\n",
        )
        .entrypoint(&["/usr/bin/unpack"])
        .plan();
    for path in [
        "PerlIO/gzip.pm",
        "auto/PerlIO/gzip/gzip.so",
        "PerlIO/encoding.pm",
    ] {
        assert!(planned.keeps(&format!("{library}/{path}")), "{path}");
    }
    assert!(!planned.keeps(&format!("{library}/PerlIO/via.pm")));
}

#[test]
fn distribution_scripts_keep_the_perl_modules_they_use() {
    let planned = perl().entrypoint(&["/usr/bin/tool"]).plan();
    let library = "/usr/share/perl/5.36";
    assert!(planned.keeps("/usr/lib/x86_64-linux-gnu/perl-base/strict.pm"));
    for path in [
        "Text/Wrap.pm",
        "Text/Tabs.pm",
        "Encode.pm",
        "Encode/JP.pm",
        "auto/Encode/JP/JP.so",
    ] {
        assert!(planned.keeps(&format!("{library}/{path}")), "{path}");
    }
    assert!(
        !planned.keeps(&format!("{library}/Time/Local.pm")),
        "a manual is no code"
    );
    assert!(!planned.keeps(&format!("{library}/Encode/JP.pod")));
}

#[test]
fn a_perl_application_keeps_every_module() {
    assert!(
        perl()
            .entrypoint(&["/app/tool"])
            .plan()
            .keeps("/usr/share/perl/5.36/Time/Local.pm")
    );
}

#[test]
fn an_interpreter_that_runs_code_from_outside_keeps_its_standard_library() {
    for command in [&["perl"][..], &["perl", "-e", "1"], &["perl", "/mnt/x.pl"]] {
        let planned = perl().set("Cmd", json!(command)).plan();
        assert!(
            planned.keeps("/usr/share/perl/5.36/Time/Local.pm"),
            "{command:?}"
        );
    }
    let python = || python().file("/usr/lib/python3.11/venv/__init__.py", "");
    let venv = "/usr/lib/python3.11/venv/__init__.py";
    for command in [
        &["python3"][..],
        &["env", "python3", "-c", "1"],
        &["python3", "/mnt/x"],
    ] {
        let planned = python().set("Cmd", json!(command)).plan();
        assert!(planned.keeps(venv), "{command:?}");
        assert!(!planned.keeps("/usr/lib/python3.11/idlelib/run.py"));
    }
    for command in [&["python3", "-m", "json"][..], &["python3", "/app/main.py"]] {
        let machine = python().file("/app/main.py", "import json\n");
        let planned = machine.set("Cmd", json!(command)).plan();
        assert!(!planned.keeps(venv), "{command:?}");
    }
}

#[test]
fn a_module_that_a_lua_program_requires_is_kept_whatever_it_needs() {
    let planned = merged_usr()
        .layer("ADD file:12 in /")
        .file("/usr/lib/os-release", "ID=debian\n")
        .elf("/usr/bin/lua5.4", &program(GLIBC))
        .script(
            "/usr/bin/chat",
            "#!/usr/bin/lua5.4\ndofile('/usr/lib/chat/start.lua')\n",
        )
        .file("/usr/lib/chat/start.lua", "require \"core.main\"\n")
        .file(
            "/usr/lib/chat/core/main.lua",
            "local e = require(\"util.encodings\");\n",
        )
        .elf(
            "/usr/lib/chat/util/encodings.so",
            &library("encodings.so").needs("libicudata.so.72"),
        )
        .elf(
            "/usr/lib/x86_64-linux-gnu/libicudata.so.72",
            &library("libicudata.so.72"),
        )
        .file("/usr/lib/other/util/crypt.so", "")
        .entrypoint(&["chat"])
        .plan();
    assert!(planned.keeps("/usr/lib/chat/util/encodings.so"));
    assert!(planned.keeps("/usr/lib/x86_64-linux-gnu/libicudata.so.72"));
    assert!(!planned.keeps("/usr/lib/other/util/crypt.so"));
}

#[test]
fn lua_and_php_keep_their_compiled_in_directories() {
    let machine = with_programs(&[])
        .file("/usr/share/lua/5.4/cjson.lua", "")
        .file("/usr/share/php/Mail.php", "")
        .file("/app/a.lua", "")
        .file("/app/a.php", "")
        .set(
            "Cmd",
            json!(["sh", "-c", "lua5.4 /app/a.lua; php8.2 /app/a.php"]),
        );
    let machine = naming(
        "/usr/bin/lua5.4",
        machine,
        &["/usr/local/share/lua/5.4/?.lua;/usr/share/lua/5.4/?.lua;./?.lua"],
    );
    let planned = naming("/usr/bin/php8.2", machine, &[".:/usr/share/php"]).plan();
    assert!(
        planned.keeps("/usr/share/lua/5.4/cjson.lua") && planned.keeps("/usr/share/php/Mail.php")
    );
}
