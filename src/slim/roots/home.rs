//! The home directory of the user whom the container runs as.

use crate::image::Config;
use crate::slim::keep::Keep;
use crate::slim::why::{Root, Why};

/// Keeps the home directory of the user whom the container runs as.
pub(super) fn keep_home(keep: &mut Keep<'_>) {
    let user = user(&keep.view.image.config);
    // A number needs no entry; a name without one keeps the container from starting.
    if home_in_passwd(keep).is_none() && user.parse::<u32>().is_err() {
        keep.note(
            None,
            None,
            format!("the user `{user}` is not in `/etc/passwd`"),
        );
    }
    if let Some(home) = home(keep) {
        keep.keep_path(&home, None, Why::Root(Root::Home));
    }
}

/// The user whom the container runs as, by name or number.
fn user(config: &Config) -> &str {
    match config.user().split(':').next() {
        // An image without USER runs as root.
        None | Some("") => "0",
        Some(user) => user,
    }
}

/// The home directory of that user: HOME, or what `/etc/passwd` says.
pub(super) fn home(keep: &Keep<'_>) -> Option<Vec<u8>> {
    // HOME from the image takes precedence, as in Docker, which only sets it if it is unset.
    let home = match keep.view.image.config.env_value("HOME") {
        Some(home) => home.as_bytes().to_vec(),
        None => home_in_passwd(keep)?,
    };
    if home.starts_with(b"/") {
        Some(home)
    } else {
        None
    }
}

fn home_in_passwd(keep: &Keep<'_>) -> Option<Vec<u8>> {
    home_of_user(keep, user(&keep.view.image.config))
}

/// The home directory of a user, by name or number, in `/etc/passwd`.
pub(super) fn home_of_user(keep: &Keep<'_>, user: &str) -> Option<Vec<u8>> {
    let passwd = keep.tree().resolve(b"/etc/passwd").ok()?.name;
    let passwd = keep.view.bytes(passwd)?;
    home_of(&passwd, user.as_bytes())
}

/// The sixth field of the first line whose name or number is `user`.
fn home_of(passwd: &[u8], user: &[u8]) -> Option<Vec<u8>> {
    for line in passwd.split(|&byte| byte == b'\n') {
        // The runtime compares USER with names and UIDs, and uses the first matching line.
        let fields: Vec<&[u8]> = line.split(|&byte| byte == b':').collect();
        let is_user = fields.first() == Some(&user) || fields.get(2) == Some(&user);
        if is_user && let Some(home) = fields.get(5) {
            return Some(home.to_vec());
        }
    }
    None
}
