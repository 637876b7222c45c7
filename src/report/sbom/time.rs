//! Times in reports, in UTC and whole seconds: SPDX allows no fractions.

use jiff::Timestamp;

/// The creation time of an image, from its RFC 3339 text, without fractional seconds. `None` for
/// other text, and for times before 1970.
pub fn time_of_image(created: &str) -> Option<Timestamp> {
    let created: Timestamp = created.parse().ok()?;
    // Builders in Go write the zero time, the year 1, if the time is unknown.
    if created < Timestamp::UNIX_EPOCH {
        return None;
    }
    Timestamp::from_second(created.as_second()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_and_time_zones_are_dropped() {
        let cases = [
            ("2026-01-02T03:04:05Z", Some("2026-01-02T03:04:05Z")),
            (
                "2026-01-02T03:04:05.123456789Z",
                Some("2026-01-02T03:04:05Z"),
            ),
            ("2024-03-01T01:30:00+02:00", Some("2024-02-29T23:30:00Z")),
            ("2024-02-29T23:30:00-00:30", Some("2024-03-01T00:00:00Z")),
            ("0001-01-01T00:00:00Z", None),
            ("2026-13-02T03:04:05Z", None),
            ("yesterday", None),
            ("2026-01-02T03:04:05", None),
        ];
        for (created, expected) in cases {
            assert_eq!(
                time_of_image(created)
                    .map(|time| time.to_string())
                    .as_deref(),
                expected,
                "{created}"
            );
        }
    }
}
