//! Package managers: their programs, verbs, options and caches, from `rules/package-managers.toml`.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use serde::Deserialize;

static TABLE: LazyLock<Vec<PackageManager>> = LazyLock::new(|| {
    let file = include_str!("../../rules/package-managers.toml");
    let Table { manager: rows } = toml::from_str(file).expect("a test parses the table");
    let managers = rows.iter().map(|row| row.resolve(&rows));
    managers.collect()
});

/// Every package manager, by name.
pub fn package_managers() -> &'static [PackageManager] {
    &TABLE
}

/// A package manager by its name in the table.
pub fn package_manager(name: &str) -> Option<&'static PackageManager> {
    TABLE.iter().find(|manager| manager.name == name)
}

/// The package manager that a program runs; `pip3.12` is `pip`.
pub fn package_manager_of(program: &str) -> Option<&'static PackageManager> {
    // Every version of Python has a separate program.
    let is_pip = program.strip_prefix("pip").is_some_and(|version| {
        !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    });
    let program = if is_pip { "pip" } else { program };
    BY_PROGRAM.get(program).copied()
}

/// The managers by program. Dozens of rules look it up for every command of a script.
static BY_PROGRAM: LazyLock<HashMap<&str, &PackageManager>> = LazyLock::new(|| {
    let mut managers = HashMap::new();
    for manager in package_managers() {
        for &program in &manager.programs {
            // If two rows name the same program, the first one wins.
            managers.entry(program).or_insert(manager);
        }
    }
    managers
});

/// The command line of a package manager and the files that it leaves behind.
#[derive(Debug)]
pub struct PackageManager {
    pub name: &'static str,
    /// The commands that run it.
    pub programs: Vec<&'static str>,
    /// Whether its packages are those of the operating system.
    pub system: bool,
    /// Packages, of any manager, that install it.
    pub packages: Vec<&'static str>,
    /// Words before a verb that do not change its meaning: `dnf module install`.
    pub prefixes: Vec<&'static str>,
    /// Options whose value is the next word.
    pub value_options: Vec<&'static str>,
    /// Options with which it only shows something.
    pub queries: Vec<&'static str>,
    /// Options that answer its questions; empty if it asks none.
    pub yes: Vec<&'static str>,
    /// Directories of the lists of available packages.
    pub lists: Vec<&'static str>,
    /// Directories of downloaded packages.
    pub caches: Vec<&'static str>,
    /// Options that disable its cache.
    pub no_cache: Vec<&'static str>,
    /// The environment variable that does the same if it is true.
    pub no_cache_variable: Option<&'static str>,
    /// Whether any value of that variable does it, even `false`.
    pub no_cache_if_set: bool,
    /// Environment variables that move the cache elsewhere.
    pub cache_variables: Vec<&'static str>,
    /// The syntax of names and versions.
    pub pin: Pin,
    /// Options that pin the versions of all packages that a call installs.
    pub pin_options: Vec<&'static str>,
    /// The action of a call without a verb.
    pub bare: Option<Action>,
    verbs: BTreeMap<&'static str, Action>,
    /// The options that select an action, by action.
    options: BTreeMap<Action, Vec<&'static str>>,
    single_purpose: BTreeMap<&'static str, Action>,
}

impl PackageManager {
    /// The action of a verb, if the manager has it.
    pub fn action(&self, verb: &str) -> Option<Action> {
        self.verbs.get(verb).copied()
    }

    /// Whether a word selects the action of one of its programs.
    pub fn takes_verb(&self, program: &str) -> bool {
        !self.verbs.is_empty() && self.single_action(program).is_none()
    }

    /// The action of a program that does one thing, such as `xbps-remove`.
    pub fn single_action(&self, program: &str) -> Option<Action> {
        self.single_purpose.get(program).copied()
    }

    /// The options that ask for an action: `-R` of pacman. None for a manager with verbs.
    pub fn options_of(&self, action: Action) -> &[&'static str] {
        self.options.get(&action).map_or(&[], Vec::as_slice)
    }
}

/// The effect of a call.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Install,
    /// Fetches the lists of available packages.
    Update,
    Upgrade,
    Remove,
    /// Empties a cache.
    Clean,
    /// Fetches a package and runs it.
    Execute,
}

/// The syntax of versions in a package manager's arguments.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Pin {
    /// `name=1`, `name~1`, `name>=1`, `name@repository`: apk, zypper.
    Compared,
    /// `name=1`, `name/bookworm`, `name:arm64`: apt.
    Release,
    /// `vendor/name:1`: composer.
    Composer,
    /// `channel::name=1=build`: conda.
    Conda,
    /// `Module@1`, `Module~1`: cpanm.
    Cpan,
    /// `name 1`: luarocks takes the version as the next word.
    Following,
    /// `name:1`: gem.
    Gem,
    /// `path@v1`: go.
    Go,
    /// `name`, `repository/name`: pacman and brew install the newest version only.
    Newest,
    /// `nixpkgs.name`, `nixpkgs#name`: the version is that of the channel.
    Nix,
    /// `name@1`, `@scope/name@1`, `git+https://…#tag`: npm and those like it.
    Node,
    /// `category/name`, `=category/name-1`, `name:slot`: emerge.
    Portage,
    /// `name==1`, `name[extra]>=1`, `git+https://…@tag`: pip, poetry, pdm, uv.
    Python,
    /// `name-1.2-3`, `name-1.2-3.x86_64`: dnf, yum, xbps.
    Rpm,
}

/// The whole file. It is compiled in, so its strings are borrowed.
#[derive(Debug, Deserialize)]
struct Table<'t> {
    #[serde(borrow)]
    manager: Vec<Row<'t>>,
}

/// A row of the table.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Row<'t> {
    name: &'t str,
    /// Another manager, from which fields of the command-line syntax that this row omits are
    /// inherited.
    like: Option<&'t str>,
    #[serde(borrow)]
    programs: Vec<&'t str>,
    #[serde(borrow, default)]
    single_purpose: BTreeMap<Action, Vec<&'t str>>,
    #[serde(default)]
    system: bool,
    #[serde(borrow, default)]
    packages: Vec<&'t str>,
    #[serde(borrow)]
    prefixes: Option<Vec<&'t str>>,
    #[serde(borrow)]
    value_options: Option<Vec<&'t str>>,
    #[serde(borrow)]
    queries: Option<Vec<&'t str>>,
    #[serde(borrow)]
    yes: Option<Vec<&'t str>>,
    #[serde(borrow, default)]
    lists: Vec<&'t str>,
    #[serde(borrow, default)]
    caches: Vec<&'t str>,
    #[serde(borrow)]
    no_cache: Option<Vec<&'t str>>,
    no_cache_variable: Option<&'t str>,
    #[serde(default)]
    no_cache_if_set: bool,
    #[serde(borrow, default)]
    cache_variables: Vec<&'t str>,
    pin: Option<Pin>,
    #[serde(borrow)]
    pin_options: Option<Vec<&'t str>>,
    bare: Option<Action>,
    #[serde(borrow)]
    verbs: Option<BTreeMap<Action, Vec<&'t str>>>,
    #[serde(borrow, default)]
    options: BTreeMap<Action, Vec<&'t str>>,
}

impl Row<'static> {
    fn resolve(&self, rows: &[Self]) -> PackageManager {
        // There is only one step: a row that others inherit from is complete itself.
        let like = self.like.map(|name| {
            let model = rows.iter().find(|row| row.name == name);
            model.expect("a test resolves every row")
        });
        let verbs = inherit(self, like, |row| row.verbs.as_ref());
        PackageManager {
            name: self.name,
            programs: self.programs.clone(),
            system: self.system,
            packages: self.packages.clone(),
            prefixes: list(self, like, |row| row.prefixes.as_ref()),
            value_options: list(self, like, |row| row.value_options.as_ref()),
            queries: list(self, like, |row| row.queries.as_ref()),
            yes: list(self, like, |row| row.yes.as_ref()),
            // Lists and caches are paths and not syntax, so they are not inherited.
            lists: self.lists.clone(),
            caches: self.caches.clone(),
            no_cache: list(self, like, |row| row.no_cache.as_ref()),
            no_cache_variable: self.no_cache_variable,
            no_cache_if_set: self.no_cache_if_set,
            cache_variables: self.cache_variables.clone(),
            pin: *inherit(self, like, |row| row.pin.as_ref()).unwrap_or(&Pin::Compared),
            pin_options: list(self, like, |row| row.pin_options.as_ref()),
            bare: self.bare,
            verbs: verbs.map(by_word).unwrap_or_default(),
            options: self.options.clone(),
            single_purpose: by_word(&self.single_purpose),
        }
    }
}

/// The action of each word, from the words of each action.
fn by_word(words_of: &BTreeMap<Action, Vec<&'static str>>) -> BTreeMap<&'static str, Action> {
    let mut actions = BTreeMap::new();
    for (&action, words) in words_of {
        for &word in words {
            actions.insert(word, action);
        }
    }
    actions
}

/// A field of a row, or of the row that it is like.
fn inherit<'r, T>(
    row: &'r Row<'static>,
    like: Option<&'r Row<'static>>,
    field: impl Fn(&'r Row<'static>) -> Option<&'r T>,
) -> Option<&'r T> {
    field(row).or_else(|| like.and_then(field))
}

fn list<'r>(
    row: &'r Row<'static>,
    like: Option<&'r Row<'static>>,
    field: impl Fn(&'r Row<'static>) -> Option<&'r Vec<&'static str>>,
) -> Vec<&'static str> {
    inherit(row, like, field).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn managers_are_sorted_by_name() {
        assert!(package_managers().is_sorted_by(|one, next| one.name < next.name));
    }

    #[test]
    fn a_manager_inherits_verbs_and_options_from_the_one_it_resembles() {
        let yum = package_manager("yum").expect("in the table");
        assert_eq!(yum.action("localinstall"), Some(Action::Install));
        assert_eq!(yum.pin, Pin::Rpm);
        assert!(yum.value_options.contains(&"--enablerepo"));
        assert_eq!(yum.lists, ["/var/cache/yum"]);
        let bun = package_manager("bun").expect("in the table");
        assert_eq!(bun.action("ci"), Some(Action::Install));
        assert!(bun.value_options.is_empty());
    }

    #[test]
    fn pip_is_recognized_with_a_version_in_its_name() {
        for program in ["pip", "pip3", "pip3.12"] {
            let name = package_manager_of(program).map(|manager| manager.name);
            assert_eq!(name, Some("pip"), "{program}");
        }
        assert!(package_manager_of("pip-compile").is_none());
    }

    #[test]
    fn single_purpose_programs_belong_to_their_manager_and_take_no_verb() {
        for manager in package_managers() {
            for program in manager.single_purpose.keys() {
                assert!(manager.programs.contains(program), "{program}");
                assert!(!manager.takes_verb(program), "{program}");
            }
        }
    }

    #[test]
    fn a_manager_takes_either_verbs_or_options() {
        for manager in package_managers() {
            let by_option = !manager.options.is_empty();
            assert!(!by_option || manager.verbs.is_empty(), "{}", manager.name);
            // Otherwise no call of it would ever be understood.
            let is_told = by_option || !manager.verbs.is_empty() || manager.bare.is_some();
            assert!(is_told, "{}", manager.name);
        }
    }

    #[test]
    fn no_program_belongs_to_two_managers() {
        let mut seen = BTreeMap::new();
        for manager in package_managers() {
            for program in &manager.programs {
                assert_eq!(seen.insert(program, manager.name), None, "{program}");
            }
        }
    }
}
