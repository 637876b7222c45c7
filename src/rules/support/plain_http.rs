//! URLs of downloads over plain HTTP.

/// The host of a plain HTTP URL on the Internet, not on the machine itself or in a local network.
pub(in crate::rules) fn plain_host(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_at_checked("http://".len())?;
    if !scheme.eq_ignore_ascii_case("http://") {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    // The brackets of an IPv6 address contain colons.
    let host = if host.starts_with('[') {
        host
    } else {
        host.split(':').next()?
    };
    let octets: Option<Vec<u8>> = host.split('.').map(|part| part.parse().ok()).collect();
    // The networks of RFC 1918, loopback and link-local addresses.
    let private = match octets.as_deref() {
        Some([0 | 10 | 127, ..] | [192, 168, ..] | [169, 254, ..] | [172, 16..=31, ..]) => true,
        _ => [
            ".local",
            ".internal",
            ".localhost",
            ".localdomain",
            ".lan",
            ".test",
        ]
        .iter()
        .any(|end| host.ends_with(end)),
    };
    // A name without a dot refers to another container or to a machine on the local network.
    if private || !host.contains('.') || host.starts_with('[') || host.contains('$') {
        return None;
    }
    Some(host)
}
