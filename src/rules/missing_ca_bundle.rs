//! `missing-ca-bundle`: a program that uses TLS has no CA certificates.

use crate::elf::Elf;
use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "missing-ca-bundle",
    page: include_str!("../../rules/lint/missing-ca-bundle.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

/// The paths of the bundle in different distributions.
const BUNDLES: [&str; 8] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/cert.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/cert.pem",
    "/usr/local/etc/openssl/cert.pem",
    "/usr/share/ca-certificates/mozilla",
];

/// Functions that load the system's certificates, and the libraries that define them.
const CALLS: [(&str, &str); 7] = [
    ("SSL_CTX_set_default_verify_paths", "libssl"),
    ("SSL_CTX_set_default_verify_file", "libssl"),
    ("SSL_CTX_set_default_verify_dir", "libssl"),
    ("X509_STORE_set_default_paths", "libcrypto"),
    ("gnutls_certificate_set_x509_system_trust", "libgnutls"),
    ("gnutls_x509_trust_list_add_system_trust", "libgnutls"),
    ("curl_easy_perform", "libcurl"),
];

/// Reports the first program or library that would load the certificates.
fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    // OpenSSL reads this variable before its default path.
    let from_variable = cx.configuration().env_value("SSL_CERT_FILE");
    if from_variable
        .into_iter()
        .chain(BUNDLES)
        .any(|path| exists(cx, path))
    {
        return;
    }
    for (name, elf) in cx.elfs() {
        // An unreachable tool may need certificates too, but is not called.
        if cx.is_reached(name) != Some(true) || defines_calls(cx.tree().file_name(name)) {
            continue;
        }
        let Some(call) = cx.read(name).and_then(|bytes| called(elf, &bytes)) else {
            continue;
        };
        let path = cx.path(name);
        let message = format!("`{path}` calls `{call}`, but the image has no CA certificates");
        findings.add(cx.at_file(name), message);
        // All of them lack the same bundle, so one finding is enough.
        return;
    }
}

/// Whether a path is a directory or a file that is not empty.
fn exists(cx: &ImageContext<'_>, path: &str) -> bool {
    cx.find(path)
        .is_some_and(|name| cx.length(name) > 0 || cx.tree().is_directory(name))
}

/// Whether a file is one of these libraries, which call their own functions.
fn defines_calls(file_name: &[u8]) -> bool {
    CALLS
        .iter()
        .any(|(_, library)| file_name.starts_with(library.as_bytes()))
}

/// The first of the functions that a program or library imports.
fn called(elf: &Elf, bytes: &[u8]) -> Option<&'static str> {
    elf.imports(bytes).find_map(|import| {
        let mut calls = CALLS.iter().map(|(call, _)| *call);
        calls.find(|call| call.as_bytes() == import)
    })
}
