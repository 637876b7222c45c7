//! Addresses to which a registry may refer its client.
//!
//! Registries refer to token servers, storage and upload locations on other hosts, and clients
//! follow: Docker Hub's tokens come from `auth.docker.io`, GitLab's from `gitlab.com`. Docker,
//! containerd and Podman follow any address; go-containerregistry refuses schemes other than HTTPS
//! and internal addresses (`validateRealmURL`), and so does jettison. A host name may resolve to a
//! private address, because company registries have such names, but not to a link-local one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

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

/// Maximum number of redirects, as in Go's client.
pub(super) const MAX_REDIRECTS: usize = 10;

/// The scope of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Zone {
    Public,
    /// This machine or its network.
    Private,
    /// The metadata services of clouds, and addresses that are not hosts: never a registry.
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
        // The credentials would be sent to the host after the `@`.
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::UserInfo);
        }
        match url.scheme() {
            "https" => {}
            // If the registry does not use TLS, neither need the token server.
            "http" if self.registry.scheme() == "http" => {}
            "http" => return Err(Refusal::Plain),
            _ => return Err(Refusal::Scheme),
        }
        // The host that the user named is trusted on all of its ports.
        if url.host() == self.registry.host() {
            return Ok(());
        }
        match zone(url) {
            Zone::Public => Ok(()),
            // A public registry has no reason to refer a client to addresses in the client's
            // private network.
            Zone::Private if self.is_unverified || zone(&self.registry) != Zone::Public => Ok(()),
            Zone::Private | Zone::LinkLocal => Err(Refusal::Internal),
        }
    }

    /// Whether a URL is on the registry itself. No other host receives credentials and tokens.
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
        // Here, only the name is checked; its addresses are checked when it is resolved.
        Err(_) => {
            let name = host.trim_end_matches('.').to_ascii_lowercase();
            if name == "localhost" || name.ends_with(".localhost") {
                Zone::Private
            } else if name == "metadata.google.internal" {
                Zone::LinkLocal
            } else {
                Zone::Public
            }
        }
    }
}

/// Whether an address can never be a registry: that of a metadata service, or one that is not a
/// host address.
pub(super) fn is_link_local(address: IpAddr) -> bool {
    let zone = match address {
        IpAddr::V4(address) => zone_of_v4(address),
        IpAddr::V6(address) => zone_of_v6(address),
    };
    zone == Zone::LinkLocal
}

fn zone_of_v4(address: Ipv4Addr) -> Zone {
    // The metadata services of Alibaba and Oracle are outside of the link-local range.
    let is_metadata = [[100, 100, 100, 200], [192, 0, 0, 192]].contains(&address.octets());
    // The shared address space of carriers (RFC 6598), 100.64.0.0/10.
    let is_shared = address.octets()[0] == 100 && address.octets()[1] & 0xc0 == 64;
    if is_metadata
        || address.is_link_local()
        || address.octets()[0] == 0
        || address.is_multicast()
        || address.is_broadcast()
    {
        Zone::LinkLocal
    } else if address.is_loopback() || address.is_private() || is_shared {
        Zone::Private
    } else {
        Zone::Public
    }
}

fn zone_of_v6(address: Ipv6Addr) -> Zone {
    // The metadata service of Amazon.
    const METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    let segments = address.segments();
    // IPv4 in IPv6 (mapped, compatible, NAT64): the IPv4 address is checked, because a gateway or
    // the kernel translates it to that.
    let is_embedded = matches!(
        segments,
        [0, 0, 0, 0, 0, 0xffff | 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..]
    );
    if address.is_loopback() {
        Zone::Private
    } else if is_embedded {
        let [.., a, b, c, d] = address.octets();
        zone_of_v4(Ipv4Addr::new(a, b, c, d))
    } else if address == METADATA || address.is_unicast_link_local() || address.is_multicast() {
        Zone::LinkLocal
    } else if address.is_unique_local() {
        Zone::Private
    } else {
        Zone::Public
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
    fn a_registry_reached_by_tls_leads_nowhere_without() {
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
    fn only_http_is_spoken_and_no_address_brings_its_own_credentials() {
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
    fn a_public_registry_leads_to_no_internal_address_however_it_is_written() {
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
            check("https://r.example/", "https://[2001:db8::1]/"),
            Ok(())
        );
    }

    #[test]
    fn an_internal_registry_leads_to_its_neighbors_but_not_to_metadata() {
        let neighbors = [
            "https://10.0.0.2/",
            "https://localhost/",
            "https://10.0.0.1:8443/",
        ];
        for url in neighbors {
            assert_eq!(check("https://10.0.0.1/", url), Ok(()), "{url}");
        }
        for url in ["https://169.254.169.254/latest", "https://[fe80::1]/"] {
            assert_eq!(
                check("https://10.0.0.1/", url),
                Err(Refusal::Internal),
                "{url}"
            );
        }
    }
}
