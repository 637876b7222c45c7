//! Package managers: one table of what they are called, how they are told what to do, and what they
//! leave behind.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::pin::Pin;
use super::run::{Argument, Call};

/// What rules need to know of a package manager.
#[derive(Debug)]
pub struct Manager {
    pub name: &'static str,
    /// The commands that are it.
    pub programs: &'static [&'static str],
    pub verbs: &'static [(&'static str, Action)],
    /// Options whose value is the next word.
    pub value_options: &'static [&'static str],
    /// Where it keeps the lists of what there is.
    pub lists: &'static [&'static str],
    /// Where it keeps what it has downloaded.
    pub caches: &'static [&'static str],
    /// What stands between a package's name and its version.
    pub version_mark: &'static str,
    /// The packages, of any manager, that bring it.
    pub packages: &'static [&'static str],
    /// Words before a verb that leave it what it is: `dnf module install`.
    pub prefixes: &'static [&'static str],
    /// What it does where no verb stands.
    pub bare: Option<Action>,
    /// Options that answer its questions; none where it asks none.
    pub yes: &'static [&'static str],
    /// How its packages say their versions.
    pub pin: Pin,
    /// Options that settle the version of all that a call installs.
    pub pin_options: &'static [&'static str],
    /// Options that leave nothing in its cache.
    pub no_cache: &'static [&'static str],
    /// The variable that does the same where it is true.
    pub no_cache_variable: Option<&'static str>,
}

/// What a row leaves out.
const NONE: Manager = Manager {
    name: "",
    programs: &[],
    verbs: &[],
    value_options: &[],
    lists: &[],
    caches: &[],
    version_mark: "=",
    packages: &[],
    prefixes: &[],
    bare: None,
    yes: &[],
    pin: Pin::Compared,
    pin_options: &[],
    no_cache: &[],
    no_cache_variable: None,
};

/// What a call is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Install,
    /// Fetches the lists.
    Update,
    Upgrade,
    Remove,
    /// Empties a cache.
    Clean,
    /// Fetches a package and runs it.
    Execute,
}

use Action::{Clean, Execute, Install, Remove, Update, Upgrade};

const DNF_VERBS: &[(&str, Action)] = &[
    ("install", Install),
    ("in", Install),
    ("localinstall", Install),
    ("groupinstall", Install),
    ("reinstall", Install),
    ("makecache", Update),
    ("groupupdate", Upgrade),
    ("rei", Install),
    ("up", Upgrade),
    ("up-min", Upgrade),
    ("update", Upgrade),
    ("upgrade", Upgrade),
    ("upgrade-minimal", Upgrade),
    ("distro-sync", Upgrade),
    ("remove", Remove),
    ("erase", Remove),
    ("autoremove", Remove),
    ("clean", Clean),
];
const DNF_OPTIONS: &[&str] = &[
    "-c",
    "-d",
    "-e",
    "-R",
    "-x",
    "--config",
    "--enablerepo",
    "--disablerepo",
    "--repo",
    "--repoid",
    "--exclude",
    "--installroot",
    "--releasever",
    "--setopt",
    "--forcearch",
];
const NPM_VERBS: &[(&str, Action)] = &[
    ("install", Install),
    ("i", Install),
    ("add", Install),
    ("ci", Install),
    ("uninstall", Remove),
    ("remove", Remove),
    ("rm", Remove),
    ("update", Upgrade),
    ("cache", Clean),
    ("store", Clean),
];
const DNF_YES: &[&str] = &["-y", "--assumeyes", "--assume-yes"];
const DNF_PREFIXES: &[&str] = &["group", "groups", "module"];

/// All managers, by name.
pub static MANAGERS: [Manager; 22] = [
    Manager {
        name: "apk",
        programs: &["apk"],
        verbs: &[
            ("add", Install),
            ("update", Update),
            ("upgrade", Upgrade),
            ("del", Remove),
            ("cache", Clean),
        ],
        value_options: &[
            "-t",
            "--virtual",
            "-X",
            "--repository",
            "-p",
            "--root",
            "--arch",
            "--keys-dir",
            "--cache-dir",
        ],
        lists: &["/var/cache/apk"],
        caches: &["/var/cache/apk", "/etc/apk/cache"],
        version_mark: "=",
        packages: &["apk-tools"],
        pin: Pin::Compared,
        no_cache: &["--no-cache", "--no-network"],
        ..NONE
    },
    Manager {
        name: "apt",
        programs: &["apt-get", "apt", "aptitude"],
        verbs: &[
            ("install", Install),
            ("reinstall", Install),
            ("build-dep", Install),
            ("update", Update),
            ("upgrade", Upgrade),
            ("dist-upgrade", Upgrade),
            ("full-upgrade", Upgrade),
            ("safe-upgrade", Upgrade),
            ("remove", Remove),
            ("purge", Remove),
            ("autoremove", Remove),
            ("clean", Clean),
            ("autoclean", Clean),
            ("distclean", Clean),
        ],
        value_options: &[
            "-t",
            "--target-release",
            "--default-release",
            "-o",
            "--option",
            "-c",
            "--config-file",
            "-a",
            "--host-architecture",
            "-P",
            "--build-profiles",
        ],
        lists: &["/var/lib/apt/lists"],
        caches: &["/var/cache/apt"],
        version_mark: "=",
        packages: &["apt", "aptitude"],
        yes: &["-y", "--yes", "--assume-yes", "--force-yes"],
        pin: Pin::Release,
        ..NONE
    },
    Manager {
        name: "bun",
        programs: &["bun"],
        verbs: NPM_VERBS,
        value_options: &[],
        lists: &[],
        caches: &["/root/.bun/install/cache"],
        version_mark: "@",
        packages: &["bun"],
        pin: Pin::Node,
        ..NONE
    },
    Manager {
        name: "bundler",
        programs: &["bundle", "bundler"],
        verbs: &[("install", Install), ("update", Upgrade), ("clean", Clean)],
        value_options: &["--jobs", "-j", "--retry", "--path", "--without", "--with"],
        lists: &[],
        caches: &[],
        version_mark: ":",
        packages: &["bundler", "ruby-bundler"],
        ..NONE
    },
    Manager {
        name: "cargo",
        programs: &["cargo"],
        verbs: &[
            ("install", Install),
            ("fetch", Update),
            ("update", Upgrade),
            ("uninstall", Remove),
        ],
        value_options: &[
            "--version",
            "--git",
            "--branch",
            "--tag",
            "--rev",
            "--path",
            "--root",
            "--features",
            "-F",
        ],
        lists: &[],
        caches: &["/usr/local/cargo/registry", "/root/.cargo/registry"],
        version_mark: "@",
        packages: &["cargo", "rustup"],
        pin: Pin::Node,
        pin_options: &["--version", "--vers", "--path", "--rev", "--tag"],
        ..NONE
    },
    Manager {
        name: "composer",
        programs: &["composer"],
        verbs: &[
            ("require", Install),
            ("install", Install),
            ("update", Upgrade),
            ("remove", Remove),
            ("clear-cache", Clean),
        ],
        value_options: &["-d", "--working-dir"],
        lists: &[],
        caches: &["/root/.composer/cache", "/tmp/cache"],
        version_mark: ":",
        packages: &["composer"],
        pin: Pin::Composer,
        no_cache: &["--no-cache"],
        ..NONE
    },
    Manager {
        name: "conda",
        programs: &["conda", "mamba", "micromamba"],
        verbs: &[
            ("install", Install),
            ("create", Install),
            ("update", Upgrade),
            ("remove", Remove),
            ("uninstall", Remove),
            ("clean", Clean),
        ],
        value_options: &[
            "-n",
            "--name",
            "-p",
            "--prefix",
            "-c",
            "--channel",
            "-f",
            "--file",
        ],
        lists: &[],
        caches: &["/opt/conda/pkgs"],
        version_mark: "=",
        packages: &["conda", "mamba", "micromamba"],
        pin: Pin::Compared,
        ..NONE
    },
    Manager {
        name: "dnf",
        programs: &["dnf", "dnf5", "dnf-3"],
        verbs: DNF_VERBS,
        value_options: DNF_OPTIONS,
        lists: &["/var/cache/dnf", "/var/cache/libdnf5"],
        caches: &["/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/yum"],
        version_mark: "-",
        packages: &["dnf", "dnf5"],
        prefixes: DNF_PREFIXES,
        yes: DNF_YES,
        pin: Pin::Rpm,
        ..NONE
    },
    Manager {
        name: "gem",
        programs: &["gem"],
        verbs: &[
            ("install", Install),
            ("i", Install),
            ("update", Upgrade),
            ("uninstall", Remove),
            ("cleanup", Clean),
        ],
        value_options: &[
            "-v",
            "--version",
            "-i",
            "--install-dir",
            "-n",
            "--bindir",
            "-s",
            "--source",
            "-P",
            "--trust-policy",
            "-p",
            "--http-proxy",
            "--use-system-libraries",
        ],
        lists: &[],
        caches: &["/usr/local/bundle/cache"],
        version_mark: ":",
        packages: &["ruby", "rubygems", "ruby-full"],
        pin: Pin::Gem,
        pin_options: &["-v", "--version"],
        ..NONE
    },
    Manager {
        name: "go",
        programs: &["go"],
        verbs: &[
            ("install", Install),
            ("get", Install),
            ("run", Execute),
            ("mod", Update),
            ("clean", Clean),
        ],
        value_options: &[
            "-ldflags",
            "-gcflags",
            "-asmflags",
            "-buildmode",
            "-exec",
            "-tags",
            "-o",
            "-p",
            "-mod",
            "-modfile",
            "-C",
        ],
        lists: &[],
        caches: &["/go/pkg/mod", "/root/.cache/go-build"],
        version_mark: "@",
        packages: &["go", "golang", "golang-go"],
        pin: Pin::Go,
        ..NONE
    },
    Manager {
        name: "microdnf",
        programs: &["microdnf"],
        verbs: DNF_VERBS,
        value_options: DNF_OPTIONS,
        lists: &["/var/cache/yum", "/var/cache/dnf", "/var/cache/libdnf5"],
        caches: &["/var/cache/yum", "/var/cache/dnf", "/var/cache/libdnf5"],
        version_mark: "-",
        packages: &["microdnf"],
        prefixes: DNF_PREFIXES,
        yes: DNF_YES,
        pin: Pin::Rpm,
        ..NONE
    },
    Manager {
        name: "npm",
        programs: &["npm"],
        verbs: NPM_VERBS,
        value_options: &[
            "--registry",
            "--loglevel",
            "--prefix",
            "--cache",
            "--userconfig",
        ],
        lists: &[],
        caches: &["/root/.npm"],
        version_mark: "@",
        packages: &["npm", "nodejs-npm"],
        pin: Pin::Node,
        ..NONE
    },
    Manager {
        name: "pacman",
        programs: &["pacman"],
        verbs: &[],
        value_options: &["--dbpath", "--root", "--cachedir", "--config"],
        lists: &["/var/lib/pacman/sync"],
        caches: &["/var/cache/pacman/pkg"],
        version_mark: "=",
        packages: &["pacman"],
        ..NONE
    },
    Manager {
        name: "pecl",
        programs: &["pecl", "pear"],
        verbs: &[
            ("install", Install),
            ("upgrade", Upgrade),
            ("uninstall", Remove),
            ("clear-cache", Clean),
        ],
        value_options: &["-D", "--configureoptions"],
        lists: &[],
        caches: &["/tmp/pear"],
        version_mark: "-",
        packages: &["php-pear"],
        pin: Pin::Rpm,
        ..NONE
    },
    Manager {
        name: "pip",
        programs: &["pip", "pip2", "pip3"],
        verbs: &[
            ("install", Install),
            ("download", Update),
            ("uninstall", Remove),
            ("cache", Clean),
        ],
        value_options: &[
            "-r",
            "--requirement",
            "-c",
            "--constraint",
            "-b",
            "--build",
            "-e",
            "--editable",
            "-t",
            "--target",
            "-i",
            "--index-url",
            "--extra-index-url",
            "-f",
            "--find-links",
            "--prefix",
            "--root",
            "--src",
            "--timeout",
            "--retries",
            "--trusted-host",
            "--cache-dir",
            "--root-user-action",
            "--platform",
            "--python-version",
            "--implementation",
            "--abi",
            "--no-binary",
            "--only-binary",
            "--progress-bar",
            "--proxy",
            "--cert",
            "--log",
            "--exists-action",
            "--report",
            "--global-option",
            "--install-option",
            "--config-settings",
            "-C",
        ],
        lists: &[],
        caches: &["/root/.cache/pip"],
        version_mark: "==",
        packages: &[
            "python3-pip",
            "python-pip",
            "py3-pip",
            "py-pip",
            "py2-pip",
            "python2-pip",
            "python3.11-pip",
            "python3.12-pip",
        ],
        pin: Pin::Python,
        pin_options: &["-c", "--constraint"],
        no_cache: &["--no-cache-dir", "--no-cache"],
        no_cache_variable: Some("PIP_NO_CACHE_DIR"),
        ..NONE
    },
    Manager {
        name: "pnpm",
        programs: &["pnpm"],
        verbs: NPM_VERBS,
        value_options: &["--registry", "--dir", "-C", "--filter", "-F"],
        lists: &[],
        caches: &["/root/.local/share/pnpm/store"],
        version_mark: "@",
        packages: &["pnpm"],
        pin: Pin::Node,
        ..NONE
    },
    Manager {
        name: "rpm",
        programs: &["rpm"],
        verbs: &[],
        value_options: &["--root", "--dbpath", "--prefix"],
        lists: &[],
        caches: &[],
        version_mark: "-",
        packages: &[],
        ..NONE
    },
    Manager {
        name: "tdnf",
        programs: &["tdnf"],
        verbs: DNF_VERBS,
        value_options: DNF_OPTIONS,
        lists: &["/var/cache/tdnf"],
        caches: &["/var/cache/tdnf"],
        version_mark: "-",
        packages: &["tdnf"],
        prefixes: DNF_PREFIXES,
        yes: DNF_YES,
        pin: Pin::Rpm,
        ..NONE
    },
    Manager {
        name: "uv",
        programs: &["uv"],
        verbs: &[
            ("add", Install),
            ("install", Install),
            ("sync", Install),
            ("remove", Remove),
            ("cache", Clean),
        ],
        value_options: &[
            "--index-url",
            "--python",
            "-p",
            "--cache-dir",
            "--project",
            "--directory",
        ],
        lists: &[],
        caches: &["/root/.cache/uv"],
        version_mark: "==",
        packages: &["uv"],
        prefixes: &["tool"],
        pin: Pin::Python,
        no_cache: &["--no-cache", "-n", "--no-cache-dir"],
        no_cache_variable: Some("UV_NO_CACHE"),
        ..NONE
    },
    Manager {
        name: "yarn",
        programs: &["yarn", "yarnpkg"],
        verbs: &[
            ("install", Install),
            ("add", Install),
            ("remove", Remove),
            ("upgrade", Upgrade),
            ("cache", Clean),
        ],
        value_options: &[
            "--registry",
            "--cwd",
            "--cache-folder",
            "--modules-folder",
            "--network-timeout",
        ],
        lists: &[],
        caches: &["/usr/local/share/.cache/yarn", "/root/.cache/yarn"],
        version_mark: "@",
        packages: &["yarn", "yarnpkg"],
        prefixes: &["global"],
        bare: Some(Install),
        pin: Pin::Node,
        ..NONE
    },
    Manager {
        name: "yum",
        programs: &["yum"],
        verbs: DNF_VERBS,
        value_options: DNF_OPTIONS,
        lists: &["/var/cache/yum"],
        caches: &["/var/cache/yum"],
        version_mark: "-",
        packages: &["yum"],
        prefixes: DNF_PREFIXES,
        yes: DNF_YES,
        pin: Pin::Rpm,
        ..NONE
    },
    Manager {
        name: "zypper",
        programs: &["zypper"],
        verbs: &[
            ("install", Install),
            ("in", Install),
            ("install-new-recommends", Install),
            ("source-install", Install),
            ("si", Install),
            ("refresh", Update),
            ("ref", Update),
            ("update", Upgrade),
            ("up", Upgrade),
            ("patch", Upgrade),
            ("dist-upgrade", Upgrade),
            ("dup", Upgrade),
            ("remove", Remove),
            ("rm", Remove),
            ("clean", Clean),
            ("cc", Clean),
        ],
        value_options: &[
            "-r",
            "--repo",
            "--from",
            "-t",
            "--type",
            "-R",
            "--root",
            "-C",
            "--cache-dir",
        ],
        lists: &["/var/cache/zypp"],
        caches: &["/var/cache/zypp"],
        version_mark: "=",
        packages: &["zypper"],
        yes: &["-y", "--no-confirm", "-n", "--non-interactive"],
        pin: Pin::Compared,
        ..NONE
    },
];

pub fn named(name: &str) -> Option<&'static Manager> {
    MANAGERS.iter().find(|manager| manager.name == name)
}

/// The manager that a command belongs to; `pip3.12` is `pip`.
pub fn of_program(program: &str) -> Option<&'static Manager> {
    let versioned = program.strip_prefix("pip").is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    });
    let program = if versioned { "pip" } else { program };
    BY_PROGRAM.get(program).copied()
}

/// The managers by their programs. Dozens of rules ask this of every command of a script.
static BY_PROGRAM: LazyLock<HashMap<&str, &Manager>> = LazyLock::new(|| {
    let mut managers = HashMap::new();
    for manager in &MANAGERS {
        for program in manager.programs {
            managers.entry(*program).or_insert(manager);
        }
    }
    managers
});

/// A call of a package manager, understood.
#[derive(Debug)]
pub struct PackageCall<'c> {
    pub manager: &'static Manager,
    pub action: Action,
    pub call: &'c Call,
    /// The word that says what to do; none where nothing says it.
    pub verb: Option<PackageArgument<'c>>,
    /// The word before the verb: `module` of `dnf module install`.
    pub prefix: Option<&'c str>,
    /// The words after the verb that are no options.
    pub packages: Vec<PackageArgument<'c>>,
    /// The options, without their values.
    pub options: Vec<&'c str>,
}

/// A word that names a package.
#[derive(Clone, Copy, Debug)]
pub struct PackageArgument<'c> {
    pub argument: &'c Argument,
    /// One of the words it expands to.
    pub word: &'c str,
}

impl PackageArgument<'_> {
    /// The name, without what the manager takes for a version.
    pub fn name(&self, manager: &Manager) -> &str {
        self.word
            .split_once(manager.version_mark)
            .map_or(self.word, |(name, _)| name)
    }
}

impl PackageCall<'_> {
    pub fn is_verb(&self, verbs: &[&str]) -> bool {
        self.verb.is_some_and(|verb| verbs.contains(&verb.word))
    }

    /// Whether one of these options is there, `--long`, `--long=value`,
    /// `-l` or among the letters of `-xl`.
    pub fn has_option(&self, known: &[&str]) -> bool {
        self.options
            .iter()
            .any(|option| known.iter().any(|known| self.is_option(option, known)))
    }

    fn is_option(&self, option: &str, known: &str) -> bool {
        if option == known
            || option
                .strip_prefix(known)
                .is_some_and(|rest| rest.starts_with('='))
        {
            return true;
        }
        known.len() == 2
            && !option.starts_with("--")
            && self.letters(option).any(|letter| known.ends_with(letter))
    }

    /// The letters of `-qy`, up to one that takes the rest of the word for its value.
    fn letters(&self, option: &str) -> impl Iterator<Item = char> {
        let takes_rest = |letter: &char| {
            self.manager
                .value_options
                .iter()
                .any(|known| known.len() == 2 && known.ends_with(*letter))
        };
        let letters = option.chars().skip(1).take_while(char::is_ascii_alphabetic);
        let mut letters: Vec<char> = letters.collect();
        if let Some(end) = letters.iter().position(takes_rest) {
            letters.truncate(end + 1);
        }
        letters.into_iter()
    }

    /// Whether it asks nothing: an option says so, or the quietest of apt's ways.
    pub fn answers_itself(&self) -> bool {
        self.manager.yes.is_empty() || self.has_option(self.manager.yes) || self.is_quietest()
    }

    /// `-qq`, `-q -q`, `-q=2` of apt mean yes too.
    fn is_quietest(&self) -> bool {
        let loudness = |option: &&str| match *option {
            "--quiet" => 1,
            "-q=2" | "--quiet=2" => 2,
            option if option.starts_with("--") => 0,
            option => self.letters(option).filter(|&letter| letter == 'q').count(),
        };
        self.manager.name == "apt" && self.options.iter().map(loudness).sum::<usize>() > 1
    }

    /// Whether some of its words are options that only a variable's value would show.
    pub fn hides_options(&self) -> bool {
        let hides = |argument: &Argument| {
            let raw = argument.raw.to_ascii_lowercase();
            argument.values.is_none()
                && ["opt", "flag", "arg", "yes"]
                    .iter()
                    .any(|part| raw.contains(part))
        };
        self.call.arguments.iter().any(hides)
    }

    /// The argument at which another call of the same program seems to begin, with its verb:
    /// `yum` of `yum install vim yum clean all`, where `&&` is missing.
    pub fn swallowed(&self) -> Option<(&Argument, &Argument)> {
        let arguments = &self.call.arguments;
        let is = |argument: &Argument, wanted: &dyn Fn(&str) -> bool| {
            argument.single().is_some_and(wanted)
        };
        let begins =
            (1..arguments.len()).find(|&at| is(&arguments[at], &|word| word == self.call.name))?;
        let verb = arguments[begins + 1..]
            .iter()
            .find(|next| !is(next, &|word| word.starts_with('-')))?;
        let is_verb = is(verb, &|word| {
            self.manager.verbs.iter().any(|(known, _)| *known == word)
        });
        is_verb.then_some((&arguments[begins], verb))
    }

    /// The packages whose version is left open.
    pub fn loose(&self) -> Vec<PackageArgument<'_>> {
        let settled = matches!(self.prefix, Some("group" | "groups"))
            || self.is_verb(&["groupinstall"])
            || self.has_option(self.manager.pin_options);
        if settled {
            return Vec::new();
        }
        let packages = self.packages.iter().take(if self.action == Execute {
            1
        } else {
            usize::MAX
        });
        let is_loose =
            |package: &&PackageArgument<'_>| !self.manager.pin.settles(package.word, self.prefix);
        let loose: Vec<_> = packages.filter(is_loose).copied().collect();
        // `composer require vendor/package ^1.0`: the version is a word of its own.
        let apart = self.manager.pin == Pin::Composer
            && self
                .packages
                .iter()
                .any(|package| !package.word.contains('/'));
        if apart { Vec::new() } else { loose }
    }

    /// Whether it empties the manager's cache, and not only looks at it.
    pub fn empties_cache(&self) -> bool {
        let first = self.packages.first().map(|package| package.word);
        self.action == Clean
            && match self.verb.map(|verb| verb.word) {
                Some("cache" | "store") => {
                    matches!(first, Some("clean" | "purge" | "prune" | "rm"))
                }
                Some("clean") if self.manager.pin == Pin::Rpm => first == Some("all"),
                Some("clean") if self.manager.name == "go" => self.options.contains(&"-modcache"),
                _ => true,
            }
    }
}

/// Understands a call, if it is one of a package manager that does something with packages.
pub fn understand(call: &Call) -> Option<PackageCall<'_>> {
    let (manager, arguments) = manager_of(call)?;
    let mut understood = PackageCall {
        manager,
        action: manager.bare.unwrap_or(Clean),
        call,
        verb: None,
        prefix: None,
        packages: Vec::new(),
        options: Vec::new(),
    };
    let mut skip = false;
    for argument in arguments {
        if argument.values.is_none() {
            skip = false;
        }
        for (argument, word) in argument.words() {
            if std::mem::take(&mut skip) {
                continue;
            }
            if word == "--" && manager.pin == Pin::Gem {
                return understood.verb.is_some().then_some(understood);
            } else if word.starts_with('-') && word.len() > 1 {
                skip = takes_value(manager, word);
                understood.options.push(word);
            } else if understood.verb.is_some() {
                understood.packages.push(PackageArgument { argument, word });
            } else if understood.prefix.is_none() && manager.prefixes.contains(&word) {
                understood.prefix = Some(word);
            } else {
                understood.action = manager.verbs.iter().find(|(verb, _)| *verb == word)?.1;
                understood.verb = Some(PackageArgument { argument, word });
            }
        }
    }
    let asks = |option: &&str| matches!(*option, "-v" | "--version" | "-h" | "--help");
    let is_bare = manager.bare.is_some()
        && understood.prefix.is_none()
        && !understood.options.iter().any(asks);
    let says = understood.verb.is_some()
        || (is_bare && arguments.iter().all(|argument| argument.values.is_some()));
    says.then_some(understood)
}

/// The manager that a call is one of, whatever it does.
pub fn manager(call: &Call) -> Option<&'static Manager> {
    manager_of(call).map(|(manager, _)| manager)
}

/// The manager and its arguments; `python3 -m pip` and `uv pip` are pip too.
fn manager_of(call: &Call) -> Option<(&'static Manager, &[Argument])> {
    let word = |at: usize| call.arguments.get(at).and_then(Argument::single);
    let through = match call.name.as_str() {
        name if name.starts_with("python") && word(0) == Some("-m") => 2,
        "uv" if word(0) == Some("pip") => 1,
        _ => return of_program(&call.name).map(|manager| (manager, &call.arguments[..])),
    };
    let manager = of_program(word(through - 1)?)?;
    Some((manager, &call.arguments[through..]))
}

/// Whether the word after an option is its value: `-t stable`, also at the end of `-yt stable`.
fn takes_value(manager: &Manager, option: &str) -> bool {
    if option.starts_with("--") || option.len() == 2 {
        return manager.value_options.contains(&option);
    }
    let ends_in = |known: &&str| known.len() == 2 && option.ends_with(&known[1..]);
    // A letter before the last that takes a value takes the rest of the word: `-ofoo=t`.
    let letters = &option[1..option.len() - option.chars().last().map_or(0, char::len_utf8)];
    let earlier = |known: &&str| known.len() == 2 && letters.contains(&known[1..]);
    manager.value_options.contains(&option)
        || (manager.value_options.iter().any(ends_in) && !manager.value_options.iter().any(earlier))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn call(line: &str) -> Call {
        let mut words = line.split(' ');
        let name = words.next().expect("a name").to_owned();
        let argument = |word: &str| Argument {
            span: Span::at(0),
            raw: word.into(),
            values: Some(vec![word.into()]),
        };
        Call {
            name,
            span: Span::at(0),
            name_span: Span::at(0),
            arguments: words.map(argument).collect(),
            via: Vec::new(),
            command: None,
        }
    }

    fn packages(line: &str) -> Vec<String> {
        let call = call(line);
        let understood = understand(&call).expect("a package manager");
        understood
            .packages
            .iter()
            .map(|package| package.word.to_owned())
            .collect()
    }

    #[test]
    fn the_table_is_in_order() {
        assert!(MANAGERS.is_sorted_by_key(|manager| manager.name));
    }

    #[test]
    fn values_of_options_are_no_packages() {
        assert_eq!(
            packages("apt-get -o Dpkg::Use-Pty=0 install -yt stable a b=1 --target-release x"),
            ["a", "b=1"]
        );
        assert_eq!(packages("apk add --no-cache --virtual .deps gcc"), ["gcc"]);
        assert_eq!(packages("pip install -r requirements.txt flask"), ["flask"]);
    }

    #[test]
    fn pip_hides_behind_python_and_uv() {
        assert_eq!(packages("python3 -m pip install x"), ["x"]);
        assert_eq!(packages("uv pip install y"), ["y"]);
        assert_eq!(packages("pip3.12 install z"), ["z"]);
    }

    #[test]
    fn a_word_that_is_no_verb_is_no_package_call() {
        assert!(understand(&call("apt-get source foo")).is_none());
        assert!(understand(&call("curl install foo")).is_none());
    }
}
