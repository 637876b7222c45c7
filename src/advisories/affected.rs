//! Determines whether a version is affected, using the evaluation algorithm of the schema.
//!
//! Source: <https://ossf.github.io/osv-schema/#evaluation>

use std::borrow::Cow;
use std::cmp::Ordering;

use super::export::ExportErrorReason;
use super::record::{Affected, Event, Range, RangeKind, Text};
use super::work::Work;
use crate::packages::Order;

/// The result for a version that is affected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit<'a> {
    /// The lowest fixed version above it.
    pub(super) fixed: Option<Cow<'a, str>>,
}

/// Matches a version against the ranges and the version list of an affected package.
pub(super) fn hit<'a>(
    affected: &Affected<'a>,
    version: &str,
    order: Order,
    work: &Work,
) -> Result<Option<Hit<'a>>, ExportErrorReason> {
    let mut evaluation = Evaluation {
        version,
        order,
        work,
        is_hit: false,
        fixed: None,
    };
    // The list and the ranges are alternatives: either is enough, and a record may have both.
    affected
        .versions
        .each(|Text(listed)| evaluation.add_version(&listed))?;
    affected.ranges.each(|range| evaluation.add_range(&range))?;
    let Evaluation { is_hit, fixed, .. } = evaluation;
    Ok(if is_hit { Some(Hit { fixed }) } else { None })
}

/// The state of matching one version.
struct Evaluation<'e, 'a> {
    version: &'e str,
    /// The order of the ecosystem.
    order: Order,
    work: &'e Work,
    is_hit: bool,
    fixed: Option<Cow<'a, str>>,
}

impl<'a> Evaluation<'_, 'a> {
    fn add_version(&mut self, listed: &str) -> Result<(), ExportErrorReason> {
        self.work.count_version()?;
        if !self.is_hit {
            let is_same = listed == self.version
                || self.work.compare(self.order, listed, self.version)?.is_eq();
            self.is_hit = is_same;
        }
        Ok(())
    }

    fn add_range(&mut self, range: &Range<'a>) -> Result<(), ExportErrorReason> {
        let Some(order) = order_of(range, self.order) else {
            return Ok(());
        };
        let (mut last, mut limits) = (None, Limits::None);
        range.events.each(|event: Event<'a>| {
            self.work.count_version()?;
            match event {
                Event::Limit(limit) => self.add_limit(&mut limits, &limit, order),
                event => self.add_event(&mut last, event, order),
            }
        })?;
        let is_vulnerable = matches!(last, Some(Event::Introduced(_)));
        self.is_hit |= is_vulnerable && limits != Limits::Below;
        Ok(())
    }

    /// Checks whether the version is below one of the range's limits.
    fn add_limit(
        &self,
        limits: &mut Limits,
        limit: &str,
        order: Order,
    ) -> Result<(), ExportErrorReason> {
        if *limits != Limits::Above {
            let is_above = limit == "*" || self.compare(self.version, limit, order)?.is_lt();
            *limits = if is_above {
                Limits::Above
            } else {
                Limits::Below
            };
        }
        Ok(())
    }

    /// Remembers the last event at or below the version, which decides. The schema does not
    /// guarantee sorted events.
    fn add_event(
        &mut self,
        last: &mut Option<Event<'a>>,
        event: Event<'a>,
        order: Order,
    ) -> Result<(), ExportErrorReason> {
        let Some(at) = version_of(&event) else {
            return Ok(());
        };
        if let Event::Fixed(fixed) = &event {
            self.add_fix(fixed, order)?;
        }
        let applies = match self.compare(self.version, at, order)? {
            Ordering::Greater => true,
            // A fixed version is not affected; a last affected version still is.
            Ordering::Equal => !matches!(event, Event::LastAffected(_)),
            Ordering::Less => false,
        };
        if applies && self.is_later(&event, last.as_ref(), order)? {
            *last = Some(event);
        }
        Ok(())
    }

    /// Returns true for an event after another. Of events at the same version, the end of a
    /// vulnerable range is later: a vulnerability that is introduced and fixed in the same version
    /// never existed.
    fn is_later(
        &self,
        event: &Event<'a>,
        last: Option<&Event<'a>>,
        order: Order,
    ) -> Result<bool, ExportErrorReason> {
        let (Some(last), Some(at)) = (last, version_of(event)) else {
            return Ok(true);
        };
        let ordering = self.compare(at, version_of(last).unwrap_or_default(), order)?;
        let is_end = |event: &Event<'_>| !matches!(event, Event::Introduced(_));
        Ok(ordering.then(is_end(event).cmp(&is_end(last))).is_ge())
    }

    /// Remembers the nearest fix above the version: several ranges may name one.
    #[expect(clippy::ptr_arg, reason = "the borrowed text outlives the argument")]
    fn add_fix(&mut self, fix: &Cow<'a, str>, order: Order) -> Result<(), ExportErrorReason> {
        let is_nearer = match &self.fixed {
            Some(fixed) => self.work.compare(order, fix, fixed)?.is_lt(),
            None => true,
        };
        if is_nearer && self.work.compare(order, fix, self.version)?.is_gt() {
            self.fixed = Some(fix.clone());
        }
        Ok(())
    }

    /// Compares versions; `0` sorts before every other version.
    fn compare(&self, one: &str, other: &str, order: Order) -> Result<Ordering, ExportErrorReason> {
        match (one == "0", other == "0") {
            (true, true) => Ok(Ordering::Equal),
            (true, false) => Ok(Ordering::Less),
            (false, true) => Ok(Ordering::Greater),
            (false, false) => self.work.compare(order, one, other),
        }
    }
}

/// The limits of a range.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Limits {
    None,
    /// All of them are at or below the version.
    Below,
    /// One of them is above the version.
    Above,
}

/// Returns the order of the versions in a range; `None` for ranges of commits.
fn order_of(range: &Range<'_>, order: Order) -> Option<Order> {
    match range.kind {
        // This kind implies its own order, regardless of the ecosystem.
        RangeKind::Semver => Some(Order::Semver),
        RangeKind::Ecosystem => Some(order),
        RangeKind::Other => None,
    }
}

/// Returns the version at which an event takes effect.
fn version_of<'e>(event: &'e Event<'_>) -> Option<&'e str> {
    match event {
        Event::Introduced(at) | Event::Fixed(at) | Event::LastAffected(at) => Some(at),
        Event::Limit(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::export::ExportLimits;
    use super::*;

    fn hit<'a>(affected: &Affected<'a>, version: &str, order: Order) -> Option<Hit<'a>> {
        super::hit(
            affected,
            version,
            order,
            &Work::new(ExportLimits::default()),
        )
        .unwrap()
    }

    fn affected(json: &str) -> Affected<'_> {
        serde_json::from_str(json).unwrap()
    }

    /// The affected versions among these.
    fn hits<'v>(affected: &Affected<'_>, order: Order, versions: &[&'v str]) -> Vec<&'v str> {
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
            Some("1.0.2".into())
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
        let work = Work::new(ExportLimits::default());
        assert!(super::hit(&affected(json), "1", Order::Semver, &work).is_err());
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
