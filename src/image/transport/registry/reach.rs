//! The addresses to which a registry may send its client.
//!
//! Registries name token servers, storage and upload locations on other hosts, and every client
//! follows: Docker Hub's tokens come from `auth.docker.io`, GitLab's from `gitlab.com`. Docker,
//! containerd and Podman go wherever they are sent; go-containerregistry refuses schemes other than
//! HTTPS and internal addresses (`validateRealmURL`), and so does jettison. A host name may resolve
//! to a private address, since company registries have such names, but not to a link-local one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

use super::{metadata, proxied};

/// The requested registry, and the addresses that it may refer to.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    /// The scheme, host and port of the registry.
    pub registry: Url,
    /// Whether the user allowed a registry whose identity is not verified.
    pub is_unverified: bool,
}

/// The reason why an address from a registry is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("it is not a valid URL")]
    Malformed,
    #[error("it does not use TLS, unlike the registry")]
    Plain,
    #[error("it is neither HTTP nor HTTPS")]
    Scheme,
    #[error("it contains a user name or password")]
    UserInfo,
    #[error("it is an internal address")]
    Internal,
    #[error("there are more than {MAX_REDIRECTS} redirects")]
    TooManyRedirects,
}

/// Redirects that are followed: as many as Go's client follows.
pub(super) const MAX_REDIRECTS: usize = 10;

/// The scope of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Zone {
    Public,
    /// This machine or its network.
    Private,
    /// Cloud metadata services and addresses that are not hosts; these are never registries.
    LinkLocal,
}

impl Reach {
    /// Parses and checks a URL from the registry.
    pub(super) fn parse(&self, address: &str) -> Result<Url, Refusal> {
        let url = Url::parse(address).map_err(|_| Refusal::Malformed)?;
        self.check(&url)?;
        Ok(url)
    }

    pub(super) fn check(&self, url: &Url) -> Result<(), Refusal> {
        // The credentials would be sent to whatever host follows the `@`.
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::UserInfo);
        }
        match url.scheme() {
            "https" => {}
            // A registry without TLS is not made worse by a token server without it.
            "http" if self.registry.scheme() == "http" => {}
            "http" => return Err(Refusal::Plain),
            _ => return Err(Refusal::Scheme),
        }
        // The host that the user named is trusted with its own ports.
        if url.host() == self.registry.host() {
            return Ok(());
        }
        match zone(url) {
            Zone::Public if proxied::leads_to(url, is_link_local) => Err(Refusal::Internal),
            Zone::Public => Ok(()),
            // A public registry has no reason to send a client into its private network.
            Zone::Private if self.is_unverified || zone(&self.registry) != Zone::Public => Ok(()),
            Zone::Private | Zone::LinkLocal => Err(Refusal::Internal),
        }
    }

    /// Whether a URL is at the registry itself. No other host gets credentials and tokens.
    pub(super) fn is_registry(&self, url: &Url) -> bool {
        url.origin() == self.registry.origin()
    }
}

fn zone(url: &Url) -> Zone {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    match address.parse() {
        Ok(IpAddr::V4(address)) => zone_of_v4(address),
        Ok(IpAddr::V6(address)) => zone_of_v6(address),
        // A name is judged by itself here, and by its addresses when it is resolved.
        Err(_) => {
            let name = host.trim_end_matches('.').to_ascii_lowercase();
            if name == "localhost" || name.ends_with(".localhost") {
                Zone::Private
            } else if metadata::is_service_name(&name) {
                Zone::LinkLocal
            } else {
                Zone::Public
            }
        }
    }
}

/// Whether an address can never be a registry: that of a metadata service, or of no host at all.
pub(super) fn is_link_local(address: IpAddr) -> bool {
    let zone = match address {
        IpAddr::V4(address) => zone_of_v4(address),
        IpAddr::V6(address) => zone_of_v6(address),
    };
    zone == Zone::LinkLocal
}

/// The ranges of IPv4 that are not public, from IANA's registry of special-purpose addresses. The
/// longest prefix that matches decides.
const RANGES_V4: [([u8; 4], u8, Zone); 17] = [
    ([0, 0, 0, 0], 8, Zone::LinkLocal),
    ([10, 0, 0, 0], 8, Zone::Private),
    // The shared address space of carriers.
    ([100, 64, 0, 0], 10, Zone::Private),
    ([127, 0, 0, 0], 8, Zone::Private),
    ([169, 254, 0, 0], 16, Zone::LinkLocal),
    ([172, 16, 0, 0], 12, Zone::Private),
    // Assignments of protocols: of these, two anycast addresses are public.
    ([192, 0, 0, 0], 24, Zone::Private),
    ([192, 0, 0, 9], 32, Zone::Public),
    ([192, 0, 0, 10], 32, Zone::Public),
    // Documentation: no host.
    ([192, 0, 2, 0], 24, Zone::Private),
    ([198, 51, 100, 0], 24, Zone::Private),
    ([203, 0, 113, 0], 24, Zone::Private),
    // Relays to 6to4, which no longer exist.
    ([192, 88, 99, 0], 24, Zone::Private),
    ([192, 168, 0, 0], 16, Zone::Private),
    // Benchmarks of networks.
    ([198, 18, 0, 0], 15, Zone::Private),
    // Multicast and reserved addresses, including the broadcast address.
    ([224, 0, 0, 0], 4, Zone::LinkLocal),
    ([240, 0, 0, 0], 4, Zone::LinkLocal),
];

fn zone_of_v4(address: Ipv4Addr) -> Zone {
    if metadata::is_service_v4(address) {
        return Zone::LinkLocal;
    }
    let mut best = (0, Zone::Public);
    for (start, length, zone) in RANGES_V4 {
        let differing = address.to_bits() ^ Ipv4Addr::from(start).to_bits();
        if differing.leading_zeros() >= u32::from(length) && length > best.0 {
            best = (length, zone);
        }
    }
    best.1
}

/// The ranges of IPv6 that are not public, from IANA's registry of special-purpose addresses.
const RANGES_V6: [(Ipv6Addr, u32, Zone); 14] = [
    (Ipv6Addr::LOCALHOST, 128, Zone::Private),
    // The local prefix for translation: each network decides on the position of the IPv4 address in
    // it.
    (
        Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0),
        48,
        Zone::Private,
    ),
    (
        Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0),
        64,
        Zone::LinkLocal,
    ),
    (Ipv6Addr::new(0x100, 0, 0, 1, 0, 0, 0, 0), 64, Zone::Private),
    // Benchmarking, ORCHID and its successor, which are not hosts.
    (
        Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0),
        48,
        Zone::Private,
    ),
    (
        Ipv6Addr::new(0x2001, 0x10, 0, 0, 0, 0, 0, 0),
        28,
        Zone::Private,
    ),
    (
        Ipv6Addr::new(0x2001, 0x20, 0, 0, 0, 0, 0, 0),
        28,
        Zone::Private,
    ),
    // Documentation.
    (
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0),
        32,
        Zone::Private,
    ),
    (
        Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0),
        20,
        Zone::Private,
    ),
    // Identifiers of segment routing, inside one network.
    (
        Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0),
        16,
        Zone::Private,
    ),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, Zone::Private),
    (
        Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0),
        10,
        Zone::LinkLocal,
    ),
    // Site-local addresses are deprecated, and networks still have them.
    (
        Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0),
        10,
        Zone::Private,
    ),
    (
        Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0),
        8,
        Zone::LinkLocal,
    ),
];

fn zone_of_v6(address: Ipv6Addr) -> Zone {
    if metadata::is_service_v6(address) {
        return Zone::LinkLocal;
    }
    let mut zone = Zone::Public;
    for (start, length, of_range) in RANGES_V6 {
        let differing = address.to_bits() ^ start.to_bits();
        if differing.leading_zeros() >= length {
            zone = zone.stricter(of_range);
        }
    }
    // `::1` is the loopback address, not an embedded 0.0.0.1.
    if address == Ipv6Addr::LOCALHOST {
        return zone;
    }
    for embedded in embedded_in(address) {
        zone = zone.stricter(zone_of_v4(embedded));
    }
    zone
}

/// The IPv4 addresses in an IPv6 address, to which a gateway, a relay or the kernel translates it.
fn embedded_in(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    match address.segments() {
        // Compatible, mapped and translated (SIIT) addresses, and those of NAT64.
        [0, 0, 0, 0, 0, 0 | 0xffff, ..]
        | [0, 0, 0, 0, 0xffff, 0, ..]
        | [0x64, 0xff9b, 0, 0, 0, 0, ..]
        // ISATAP: the interface identifier of a host in any network.
        | [_, _, _, _, 0 | 0x200, 0x5efe, ..] => vec![v4_at(address, 12)],
        // 6to4: the address of the router.
        [0x2002, ..] => vec![v4_at(address, 2)],
        // Teredo: the server, and the client with its bits inverted.
        [0x2001, 0, ..] => {
            let client = Ipv4Addr::from_bits(!v4_at(address, 12).to_bits());
            vec![v4_at(address, 4), client]
        },
        _ => Vec::new(),
    }
}

/// The four octets from `start` on.
fn v4_at(address: Ipv6Addr, start: usize) -> Ipv4Addr {
    let mut four = [0; 4];
    four.copy_from_slice(&address.octets()[start..start + 4]);
    Ipv4Addr::from(four)
}

impl Zone {
    fn stricter(self, other: Self) -> Self {
        match (self, other) {
            (Self::LinkLocal, _) | (_, Self::LinkLocal) => Self::LinkLocal,
            (Self::Private, _) | (_, Self::Private) => Self::Private,
            (Self::Public, Self::Public) => Self::Public,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(registry: &str, url: &str) -> Result<(), Refusal> {
        let reach = Reach {
            registry: Url::parse(registry).unwrap(),
            is_unverified: false,
        };
        reach.parse(url).map(drop)
    }

    #[test]
    fn a_registry_with_tls_cannot_redirect_to_plain_http() {
        for url in [
            "http://auth.example/token",
            "http://registry.example/token",
            "http://registry.example:443/token",
            "HTTP://127.0.0.1/",
        ] {
            assert_eq!(check("https://registry.example/", url), Err(Refusal::Plain));
        }
        assert_eq!(
            check("https://registry.example/", "https://auth.example/"),
            Ok(())
        );
        assert_eq!(
            check("http://localhost:5000/", "http://localhost:5001/token"),
            Ok(())
        );
        assert_eq!(
            check("http://127.0.0.1:5000/", "https://auth.example/token"),
            Ok(())
        );
    }

    #[test]
    fn urls_with_other_schemes_or_credentials_are_refused() {
        for url in [
            "ftp://r.example/",
            "file:///etc/passwd",
            "data:,x",
            "javascript:x",
        ] {
            assert_eq!(
                check("https://r.example/", url),
                Err(Refusal::Scheme),
                "{url}"
            );
        }
        for url in [
            "https://a:b@r.example/",
            "https://a@x.example/",
            "https://:b@x.example/",
        ] {
            assert_eq!(
                check("https://r.example/", url),
                Err(Refusal::UserInfo),
                "{url}"
            );
        }
        assert_eq!(
            check("https://r.example/", "/token"),
            Err(Refusal::Malformed)
        );
    }

    #[test]
    fn a_public_registry_cannot_redirect_to_an_internal_address_in_any_notation() {
        for host in [
            "127.0.0.1",
            "127.1",
            "0x7f000001",
            "2130706433",
            "10.1.2.3",
            "192.168.0.1",
            "172.16.0.1",
            "100.64.0.1",
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "[::1]",
            "[fd12::1]",
            "[::ffff:10.0.0.1]",
            "[64:ff9b::a00:1]",
            "169.254.169.254",
            "[fe80::1]",
            "[fd00:ec2::254]",
            "[::ffff:169.254.169.254]",
            "metadata.google.internal",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "[fd00:ec2::23]",
            "[fd20:ce::254]",
            "[fd00:42::42]",
            "[::ffff:168.63.129.16]",
            "metadata.goog",
            "METADATA",
            "instance-data.",
            "0.0.0.0",
            "[::]",
            "224.0.0.1",
        ] {
            let url = format!("https://{host}/token");
            assert_eq!(
                check("https://r.example/", &url),
                Err(Refusal::Internal),
                "{host}"
            );
        }
        assert_eq!(check("https://r.example/", "https://172.32.0.1/"), Ok(()));
        assert_eq!(
            check("https://r.example/", "https://[2606:4700::1]/"),
            Ok(())
        );
    }

    fn zone_of(address: &str) -> Zone {
        match address.parse().unwrap() {
            IpAddr::V4(address) => zone_of_v4(address),
            IpAddr::V6(address) => zone_of_v6(address),
        }
    }

    #[test]
    fn every_special_purpose_address_range_is_classified() {
        // The first and the last address of each, and its neighbors that are public.
        for (zone, addresses) in [
            (
                Zone::LinkLocal,
                "0.0.0.0 0.255.255.255 169.254.0.0 169.254.255.255 224.0.0.0",
            ),
            (
                Zone::LinkLocal,
                "239.255.255.255 240.0.0.0 255.255.255.255 168.63.129.16",
            ),
            (Zone::LinkLocal, "100.100.100.200 192.0.0.192"),
            (
                Zone::Private,
                "10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.0",
            ),
            (
                Zone::Private,
                "127.255.255.255 172.16.0.0 172.31.255.255 192.0.0.0 192.0.0.8",
            ),
            (
                Zone::Private,
                "192.0.0.170 192.0.0.255 192.0.2.0 192.0.2.255 192.88.99.1",
            ),
            (
                Zone::Private,
                "192.168.0.0 192.168.255.255 198.18.0.0 198.19.255.255",
            ),
            (Zone::Private, "198.51.100.1 203.0.113.255"),
            (
                Zone::Public,
                "1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0",
            ),
            (
                Zone::Public,
                "126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0 172.15.255.255",
            ),
            (
                Zone::Public,
                "172.32.0.0 192.0.0.9 192.0.0.10 192.0.1.0 192.0.3.0 192.88.98.255",
            ),
            (
                Zone::Public,
                "192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 203.0.114.0",
            ),
            (Zone::Public, "223.255.255.255 168.63.129.15"),
            (
                Zone::LinkLocal,
                ":: fe80::1 febf::1 ff02::1 100::1 fd00:ec2::254 fd20:ce::254",
            ),
            (
                Zone::Private,
                "::1 fc00::1 fdff::1 fec0::1 feff::1 100:0:0:1::1 64:ff9b:1::1",
            ),
            (
                Zone::Private,
                "64:ff9b:1:ffff::1 2001:2::1 2001:10::1 2001:1f::1 2001:20::1",
            ),
            (
                Zone::Private,
                "2001:2f::1 2001:db8::1 3fff::1 3fff:fff::1 5f00::1",
            ),
            (
                Zone::Public,
                "2606:4700::1 2a00::1 2001:4860::1 2001:30::1 2001:200::1 3ffe::1",
            ),
            (Zone::Public, "64:ff9b:2::1 101::1 2003::1 4000::1 5f01::1"),
        ] {
            for address in addresses.split(' ') {
                assert_eq!(zone_of(address), zone, "{address}");
            }
        }
    }

    #[test]
    fn an_embedded_ipv4_address_decides_the_zone_of_an_ipv6_address() {
        for (zone, addresses) in [
            (
                Zone::Private,
                "::10.0.0.1 ::ffff:10.0.0.1 ::ffff:0:10.0.0.1 64:ff9b::10.0.0.1",
            ),
            (Zone::Private, "2002:a00:1::1 2002:7f00:1:: 2002:c0a8:101::"),
            // Teredo: the server at the front, the client inverted at the end.
            (
                Zone::Private,
                "2001:0:a00:1::fefe:fefe 2001:0:808:808::f5ff:fffe",
            ),
            (
                Zone::Private,
                "2606:4700::5efe:10.0.0.1 2606:4700::200:5efe:192.168.0.1",
            ),
            (
                Zone::LinkLocal,
                "::169.254.169.254 ::ffff:169.254.169.254 64:ff9b::169.254.169.254",
            ),
            (
                Zone::LinkLocal,
                "2002:a9fe:a9fe::1 ::ffff:0:169.254.169.254",
            ),
            (
                Zone::LinkLocal,
                "2001:0:a9fe:a9fe::fefe:fefe 2001:0:808:808::5601:5601",
            ),
            (Zone::LinkLocal, "2606:4700::5efe:169.254.169.254"),
            (
                Zone::Public,
                "::8.8.8.8 ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2002:808:808::1",
            ),
            (
                Zone::Public,
                "2001:0:808:808::f7f7:f7f7 2606:4700::5efe:8.8.8.8",
            ),
        ] {
            for address in addresses.split(' ') {
                assert_eq!(zone_of(address), zone, "{address}");
            }
        }
    }

    #[test]
    fn an_internal_registry_may_redirect_to_its_network_but_not_to_metadata_services() {
        let neighbors = [
            "https://10.0.0.2/",
            "https://localhost/",
            "https://10.0.0.1:8443/",
        ];
        for url in neighbors {
            assert_eq!(check("https://10.0.0.1/", url), Ok(()), "{url}");
        }
        for url in [
            "https://169.254.169.254/latest",
            "https://[fe80::1]/",
            "https://168.63.129.16/machine",
            "https://[fd00:ec2::23]/v1/credentials",
            "https://[fd20:ce::254]/",
            "https://metadata/",
        ] {
            assert_eq!(
                check("https://10.0.0.1/", url),
                Err(Refusal::Internal),
                "{url}"
            );
        }
    }
}
