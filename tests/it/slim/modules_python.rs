//! The modules of Python that a plan keeps: what sources, texts and metadata lead to.

use jettison::slim::Modules;
use serde_json::json;

use super::machine::{Machine, Planned};
use super::plan_paths::merged_usr;
use crate::builders::elf_file::{GLIBC, library, program};

const SITE: &str = "/usr/local/lib/python3.11/site-packages";

/// A machine with Python and some distributions, each with one module of the same name.
fn machine(distributions: &[&str]) -> Machine {
    let machine = merged_usr()
        .elf("/usr/bin/dash", &program(GLIBC))
        .link("/usr/bin/sh", "dash")
        .elf(
            "/usr/local/bin/python3.11",
            &program(GLIBC).needs("libc.so.6"),
        )
        .link("/usr/local/bin/python3", "python3.11")
        .file("/usr/local/lib/python3.11/os.py", "");
    let mut machine = machine
        .set("WorkingDir", json!("/app"))
        .modules(Modules::Packages);
    for name in distributions {
        machine = distribution(machine, name, "", &[(&format!("{name}/__init__.py"), "")]);
    }
    machine.entrypoint(&["python3", "/app/main.py"])
}

/// Adds a distribution with files, and fields of its metadata.
fn distribution(machine: Machine, name: &str, fields: &str, files: &[(&str, &str)]) -> Machine {
    let mut record = String::new();
    let mut machine = machine;
    for (path, text) in files {
        record.push_str(path);
        record.push_str(",,\n");
        machine = machine.file(&format!("{SITE}/{path}"), *text);
    }
    let information = format!("{SITE}/{name}-1.0.dist-info");
    machine
        .file(
            &format!("{information}/METADATA"),
            format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{fields}\n"),
        )
        .file(&format!("{information}/RECORD"), record)
}

fn keeps(planned: &Planned, path: &str) -> bool {
    planned.keeps(&format!("{SITE}/{path}"))
}

/// The distributions of a list that an application with this source keeps.
fn kept_by(source: &str, distributions: &[&'static str]) -> Vec<&'static str> {
    let planned = machine(distributions).file("/app/main.py", source).plan();
    let mut kept = distributions.to_vec();
    kept.retain(|name| keeps(&planned, &format!("{name}/__init__.py")));
    kept
}

#[test]
fn a_distribution_that_nothing_imports_is_left_out() {
    let machine = machine(&["used", "unused"]).file("/app/main.py", "import used\n");
    let planned = machine.clone().plan();
    assert!(keeps(&planned, "used/__init__.py"));
    assert!(!keeps(&planned, "unused/__init__.py"));
    assert!(!keeps(&planned, "unused-1.0.dist-info/METADATA"));
    assert!(keeps(&planned, "used-1.0.dist-info/METADATA"));
    assert_eq!(
        planned
            .why(&format!("{SITE}/used/__init__.py"))
            .last()
            .unwrap(),
        &format!("{SITE}/used/__init__.py: imported as `used` on line 1")
    );
    let whole = machine.modules(Modules::Whole).plan();
    assert!(keeps(&whole, "unused/__init__.py"));
}

#[test]
fn no_level_keeps_more_than_those_before_it() {
    let machine = distribution(
        machine(&["used"]),
        "host",
        "Requires-Dist: used\n",
        &[
            (
                "host/__init__.py",
                "import os\nfrom . import starts, data\n",
            ),
            ("host/starts.py", "import os\ndef f(): os.system('ls')\n"),
            ("host/data/__init__.py", "import used\n"),
            ("host/data/table.json", "{}"),
            ("host/entry_points.py", "GROUP = 'host.plugins'\n"),
            (
                "host/plugin.py",
                "import subprocess\nsubprocess.run('env', shell=True)\n",
            ),
        ],
    )
    .elf("/usr/bin/env", &program(GLIBC).needs("libc.so.6"))
    .elf("/usr/bin/ls", &program(GLIBC).needs("libc.so.6"))
    .file(
        &format!("{SITE}/host-1.0.dist-info/entry_points.txt"),
        "[host.plugins]\nx = host.plugin:f\n",
    )
    .script(&format!("{SITE}/host/tool.py"), "#!/usr/bin/env python3\n")
    .script(
        &format!("{SITE}/host/data/run.sh"),
        "#!/bin/sh\nexec env ls\n",
    )
    .file("/app/main.py", "import host.tool, host.entry_points\n");
    let kept = |modules| machine.clone().modules(modules).plan().kept();
    let levels = [Modules::Whole, Modules::Packages, Modules::Exact].map(kept);
    assert!(levels[2].contains(&format!("{SITE}/host/tool.py")));
    for pair in levels.windows(2) {
        let mut added = pair[1].clone();
        added.retain(|path| !pair[0].contains(path));
        assert_eq!(added, [""; 0]);
    }
}

#[test]
fn every_form_of_import_counts() {
    for source in [
        "import used.part as x, os\n",
        "from used import part\n",
        "from used.part import (\n    a,\n    b,\n)\n",
        "def f():\n    if x:\n        import used\n",
        "try:\n    import unused_too\nexcept ImportError:\n    import used\n",
        "try:\n    import used\nexcept ImportError:\n    used = None\n",
        "import importlib\nimportlib.import_module('used')\n",
        "import importlib\nfor name in ('used', 'os'):\n    importlib.import_module(name)\n",
        "import importlib\nname = 'used'\nimportlib.import_module(f'{name}.part')\n",
        "from importlib import import_module as load\nx = 'used.part:Class'\n",
        "x = __import__('us' + 'ed')\n",
        "import runpy; runpy.run_module('used')\n",
        "with open(x) as f: pass\nprint 'Python 2'\nimport used\n",
        "match x:\n    case 1:\n        import used\n",
        "lazy import used\n",
        "BACKENDS = {'a': 'used.part.Class'}\n",
        "URL = 'postgresql+used://host/base'\n",
        "x = t'{y}'\nimport used\n",
    ] {
        assert_eq!(kept_by(source, &["used", "unused"]), ["used"], "{source}");
    }
}

#[test]
fn names_that_nothing_imports_do_not_count() {
    for source in [
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import unused\n",
        "import typing\nif typing.TYPE_CHECKING:\n    import unused\n",
        "# import unused\n",
        "\"\"\"Usage:\n\n    import unused\n\"\"\"\n",
        "from .unused import x\n",
        "x = 'unused names in prose'\n",
        "unused = 1\n",
    ] {
        let kept = kept_by(&format!("import used\n{source}"), &["used", "unused"]);
        assert_eq!(kept, ["used"], "{source}");
    }
}

#[test]
fn imports_of_distributions_are_followed() {
    let machine = distribution(
        machine(&["last", "unused"]),
        "first",
        "",
        &[
            ("first/__init__.py", "from . import inner\n"),
            ("first/inner.py", "def f():\n    import middle.sub\n"),
            ("first/tests/test_x.py", "import unused\n"),
        ],
    );
    let machine = distribution(
        machine,
        "middle",
        "",
        &[
            ("middle/__init__.py", ""),
            ("middle/sub.py", "import last\n"),
        ],
    );
    let planned = machine.file("/app/main.py", "import first\n").plan();
    assert!(keeps(&planned, "middle/sub.py") && keeps(&planned, "last/__init__.py"));
    assert!(!keeps(&planned, "unused/__init__.py"));
    assert_eq!(
        planned
            .why(&format!("{SITE}/last/__init__.py"))
            .last()
            .unwrap(),
        &format!("{SITE}/last/__init__.py: imported as `last` on line 1")
    );
}

#[test]
fn declared_requirements_stay_with_a_distribution_but_not_those_of_extras() {
    let machine = distribution(
        machine(&["tz_data", "extra"]),
        "first",
        "Requires-Dist: TZ-data>=1; python_version>'3'\nRequires-Dist: extra; extra == 'all'\n",
        &[("first/__init__.py", "")],
    );
    let planned = machine.file("/app/main.py", "import first\n").plan();
    assert!(keeps(&planned, "tz_data/__init__.py") && !keeps(&planned, "extra/__init__.py"));
}

#[test]
fn a_distribution_that_computes_names_keeps_what_its_extras_require() {
    let machine = distribution(
        machine(&["extra"]),
        "first",
        "Requires-Dist: extra; extra == 'all'\n",
        &[(
            "first/__init__.py",
            "import importlib\ndef load(name):\n    return importlib.import_module(name)\n",
        )],
    );
    let planned = machine.file("/app/main.py", "import first\n").plan();
    assert!(keeps(&planned, "extra/__init__.py"));
}

#[test]
fn plugins_of_a_group_that_kept_code_asks_for_are_kept() {
    let mut machine = machine(&["host", "unused"]);
    for (name, group) in [("plugin", "host.plugins"), ("other", "stranger.plugins")] {
        let module = format!("{name}/__init__.py");
        machine = distribution(machine, name, "", &[(&module, "")]).file(
            &format!("{SITE}/{name}-1.0.dist-info/entry_points.txt"),
            format!("[console_scripts]\nx = unused:f\n\n[{group}]\nx = {name}:f\n"),
        );
    }
    let planned = machine
        .file(
            "/app/main.py",
            "import host\nfrom importlib.metadata import entry_points\n\
             for point in entry_points(group='host.plugins'):\n    point.load()\n",
        )
        .plan();
    assert!(keeps(&planned, "plugin/__init__.py"));
    assert!(!keeps(&planned, "other/__init__.py") && !keeps(&planned, "unused/__init__.py"));
}

#[test]
fn an_application_that_computes_a_name_keeps_everything() {
    for source in [
        "import importlib, os\nimportlib.import_module(os.environ['BACKEND'])\n",
        "__import__(name)\n",
    ] {
        let planned = machine(&["unused"]).file("/app/main.py", source).plan();
        assert!(keeps(&planned, "unused/__init__.py"), "{source}");
        let notes = planned.notes().join("\n");
        assert!(notes.contains("is computed at run time"), "{notes}");
    }
    // The beginning of the name is known.
    let planned = machine(&["unused"])
        .file("/app/main.py", "import_module(f'plugins.{name}')\n")
        .plan();
    assert!(!keeps(&planned, "unused/__init__.py"));
}

#[test]
fn modules_whose_names_begin_with_a_known_text_are_kept() {
    let machine = distribution(
        machine(&["unused"]),
        "host",
        "",
        &[
            ("host/__init__.py", ""),
            ("host/backends/__init__.py", ""),
            ("host/backends/a.py", "import unused\n"),
            ("host/other.py", ""),
        ],
    );
    let planned = machine
        .file("/app/main.py", "import_module('host.backends.%s' % name)\n")
        .modules(Modules::Exact)
        .plan();
    assert!(keeps(&planned, "host/backends/a.py") && keeps(&planned, "unused/__init__.py"));
    assert!(!keeps(&planned, "host/other.py"));
}

#[test]
fn names_in_settings_commands_and_variables_count() {
    let planned = machine(&["a", "b", "c", "d", "e", "f"])
        .file("/app/main.py", "import a\n")
        .file(
            "/app/logging.ini",
            "[handler_x]\nclass=b.handlers.Handler\n",
        )
        .file("/app/requirements.txt", "f==1.0\n")
        .file("/app/pyproject.toml", "dependencies = [\"f\"]\n")
        .script(
            "/app/run.sh",
            "#!/bin/sh\nexec python3 -m c --loop d.loops:Loop\n",
        )
        .env("APP_BACKEND=e.backend")
        .plan();
    for name in ["a", "b", "c", "d", "e"] {
        assert!(keeps(&planned, &format!("{name}/__init__.py")), "{name}");
    }
    assert!(!keeps(&planned, "f/__init__.py"));
}

#[test]
fn python_with_unknown_code_keeps_everything() {
    let with = |text: &str| {
        machine(&["used", "unused"])
            .file("/app/main.py", "import used\n")
            .script("/app/run.sh", text)
            .entrypoint(&["/app/run.sh"])
            .plan()
    };
    for text in [
        "#!/bin/sh\nexec python3 \"$@\"\n",
        "#!/bin/sh\npython3 /mnt/job.py\n",
        "#!/bin/sh\npython3 - <<EOF\nimport unused\nEOF\n",
    ] {
        assert!(keeps(&with(text), "unused/__init__.py"), "{text}");
    }
    for text in [
        "#!/bin/sh\nexec python3 /app/main.py\n",
        "#!/bin/sh\ncd /app\npython3 main.py\npython3 --version\n",
        "#!/bin/sh\npython3 -c 'import used'\n",
    ] {
        assert!(!keeps(&with(text), "unused/__init__.py"), "{text}");
    }
}

#[test]
fn executable_texts_in_packages_say_nothing_of_python_unless_they_are_started() {
    let start = format!("{SITE}/used/run.sh");
    for (path, text) in [
        // Some wheels have a RECORD that is executable, and a shell would run it.
        (
            "used-1.0.dist-info/LIST",
            "used/__init__.py,,\npython_x.py,sha256=a,1\n",
        ),
        ("used/tools/build", "python3 \"$@\"\n"),
        ("used/run.sh", "#!/bin/sh\npython3 /mnt/job.py\n"),
    ] {
        let machine = machine(&["used", "unused"])
            .file("/app/main.py", "import used\n")
            .script(&format!("{SITE}/{path}"), text);
        assert!(
            !keeps(&machine.clone().plan(), "unused/__init__.py"),
            "{path}"
        );
        if path == "used/run.sh" {
            let planned = machine.entrypoint(&[&start]).plan();
            assert!(keeps(&planned, "unused/__init__.py"));
        }
    }
}

#[test]
fn exact_keeps_the_packages_whose_files_are_read_as_resources() {
    for code in [
        "def f(p=None):\n    p = __package__ + '.res'\n    importlib.resources.read_text(p, 'x')\n",
        "x = pkgutil.get_data(f'{__package__}.res', 'x.json')\n",
        "x = files('host.inner.res') / 'x.json'\n",
        "x = pkg_resources.resource_string('%s.res' % __package__, 'x.json')\n",
        "from . import res\nx = files(res)\n",
    ] {
        let machine = distribution(
            machine(&[]),
            "host",
            "",
            &[
                ("host/__init__.py", "from .inner import load\n"),
                ("host/inner/__init__.py", ""),
                ("host/inner/load.py", code),
                ("host/inner/res/__init__.py", ""),
                ("host/inner/res/x.json", ""),
                ("host/inner/other/__init__.py", ""),
                ("host/inner/other/x.json", ""),
            ],
        );
        let planned = machine
            .file("/app/main.py", "import host\n")
            .modules(Modules::Exact)
            .plan();
        assert!(keeps(&planned, "host/inner/res/x.json"), "{code}");
        assert!(!keeps(&planned, "host/inner/other/x.json"), "{code}");
    }
}

#[test]
fn programs_that_run_code_of_people_keep_everything() {
    let machine = machine(&["ipykernel", "unused"]).file("/app/main.py", "import ipykernel\n");
    let planned = machine.plan();
    assert!(keeps(&planned, "unused/__init__.py"));
    assert!(planned.notes().join("\n").contains("`ipykernel` runs code"));
}

#[test]
fn a_copied_environment_is_selected_like_an_installed_one() {
    let copied = machine(&["used", "unused"])
        .layer("COPY app /app # buildkit")
        .file("/app/main.py", "import used\n")
        .layer("COPY --from=build /usr/local/lib/python3.11/site-packages /x # buildkit")
        .file(&format!("{SITE}/extra/__init__.py"), "")
        .plan();
    assert!(keeps(&copied, "used/__init__.py") && !keeps(&copied, "extra/__init__.py"));
    // No Python searches the directory, so what is in it is the user's affair.
    let stray = machine(&[])
        .file("/app/main.py", "")
        .layer("COPY --from=build /x /srv/lib/site-packages # buildkit")
        .file("/srv/lib/site-packages/extra/__init__.py", "")
        .plan();
    assert!(stray.keeps("/srv/lib/site-packages/extra/__init__.py"));
}

#[test]
fn exact_keeps_reached_modules_with_the_data_of_their_packages() {
    let machine = distribution(
        machine(&[]),
        "host",
        "",
        &[
            ("host/__init__.py", "from .used import f\n"),
            ("host/used.py", "from host import lazy\n"),
            ("host/lazy.py", ""),
            ("host/unused.py", ""),
            ("host/schema.json", ""),
            ("host/templates/page.html", ""),
            ("host/sub/__init__.py", ""),
            ("host/sub/data.txt", ""),
            ("host/fast.cpython-311-x86_64-linux-gnu.so", ""),
        ],
    );
    let machine = machine
        .file("/app/main.py", "import host\n")
        .file("/app/other.py", "");
    let planned = machine.clone().modules(Modules::Exact).plan();
    for path in [
        "__init__.py",
        "used.py",
        "lazy.py",
        "schema.json",
        "templates/page.html",
    ] {
        assert!(keeps(&planned, &format!("host/{path}")), "{path}");
    }
    for path in [
        "unused.py",
        "sub/__init__.py",
        "sub/data.txt",
        "fast.cpython-311-x86_64-linux-gnu.so",
    ] {
        assert!(!keeps(&planned, &format!("host/{path}")), "{path}");
    }
    assert!(keeps(&planned, "host-1.0.dist-info/METADATA"));
    assert!(
        planned.keeps("/app/other.py"),
        "the application's own files stay"
    );
    let packages = machine.plan();
    assert!(keeps(&packages, "host/unused.py") && keeps(&packages, "host/sub/data.txt"));
}

#[test]
fn exact_keeps_directories_without_init_as_data() {
    let machine = distribution(
        machine(&["used"]),
        "host",
        "",
        &[
            ("host/__init__.py", ""),
            ("host/templates/new/env.py", "import used\n"),
            ("host/templates/new/config.ini", ""),
            ("host/templates/new/inner/__init__.py", ""),
            ("host/templates/test/x.py", ""),
            ("host/package/__init__.py", ""),
            ("host/package/templates/x.py", ""),
        ],
    );
    let planned = machine
        .file("/app/main.py", "import host\n")
        .modules(Modules::Exact)
        .plan();
    for path in ["env.py", "config.ini", "inner/__init__.py"] {
        assert!(
            keeps(&planned, &format!("host/templates/new/{path}")),
            "{path}"
        );
    }
    assert!(
        keeps(&planned, "used/__init__.py"),
        "imported by a template"
    );
    for path in ["templates/test/x.py", "package/templates/x.py"] {
        assert!(!keeps(&planned, &format!("host/{path}")), "{path}");
    }
}

#[test]
fn exact_follows_tables_of_relative_names() {
    let table = "NAMES = {'f': '.late', 'g': ('.none', 'g'), 'h': '..host.deep.part'}\n";
    for (source, is_lazy) in [
        (format!("{table}def __getattr__(name): pass\n"), true),
        (format!("{table}from lazy import attach\n"), true),
        (table.to_owned(), false),
    ] {
        let machine = distribution(
            machine(&[]),
            "host",
            "",
            &[
                ("host/__init__.py", "from .inner import f\n"),
                ("host/inner/__init__.py", &source),
                ("host/inner/late.py", ""),
                ("host/inner/other.py", ""),
                ("host/deep/__init__.py", ""),
                ("host/deep/part.py", ""),
            ],
        );
        let planned = machine
            .file("/app/main.py", "import host\n")
            .modules(Modules::Exact)
            .plan();
        assert_eq!(keeps(&planned, "host/inner/late.py"), is_lazy, "{source}");
        assert!(!keeps(&planned, "host/inner/other.py"));
    }
}

/// A machine with Django, an application for it, and one that nothing names.
fn django(settings: &str) -> Machine {
    let mut machine = distribution(
        machine(&[]),
        "django",
        "",
        &[
            ("django/__init__.py", "NAMES = ['django.contrib.b']\n"),
            (
                "django/apps.py",
                "import importlib\ndef f(x):\n    importlib.import_module(x)\n",
            ),
            ("django/conf/__init__.py", ""),
            ("django/conf/locale/__init__.py", ""),
            ("django/conf/locale/de/__init__.py", ""),
            ("django/conf/locale/de/formats.py", ""),
            ("django/contrib/__init__.py", ""),
            ("django/contrib/b/__init__.py", ""),
            ("django/contrib/b/models.py", ""),
        ],
    );
    for name in ["shop", "unused"] {
        let files: Vec<String> = [
            "__init__.py",
            "apps.py",
            "models.py",
            "other.py",
            "management/__init__.py",
            "management/commands/__init__.py",
            "management/commands/sell.py",
            "templatetags/prices.py",
            "migrations/__init__.py",
            "migrations/0001_first.py",
            "locale/de/LC_MESSAGES/django.mo",
            "locale/de/LC_MESSAGES/django.po",
        ]
        .map(|file| format!("{name}/{file}"))
        .into();
        let files: Vec<(&str, &str)> = files.iter().map(|file| (file.as_str(), "")).collect();
        machine = distribution(machine, name, "", &files);
    }
    machine
        .file("/app/main.py", "import django.apps, site.settings\n")
        .file("/app/site/settings.py", settings)
        .file("/app/site/language.py", "LANGUAGE_CODE = 'de'\n")
        .modules(Modules::Exact)
}

#[test]
fn exact_keeps_the_parts_of_applications_that_django_looks_for() {
    for settings in [
        "INSTALLED_APPS = ['shop']\n",
        "INSTALLED_APPS = ['shop.apps.ShopConfig']\n",
        "INSTALLED_APPS = []\nINSTALLED_APPS += ('shop',)\n",
        "DATABASE_ROUTERS = ['shop.routers.Router']\n",
    ] {
        let planned = django(settings).plan();
        for path in [
            "apps.py",
            "models.py",
            "management/__init__.py",
            "management/commands/__init__.py",
            "management/commands/sell.py",
            "templatetags/prices.py",
            "migrations/__init__.py",
            "migrations/0001_first.py",
            "locale/de/LC_MESSAGES/django.mo",
        ] {
            assert!(
                keeps(&planned, &format!("shop/{path}")),
                "{settings} {path}"
            );
        }
        assert!(!keeps(&planned, "shop/other.py"), "{settings}");
        assert!(!keeps(&planned, "unused/models.py"));
        assert!(keeps(&planned, "django/conf/locale/de/formats.py"));
        assert!(
            !keeps(&planned, "django/contrib/b/models.py"),
            "Django names all of its own"
        );
    }
}

#[test]
fn names_below_a_module_do_not_stand_for_its_package() {
    for source in [
        "import_module(f'host.absent.{name}')\n",
        "import_module('host.used.' + name)\n",
        "import_module('host.used.absent.' + name)\n",
    ] {
        let machine = distribution(
            machine(&[]),
            "host",
            "",
            &[
                ("host/__init__.py", ""),
                ("host/used.py", ""),
                ("host/other.py", ""),
            ],
        );
        let planned = machine
            .file("/app/main.py", format!("import host.used\n{source}"))
            .modules(Modules::Exact)
            .plan();
        assert!(keeps(&planned, "host/used.py"));
        assert!(!keeps(&planned, "host/other.py"), "{source}");
    }
}

/// The languages of which Django's catalogs are kept, with settings and another source.
fn languages_with(settings: &str, more: &[(&str, &str)]) -> Vec<&'static str> {
    const LANGUAGES: [&str; 5] = ["de", "en", "fr", "pt_BR", "zh_Hans"];
    let mut machine = distribution(
        machine(&["rest"]),
        "Django",
        "",
        &[
            (
                "django/__init__.py",
                "from .utils import translation\nfrom .conf import global_settings\n",
            ),
            ("django/conf/__init__.py", ""),
            (
                "django/conf/global_settings.py",
                "LANGUAGE_CODE = 'fr'\nLANGUAGES = [('de', 'x')]\n",
            ),
            ("django/middleware/__init__.py", ""),
            ("django/middleware/locale.py", ""),
            ("django/utils/__init__.py", ""),
            ("django/utils/translation.py", "override(x)\n"),
        ],
    );
    for language in LANGUAGES {
        for package in ["django/conf", "rest"] {
            let catalog = format!("{SITE}/{package}/locale/{language}/LC_MESSAGES/django.mo");
            machine = machine.file(&catalog, "x");
        }
    }
    machine = machine
        .file(&format!("{SITE}/rest/locale/fr/LC_MESSAGES/other.mo"), "x")
        .file("/app/settings.py", settings)
        .file("/app/main.py", "import django, rest\n")
        .modules(Modules::Exact);
    for (path, text) in more {
        machine = machine.file(path, *text);
    }
    let planned = machine.plan();
    assert!(keeps(&planned, "rest/locale/fr/LC_MESSAGES/other.mo"));
    let mut kept = LANGUAGES.to_vec();
    kept.retain(|language| {
        let keeps = ["django/conf", "rest"].map(|package| {
            keeps(
                &planned,
                &format!("{package}/locale/{language}/LC_MESSAGES/django.mo"),
            )
        });
        assert_eq!(keeps[0], keeps[1], "{language}");
        keeps[0]
    });
    kept
}

#[test]
fn exact_keeps_the_catalogs_of_languages_that_settings_name() {
    let all = ["de", "en", "fr", "pt_BR", "zh_Hans"];
    let chooser = "MIDDLEWARE = ['django.middleware.locale.LocaleMiddleware']\n";
    for (settings, expected) in [
        ("USE_TZ = True\n", &["en"][..]),
        ("LANGUAGE_CODE = 'de'\n", &["de", "en"]),
        ("LANGUAGE_CODE: str = 'pt'\n", &["en", "pt_BR"]),
        ("LANGUAGE_CODE = 'zh-cn'\n", &["en", "zh_Hans"]),
        ("import os\nLANGUAGE_CODE = os.environ['X']\n", &all),
        ("LANGUAGE_CODE = 'de'\nLANGUAGE_CODE += x\n", &all),
        ("settings.configure(LANGUAGE_CODE='fr')\n", &["en", "fr"]),
        ("globals()['LANGUAGE_CODE'] = x\n", &all),
        (
            "USE_TZ = True\nLANGUAGES = [('de', _('German'))]\n",
            &["en"],
        ),
    ] {
        assert_eq!(languages_with(settings, &[]), expected, "{settings}");
    }
    for (settings, expected) in [
        ("", &all[..]),
        (
            "LANGUAGES = [('de', _('German')), ('fr', 'x')]\n",
            &["de", "en", "fr"],
        ),
        ("LANGUAGES = [(code, code) for code in x]\n", &all),
        ("LANGUAGES = [('de', 'x')]\nLANGUAGES += x\n", &all),
    ] {
        let settings = format!("{chooser}{settings}");
        assert_eq!(languages_with(&settings, &[]), expected, "{settings}");
    }
    // A list in a source that has no other setting may be another one.
    let elsewhere = [("/app/other.py", "LANGUAGES = [('de', 'x')]\n")];
    assert_eq!(languages_with(chooser, &elsewhere), all);
}

#[test]
fn exact_keeps_the_catalogs_of_languages_that_sources_and_templates_switch_to() {
    let all = ["de", "en", "fr", "pt_BR", "zh_Hans"];
    let of_source = |source: &str| languages_with("", &[("/app/views.py", source)]);
    for (source, expected) in [
        (
            "from django.utils import translation\ntranslation.activate('de')\n",
            &["de", "en"][..],
        ),
        (
            "from django.utils.translation import override as o\no(user.language)\n",
            &all,
        ),
        (
            "from django.utils import timezone\ntimezone.activate(user.zone)\n",
            &["en"],
        ),
        (
            "from django.utils import translation as t\nt.override(settings.LANGUAGE_CODE)\n",
            &["en"],
        ),
        ("from typing import override\noverride(x)\n", &["en"]),
    ] {
        assert_eq!(of_source(source), expected, "{source}");
    }
    let of_template = |text: &str| languages_with("", &[("/app/templates/page.html", text)]);
    assert_eq!(
        of_template("{% load i18n %}{% language 'fr' %}"),
        ["en", "fr"]
    );
    assert_eq!(of_template("{%language user.language%}"), all);
    assert_eq!(of_template("{% get_language_info %}"), ["en"]);
    let configuration = [("/app/settings.toml", "LANGUAGE_CODE = 'de'\n")];
    assert_eq!(languages_with("", &configuration), all);
}

#[test]
fn catalogs_of_messages_are_left_out_if_they_are_compiled() {
    let planned = distribution(
        machine(&[]),
        "host",
        "",
        &[
            ("host/__init__.py", ""),
            ("host/de.mo", ""),
            ("host/de.po", ""),
            ("host/fr.po", ""),
        ],
    )
    .file("/app/main.py", "import host\n")
    .plan();
    assert!(keeps(&planned, "host/de.mo") && keeps(&planned, "host/fr.po"));
    assert!(!keeps(&planned, "host/de.po"));
}

/// A machine with parts of a standard library.
fn standard(source: &str) -> Machine {
    let mut machine = machine(&[]).file("/app/main.py", source);
    for (path, text) in [
        ("site.py", "import os\n"),
        ("encodings/__init__.py", ""),
        ("encodings/utf_8.py", ""),
        ("json/__init__.py", "from .decoder import f\nimport _json\n"),
        ("json/decoder.py", "import re\n"),
        ("json/tool.py", "import argparse\n"),
        ("re.py", ""),
        ("argparse.py", ""),
        ("runpy.py", ""),
        ("sysconfig.py", ""),
        ("_sysconfigdata__x86_64-linux-gnu.py", ""),
        ("tkinter/__init__.py", "import _tkinter\n"),
        ("sched.py", ""),
    ] {
        machine = machine.file(&format!("/usr/local/lib/python3.11/{path}"), text);
    }
    for name in ["_json", "_tkinter", "_sched"] {
        let path = format!("/usr/local/lib/python3.11/lib-dynload/{name}.cpython-311-x86_64.so");
        machine = machine.elf(&path, &library(""));
    }
    machine.modules(Modules::Exact)
}

fn keeps_standard(planned: &Planned, path: &str) -> bool {
    planned.keeps(&format!("/usr/local/lib/python3.11/{path}"))
}

#[test]
fn exact_keeps_the_modules_of_the_standard_library_that_are_reached() {
    let planned = standard("import json\n").plan();
    for path in [
        "os.py",
        "site.py",
        "encodings/utf_8.py",
        "json/decoder.py",
        "re.py",
        "runpy.py",
        "_sysconfigdata__x86_64-linux-gnu.py",
        "lib-dynload/_json.cpython-311-x86_64.so",
    ] {
        assert!(keeps_standard(&planned, path), "{path}");
    }
    for path in [
        "sched.py",
        "argparse.py",
        "json/tool.py",
        "tkinter/__init__.py",
        "lib-dynload/_sched.cpython-311-x86_64.so",
    ] {
        assert!(!keeps_standard(&planned, path), "{path}");
    }
    assert_eq!(
        planned
            .why("/usr/local/lib/python3.11/re.py")
            .last()
            .unwrap(),
        "/usr/local/lib/python3.11/re.py: imported as `re` on line 1"
    );
    let whole = standard("import json\n").modules(Modules::Packages).plan();
    assert!(keeps_standard(&whole, "sched.py"));
}

#[test]
fn exact_keeps_the_standard_library_that_a_source_with_computed_names_has_words_for() {
    for (code, is_kept) in [
        (
            "def load(name): __import__(name)\nMOVED = [('queue', 'Queue')]\n",
            true,
        ),
        ("MOVED = [('queue', 'Queue')]\n", false),
    ] {
        let mut machine = standard("import host\n");
        machine = distribution(machine, "host", "", &[("host/__init__.py", code)]);
        let planned = machine
            .file("/usr/local/lib/python3.11/queue.py", "")
            .plan();
        assert_eq!(keeps_standard(&planned, "queue.py"), is_kept, "{code}");
    }
}

/// Every row is about a distribution that a script of the witness exercises.
#[test]
fn rows_about_distributions_have_a_script() {
    // What the installed distributions require, and the interpreter itself.
    const REQUIRED: [&str; 11] = [
        "anyio",
        "billiard",
        "botocore",
        "fonttools",
        "kombu",
        "mpmath",
        "protobuf",
        "python",
        "six",
        "watchfiles",
        "uvicorn",
    ];
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut installed = String::new();
    for group in std::fs::read_dir(root.join("tests/python_modules")).unwrap() {
        let list = group.unwrap().path().join("requirements.txt");
        installed += &std::fs::read_to_string(list).unwrap_or_default();
    }
    let names = installed
        .lines()
        .map(|line| line.split('[').next().unwrap_or_default());
    let installed: Vec<String> = names.map(str::to_lowercase).collect();
    let table = std::fs::read_to_string(root.join("rules/python-distributions.toml")).unwrap();
    let table: toml::Table = table.parse().unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for row in table["distribution"].as_array().unwrap() {
        let name = row["name"].as_str().unwrap();
        assert!(seen.insert(name.to_owned()), "{name} has two rows");
        let has_script = installed.iter().any(|installed| installed == name);
        let is_open = row.get("runs-code").is_some();
        assert!(has_script || is_open || REQUIRED.contains(&name), "{name}");
    }
}

#[test]
fn exact_follows_every_way_to_the_standard_library() {
    for source in [
        "import sched\n",
        "from importlib import import_module\nimport_module('sched')\n",
        "HANDLER = 'sched.Handler'\n",
        "import json.tool, sched\n",
        "import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'sched'])\n",
    ] {
        assert!(
            keeps_standard(&standard(source).plan(), "sched.py"),
            "{source}"
        );
    }
    let command = standard("").script("/app/run.sh", "#!/bin/sh\nexec python3 -m json.tool\n");
    assert!(keeps_standard(
        &command.entrypoint(&["/app/run.sh"]).plan(),
        "argparse.py"
    ));
    let wanted = standard("def window():\n    import tkinter\n").plan();
    assert!(keeps_standard(&wanted, "tkinter/__init__.py"));
    assert!(keeps_standard(
        &wanted,
        "lib-dynload/_tkinter.cpython-311-x86_64.so"
    ));
}

#[test]
fn a_symlink_to_a_module_is_read_and_a_dangling_one_is_no_module() {
    let module = "/usr/local/lib/python3.11/sitecustomize.py";
    let machine = standard("import json\n").link(module, "/etc/python3.11/sitecustomize.py");
    let dangling = machine.clone().plan();
    assert!(!keeps_standard(&dangling, "sched.py"));
    let planned = machine
        .file("/etc/python3.11/sitecustomize.py", "import argparse\n")
        .plan();
    assert!(planned.keeps("/etc/python3.11/sitecustomize.py"));
    assert!(keeps_standard(&planned, "argparse.py"));
    assert!(!keeps_standard(&planned, "sched.py"));
}

#[test]
fn the_list_of_the_standard_library_in_the_interpreter_does_not_count() {
    let names = b"\0argparse\0sched\0json.decoder\0tkinter\0";
    let python = program(GLIBC).needs("libc.so.6").bytes();
    let python = [&python[..], names].concat();
    let planned = standard("")
        .executable("/usr/local/bin/python3.11", python)
        .plan();
    assert!(keeps_standard(&planned, "json/decoder.py"));
    for path in ["argparse.py", "sched.py", "tkinter/__init__.py"] {
        assert!(!keeps_standard(&planned, path), "{path}");
    }
}

/// A machine whose standard library and distributions contain names of modules that they do not
/// import.
fn with_names_in_machine_code(source: &str) -> Machine {
    // Strings of C, each with a NUL before and after it.
    let names = |names: &[&str]| library("").refers_to(&[&format!("\0{}\0", names.join("\0"))]);
    let extensions = [
        ("_json", names(&["numpy", "host.late", "sched"])),
        ("_csv", names(&["a.numpy.core", "json.decoder"])),
    ];
    let mut machine = standard(source);
    for name in ["numpy", "plugin", "lonely"] {
        let module = format!("{name}/__init__.py");
        machine = distribution(machine, name, "", &[(&module, "")]);
    }
    machine = distribution(
        machine,
        "host",
        "Requires-Dist: numpy\nRequires-Dist: plugin; extra == 'x'\n",
        &[
            ("host/__init__.py", "from . import fast\n"),
            ("host/late.py", "import csv\n"),
            ("host/other.py", "import argparse\n"),
        ],
    );
    for (name, extension) in &extensions {
        let path = format!("/usr/local/lib/python3.11/lib-dynload/{name}.cpython-311-x86_64.so");
        machine = machine.elf(&path, extension);
    }
    let strings = [
        "host.late",
        "numpy",
        "plugin.x",
        "lonely",
        "lonely.x",
        "sched",
    ];
    let fast = format!("{SITE}/host/fast.cpython-311-x86_64-linux-gnu.so");
    machine.elf(&fast, &names(&strings)).file(
        "/usr/local/lib/python3.11/csv.py",
        "import _csv\nX = 'numpy.core'\n",
    )
}

#[test]
fn machine_code_names_its_own_distribution_what_this_requires_and_the_standard_library() {
    let planned = with_names_in_machine_code("import host\n").plan();
    for path in ["host/late.py", "numpy/__init__.py", "plugin/__init__.py"] {
        assert!(keeps(&planned, path), "{path}");
    }
    assert!(keeps_standard(&planned, "sched.py") && keeps_standard(&planned, "csv.py"));
    assert!(!keeps(&planned, "lonely/__init__.py") && !keeps(&planned, "host/other.py"));
    let planned = with_names_in_machine_code("import json, csv\n").plan();
    assert!(keeps_standard(&planned, "sched.py"));
    for path in ["numpy/__init__.py", "host/late.py", "host/__init__.py"] {
        assert!(!keeps(&planned, path), "{path}");
    }
}

#[test]
fn exact_keeps_nothing_that_packages_leave_out() {
    let sources = [
        "import json\n",
        "import csv, json, host\n",
        "import zoneinfo\n",
        "import host\nX = 'lonely.x'\nY = 'json.tool'\n",
        "__import__(f'host.{x}')\n",
        "import importlib.metadata\nX = 'host.plugins'\nY = 'argparse'\n",
        "import django\nX = ['lonely']\n",
        "if __name__ == '__main__':\n    import host\n",
        "import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'host.late'])\n",
    ];
    for source in sources {
        let machine = with_names_in_machine_code(source)
            .file(
                "/usr/local/lib/python3.11/zoneinfo.py",
                "import argparse, numpy\n",
            )
            .file(
                &format!("{SITE}/host-1.0.dist-info/entry_points.txt"),
                "[host.plugins]\nx = host.other:f\n",
            );
        let argon = "import numpy\n";
        let machine = distribution(machine, "argon2", "", &[("argon2/__init__.py", argon)]);
        let hashers = "library = ('argon2', 'argon2-cffi')\n";
        let machine = distribution(machine, "django", "", &[("django/__init__.py", hashers)]);
        let machine = distribution(machine, "tzdata", "", &[("tzdata/__init__.py", "")]);
        let packages = machine.clone().modules(Modules::Packages).plan();
        let mut added = machine.plan().kept();
        let kept = packages.kept();
        added.retain(|path| !kept.contains(path));
        assert_eq!(added, [""; 0], "{source}");
        let uses_zones = source.contains("zoneinfo");
        assert_eq!(
            keeps(&packages, "tzdata/__init__.py"),
            uses_zones,
            "{source}"
        );
        assert_eq!(
            keeps(&packages, "argon2/__init__.py"),
            source.contains("django"),
            "{source}"
        );
    }
}

#[test]
fn imports_for_a_run_as_a_program_only_count_in_a_module_that_is_run() {
    let program = "if __name__ == '__main__':\n    import used\n";
    let keeps_used = |main: &str, host: &[(&str, &str)]| {
        let machine = distribution(machine(&["used"]), "host", "", host);
        let planned = machine
            .file("/app/main.py", main)
            .modules(Modules::Exact)
            .plan();
        keeps(&planned, "used/__init__.py")
    };
    let host = [("host/__init__.py", ""), ("host/tool.py", program)];
    assert!(!keeps_used("import host.tool\n", &host));
    assert!(keeps_used(program, &host));
    assert!(keeps_used(
        "import runpy; runpy.run_module('host.tool')\n",
        &host
    ));
    assert!(keeps_used("X = ['python3', '-m', 'host.tool']\n", &host));
    for starts in [
        "X = [sys.executable, '-c']\n",
        "X = ['-m', __name__ + '.tool']\n",
    ] {
        let host = [("host/__init__.py", starts), ("host/tool.py", program)];
        assert!(keeps_used("import host.tool\n", &host), "{starts}");
        assert!(keeps_used("import host.tool, host\n", &host), "{starts}");
    }
    let host = [("host/__init__.py", ""), ("host/__main__.py", program)];
    assert!(!keeps_used("import host\n", &host));
    assert!(keeps_used("X = ['python3', '-m', 'host']\n", &host));
    let script = machine(&["used"]).script("/app/run.sh", "#!/bin/sh\npython3 -m host.tool\n");
    let host = [("host/__init__.py", ""), ("host/tool.py", program)];
    let planned = distribution(script, "host", "", &host)
        .entrypoint(&["/app/run.sh"])
        .modules(Modules::Exact)
        .plan();
    assert!(keeps(&planned, "used/__init__.py"));
}

#[test]
fn branches_for_other_systems_and_versions_do_not_count() {
    for (source, expected) in [
        (
            "import sys\nif sys.platform == 'win32':\n    import used\n",
            false,
        ),
        ("import os\nif os.name != 'nt':\n    import used\n", true),
        (
            "import sys\nif sys.version_info < (3, 8):\n    import used\n",
            false,
        ),
        (
            "import sys\nif sys.version_info >= (3, 12):\n    import used\n",
            false,
        ),
        (
            "import sys\nif sys.version_info >= (3, 11):\n    import used\n",
            true,
        ),
        (
            "if x:\n    pass\nelif TYPE_CHECKING:\n    pass\nelse:\n    import used\n",
            true,
        ),
        (
            "W = sys.platform.startswith('win')\nif W:\n    import used\n",
            false,
        ),
        (
            "W = sys.platform == 'win32'\nW = x\nif W:\n    import used\n",
            true,
        ),
    ] {
        let kept = kept_by(source, &["used"]);
        assert_eq!(!kept.is_empty(), expected, "{source}");
    }
}

#[test]
fn machine_code_loads_the_modules_next_to_it_that_it_names() {
    let extension = library("").refers_to(&["_named"]);
    let mut machine = distribution(
        machine(&[]),
        "host",
        "",
        &[
            ("host/__init__.py", "from . import fast\n"),
            ("host/_named.py", ""),
            ("host/_other.py", ""),
        ],
    );
    machine = machine
        .file("/app/main.py", "import host\n")
        .modules(Modules::Exact);
    let path = format!("{SITE}/host/fast.cpython-311-x86_64-linux-gnu.so");
    let planned = machine.clone().elf(&path, &extension).plan();
    assert!(keeps(&planned, "host/_named.py") && !keeps(&planned, "host/_other.py"));
    let cython = library("").refers_to(&["__pyx_capi__"]);
    let planned = machine.elf(&path, &cython).plan();
    assert!(keeps(&planned, "host/_named.py") && keeps(&planned, "host/_other.py"));
}

#[test]
fn the_standard_library_stays_whole_if_it_is_unknown_what_is_imported() {
    for source in ["__import__(name)\n", "x = [\n"] {
        let is_open = source.starts_with("__import__");
        let planned = standard(source).plan();
        // With `exact`, an application's computed names are those in texts.
        assert!(!keeps_standard(&planned, "sched.py"), "{is_open} {source}");
    }
    let unknown = standard("").entrypoint(&["python3"]).plan();
    assert!(keeps_standard(&unknown, "sched.py"));
    let embedded = standard("import json\n").elf(
        "/opt/app/server",
        &program(GLIBC)
            .needs("libc.so.6")
            .needs("libpython3.11.so.1.0"),
    );
    assert!(keeps_standard(
        &embedded.keep("/opt/app/server").plan(),
        "sched.py"
    ));
}

#[test]
fn a_compiled_module_without_its_source_keeps_its_distribution_whole() {
    let planned = distribution(
        machine(&["used"]),
        "host",
        "Requires-Dist: used\n",
        &[("host/__init__.pyc", ""), ("host/late.pyc", "")],
    )
    .file("/app/main.py", "import host\n")
    .modules(Modules::Exact)
    .plan();
    assert!(keeps(&planned, "host/late.pyc") && keeps(&planned, "used/__init__.py"));
}

#[test]
fn exact_keeps_a_distribution_that_computes_names_whole() {
    let machine = distribution(
        machine(&[]),
        "host",
        "",
        &[
            ("host/__init__.py", "def f(x):\n    __import__(x)\n"),
            ("host/late.py", ""),
        ],
    );
    let planned = machine
        .file("/app/main.py", "import host\n")
        .modules(Modules::Exact)
        .plan();
    assert!(keeps(&planned, "host/late.py"));
    let notes = planned.notes().join("\n");
    assert!(notes.contains("`host` is kept whole"), "{notes}");
}

#[test]
fn namespace_packages_keep_only_the_distributions_that_are_imported() {
    let mut machine = machine(&[]);
    for name in ["storage", "pubsub"] {
        let module = format!("google/cloud/{name}/__init__.py");
        machine = distribution(machine, name, "", &[(&module, "")]);
    }
    let planned = machine
        .file("/app/main.py", "from google.cloud import storage\n")
        .plan();
    assert!(keeps(&planned, "google/cloud/storage/__init__.py"));
    assert!(!keeps(&planned, "google/cloud/pubsub/__init__.py"));
}

#[test]
fn lines_of_pth_files_are_imports_and_directories() {
    let planned = machine(&["started", "unused"])
        .file(
            &format!("{SITE}/x.pth"),
            "import started; started.run()\n/srv/more\n",
        )
        .file("/srv/more/late.py", "")
        .file("/app/main.py", "")
        .plan();
    assert!(keeps(&planned, "started/__init__.py") && keeps(&planned, "x.pth"));
    assert!(!keeps(&planned, "unused/__init__.py"));
    assert!(planned.keeps("/srv/more/late.py"));
}

#[test]
fn modules_that_no_distribution_records_are_kept_by_their_names() {
    let planned = machine(&[])
        .file(&format!("{SITE}/single.py"), "")
        .file(&format!("{SITE}/other.py"), "")
        .file(&format!("{SITE}/package/inner.so"), "")
        .file(&format!("{SITE}/unknown.libs/libx.so"), "")
        .file("/app/main.py", "import single, package.inner\n")
        .plan();
    assert!(keeps(&planned, "single.py") && keeps(&planned, "package/inner.so"));
    assert!(!keeps(&planned, "other.py"));
    assert!(keeps(&planned, "unknown.libs/libx.so"), "no module at all");
}

#[test]
fn hostile_sources_end_in_the_rule_for_whole_packages() {
    let nested = "[".repeat(200_000);
    let chain = format!("x = {}1\nimport used\n", "-".repeat(200_000));
    let long = format!("x = '{}'\n", "a".repeat(5 << 20));
    for source in [nested.as_str(), &chain, &long] {
        let planned = machine(&["unused"]).file("/app/main.py", source).plan();
        assert!(keeps(&planned, "unused/__init__.py"));
    }
}

#[test]
fn an_image_that_multiplies_its_imports_with_its_files_keeps_all_packages() {
    let keeps_unused = |imports: usize| {
        let mut machine = machine(&["unused"]);
        for number in 0..2_000 {
            machine = machine.file(&format!("{SITE}/m.{number}.so"), "");
        }
        let planned = machine
            .file("/app/main.py", "import m\n".repeat(imports))
            .plan();
        let notes = planned.notes().join("\n");
        let is_noted = notes.contains("too many imports of Python modules");
        assert_eq!(is_noted, keeps(&planned, "unused/__init__.py"), "{notes}");
        is_noted
    };
    assert!(!keeps_unused(10));
    assert!(keeps_unused(10_000));
}

#[test]
fn an_import_that_is_dropped_is_a_failure_of_verification() {
    let machine = |source: &str| {
        distribution(
            machine(&["used"]),
            "host",
            "",
            &[
                (
                    "host/__init__.py",
                    "from . import inner\nimport used, absent\n",
                ),
                ("host/inner.py", source),
                ("host/late.py", ""),
            ],
        )
        .file("/app/main.py", "import host\n")
    };
    let failures = machine("").drop(&format!("{SITE}/used/**")).failures();
    assert_eq!(
        failures,
        [format!(
            "{SITE}/host/__init__.py: it can no longer find the module `used`, imported on line 2"
        )]
    );
    for (source, count) in [
        ("from .late import f\n", 1),
        ("from host import late\n", 1),
        ("import host.late.attribute\n", 0),
        ("from .absent import f\n", 0),
        (
            "try:\n    from . import late\nexcept ImportError:\n    pass\n",
            0,
        ),
    ] {
        let machine = machine(source).modules(Modules::Exact);
        assert_eq!(machine.failures(), [""; 0], "{source}");
        let failures = machine.drop(&format!("{SITE}/host/late.py")).failures();
        assert_eq!(failures.len(), count, "{source} {failures:?}");
    }
}

#[test]
fn symlinks_in_a_circle_do_not_keep_the_walk_from_ending() {
    let planned = machine(&["used"])
        .link(&format!("{SITE}/used/again"), "..")
        .link(&format!("{SITE}/circle"), "circle")
        .file("/app/main.py", "import used.again.used.again.used\n")
        .plan();
    assert!(keeps(&planned, "used/__init__.py"));
}
