//! jettison lints Dockerfiles and images, and slims images: it removes the files that the program
//! does not need.
//!
//! This library exists only for the program with the same name and its tests. It is **not a public
//! API**: any item may change or disappear in any release, and there is no semantic versioning for
//! it. The stable interfaces are the command line, the configuration file and the output formats,
//! which README.md describes.
//!
//! # Two flows, one shape
//!
//! ```text
//! lint   text ──▶ source ──▶ dockerfile ──▶ facts ─┬─▶ rules ──▶ findings ──▶ suppressions
//!        image ─▶ tree ────▶ inspection, plan ─────┘                 └──▶ report | fixes
//! slim   image ─▶ layers ──▶ tree ──▶ roots ──▶ tracers, until nothing is new ──▶ keep graph
//!                                                      └──▶ verification ──▶ image + report
//! ```
//!
//! Rules in `lint` correspond to tracers in `slim`: each is a plain function from read-only input
//! to a sink, in a separate file, registered in a list. If you know one half, you know the other.
//!
//! # Modules
//!
//! | module | contents |
//! |---|---|
//! | [`size`] | formatting of sizes and counts |
//! | [`hash`] | formatting hashes, and hashing values of several parts |
//! | [`printable`] | text that is safe to print: no terminal acts on it, no reader is deceived |
//! | [`paths`] | paths inside images, as text or as bytes |
//! | [`source`] | a text file: bytes, lines, spans |
//! | [`trust`] | the files that a repository may make jettison read, write and run |
//! | [`suggestion`] | "did you mean": the closest known name |
//! | [`knowledge`] | facts about the world, as tables: programs by class, sets of paths |
//! | [`page`] | a rule's page: front matter, heading, fenced examples |
//! | [`dockerfile`] | lossless syntax of Dockerfiles, and the shell inside RUN |
//! | [`deployment`] | Compose files, Kubernetes manifests and Bake files, as one model |
//! | [`image`] | an image as a value: configuration, layers, file system, readers and writers |
//! | [`elf`] | one ELF file: its facts, and the search of the dynamic loader |
//! | [`packages`] | installed packages, and the package of each file |
//! | [`advisories`] | known vulnerabilities: an OSV export, matched against installed packages |
//! | [`attestation`] | signed statements about slimming: made, and checked against two images |
//! | [`inspect`] | contents of an image, waste of its layers, differences between two images |
//! | [`slim`] | roots, tracers, keep rules, the keep graph, verification |
//! | [`loading`] | libraries that a loader maps for a program, on an image or the host |
//! | [`evidence`] | tests of images in containers, and the files that they need |
//! | [`lint`] | the engine for Dockerfiles and images: facts, findings, policy |
//! | `frontend` | BuildKit's gateway, and build graphs |
//! | [`harden`] | run-time settings that the keep graph of an image allows |
//! | [`rules`] | one file a rule, named like its page in `rules/lint` |
//! | [`shellcheck`] | ShellCheck, run on batches of scripts, and the cache of its answers |
//! | [`report`] | one file an output format |
//! | [`config`] | configuration files to settings |
//! | [`cli`] | arguments, then one file a command |
//!
//! Uses point one way: `size, hash, trust, printable, paths, source, suggestion → knowledge → page,
//! dockerfile`, `source → deployment`, `elf, image → packages → inspect, slim, advisories,
//! attestation`, `slim →
//! loading`, `image → evidence → slim`, `hash, trust → frontend`, all of these `→ lint → rules,
//! shellcheck, harden → report → config → cli → main`. `lint` and `rules` are two modules because
//! [`lint::lint`] takes the rules as an argument. A test reads the `use` lines.
//!
//! # Invariants: deliberately absent
//!
//! - No code of an image is ever run, except by [`evidence`], if the user asks for a test. Its
//!   containers are started by Podman or Docker. The only other programs that jettison starts are
//!   on the host: Git, a pager, `ssh`, credential helpers and ShellCheck.
//! - No image is unpacked to the host, and no path of an image is ever followed on the host. Paths
//!   of an image are bytes, and [`image::Tree::resolve`] is the one way to follow them.
//! - `dockerfile`, `knowledge`, `lint` and `rules` do no I/O: their input is an argument. So is
//!   that of `elf`, except for the features of the host's processor.
//! - Async code stays inside `image/transport` and `frontend/connection`, `anyhow` inside [`cli`].
//! - A kept file is unchanged, byte for byte, and so is its header. The only additions are package
//!   records, and configuration fields that a user overrides.
//! - Nothing is written before a plan is complete, and results are written atomically.
//! - A repository is not trusted: [`trust`] decides which of its files are read, and it never makes
//!   jettison write a file or run a program.
//! - The same input results in the same output: ordered maps, sorted lists, no clock, no host
//!   paths. The exceptions are the time limit for a hostile shell script, which is reported, and
//!   ECDSA signatures, which contain a random number.
//! - Input must not cause a panic. A Dockerfile with errors is a finding; a broken ELF file is a
//!   note on the plan; a hostile archive is an error that names the blob and the entry. All reading
//!   is within limits, and a part that exceeds one is reported.
//!
//! # Glossary
//!
//! | word | meaning |
//! |---|---|
//! | confidence | certainty of an edge of the keep graph: certain, observed, likely or possible |
//! | facts | read-only answers about an input that several rules need, computed once |
//! | finding | a result of a rule: message, severity, place, perhaps a fix |
//! | fix | edits that resolve a finding: *safe* ones keep the meaning of the file |
//! | found, named | a path from a search or a repository; a path from a person, with more trust |
//! | keep graph | the kept names, each with the reasons for it; every chain ends at a root |
//! | keep rule | a page in `rules/keep`: a condition, and the paths to keep if it is met |
//! | name, inode | an entry of a directory; the file behind it, which several names can share |
//! | observation | the paths that programs of an image used in runs that were watched |
//! | plan | the result of slimming before anything is written: kept, dropped and unmet |
//! | policy | limits and bans for images, from `.jettison.toml`, with exceptions that expire |
//! | pragma | a comment that suppresses findings in a Dockerfile |
//! | profile | a set of rules: `default`, `minimal` or `pedantic` |
//! | root | a starting point of slimming, such as the entry point or `--keep` |
//! | tracer | a function that keeps what a kept name needs, such as the libraries of a program |
//! | whiteout | an entry of a layer that removes a name of a lower layer |

pub mod advisories;
pub mod attestation;
pub mod cli;
pub mod config;
pub mod deployment;
pub mod dockerfile;
pub mod elf;
pub mod evidence;
pub mod examples;
#[cfg(feature = "frontend")]
pub mod frontend;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod harden;
pub mod hash;
pub mod image;
pub mod inspect;
pub mod knowledge;
pub mod lint;
pub mod loading;
pub mod packages;
pub mod page;
pub mod paths;
pub mod printable;
pub mod report;
pub mod rules;
pub mod shellcheck;
pub mod size;
pub mod slim;
pub mod source;
pub mod suggestion;
pub mod trust;
