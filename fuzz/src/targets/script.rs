//! Scripts in every language that the slimmer reads, identified by their `#!` lines, as the program
//! of an image.

use crate::sample;

/// Files that can be started, loaded and found.
const PROGRAMS: [&str; 10] = [
    "/usr/bin/sh",
    "/usr/bin/env",
    "/usr/bin/date",
    "/usr/bin/python3.11",
    "/usr/bin/perl",
    "/usr/bin/ruby",
    "/usr/bin/node",
    "/usr/bin/php",
    "/usr/bin/lua5.4",
    "/usr/bin/s6-svscan",
];
const MODULES: [&str; 8] = [
    "/usr/lib/python3.11/os.py",
    "/usr/lib/python3.11/json/__init__.py",
    "/usr/share/perl/5.36.0/strict.pm",
    "/usr/lib/ruby/3.1.0/json.rb",
    "/node_modules/a/package.json",
    "/node_modules/a/index.js",
    "/lib.sh",
    "/usr/share/lua/5.4/a.lua",
];

pub(crate) fn run(bytes: &[u8]) {
    let mut files = vec![sample::program("/app", bytes)];
    for program in PROGRAMS {
        files.push(sample::program(program, &sample::static_program()));
    }
    for module in MODULES {
        files.push(sample::data(module, bytes));
    }
    sample::check_image(&sample::image(&["/app"], files));
}
