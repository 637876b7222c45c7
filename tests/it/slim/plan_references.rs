//! Paths, programs and modules that the files of an application name, in sources and other texts.

use jettison::slim::Modules;

use super::machine::{Machine, Planned};
use super::plan_paths::merged_usr;
use crate::builders::elf_file::{GLIBC, program};

/// An image of a distribution with the programs, then a layer of packages that its own Dockerfile
/// installed, then the application's.
fn installed(programs: &[&str]) -> Machine {
    let mut machine = merged_usr()
        .layer("ADD file:12 in /")
        .file("/usr/lib/os-release", "ID=debian\n")
        .elf("/usr/bin/python3.11", &program(GLIBC))
        .file("/usr/lib/python3.11/os.py", "")
        .elf("/usr/bin/base-tool", &program(GLIBC))
        .layer("RUN apt-get install -y tools")
        .file(
            "/var/lib/dpkg/status",
            "Package: tools\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n\n",
        );
    // What a package owns is not kept because a RUN made it.
    let mut list = String::from(
        "/usr/share/geo/x\n/usr/lib/x86_64-linux-gnu/libgdal.so.32\n\
         /usr/lib/x86_64-linux-gnu/libother.so.1\n\
         /usr/lib/x86_64-linux-gnu/libgomp.so.1\n/usr/share/tessdata/eng.traineddata\n",
    );
    for name in programs {
        let path = format!("/usr/bin/{name}");
        machine = machine.elf(&path, &program(GLIBC));
        list.push_str(&path);
        list.push('\n');
    }
    machine.file("/var/lib/dpkg/info/tools.list", list)
}

fn run(machine: Machine) -> Planned {
    machine.entrypoint(&["python3.11", "/app/main.py"]).plan()
}

#[test]
fn a_string_naming_an_installed_program_keeps_it_far_from_the_call() {
    let filler = "# nothing\n".repeat(100);
    let source = format!("TOOL = 'pdfinfo'\n{filler}run(TOOL)\n");
    let planned = run(installed(&["pdfinfo", "pdftops"])
        .layer("COPY . /app")
        .file("/app/main.py", source.as_str()));
    assert!(planned.keeps("/usr/bin/pdfinfo"));
    assert!(!planned.keeps("/usr/bin/pdftops"), "nothing names it");
}

#[test]
fn settings_and_variables_that_name_an_installed_program_keep_it() {
    for (path, text) in [
        (
            "/app/config.json",
            "{\"converter\": \"pdfinfo\", \"pdftops\": 1}\n",
        ),
        ("/app/config.yml", "converter: pdfinfo\n# other: pdftops\n"),
        ("/app/.env", "CONVERTER=pdfinfo\n"),
        ("/app/tools.toml", "tools = [\"pdfinfo\"]\n"),
        (
            "/app/telegraf.conf",
            "[[inputs.exec]]\n  commands = [\"pdfinfo -box x\", \"see pdftops\"]\n",
        ),
    ] {
        let planned = run(installed(&["pdfinfo", "pdftops"])
            .layer("COPY . /app")
            .file("/app/main.py", "read('config')\n")
            .file("/app/package.json", "{\"name\": \"pdftops\"}")
            .file(path, text));
        assert!(planned.keeps("/usr/bin/pdfinfo"), "{path}");
        assert!(!planned.keeps("/usr/bin/pdftops"), "{path}");
    }
    let planned = run(installed(&["pdfinfo", "pdftops"])
        .env("PDFINFO_BINARY=pdfinfo")
        .env("MODE=base-tool")
        .layer("COPY . /app")
        .file("/app/main.py", ""));
    assert!(planned.keeps("/usr/bin/pdfinfo"));
    assert!(
        !planned.keeps("/usr/bin/base-tool"),
        "it is of the base image"
    );
}

#[test]
fn strings_in_compiled_code_name_programs_files_and_libraries() {
    use crate::builders::elf_file::library;
    let lib = "/usr/lib/x86_64-linux-gnu";
    let elixir = b"FOR1\0\0\0\0BEAMLitT\0\0\0\x27\0\0\0\0\x83m\0\0\0\x07pdfinfo\
        \x83m\0\0\0\x10/usr/share/geo/x\0";
    let mut dotnet = b"MZ\0libgdal.so.32\0\x0f".to_vec();
    for text in ["pdfinfo", "/usr/share/geo/x", "pdftops is missing"] {
        for byte in text.bytes() {
            dotnet.extend([byte, 0]);
        }
        dotnet.push(1);
    }
    for (path, bytes) in [
        ("/app/lib/app-1/ebin/Elixir.App.beam", elixir.to_vec()),
        ("/app/App.dll", dotnet),
    ] {
        let planned = run(installed(&["pdfinfo", "pdftops"])
            .file("/usr/share/geo/x", "")
            .elf(&format!("{lib}/libgdal.so.32"), &library("libgdal.so.32"))
            .layer("COPY . /app")
            .file("/app/main.py", "")
            .file(path, bytes));
        assert!(planned.keeps("/usr/bin/pdfinfo"), "{path}");
        assert!(planned.keeps("/usr/share/geo/x"), "{path}");
        assert!(!planned.keeps("/usr/bin/pdftops"), "{path}");
        let opens = path.contains(".dll");
        assert_eq!(
            planned.keeps(&format!("{lib}/libgdal.so.32")),
            opens,
            "{path}"
        );
    }
}

#[test]
fn a_base_image_program_is_kept_only_if_its_name_is_in_a_call() {
    let planned = run(installed(&[])
        .layer("COPY . /app")
        .file("/app/main.py", "MODE = 'base-tool'\n"));
    assert!(!planned.keeps("/usr/bin/base-tool"));
    let planned = run(installed(&[])
        .layer("COPY . /app")
        .file("/app/main.py", "subprocess.run(['base-tool'])\n"));
    assert!(planned.keeps("/usr/bin/base-tool"));
}

#[test]
fn a_package_keeps_the_installed_programs_it_names_except_compilers() {
    let site = "/usr/lib/python3.11/site-packages";
    let planned = run(installed(&["pdfinfo", "gcc"])
        .layer("RUN pip install pdf2image")
        .file(
            &format!("{site}/pdf2image/__init__.py"),
            "COMMAND = get('pdfinfo')\nBUILD = 'gcc'\n",
        )
        .layer("COPY . /app")
        .file("/app/main.py", "import pdf2image\n"));
    assert_eq!(
        planned.why("/usr/bin/pdfinfo").last().unwrap(),
        "/usr/bin/pdfinfo: the name `pdfinfo` on line 1"
    );
    assert!(!planned.keeps("/usr/bin/gcc"), "packages name compilers");
}

#[test]
fn a_path_in_a_package_keeps_only_files_that_the_image_added() {
    let site = "/usr/lib/python3.11/site-packages";
    let planned = run(installed(&[])
        .file("/usr/share/tessdata/eng.traineddata", "")
        .layer("RUN pip install ocr")
        .file(
            &format!("{site}/ocr/__init__.py"),
            "DATA = '/usr/share/tessdata'\nOTHER = '/usr/share/base/x'\n",
        )
        .layer("COPY . /app")
        .file("/app/main.py", "import ocr\n"));
    assert!(planned.keeps("/usr/share/tessdata/eng.traineddata"));
}

#[test]
fn the_first_argument_of_an_interpreter_is_read_as_its_language() {
    for command in [
        &["python3.11", "/srv/app/serve"][..],
        &["python3.11", "-u", "-X", "dev", "/srv/app/serve"],
        &["sh", "-c", "exec python3.11 /srv/app/serve"],
    ] {
        let planned = installed(&["ffprobe"])
            .elf("/usr/bin/sh", &program(GLIBC))
            .layer("COPY . /srv/app")
            .file("/srv/app/serve", "subprocess.run(['ffprobe', path])\n")
            .entrypoint(command)
            .plan();
        assert!(planned.keeps("/usr/bin/ffprobe"), "{command:?}");
    }
}

#[test]
fn scripts_without_ending_are_sources_of_every_interpreter() {
    for (command, source) in [
        (
            &["Rscript", "--vanilla", "/srv/app/run"][..],
            "system2('ffprobe')",
        ),
        (
            &["awk", "-v", "x=1", "-f", "/srv/app/run"],
            "{ \"ffprobe\" | getline }",
        ),
        (&["guile", "-s", "/srv/app/run"], "(system* \"ffprobe\")"),
        (&["tclsh8.6", "/srv/app/run"], "set x [exec ffprobe]"),
        (
            &["escript", "/srv/app/run"],
            "main(_) -> os:cmd(\"ffprobe\").",
        ),
        (
            &["php", "-S", "0.0.0.0:80", "-t", "public", "/srv/app/run"],
            "<?php exec('ffprobe');",
        ),
    ] {
        let planned = installed(&["ffprobe", command[0]])
            .elf("/usr/bin/sh", &program(GLIBC))
            .layer("COPY . /srv/app")
            .file("/srv/app/run", source)
            .entrypoint(command)
            .plan();
        assert!(planned.keeps("/usr/bin/ffprobe"), "{command:?}");
    }
}

/// Node with an application and one package in it.
fn node(source: &str, manifest: &str) -> Machine {
    let package = "/app/node_modules/three";
    merged_usr()
        .layer("ADD file:12 in /")
        .file("/usr/lib/os-release", "ID=debian\n")
        .elf("/usr/bin/node", &program(GLIBC))
        .layer("COPY . /app")
        .file("/app/server.js", source)
        .file("/app/package.json", r#"{"dependencies": {"three": "1"}}"#)
        .file(&format!("{package}/package.json"), manifest)
        .file(&format!("{package}/index.js"), "")
        .file(
            &format!("{package}/examples/jsm/loader.js"),
            "import '../jsm/other.js'",
        )
        .file(&format!("{package}/examples/jsm/other.js"), "")
        .file(&format!("{package}/examples/models/big.glb"), "")
        .file(&format!("{package}/test/all.js"), "")
        .file(&format!("{package}/index.d.ts"), "")
        .entrypoint(&["node", "/app/server.js"])
}

#[test]
fn a_directory_called_examples_is_kept_if_the_manifest_exports_it() {
    let manifest = r#"{"exports": {".": "./index.js", "./addons/*": "./examples/jsm/*"}}"#;
    let planned = node("require('three')", manifest).plan();
    let package = "/app/node_modules/three";
    assert!(planned.keeps(&format!("{package}/examples/jsm/other.js")));
    assert!(!planned.keeps(&format!("{package}/examples/models")));
    assert!(!planned.keeps(&format!("{package}/test")));
}

#[test]
fn a_directory_called_examples_is_kept_if_a_source_imports_it() {
    let planned = node("require('three/examples/jsm/loader')", "{}").plan();
    let package = "/app/node_modules/three";
    assert!(planned.keeps(&format!("{package}/examples/jsm/loader.js")));
    assert!(planned.keeps(&format!("{package}/examples/jsm/other.js")));
    assert!(!planned.keeps(&format!("{package}/examples/models")));
}

#[test]
fn a_package_may_load_its_own_tests() {
    let planned = node("require('three')", "{}")
        .file(
            "/app/node_modules/three/lib.js",
            "module.exports = require('./test/all')",
        )
        .plan();
    assert!(planned.keeps("/app/node_modules/three/test/all.js"));
}

#[test]
fn a_file_that_a_package_names_relative_to_itself_is_kept() {
    let package = "/app/node_modules/three";
    let planned = node("require('three')", "{}")
        .file(
            &format!("{package}/lib/read.js"),
            "read(path.join(__dirname, '..', 'docs', 'index.html'));\n\
             read(__dirname + '/../README.md');\nif (env === 'test') {}\n",
        )
        .file(&format!("{package}/docs/index.html"), "")
        .file(&format!("{package}/docs/other.html"), "")
        .file(&format!("{package}/README.md"), "")
        .file(&format!("{package}/HISTORY.md"), "")
        .plan();
    for kept in ["docs/index.html", "README.md"] {
        assert!(planned.keeps(&format!("{package}/{kept}")), "{kept}");
    }
    for dropped in ["docs/other.html", "HISTORY.md", "test"] {
        assert!(!planned.keeps(&format!("{package}/{dropped}")), "{dropped}");
    }
}

#[test]
fn a_fixture_that_a_gem_names_relative_to_itself_is_kept() {
    let gem = "/usr/local/bundle/gems/paint-1.0";
    let planned = merged_usr()
        .elf("/usr/bin/ruby", &program(GLIBC))
        .env("GEM_HOME=/usr/local/bundle")
        .file("/usr/local/bundle/specifications/paint-1.0.gemspec", "")
        .file(
            &format!("{gem}/lib/paint.rb"),
            "A = File.expand_path('../../test/colors.json', __FILE__)\n\
             B = File.join(__dir__, '..', 'doc', 'page.erb')\n",
        )
        .file(&format!("{gem}/test/colors.json"), "")
        .file(&format!("{gem}/test/paint_test.rb"), "")
        .file(&format!("{gem}/doc/page.erb"), "")
        .file("/srv/app/run.rb", "require 'paint'\n")
        .entrypoint(&["ruby", "/srv/app/run.rb"])
        .plan();
    assert!(planned.keeps(&format!("{gem}/test/colors.json")));
    assert!(planned.keeps(&format!("{gem}/doc/page.erb")));
    assert!(!planned.keeps(&format!("{gem}/test/paint_test.rb")));
}

#[test]
fn type_declarations_are_kept_if_ts_node_is_installed() {
    let planned = node("require('three')", "{}").plan();
    assert!(!planned.keeps("/app/node_modules/three/index.d.ts"));
    let planned = node("require('three')", "{}")
        .file("/app/node_modules/ts-node/package.json", "{}")
        .file("/app/node_modules/ts-node/index.js", "")
        .modules(Modules::Whole)
        .plan();
    assert!(planned.keeps("/app/node_modules/three/index.d.ts"));
}

#[test]
fn an_application_below_a_directory_called_nodejs_is_not_a_package() {
    let planned = merged_usr()
        .elf("/usr/bin/node", &program(GLIBC))
        .file("/srv/nodejs/app/package.json", "{}")
        .file("/srv/nodejs/app/server.js", "")
        .file("/srv/nodejs/app/docs/index.html", "")
        .entrypoint(&["node", "/srv/nodejs/app/server.js"])
        .plan();
    assert!(planned.keeps("/srv/nodejs/app/docs/index.html"));
}

#[test]
fn tests_that_a_package_imports_are_kept() {
    let site = "/usr/lib/python3.11/site-packages";
    for import in [
        "from .tests.helper import check\n",
        "from sky.tests import helper\n",
        "from . import tests\n",
        "import os, sky.tests.helper\n",
        "helper = importlib.import_module('sky.tests.helper')\n",
    ] {
        let planned = run(installed(&[])
            .layer("RUN pip install sky")
            .file(&format!("{site}/sky/__init__.py"), import)
            .file(&format!("{site}/sky/tests/helper.py"), "")
            .file(&format!("{site}/sky/io/tests/big.py"), "")
            .layer("COPY . /app")
            .file("/app/main.py", "import sky\n"));
        assert!(
            planned.keeps(&format!("{site}/sky/tests/helper.py")),
            "{import}"
        );
        assert!(!planned.keeps(&format!("{site}/sky/io/tests")), "{import}");
    }
}

#[test]
fn programs_in_environments_of_uv_poetry_and_npx_are_found() {
    for (command, path) in [
        (
            &["uv", "run", "gunicorn", "app"][..],
            "/app/.venv/bin/gunicorn",
        ),
        (
            &["poetry", "run", "gunicorn"],
            "/root/.cache/pypoetry/virtualenvs/app-1/bin/gunicorn",
        ),
        (
            &["sh", "-c", "exec npx --no next start"],
            "/app/node_modules/.bin/next",
        ),
        (&["jupyter", "lab", "--ip=0.0.0.0"], "/usr/bin/jupyter-lab"),
    ] {
        let name = path.rsplit('/').next().unwrap();
        let planned = merged_usr()
            .elf("/usr/bin/sh", &program(GLIBC))
            .elf("/usr/bin/uv", &program(GLIBC))
            .elf("/usr/bin/poetry", &program(GLIBC))
            .elf("/usr/bin/npx", &program(GLIBC))
            .elf("/usr/bin/jupyter", &program(GLIBC))
            .elf(path, &program(GLIBC))
            .elf(&path.replace(name, "another"), &program(GLIBC))
            .set("WorkingDir", serde_json::json!("/app"))
            .entrypoint(command)
            .plan();
        assert!(planned.keeps(path), "{command:?}");
    }
}

#[test]
fn commands_in_crontabs_procfiles_units_and_playbooks_are_kept() {
    for (path, text) in [
        ("/etc/cron.d/backup", "0 3 * * * root mydump -q\n"),
        ("/app/crontab", "MAILTO=x\n@daily mydump\n"),
        (
            "/app/Taskfile.yml",
            "version: '3'\ntasks:\n  run:\n    cmds:\n      - mydump x\n",
        ),
        ("/app/justfile", "run:\n    @mydump x\n"),
        (
            "/etc/logrotate.d/app",
            "/var/log/app {\n  postrotate\n    mydump --hup\n  endscript\n}\n",
        ),
        (
            "/etc/zabbix/zabbix_agentd.conf",
            "Server=localhost\nUserParameter=size[*],mydump -x $1\n",
        ),
        ("/app/Procfile", "web: server\nworker: mydump --all\n"),
        (
            "/etc/systemd/system/app.service",
            "[Service]\nExecStart=-mydump --x\n",
        ),
        (
            "/app/site.yml",
            "- hosts: all\n  tasks:\n    - shell: mydump | gzip\n",
        ),
    ] {
        let planned = merged_usr()
            .elf("/usr/bin/server", &program(GLIBC))
            .elf("/usr/bin/mydump", &program(GLIBC))
            .file(path, text)
            .entrypoint(&["server", path])
            .plan();
        assert!(planned.keeps("/usr/bin/mydump"), "{path}");
    }
}

#[test]
fn a_schedule_with_a_name_of_its_own_is_recognized() {
    let planned = |schedule: &str| {
        merged_usr()
            .elf("/usr/bin/supercronic", &program(GLIBC))
            .elf("/usr/bin/mydump", &program(GLIBC))
            .elf("/usr/bin/and", &program(GLIBC))
            .layer("ADD file:12 in /")
            .file("/usr/lib/os-release", "ID=debian\n")
            .layer("COPY . /app")
            .file("/app/jobs", schedule)
            .entrypoint(&["supercronic", "/app/jobs"])
            .plan()
    };
    let with_job = planned("TZ=UTC\n*/5 * * * * mydump -q\n");
    assert!(with_job.keeps("/usr/bin/mydump"));
    let prose = planned("* mydump writes a file\n* and another\n");
    assert!(!prose.keeps("/usr/bin/mydump") && !prose.keeps("/usr/bin/and"));
}

#[test]
fn a_comment_in_a_crontab_keeps_nothing() {
    let planned = merged_usr()
        .elf("/usr/bin/server", &program(GLIBC))
        .elf("/usr/bin/mydump", &program(GLIBC))
        .file("/app/crontab", "# 0 3 * * * mydump\n")
        .entrypoint(&["server", "/app/crontab"])
        .plan();
    assert!(!planned.keeps("/usr/bin/mydump"));
}

#[test]
fn a_name_passed_to_find_library_through_a_variable_is_recognized() {
    use crate::builders::elf_file::library;
    let lib = "/usr/lib/x86_64-linux-gnu";
    let planned = run(installed(&[])
        .elf(&format!("{lib}/libgdal.so.32"), &library("libgdal.so.32"))
        .elf(&format!("{lib}/libother.so.1"), &library("libother.so.1"))
        .layer("COPY . /app")
        .file(
            "/app/main.py",
            "names = ['gdal', 'GDAL']\nfor name in names: find_library(name)\n",
        ));
    assert!(planned.keeps(&format!("{lib}/libgdal.so.32")));
    assert!(!planned.keeps(&format!("{lib}/libother.so.1")));
}

#[test]
fn a_library_that_a_package_opens_is_kept_whatever_it_needs() {
    use crate::builders::elf_file::library;
    let lib = "/usr/lib/x86_64-linux-gnu";
    let site = "/usr/local/lib/python3.11/site-packages/gis";
    let machine = |source: &str| {
        run(installed(&[])
            .elf(
                &format!("{lib}/libgdal.so.32"),
                &library("libgdal.so.32").needs("libicudata.so.72"),
            )
            .elf(
                &format!("{lib}/libicudata.so.72"),
                &library("libicudata.so.72"),
            )
            .file(&format!("{site}/base.py"), source)
            .layer("COPY . /app")
            .file("/app/main.py", "import gis\n"))
    };
    for source in [
        "names = ['gdal']\nfor name in names: find_library(name)\n",
        "CDLL('libgdal.so.32')\n",
        "connection.load_extension(name)\nname = 'libgdal.so.32'\n",
    ] {
        let planned = machine(source);
        assert!(planned.keeps(&format!("{lib}/libgdal.so.32")), "{source}");
        assert!(
            planned.keeps(&format!("{lib}/libicudata.so.72")),
            "{source}"
        );
    }
}

#[test]
fn a_directory_on_the_search_path_of_a_program_is_kept() {
    let planned = merged_usr()
        .elf("/usr/bin/python3.11", &program(GLIBC))
        .file("/usr/lib/python3.11/os.py", "")
        .script(
            "/usr/bin/tool",
            "#!/usr/bin/python3.11\nimport sys\nsys.path.insert(1, '/usr/share/tool3/')\n",
        )
        .file("/usr/share/tool3/impl.py", "")
        .file("/usr/share/other/impl.py", "")
        .entrypoint(&["tool"])
        .plan();
    assert!(planned.keeps("/usr/share/tool3/impl.py"));
    assert!(!planned.keeps("/usr/share/other/impl.py"));
}

/// A ZIP file with one entry that is stored as it is, behind other bytes.
fn zip_behind(before: &[u8], name: &str, content: &[u8]) -> Vec<u8> {
    let mut writer = std::io::Cursor::new(before.to_vec());
    writer.set_position(before.len() as u64);
    let mut archive = rawzip::ZipArchiveWriter::builder()
        .with_offset(before.len() as u64)
        .build(&mut writer);
    let (mut entry, config) = archive.new_file(name).start().unwrap();
    let mut data = config.wrap(&mut entry);
    std::io::Write::write_all(&mut data, content).unwrap();
    let (_, descriptor) = data.finish().unwrap();
    entry.finish(descriptor).unwrap();
    archive.finish().unwrap();
    writer.into_inner()
}

#[test]
fn a_library_in_an_archive_keeps_the_libraries_that_it_needs() {
    use crate::builders::elf_file::library;
    let lib = "/usr/lib/x86_64-linux-gnu";
    let inner = library("_speed.so").needs("libgomp.so.1").bytes();
    for (path, start) in [
        ("/app/tool.pyz", &b"#!/usr/bin/python3.11\n"[..]),
        ("/app/bundle.zip", b""),
        ("/usr/local/bin/tool", b"#!/usr/bin/env python3.11\n"),
    ] {
        let planned = installed(&[])
            .elf(&format!("{lib}/libgomp.so.1"), &library("libgomp.so.1"))
            .layer("COPY tool /app")
            .executable(path, zip_behind(start, "site-packages/_speed", &inner))
            .entrypoint(&["python3.11", path])
            .plan();
        assert!(planned.keeps(&format!("{lib}/libgomp.so.1")), "{path}");
    }
}

#[test]
fn python_modules_in_an_archive_keep_the_programs_that_they_start() {
    let code = "import subprocess\nsubprocess.run(['ffprobe', path])\n";
    for (path, entry) in [
        ("/app/tool.pyz", "__main__.py"),
        ("/app/tool.pex", "site-packages/tool/cli.py"),
        ("/usr/local/bin/tool", "tool/__init__.py"),
    ] {
        let start = b"#!/usr/bin/env python3.11\n";
        let planned = installed(&["ffprobe"])
            .layer("COPY tool /app")
            .executable(path, zip_behind(start, entry, code.as_bytes()))
            .entrypoint(&["python3.11", path])
            .plan();
        assert!(planned.keeps("/usr/bin/ffprobe"), "{path}");
    }
}

#[test]
fn a_library_that_a_source_opens_by_its_short_name_is_kept_in_every_language() {
    use crate::builders::elf_file::library;
    let lib = "/usr/lib/x86_64-linux-gnu";
    for (command, source) in [
        ("luajit", "local z = ffi.load('gdal')"),
        ("python3", "lib = ffi.dlopen('gdal')"),
        ("perl", "my $lib = find_lib_or_die(lib => 'gdal');"),
        ("php", "$f = FFI::cdef('int x();', 'libgdal.so.32');"),
        ("node", "koffi.load('libgdal.so.32')"),
        ("node", "ffi.Library('gdal', {})"),
    ] {
        let planned = installed(&[command])
            .elf(&format!("{lib}/libgdal.so.32"), &library("libgdal.so.32"))
            .elf(&format!("{lib}/libother.so.1"), &library("libother.so.1"))
            .layer("COPY . /srv/app")
            .file("/srv/app/run", source)
            .entrypoint(&[command, "/srv/app/run"])
            .plan();
        assert!(planned.keeps(&format!("{lib}/libgdal.so.32")), "{source}");
        assert!(!planned.keeps(&format!("{lib}/libother.so.1")), "{source}");
    }
}

/// A Java class with the names of what it calls, and the strings in it: JVM specification, 4.4.
fn java_class(names: &[&str], strings: &[&str]) -> Vec<u8> {
    let number = |count: usize| u16::try_from(count).unwrap().to_be_bytes();
    let mut bytes = vec![0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 61];
    bytes.extend(number(names.len() + 2 * strings.len() + 1));
    for text in names.iter().chain(strings) {
        bytes.push(1);
        bytes.extend(number(text.len()));
        bytes.extend(text.as_bytes());
    }
    for place in 0..strings.len() {
        bytes.push(8);
        bytes.extend(number(1 + names.len() + place));
    }
    bytes
}

#[test]
fn classes_of_libraries_in_an_archive_name_installed_programs_and_libraries() {
    use crate::builders::elf_file::library;
    let lib = "/usr/lib/x86_64-linux-gnu";
    let starter = java_class(&["java/lang/ProcessBuilder"], &["pdfinfo", "base-tool"]);
    let binder = java_class(&["com/sun/jna/Native", "load"], &["gdal"]);
    let planned = |class: &[u8]| {
        let inner = zip_behind(b"", "x/A.class", class);
        installed(&["java", "pdfinfo"])
            .elf(&format!("{lib}/libgdal.so.32"), &library("libgdal.so.32"))
            .layer("COPY app.jar /app/")
            .file(
                "/app/app.jar",
                zip_behind(b"", "BOOT-INF/lib/in.jar", &inner),
            )
            .entrypoint(&["java", "-jar", "/app/app.jar"])
            .plan()
    };
    let starting = planned(&starter);
    assert!(starting.keeps("/usr/bin/pdfinfo"));
    assert!(
        !starting.keeps("/usr/bin/base-tool"),
        "it is of the base image"
    );
    assert!(!starting.keeps(&format!("{lib}/libgdal.so.32")));
    assert!(planned(&binder).keeps(&format!("{lib}/libgdal.so.32")));
}

#[test]
fn a_virtual_environment_that_names_itself_is_not_kept_completely() {
    let planned = merged_usr()
        .elf("/usr/bin/python3.11", &program(GLIBC))
        .file("/usr/lib/python3.11/os.py", "")
        .link("/opt/venv/bin/python", "/usr/bin/python3.11")
        .file(
            "/opt/venv/pyvenv.cfg",
            "command = python3 -m venv /opt/venv\n",
        )
        .file("/opt/venv/bin/activate", "VIRTUAL_ENV=/opt/venv\n")
        .file("/opt/venv/lib/python3.11/site-packages/app.py", "")
        .file("/opt/venv/lib/python3.11/site-packages/pip/__init__.py", "")
        .entrypoint(&["/opt/venv/bin/python", "-m", "app"])
        .plan();
    assert!(planned.keeps("/opt/venv/lib/python3.11/site-packages/app.py"));
    assert!(!planned.keeps("/opt/venv/lib/python3.11/site-packages/pip"));
}
