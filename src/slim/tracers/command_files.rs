//! Tracer for files that contain commands but are not scripts: crontabs, Procfiles, systemd units,
//! Ansible playbooks with their templates, and the configuration of service managers.

use crate::image::NameId;
use crate::slim::keep::Keep;
use crate::slim::tracer::Tracer;
use crate::slim::units::{Setting, settings};
use crate::slim::why::Why;

use super::{shell, systemd};

pub(super) struct CommandFileTracer;

impl Tracer for CommandFileTracer {
    fn trace(&mut self, keep: &mut Keep<'_>, name: NameId) {
        if !keep.is_file(name) {
            return;
        }
        let path = keep.tree().path(name);
        if is_unit(&path) {
            return read_unit(keep, name);
        }
        if path == b"/etc/logrotate.conf" || path.starts_with(b"/etc/logrotate.d/") {
            return read_rotation(keep, name);
        }
        let known = reader(&path);
        // A schedule may have any name; one that the user added is recognized by its lines.
        if known.is_none() && !may_be_schedule(keep, name) {
            return;
        }
        let Some(bytes) = keep.view.bytes(name) else {
            return;
        };
        if !may_read(keep, name, bytes.len()) {
            return;
        }
        let text = String::from_utf8_lossy(&bytes);
        let commands: Reader = match known {
            Some(commands) => commands,
            None if is_schedule(&text) => crontab,
            None => return,
        };
        // YAML is the format of many other files.
        if is_yaml(&path) && !is_taskfile(&path) && !is_playbook(&path, &text) {
            return;
        }
        for (index, line) in text.lines().enumerate() {
            if line.trim_start().starts_with('#') {
                continue;
            }
            if let Some(part) = commands(line) {
                keep_part(keep, name, index + 1, &part);
            }
        }
        if is_yaml(&path) {
            for (line, command) in blocks(&text) {
                shell::keep_text_of(keep, name, line, &command);
            }
        }
    }
}

/// Whether there is room for the text of another file. A file may have a hundred thousand names,
/// and each is read.
fn may_read(keep: &mut Keep<'_>, name: NameId, length: usize) -> bool {
    if keep.effort.texts.spend(length) {
        return true;
    }
    let text = "too much text in the image: the commands in this file are not analyzed";
    keep.note(Some(name), None, text.to_owned());
    false
}

fn keep_part(keep: &mut Keep<'_>, name: NameId, line: usize, part: &Part<'_>) {
    match part {
        Part::Command(command) => shell::keep_text_of(keep, name, line, command),
        Part::File(path) => {
            let why = Why::mention((*path).to_owned(), line);
            keep.keep_path(path.as_bytes(), Some(name), why);
        }
    }
}

/// The part of a line that counts.
#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    /// Text that a shell could run.
    Command(&'a str),
    File(&'a str),
}

type Reader = fn(&str) -> Option<Part<'_>>;

/// The function that reads the lines of a file, by its path.
fn reader(path: &[u8]) -> Option<Reader> {
    let path = std::str::from_utf8(path).ok()?;
    let (directory, name) = path.rsplit_once('/')?;
    match directory {
        // A line in these has the name of a user before the command.
        "/etc/cron.d" => return Some(system_crontab),
        "/etc/crontabs" | "/var/spool/cron" | "/var/spool/cron/crontabs" => return Some(crontab),
        "/etc/finit.d" | "/etc/finit.d/enabled" => return Some(finit),
        _ if directory.contains("/dinit.d") => return Some(dinit),
        _ if directory.ends_with("/horust/services") => return Some(horust),
        _ if directory.starts_with("/etc/monit/") => return Some(monit),
        _ => {}
    }
    match name {
        "Taskfile.yml" | "Taskfile.yaml" => return Some(taskfile),
        "justfile" | "Justfile" | ".justfile" => return Some(recipe),
        _ if name.starts_with("zabbix_agent") || directory.starts_with("/etc/zabbix/") => {
            return Some(zabbix);
        }
        _ => {}
    }
    match name {
        "crontab" if directory == "/etc" => Some(system_crontab),
        "crontab" => Some(crontab),
        "Procfile" => Some(procfile),
        "inittab" if directory == "/etc" => Some(inittab),
        "finit.conf" if directory == "/etc" => Some(finit),
        "monitrc" if directory == "/etc" || directory == "/etc/monit" => Some(monit),
        "circus.ini" => Some(circus),
        _ if is_crontab(name.as_bytes()) => Some(crontab),
        _ if name.starts_with("Procfile.") => Some(procfile),
        _ if is_yaml(name.as_bytes()) => Some(playbook),
        _ if name.as_bytes().ends_with(b".j2") => Some(template),
        _ => None,
    }
}

fn is_crontab(path: &[u8]) -> bool {
    path.ends_with(b".cron") || path.ends_with(b".crontab")
}

fn is_yaml(path: &[u8]) -> bool {
    path.ends_with(b".yml") || path.ends_with(b".yaml")
}

/// Whether a file has plays, or tasks and variables in the directory of a role.
fn is_playbook(path: &[u8], text: &str) -> bool {
    const PARTS: [&str; 6] = [
        "/defaults/",
        "/group_vars/",
        "/handlers/",
        "/host_vars/",
        "/tasks/",
        "/vars/",
    ];
    let is_in_role = PARTS
        .iter()
        .any(|part| memchr::memmem::find(path, part.as_bytes()).is_some());
    is_in_role
        || text.lines().any(|line| {
            line.trim_start_matches("- ")
                .trim_start()
                .starts_with("hosts:")
        })
}

/// `0 3 * * * command` and `@daily command`, crontab(5).
fn crontab(line: &str) -> Option<Part<'_>> {
    scheduled(line).map(Part::Command)
}

fn system_crontab(line: &str) -> Option<Part<'_>> {
    let (_user, command) = scheduled(line)?.split_once(char::is_whitespace)?;
    Some(Part::Command(command.trim_start()))
}

/// The text after the time of a job; none for a line that sets a variable.
fn scheduled(line: &str) -> Option<&str> {
    let mut rest = line.trim();
    let fields = if rest.starts_with('@') { 1 } else { 5 };
    for _ in 0..fields {
        let (field, after) = rest.split_once(char::is_whitespace)?;
        if !is_time(field) {
            return None;
        }
        rest = after.trim_start();
    }
    Some(rest)
}

/// Whether a file may be a crontab under a name of its own, such as `/app/jobs`, which an argument
/// of `supercronic` or `crontab` names. Only the first bytes are looked at.
fn may_be_schedule(keep: &Keep<'_>, name: NameId) -> bool {
    const LOOKED_AT: usize = 4096;
    let tree = keep.tree();
    if !keep.graph.is_users(name) || has_ending(tree.file_name(name)) {
        return false;
    }
    let head = keep.view.head(tree.inode_id(name), LOOKED_AT);
    let starts = head
        .split(|&byte| byte == b'\n')
        .map(<[u8]>::trim_ascii_start);
    let mut starts = starts.filter_map(|line| line.first());
    // Other texts have a line that begins in another way.
    !head.contains(&0) && starts.any(|first| b"*@0123456789".contains(first))
}

/// Whether a file has an ending that no crontab has.
fn has_ending(file_name: &[u8]) -> bool {
    let mut parts = file_name.rsplitn(2, |&byte| byte == b'.');
    let ending = parts.next().unwrap_or_default();
    parts.next().is_some() && !matches!(ending, b"conf" | b"cron" | b"tab" | b"txt")
}

/// Whether every line of a text belongs in a crontab, and one is a job with a `*` or an `@` in its
/// time: five numbers may be data.
fn is_schedule(text: &str) -> bool {
    let mut has_job = false;
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') || is_assignment(line) {
            continue;
        }
        let Some(command) = scheduled(line) else {
            return false;
        };
        let time = &line[..line.len() - command.len()];
        if !time.starts_with('@') && time.split_whitespace().any(is_word) {
            return false;
        }
        has_job |= time.contains(['*', '@']);
    }
    has_job
}

/// Whether a field of a time is a word of a sentence: months and days have three letters.
fn is_word(field: &str) -> bool {
    let letters = field.bytes().filter(u8::is_ascii_alphabetic).count();
    letters > 3 && letters == field.len()
}

/// `MAILTO=root`, crontab(5).
fn is_assignment(line: &str) -> bool {
    line.split_once('=').is_some_and(|(name, _)| {
        let mut bytes = name.trim().bytes();
        bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

fn is_time(field: &str) -> bool {
    field
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"@*/,-~?#".contains(&byte))
}

/// `web: command`.
fn procfile(line: &str) -> Option<Part<'_>> {
    let (name, command) = line.split_once(": ")?;
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if is_name {
        Some(Part::Command(command.trim()))
    } else {
        None
    }
}

fn is_taskfile(path: &[u8]) -> bool {
    path.ends_with(b"/Taskfile.yml") || path.ends_with(b"/Taskfile.yaml")
}

/// `- command` and `- cmd: command` of a task, <https://taskfile.dev/reference/schema>.
fn taskfile(line: &str) -> Option<Part<'_>> {
    let item = line.trim_start().trim_start_matches("- ");
    let command = match item.split_once(": ") {
        Some(("cmd" | "sh", command)) => command,
        Some((key, _)) if !key.contains(' ') => return None,
        _ if line.trim_start().starts_with("- ") => item,
        _ => return None,
    };
    Some(Part::Command(command.trim().trim_matches(['"', '\''])))
}

/// A line of a recipe, which is indented, <https://just.systems/man/en>.
fn recipe(line: &str) -> Option<Part<'_>> {
    if !line.starts_with([' ', '\t']) {
        return None;
    }
    Some(Part::Command(
        line.trim_start().trim_start_matches(['@', '-']),
    ))
}

/// `UserParameter=key,command` of the agent of Zabbix, which runs it in a shell.
fn zabbix(line: &str) -> Option<Part<'_>> {
    let parameter = line.trim().strip_prefix("UserParameter=")?;
    let (_, command) = parameter.split_once(',')?;
    Some(Part::Command(command))
}

/// `id:runlevels:action:process`, inittab(5).
fn inittab(line: &str) -> Option<Part<'_>> {
    let mut fields = line.splitn(4, ':').skip(2);
    let (action, process) = (fields.next()?, fields.next()?);
    // Login prompts are for the terminals of a machine, which containers do not have.
    if action == "askfirst" || process.contains("getty") {
        return None;
    }
    Some(Part::Command(process.trim().trim_start_matches(['+', '-'])))
}

/// `service [2345] <pid/syslogd> /usr/sbin/app -n -- Application`, finit's `files.md`.
fn finit(line: &str) -> Option<Part<'_>> {
    const STANZAS: [&str; 4] = ["run", "service", "sysv", "task"];
    let (stanza, rest) = line.trim().split_once(char::is_whitespace)?;
    if !STANZAS.contains(&stanza) {
        return None;
    }
    // Options and conditions precede the program: `name:app <net/eth0/up> @app:app`.
    let start = match rest.find(" /") {
        Some(at) => at + 1,
        None if rest.starts_with('/') => 0,
        None => return None,
    };
    let command = rest[start..].split(" -- ").next()?;
    Some(Part::Command(command.trim()))
}

/// `command = /usr/sbin/app`, dinit-service(5).
fn dinit(line: &str) -> Option<Part<'_>> {
    assigned(line, &["command", "stop-command"]).map(Part::Command)
}

/// `command = "/usr/sbin/app"` of a service in TOML.
fn horust(line: &str) -> Option<Part<'_>> {
    assigned(line, &["command"]).map(Part::Command)
}

/// `cmd = /usr/sbin/app` of a watcher.
fn circus(line: &str) -> Option<Part<'_>> {
    assigned(line, &["cmd"]).map(Part::Command)
}

/// `start program = "/etc/init.d/app start"`, monit(1).
fn monit(line: &str) -> Option<Part<'_>> {
    const KEYS: [&str; 5] = [
        "start",
        "start program",
        "stop",
        "stop program",
        "restart program",
    ];
    assigned(line, &KEYS).map(Part::Command)
}

/// The value of a setting with one of these names, without quotes.
fn assigned<'a>(line: &'a str, keys: &[&str]) -> Option<&'a str> {
    let (key, value) = line.split_once('=')?;
    if !keys.contains(&key.trim()) {
        return None;
    }
    let value = value.trim();
    let quoted = value
        .strip_prefix('"')
        .and_then(|rest| rest.split('"').next());
    Some(quoted.unwrap_or(value))
}

fn is_unit(path: &[u8]) -> bool {
    let endings: [&[u8]; 3] = [b".service", b".socket", b".timer"];
    endings.iter().any(|ending| path.ends_with(ending))
        && memchr::memmem::find(path, b"/systemd/").is_some()
}

/// Reads a unit in an image that does not start systemd; something else may start its commands.
fn read_unit(keep: &mut Keep<'_>, name: NameId) {
    // If the image starts systemd, its tracer determines which units are started.
    if keep.starts_systemd {
        return;
    }
    let Some(bytes) = keep.view.bytes(name) else {
        return;
    };
    if !may_read(keep, name, bytes.len()) {
        return;
    }
    for setting in settings(&String::from_utf8_lossy(&bytes)) {
        if let Some(part) = unit_part(&setting) {
            keep_part(keep, name, setting.line, &part);
        }
    }
}

/// Reads the scripts in a configuration of logrotate, which end at `endscript`: logrotate(8).
fn read_rotation(keep: &mut Keep<'_>, name: NameId) {
    let Some(bytes) = keep.view.bytes(name) else {
        return;
    };
    if !may_read(keep, name, bytes.len()) {
        return;
    }
    for (line, script) in rotation_scripts(&String::from_utf8_lossy(&bytes)) {
        shell::keep_text_of(keep, name, line, &script);
    }
}

/// The scripts, each with the number of its first line.
fn rotation_scripts(text: &str) -> Vec<(usize, String)> {
    const STARTS: [&str; 5] = [
        "firstaction",
        "lastaction",
        "postrotate",
        "preremove",
        "prerotate",
    ];
    let mut scripts: Vec<(usize, String)> = Vec::new();
    let mut is_open = false;
    for (index, line) in text.lines().enumerate() {
        let word = line.trim();
        if STARTS.contains(&word) {
            is_open = true;
            scripts.push((index + 2, String::new()));
        } else if word == "endscript" {
            is_open = false;
        } else if is_open && let Some((_, script)) = scripts.last_mut() {
            script.push_str(line);
            script.push('\n');
        }
    }
    scripts
}

/// `ExecStart=-/usr/bin/x --y` and `EnvironmentFile=-/etc/default/x`, systemd.exec(5).
fn unit_part(setting: &Setting) -> Option<Part<'_>> {
    match setting.key.as_str() {
        key if systemd::COMMANDS.contains(&key) => {
            Some(Part::Command(systemd::without_signs(&setting.value)))
        }
        "EnvironmentFile" => Some(Part::File(setting.value.trim_start_matches('-'))),
        _ => None,
    }
}

/// `command: …` and `shell: …` of a task, and what a line asks of a shell.
fn playbook(line: &str) -> Option<Part<'_>> {
    let command = module(line).map(|(_, value)| value.trim_matches(['"', '\'']));
    match command {
        Some(command) if !command.is_empty() && !command.starts_with(['|', '>', '[']) => {
            Some(Part::Command(command))
        }
        _ => template(line),
    }
}

/// The column and the value of a key that runs a command.
fn module(line: &str) -> Option<(usize, &str)> {
    const MODULES: [&str; 6] = [
        "ansible.builtin.command",
        "ansible.builtin.raw",
        "ansible.builtin.shell",
        "command",
        "cmd",
        "shell",
    ];
    let rest = line.trim_start().trim_start_matches("- ");
    let (key, value) = rest.split_once(':')?;
    if MODULES.contains(&key.trim()) {
        Some((line.len() - rest.len(), value.trim()))
    } else {
        None
    }
}

/// `lookup('pipe', 'command')` in a playbook or in a template of Jinja.
fn template(line: &str) -> Option<Part<'_>> {
    let (_, rest) = line
        .split_once("'pipe',")
        .or_else(|| line.split_once("\"pipe\","))?;
    let rest = rest.trim_start();
    let quote = rest.chars().next().filter(|first| "'\"".contains(*first))?;
    let (command, _) = rest[1..].split_once(quote)?;
    Some(Part::Command(command))
}

/// The commands of `shell: |` with the lines below it, which are indented more, and the number of
/// the first of these.
fn blocks(text: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, usize, String)> = None;
    for (index, line) in text.lines().enumerate() {
        let indentation = line.len() - line.trim_start().len();
        if let Some((column, _, command)) = &mut open {
            if line.trim().is_empty() || indentation > *column {
                command.push_str(line);
                command.push('\n');
                continue;
            }
            blocks.extend(open.take().map(|(_, first, command)| (first, command)));
        }
        if let Some((column, value)) = module(line)
            && value.starts_with(['|', '>'])
        {
            open = Some((column, index + 2, String::new()));
        }
    }
    blocks.extend(open.map(|(_, first, command)| (first, command)));
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crontab_command_follows_its_schedule() {
        let command = |line| crontab(line);
        assert_eq!(
            command("0 3 * * 1-5 /backup.sh -q"),
            Some(Part::Command("/backup.sh -q"))
        );
        assert_eq!(command("@daily  backup"), Some(Part::Command("backup")));
        assert_eq!(command("PATH=/usr/bin:/bin"), None);
        assert_eq!(command("MAILTO = root"), None);
        assert_eq!(
            system_crontab("*/5 * * * * root  cd / && run-parts /x"),
            Some(Part::Command("cd / && run-parts /x"))
        );
    }

    #[test]
    fn a_schedule_is_recognized_by_its_lines() {
        for text in [
            "*/5 * * * * backup -q\n",
            "# nightly\nMAILTO=root\n0 3 * * * backup | gzip\n",
            "@daily cd /app && ./clean\n",
        ] {
            assert!(is_schedule(text), "{text}");
        }
        for text in [
            "",
            "MAILTO=root\n",
            "1 2 3 4 5 data\n",
            "* a list\n* of points\n* which tells more than that\n",
            "0 3 * * * backup\nand a sentence\n",
        ] {
            assert!(!is_schedule(text), "{text}");
        }
    }

    #[test]
    fn scripts_of_a_log_rotation_end_at_a_keyword() {
        let text = "/var/log/x {\n  weekly\n  postrotate\n    kill 1\n  endscript\n}\n";
        assert_eq!(rotation_scripts(text), [(4, "    kill 1\n".to_owned())]);
        assert!(rotation_scripts("weekly\n").is_empty());
    }

    #[test]
    fn tasks_recipes_and_parameters_of_agents_are_commands() {
        let command = |text| Some(Part::Command(text));
        assert_eq!(taskfile("      - gzip x"), command("gzip x"));
        assert_eq!(taskfile("      - cmd: 'gzip x'"), command("gzip x"));
        assert_eq!(taskfile("    desc: gzip"), None);
        assert_eq!(recipe("    @gzip x"), command("gzip x"));
        assert_eq!(recipe("run: build"), None);
        assert_eq!(zabbix("UserParameter=x[*],gzip $1"), command("gzip $1"));
        assert_eq!(zabbix("Server=127.0.0.1"), None);
    }

    #[test]
    fn units_and_procfiles_have_commands() {
        let text = "ExecStart=-/usr/bin/x --y\nEnvironmentFile=-/etc/default/x\nDescription=/x\n";
        let settings = settings(text);
        let parts: Vec<_> = settings.iter().map(unit_part).collect();
        assert_eq!(
            parts,
            [
                Some(Part::Command("/usr/bin/x --y")),
                Some(Part::File("/etc/default/x")),
                None
            ]
        );
        assert_eq!(
            procfile("web: gunicorn app"),
            Some(Part::Command("gunicorn app"))
        );
        assert_eq!(procfile("https://example.org"), None);
    }

    #[test]
    fn configuration_of_service_managers_has_commands() {
        let command = |text| Some(Part::Command(text));
        assert_eq!(
            inittab("::respawn:-/usr/bin/app -x"),
            command("/usr/bin/app -x")
        );
        assert_eq!(
            inittab("l2:2:wait:/etc/init.d/rc 2"),
            command("/etc/init.d/rc 2")
        );
        assert_eq!(inittab("tty1::respawn:/sbin/getty 38400 tty1"), None);
        assert_eq!(inittab("id:2:initdefault:"), command(""));
        assert_eq!(
            finit("service [2345] <net/up> /sbin/app -n -- The application"),
            command("/sbin/app -n")
        );
        assert_eq!(finit("hostname app"), None);
        assert_eq!(
            dinit("command = /usr/bin/app -x"),
            command("/usr/bin/app -x")
        );
        assert_eq!(dinit("depends-on = net"), None);
        assert_eq!(
            horust("command = \"/usr/bin/app -x\""),
            command("/usr/bin/app -x")
        );
        assert_eq!(
            monit("  start program = \"/usr/bin/app\" with timeout 60 seconds"),
            command("/usr/bin/app")
        );
        assert_eq!(circus("cmd = python app.py"), command("python app.py"));
    }

    #[test]
    fn tasks_of_a_playbook_run_commands() {
        assert_eq!(
            playbook("    - shell: pg_dump x | gzip"),
            Some(Part::Command("pg_dump x | gzip"))
        );
        assert_eq!(playbook("      cmd: 'ls'"), Some(Part::Command("ls")));
        assert_eq!(playbook("      command: [\"a\"]"), None);
        assert_eq!(playbook("    name: command"), None);
        let pipe = "    user: \"{{ lookup('pipe', 'id -un') }}\"";
        assert_eq!(playbook(pipe), Some(Part::Command("id -un")));
        assert_eq!(template("{{ lookup('file', '/etc/x') }}"), None);
    }

    #[test]
    fn a_block_of_a_task_is_one_text() {
        let tasks =
            "- name: x\n  shell: |\n    set -e\n    pg_dump x\n  register: out\n- shell: >\n    ls";
        let expected = [(3, "    set -e\n    pg_dump x\n"), (7, "    ls\n")];
        let found = blocks(tasks);
        let found: Vec<(usize, &str)> = found
            .iter()
            .map(|(line, command)| (*line, command.as_str()))
            .collect();
        assert_eq!(found, expected);
    }
}
