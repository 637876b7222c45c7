//! Comparison of versions: every ecosystem has its own order.
//!
//! All orders are total for arbitrary texts, including invalid versions.

mod alpine;
mod debian;
mod digits;
mod maven;
mod python;
mod rpm;
mod ruby;
mod semver;

use std::cmp::Ordering;

/// The order of versions of an ecosystem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Debian,
    Alpine,
    Rpm,
    Python,
    Ruby,
    Maven,
    /// npm's, Go's and Cargo's.
    Semver,
}

impl Order {
    pub fn compare(self, one: &str, other: &str) -> Ordering {
        // Some orders are those of a list of parts. The others depend on both versions at once.
        match self {
            Self::Debian => debian::compare(one, other),
            Self::Alpine => alpine::key(one).cmp(&alpine::key(other)),
            Self::Rpm => rpm::key(one).cmp(&rpm::key(other)),
            Self::Python => python::key(one).cmp(&python::key(other)),
            Self::Ruby => ruby::compare(one, other),
            Self::Maven => maven::compare(one, other),
            Self::Semver => semver::compare(one, other),
        }
    }

    /// Returns true if two texts denote the same version.
    pub fn same(self, one: &str, other: &str) -> bool {
        self.compare(one, other).is_eq()
    }
}

/// Asserts that each version of a list is earlier than the next.
#[cfg(test)]
fn assert_ascending(order: Order, versions: &[&str]) {
    for (at, one) in versions.iter().enumerate() {
        for (later, other) in versions.iter().enumerate() {
            assert_eq!(
                order.compare(one, other),
                at.cmp(&later),
                "{order:?}: {one} and {other}"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ORDERS: [Order; 7] = [
        Order::Debian,
        Order::Alpine,
        Order::Rpm,
        Order::Python,
        Order::Ruby,
        Order::Maven,
        Order::Semver,
    ];

    /// Short texts made of typical components, so that many are similar, and arbitrary texts.
    fn version() -> impl Strategy<Value = String> {
        let part = prop::sample::select(vec![
            "0",
            "1",
            "2",
            "10",
            "01",
            "00",
            ".",
            "-",
            "_",
            "~",
            "^",
            "+",
            ":",
            "a",
            "b",
            "rc",
            "alpha",
            "pre",
            "p",
            "r1",
            "_rc",
            "_p1",
            "dev",
            "post",
            "final",
            "ga",
            "sp",
            "v",
            "é",
            " ",
            "99999999999999999999999",
        ]);
        let parts = prop::collection::vec(part, 0..7).prop_map(|parts| parts.concat());
        prop_oneof![9 => parts, 1 => any::<String>()]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        #[test]
        fn every_version_order_is_total(a in version(), b in version(), c in version()) {
            for order in ORDERS {
                let compare = |one: &str, other: &str| order.compare(one, other);
                prop_assert_eq!(compare(&a, &a), Ordering::Equal, "{:?}", order);
                let reversed = compare(&b, &a).reverse();
                prop_assert_eq!(compare(&a, &b), reversed, "{:?}: {} {}", order, a, b);
                if compare(&a, &b).is_le() && compare(&b, &c).is_le() {
                    prop_assert!(compare(&a, &c).is_le(), "{:?}: {} {} {}", order, a, b, c);
                }
                if compare(&a, &b).is_eq() {
                    let other = compare(&b, &c);
                    prop_assert_eq!(compare(&a, &c), other, "{:?}: {} {} {}", order, a, b, c);
                }
            }
        }
    }
}
