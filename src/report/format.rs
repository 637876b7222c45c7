//! Output formats for findings, by name.

use std::fmt;
use std::str::FromStr;

use super::{Rendered, Report, Style};
use crate::suggestion;

/// Declares the formats: each by its name and the expression that renders a report.
macro_rules! formats {
    (($report:ident, $style:ident) $($name:ident $text:literal => $rendered:expr,)*) => {
        /// One way to print findings.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Format {
            $($name,)*
        }

        impl Format {
            pub const ALL: [Self; [$($text),*].len()] = [$(Self::$name),*];

            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// A report in this format.
            pub fn render<'a>(self, $report: &'a Report<'_>, $style: Style) -> Rendered<'a> {
                match self {
                    $(Self::$name => $rendered,)*
                }
            }
        }
    };
}

formats! {
    (report, style)
    Text "text" => Rendered::Text(super::text(report, style)),
    Compact "compact" => Rendered::Text(super::compact::compact(report)),
    Tty "tty" => Rendered::Text(super::tty::tty(report)),
    Json "json" => Rendered::data(super::json::json(report)),
    Jsonl "jsonl" => Rendered::data(super::json::jsonl(report)),
    Sarif "sarif" => Rendered::data(super::sarif::sarif(report)),
    Github "github" => Rendered::data(super::github::github(report)),
    Gitlab "gitlab" => Rendered::data(super::gitlab::gitlab(report)),
    Codeclimate "codeclimate" => Rendered::data(super::codeclimate::codeclimate(report)),
    Checkstyle "checkstyle" => Rendered::whole(super::checkstyle::checkstyle(report)),
    Junit "junit" => Rendered::whole(super::junit::junit(report)),
    Markdown "markdown" => Rendered::Text(super::markdown::markdown(report)),
    Sonarqube "sonarqube" => Rendered::data(super::sonarqube::sonarqube(report)),
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
    fn an_unknown_format_gets_a_suggestion_or_the_whole_list() {
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
             junit, markdown, sonarqube"
        ));
    }
}
