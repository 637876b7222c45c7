//! Determines whether a version is affected, using the evaluation algorithm of the schema.
//!
//! Source: <https://ossf.github.io/osv-schema/#evaluation>

use std::cmp::Ordering;

use super::record::{Affected, Event, Range, RangeKind};
use crate::packages::Order;

/// The result for a version that is affected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit<'r> {
    /// The lowest fixed version above it.
    pub(super) fixed: Option<&'r str>,
}

/// Matches a version against the ranges and the version list of an affected package.
pub(super) fn hit<'r>(affected: &'r Affected, version: &str, order: Order) -> Option<Hit<'r>> {
    // The list and the ranges are alternatives: either is enough, and a record may have both.
    let mut is_hit = affected
        .versions
        .iter()
        .any(|listed| listed == version || order.same(listed, version));
    let mut fixed: Option<&str> = None;
    for range in &affected.ranges {
        let Some(order) = order_of(range, order) else {
            continue;
        };
        is_hit |= is_in(range, version, order);
        for event in &range.events {
            let Event::Fixed(candidate) = event else {
                continue;
            };
            // Several ranges may name a fix; the nearest one is the upgrade to recommend.
            let is_nearer = fixed.is_none_or(|fixed| order.compare(candidate, fixed).is_lt());
            if is_nearer && order.compare(candidate, version).is_gt() {
                fixed = Some(candidate);
            }
        }
    }
    if is_hit { Some(Hit { fixed }) } else { None }
}

/// Returns the order of the versions in a range; `None` for ranges of commits.
fn order_of(range: &Range, order: Order) -> Option<Order> {
    match range.kind {
        // This kind implies its own order, regardless of the ecosystem.
        RangeKind::Semver => Some(Order::Semver),
        RangeKind::Ecosystem => Some(order),
        RangeKind::Other => None,
    }
}

/// Returns true for a version in a range: the last event at or below it decides.
fn is_in(range: &Range, version: &str, order: Order) -> bool {
    if !is_before_limits(range, version, order) {
        return false;
    }
    let mut events: Vec<(&Event, &str)> = range
        .events
        .iter()
        .filter_map(|event| Some((event, version_of(event)?)))
        .collect();
    // The schema does not guarantee sorted events.
    events.sort_by(|(one, first), (other, second)| {
        compare(first, second, order).then_with(|| is_end(one).cmp(&is_end(other)))
    });
    let mut vulnerable = false;
    for (event, at) in events {
        match (event, compare(version, at, order)) {
            (Event::Introduced(_), Ordering::Greater | Ordering::Equal) => vulnerable = true,
            // A fixed version is not affected; a last affected version still is.
            (Event::Fixed(_), Ordering::Greater | Ordering::Equal)
            | (Event::LastAffected(_), Ordering::Greater) => {
                vulnerable = false;
            }
            _ => {}
        }
    }
    vulnerable
}

/// Returns the version at which an event takes effect.
fn version_of(event: &Event) -> Option<&str> {
    match event {
        Event::Introduced(at) | Event::Fixed(at) | Event::LastAffected(at) => Some(at),
        Event::Limit(_) => None,
    }
}

/// Returns true for an event that ends a vulnerable range. Ends sort after starts: a vulnerability
/// that is introduced and fixed in the same version never existed.
fn is_end(event: &Event) -> bool {
    !matches!(event, Event::Introduced(_))
}

/// Compares versions; `0` sorts before every other version.
fn compare(one: &str, other: &str, order: Order) -> Ordering {
    match (one == "0", other == "0") {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => order.compare(one, other),
    }
}

/// Returns true for a version below one of the range's limits, or if the range has none.
fn is_before_limits(range: &Range, version: &str, order: Order) -> bool {
    let mut has_limit = false;
    for event in &range.events {
        let Event::Limit(limit) = event else {
            continue;
        };
        has_limit = true;
        if limit == "*" || compare(version, limit, order).is_lt() {
            return true;
        }
    }
    !has_limit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn affected(json: &str) -> Affected {
        serde_json::from_str(json).unwrap()
    }

    /// The affected versions among these.
    fn hits<'v>(affected: &Affected, order: Order, versions: &[&'v str]) -> Vec<&'v str> {
        versions
            .iter()
            .copied()
            .filter(|version| hit(affected, version, order).is_some())
            .collect()
    }

    #[test]
    fn unsorted_events_of_one_list_form_separate_ranges() {
        let affected = affected(
            r#"{"ranges": [{"type": "SEMVER", "events": [{"introduced": "3.0.0"},
                {"fixed": "3.2.5"},
                {"introduced": "1.0.0"}, {"fixed": "1.0.2"}]}]}"#,
        );
        let versions = [
            "0.9.9",
            "1.0.0",
            "1.0.1",
            "1.0.2",
            "2.0.0",
            "3.0.0-rc.1",
            "3.2.4",
            "3.2.5",
        ];
        assert_eq!(
            hits(&affected, Order::Semver, &versions),
            ["1.0.0", "1.0.1", "3.2.4"]
        );
        assert_eq!(
            hit(&affected, "1.0.1", Order::Semver).unwrap().fixed,
            Some("1.0.2")
        );
    }

    #[test]
    fn introduced_zero_affects_every_earlier_version() {
        let affected =
            affected(r#"{"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}"#);
        assert_eq!(
            hits(&affected, Order::Debian, &["0~~", "0", "1:2"]),
            ["0~~", "0", "1:2"]
        );
        assert_eq!(hit(&affected, "1", Order::Debian).unwrap().fixed, None);
    }

    #[test]
    fn the_last_affected_version_is_affected() {
        let affected = affected(
            r#"{"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"},
                {"last_affected": "2.1.214"}]}]}"#,
        );
        assert_eq!(
            hits(&affected, Order::Maven, &["2.1.213", "2.1.214", "2.1.215"]),
            ["2.1.213", "2.1.214"]
        );
    }

    #[test]
    fn a_limit_ends_a_range_and_a_star_does_not() {
        let limited = affected(
            r#"{"ranges": [{"type": "SEMVER", "events": [{"introduced": "1.0.0"},
                {"limit": "2.0.0"},
                {"limit": "3.0.0"}]}]}"#,
        );
        assert_eq!(
            hits(&limited, Order::Semver, &["1.0.0", "2.5.0", "3.0.0"]),
            ["1.0.0", "2.5.0"]
        );
        let endless = affected(
            r#"{"ranges": [{"type": "SEMVER", "events": [{"introduced": "1.0.0"},
                {"limit": "*"}]}]}"#,
        );
        assert_eq!(
            hits(&endless, Order::Semver, &["0.1.0", "99.0.0"]),
            ["99.0.0"]
        );
    }

    #[test]
    fn git_ranges_are_ignored_but_listed_versions_match() {
        let affected = affected(
            r#"{"ranges": [{"type": "GIT", "repo": "x", "events": [{"introduced": "0"},
                {"fixed": "abc"}]}],
                "versions": ["1.0"]}"#,
        );
        assert_eq!(
            hits(&affected, Order::Python, &["0.9", "1.0", "1.0.0", "1.1"]),
            ["1.0", "1.0.0"]
        );
    }

    #[test]
    fn an_event_that_is_both_introduced_and_fixed_is_refused() {
        let json =
            r#"{"ranges": [{"type": "SEMVER", "events": [{"introduced": "1", "fixed": "2"}]}]}"#;
        assert!(serde_json::from_str::<Affected>(json).is_err());
    }

    #[test]
    fn a_version_that_is_introduced_and_fixed_is_not_affected() {
        let affected = affected(
            r#"{"ranges": [{"type": "SEMVER", "events": [{"fixed": "1.0.0"},
                {"introduced": "1.0.0"}]}]}"#,
        );
        assert_eq!(hits(&affected, Order::Semver, &["1.0.0", "2.0.0"]), [""; 0]);
    }
}
