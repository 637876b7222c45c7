//! How grave a vulnerability is: its CVSS vector, or else the word of its database.

use cvss::Cvss;

use super::record::{Affected, Record, Score};

pub use cvss::Severity as Rating;

/// How grave a vulnerability is.
#[derive(Clone, Debug, PartialEq)]
pub struct Severity {
    pub rating: Rating,
    /// The score and the vector, `CVSS:3.1/AV:N/…`; none where the database has a word for it and
    /// no more.
    pub cvss: Option<(f64, String)>,
}

/// What a record says of one of its packages: the newest kind of CVSS there is.
pub(super) fn of(record: &Record, affected: &Affected) -> Option<Severity> {
    let scores = if affected.severity.is_empty() {
        &record.severity
    } else {
        &affected.severity
    };
    let words = [
        affected.ecosystem_specific.as_ref(),
        affected.database_specific.as_ref(),
    ];
    let words = words
        .into_iter()
        .flatten()
        .chain([&record.database_specific]);
    let mut words = words.flat_map(|words| [words.severity.as_str(), words.urgency.as_str()]);
    let by_kind = |kind: &str| scores.iter().find(|score| score.kind == kind);
    ["CVSS_V4", "CVSS_V3", "CVSS_V2"]
        .into_iter()
        .find_map(|kind| vector(by_kind(kind)?))
        .or_else(|| {
            Some(Severity {
                rating: rating(&by_kind("Ubuntu")?.score)?,
                cvss: None,
            })
        })
        .or_else(|| {
            Some(Severity {
                rating: words.find_map(rating)?,
                cvss: None,
            })
        })
}

fn vector(score: &Score) -> Option<Severity> {
    let parsed: Cvss = score.score.parse().ok()?;
    Some(Severity {
        rating: parsed.severity(),
        cvss: Some((parsed.score(), score.score.clone())),
    })
}

/// The words of GitHub, Debian, Ubuntu and Red Hat.
fn rating(word: &str) -> Option<Rating> {
    Some(match word.to_ascii_lowercase().as_str() {
        "critical" => Rating::Critical,
        "high" | "important" => Rating::High,
        "medium" | "moderate" => Rating::Medium,
        "low" | "negligible" | "unimportant" | "minor" => Rating::Low,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn severity(json: &str) -> Option<Severity> {
        let record: Record = serde_json::from_str(json).unwrap();
        of(&record, &record.affected[0])
    }

    #[test]
    fn vectors_are_scored_as_first_scores_them() {
        // CVE-2021-44228, CVE-2014-0160 and CVE-2015-8252, with the scores that NVD and FIRST give
        // them.
        let cases = [
            (
                "CVSS_V3",
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H",
                10.0,
                Rating::Critical,
            ),
            (
                "CVSS_V3",
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
                7.5,
                Rating::High,
            ),
            (
                "CVSS_V3",
                "CVSS:3.0/AV:L/AC:L/PR:L/UI:N/S:U/C:L/I:N/A:N",
                3.3,
                Rating::Low,
            ),
            (
                "CVSS_V4",
                "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H",
                10.0,
                Rating::Critical,
            ),
        ];
        for (kind, vector, score, rating) in cases {
            let json = format!(
                r#"{{"id": "X-1", "severity": [{{"type": "{kind}", "score": "{vector}"}}], "affected": [{{}}]}}"#
            );
            let expected = Severity {
                rating,
                cvss: Some((score, vector.to_owned())),
            };
            assert_eq!(severity(&json), Some(expected));
        }
    }

    #[test]
    fn without_a_vector_a_word_counts() {
        let cases = [
            (
                r#"{"id": "X", "affected": [{}], "database_specific": {"severity": "MODERATE"}}"#,
                Some(Rating::Medium),
            ),
            (
                r#"{"id": "X", "affected": [{"ecosystem_specific": {"urgency": "unimportant"}}]}"#,
                Some(Rating::Low),
            ),
            (
                r#"{"id": "X", "severity": [{"type": "CVSS_V3", "score": "broken"}, {"type": "Ubuntu", "score": "high"}],
                    "affected": [{"ecosystem_specific": {"urgency": "not yet assigned"}}]}"#,
                Some(Rating::High),
            ),
            (
                r#"{"id": "X", "affected": [{"database_specific": {"severity": 3}}]}"#,
                None,
            ),
        ];
        for (json, expected) in cases {
            assert_eq!(
                severity(json).map(|severity| severity.rating),
                expected,
                "{json}"
            );
        }
    }
}
