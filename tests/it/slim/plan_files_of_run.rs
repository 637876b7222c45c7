//! Files that RUN instructions made, and no package owns.

use jettison::image::{Header, Kind};
use jettison::slim::Confidence;

use super::machine::{Machine, Planned};
use super::plan_paths::merged_usr;
use crate::builders::elf_file::{GLIBC, program};

/// A base image with the package database of one package, and nothing else of it.
fn base() -> Machine {
    merged_usr()
        .layer("/bin/sh -c #(nop) ADD file:12 in / ")
        .file("/etc/os-release", "ID=debian\n")
        .file(
            "/etc/passwd",
            "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n",
        )
        .file("/usr/share/base-data/words", "x")
        .elf("/usr/bin/app", &program(GLIBC))
        .entrypoint(&["app"])
}

/// A RUN that installs a package, as dpkg records it.
fn with_package(machine: Machine) -> Machine {
    machine
        .layer("RUN /bin/sh -c apt-get install -y tool # buildkit")
        .elf("/usr/bin/tool", &program(GLIBC))
        .file("/usr/share/tool/data", "x")
        .file(
            "/var/lib/dpkg/status",
            "Package: tool\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n\n",
        )
        .file(
            "/var/lib/dpkg/info/tool.list",
            "/.\n/usr\n/usr/bin\n/usr/bin/tool\n/usr/share/tool\n/usr/share/tool/data\n",
        )
        .file("/var/lib/apt/lists/x", "x")
}

fn assert_kept(planned: &Planned, paths: &[&str]) {
    for path in paths {
        assert!(planned.keeps(path), "{path} is not kept");
    }
}

fn assert_dropped(planned: &Planned, paths: &[&str]) {
    for path in paths {
        assert!(!planned.keeps(path), "{path}: {:?}", planned.reasons(path));
    }
}

#[test]
fn files_created_by_a_run_and_owned_by_no_package_are_kept() {
    let planned = with_package(base())
        .layer("RUN /bin/sh -c ./setup # buildkit")
        .script("/usr/local/bin/backup", "#!/bin/none\n")
        .file("/etc/cron.d/backup", "* * * * * root backup\n")
        .file("/usr/share/models/model.bin", "x")
        .file("/var/lib/geo/data.mmdb", "x")
        .file("/etc/ssl/private/site.key", "x")
        .file("/etc/ssl/private/ssl-cert-snakeoil.key", "x")
        .entry("/data", Kind::Directory, Header::default())
        .entry("/usr/share/empty", Kind::Directory, Header::default())
        .plan();
    assert_kept(
        &planned,
        &[
            "/usr/local/bin/backup",
            "/etc/cron.d/backup",
            "/usr/share/models/model.bin",
            "/var/lib/geo/data.mmdb",
            "/etc/ssl/private/site.key",
            "/data",
        ],
    );
    assert_dropped(
        &planned,
        &[
            "/usr/bin/tool",
            "/usr/share/tool/data",
            "/usr/share/base-data/words",
            "/var/lib/apt/lists/x",
            "/etc/ssl/private/ssl-cert-snakeoil.key",
            "/usr/share/empty",
        ],
    );
    assert_eq!(
        planned.why("/usr/share/models/model.bin"),
        ["/usr/share/models/model.bin: created by `RUN ./setup`"]
    );
    let reason = &planned
        .plan
        .reasons(planned.name("/usr/share/models/model.bin"))[0];
    assert_eq!(reason.confidence(), Confidence::Possible);
}

#[test]
fn files_a_run_created_in_the_home_directory_are_likely() {
    let planned = base()
        .layer("RUN /bin/sh -c python fetch.py # buildkit")
        .file("/home/app/nltk_data/corpora/words.zip", "x")
        .file("/home/app/.gitconfig", "[user]\n")
        .file("/home/app/.bashrc", "x")
        .file("/home/app/.cache/pip/wheel", "x")
        .file("/home/app/.cache/puppeteer/chrome/chrome", "x")
        .file("/home/app/.cache/pypoetry/cache/x", "x")
        .file("/home/app/.bash_history", "x")
        .file("/root/nltk_data/words.zip", "x")
        .set("User", serde_json::json!("app"))
        .level(Confidence::Likely)
        .plan();
    assert_kept(
        &planned,
        &[
            "/home/app/nltk_data/corpora/words.zip",
            "/home/app/.gitconfig",
            "/home/app/.cache/puppeteer/chrome/chrome",
        ],
    );
    assert_dropped(
        &planned,
        &[
            "/home/app/.bashrc",
            "/home/app/.cache/pip/wheel",
            "/home/app/.cache/pypoetry/cache/x",
            "/home/app/.bash_history",
            "/root/nltk_data/words.zip",
        ],
    );
}

#[test]
fn data_below_a_cache_directory_is_kept_but_caches_of_tools_are_not() {
    let data = [
        // Databases, a package manager for Node, and browsers, which programs look for there.
        "/root/.cache/trivy/db/trivy.db",
        "/root/.cache/node/corepack/v1/yarn/4.1.0/yarn.js",
        "/root/.cache/rod/browser/chromium-1/chrome",
        "/root/.cache/coursier/v1/https/repo1/app.jar",
        "/root/.cache/torch/hub/checkpoints/model.pt",
    ];
    let caches = [
        "/root/.cache/pip/http/a",
        "/root/.cache/go-build/00/a",
        "/root/.cache/uv/wheels/a",
        "/root/.cache/mesa_shader_cache_db/a",
        "/root/.cache/pypoetry/artifacts/a",
    ];
    let mut machine = base().layer("RUN /bin/sh -c ./fetch # buildkit");
    for path in data.iter().chain(&caches) {
        machine = machine.file(path, "x");
    }
    let planned = machine.plan();
    assert_kept(&planned, &data);
    assert_dropped(&planned, &caches);
}

#[test]
fn a_directory_named_by_a_variable_keeps_its_contents() {
    let planned = with_package(base())
        .layer("RUN /bin/sh -c fetch # buildkit")
        .file("/srv/models/hub/a/b.bin", "x")
        .file("/srv/models/hub/__pycache__/x", "x")
        .file("/srv/pip/x", "x")
        .file("/srv/other/x", "x")
        .env("HF_HOME=/srv/models")
        .env("PIP_CACHE_DIR=/srv/pip")
        .env("MANPATH=/srv/other")
        .env("TOOL_DATA=/usr/share/tool")
        .level(Confidence::Likely)
        .plan();
    assert_eq!(
        planned.why("/srv/models/hub/a/b.bin"),
        ["/srv/models/hub/a/b.bin: the value of the variable `HF_HOME`"]
    );
    assert_dropped(
        &planned,
        &["/srv/pip/x", "/srv/other/x", "/usr/share/tool/data"],
    );
    // A variable counts for the files of a base image, too.
    let planned = base()
        .file("/opt/models/a.bin", "x")
        .env("MODELS=/opt/models")
        .layer("RUN /bin/sh -c true # buildkit")
        .plan();
    assert_kept(&planned, &["/opt/models/a.bin"]);
}

#[test]
fn a_symlink_to_files_created_by_a_run_is_kept() {
    let planned = with_package(base())
        .layer("RUN /bin/sh -c make install # buildkit")
        .file("/opt/thing-1/x", "x")
        .link("/opt/thing", "thing-1")
        .link("/usr/local/bin/tool2", "/usr/bin/tool")
        .link("/var/log/app.log", "/dev/stdout")
        .link("/etc/systemd/system/x.service", "/dev/null")
        .plan();
    assert_kept(&planned, &["/opt/thing", "/var/log/app.log"]);
    assert_dropped(
        &planned,
        &["/usr/local/bin/tool2", "/etc/systemd/system/x.service"],
    );
}

#[test]
fn languages_installed_from_an_archive_count_as_packages() {
    let planned = base()
        .layer("RUN /bin/sh -c curl x | tar x # buildkit")
        .file("/usr/local/lib/python3.12/os.py", "x")
        .file("/usr/local/lib/python3.12/site-packages/x/y.py", "x")
        .elf("/usr/local/bin/python3.12", &program(GLIBC))
        .script("/usr/local/bin/pip3", "#!/bin/none\n")
        .file("/usr/local/go/VERSION", "go1.22")
        .file("/usr/local/go/src/runtime/proc.go", "x")
        .file("/usr/local/include/node/node.h", "x")
        .file("/usr/local/lib/node_modules/npm/package.json", "{}")
        .file("/opt/jdk/lib/jrt-fs.jar", "x")
        .file("/opt/jdk/lib/modules", "x")
        .elf("/usr/local/bin/mytool", &program(GLIBC))
        .file("/opt/app/lib/modules/x", "x")
        .plan();
    assert_kept(
        &planned,
        &["/usr/local/bin/mytool", "/opt/app/lib/modules/x"],
    );
    assert_dropped(
        &planned,
        &[
            "/usr/local/lib/python3.12/os.py",
            "/usr/local/lib/python3.12/site-packages/x/y.py",
            "/usr/local/bin/python3.12",
            "/usr/local/bin/pip3",
            "/usr/local/go/VERSION",
            "/usr/local/include/node/node.h",
            "/usr/local/lib/node_modules/npm/package.json",
            "/opt/jdk/lib/modules",
        ],
    );
}

#[test]
fn the_interpreter_of_a_virtual_environment_is_kept() {
    let planned = base()
        .elf("/usr/bin/python3.11", &program(GLIBC))
        .layer("RUN /bin/sh -c poetry install # buildkit")
        .file(
            "/root/.cache/pypoetry/virtualenvs/x-py3.11/pyvenv.cfg",
            "home = /usr/bin\n",
        )
        .link(
            "/root/.cache/pypoetry/virtualenvs/x-py3.11/bin/python",
            "/usr/bin/python3.11",
        )
        .file(
            "/root/.cache/pypoetry/virtualenvs/x-py3.11/bin/activate",
            "x",
        )
        .plan();
    let environment = "/root/.cache/pypoetry/virtualenvs/x-py3.11";
    assert_kept(
        &planned,
        &[
            &format!("{environment}/pyvenv.cfg"),
            &format!("{environment}/bin/python"),
            "/usr/bin/python3.11",
        ],
    );
    assert_dropped(&planned, &[&format!("{environment}/bin/activate")]);
}

#[test]
fn files_of_the_base_image_are_not_files_of_the_user() {
    let base = base()
        .file("/opt/base-tool/x", "x")
        .file("/etc/base.conf", "x");
    let planned = base.layer("RUN /bin/sh -c true # buildkit").plan();
    assert_dropped(&planned, &["/opt/base-tool/x", "/etc/base.conf"]);
}

#[test]
fn server_databases_are_kept_unless_the_package_created_them() {
    let installed = with_package(base()).file("/var/lib/mysql/ibdata1", "x");
    assert_dropped(&installed.plan(), &["/var/lib/mysql/ibdata1"]);
    let filled = with_package(base())
        .layer("RUN /bin/sh -c mysql < dump.sql # buildkit")
        .file("/var/lib/mysql/ibdata1", "x");
    assert_kept(&filled.plan(), &["/var/lib/mysql/ibdata1"]);
}

#[test]
fn the_data_package_of_a_program_is_kept_as_possible() {
    let status: String = ["tool-daemon", "tool-common", "other-common", "tool-data"]
        .map(|name| {
            let source = if name == "tool-data" { "game" } else { "tool" };
            format!(
                "Package: {name}\nStatus: install ok installed\nSource: {source}\nVersion: 1\n\
                 Architecture: amd64\n\n"
            )
        })
        .concat();
    let planned = base()
        .elf("/usr/bin/tool-daemon", &program(GLIBC))
        .file("/usr/share/tools/web/index.html", "x")
        .file("/usr/share/doc/tool-common/copyright", "x")
        .file("/usr/share/other/x", "x")
        .file("/usr/share/game/x", "x")
        .file("/var/lib/dpkg/status", status)
        .file(
            "/var/lib/dpkg/info/tool-daemon.list",
            "/usr/bin/tool-daemon\n",
        )
        .file(
            "/var/lib/dpkg/info/tool-common.list",
            "/usr/share/tools/web/index.html\n/usr/share/doc/tool-common/copyright\n",
        )
        .file(
            "/var/lib/dpkg/info/other-common.list",
            "/usr/share/other/x\n",
        )
        .file("/var/lib/dpkg/info/tool-data.list", "/usr/share/game/x\n")
        .entrypoint(&["tool-daemon"])
        .plan();
    assert_eq!(
        planned.why("/usr/share/tools/web/index.html"),
        [
            "/usr/bin/tool-daemon: the ENTRYPOINT program",
            "/usr/share/tools/web/index.html: part of the data package `tool-common`"
        ]
    );
    assert_dropped(
        &planned,
        &[
            "/usr/share/doc/tool-common/copyright",
            "/usr/share/other/x",
            "/usr/share/game/x",
        ],
    );
}
