//! Records the ports that programs listen on, according to their rules and the configuration files
//! that these read.

use std::collections::HashMap;

use super::page::{ADDRESS, KeepPage, ListenPattern};
use super::words::without_comment;
use crate::image::NameId;
use crate::slim::keep::Keep;
use crate::slim::view::View;
use crate::slim::writes::Listen;

/// The database of names of services. Source: services(5)
const SERVICES: &[u8] = b"/etc/services";

/// Records the default ports of a program whose rule fires.
pub(super) fn record_default(keep: &mut Keep<'_>, page: &'static KeepPage, by: Option<NameId>) {
    let Some(at) = by else { return };
    for pattern in &page.listens {
        if let ListenPattern::Default(port) = pattern {
            add(keep, page, *port, (at, None));
        }
    }
}

/// The image's database of services, which is read once, when an address has a name for a port.
#[derive(Debug, Default)]
pub(super) struct Services(Option<HashMap<String, u16>>);

impl Services {
    fn port(&mut self, view: &View<'_>, service: &str) -> Option<u16> {
        if !service.bytes().any(|byte| byte.is_ascii_alphabetic()) {
            return None;
        }
        let known = self.0.get_or_insert_with(|| read_services(view));
        known.get(service).copied()
    }
}

fn read_services(view: &View<'_>) -> HashMap<String, u16> {
    let mut services = HashMap::new();
    let file = view.tree().resolve(SERVICES).ok();
    let Some(database) = file.and_then(|file| view.bytes(file.name)) else {
        return services;
    };
    let lines = database.split(|&byte| byte == b'\n');
    for line in lines.filter_map(|line| std::str::from_utf8(without_comment(line)).ok()) {
        // `smtp 25/tcp mail`
        let mut words = line.split_whitespace();
        let (Some(name), Some(port)) = (words.next(), words.next()) else {
            continue;
        };
        let port = port.split('/').next().unwrap_or(port);
        let Ok(port) = port.parse() else { continue };
        for name in words.chain([name]) {
            // Of several lines for a service, the first one counts.
            services.entry(name.to_owned()).or_insert(port);
        }
    }
    services
}

/// Records the ports in a configuration file of a rule.
pub(super) fn record(
    keep: &mut Keep<'_>,
    services: &mut Services,
    page: &'static KeepPage,
    name: NameId,
    text: &[u8],
) {
    if page.listens.is_empty() {
        return;
    }
    for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
        for statement in statements(line) {
            for address in addresses(page, statement) {
                for port in ports(keep.view, services, address) {
                    add(keep, page, port, (name, Some(index + 1)));
                }
            }
        }
    }
}

fn add(
    keep: &mut Keep<'_>,
    page: &'static KeepPage,
    port: u16,
    (at, line): (NameId, Option<usize>),
) {
    let rule = page.name;
    keep.run_time.add_listen(Listen {
        rule,
        port,
        at,
        line,
    });
}

/// The statements on a line: some formats end them with a semicolon, and some have blocks in
/// braces.
fn statements(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    without_comment(line).split(|byte| b";{}".contains(byte))
}

/// The words of a statement where the patterns of a page have an address.
fn addresses<'t>(page: &KeepPage, statement: &'t [u8]) -> Vec<&'t [u8]> {
    // No pattern is longer.
    const LONGEST: usize = 4;
    let words: Vec<&[u8]> = words(statement).take(LONGEST).collect();
    let mut found = Vec::new();
    for pattern in &page.listens {
        let ListenPattern::Statement(pattern) = pattern else {
            continue;
        };
        if pattern.len() > words.len() {
            continue;
        }
        let mut pairs = pattern.iter().zip(&words);
        if pairs.all(|(expected, word)| *expected == ADDRESS || is_keyword(word, expected)) {
            let place = pattern.iter().position(|expected| *expected == ADDRESS);
            found.extend(place.map(|place| words[place]));
        }
    }
    found
}

/// The words of a statement without quotes. `a = b`, `a=b` and `a: b` mean the same as `a b`.
fn words(statement: &[u8]) -> impl Iterator<Item = &[u8]> {
    statement
        .split(|byte| byte.is_ascii_whitespace() || *byte == b'=')
        .map(|word| {
            let is_quote = |byte: &u8| b"\"'".contains(byte);
            let start = word.iter().position(|byte| !is_quote(byte)).unwrap_or(0);
            let end = word.iter().rposition(|byte| !is_quote(byte));
            &word[start..end.map_or(start, |end| end + 1)]
        })
        .filter(|word| !word.is_empty())
}

fn is_keyword(word: &[u8], keyword: &str) -> bool {
    let word = word.strip_suffix(b":").unwrap_or(word);
    word.eq_ignore_ascii_case(keyword.as_bytes())
}

/// The ports of a list of addresses: `80`, `*:80,[::]:443`, or the name of a service.
fn ports(view: &View<'_>, services: &mut Services, addresses: &[u8]) -> Vec<u16> {
    let mut ports = Vec::new();
    for address in addresses.split(|&byte| byte == b',') {
        let Some(port) = std::str::from_utf8(address).ok().and_then(port_text) else {
            continue;
        };
        match port.parse() {
            Ok(0) => {}
            Ok(port) => ports.push(port),
            Err(_) => ports.extend(services.port(view, port)),
        }
    }
    ports
}

/// The port at the end of an address: `80`, `:80`, `127.0.0.1:80`, `[::1]:80`, `http://*:80/`.
pub fn port_text(address: &str) -> Option<&str> {
    let address = address
        .split_once("//")
        .map_or(address, |(_, address)| address)
        .trim_end_matches('/');
    // The path of a socket is no address.
    if address.contains('/') {
        return None;
    }
    let Some((host, port)) = address.rsplit_once(':') else {
        return Some(address);
    };
    // Without brackets, the last group of `fe80::1:22` belongs to the address; `:::80` is no
    // address, but every one of IPv6 with a port.
    let is_address = host.contains(':') && !host.ends_with(']') && !host.contains('.');
    if is_address && host != "::" {
        return None;
    }
    Some(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_the_end_of_an_address() {
        for (address, expected) in [
            ("80", Some("80")),
            (":80", Some("80")),
            ("*:80", Some("80")),
            ("127.0.0.1:80", Some("80")),
            ("[::]:80", Some("80")),
            (":::80", Some("80")),
            ("udp:127.0.0.1:161", Some("161")),
            ("http://+:80/", Some("80")),
            ("host:http", Some("http")),
            ("fe80::1:22", None),
            ("unix:/run/socket", None),
            ("/run/socket", None),
            ("[::]", None),
        ] {
            assert_eq!(port_text(address), expected, "{address}");
        }
    }

    #[test]
    fn a_statement_has_its_address_where_the_pattern_says() {
        let page = "---\nwhen: always\nlistens: [listen *, * inet, http-socket *, <Connector port *]\n---\n# T\n";
        let page = KeepPage::parse("p", page).unwrap();
        let found = |line: &str| -> Vec<String> {
            statements(line.as_bytes())
                .flat_map(|statement| addresses(&page, statement))
                .map(|address| String::from_utf8_lossy(address).into_owned())
                .collect()
        };
        for (line, expected) in [
            ("listen 80;", vec!["80"]),
            (
                "server { listen 80 backlog=511; listen [::]:80; }",
                vec!["80", "[::]:80"],
            ),
            ("Listen\t*:80", vec!["*:80"]),
            ("listen = '127.0.0.1:80'", vec!["127.0.0.1:80"]),
            ("listen: 80", vec!["80"]),
            ("smtp      inet  n       -       y", vec!["smtp"]),
            ("http-socket=:80", vec![":80"]),
            ("<Connector port=\"80\" protocol=\"HTTP/1.1\"", vec!["80"]),
            ("# listen 80;", vec![]),
            ("; listen = 80", vec![]),
            ("x 80; # listen 81", vec![]),
            ("do not listen 80", vec![]),
            ("listen", vec![]),
            ("listen_backlog 80", vec![]),
        ] {
            assert_eq!(found(line), expected, "{line}");
        }
    }
}
