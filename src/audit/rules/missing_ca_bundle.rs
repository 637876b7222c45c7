//! `missing-ca-bundle`: a program that speaks TLS has no certificates to check with.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule =
    Rule { name: "missing-ca-bundle", page: Some(include_str!("../../../rules/image/missing-ca-bundle.md")), check };

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
const LIBRARIES: [&str; 6] =
    ["libssl.so", "libgnutls.so", "libnss3.so", "libmbedtls.so", "libwolfssl.so", "libcurl.so"];

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    let is_there = |path: &str| cx.find(path).is_some_and(|name| cx.length(name) > 0 || cx.tree().is_directory(name));
    let by_variable = cx.configuration().env_value("SSL_CERT_FILE").is_some_and(is_there);
    if by_variable || BUNDLES.iter().any(|path| is_there(path)) {
        return;
    }
    let speaks = cx.files().filter(|&name| cx.is_reached(name) == Some(true)).find(|&name| {
        let file_name = String::from_utf8_lossy(cx.tree().file_name(name)).into_owned();
        LIBRARIES.iter().any(|library| file_name.starts_with(library))
    });
    if let Some(name) = speaks {
        findings.file(name, "the program can speak TLS, but there are no certificates to check others with");
    }
}
