//! Likely secrets: tokens and private keys in texts, file names, and variable names.

use super::scope::glob_matches;
use crate::paths::file_name;

/// Prefixes of tokens, the minimum length of the whole token, and the service that issues them.
/// Sources: the services' documentation of their token formats.
const TOKENS: [(&str, usize, &str); 26] = [
    ("AKIA", 20, "AWS"),
    ("ASIA", 20, "AWS"),
    ("AIza", 39, "Google"),
    ("dckr_pat_", 30, "Docker Hub"),
    ("dop_v1_", 64, "DigitalOcean"),
    ("ghp_", 40, "GitHub"),
    ("gho_", 40, "GitHub"),
    ("ghu_", 40, "GitHub"),
    ("ghs_", 40, "GitHub"),
    ("ghr_", 40, "GitHub"),
    ("github_pat_", 60, "GitHub"),
    ("glpat-", 26, "GitLab"),
    ("glrt-", 25, "GitLab"),
    ("hf_", 37, "Hugging Face"),
    ("hvs.", 90, "Vault"),
    ("npm_", 40, "npm"),
    ("pypi-AgEIcHlwaS", 50, "PyPI"),
    ("rk_live_", 24, "Stripe"),
    ("sk_live_", 24, "Stripe"),
    ("sk-ant-", 80, "Anthropic"),
    ("sk-proj-", 60, "OpenAI"),
    ("SG.", 66, "SendGrid"),
    ("shpat_", 38, "Shopify"),
    ("xoxb-", 40, "Slack"),
    ("xoxp-", 40, "Slack"),
    ("ya29.", 60, "Google"),
];

/// The length of the shortest token of [`TOKENS`].
const SHORTEST: usize = 20;

/// Name patterns of files that contain secrets, in lower case.
const SECRET_FILES: [&str; 31] = [
    ".env",
    ".git-credentials",
    ".htpasswd",
    ".my.cnf",
    ".netrc",
    ".pgpass",
    ".pypirc",
    ".s3cfg",
    ".vault-token",
    "*.jks",
    "*.kdbx",
    "*.keystore",
    "*.p12",
    "*.pfx",
    "*.ppk",
    "*.tfstate",
    "*_dsa",
    "*_ecdsa",
    "*_ed25519",
    "*_rsa",
    "application_default_credentials.json",
    "client_secret*.json",
    "credentials.json",
    "credentials.xml",
    "master.key",
    "private.key",
    "privkey.pem",
    "secrets.json",
    "secrets.yaml",
    "secrets.yml",
    "service-account*.json",
];

/// Path suffixes of such files.
const SECRET_PATHS: [&str; 7] = [
    ".aws/credentials",
    ".docker/config.json",
    ".kube/config",
    ".azure/accesstokens.json",
    ".boto",
    "gcloud/access_tokens.db",
    "gcloud/credentials.db",
];

/// Name components of `.env.…` files that are templates without secrets.
const TEMPLATES: [&str; 9] = [
    "example", "sample", "template", "dist", "test", "defaults", "tpl", "tmpl", "docker",
];

/// Words in the names of variables that contain secrets. Source: BuildKit's
/// `SecretsUsedInArgOrEnv`.
const SECRET: [&str; 14] = [
    "apikey",
    "auth",
    "credential",
    "credentials",
    "key",
    "password",
    "pword",
    "passwd",
    "passphrase",
    "secret",
    "secrets",
    "token",
    "psw",
    "pat",
];

/// Words in the name of a variable that is public, or only about a secret.
const HARMLESS: [&str; 27] = [
    "public",
    "pub",
    "file",
    "files",
    "version",
    "path",
    "dir",
    "directory",
    "name",
    "alias",
    "url",
    "uri",
    "sock",
    "socket",
    "type",
    "length",
    "size",
    "ttl",
    "timeout",
    "expiry",
    "fingerprint",
    "module",
    "method",
    "enabled",
    "gpg",
    "pgp",
    "keyring",
];

/// Last words of the name of a variable that is only about a secret: `AUTH_SERVER`.
const PROPERTIES: [&str; 24] = [
    "algorithm",
    "algo",
    "domain",
    "endpoint",
    "expiration",
    "expires",
    "format",
    "header",
    "host",
    "hostname",
    "hosts",
    "issuer",
    "language",
    "lifetime",
    "mode",
    "port",
    "prefix",
    "provider",
    "realm",
    "server",
    "servers",
    "suffix",
    "user",
    "username",
];

/// Words in the name of a variable that show that its key grants access and is not a public key.
const ACCESS: [&str; 8] = [
    "access",
    "api",
    "app",
    "encryption",
    "license",
    "master",
    "private",
    "session",
];

/// Words in the name of a variable with the key that signs packages.
const SIGNING: [&str; 10] = [
    "apt",
    "maintainer",
    "package",
    "release",
    "releases",
    "repo",
    "repository",
    "sign",
    "signer",
    "signing",
];

/// A key or a token in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// The first byte in the text.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
    /// The kind: `private key`, `possible GitHub token`.
    pub what: String,
}

/// The secrets of a text: tokens in order, then private keys in order.
pub fn find(text: &str) -> Vec<Secret> {
    let mut secrets = Vec::new();
    find_tokens(text, &mut secrets);
    find_private_keys(text, &mut secrets);
    secrets
}

fn find_tokens(text: &str, secrets: &mut Vec<Secret>) {
    // Tokens are ASCII, so slicing at their bytes never cuts a character.
    let mut start = 0;
    for word in text.split(|c| !is_token_character(c)) {
        let end = start + word.len();
        if word.len() >= SHORTEST
            && let Some(issuer) = issuer(word)
        {
            secrets.push(Secret {
                start,
                end,
                what: format!("possible {issuer} token"),
            });
        }
        let separator = text[end..].chars().next();
        start = end + separator.map_or(0, char::len_utf8);
    }
}

fn find_private_keys(text: &str, secrets: &mut Vec<Secret>) {
    const BEGIN: &str = "-----BEGIN ";
    const DASHES: &str = "-----";

    for (start, _) in text.match_indices(BEGIN) {
        let label_start = start + BEGIN.len();
        // The label ends at the next dashes, so that many headers on one line do not take quadratic
        // time.
        let Some((label, _)) = text[label_start..].split_once(DASHES) else {
            return;
        };
        let end = label_start + label.len() + DASHES.len();
        let is_private = label.ends_with("PRIVATE KEY") && !label.contains('\n');
        if is_private && has_key_body(&text[end..]) {
            secrets.push(Secret {
                start,
                end,
                what: "private key".to_owned(),
            });
        }
    }
}

/// Whether a key follows the header. Programs that read keys contain only the header.
fn has_key_body(text: &str) -> bool {
    let mut text = text.trim_start();
    // Line breaks are escaped in ENV and `printf`.
    while let Some(rest) = text
        .strip_prefix("\\n")
        .or_else(|| text.strip_prefix("\\r"))
        .or_else(|| text.strip_prefix('\\'))
    {
        text = rest.trim_start();
    }
    // Encrypted OpenSSL keys start with their parameters.
    if text.starts_with("Proc-Type:") {
        return true;
    }
    // Long enough to be Base64 rather than a word of a message.
    let body = text.bytes();
    body.take_while(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte))
        .count()
        >= 8
}

/// Whether the path of a file suggests that it contains secrets.
pub fn is_secret_file(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let name = file_name(&path);
    is_environment_file(name)
        || SECRET_FILES
            .iter()
            .any(|pattern| glob_matches(pattern, name))
        || SECRET_PATHS.iter().any(|end| path.ends_with(end))
}

/// Whether a file is an environment file such as `.env.production`, but neither a template nor a
/// glob pattern.
fn is_environment_file(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(".env.") else {
        return false;
    };
    !rest.contains('*') && !rest.split('.').any(|part| TEMPLATES.contains(&part))
}

/// Whether the name of a variable, in any case, suggests that it contains a secret.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words: Vec<&str> = name.split(['_', '-', '.']).collect();
    words.iter().any(|word| SECRET.contains(word))
        && !words.iter().any(|word| HARMLESS.contains(word))
        && !words.last().is_some_and(|word| PROPERTIES.contains(word))
        && !is_identifier(&words)
}

/// Whether words name a key and not its content: `SIGNING_KEY_ID`, `CLIENT_ID_KEY`.
fn is_identifier(words: &[&str]) -> bool {
    // `AWS_ACCESS_KEY_ID` is one half of a pair of credentials, which scanners look for.
    if words.contains(&"access") {
        return false;
    }
    // `SECRET_ID` and `ID_TOKEN` are secrets themselves.
    let mut secret = words.iter().filter(|word| SECRET.contains(word));
    let is_key = secret.all(|word| matches!(*word, "key" | "credential" | "credentials"));
    let ends_in_id = matches!(words.last(), Some(&("id" | "ids")));
    is_key && (ends_in_id || words.windows(2).any(|pair| pair == ["id", "key"]))
}

/// Whether a variable contains fingerprints or IDs of public keys, which a build uses to verify
/// downloads: `RELEASE_SIGNING_KEY=01EA5486DE18A882D4C2684590C8019E36C2E964`.
pub fn is_public_key(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words: Vec<&str> = name.split(['_', '-', '.']).collect();
    // A token or a password may be 40 hexadecimal digits as well.
    let mut secret = words.iter().filter(|word| SECRET.contains(word));
    if !secret.all(|word| *word == "key") || words.iter().any(|word| ACCESS.contains(word)) {
        return false;
    }
    let signs = words.iter().any(|word| SIGNING.contains(word));
    let mut ids = value
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';'))
        .filter(|id| !id.is_empty())
        .peekable();
    ids.peek().is_some() && ids.all(|id| is_key_id(id, signs))
}

/// Whether a value is a placeholder for a secret: `XXXXXXXX`, `00000000-0000-0000`, `<token>`,
/// `YOUR_TOKEN`, `%TOKEN%/key`.
pub fn is_placeholder(value: &str) -> bool {
    let is_marked = value.starts_with('<') && value.ends_with('>');
    let is_template = value.starts_with('%') && value[1..].contains('%');
    let is_yours = value.get(..5).is_some_and(|start| {
        start.eq_ignore_ascii_case("your-") || start.eq_ignore_ascii_case("your_")
    });
    if is_marked || is_template || is_yours {
        return true;
    }
    let mut letters = value.chars().filter(|c| !matches!(c, '-' | '_'));
    let Some(first) = letters.next() else {
        return false;
    };
    // A real password may repeat a single letter or the digit 1.
    let is_blank = matches!(first, 'x' | 'X' | '0' | '*' | '.' | '?' | '#');
    let mut count = 1;
    for letter in letters {
        if letter != first {
            return false;
        }
        count += 1;
    }
    is_blank && count >= 4
}

/// Whether a text is a fingerprint, or an ID of a key as `GnuPG` prints it. Other programs print
/// lowercase digits, so these only count if the name of the variable states their purpose.
fn is_key_id(id: &str, signs: bool) -> bool {
    let digits = id.strip_prefix("0x").unwrap_or(id);
    let is_marked = digits.len() < id.len() || signs;
    matches!(digits.len(), 8 | 16 | 40)
        && digits.bytes().all(|b| b.is_ascii_hexdigit())
        && (is_marked
            || digits.bytes().any(|b| b.is_ascii_uppercase())
                && !digits.bytes().any(|b| b.is_ascii_lowercase()))
}

fn is_token_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// The service that issued a token.
fn issuer(word: &str) -> Option<&'static str> {
    let (prefix, length, issuer) = TOKENS
        .iter()
        .find(|(prefix, ..)| word.starts_with(prefix))?;
    let rest = &word[prefix.len()..];
    // AWS key IDs have a fixed length and contain only capital letters and digits.
    let fits = if *issuer == "AWS" {
        word.len() == *length
            && rest
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    } else {
        word.len() >= *length
    };
    // A short prefix is followed by letters and digits only: `npm_config_…` is a variable.
    let plain = prefix.len() > 4
        || rest
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b) && !prefix.ends_with('_'));
    if fits && plain && is_random(rest) {
        Some(issuer)
    } else {
        None
    }
}

/// Whether a text looks random. Tokens in documentation contain `EXAMPLE`, and placeholders consist
/// of a few repeated letters.
fn is_random(text: &str) -> bool {
    let mut letters: Vec<u8> = text.bytes().collect();
    letters.sort_unstable();
    letters.dedup();
    letters.len() >= 8
        && letters.iter().any(u8::is_ascii_digit)
        && !text.to_ascii_uppercase().contains("EXAMPLE")
}
