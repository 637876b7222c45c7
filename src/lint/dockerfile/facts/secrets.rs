//! What looks like a secret: tokens and private keys in texts, names of files, names of variables.

use super::scope::glob_matches;

/// How a token starts, how many characters it has at least, and whose it is.
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

/// No token is shorter than this.
const SHORTEST: usize = 20;

/// Names of files that are there to hold a secret, in lower case.
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

/// The same, by the end of the path.
const SECRET_PATHS: [&str; 7] = [
    ".aws/credentials",
    ".docker/config.json",
    ".kube/config",
    ".azure/accesstokens.json",
    ".boto",
    "gcloud/access_tokens.db",
    "gcloud/credentials.db",
];

/// What a `.env.…` file is called that is there to be filled in.
const TEMPLATES: [&str; 9] = [
    "example", "sample", "template", "dist", "test", "defaults", "tpl", "tmpl", "docker",
];

/// Words of a name that speak of a secret.
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

/// Words that say that it is none: public, or only about one.
const HARMLESS: [&str; 26] = [
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
    "keyring",
];

/// A key or a token in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Bytes of the text.
    pub start: usize,
    pub end: usize,
    /// `private key`, `possible GitHub token`.
    pub what: String,
}

/// The secrets of a text: tokens by their places, then private keys by theirs.
pub fn find(text: &str) -> Vec<Secret> {
    let mut secrets = Vec::new();
    // All that is part of a token is ASCII, so the text can be parted at bytes.
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(start) = bytes[at..]
        .iter()
        .position(|&byte| is_token(byte))
        .map(|skip| at + skip)
    {
        let end = bytes[start..]
            .iter()
            .position(|&byte| !is_token(byte))
            .map_or(bytes.len(), |length| start + length);
        if end - start >= SHORTEST
            && let Some(owner) = owner(&text[start..end])
        {
            secrets.push(Secret {
                start,
                end,
                what: format!("possible {owner} token"),
            });
        }
        at = end;
    }
    let mut at = 0;
    while let Some(found) = memchr::memmem::find(&bytes[at..], b"-----BEGIN ") {
        let start = at + found;
        let line = text[start..].lines().next().unwrap_or_default();
        let behind = line
            .find("PRIVATE KEY-----")
            .map(|at| &text[start + at + "PRIVATE KEY-----".len()..]);
        if behind.is_some_and(has_body) {
            let end = start
                + line
                    .find("KEY-----")
                    .map_or(line.len(), |key| key + "KEY-----".len());
            secrets.push(Secret {
                start,
                end,
                what: "private key".to_owned(),
            });
        }
        at = start + "-----BEGIN ".len();
    }
    secrets
}

/// Whether a key follows what begins one: programs that read keys have the line alone.
fn has_body(text: &str) -> bool {
    let mut text = text.trim_start();
    while let Some(rest) = text
        .strip_prefix("\\n")
        .or_else(|| text.strip_prefix("\\r"))
        .or_else(|| text.strip_prefix('\\'))
    {
        text = rest.trim_start();
    }
    let is_key = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    text.starts_with("Proc-Type:") || text.bytes().take_while(is_key).count() >= 8
}

/// Whether a file is there to hold secrets, by its path.
pub fn is_secret_file(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or(&path);
    let template = |rest: &str| rest.split('.').any(|part| TEMPLATES.contains(&part));
    let environment = name
        .strip_prefix(".env.")
        .is_some_and(|rest| !template(rest) && !rest.contains('*'));
    environment
        || SECRET_FILES
            .iter()
            .any(|pattern| glob_matches(pattern, name))
        || SECRET_PATHS.iter().any(|end| path.ends_with(end))
}

/// By the words of a name, as BuildKit takes them: parted by `_`, in any case.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let mut words = name.split(['_', '-', '.']);
    let is = |list: &[&str], word: &str| list.contains(&word);
    words.clone().any(|word| is(&SECRET, word)) && !words.any(|word| is(&HARMLESS, word))
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// Whose token a word is.
fn owner(word: &str) -> Option<&'static str> {
    let (prefix, length, owner) = TOKENS
        .iter()
        .find(|(prefix, ..)| word.starts_with(prefix))?;
    let rest = &word[prefix.len()..];
    // AWS's are as long as that and no longer, and in capitals.
    let fits = if *owner == "AWS" {
        word.len() == *length
            && rest
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    } else {
        word.len() >= *length
    };
    // After a short mark there are letters and digits only: `npm_config_…` is a variable.
    let plain = prefix.len() > 4
        || rest
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b) && !prefix.ends_with('_'));
    (fits && plain && is_random(rest)).then_some(*owner)
}

/// Documentation has `EXAMPLE` in it, placeholders one letter many times.
fn is_random(text: &str) -> bool {
    let mut letters: Vec<u8> = text.bytes().collect();
    letters.sort_unstable();
    letters.dedup();
    letters.len() >= 8
        && letters.iter().any(u8::is_ascii_digit)
        && !text.to_ascii_uppercase().contains("EXAMPLE")
}
