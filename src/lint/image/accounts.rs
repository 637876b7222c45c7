//! The accounts of an image: `/etc/passwd`, `/etc/group` and `/etc/shadow`.

use std::collections::BTreeMap;

use crate::paths::file_name;
use crate::slim::View;

/// Largest of the files that are read, in bytes: each line takes a few hundred bytes of memory.
pub(super) const MAX_ACCOUNTS: usize = 1 << 20;

/// The accounts of an image, in the order of `/etc/passwd`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    pub users: Vec<Account>,
    /// Names and IDs, in the order of `/etc/group`.
    pub groups: Vec<(String, u64)>,
}

/// An account of `/etc/passwd`, with its password from `/etc/shadow`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub uid: u64,
    pub gid: u64,
    pub home: String,
    /// As in the file; empty means `/bin/sh`.
    pub shell: String,
    pub password: Password,
}

/// The kind of password that an account has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Password {
    /// No password is accepted.
    Locked,
    /// No password is needed.
    Empty,
    Set,
}

impl Accounts {
    /// The accounts of an image without their passwords. A file that is missing or too large is
    /// treated as empty: it has no accounts.
    pub(crate) fn of(view: &View<'_>) -> Self {
        let [passwd, group] = ["/etc/passwd", "/etc/group"].map(|path| {
            let resolved = view.tree().resolve(path.as_bytes()).ok()?;
            let bytes = view.bytes(resolved.name)?;
            if bytes.len() > MAX_ACCOUNTS {
                return None;
            }
            Some(bytes.to_vec())
        });
        Self::parse(&passwd.unwrap_or_default(), &group.unwrap_or_default(), b"")
    }

    /// Parses the three files; malformed lines are skipped.
    pub(crate) fn parse(passwd: &[u8], group: &[u8], shadow: &[u8]) -> Self {
        let shadowed: BTreeMap<String, String> = rows(shadow)
            .filter_map(|row| Some((row.first()?.clone(), row.get(1)?.clone())))
            .collect();
        let users = rows(passwd)
            .filter_map(|row| account(&row, &shadowed))
            .collect();
        let groups = rows(group)
            .filter_map(|row| Some((row.first()?.clone(), row.get(2)?.parse().ok()?)))
            .collect();
        Self { users, groups }
    }

    pub fn user(&self, name: &str) -> Option<&Account> {
        self.users.iter().find(|user| user.name == name)
    }

    pub fn has_uid(&self, uid: u64) -> bool {
        self.users.iter().any(|user| user.uid == uid)
    }

    pub fn has_gid(&self, gid: u64) -> bool {
        self.groups.iter().any(|(_, known)| *known == gid)
    }
}

impl Account {
    /// The shell started at login.
    pub fn login_shell(&self) -> &str {
        if self.shell.is_empty() {
            "/bin/sh"
        } else {
            &self.shell
        }
    }

    /// Whether a login starts an interactive shell.
    pub fn can_log_in(&self) -> bool {
        // On Debian, the account `sync` has the program with that name; the others are traditional.
        !matches!(
            file_name(&self.shell),
            "nologin" | "false" | "sync" | "halt" | "shutdown" | "true"
        )
    }
}

/// The fields of each line. Comments are not part of the format, but tools skip them.
fn rows(text: &[u8]) -> impl Iterator<Item = Vec<String>> {
    let text = String::from_utf8_lossy(text).into_owned();
    let rows: Vec<Vec<String>> = text
        .lines()
        .filter(|line| !line.starts_with('#') && line.contains(':'))
        .map(|line| line.split(':').map(str::to_owned).collect())
        .collect();
    rows.into_iter()
}

fn account(row: &[String], shadowed: &BTreeMap<String, String>) -> Option<Account> {
    let [name, password, uid, gid, _, home, shell, ..] = row else {
        return None;
    };
    // `x` refers to `/etc/shadow`; an account without a line there cannot log in.
    let password = if password == "x" {
        shadowed.get(name).map_or("!", String::as_str)
    } else {
        password
    };
    Some(Account {
        name: name.clone(),
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
        home: home.clone(),
        shell: shell.trim().to_owned(),
        password: match password {
            "" => Password::Empty,
            locked if locked.starts_with(['!', '*']) => Password::Locked,
            _ => Password::Set,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_in_shadow_where_passwd_has_an_x() {
        let passwd = b"root:x:0:0:root:/root:/bin/bash\nguest::7:7::/:\n\
            d:x:1:1::/:/usr/sbin/nologin\nbroken\n";
        let accounts = Accounts::parse(
            passwd,
            b"root:x:0:\n",
            b"root:$y$j9T$x:1::::::\nd:*:1::::::\n",
        );
        let passwords: Vec<Password> = accounts.users.iter().map(|user| user.password).collect();
        assert_eq!(
            passwords,
            [Password::Set, Password::Empty, Password::Locked]
        );
        let log_in: Vec<bool> = accounts.users.iter().map(Account::can_log_in).collect();
        assert_eq!(log_in, [true, true, false]);
        assert!(accounts.has_gid(0) && !accounts.has_uid(3));
    }
}
