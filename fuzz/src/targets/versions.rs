//! Versions, one per line: every order of them is total.

use jettison::packages::Order;

const ORDERS: [Order; 7] = [
    Order::Debian,
    Order::Alpine,
    Order::Rpm,
    Order::Python,
    Order::Ruby,
    Order::Maven,
    Order::Semver,
];

/// Maximum number of versions that are compared with each other.
const MOST: usize = 6;

pub(crate) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let versions: Vec<&str> = text.split('\n').take(MOST).collect();
    for order in ORDERS {
        for one in &versions {
            assert!(order.same(one, one), "{order:?}: {one:?}");
            for other in &versions {
                let there = order.compare(one, other);
                let back = order.compare(other, one);
                assert_eq!(there, back.reverse(), "{order:?}: {one:?}, {other:?}");
                for third in &versions {
                    check_transitive(order, [one, other, third]);
                }
            }
        }
    }
}

fn check_transitive(order: Order, [one, other, third]: [&str; 3]) {
    if order.compare(one, other).is_le() && order.compare(other, third).is_le() {
        let ends = order.compare(one, third);
        assert!(ends.is_le(), "{order:?}: {one:?}, {other:?}, {third:?}");
        // Equality must be transitive too.
        if ends.is_eq() {
            assert!(
                order.same(one, other),
                "{order:?}: {one:?}, {other:?}, {third:?}"
            );
        }
    }
}
