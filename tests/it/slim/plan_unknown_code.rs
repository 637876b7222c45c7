//! Interpreters that run code from outside the image: the modules that they keep, and what the
//! sources in packages start.

use std::fmt::Write as _;

use jettison::slim::Modules;
use serde_json::json;

use super::machine::{Machine, Planned};
use super::plan_paths::merged_usr;
use crate::builders::elf_file::{GLIBC, program};

/// A package of dpkg: its name, source, dependencies and files.
type Package<'a> = (&'a str, &'a str, &'a str, &'a [&'a str]);

/// An image with a base layer.
fn base() -> Machine {
    merged_usr()
        .layer("/bin/sh -c #(nop) ADD file:12 in / ")
        .file("/etc/os-release", "ID=debian\n")
}

/// Records packages as dpkg does.
fn installed(mut machine: Machine, packages: &[Package<'_>]) -> Machine {
    let mut status = String::new();
    for (name, source, depends, files) in packages {
        write!(
            status,
            "Package: {name}\nSource: {source}\nStatus: install ok installed\nVersion: 1\n\
             Architecture: amd64\nDepends: {depends}\n\n"
        )
        .expect("a string can be written to");
        machine = machine.file(
            &format!("/var/lib/dpkg/info/{name}.list"),
            format!("{}\n", files.join("\n")),
        );
    }
    machine.file("/var/lib/dpkg/status", status)
}

const PYTHON: Package<'static> = (
    "python3.11-minimal",
    "python3.11",
    "libc6 (>= 2.36)",
    &["/usr/bin/python3", "/usr/lib/python3.11/os.py"],
);
const FLASK: Package<'static> = (
    "python3-flask",
    "flask",
    "python3-jinja2 (>= 3.0), python3:any",
    &[
        "/usr/lib/python3/dist-packages/flask/__init__.py",
        "/usr/lib/python3/dist-packages/flask/json/tag.py",
    ],
);
const JINJA: Package<'static> = (
    "python3-jinja2",
    "jinja2",
    "python3:any",
    &["/usr/lib/python3/dist-packages/jinja2/__init__.py"],
);
const SIX: Package<'static> = (
    "python3-six",
    "six",
    "python3:any",
    &["/usr/lib/python3/dist-packages/six.py"],
);

const SITE: &str = "/usr/lib/python3/dist-packages";

/// Files of Python and of three packages for it. Those of Flask and Jinja come with a `RUN`.
fn python(run: &str) -> Machine {
    let machine = base()
        .elf("/usr/bin/python3", &program(GLIBC).needs("libc.so.6"))
        .file("/usr/lib/python3.11/os.py", "")
        .file(&format!("{SITE}/six.py"), "")
        .layer(run);
    let machine = machine
        .file(&format!("{SITE}/flask/__init__.py"), "import jinja2\n")
        .file(&format!("{SITE}/flask/json/tag.py"), "")
        .file(&format!("{SITE}/flask/__pycache__/tag.cpython-311.pyc"), "")
        .file(&format!("{SITE}/jinja2/__init__.py"), "");
    installed(machine, &[PYTHON, FLASK, JINJA, SIX]).set("Cmd", json!(["python3"]))
}

fn python_with_tools() -> Machine {
    python("RUN /bin/sh -c apt-get install -y tools # buildkit")
}

fn kept_sites(planned: &Planned) -> Vec<String> {
    let mut kept = Vec::new();
    for path in planned.kept() {
        if let Some(rest) = path.strip_prefix(&format!("{SITE}/")) {
            kept.push(rest.to_owned());
        }
    }
    kept
}

#[test]
fn python_without_code_keeps_no_modules_that_only_programs_of_the_distribution_need() {
    let planned = python_with_tools().plan();
    assert_eq!(kept_sites(&planned), Vec::<String>::new());
    assert!(planned.keeps("/usr/lib/python3.11/os.py"));
}

#[test]
fn modules_of_packages_that_a_run_names_are_kept_with_their_dependencies() {
    for run in [
        "RUN /bin/sh -c apt-get install -y 'python3-flask=1' # buildkit",
        "RUN /bin/sh -c LIST=python3-flask; apt-get install -y $LIST # buildkit",
    ] {
        let planned = python(run).plan();
        assert!(planned.keeps(&format!("{SITE}/flask/json/tag.py")), "{run}");
        assert!(
            planned.keeps(&format!("{SITE}/jinja2/__init__.py")),
            "{run}"
        );
        assert!(!planned.keeps(&format!("{SITE}/six.py")), "{run}");
    }
}

#[test]
fn a_run_that_only_mentions_a_package_of_the_base_image_keeps_no_modules() {
    let planned = python("RUN /bin/sh -c apt-get purge -y python3-six # buildkit").plan();
    assert!(!planned.keeps(&format!("{SITE}/six.py")));
}

#[test]
fn a_python_source_of_the_user_may_load_every_module() {
    let planned = python_with_tools()
        .layer("COPY app /srv/app # buildkit")
        .file("/srv/app/tool.py", "")
        .plan();
    assert!(planned.keeps(&format!("{SITE}/six.py")));
    assert!(planned.keeps(&format!("{SITE}/flask/json/tag.py")));
}

#[test]
fn a_module_of_pip_is_kept_and_may_load_every_module() {
    let pip = "/usr/local/lib/python3.11/dist-packages/own.py";
    let planned = python_with_tools()
        .layer("RUN /bin/sh -c pip install own # buildkit")
        .file(pip, "import six\n")
        .plan();
    assert!(planned.keeps(pip) && planned.keeps(&format!("{SITE}/six.py")));
}

#[test]
fn a_kept_script_of_the_distribution_keeps_the_modules_of_its_dependencies() {
    let script: Package<'_> = (
        "flask-tool",
        "flask-tool",
        "python3-flask",
        &["/usr/bin/flask-tool"],
    );
    let machine = python_with_tools().script("/usr/bin/flask-tool", "#!/usr/bin/python3\n");
    let machine = installed(machine, &[PYTHON, FLASK, JINJA, SIX, script]);
    let planned = machine.keep("/usr/bin/flask-tool").plan();
    assert!(planned.keeps(&format!("{SITE}/jinja2/__init__.py")));
    assert!(!planned.keeps(&format!("{SITE}/six.py")));
}

#[test]
fn without_recorded_dependencies_all_modules_are_kept() {
    let mut packages = [PYTHON, FLASK, JINJA, SIX];
    for package in &mut packages {
        package.2 = "";
    }
    let planned = installed(python_with_tools(), &packages).plan();
    assert!(planned.keeps(&format!("{SITE}/six.py")));
}

#[test]
fn a_known_program_keeps_all_modules_of_its_python() {
    let machine = python_with_tools().file("/srv/app.py", "");
    let machine = machine.set("Cmd", json!(["python3", "/srv/app.py"]));
    let planned = machine.clone().modules(Modules::Whole).plan();
    assert!(planned.keeps(&format!("{SITE}/six.py")));
    let planned = machine.modules(Modules::Packages).plan();
    assert!(
        !planned.keeps(&format!("{SITE}/six.py")),
        "nothing imports it"
    );
}

/// A program whose data names a path.
fn naming(machine: Machine, path: &str, names: &[&str]) -> Machine {
    let mut bytes = program(GLIBC).needs("libc.so.6").bytes();
    for name in names {
        bytes.extend_from_slice(format!("\0{name}\0").as_bytes());
    }
    machine.executable(path, bytes)
}

#[test]
fn perl_and_ruby_leave_out_distribution_modules_too() {
    // The program, a file of its standard library, and a module of another package.
    for (program, library, module) in [
        (
            "perl",
            "/usr/share/perl/5.36/Own.pm",
            "/usr/share/perl5/Other.pm",
        ),
        (
            "ruby",
            "/usr/lib/ruby/3.1.0/own.rb",
            "/usr/lib/ruby/vendor_ruby/other/other.rb",
        ),
    ] {
        let path = format!("/usr/bin/{program}");
        let mut directories = Vec::new();
        for file in [library, module] {
            let (directory, _) = file.rsplit_once('/').unwrap();
            directories.push(
                directory
                    .trim_end_matches("/Other")
                    .trim_end_matches("/other"),
            );
        }
        let machine = naming(base(), &path, &directories)
            .file(library, "")
            .file(module, "")
            .set("Cmd", json!([program]));
        let own = [path.as_str()];
        let packages: &[Package<'_>] = &[
            ("interpreter", "language", "libc6", &own),
            // Of the same source, although nothing depends on it.
            ("modules", "language", "interpreter", &[library]),
            ("other", "other", "interpreter", &[module]),
        ];
        let planned = installed(machine.clone(), packages).plan();
        assert!(planned.keeps(library), "{library}");
        assert!(
            !planned.keeps(module),
            "{module}: {:?}",
            planned.reasons(module)
        );
        // Without a package, the module is the user's.
        assert!(
            installed(machine, &packages[..2]).plan().keeps(module),
            "{module}"
        );
    }
}

#[test]
fn a_word_in_a_package_is_a_program_only_in_a_call_that_starts_it() {
    let source = "import subprocess\nKIND = 'import'\n\
                  def editor():\n    if subprocess.call(['which', 'join']):\n        return 'vi'\n\
                  subprocess.run([\n    'sort'])\n";
    let mut machine = base()
        .elf("/usr/bin/python3", &program(GLIBC).needs("libc.so.6"))
        .file("/usr/lib/python3.11/os.py", "")
        .file(&format!("{SITE}/own.py"), source)
        .set("Cmd", json!(["python3"]));
    for name in ["import", "vi", "join", "sort"] {
        machine = machine.elf(&format!("/usr/bin/{name}"), &program(GLIBC));
    }
    let planned = machine.plan();
    assert!(planned.keeps("/usr/bin/sort"));
    for name in ["import", "vi", "join"] {
        let path = format!("/usr/bin/{name}");
        assert!(!planned.keeps(&path), "{:?}", planned.reasons(&path));
    }
}

#[test]
fn the_debugger_and_build_files_of_ruby_keep_no_programs() {
    let gems = "/usr/lib/ruby/gems/3.1.0/gems";
    let mut machine = naming(base(), "/usr/bin/ruby", &["/usr/lib/ruby/3.1.0"])
        .file("/usr/lib/ruby/3.1.0/set.rb", "")
        .file(
            &format!("{gems}/debug-1.4/lib/session.rb"),
            "system('vim x')\n",
        )
        .file(&format!("{gems}/rake-13/Rakefile"), "`git ls-files`\n")
        .file(
            &format!("{gems}/own-1/lib/own.rb"),
            "x = 'display'\nsystem 'sort'\n",
        )
        .set("Cmd", json!(["ruby"]));
    for name in ["vim", "git", "display", "sort"] {
        machine = machine.elf(&format!("/usr/bin/{name}"), &program(GLIBC));
    }
    let planned = machine.plan();
    assert!(planned.keeps(&format!("{gems}/debug-1.4/lib/session.rb")));
    assert!(planned.keeps("/usr/bin/sort"));
    for name in ["vim", "git", "display"] {
        let path = format!("/usr/bin/{name}");
        assert!(!planned.keeps(&path), "{:?}", planned.reasons(&path));
    }
}

#[test]
fn service_keeps_only_the_init_script_that_its_caller_names() {
    let service = "#!/bin/sh\nSERVICEDIR=/etc/init.d\ncd ${SERVICEDIR}\nfor SERVICE in * ; do\n\
                   out=$(\"$SERVICEDIR/$SERVICE\" status 2>&1)\ndone\n";
    let machine = base()
        .elf("/usr/bin/dash", &program(GLIBC))
        .link("/usr/bin/sh", "dash")
        .elf("/usr/bin/app", &program(GLIBC))
        .script("/usr/sbin/service", service)
        .script("/etc/init.d/squid", "#!/bin/sh\n")
        .script("/etc/init.d/cron", "#!/bin/sh\n")
        .layer("COPY start /start # buildkit")
        .script(
            "/start",
            "#!/bin/sh\nservice cron start\nexec /usr/bin/app\n",
        )
        .set("Cmd", json!(["/start"]));
    let planned = machine.plan();
    assert!(planned.keeps("/etc/init.d/cron"));
    assert!(
        !planned.keeps("/etc/init.d/squid"),
        "{:?}",
        planned.reasons("/etc/init.d/squid")
    );
}
