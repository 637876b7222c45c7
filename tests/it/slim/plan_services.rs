//! Scripts with computed words in a plan, and files that define services.

use serde_json::json;

use super::machine::Machine;
use super::plan_paths::merged_usr;
use crate::builders::elf_file::{GLIBC, program};

fn with(names: &[&str]) -> Machine {
    let machine = merged_usr()
        .elf("/usr/bin/dash", &program(GLIBC))
        .link("/usr/bin/sh", "dash");
    names.iter().fold(machine, |machine, name| {
        machine.elf(&format!("/usr/bin/{name}"), &program(GLIBC))
    })
}

#[test]
fn paths_relative_to_the_script_directory_are_kept() {
    let planned = with(&["date"])
        .script("/opt/x/bin/run", "#!/bin/sh\nDIR=$(cd \"$(dirname \"$0\")/..\" && pwd)\n. \"$DIR/lib/own.sh\"\nexec \"${0%/*}/server\" --quiet\n")
        .file("/opt/x/lib/own.sh", "own() { date; }\n")
        .elf("/opt/x/bin/server", &program(GLIBC))
        .entrypoint(&["/opt/x/bin/run"])
        .plan();
    assert!(planned.keeps("/usr/bin/date"));
    assert_eq!(
        planned.why("/opt/x/bin/server"),
        [
            "/opt/x/bin/run: the ENTRYPOINT program",
            "/opt/x/bin/server: the command `/opt/x/bin/server` on line 4"
        ]
    );
    assert_eq!(planned.notes(), Vec::<String>::new());
}

#[test]
fn variables_with_constant_values_are_expanded() {
    let planned = with(&["mysqld", "mariadbd", "gosu"])
        .env("FLAVOUR=mysqld")
        .script(
            "/run.sh",
            "#!/bin/sh\n: \"${DATA:=/var/lib/x}\"\nCOMMAND=\"gosu app\"\n[ -n \"$1\" ] && FLAVOUR=mariadbd\n\
             read y < \"$DATA/version\"\nexec $COMMAND \"$FLAVOUR\" \"$@\"\n",
        )
        .file("/var/lib/x/version", "1")
        .entrypoint(&["/run.sh"])
        .plan();
    for path in [
        "/usr/bin/gosu",
        "/usr/bin/mysqld",
        "/usr/bin/mariadbd",
        "/var/lib/x/version",
    ] {
        assert!(planned.keeps(path), "{path}");
    }
    assert_eq!(planned.notes(), Vec::<String>::new());
}

#[test]
fn a_script_and_the_file_it_sources_share_variables() {
    let planned = with(&["date", "id"])
        .script(
            "/run.sh",
            "#!/bin/sh\nSECOND=id\n. /etc/run.conf\n\"$FIRST\"\n",
        )
        .file("/etc/run.conf", "FIRST=date\n\"$SECOND\"\n")
        .entrypoint(&["/run.sh"])
        .plan();
    assert!(planned.keeps("/usr/bin/date") && planned.keeps("/usr/bin/id"));
}

#[test]
fn a_shell_command_in_an_argument_is_read_with_its_line() {
    let planned = with(&["date", "id"])
        .script(
            "/run.sh",
            "#!/bin/sh\n\ntrap 'date >&2' EXIT\neval 'id -u'\n",
        )
        .entrypoint(&["/run.sh"])
        .plan();
    assert_eq!(
        planned.why("/usr/bin/date")[1],
        "/usr/bin/date: the command `date` on line 3"
    );
    assert_eq!(
        planned.why("/usr/bin/id")[1],
        "/usr/bin/id: the command `id` on line 4"
    );
    assert_eq!(planned.notes(), Vec::<String>::new());
}

#[test]
fn patterns_in_a_script_keep_their_matches_except_for_rm() {
    let planned = with(&["rm", "cat"])
        .script(
            "/run.sh",
            "#!/bin/sh\nfor f in /etc/run.d/*.sh; do . \"$f\"; done\ncat /usr/share/x/[ab]\nrm -f /var/lib/x/*\n",
        )
        .file("/etc/run.d/one.sh", "")
        .file("/etc/run.d/other", "")
        .file("/usr/share/x/a", "")
        .file("/usr/share/x/c", "")
        .file("/var/lib/x/old", "")
        .entrypoint(&["/run.sh"])
        .plan();
    assert!(planned.keeps("/etc/run.d/one.sh") && planned.keeps("/usr/share/x/a"));
    for path in ["/etc/run.d/other", "/usr/share/x/c", "/var/lib/x/old"] {
        assert!(!planned.keeps(path), "{path}");
    }
}

#[test]
fn programs_started_by_helpers_in_scripts_are_kept() {
    let names = [
        "setpriv",
        "runuser",
        "tini",
        "s6-setuidgid",
        "one",
        "two",
        "three",
        "four",
        "chpst",
        "catatonit",
    ];
    let planned = with(&names)
        .script(
            "/run.sh",
            "#!/bin/sh\nsetpriv --reuid app --clear-groups one\nrunuser -u app -- two\ntini -s -- s6-setuidgid app three\n\
             exec catatonit -- chpst -u app four\n",
        )
        .entrypoint(&["/run.sh"])
        .plan();
    for name in names {
        assert!(planned.keeps(&format!("/usr/bin/{name}")), "{name}");
    }
}

#[test]
fn programs_that_a_script_only_tests_for_are_kept() {
    let planned = with(&["gzip", "zcat", "bc", "sort", "apt-get"])
        .script(
            "/run.sh",
            "#!/bin/sh\nfor tool in gzip zcat; do command -v \"$tool\" >/dev/null || exit 1; done\ntype bc\necho sort\nwhich apt-get\n",
        )
        .entrypoint(&["/run.sh"])
        .plan();
    assert_eq!(
        ["gzip", "zcat", "bc", "sort"].map(|name| planned.keeps(&format!("/usr/bin/{name}"))),
        [true, true, true, false]
    );
}

#[test]
fn a_script_started_through_a_symlink_looks_beside_the_symlink() {
    let planned = with(&["sort"])
        .script(
            "/opt/lib/run",
            "#!/bin/sh\nhere=$(dirname \"$0\")\n. \"$here/env\"\n",
        )
        .link("/usr/bin/run", "/opt/lib/run")
        .script("/usr/bin/env", "sort\n")
        .entrypoint(&["run"])
        .plan();
    assert_eq!(
        ["env", "sort"].map(|name| planned.keeps(&format!("/usr/bin/{name}"))),
        [true, true]
    );
}

#[test]
fn programs_that_scripts_of_other_languages_start_are_kept() {
    for script in [
        "#!/usr/bin/tclsh\nputs [exec bc -l]\n",
        "#!/usr/bin/guile\n(open-input-pipe \"bc -l\")\n",
    ] {
        let planned = with(&["bc", "sort", "tclsh", "guile"])
            .script("/run", script)
            .entrypoint(&["/run"])
            .plan();
        assert_eq!(
            ["bc", "sort"].map(|name| planned.keeps(&format!("/usr/bin/{name}"))),
            [true, false],
            "{script}"
        );
    }
}

#[test]
fn s6_services_are_kept_and_their_scripts_are_read() {
    let planned = with(&["nginx", "date", "execlineb", "foreground"])
        .script("/init", "#!/bin/sh\nexec /package/admin/s6\n")
        .script("/package/admin/s6", "#!/bin/sh\n")
        .script("/usr/bin/with-contenv", "#!/bin/sh\n")
        .script(
            "/etc/services.d/web/run",
            "#!/usr/bin/execlineb -P\nforeground { date }\nnginx -g x\n",
        )
        .script(
            "/etc/cont-init.d/10-user",
            "#!/usr/bin/with-contenv sh\ndate\n",
        )
        .entrypoint(&["/init"])
        .plan();
    for path in [
        "/package/admin/s6",
        "/etc/services.d/web/run",
        "/etc/cont-init.d/10-user",
        "/usr/bin/nginx",
        "/usr/bin/date",
    ] {
        assert!(planned.keeps(path), "{path}");
    }
    assert!(planned.keeps("/usr/bin/foreground"));
}

#[test]
fn programs_started_by_supervisord_are_kept() {
    let planned = with(&["supervisord", "php-fpm", "nginx", "cron"])
        .file(
            "/etc/supervisor/supervisord.conf",
            "[supervisord]\n[include]\nfiles = conf.d/*.conf\n",
        )
        .file(
            "/etc/supervisor/conf.d/web.conf",
            "[program:web]\ncommand=php-fpm -F\n[program:n]\ncommand = /usr/bin/nginx\n",
        )
        .entrypoint(&["supervisord", "-c", "/etc/supervisor/supervisord.conf"])
        .plan();
    assert!(planned.keeps("/usr/bin/php-fpm") && planned.keeps("/usr/bin/nginx"));
    assert!(!planned.keeps("/usr/bin/cron"));
    assert_eq!(
        planned.why("/usr/bin/php-fpm").last().unwrap(),
        "/usr/bin/php-fpm: the command `php-fpm` on line 2"
    );
}

#[test]
fn the_directory_of_run_parts_is_kept_with_its_contents() {
    let planned = with(&["run-parts", "date"])
        .script("/etc/start.d/one", "#!/bin/sh\ndate\n")
        .set("Cmd", json!(["sh", "-c", "run-parts /etc/start.d"]))
        .plan();
    assert!(planned.keeps("/etc/start.d/one") && planned.keeps("/usr/bin/date"));
}

#[test]
fn recipes_of_a_makefile_are_followed_where_make_is_kept() {
    let machine = with(&["make", "c++", "sed", "date"])
        .file(
            "/app/Makefile",
            "CXX = c++\nSTAMP = date +%s\napp: main.o\n\t@$(STAMP) | sed s/0//\n",
        )
        .set("WorkingDir", json!("/app"));
    let programs = ["/usr/bin/c++", "/usr/bin/sed", "/usr/bin/date"];
    let planned = machine.clone().entrypoint(&["make"]).plan();
    for program in programs {
        assert!(planned.keeps(program), "{program}");
    }
    let planned = machine.entrypoint(&["date"]).plan();
    assert!(!planned.keeps("/usr/bin/sed") && !planned.keeps("/usr/bin/c++"));
}

#[test]
fn services_of_runit_are_kept_where_a_symlink_enables_them() {
    for command in ["runsvdir", "my_init", "runit-init"] {
        let planned = with(&[command, "web", "other"])
            .script("/etc/sv/web/run", "#!/bin/sh\nexec web -f\n")
            .script("/etc/sv/web/log/run", "#!/bin/sh\n")
            .script("/etc/sv/other/run", "#!/bin/sh\nexec other\n")
            .link("/etc/service/web", "/etc/sv/web")
            .entrypoint(&[command])
            .plan();
        assert!(planned.keeps("/usr/bin/web"), "{command}");
        assert!(planned.keeps("/etc/sv/web/log/run"), "{command}");
        assert!(!planned.keeps("/usr/bin/other"), "{command}");
    }
}

#[test]
fn services_of_a_runlevel_of_openrc_are_kept_with_those_that_they_need() {
    let script = "#!/sbin/openrc-run\nname=web\ncommand=\"/usr/bin/$RC_SVCNAME\"\n\
                  depend() {\n\tneed database\n\tafter other\n}\n";
    let planned = with(&["openrc-run", "web", "database", "other"])
        .link("/sbin", "usr/bin")
        .elf("/usr/bin/openrc-init", &program(GLIBC))
        .script("/etc/init.d/web", script)
        .script(
            "/etc/init.d/database",
            "#!/sbin/openrc-run\nexecutable=/usr/bin/database\ncommand=$executable\n",
        )
        .script(
            "/etc/init.d/other",
            "#!/sbin/openrc-run\ncommand=/usr/bin/other\n",
        )
        .link("/etc/runlevels/default/web", "/etc/init.d/web")
        .file("/usr/lib/rc/sh/functions.sh", "")
        .entrypoint(&["/sbin/openrc-init"])
        .plan();
    for path in [
        "/usr/bin/web",
        "/usr/bin/database",
        "/usr/bin/openrc-run",
        "/usr/lib/rc/sh/functions.sh",
    ] {
        assert!(planned.keeps(path), "{path}");
    }
    assert!(!planned.keeps("/usr/bin/other"));
    assert_eq!(planned.notes(), Vec::<String>::new());
}

#[test]
fn programs_in_inittab_are_started_by_init() {
    let machine = with(&["busybox", "web", "getty"])
        .link("/usr/sbin/init", "../bin/busybox")
        .file(
            "/etc/inittab",
            "# comment\n::sysinit:/etc/init.d/rcS\n::respawn:/usr/bin/web\n\
             tty1::respawn:/usr/bin/getty 38400 tty1\n",
        )
        .script("/etc/init.d/rcS", "#!/bin/sh\n");
    let planned = machine.clone().entrypoint(&["/usr/sbin/init"]).plan();
    assert!(planned.keeps("/usr/bin/web") && planned.keeps("/etc/init.d/rcS"));
    assert!(!planned.keeps("/usr/bin/getty"));
    let planned = machine.entrypoint(&["busybox"]).plan();
    assert!(!planned.keeps("/usr/bin/web"), "`init` does not run");
}

#[test]
fn services_of_other_managers_are_read() {
    for (manager, path, text) in [
        (
            "dinit",
            "/etc/dinit.d/web",
            "type = process\ncommand = /usr/bin/web\n",
        ),
        (
            "finit",
            "/etc/finit.d/web.conf",
            "service [2345] /usr/bin/web -n -- Web\n",
        ),
        (
            "horust",
            "/etc/horust/services/web.toml",
            "command = \"/usr/bin/web\"\n",
        ),
        (
            "monit",
            "/etc/monit/conf.d/web",
            "  start program = \"/usr/bin/web\"\n",
        ),
    ] {
        let planned = with(&[manager, "web"])
            .file(path, text)
            .entrypoint(&[manager])
            .plan();
        assert!(planned.keeps("/usr/bin/web"), "{manager}");
        let planned = with(&["app", "web"])
            .file(path, text)
            .entrypoint(&["app"])
            .plan();
        assert!(!planned.keeps("/usr/bin/web"), "{manager} does not run");
    }
}

#[test]
fn a_script_that_a_script_starts_as_a_service_is_kept() {
    for command in [
        "service web start",
        "rc-service web start",
        "invoke-rc.d web start",
    ] {
        let planned = with(&["service", "rc-service", "invoke-rc.d", "web", "other"])
            .script("/etc/init.d/web", "#!/bin/sh\n/usr/bin/web\n")
            .script("/etc/init.d/other", "#!/bin/sh\n/usr/bin/other\n")
            .script(
                "/run.sh",
                &format!("#!/bin/sh\n{command}\nexec sleep infinity\n"),
            )
            .entrypoint(&["/run.sh"])
            .plan();
        assert!(planned.keeps("/usr/bin/web"), "{command}");
        assert!(!planned.keeps("/usr/bin/other"), "{command}");
    }
}

#[test]
fn directories_of_services_that_lead_to_one_directory_are_all_kept() {
    let mut machine = with(&["runsvdir"]);
    for number in 0..2000 {
        machine = machine
            .file(&format!("/opt/data/{number}"), "")
            .directory(&format!("/opt/data/d{number}"))
            .link(&format!("/etc/service/{number}"), "/opt/data");
        machine = machine.script(&format!("/srv/{number}/runsvdir"), "#!/bin/sh\n");
    }
    let planned = machine
        .entrypoint(&["runsvdir", "/srv"])
        .keep("/srv/**")
        .plan();
    assert!(planned.keeps("/opt/data/7"));
}
