//! Severity of a vulnerability: its CVSS vector, or else the rating of its database.

use cvss::Cvss;

use super::export::ExportErrorReason;
use super::record::{Affected, List, Record, Score};

pub use cvss::Severity as Rating;

/// The severity of a vulnerability.
#[derive(Clone, Debug, PartialEq)]
pub struct VulnerabilitySeverity {
    pub rating: Rating,
    /// The score and the vector, `CVSS:3.1/AV:N/…`; `None` if the database only has a rating.
    pub cvss: Option<(f64, String)>,
}

/// Longest vector, in bytes: those of version 4 have at most about 250.
const MAX_VECTOR: usize = 512;

/// Longest word for a rating, in bytes.
const MAX_WORD: usize = 32;

/// The scores of a record, or of one of its packages.
#[derive(Clone, Debug, Default)]
pub(super) struct Scores {
    is_empty: bool,
    cvss: Option<VulnerabilitySeverity>,
    /// Ubuntu's kind of score is a word.
    ubuntu: Option<Rating>,
}

impl Scores {
    pub(super) fn read(list: List<'_>) -> Result<Self, ExportErrorReason> {
        // The newest version of CVSS counts, and the first score of each kind.
        let mut kinds = ["CVSS_V4", "CVSS_V3", "CVSS_V2"].map(|kind| (kind, None));
        let (mut is_empty, mut ubuntu) = (true, None);
        list.each(|score: Score<'_>| {
            is_empty = false;
            if score.kind == "Ubuntu" {
                ubuntu.get_or_insert_with(|| rating(&score.score));
            }
            for (kind, severity) in &mut kinds {
                if score.kind == *kind {
                    severity.get_or_insert_with(|| vector(&score));
                }
            }
            Ok(())
        })?;
        Ok(Self {
            is_empty,
            cvss: kinds.into_iter().find_map(|(_, severity)| severity?),
            ubuntu: ubuntu.flatten(),
        })
    }
}

/// Returns the severity of a record for one of its packages. `scores` are those of the record,
/// which may have many packages.
pub(super) fn of(
    record: &Record<'_>,
    scores: &Scores,
    affected: &Affected<'_>,
) -> Result<Option<VulnerabilitySeverity>, ExportErrorReason> {
    let own = Scores::read(affected.severity)?;
    let scores = if own.is_empty { scores } else { &own };
    if scores.cvss.is_some() {
        return Ok(scores.cvss.clone());
    }
    // The package's own objects are more specific than the record's.
    let own = [&affected.ecosystem_specific, &affected.database_specific];
    let objects = own.into_iter().flatten().chain([&record.database_specific]);
    let mut words = objects.flat_map(|object| [&object.severity.0, &object.urgency.0]);
    let rating = scores
        .ubuntu
        .or_else(|| words.find_map(|word| rating(word)));
    Ok(rating.map(|rating| VulnerabilitySeverity { rating, cvss: None }))
}

fn vector(score: &Score<'_>) -> Option<VulnerabilitySeverity> {
    if score.score.len() > MAX_VECTOR {
        return None;
    }
    let parsed: Cvss = score.score.parse().ok()?;
    Some(VulnerabilitySeverity {
        rating: parsed.severity(),
        cvss: Some((parsed.score(), score.score.clone().into_owned())),
    })
}

/// Maps the words of GitHub, Debian, Ubuntu and Red Hat to the ratings of CVSS.
fn rating(word: &str) -> Option<Rating> {
    // The word of a record is read again for each of its packages.
    if word.len() > MAX_WORD {
        return None;
    }
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
        let record: Record<'_> = serde_json::from_str(json).unwrap();
        let scores = Scores::read(record.severity).unwrap();
        let mut severity = None;
        let each = record.affected.each(|affected| {
            severity = of(&record, &scores, &affected)?;
            Ok(())
        });
        each.unwrap();
        severity
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
