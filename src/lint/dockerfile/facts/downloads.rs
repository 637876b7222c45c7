//! Downloads in scripts, and whether a script verifies what it downloaded.

use super::run::{Call, Run};
use crate::source::Span;

/// A URL that is fetched by a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download<'c> {
    pub span: Span,
    /// The URL with known variables expanded; unknown ones stay as written.
    pub url: &'c str,
}

/// Programs that fetch the URLs among their arguments, with the options whose value is another kind
/// of URL, such as a proxy.
const FETCHERS: [(&str, &[&str]); 24] = [
    ("apt-key", &["--keyserver-options"]),
    (
        "aria2c",
        &[
            "--all-proxy",
            "--http-proxy",
            "--https-proxy",
            "--referer",
            "--header",
        ],
    ),
    ("axel", &["-H", "--header"]),
    ("bun", &[]),
    (
        "curl",
        &[
            "-x",
            "--proxy",
            "--preproxy",
            "-e",
            "--referer",
            "-H",
            "--header",
            "-d",
            "--data",
            "-A",
            "-F",
            "--data-raw",
        ],
    ),
    ("dnf", &[]),
    ("fetch", &[]),
    ("gem", &["-p", "--http-proxy"]),
    ("git", &["-c"]),
    ("hg", &[]),
    ("lftp", &[]),
    ("microdnf", &[]),
    ("npm", &["--proxy", "--https-proxy"]),
    ("pip", &["--proxy"]),
    ("pip2", &["--proxy"]),
    ("pip3", &["--proxy"]),
    ("pnpm", &[]),
    ("rpm", &["--httpproxy"]),
    ("svn", &[]),
    ("tdnf", &[]),
    (
        "wget",
        &["-e", "--execute", "--referer", "--header", "--post-data"],
    ),
    ("yarn", &[]),
    ("yum", &[]),
    ("zypper", &[]),
];

/// Words among the first arguments of calls that change a setting and fetch nothing.
const SETTINGS: [&str; 4] = ["config", "set", "config-manager", "--setopt"];

impl Call {
    /// The URLs that are fetched over HTTP.
    pub fn downloads(&self) -> Vec<Download<'_>> {
        let Some((_, other)) = FETCHERS.iter().find(|(name, _)| *name == self.name) else {
            return Vec::new();
        };
        // `npm config set registry http://…` and `dnf config-manager` only change settings.
        if self.words().take(2).any(|word| SETTINGS.contains(&word)) {
            return Vec::new();
        }
        let mut downloads = Vec::new();
        // Set after an option that takes a URL of another kind as its value.
        let mut skip = false;
        for argument in &self.arguments {
            for text in argument.texts() {
                // A word with an unknown value still has its quotes.
                let value = text.trim_matches(['"', '\'']);
                if !std::mem::replace(&mut skip, other.contains(&value)) && is_http(value) {
                    downloads.push(Download {
                        span: argument.span,
                        url: value,
                    });
                }
            }
        }
        downloads
    }
}

fn is_http(text: &str) -> bool {
    // URL schemes are case-insensitive.
    let start = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    start.starts_with("http://") || start.starts_with("https://")
}

/// Programs that check a file against a checksum or a signature.
const VERIFIERS: [&str; 17] = [
    "sha256sum",
    "sha512sum",
    "sha1sum",
    "sha384sum",
    "sha224sum",
    "sha3sum",
    "b2sum",
    "md5sum",
    "shasum",
    "rhash",
    "gpgv",
    "cosign",
    "minisign",
    "signify",
    "slsa-verifier",
    "sha256",
    "cksum",
];

impl Run<'_> {
    /// Whether the call checks a file against a checksum or a signature.
    pub fn verifies(&self) -> bool {
        self.calls.iter().any(|call| match call.name.as_str() {
            name if VERIFIERS.contains(&name) => true,
            // Other `gpg` commands import keys or decrypt files.
            "gpg" | "gpg2" => call.words().any(|word| word == "--verify"),
            "openssl" => call
                .words()
                .any(|word| matches!(word, "dgst" | "sha256" | "sha512")),
            "aria2c" => call.words().any(|word| word.starts_with("--checksum")),
            _ => false,
        })
    }
}
