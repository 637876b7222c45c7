//! Images that start systemd, in which the enabled units are followed.

use std::fmt::Write as _;

use jettison::slim::{Confidence, PlanError};
use serde_json::json;

use super::machine::Machine;
use super::plan_paths::merged_usr;
use crate::builders::elf_file::{GLIBC, program};

const UNITS: &str = "/usr/lib/systemd/system";
const ETC: &str = "/etc/systemd/system";

/// An image that starts systemd with the default target `multi-user.target`. Each name is a program
/// in `/usr/bin`.
fn booted(names: &[&str]) -> Machine {
    let machine = merged_usr()
        .elf("/usr/lib/systemd/systemd", &program(GLIBC))
        .link("/usr/sbin/init", "../lib/systemd/systemd")
        .link(&format!("{UNITS}/default.target"), "multi-user.target")
        .entrypoint(&["/usr/sbin/init"]);
    let machine = unit(
        machine,
        "multi-user.target",
        "[Unit]\nRequires=basic.target\n",
    );
    let machine = unit(
        machine,
        "basic.target",
        "[Unit]\nWants=sockets.target timers.target\n",
    );
    names.iter().fold(machine, |machine, name| {
        machine.elf(&format!("/usr/bin/{name}"), &program(GLIBC))
    })
}

fn unit(machine: Machine, name: &str, text: &str) -> Machine {
    machine.file(&format!("{UNITS}/{name}"), text)
}

/// Adds a service to the unit directory for packages.
fn service(machine: Machine, name: &str, settings: &str) -> Machine {
    unit(machine, name, &format!("[Service]\n{settings}\n"))
}

fn enabled(machine: Machine, target: &str, name: &str) -> Machine {
    machine.link(
        &format!("{ETC}/{target}.wants/{name}"),
        &format!("{UNITS}/{name}"),
    )
}

#[test]
fn enabled_services_of_the_default_target_are_followed() {
    let machine = service(
        booted(&["web", "other"]),
        "web.service",
        "ExecStart=/usr/bin/web -x",
    );
    let machine = service(machine, "other.service", "ExecStart=/usr/bin/other");
    let planned = enabled(machine, "multi-user.target", "web.service").plan();
    assert_eq!(
        planned.why("/usr/bin/web"),
        [
            "/usr/sbin/init: the ENTRYPOINT program",
            "/usr/lib/systemd/systemd: the target of the symlink",
            "/usr/lib/systemd/system/default.target: the target that it starts at boot",
            "/usr/lib/systemd/system/multi-user.target: the target of the symlink",
            "/etc/systemd/system/multi-user.target.wants/web.service: \
             enabled in its `.wants` or `.requires` directory",
            "/usr/lib/systemd/system/web.service: the target of the symlink",
            "/usr/bin/web: named by `ExecStart=/usr/bin/web` on line 2",
        ]
    );
    assert!(!planned.keeps("/usr/bin/other"), "nothing enables it");
    assert!(!planned.keeps(&format!("{UNITS}/other.service")));
    assert_eq!(planned.notes(), Vec::<String>::new());
}

#[test]
fn services_are_kept_at_every_level() {
    let machine = service(booted(&["web"]), "web.service", "ExecStart=/usr/bin/web");
    let machine = enabled(machine, "multi-user.target", "web.service");
    let planned = machine.level(Confidence::Certain).plan();
    assert!(planned.keeps("/usr/bin/web"));
}

#[test]
fn settings_of_a_unit_pull_in_others() {
    for setting in [
        "Wants",
        "Requires",
        "BindsTo",
        "Upholds",
        "OnSuccess",
        "OnFailure",
    ] {
        let machine = unit(
            booted(&["web"]),
            "app.target",
            &format!("[Unit]\n{setting}=none.mount \\\n  web.service\n"),
        );
        let machine = service(machine, "web.service", "ExecStart=web --foreground");
        let planned = enabled(machine, "basic.target", "app.target").plan();
        assert!(planned.keeps("/usr/bin/web"), "{setting}");
        assert_eq!(planned.notes(), Vec::<String>::new(), "{setting}");
    }
    let machine = unit(
        booted(&["web"]),
        "app.target",
        "[Unit]\nAfter=web.service\nConflicts=web.service\n[Install]\nAlso=web.service\n",
    );
    let machine = service(machine, "web.service", "ExecStart=/usr/bin/web");
    let planned = enabled(machine, "basic.target", "app.target").plan();
    assert!(!planned.keeps("/usr/bin/web"), "an order starts nothing");
}

#[test]
fn the_command_line_names_another_target() {
    let machine = service(
        booted(&["web", "app"]),
        "web.service",
        "ExecStart=/usr/bin/web",
    );
    let machine = enabled(machine, "multi-user.target", "web.service");
    let machine = service(machine, "app.service", "ExecStart=/usr/bin/app");
    let machine = unit(machine, "app.target", "[Unit]\nWants=app.service\n");
    let planned = machine
        .set("Cmd", json!(["systemd.unit=app.target"]))
        .plan();
    assert!(planned.keeps("/usr/bin/app") && !planned.keeps("/usr/bin/web"));
}

#[test]
fn a_masked_unit_starts_nothing_and_stays_masked() {
    for mask in ["/dev/null", "../../../dev/null"] {
        let machine = service(booted(&["web"]), "web.service", "ExecStart=/usr/bin/web");
        let planned = enabled(machine, "multi-user.target", "web.service")
            .link(&format!("{ETC}/web.service"), mask)
            .plan();
        assert!(!planned.keeps("/usr/bin/web"), "{mask}");
        assert!(planned.keeps(&format!("{ETC}/web.service")), "{mask}");
    }
    let machine = service(booted(&["web"]), "web.service", "ExecStart=/usr/bin/web");
    let planned = enabled(machine, "multi-user.target", "web.service")
        .file(&format!("{ETC}/web.service"), "")
        .plan();
    assert!(
        !planned.keeps("/usr/bin/web"),
        "an empty file is a mask too"
    );
}

#[test]
fn a_unit_of_the_administrator_hides_that_of_the_package() {
    let machine = service(
        booted(&["old", "new"]),
        "web.service",
        "ExecStart=/usr/bin/old",
    );
    let planned = enabled(machine, "multi-user.target", "web.service")
        .file(
            &format!("{ETC}/web.service"),
            "[Service]\nExecStart=/usr/bin/new\n",
        )
        .plan();
    assert!(planned.keeps("/usr/bin/new") && !planned.keeps("/usr/bin/old"));
}

#[test]
fn an_empty_command_in_a_drop_in_replaces_those_before_it() {
    let machine = service(
        booted(&["old", "new", "check"]),
        "web-app.service",
        "ExecStartPre=/usr/bin/check\nExecStart=/usr/bin/old",
    );
    let planned = enabled(machine, "multi-user.target", "web-app.service")
        .file(
            &format!("{ETC}/web-app.service.d/override.conf"),
            "[Service]\nExecStart=\nExecStart=/usr/bin/new\n",
        )
        .file(
            &format!("{ETC}/web-.service.d/env.conf"),
            "[Service]\nUser=root\n",
        )
        .file(&format!("{ETC}/web-app.service.d/notes.txt"), "")
        .plan();
    assert!(planned.keeps("/usr/bin/new") && planned.keeps("/usr/bin/check"));
    assert!(!planned.keeps("/usr/bin/old"));
    assert_eq!(
        planned
            .why(&format!("{ETC}/web-app.service.d/override.conf"))
            .last()
            .expect("it is kept"),
        "/etc/systemd/system/web-app.service.d/override.conf: a drop-in of the unit"
    );
    assert!(planned.keeps(&format!("{ETC}/web-.service.d/env.conf")));
    assert!(!planned.keeps(&format!("{ETC}/web-app.service.d/notes.txt")));
}

#[test]
fn a_template_is_started_as_its_instance() {
    let machine = service(
        booted(&["worker"]),
        "worker@.service",
        "EnvironmentFile=/etc/queues/%i.env\nWorkingDirectory=/srv/%I\nExecStart=/usr/bin/worker ${CONFIG}",
    );
    let planned = machine
        .link(
            &format!("{ETC}/multi-user.target.wants/worker@mail-in.service"),
            &format!("{UNITS}/worker@.service"),
        )
        .file(
            "/etc/queues/mail-in.env",
            "# comment\nCONFIG=\"/etc/queues/mail.yaml\"\n",
        )
        .file("/etc/queues/other.env", "")
        .file("/etc/queues/mail.yaml", "")
        .file("/srv/mail/in/spool", "")
        .plan();
    for path in [
        "/usr/bin/worker",
        "/etc/queues/mail-in.env",
        "/etc/queues/mail.yaml",
        "/srv/mail/in/spool",
    ] {
        assert!(planned.keeps(path), "{path}");
    }
    assert!(!planned.keeps("/etc/queues/other.env"));
}

#[test]
fn an_alias_leads_to_the_unit_under_its_own_name() {
    let machine = service(
        booted(&["sshd"]),
        "ssh.service",
        "ExecStart=/usr/bin/sshd -D",
    );
    let planned = unit(machine, "app.target", "[Unit]\nRequires=sshd.service\n")
        .link(
            &format!("{ETC}/sshd.service"),
            &format!("{UNITS}/ssh.service"),
        )
        .file(
            &format!("{ETC}/ssh.service.d/x.conf"),
            "[Unit]\nWants=more.service\n",
        )
        .set("Cmd", json!(["systemd.unit=app.target"]))
        .plan();
    assert!(planned.keeps("/usr/bin/sshd") && planned.keeps(&format!("{ETC}/sshd.service")));
    assert!(planned.keeps(&format!("{ETC}/ssh.service.d/x.conf")));
}

#[test]
fn a_linked_unit_of_another_directory_is_followed() {
    let planned = booted(&["app"])
        .file(
            "/opt/app/app.service",
            "[Service]\nExecStart=/usr/bin/app\n",
        )
        .link(&format!("{ETC}/app.service"), "/opt/app/app.service")
        .link(
            &format!("{ETC}/multi-user.target.wants/app.service"),
            "/opt/app/app.service",
        )
        .plan();
    assert!(planned.keeps("/usr/bin/app") && planned.keeps("/opt/app/app.service"));
}

#[test]
fn sockets_timers_and_paths_start_services() {
    for (trigger, service_name, settings) in [
        ("app.socket", "app.service", "[Socket]\nListenStream=80\n"),
        ("app.socket", "app@.service", "[Socket]\nAccept=yes\n"),
        (
            "app.socket",
            "other.service",
            "[Socket]\nService=other.service\n",
        ),
        ("app.timer", "app.service", "[Timer]\nOnCalendar=daily\n"),
        (
            "app.timer",
            "other.service",
            "[Timer]\nUnit=other.service\n",
        ),
        ("app.path", "app.service", "[Path]\nPathExists=/run/x\n"),
        ("app.path", "other.service", "[Path]\nUnit=other.service\n"),
    ] {
        let machine = unit(booted(&["app"]), trigger, settings);
        let machine = service(machine, service_name, "ExecStart=/usr/bin/app %i");
        let planned = enabled(machine, "multi-user.target", trigger).plan();
        assert!(planned.keeps("/usr/bin/app"), "{trigger} {settings}");
        assert_eq!(
            planned.notes(),
            Vec::<String>::new(),
            "{trigger} {settings}"
        );
    }
    let machine = unit(booted(&[]), "app.socket", "[Socket]\nListenStream=80\n");
    let planned = enabled(machine, "multi-user.target", "app.socket").plan();
    assert_eq!(
        planned.notes(),
        [
            "/usr/lib/systemd/system/app.socket: it starts the unit `app.service`, which is not in \
             the image"
        ]
    );
}

#[test]
fn timers_that_maintain_packages_are_dropped() {
    let machine = unit(
        booted(&["apt"]),
        "apt-daily.timer",
        "[Timer]\nOnCalendar=daily\n",
    );
    let machine = service(
        machine,
        "apt-daily.service",
        "ExecStart=/usr/bin/apt update",
    );
    let planned = enabled(machine, "multi-user.target", "apt-daily.timer").plan();
    assert!(!planned.keeps("/usr/bin/apt"));
    assert!(!planned.keeps(&format!("{ETC}/multi-user.target.wants/apt-daily.timer")));
}

#[test]
fn a_script_of_a_runlevel_is_a_service_unless_a_unit_has_its_name() {
    let generator = "/usr/lib/systemd/system-generators/systemd-sysv-generator";
    let machine = booted(&["old", "native", "sh"])
        .script("/etc/init.d/old", "#!/usr/bin/sh\n/usr/bin/old\n")
        .link("/etc/rc2.d/S01old", "../init.d/old")
        .script("/etc/init.d/native", "#!/usr/bin/sh\n/usr/bin/native\n")
        .link("/etc/rc2.d/S01native", "../init.d/native")
        .script("/etc/init.d/stopped", "#!/usr/bin/sh\n")
        .link("/etc/rc2.d/K01stopped", "../init.d/stopped");
    let machine = service(machine, "native.service", "ExecStart=/usr/bin/native");
    let planned = machine.clone().elf(generator, &program(GLIBC)).plan();
    for path in ["/usr/bin/old", "/etc/rc2.d/S01old", generator] {
        assert!(planned.keeps(path), "{path}");
    }
    assert!(!planned.keeps("/usr/bin/native"), "its unit is not enabled");
    assert!(!planned.keeps("/etc/init.d/stopped"));
    let planned = machine.plan();
    assert!(
        !planned.keeps("/usr/bin/old"),
        "no generator makes a service of it"
    );
}

#[test]
fn generators_are_kept_where_they_do_something() {
    let directory = "/usr/lib/systemd/system-generators";
    let mut machine = booted(&["postgres", "mount"]).file("/etc/fstab", "# nothing\n");
    for name in [
        "systemd-fstab-generator",
        "systemd-gpt-auto-generator",
        "postgresql-generator",
        "my-generator",
    ] {
        machine = machine.elf(&format!("{directory}/{name}"), &program(GLIBC));
    }
    let machine = service(machine, "postgresql@.service", "ExecStart=postgres %i")
        .file("/etc/postgresql/15/main/postgresql.conf", "port = 5432\n");
    let planned = machine.plan();
    let keeps = |name: &str| planned.keeps(&format!("{directory}/{name}"));
    assert!(planned.keeps("/usr/bin/postgres"));
    assert!(keeps("postgresql-generator") && keeps("my-generator"));
    assert!(!keeps("systemd-fstab-generator") && !keeps("systemd-gpt-auto-generator"));
    assert!(!planned.keeps("/usr/bin/mount"));
    assert_eq!(
        planned.notes(),
        [format!(
            "{directory}/my-generator: the units that this generator creates at boot are unknown"
        )]
    );
    let planned = machine
        .file("/etc/fstab", "tmpfs /cache tmpfs size=1m 0 0\n")
        .plan();
    assert!(planned.keeps("/usr/bin/mount"));
    assert!(planned.keeps(&format!("{directory}/systemd-fstab-generator")));
}

#[test]
fn files_that_settings_name_are_kept() {
    let settings = "EnvironmentFile=-/etc/default/app\nEnvironment=\"KEYS=/etc/thing/keys\" A=b\n\
                    StateDirectory=thing\nLoadCredential=token:/etc/thing/token\n\
                    BindReadOnlyPaths=-/etc/thing/data:/data\nStandardOutput=append:/etc/thing/log\n\
                    ExecStart=@!/usr/bin/app app-name --config $FILE\nUser=app\nPAMName=app";
    let machine = service(booted(&["app"]), "app.service", settings)
        .file("/etc/passwd", "root:x:0:0::/root:\napp:x:999:999::/:\n")
        .file("/etc/default/app", "FILE=/etc/thing/config\n");
    let machine = [
        "/etc/thing/keys",
        "/etc/thing/token",
        "/etc/thing/data",
        "/etc/thing/log",
        "/etc/thing/config",
        "/etc/thing/unused",
        "/var/lib/thing/state.db",
        "/etc/pam.d/app",
    ]
    .iter()
    .fold(machine, |machine, path| machine.file(path, "x"));
    let planned = enabled(machine, "multi-user.target", "app.service").plan();
    for path in [
        "/etc/default/app",
        "/etc/thing/keys",
        "/etc/thing/token",
        "/etc/thing/data",
        "/etc/thing/log",
        "/etc/thing/config",
        "/var/lib/thing/state.db",
        "/etc/pam.d/app",
    ] {
        assert!(planned.keeps(path), "{path}");
    }
    assert!(!planned.keeps("/etc/thing/unused"));
    assert_eq!(planned.notes(), Vec::<String>::new());
}

#[test]
fn a_condition_that_cannot_hold_in_a_container_keeps_no_program() {
    let text = "[Unit]\nConditionPathExists=/dev/tty0\nWants=side.service\n[Service]\n\
                ExecStart=/usr/bin/agetty\n";
    let machine = unit(booted(&["agetty", "side", "trim"]), "getty@.service", text);
    let machine = service(machine, "side.service", "ExecStart=/usr/bin/side");
    let machine = unit(
        machine,
        "trim.timer",
        "[Unit]\nConditionVirtualization=!container\n[Timer]\nOnCalendar=weekly\n",
    );
    let machine = service(machine, "trim.service", "ExecStart=/usr/bin/trim");
    let planned = enabled(machine, "multi-user.target", "trim.timer")
        .link(
            &format!("{ETC}/multi-user.target.wants/getty@tty1.service"),
            &format!("{UNITS}/getty@.service"),
        )
        .plan();
    assert!(!planned.keeps("/usr/bin/agetty") && !planned.keeps("/usr/bin/trim"));
    assert!(planned.keeps(&format!("{UNITS}/getty@.service")));
    assert!(
        planned.keeps("/usr/bin/side"),
        "dependencies start all the same"
    );
}

#[test]
fn services_that_the_bus_activates_are_possible() {
    let bus = "[Service]\nExecStart=/usr/bin/dbus-daemon --system\n";
    let machine = unit(
        booted(&["dbus-daemon", "hostnamed", "helper"]),
        "dbus.service",
        bus,
    );
    let machine = service(machine, "hostnamed.service", "ExecStart=/usr/bin/hostnamed");
    let services = "/usr/share/dbus-1/system-services";
    let machine = enabled(machine, "multi-user.target", "dbus.service")
        .link(&format!("{UNITS}/dbus-host.service"), "hostnamed.service")
        .file(
            &format!("{services}/host.service"),
            "[D-BUS Service]\nName=host\nExec=/bin/false\nSystemdService=dbus-host.service\n",
        )
        .file(
            &format!("{services}/help.service"),
            "[D-BUS Service]\nName=help\nExec=/usr/bin/helper\n",
        );
    let planned = machine.plan();
    assert!(planned.keeps("/usr/bin/hostnamed"));
    let planned = machine.level(Confidence::Likely).plan();
    assert!(!planned.keeps("/usr/bin/hostnamed"));
    assert!(planned.keeps("/usr/bin/dbus-daemon"));
}

#[test]
fn what_a_service_lacks_is_reported() {
    let settings = "User=gone\nEnvironmentFile=/etc/gone\nExecStart=/usr/bin/gone --x\n\
                    ExecStartPre=-/usr/bin/optional";
    let machine =
        service(booted(&[]), "app.service", settings).file("/etc/passwd", "root:x:0:0::/:\n");
    let machine = enabled(machine, "multi-user.target", "app.service");
    let planned = unit(
        machine,
        "basic.target",
        "[Unit]\nRequires=lost.service lost.device\n",
    )
    .link(
        &format!("{ETC}/multi-user.target.wants/removed.service"),
        "/opt/removed.service",
    )
    .plan();
    let mut notes = planned.notes();
    notes.sort();
    assert_eq!(
        notes,
        [
            "/etc/systemd/system/multi-user.target.wants/removed.service: the enabled unit \
             `removed.service` is not in the image or cannot be read",
            "/usr/lib/systemd/system/app.service:2: `User=` names `gone`, which is not an account \
             in the image",
            "/usr/lib/systemd/system/app.service:3: `EnvironmentFile=` names `/etc/gone`, which is \
             not in the image",
            "/usr/lib/systemd/system/app.service:4: `ExecStart=` starts `/usr/bin/gone`, which is \
             not in the image",
            "/usr/lib/systemd/system/basic.target:2: `Requires=` names the unit `lost.service`, \
             which is not in the image",
        ]
    );
}

#[test]
fn an_image_whose_default_target_is_gone_is_refused() {
    let machine = merged_usr()
        .elf("/usr/lib/systemd/systemd", &program(GLIBC))
        .link("/usr/sbin/init", "../lib/systemd/systemd")
        .file("/etc/passwd", "root:x:0:0::/root:\n")
        .entrypoint(&["/usr/sbin/init"]);
    let error = machine.try_plan().unwrap_err();
    assert!(matches!(error, PlanError::Systemd { .. }), "{error}");
    let error = error.to_string();
    assert!(
        error.starts_with("the image starts systemd, and its default target `default.target`"),
        "{error}"
    );
    assert!(machine.clone().keep("/etc/passwd").try_plan().is_ok());
    let masked = machine.link(&format!("{ETC}/default.target"), "/dev/null");
    let error = masked.try_plan().unwrap_err().to_string();
    assert!(error.contains("is masked"), "{error}");
}

#[test]
fn an_image_from_which_machines_boot_is_refused() {
    let machine = booted(&[]).set("Labels", json!({"containers.bootc": "1"}));
    let error = machine.try_plan().unwrap_err().to_string();
    assert!(error.contains("its label `containers.bootc`"), "{error}");
}

#[test]
fn systemd_that_a_script_starts_is_followed() {
    let machine = service(
        booted(&["web", "sh"]),
        "web.service",
        "ExecStart=/usr/bin/web",
    );
    let planned = enabled(machine, "multi-user.target", "web.service")
        .script("/start.sh", "#!/usr/bin/sh\nexec /usr/sbin/init \"$@\"\n")
        .entrypoint(&["/start.sh"])
        .set("Cmd", json!(["--log-level=info"]))
        .plan();
    assert!(planned.keeps("/usr/bin/web"));
}

#[test]
fn a_unit_is_text_where_another_program_starts() {
    let planned = service(
        booted(&["web", "server"]),
        "web.service",
        "ExecStart=/usr/bin/web",
    )
    .entrypoint(&["server", &format!("{UNITS}/web.service")])
    .plan();
    assert!(planned.keeps("/usr/bin/web"));
    assert!(!planned.keeps(&format!("{UNITS}/multi-user.target")));
}

#[test]
fn a_unit_that_a_script_starts_or_the_user_names_is_followed() {
    let machine = service(
        booted(&["web", "setup", "sh", "systemctl"]),
        "web.service",
        "ExecStart=/usr/bin/web",
    );
    let machine = machine.file(
        &format!("{ETC}/web.service.d/x.conf"),
        "[Service]\nUser=0\n",
    );
    let named = machine.clone().keep(&format!("{UNITS}/web.service")).plan();
    assert!(named.keeps("/usr/bin/web") && named.keeps(&format!("{ETC}/web.service.d/x.conf")));
    for command in ["systemctl start web", "systemctl enable --now web.service"] {
        let machine = service(machine.clone(), "setup.service", "ExecStart=/opt/setup.sh");
        let planned = enabled(machine, "multi-user.target", "setup.service")
            .script("/opt/setup.sh", &format!("#!/usr/bin/sh\n{command}\n"))
            .plan();
        assert!(planned.keeps("/usr/bin/web"), "{command}");
    }
    assert!(!machine.plan().keeps("/usr/bin/web"));
}

#[test]
fn a_unit_that_the_dockerfile_adds_is_followed() {
    let planned = booted(&["app"])
        .layer("CMD [\"bash\"]")
        .layer("COPY app.service /etc/systemd/system/ # buildkit")
        .file(
            &format!("{ETC}/app.service"),
            "[Service]\nExecStart=/usr/bin/app\n",
        )
        .plan();
    assert!(planned.keeps("/usr/bin/app"));
}

#[test]
fn too_many_units_are_an_error() {
    let mut names = String::new();
    for number in 0..100_000 {
        write!(names, "u{number}.service ").expect("a string can be written to");
    }
    let mut machine = unit(
        booted(&["web"]),
        "loop@.service",
        "[Unit]\nWants=loop@%i%i.service loop@%ia.service loop@%ib.service\n[Service]\n\
         StateDirectory=..\nExecStart=/usr/bin/web %i%i%i\n",
    )
    .link(&format!("{UNITS}/a.service"), "b.service")
    .link(&format!("{UNITS}/b.service"), "a.service");
    machine = unit(
        machine,
        "loop@x.target",
        "[Unit]\nWants=loop@x.target a.service\n",
    );
    machine = unit(
        machine,
        "basic.target",
        &format!("[Unit]\nWants=loop@a.service loop@x.target {names}\n"),
    );
    let error = machine.try_plan().unwrap_err().to_string();
    assert!(error.contains("too numerous or too large"), "{error}");
}

#[test]
fn values_count_with_their_specifiers_replaced_and_lines_by_their_number() {
    let instance = "x".repeat(230);
    let long = "%i".repeat(200);
    for settings in [
        format!("Environment=A={long}\n").repeat(1_000),
        format!("ReadWritePaths=/{long}\n").repeat(1_000),
        format!("EnvironmentFile=-/{long}\n").repeat(1_000),
        format!("Environment={}\n", format!("A={long} ").repeat(1_000)),
        "A=b\n".repeat(600_000),
    ] {
        let machine = service(booted(&["web"]), "web@.service", &settings);
        let wanted = format!("[Unit]\nWants=web@{instance}.service\n");
        let machine = unit(machine, "multi-user.target", &wanted);
        let start = settings.get(..30).unwrap_or_default();
        match machine.try_plan() {
            Err(error) => assert!(error.to_string().contains("too numerous or too large")),
            Ok(_) => panic!("{start}"),
        }
    }
}

#[test]
fn units_that_require_each_other_are_followed_once() {
    let machine = unit(
        booted(&["web"]),
        "one.service",
        "[Unit]\nRequires=two.service\n[Service]\nExecStart=/usr/bin/web\n",
    );
    let machine = unit(
        machine,
        "two.service",
        "[Unit]\nRequires=one.service two.service\n",
    );
    let planned = enabled(machine, "multi-user.target", "two.service").plan();
    assert!(planned.keeps("/usr/bin/web"));
}
