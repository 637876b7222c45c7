//! `debug-tool-in-image`: a tool for debugging or for looking into networks is in the image.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "debug-tool-in-image",
    page: Some(include_str!("../../../rules/lint/debug-tool-in-image.md")),
    check,
};

const TOOLS: [&str; 22] = [
    "gdb",
    "gdbserver",
    "lldb",
    "strace",
    "ltrace",
    "perf",
    "valgrind",
    "tcpdump",
    "tshark",
    "nmap",
    "nc",
    "ncat",
    "netcat",
    "socat",
    "telnet",
    "arp-scan",
    "hping3",
    "masscan",
    "delve",
    "dlv",
    "bpftrace",
    "objdump",
];

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    for (program, name) in cx.programs(&TOOLS) {
        findings.file(
            name,
            format!("`{program}` helps whoever gets in more than the program"),
        );
    }
}
