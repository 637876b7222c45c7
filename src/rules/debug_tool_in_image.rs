//! `debug-tool-in-image`: a debugger or a network tool is in the image.

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
    for (_, name) in cx.programs(&TOOLS) {
        let path = cx.path(name);
        findings.add(
            cx.at_file(name),
            format!("debugging tool `{path}` is in the image"),
        );
    }
}
