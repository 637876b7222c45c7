//! `debug-tool-in-image`: a tool for debugging or for looking into networks is in the image.

use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "debug-tool-in-image",
    page: include_str!("../../rules/lint/debug-tool-in-image.md"),
    dockerfile: None,
    image: Some(check),
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

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    for (program, name) in cx.programs(&TOOLS) {
        findings.add(
            cx.at_file(name),
            format!("`{program}` helps whoever gets in more than the program"),
        );
    }
}
