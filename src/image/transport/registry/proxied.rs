//! Names behind a proxy.
//!
//! A proxy resolves host names itself, so the client's resolver cannot see that a name refers to a
//! metadata service. Names are therefore looked up here before the proxy is used. The proxy may
//! know other addresses than this machine, so this check is not a guarantee.

use std::collections::BTreeMap;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use reqwest::Url;

/// The longest time for a lookup. Behind some proxies, names cannot be resolved, and a lookup takes
/// as long as the system waits for one.
const PATIENCE: Duration = Duration::from_secs(2);

/// The variables that name a proxy. The client also obeys them in upper case.
const VARIABLES: [&str; 3] = ["http_proxy", "https_proxy", "all_proxy"];

/// The names that were looked up, with the answers: a registry redirects every blob to the same
/// few hosts.
static KNOWN: Mutex<BTreeMap<String, bool>> = Mutex::new(BTreeMap::new());

/// Whether a URL that may be asked of a proxy has a name whose addresses include a refused one. A
/// name that this machine does not know is not refused.
pub(super) fn leads_to(url: &Url, is_refused: fn(IpAddr) -> bool) -> bool {
    // Without a proxy, the client's resolver checks the addresses that it connects to.
    if !has_proxy() {
        return false;
    }
    let Some(host) = url.host_str() else {
        return false;
    };
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(leads) = known.get(host) {
        return *leads;
    }
    let found = look_up_within(host.to_owned(), addresses, PATIENCE);
    let leads = found.into_iter().any(is_refused);
    known.insert(host.to_owned(), leads);
    leads
}

fn has_proxy() -> bool {
    VARIABLES.iter().any(|name| {
        [(*name).to_owned(), name.to_uppercase()]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
    })
}

/// The addresses of a host; none if it is unknown.
fn addresses(host: &str) -> Vec<IpAddr> {
    match (host, 0).to_socket_addrs() {
        Ok(found) => found.map(|address| address.ip()).collect(),
        Err(_) => Vec::new(),
    }
}

/// Looks up a host in a separate thread, because the system's lookup cannot be interrupted. A
/// lookup that takes too long returns nothing.
fn look_up_within(
    host: String,
    look_up: fn(&str) -> Vec<IpAddr>,
    patience: Duration,
) -> Vec<IpAddr> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(look_up(&host)));
    receiver.recv_timeout(patience).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn never(_: &str) -> Vec<IpAddr> {
        loop {
            thread::park();
        }
    }

    #[test]
    fn host_names_are_resolved_locally() {
        let found = look_up_within("localhost".to_owned(), addresses, Duration::from_mins(1));
        assert!(found.iter().all(IpAddr::is_loopback) && !found.is_empty());
        let host = "no\0host".to_owned();
        assert!(look_up_within(host, addresses, Duration::from_mins(1)).is_empty());
    }

    #[test]
    fn a_name_lookup_that_hangs_times_out() {
        let host = "storage.example".to_owned();
        assert!(look_up_within(host, never, Duration::from_millis(1)).is_empty());
    }
}
