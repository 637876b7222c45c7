//! Severity of a vulnerability: its CVSS vector, or else the rating of its database.

use cvss::Cvss;

use super::record::{Affected, Record, Score};

pub use cvss::Severity as Rating;

/// The severity of a vulnerability.
#[derive(Clone, Debug, PartialEq)]
pub struct VulnerabilitySeverity {
    pub rating: Rating,
    /// The score and the vector, `CVSS:3.1/AV:N/…`; `None` if the database only has a rating.
    pub cvss: Option<(f64, String)>,
}

/// Returns the severity of a record for one of its packages.
pub(super) fn of(record: &Record, affected: &Affected) -> Option<VulnerabilitySeverity> {
    let scores = if affected.severity.is_empty() {
        &record.severity
    } else {
        &affected.severity
    };
    // The newest version of CVSS that the record has.
    for kind in ["CVSS_V4", "CVSS_V3", "CVSS_V2"] {
        if let Some(severity) = score_of(scores, kind).and_then(vector) {
            return Some(severity);
        }
    }
    // Ubuntu's kind of score is a word.
    let mut words: Vec<&str> = Vec::new();
    words.extend(score_of(scores, "Ubuntu").map(|score| score.score.as_str()));
    // The package's own objects are more specific than the record's.
    let objects = [&affected.ecosystem_specific, &affected.database_specific];
    for object in objects.into_iter().flatten() {
        words.extend([object.severity.as_str(), object.urgency.as_str()]);
    }
    let object = &record.database_specific;
    words.extend([object.severity.as_str(), object.urgency.as_str()]);
    let rating = words.into_iter().find_map(rating)?;
    Some(VulnerabilitySeverity { rating, cvss: None })
}

fn score_of<'s>(scores: &'s [Score], kind: &str) -> Option<&'s Score> {
    scores.iter().find(|score| score.kind == kind)
}

fn vector(score: &Score) -> Option<VulnerabilitySeverity> {
    let parsed: Cvss = score.score.parse().ok()?;
    Some(VulnerabilitySeverity {
        rating: parsed.severity(),
        cvss: Some((parsed.score(), score.score.clone())),
    })
}

/// Maps the words of GitHub, Debian, Ubuntu and Red Hat to the ratings of CVSS.
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

    fn severity(json: &str) -> Option<VulnerabilitySeverity> {
        let record: Record = serde_json::from_str(json).unwrap();
        of(&record, &record.affected[0])
    }

    #[test]
    fn cvss_vectors_get_the_scores_that_first_publishes() {
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
                r#"{{"id": "X-1", "severity": [{{"type": "{kind}", "score": "{vector}"}}],
                    "affected": [{{}}]}}"#
            );
            let expected = VulnerabilitySeverity {
                rating,
                cvss: Some((score, vector.to_owned())),
            };
            assert_eq!(severity(&json), Some(expected));
        }
    }

    #[test]
    fn severity_words_are_used_where_no_vector_is_valid() {
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
                r#"{"id": "X", "severity": [{"type": "CVSS_V3", "score": "broken"},
                    {"type": "Ubuntu", "score": "high"}],
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
