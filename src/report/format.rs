//! Output formats for findings, by name.

use std::fmt;
use std::str::FromStr;

use super::{Rendered, Report, Style};
use crate::suggestion;

/// An output format for findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    Text,
    Compact,
    Tty,
    Json,
    Jsonl,
    Sarif,
    Github,
    Gitlab,
    Codeclimate,
    Checkstyle,
    Junit,
    Sonarqube,
}

impl Format {
    pub const ALL: [Self; 12] = [
        Self::Text,
        Self::Compact,
        Self::Tty,
        Self::Json,
        Self::Jsonl,
        Self::Sarif,
        Self::Github,
        Self::Gitlab,
        Self::Codeclimate,
        Self::Checkstyle,
        Self::Junit,
        Self::Sonarqube,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Compact => "compact",
            Self::Tty => "tty",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Sarif => "sarif",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Codeclimate => "codeclimate",
            Self::Checkstyle => "checkstyle",
            Self::Junit => "junit",
            Self::Sonarqube => "sonarqube",
        }
    }

    /// A report in this format.
    pub fn render(self, report: &Report<'_>, style: Style) -> Rendered {
        Rendered::Data(match self {
            Self::Text => return Rendered::Text(super::text(report, style)),
            Self::Compact => return Rendered::Text(super::compact::compact(report)),
            Self::Tty => return Rendered::Text(super::tty::tty(report)),
            Self::Json => super::json(report),
            Self::Jsonl => super::json::jsonl(report),
            Self::Sarif => super::sarif::sarif(report),
            Self::Github => super::github::github(report),
            Self::Gitlab => super::gitlab::gitlab(report),
            Self::Codeclimate => super::codeclimate::codeclimate(report),
            Self::Checkstyle => super::checkstyle::checkstyle(report),
            Self::Junit => super::junit::junit(report),
            Self::Sonarqube => super::sonarqube::sonarqube(report),
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Padding lets callers align names in tables.
        f.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = Self::ALL.map(Self::as_str);
        // hadolint's name, so that its users need not change their pipelines.
        let text = if text == "gitlab_codeclimate" {
            "gitlab"
        } else {
            text
        };
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| match suggestion::closest(text, names) {
                // If there is a likely correction, the whole list would only distract.
                Some(closest) => format!("unknown format `{text}`; did you mean `{closest}`?"),
                None => format!("unknown format `{text}`; use one of {}", names.join(", ")),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_known_by_its_name_and_a_slip_gets_the_nearest() {
        for format in Format::ALL {
            assert_eq!(format.as_str().parse(), Ok(format));
        }
        assert_eq!(
            "sarf".parse::<Format>(),
            Err("unknown format `sarf`; did you mean `sarif`?".to_owned())
        );
        let all = "xyzzy-plugh-xyzzy"
            .parse::<Format>()
            .expect_err("there is none");
        assert!(all.ends_with(
            "text, compact, tty, json, jsonl, sarif, github, gitlab, codeclimate, checkstyle, \
             junit, sonarqube"
        ));
    }
}
