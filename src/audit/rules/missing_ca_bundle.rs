//! `missing-ca-bundle`: a program that speaks TLS has no certificates to check with.

use crate::audit::{Context, Findings, Rule};
use crate::elf::Elf;

pub(super) const RULE: Rule = Rule {
    name: "missing-ca-bundle",
    page: Some(include_str!("../../../rules/lint/missing-ca-bundle.md")),
    check,
};

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
/// What a program calls that wants the certificates of the system, and the library that has it.
const CALLS: [(&str, &str); 7] = [
    ("SSL_CTX_set_default_verify_paths", "libssl"),
    ("SSL_CTX_set_default_verify_file", "libssl"),
    ("SSL_CTX_set_default_verify_dir", "libssl"),
    ("X509_STORE_set_default_paths", "libcrypto"),
    ("gnutls_certificate_set_x509_system_trust", "libgnutls"),
    ("gnutls_x509_trust_list_add_system_trust", "libgnutls"),
    ("curl_easy_perform", "libcurl"),
];

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    let is_there = |path: &str| {
        cx.find(path)
            .is_some_and(|name| cx.length(name) > 0 || cx.tree().is_directory(name))
    };
    let by_variable = cx
        .configuration()
        .env_value("SSL_CERT_FILE")
        .is_some_and(is_there);
    if by_variable || BUNDLES.iter().any(|path| is_there(path)) {
        return;
    }
    for (name, elf) in cx
        .elfs()
        .filter(|&(name, _)| cx.is_reached(name) == Some(true))
    {
        let file_name = cx.tree().file_name(name);
        let is_own = CALLS
            .iter()
            .any(|(_, library)| file_name.starts_with(library.as_bytes()));
        let call = cx
            .read(name)
            .filter(|_| !is_own)
            .and_then(|bytes| called(elf, &bytes));
        if let Some(call) = call {
            findings.file(
                name,
                format!("it asks for the system's certificates with `{call}`, and there are none"),
            );
            return;
        }
    }
}

fn called(elf: &Elf, bytes: &[u8]) -> Option<&'static str> {
    let call = |import: &[u8]| {
        CALLS
            .iter()
            .find(|(call, _)| call.as_bytes() == import)
            .map(|(call, _)| *call)
    };
    elf.imports(bytes).find_map(call)
}
