//! The reports of a run and their destinations.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, bail};
use clap::builder::{FalseyValueParser, PossibleValue, StringValueParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Args};

use super::Output;
use crate::report::{Excerpts, Format, Report, Style};
use crate::trust;

/// The width of a text report in a file, which has no terminal to measure.
const FILE_WIDTH: usize = 100;

#[derive(Args, Debug)]
#[command(next_help_heading = "Reports")]
pub(super) struct ReportArguments {
    /// Output format, optionally with a file to write it to (`=FILE`); may be repeated or
    /// comma-separated [default: text]
    #[arg(long, value_name = "FORMAT[=FILE]", value_delimiter = ',')]
    #[arg(value_parser = RequestParser, env = "JETTISON_FORMAT", hide_env = true)]
    pub(super) format: Vec<ReportRequest>,
    /// Write the report to this file instead of standard output
    #[arg(
        long,
        short,
        value_name = "FILE",
        env = "JETTISON_OUTPUT",
        hide_env = true
    )]
    pub(super) output: Option<PathBuf>,
    /// Show every finding in full in text reports; by default, only the first 3 per rule and file
    /// are shown in full, and the others as line numbers
    #[arg(long)]
    #[arg(env = "JETTISON_ALL", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) all: bool,
}

/// A requested report: `FORMAT` or `FORMAT=FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReportRequest {
    pub(super) format: Format,
    /// `None` for standard output.
    pub(super) file: Option<PathBuf>,
}

impl FromStr for ReportRequest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Only the first `=` is a separator, because a file name may contain more.
        let (format, file) = match text.split_once('=') {
            Some((_, "")) => return Err(format!("`{text}` has no file after `=`")),
            Some((format, "-")) => (format, None),
            Some((format, file)) => (format, Some(PathBuf::from(file))),
            None => (text, None),
        };
        Ok(Self {
            // Lists are often written with a space after the comma.
            format: format.trim().parse()?,
            file,
        })
    }
}

/// Parser of a [`ReportRequest`] that lists the formats in help and completions. clap's own parsers
/// either list the possible values or accept a suffix such as `=FILE`, but not both.
#[derive(Clone, Debug)]
struct RequestParser;

impl TypedValueParser for RequestParser {
    type Value = ReportRequest;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<ReportRequest, clap::Error> {
        // Rejects values that are not UTF-8 with clap's usual error.
        let text = StringValueParser::new().parse_ref(command, arg, value)?;
        text.parse().map_err(|reason: String| {
            let mut error = clap::Error::new(ErrorKind::ValueValidation).with_cmd(command);
            let name = arg.map(ToString::to_string).unwrap_or_default();
            error.insert(ContextKind::InvalidArg, ContextValue::String(name));
            error.insert(ContextKind::InvalidValue, ContextValue::String(text));
            error.insert(
                ContextKind::Suggested,
                ContextValue::StyledStrs(vec![reason.into()]),
            );
            error
        })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(
            Format::ALL
                .into_iter()
                .map(|format| PossibleValue::new(format.as_str())),
        ))
    }
}

/// The reports of a run: at most one on standard output, and no two in one file.
#[derive(Debug)]
pub(super) struct Reports {
    requests: Vec<ReportRequest>,
    excerpts: Excerpts,
}

impl Reports {
    /// The reports requested on the command line, or else in the configuration, or else text.
    pub(super) fn new(arguments: &ReportArguments, configured: &[String]) -> anyhow::Result<Self> {
        let mut requests = arguments.format.clone();
        if requests.is_empty() {
            for name in configured {
                let request = name
                    .parse()
                    .map_err(anyhow::Error::msg::<String>)
                    .context("`format` in the configuration")?;
                requests.push(request);
            }
        }
        if requests.is_empty() {
            requests.push(ReportRequest {
                format: Format::Text,
                file: None,
            });
        }
        match &arguments.output {
            Some(file) if file != Path::new("-") => redirect(&mut requests, file)?,
            _ => {}
        }
        check_places(&requests)?;
        Ok(Self {
            requests,
            excerpts: if arguments.all {
                Excerpts::All
            } else {
                Excerpts::FirstOfRule
            },
        })
    }

    /// Whether a report for people goes to standard output.
    pub(super) fn has_text_on_stdout(&self) -> bool {
        self.requests
            .iter()
            .any(|request| request.file.is_none() && request.format == Format::Text)
    }

    /// Writes all reports. Files come first, so that they are written even if standard output is a
    /// closed pipe.
    pub(super) fn write(
        &self,
        report: &Report<'_>,
        place: Place,
        output: Output,
    ) -> anyhow::Result<()> {
        for request in &self.requests {
            let Some(file) = &request.file else { continue };
            // Any program may read the file, so it has no colors and no characters beyond ASCII.
            let style = Style {
                color: false,
                width: FILE_WIDTH,
                unicode: false,
                links: false,
                excerpts: self.excerpts,
            };
            let rendered = request.format.render(report, style);
            trust::write_with(file, |stream| rendered.write(stream))
                .with_context(|| format!("cannot write `{}`", file.display()))?;
        }
        let Some(request) = self.requests.iter().find(|request| request.file.is_none()) else {
            return Ok(());
        };
        let style = Style {
            excerpts: self.excerpts,
            ..output.style()
        };
        match place {
            Place::StandardOutput => output.print_rendered(request.format.render(report, style)),
            Place::StandardError => {
                output.print_to_stderr(request.format.render(report, style));
                Ok(())
            }
            Place::Nowhere => Ok(()),
        }
    }
}

/// Redirects the report that would go to standard output to the `--output` file.
fn redirect(requests: &mut [ReportRequest], file: &Path) -> anyhow::Result<()> {
    let Some(open) = requests.iter_mut().find(|request| request.file.is_none()) else {
        bail!(
            "`--output {}` has no effect: every format already has a file",
            file.display()
        );
    };
    open.file = Some(file.to_owned());
    Ok(())
}

/// Rejects two reports with the same destination: the second would overwrite the first, or no
/// program could parse one after the other.
fn check_places(requests: &[ReportRequest]) -> anyhow::Result<()> {
    let mut taken: BTreeSet<Option<&Path>> = BTreeSet::new();
    for request in requests {
        match &request.file {
            // Names are compared as given, because nobody would refer to the same file as `x` and
            // `./x`.
            file if taken.insert(file.as_deref()) => {}
            None => bail!(
                "two report formats would be written to standard output: specify a file for one, \
                 such as `{}=FILE`",
                request.format
            ),
            Some(file) => bail!(
                "two report formats would be written to the same file: `{}`",
                file.display()
            ),
        }
    }
    Ok(())
}

/// Destination of the report that has no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    StandardOutput,
    /// Standard output is used for the fixed text.
    StandardError,
    Nowhere,
}

/// Writes a file atomically. An existing symlink is replaced, not followed.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    trust::write(path, bytes).with_context(|| format!("cannot write `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reports(
        format: &[&str],
        output: Option<&str>,
    ) -> Result<Vec<(Format, Option<String>)>, String> {
        let format = format
            .iter()
            .map(|text| text.parse())
            .collect::<Result<_, String>>()?;
        let arguments = ReportArguments {
            format,
            output: output.map(PathBuf::from),
            all: false,
        };
        let reports = Reports::new(&arguments, &[]).map_err(|error| error.to_string())?;
        let shown = |request: ReportRequest| {
            (
                request.format,
                request.file.map(|file| file.display().to_string()),
            )
        };
        Ok(reports.requests.into_iter().map(shown).collect())
    }

    #[test]
    fn every_report_format_goes_to_its_own_destination() {
        assert_eq!(reports(&[], None), Ok(vec![(Format::Text, None)]));
        assert_eq!(reports(&[], Some("-")), Ok(vec![(Format::Text, None)]));
        let both = vec![
            (Format::Text, None),
            (Format::Sarif, Some("a=b".to_owned())),
        ];
        assert_eq!(reports(&["text", "sarif=a=b"], None), Ok(both));
        assert_eq!(
            reports(&["json"], Some("x")),
            Ok(vec![(Format::Json, Some("x".to_owned()))])
        );
    }

    #[test]
    fn two_reports_to_one_destination_are_refused() {
        for (format, output) in [
            (&["text", "json"][..], None),
            (&["text=a", "json=a"], None),
            (&["text=a"], Some("b")),
        ] {
            assert!(reports(format, output).is_err(), "{format:?} {output:?}");
        }
        assert_eq!(
            reports(&["text="], None),
            Err("`text=` has no file after `=`".to_owned())
        );
    }
}
