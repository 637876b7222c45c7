//! Configuration is followed as configuration: what it includes, and not what it serves.

use super::machine::{Machine, Planned};
use super::plan_paths::merged_usr;
use crate::builders::elf_file::{GLIBC, library, program};

fn nginx() -> Machine {
    merged_usr()
        .elf("/usr/sbin/nginx", &program(GLIBC))
        .elf("/usr/sbin/agetty", &program(GLIBC))
        .script("/etc/init.d/apache2", "case $1 in\n*) /usr/sbin/agetty\n")
        .file("/etc/init.d/other", "x")
        .entrypoint(&["/usr/sbin/nginx"])
}

fn assert_dropped(planned: &Planned, paths: &[&str]) {
    for path in paths {
        assert!(!planned.keeps(path), "{path}: {:?}", planned.reasons(path));
    }
}

#[test]
fn web_documents_are_kept_but_not_read_as_configuration() {
    let planned = nginx()
        .file("/etc/nginx/nginx.conf", "http { root /var/www/html; }\n")
        .file(
            "/var/www/html/index.html",
            "see /etc/init.d/apache2 and /etc/secret.conf\n",
        )
        .file("/etc/secret.conf", "x")
        .plan();
    assert!(planned.keeps("/var/www/html/index.html"));
    assert_dropped(
        &planned,
        &[
            "/etc/init.d/apache2",
            "/etc/init.d/other",
            "/usr/sbin/agetty",
            "/etc/secret.conf",
        ],
    );
}

#[test]
fn an_included_file_is_read_as_configuration_in_any_directory() {
    let planned = nginx()
        .file("/etc/nginx/nginx.conf", "include /srv/sites/*.site;\n")
        .file("/srv/sites/a.site", "ssl_certificate /srv/tls/a.pem;\n")
        .file("/srv/tls/a.pem", "x")
        .plan();
    assert!(planned.keeps("/srv/sites/a.site") && planned.keeps("/srv/tls/a.pem"));
}

#[test]
fn a_wildcard_in_a_configuration_needs_a_directory() {
    let planned = nginx()
        .file("/etc/nginx/nginx.conf", "include /srv/sites/main.site;\n")
        .file(
            "/srv/sites/main.site",
            "server_name *;\nmap $x *.pem;\ninclude *.inc;\nssl_certificate tls/*.crt;\n",
        )
        .file("/srv/sites/a.inc", "x")
        .file("/srv/sites/tls/a.crt", "x")
        .file("/srv/sites/b.pem", "x")
        .file("/srv/sites/notes", "x")
        .plan();
    assert!(planned.keeps("/srv/sites/a.inc") && planned.keeps("/srv/sites/tls/a.crt"));
    assert_dropped(&planned, &["/srv/sites/b.pem", "/srv/sites/notes"]);
}

#[test]
fn a_pattern_with_dot_dot_cannot_keep_a_system_directory() {
    let machine = |directory: &str| {
        merged_usr()
            .script(&format!("{directory}/rabbitmq-server"), "#!/bin/none\n")
            .elf(&format!("{directory}/squid"), &program(GLIBC))
            .entrypoint(&[&format!("{directory}/rabbitmq-server")])
            .plan()
    };
    assert_dropped(&machine("/usr/sbin"), &["/usr/sbin/squid"]);
    assert_dropped(&machine("/usr/local/sbin"), &["/usr/local/sbin/squid"]);
    assert!(machine("/opt/rabbitmq/sbin").keeps("/opt/rabbitmq/sbin/squid"));
}

#[test]
fn own_directories_of_a_program_are_not_searched_inside_other_packages() {
    let planned = merged_usr()
        .elf("/usr/bin/tester", &program(GLIBC))
        .file("/usr/lib/x86_64-linux-gnu/tester/a", "x")
        .file("/usr/lib/go-1.19/tester/a", "x")
        .entrypoint(&["tester"])
        .plan();
    assert!(planned.keeps("/usr/lib/x86_64-linux-gnu/tester/a"));
    assert_dropped(&planned, &["/usr/lib/go-1.19/tester/a"]);
}

#[test]
fn a_shell_path_in_a_library_keeps_no_shell() {
    let machine = |soname: &str| {
        let path = format!("/usr/lib/x86_64-linux-gnu/{soname}");
        let bytes = library(soname).imports("execv").bytes();
        merged_usr()
            .elf("/usr/bin/bash", &program(GLIBC))
            .elf("/usr/bin/helper", &program(GLIBC))
            .executable(
                &path,
                [&bytes[..], b"\0/bin/bash\0/usr/bin/helper\0"].concat(),
            )
            .elf("/usr/bin/app", &program(GLIBC).needs(soname))
            .entrypoint(&["app"])
            .plan()
    };
    let planned = machine("libssh.so.4");
    assert!(planned.keeps("/usr/bin/helper"));
    assert_dropped(&planned, &["/usr/bin/bash"]);
    assert!(machine("libruby-3.1.so.3.1").keeps("/usr/bin/bash"));
}
