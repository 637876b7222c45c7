//! All rules for images: one file each, named for its page, and their list.

mod empty_password;
mod missing_user;
mod root_user;
mod setuid_file;

use super::Rule;

pub(super) static RULES: [Rule; 4] = [empty_password::RULE, missing_user::RULE, root_user::RULE, setuid_file::RULE];
