//! Package managers: one table of what they are called, how they are told what to do, and what they leave behind.

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
}

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
}

use Action::{Clean, Install, Remove, Update, Upgrade};

const DNF_VERBS: &[(&str, Action)] = &[
    ("install", Install),
    ("in", Install),
    ("localinstall", Install),
    ("groupinstall", Install),
    ("reinstall", Install),
    ("makecache", Update),
    ("update", Upgrade),
    ("upgrade", Upgrade),
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
    "--nobest",
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
];

/// All managers, by name.
pub static MANAGERS: [Manager; 22] = [
    Manager {
        name: "apk",
        programs: &["apk"],
        verbs: &[("add", Install), ("update", Update), ("upgrade", Upgrade), ("del", Remove), ("cache", Clean)],
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
    },
    Manager {
        name: "cargo",
        programs: &["cargo"],
        verbs: &[("install", Install), ("fetch", Update), ("update", Upgrade), ("uninstall", Remove)],
        value_options: &["--version", "--git", "--branch", "--tag", "--rev", "--path", "--root", "--features", "-F"],
        lists: &[],
        caches: &["/usr/local/cargo/registry", "/root/.cargo/registry"],
        version_mark: "@",
        packages: &["cargo", "rustup"],
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
        value_options: &["-n", "--name", "-p", "--prefix", "-c", "--channel", "-f", "--file"],
        lists: &[],
        caches: &["/opt/conda/pkgs"],
        version_mark: "=",
        packages: &["conda", "mamba", "micromamba"],
    },
    Manager {
        name: "dnf",
        programs: &["dnf", "dnf5", "dnf-3"],
        verbs: DNF_VERBS,
        value_options: DNF_OPTIONS,
        lists: &["/var/cache/dnf", "/var/cache/libdnf5"],
        caches: &["/var/cache/dnf", "/var/cache/libdnf5"],
        version_mark: "-",
        packages: &["dnf", "dnf5"],
    },
    Manager {
        name: "gem",
        programs: &["gem"],
        verbs: &[("install", Install), ("i", Install), ("update", Upgrade), ("uninstall", Remove), ("cleanup", Clean)],
        value_options: &["-v", "--version", "-i", "--install-dir", "-n", "--bindir", "-s", "--source"],
        lists: &[],
        caches: &["/usr/local/bundle/cache"],
        version_mark: ":",
        packages: &["ruby", "rubygems", "ruby-full"],
    },
    Manager {
        name: "go",
        programs: &["go"],
        verbs: &[("install", Install), ("get", Install), ("mod", Update), ("clean", Clean)],
        value_options: &["-ldflags", "-tags", "-o", "-p", "-mod", "-modfile", "-C"],
        lists: &[],
        caches: &["/go/pkg/mod", "/root/.cache/go-build"],
        version_mark: "@",
        packages: &["go", "golang", "golang-go"],
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
    },
    Manager {
        name: "npm",
        programs: &["npm"],
        verbs: NPM_VERBS,
        value_options: &["--registry", "--loglevel", "--prefix", "--cache", "--userconfig"],
        lists: &[],
        caches: &["/root/.npm"],
        version_mark: "@",
        packages: &["npm", "nodejs-npm"],
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
    },
    Manager {
        name: "pecl",
        programs: &["pecl", "pear"],
        verbs: &[("install", Install), ("upgrade", Upgrade), ("uninstall", Remove), ("clear-cache", Clean)],
        value_options: &["-D", "--configureoptions"],
        lists: &[],
        caches: &["/tmp/pear"],
        version_mark: "-",
        packages: &["php-pear"],
    },
    Manager {
        name: "pip",
        programs: &["pip", "pip2", "pip3"],
        verbs: &[("install", Install), ("download", Update), ("uninstall", Remove), ("cache", Clean)],
        value_options: &[
            "-r",
            "--requirement",
            "-c",
            "--constraint",
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
    },
    Manager {
        name: "uv",
        programs: &["uv"],
        verbs: &[("add", Install), ("sync", Install), ("remove", Remove), ("cache", Clean)],
        value_options: &["--index-url", "--python", "-p", "--cache-dir", "--project", "--directory"],
        lists: &[],
        caches: &["/root/.cache/uv"],
        version_mark: "==",
        packages: &["uv"],
    },
    Manager {
        name: "yarn",
        programs: &["yarn", "yarnpkg"],
        verbs: &[("install", Install), ("add", Install), ("remove", Remove), ("upgrade", Upgrade), ("cache", Clean)],
        value_options: &["--registry", "--cwd", "--cache-folder", "--modules-folder", "--network-timeout"],
        lists: &[],
        caches: &["/usr/local/share/.cache/yarn", "/root/.cache/yarn"],
        version_mark: "@",
        packages: &["yarn", "yarnpkg"],
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
    },
    Manager {
        name: "zypper",
        programs: &["zypper"],
        verbs: &[
            ("install", Install),
            ("in", Install),
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
        value_options: &["-r", "--repo", "--from", "-t", "--type", "-R", "--root", "-C", "--cache-dir"],
        lists: &["/var/cache/zypp"],
        caches: &["/var/cache/zypp"],
        version_mark: "=",
        packages: &["zypper"],
    },
];

pub fn named(name: &str) -> Option<&'static Manager> {
    MANAGERS.iter().find(|manager| manager.name == name)
}

/// The manager that a command belongs to; `pip3.12` is `pip`.
pub fn of_program(program: &str) -> Option<&'static Manager> {
    let versioned = program
        .strip_prefix("pip")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'));
    let program = if versioned { "pip" } else { program };
    MANAGERS.iter().find(|manager| manager.programs.contains(&program))
}

/// A call of a package manager, understood.
#[derive(Debug)]
pub struct PackageCall<'c> {
    pub manager: &'static Manager,
    pub action: Action,
    pub call: &'c Call,
    /// The words after the verb that are no options.
    pub packages: Vec<PackageArgument<'c>>,
    /// The options, without their values.
    pub options: Vec<&'c str>,
}

/// A word that names a package.
#[derive(Debug)]
pub struct PackageArgument<'c> {
    pub argument: &'c Argument,
    /// One of the words it expands to.
    pub word: &'c str,
}

impl PackageArgument<'_> {
    /// The name, without what the manager takes for a version.
    pub fn name(&self, manager: &Manager) -> &str {
        self.word.split_once(manager.version_mark).map_or(self.word, |(name, _)| name)
    }
}

/// Understands a call, if it is one of a package manager that does something with packages.
pub fn understand(call: &Call) -> Option<PackageCall<'_>> {
    let (manager, arguments) = manager_of(call)?;
    let mut action = None;
    let (mut packages, mut options) = (Vec::new(), Vec::new());
    let mut skip = false;
    for (argument, word) in arguments.iter().flat_map(Argument::words) {
        if std::mem::take(&mut skip) {
            continue;
        }
        if word.starts_with('-') && word.len() > 1 {
            skip = takes_value(manager, word);
            options.push(word);
        } else if action.is_none() {
            let verb = manager.verbs.iter().find(|(verb, _)| *verb == word);
            action = Some(verb.map(|(_, action)| *action)?);
        } else {
            packages.push(PackageArgument { argument, word });
        }
    }
    Some(PackageCall { manager, action: action?, call, packages, options })
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
        let argument = |word: &str| Argument { span: Span::at(0), raw: word.into(), values: Some(vec![word.into()]) };
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
        understood.packages.iter().map(|package| package.word.to_owned()).collect()
    }

    #[test]
    fn the_table_is_in_order() {
        assert!(MANAGERS.is_sorted_by_key(|manager| manager.name));
    }

    #[test]
    fn values_of_options_are_no_packages() {
        assert_eq!(packages("apt-get -o Dpkg::Use-Pty=0 install -yt stable a b=1 --target-release x"), ["a", "b=1"]);
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
