//! The services of clouds that give credentials to the machines and containers in them, and are
//! outside of the link-local ranges.
//!
//! A registry that sends a client to one of these would learn from the answer, or from an error,
//! what only the machine should know.

use std::net::{Ipv4Addr, Ipv6Addr};

const ADDRESSES_V4: [Ipv4Addr; 3] = [
    // Alibaba: "View instance metadata" of Elastic Compute Service.
    Ipv4Addr::new(100, 100, 100, 200),
    // Azure: "What is IP address 168.63.129.16?", the wire server and the host's agent.
    Ipv4Addr::new(168, 63, 129, 16),
    // Oracle: the earlier address of the service, still read by `cloud-init`.
    Ipv4Addr::new(192, 0, 0, 192),
];

const ADDRESSES_V6: [Ipv6Addr; 2] = [
    // Google: "About VM metadata", for machines with IPv6 only.
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    // Scaleway: "Using the metadata API".
    Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),
];

/// Amazon's local services, `fd00:ec2::/32`: metadata (`::254`), the agent of EKS Pod Identity
/// (`::23`), names (`::253`) and time (`::123`).
const AMAZON: [u16; 2] = [0xfd00, 0xec2];

/// Names of the metadata services. They usually resolve to a link-local address, but behind a
/// proxy, only the proxy knows.
const NAMES: [&str; 5] = [
    "instance-data",
    "instance-data.ec2.internal",
    "metadata",
    "metadata.goog",
    "metadata.google.internal",
];

pub(super) fn is_service_v4(address: Ipv4Addr) -> bool {
    ADDRESSES_V4.contains(&address)
}

pub(super) fn is_service_v6(address: Ipv6Addr) -> bool {
    address.segments().starts_with(&AMAZON) || ADDRESSES_V6.contains(&address)
}

/// Whether a name in lower case, without a dot at its end, is one of a service.
pub(super) fn is_service_name(name: &str) -> bool {
    NAMES.contains(&name)
}
