//! jettison lints Dockerfiles and images, and slims images: it throws overboard what the program
//! does not need.
//!
//! # Two flows, one shape
//!
//! ```text
//! lint   text ──▶ source ──▶ dockerfile ──▶ facts ──▶ rules ──▶ findings ──▶ suppressions ──▶ report | fixes
//! slim   image ─▶ layers ──▶ tree ──▶ roots ──▶ tracers until nothing is new ──▶ keep graph ──▶ verify ──▶ image + report
//! ```
//!
//! A rule is to lint what a tracer is to slim: a plain function from something read-only to a sink,
//! in a file of its own, in a list. Learn one half and you know the other.
//!
//! # Where things are
//!
//! | module | what is in it |
//! |---|---|
//! | [`size`] | sizes and counts as people read them |
//! | [`printable`] | text that is safe to print: no terminal obeys it, no reader is deceived by it |
//! | [`source`] | a text file: bytes, lines, spans |
//! | [`trust`] | what a repository may make jettison read, write and run |
//! | [`suggestion`] | "did you mean": the closest known name |
//! | [`knowledge`] | facts about the world, as tables: programs by class, sets of paths |
//! | [`page`] | a rule's page: front matter, heading, fenced examples |
//! | [`dockerfile`] | lossless syntax, and the shell inside RUN |
//! | [`image`] | an image as a value: configuration, layers, file system, readers and writers |
//! | [`elf`] | bytes in, facts out: what one ELF file needs, where the loader looks |
//! | [`packages`] | what is installed in an image, and which package each file is of |
//! | [`inspect`] | what is in an image, what its layers waste, and how two images differ |
//! | [`slim`] | roots, tracers, the keep graph, verification |
//! | [`loading`] | what a program's loader maps, for any program of an image |
//! | [`advisories`] | known vulnerabilities: an export of OSV, matched against what is installed |
//! | [`lint`] | the engine for Dockerfiles and images, facts about Dockerfiles, the policy; it is given the rules |
//! | [`rules`] | one file a rule, for Dockerfiles, images or both, named for its page in `rules/lint` |
//! | [`shellcheck`] | ShellCheck, asked once for all scripts of a run |
//! | [`report`] | one file an output format |
//! | [`config`] | configuration files to settings |
//! | [`cli`] | arguments, then one file a command |
//!
//! Uses point one way: `size, trust, printable, source, suggestion, knowledge → page, dockerfile`,
//! `elf, image → packages → inspect, slim, advisories`, `slim → loading`, all of these
//! `→ lint → rules, shellcheck → report → config → cli → main`. `lint` and `rules` are two modules
//! because [`lint::lint`] is given the rules. A test reads the `use` lines.
//!
//! # What holds everywhere
//!
//! - A Dockerfile that cannot be read is a finding; a broken ELF file is a note on the plan; a
//!   hostile archive is an error that names the blob and the entry. `anyhow` is for [`cli`] alone.
//! - A repository is not trusted: [`trust`] decides what is read, written and run because of it.
//! - Paths of an image are bytes, and [`image::Tree::resolve`] is the one way to follow them.
//! - The same input gives the same output: ordered maps, sorted lists, no clock, no paths of the
//!   host.

pub mod advisories;
pub mod cli;
pub mod config;
pub mod dockerfile;
pub mod elf;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod image;
pub mod inspect;
pub mod knowledge;
pub mod lint;
pub mod loading;
pub mod packages;
pub mod page;
pub mod printable;
pub mod report;
pub mod rules;
pub mod shellcheck;
pub mod size;
pub mod slim;
pub mod source;
pub mod suggestion;
pub mod trust;
