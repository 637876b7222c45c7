//! Calls of package managers: the manager, the verb, the packages and the options.

use super::run::{Argument, Call};
pub use crate::knowledge::Action;
use crate::knowledge::{PackageManager, Pin, package_manager_of};

/// A call of a package manager, split into the parts of its command line.
#[derive(Debug)]
pub struct PackageCall<'c> {
    pub manager: &'static PackageManager,
    pub action: Action,
    pub call: &'c Call,
    /// The word or option that selects the action; `None` for a manager that acts without one.
    pub verb: Option<PackageArgument<'c>>,
    /// The word before the verb: `module` of `dnf module install`.
    pub prefix: Option<&'c str>,
    /// The words after the verb that are not options.
    pub packages: Vec<PackageArgument<'c>>,
    /// The options, without their values.
    pub options: Vec<&'c str>,
}

/// A word that names a package.
#[derive(Clone, Copy, Debug)]
pub struct PackageArgument<'c> {
    pub argument: &'c Argument,
    /// One of the words that the argument expands to.
    pub word: &'c str,
}

impl PackageArgument<'_> {
    /// The name of the package, without its version.
    pub fn name(&self, manager: &PackageManager) -> &str {
        manager.pin.name(self.word)
    }
}

impl PackageCall<'_> {
    pub fn is_verb(&self, verbs: &[&str]) -> bool {
        self.verb.is_some_and(|verb| verbs.contains(&verb.word))
    }

    /// Whether the call has one of these options: as `--long`, `--long=value`, `-l` or among the
    /// letters of `-xl`.
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

    /// The letters of `-qy`, up to a letter whose value is the rest of the word.
    fn letters(&self, option: &str) -> impl Iterator<Item = char> {
        let mut letters = Vec::new();
        for letter in option.chars().skip(1).take_while(char::is_ascii_alphabetic) {
            letters.push(letter);
            if takes_value_by_letter(self.manager, letter) {
                break;
            }
        }
        letters.into_iter()
    }

    /// Whether the call runs without a prompt.
    pub fn answers_itself(&self) -> bool {
        self.manager.yes.is_empty() || self.has_option(&self.manager.yes) || self.is_quietest()
    }

    /// Whether apt is called with a quiet level that implies yes: `-qq`, `-q -q`, `-q=2`.
    fn is_quietest(&self) -> bool {
        if self.manager.name != "apt" {
            return false;
        }
        let mut level = 0;
        for &option in &self.options {
            level += match option {
                "--quiet" => 1,
                "-q=2" | "--quiet=2" => 2,
                option if option.starts_with("--") => 0,
                option => self.letters(option).filter(|&letter| letter == 'q').count(),
            };
        }
        level > 1
    }

    /// Whether an argument is a variable with an unknown value whose name suggests options, such as
    /// `$APT_OPTS`.
    pub fn hides_options(&self) -> bool {
        for argument in &self.call.arguments {
            let raw = argument.raw.to_ascii_lowercase();
            let suggests_options = ["opt", "flag", "arg", "yes"]
                .iter()
                .any(|part| raw.contains(part));
            if argument.values.is_none() && suggests_options {
                return true;
            }
        }
        false
    }

    /// The argument at which another call of the same program seems to start, with its verb: the
    /// second `yum` in `yum install vim yum clean all`, in which `&&` is missing.
    pub fn swallowed(&self) -> Option<(&Argument, &Argument)> {
        let mut arguments = self.call.arguments.iter().skip(1);
        let program = arguments.find(|argument| argument.single() == Some(&self.call.name))?;
        for argument in arguments {
            match argument.single() {
                Some(word) if word.starts_with('-') => {}
                // A package may have the name of its manager; only a verb after it shows that it is
                // a call.
                Some(word) if self.manager.action(word).is_some() => {
                    return Some((program, argument));
                }
                _ => return None,
            }
        }
        None
    }

    /// The packages that are not pinned to a version.
    pub fn loose(&self) -> Vec<PackageArgument<'_>> {
        // Groups have no versions.
        let settled = matches!(self.prefix, Some("group" | "groups"))
            || self.is_verb(&["groupinstall"])
            || self.has_option(&self.manager.pin_options);
        if settled {
            return Vec::new();
        }
        // `composer require vendor/package ^1.0`: the version is a separate word.
        let is_composer = self.manager.pin == Pin::Composer;
        if is_composer
            && self
                .packages
                .iter()
                .any(|package| !package.word.contains('/'))
        {
            return Vec::new();
        }
        // `luarocks install name 1.0-1`.
        if self.manager.pin == Pin::Following && self.packages.len() > 1 {
            return Vec::new();
        }
        let mut packages = self.packages.as_slice();
        // After the package of `go run` come the arguments of its program.
        if self.action == Action::Execute {
            packages = &packages[..packages.len().min(1)];
        }
        let mut loose = packages.to_vec();
        loose.retain(|package| !self.manager.pin.settles(package.word, self.prefix));
        loose
    }

    /// Whether the call empties the manager's cache; `npm cache ls` only lists it.
    pub fn empties_cache(&self) -> bool {
        let first = self.packages.first().map(|package| package.word);
        self.action == Action::Clean
            && match self.verb.map(|verb| verb.word) {
                Some("cache" | "store") => {
                    matches!(first, Some("clean" | "clear" | "purge" | "prune" | "rm"))
                }
                // `dnf clean metadata` and others do not remove the packages.
                Some("clean") if self.manager.pin == Pin::Rpm => first == Some("all"),
                // Without the option, `go clean` only removes object files.
                Some("clean") if self.manager.name == "go" => self.options.contains(&"-modcache"),
                _ => true,
            }
    }
}

/// Parses a call if it runs a package manager with an action on packages.
pub fn understand(call: &Call) -> Option<PackageCall<'_>> {
    let (manager, arguments) = manager_of(call)?;
    let mut understood = PackageCall {
        manager,
        action: manager.bare.unwrap_or(Action::Clean),
        call,
        verb: None,
        prefix: None,
        packages: Vec::new(),
        options: Vec::new(),
    };
    let takes_verb = manager.takes_verb(&call.name);
    // Set after an option whose value is the next word.
    let mut skip = false;
    for argument in arguments {
        // An unknown value counts as the option's value, however many words it has.
        if argument.values.is_none() {
            skip = false;
        }
        for (argument, word) in argument.words() {
            if std::mem::take(&mut skip) {
                continue;
            }
            // `gem` passes the arguments after `--` to the build of native extensions.
            if word == "--" && manager.pin == Pin::Gem {
                return if understood.verb.is_some() {
                    Some(understood)
                } else {
                    None
                };
            } else if word.starts_with('-') && word.len() > 1 {
                skip = takes_value(manager, word);
                understood.options.push(word);
            } else if understood.verb.is_some() || !takes_verb {
                understood.packages.push(PackageArgument { argument, word });
            } else if understood.prefix.is_none() && manager.prefixes.contains(&word) {
                understood.prefix = Some(word);
            } else {
                understood.action = manager.action(word)?;
                understood.verb = Some(PackageArgument { argument, word });
            }
        }
    }
    if !takes_verb {
        return act_by_options(understood, arguments);
    }
    if understood.verb.is_some() || acts_without_verb(&understood, arguments) {
        Some(understood)
    } else {
        None
    }
}

/// Determines the action of a call if its manager has no verbs: from its options, as with `pacman
/// -Syu`, or from its program, as with `xbps-remove`. `None` if it does not change anything.
fn act_by_options<'c>(
    mut call: PackageCall<'c>,
    arguments: &'c [Argument],
) -> Option<PackageCall<'c>> {
    let manager = call.manager;
    if let Some(action) = manager.single_action(&call.call.name) {
        call.action = action;
        return Some(call);
    }
    // Removal comes first, because the letters after pacman's `-R` have other meanings elsewhere.
    let is_query = call.has_option(&manager.queries);
    let order = if call.packages.is_empty() {
        // `pacman -Syu` also fetches lists, but its purpose is the upgrade.
        [
            Action::Remove,
            Action::Clean,
            Action::Upgrade,
            Action::Update,
            Action::Install,
        ]
    } else {
        [
            Action::Remove,
            Action::Clean,
            Action::Install,
            Action::Upgrade,
            Action::Update,
        ]
    };
    for action in order {
        if is_query && action != Action::Remove {
            return None;
        }
        let options = manager.options_of(action);
        // `xbps-install -Su name` installs, although only other actions have options.
        let is_bare = !call.packages.is_empty() && manager.bare == Some(action);
        if is_bare || call.has_option(options) {
            call.verb = operation(&call, arguments, options);
            call.action = action;
            return Some(call);
        }
    }
    // An unknown value may be the packages, as in `cpanm $MODULES`.
    let has_hidden = arguments.iter().any(|argument| argument.values.is_none());
    match manager.bare {
        Some(action) if has_hidden => {
            call.action = action;
            Some(call)
        }
        _ => None,
    }
}

/// The argument with the option that selects the action.
fn operation<'c>(
    call: &PackageCall<'c>,
    arguments: &'c [Argument],
    options: &[&str],
) -> Option<PackageArgument<'c>> {
    for argument in arguments {
        for (argument, word) in argument.words() {
            let is_option = word.starts_with('-') && word.len() > 1;
            if is_option && options.iter().any(|known| call.is_option(word, known)) {
                return Some(PackageArgument { argument, word });
            }
        }
    }
    None
}

/// Whether a call without a verb does what its manager does by default, as a bare `yarn` installs.
fn acts_without_verb(call: &PackageCall<'_>, arguments: &[Argument]) -> bool {
    // `yarn --version` prints and exits.
    let only_prints = ["-v", "--version", "-h", "--help"];
    call.manager.bare.is_some()
        && call.prefix.is_none()
        && !call.options.iter().any(|option| only_prints.contains(option))
        // An unknown value may be the verb.
        && arguments.iter().all(|argument| argument.values.is_some())
}

/// The package manager that a call runs, regardless of the action.
pub fn manager(call: &Call) -> Option<&'static PackageManager> {
    manager_of(call).map(|(manager, _)| manager)
}

/// The manager and its arguments; `python3 -m pip` and `uv pip` are pip too.
fn manager_of(call: &Call) -> Option<(&'static PackageManager, &[Argument])> {
    let first = call.arguments.first().and_then(Argument::single);
    // The number of arguments up to the name of the manager.
    let through = match call.name.as_str() {
        name if name.starts_with("python") && first == Some("-m") => 2,
        "uv" if first == Some("pip") => 1,
        name => return Some((package_manager_of(name)?, &call.arguments)),
    };
    let name = call.arguments.get(through - 1)?.single()?;
    Some((package_manager_of(name)?, &call.arguments[through..]))
}

/// Whether the word after an option is its value: `-t stable`, also at the end of `-yt stable`.
fn takes_value(manager: &PackageManager, option: &str) -> bool {
    if manager.value_options.contains(&option) {
        return true;
    }
    if option.starts_with("--") || option.len() == 2 {
        return false;
    }
    // The first letter that takes a value takes the rest of the word: `-ofoo=t`. Only if that is
    // empty is the next word the value.
    let mut letters = option.chars().skip(1);
    letters.any(|letter| takes_value_by_letter(manager, letter)) && letters.next().is_none()
}

/// Whether the option `-x` of this letter has a value.
fn takes_value_by_letter(manager: &PackageManager, letter: char) -> bool {
    manager
        .value_options
        .iter()
        .any(|known| known.len() == 2 && known.ends_with(letter))
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
    fn option_values_are_not_packages() {
        assert_eq!(
            packages("apt-get -o Dpkg::Use-Pty=0 install -yt stable a b=1 --target-release x"),
            ["a", "b=1"]
        );
        assert_eq!(packages("apk add --no-cache --virtual .deps gcc"), ["gcc"]);
        assert_eq!(packages("pip install -r requirements.txt flask"), ["flask"]);
    }

    #[test]
    fn pip_is_recognized_behind_python_and_uv() {
        assert_eq!(packages("python3 -m pip install x"), ["x"]);
        assert_eq!(packages("uv pip install y"), ["y"]);
        assert_eq!(packages("pip3.12 install z"), ["z"]);
    }

    /// The action of a call, and the names of its packages.
    fn action(line: &str) -> Option<(Action, Vec<String>)> {
        let call = call(line);
        let understood = understand(&call)?;
        let mut names = Vec::new();
        for package in &understood.packages {
            names.push(package.name(understood.manager).to_owned());
        }
        Some((understood.action, names))
    }

    fn acts(line: &str, expected: Action, names: &[&str]) {
        let names = names.iter().map(ToString::to_string).collect();
        assert_eq!(action(line), Some((expected, names)), "{line}");
    }

    #[test]
    fn options_decide_the_action_of_a_manager_without_verbs() {
        acts("pacman -Syu --noconfirm gcc", Action::Install, &["gcc"]);
        acts("pacman -Syu --noconfirm", Action::Upgrade, &[]);
        acts("pacman --sync --refresh", Action::Update, &[]);
        acts("pacman -Rns gcc", Action::Remove, &["gcc"]);
        acts("pacman -Scc --noconfirm", Action::Clean, &[]);
        acts(
            "pacman -S --ignore linux extra/gcc",
            Action::Install,
            &["gcc"],
        );
        acts("xbps-install -Sy gcc", Action::Install, &["gcc"]);
        acts("xbps-install -Su", Action::Upgrade, &[]);
        acts("xbps-remove -y gcc", Action::Remove, &["gcc"]);
        acts(
            "emerge -j 4 --quiet sys-devel/gcc",
            Action::Install,
            &["gcc"],
        );
        acts("emerge --depclean sys-devel/gcc", Action::Remove, &["gcc"]);
        acts("nix-env -iA nixpkgs.gcc", Action::Install, &["gcc"]);
        acts(
            "rpm -Uvh --nosignature /tmp/a.rpm",
            Action::Install,
            &["/tmp/a.rpm"],
        );
        acts("rpm -e gcc-c++", Action::Remove, &["gcc-c++"]);
        acts(
            "cpanm --notest Foo::Bar@1.2",
            Action::Install,
            &["Foo::Bar"],
        );
        acts(
            "install-php-extensions gd xdebug-3.4",
            Action::Install,
            &["gd", "xdebug"],
        );
        acts("uvx ruff", Action::Execute, &["ruff"]);
        for query in [
            "pacman -Qs gcc",
            "pacman -Ss gcc",
            "rpm -qa",
            "emerge -p x",
            "cpanm",
        ] {
            assert_eq!(action(query), None, "{query}");
        }
    }

    #[test]
    fn the_install_verb_of_every_manager_is_recognized() {
        for line in [
            "zypper -n in gcc",
            "brew install gcc",
            "micromamba install -y -n base conda-forge::gcc=13",
            "poetry add gcc",
            "pdm add gcc",
            "pipx install gcc==1",
            "pipenv install gcc",
            "luarocks install gcc",
            "opkg install gcc",
            "dotnet tool install --version 1.0 gcc",
            "nix profile install nixpkgs#gcc",
            "xx-apt-get install -y gcc",
            "xx-apk add gcc",
        ] {
            acts(line, Action::Install, &["gcc"]);
        }
    }

    #[test]
    fn a_call_without_a_known_verb_or_manager_is_not_a_package_call() {
        assert!(understand(&call("apt-get source foo")).is_none());
        assert!(understand(&call("curl install foo")).is_none());
    }
}
