//! The formats of credential files: a file that contains no password is not a secret.

use crate::lint::facts::secrets;

/// The format in which a file stores its secrets.
#[derive(Clone, Copy, Debug)]
enum Format {
    /// Lines such as `name = value` or `name: value` in which the name ends with one of these.
    Pairs(&'static [&'static str]),
    /// Lines as in `Pairs` in which the name suggests a secret.
    Variables,
    /// Words; the secret is the word after this one.
    Words(&'static str),
    /// `https://name:password@host`.
    Addresses,
    /// JSON with a non-empty member that has one of these names.
    Members(&'static [&'static str]),
    /// JSON with a member whose name looks like that of a secret.
    Json,
    /// JSON with any text: everything in the file is meant to be secret.
    AnyMember,
    /// Lines `name: value`, all of which are meant to be secret.
    AnyPair,
    /// Lines of fields that are separated by at least this number of colons.
    Fields(usize),
    /// Text that contains this.
    Text(&'static str),
}

/// The end of the path, in lower case, and the format. `*` is the rest of a file name.
const FORMATS: [(&str, Format); 38] = [
    (
        "/.npmrc",
        Format::Pairs(&["_authtoken", "_auth", "_password"]),
    ),
    (
        "/.yarnrc.yml",
        Format::Pairs(&["npmauthtoken", "npmauthident"]),
    ),
    ("/.pypirc", Format::Pairs(&["password"])),
    // pip and Git have no option for a password: it is part of the URL.
    ("/pip.conf", Format::Addresses),
    ("/.netrc", Format::Words("password")),
    ("/_netrc", Format::Words("password")),
    (
        "/.docker/config.json",
        Format::Members(&["auth", "identitytoken", "registrytoken", "password"]),
    ),
    ("/.dockercfg", Format::Members(&["auth", "password"])),
    (
        "/containers/auth.json",
        Format::Members(&["auth", "identitytoken"]),
    ),
    (
        "/.aws/credentials",
        Format::Pairs(&["aws_secret_access_key", "aws_session_token"]),
    ),
    (
        "/.kube/config",
        Format::Pairs(&["token", "client-key-data", "password"]),
    ),
    (
        "/kubernetes/admin.conf",
        Format::Pairs(&["token", "client-key-data", "password"]),
    ),
    ("/.git-credentials", Format::Addresses),
    ("/.git/config", Format::Addresses),
    ("/.my.cnf", Format::Pairs(&["password"])),
    ("/.s3cfg", Format::Pairs(&["secret_key"])),
    (
        "/.boto",
        Format::Pairs(&["secret_access_key", "gs_oauth2_refresh_token"]),
    ),
    ("/.cargo/credentials.toml", Format::Pairs(&["token"])),
    ("/.gem/credentials", Format::Pairs(&["api_key"])),
    // `ssh-keygen` names keys after their type. The public half ends in `.pub`, so it is not meant.
    ("*_rsa", Format::Text("PRIVATE KEY-----")),
    ("*_dsa", Format::Text("PRIVATE KEY-----")),
    ("*_ecdsa", Format::Text("PRIVATE KEY-----")),
    ("*_ed25519", Format::Text("PRIVATE KEY-----")),
    ("/privkey.pem", Format::Text("PRIVATE KEY-----")),
    ("/private.key", Format::Text("PRIVATE KEY-----")),
    ("/application_default_credentials.json", Format::Json),
    ("/client_secret*", Format::Json),
    ("/credentials.json", Format::Json),
    ("/service-account*", Format::Json),
    (".azure/accesstokens.json", Format::Json),
    ("*.tfstate", Format::AnyMember),
    ("/secrets.json", Format::AnyMember),
    ("/secrets.yaml", Format::AnyPair),
    ("/secrets.yml", Format::AnyPair),
    ("/.htpasswd", Format::Fields(1)),
    ("/.pgpass", Format::Fields(4)),
    // Most of these files hold ordinary settings, so only names that look like secrets count.
    ("/.env", Format::Variables),
    ("/.env.*", Format::Variables),
];

/// Whether a file may contain secrets, judging by its path.
pub(in crate::rules) fn may_contain_secrets(path: &str) -> bool {
    secrets::is_secret_file(path)
        || format(path).is_some_and(|format| !matches!(format, Format::Variables))
}

/// Whether a file contains secrets. A file in an unknown format is assumed to contain some.
pub(in crate::rules) fn contains_secrets(path: &str, bytes: &[u8]) -> bool {
    let Some(format) = format(path) else {
        return true;
    };
    let text = String::from_utf8_lossy(bytes);
    match format {
        Format::Pairs(names) => pairs(&text)
            .any(|(name, value)| names.iter().any(|end| name.ends_with(end)) && is_literal(value)),
        Format::Variables => {
            pairs(&text).any(|(name, value)| secrets::is_secret_name(&name) && is_literal(value))
                || has_address(&text)
        }
        // The format of netrc is words, on one line or on several.
        Format::Words(mark) => text
            .split_whitespace()
            .skip_while(|word| *word != mark)
            .nth(1)
            .is_some_and(is_literal),
        Format::Addresses => has_address(&text),
        Format::Members(names) => has_member(&json(&text), names),
        Format::Json => has_secret_member(&json(&text)),
        Format::AnyMember => has_text(&json(&text)),
        Format::AnyPair => pairs(&text).any(|(_, value)| is_literal(value)),
        Format::Fields(colons) => text
            .lines()
            .any(|line| !line.starts_with('#') && line.matches(':').count() >= colons),
        Format::Text(part) => text.contains(part),
    }
}

/// The note about a secret that is removed by a later layer.
pub(in crate::rules) fn removed_note(layer: usize) -> String {
    format!("layer {layer} removes the file, but it can still be read from the layer that added it")
}

/// The format of a file, judging by its path.
fn format(path: &str) -> Option<Format> {
    Some(FORMATS[row_of_format(path)?].1)
}

/// The row of a file's format. Names of one file with the same row are searched for the same
/// things.
pub(in crate::rules) fn row_of_format(path: &str) -> Option<usize> {
    let path = path.to_ascii_lowercase();
    FORMATS.iter().position(|(pattern, _)| fits(pattern, &path))
}

/// Whether a path in lower case matches a pattern of the table.
fn fits(pattern: &str, path: &str) -> bool {
    if let Some(end) = pattern.strip_prefix('*') {
        path.ends_with(end)
    } else if let Some(start) = pattern.strip_suffix('*') {
        let name = path.rfind('/').map(|slash| &path[slash..]);
        name.is_some_and(|name| name.starts_with(start))
    } else {
        path.ends_with(pattern)
    }
}

/// The names, in lower case, and values of a text, without comments.
fn pairs(text: &str) -> impl Iterator<Item = (String, &str)> {
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with(['#', ';']));
    lines.filter_map(|line| {
        // npm's names contain colons, `//registry.example.com/:_authToken=…`, so `=` comes first.
        let (name, value) = line.split_once('=').or_else(|| line.split_once(": "))?;
        let name = name
            .trim()
            .trim_start_matches("export ")
            .trim_matches(['"', '\'']);
        Some((name.to_ascii_lowercase(), value.trim()))
    })
}

/// Whether a value is neither empty, nor a variable, nor a placeholder.
fn is_literal(value: &str) -> bool {
    let value = value.trim_matches(['"', '\'']);
    // Templates are filled in later: `$TOKEN`, `<token>`, `%TOKEN%`, `{{ token }}`.
    let is_template = value.starts_with(['$', '<', '%']) || value.starts_with("{{");
    let is_filler = ["changeme", "change_me", "null", "none", "xxx"]
        .contains(&value.to_ascii_lowercase().as_str());
    !value.is_empty() && !is_template && !is_filler
}

/// Whether a text contains an address with a password.
fn has_address(text: &str) -> bool {
    text.match_indices("://").any(|(at, mark)| {
        let rest = &text[at + mark.len()..];
        // The authority of a URL ends at the first of these; a quote ends the URL itself.
        let end = rest.find(['/', '?', '#', '"', '\'']).unwrap_or(rest.len());
        let host = rest[..end].split_whitespace().next().unwrap_or_default();
        // The last `@`, because a password may contain one itself.
        let password = host
            .rsplit_once('@')
            .and_then(|(user, _)| user.split_once(':'))
            .map(|(_, password)| password);
        password.is_some_and(is_literal)
    })
}

/// The value of a JSON text. One that is not JSON becomes `null`, which has no members: no program
/// could log in with such a file.
fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// Whether a JSON value has a member with a real value whose name looks like that of a secret.
fn has_secret_member(json: &serde_json::Value) -> bool {
    match json {
        serde_json::Value::Object(members) => members.iter().any(|(name, value)| {
            let is_secret = secrets::is_secret_name(&separated(name));
            is_secret && value.as_str().is_some_and(is_literal) || has_secret_member(value)
        }),
        serde_json::Value::Array(items) => items.iter().any(has_secret_member),
        _ => false,
    }
}

/// A name with its words separated: `client_Secret` for `clientSecret`.
fn separated(name: &str) -> String {
    let mut words = String::new();
    let mut before = '_';
    for char in name.chars() {
        if char.is_ascii_uppercase() && before.is_ascii_lowercase() {
            words.push('_');
        }
        words.push(char);
        before = char;
    }
    words
}

/// Whether a JSON value contains a text that is a real value.
fn has_text(json: &serde_json::Value) -> bool {
    match json {
        serde_json::Value::String(text) => is_literal(text),
        serde_json::Value::Object(members) => members.values().any(has_text),
        serde_json::Value::Array(items) => items.iter().any(has_text),
        _ => false,
    }
}

/// Whether a JSON value has a member of one of these names, at any depth, that is a real value.
fn has_member(json: &serde_json::Value, names: &[&str]) -> bool {
    match json {
        serde_json::Value::Object(members) => members.iter().any(|(name, value)| {
            let is_secret = names.contains(&name.to_ascii_lowercase().as_str());
            is_secret && value.as_str().is_some_and(is_literal) || has_member(value, names)
        }),
        serde_json::Value::Array(items) => items.iter().any(|item| has_member(item, names)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Paths, texts, and whether they are secrets.
    const CASES: &[(&str, &str, bool)] = &[
        ("/root/.npmrc", "//r.example.com/:_authToken=abc123", true),
        (
            "/root/.npmrc",
            "//r.example.com/:_authToken=${NPM_TOKEN}\nregistry=https://r.example.com",
            false,
        ),
        ("/root/.npmrc", "", false),
        ("/root/.yarnrc.yml", "npmAuthToken: \"abc\"", true),
        ("/root/.pypirc", "[pypi]\nusername = a\npassword = b", true),
        ("/root/.pypirc", "[distutils]\nindex-servers = pypi", false),
        (
            "/etc/pip.conf",
            "[global]\nindex-url = https://u:p@pypi.example.com/simple",
            true,
        ),
        (
            "/etc/pip.conf",
            "[global]\nindex-url = https://pypi.example.com/simple",
            false,
        ),
        ("/root/.netrc", "machine a login b password c", true),
        ("/root/.netrc", "machine a login b", false),
        (
            "/root/.docker/config.json",
            r#"{"auths":{"a":{"auth":"dTpw"}}}"#,
            true,
        ),
        (
            "/root/.docker/config.json",
            r#"{"auths":{"a":{}},"credsStore":"pass"}"#,
            false,
        ),
        (
            "/root/.aws/credentials",
            "[default]\naws_secret_access_key = abc",
            true,
        ),
        ("/root/.aws/credentials", "[default]\nrole_arn = x", false),
        (
            "/root/.kube/config",
            "users:\n- user:\n    token: abc",
            true,
        ),
        ("/root/.kube/config", "clusters: []", false),
        (
            "/src/.git/config",
            "[remote \"origin\"]\n\turl = https://u:ghs_x@github.com/a/b",
            true,
        ),
        (
            "/src/.git/config",
            "[remote \"origin\"]\n\turl = git@github.com:a/b",
            false,
        ),
        (
            "/root/.ssh/id_rsa",
            "-----BEGIN OPENSSH PRIVATE KEY-----",
            true,
        ),
        ("/usr/bin/test_rsa", "#!/bin/sh", false),
        ("/app/.env", "PORT=80\nDB_PASSWORD='x1'", true),
        ("/app/.env", "DATABASE_URL=postgres://u:p@db/x", true),
        (
            "/app/.env.production",
            "# API_KEY=x\nPORT=80\nAPI_KEY=",
            false,
        ),
        (
            "/root/.config/gcloud/application_default_credentials.json",
            "{}",
            false,
        ),
        (
            "/root/.config/gcloud/application_default_credentials.json",
            r#"{"client_id":"x","refresh_token":"1//0g"}"#,
            true,
        ),
        ("/app/credentials.json", r#"{"a":1}"#, false),
        ("/app/credentials.json", r#"{"private_key_id":"x"}"#, false),
        (
            "/app/credentials.json",
            r#"{"installed":{"clientSecret":"x1"}}"#,
            true,
        ),
        ("/app/secrets.json", "{}", false),
        ("/app/secrets.json", r#"{"db":["hunter2"]}"#, true),
        ("/app/secrets.yml", "---\n{}\n", false),
        ("/app/secrets.yml", "db: hunter2", true),
        ("/app/terraform.tfstate", r#"{"resources":[]}"#, false),
        ("/app/.htpasswd", "# none yet\n", false),
        ("/app/.htpasswd", "me:$apr1$x", true),
        ("/app/private.key", "see README", false),
        ("/root/.config/gcloud/credentials.db", "SQLite", true),
        (
            "/root/.cargo/credentials.toml",
            "[registry]\ntoken = \"abc\"",
            true,
        ),
    ];

    #[test]
    fn only_files_with_a_password_in_them_contain_secrets() {
        for (path, text, expected) in CASES {
            assert!(may_contain_secrets(path), "{path}");
            assert_eq!(
                contains_secrets(path, text.as_bytes()),
                *expected,
                "{path}: {text}"
            );
        }
    }

    #[test]
    fn templates_and_public_keys_are_not_taken_for_secrets() {
        for path in [
            "/app/.env.example",
            "/root/.ssh/id_rsa.pub",
            "/etc/environment",
            "/usr/share/doc/x/netrc",
        ] {
            assert!(!may_contain_secrets(path), "{path}");
        }
    }
}
