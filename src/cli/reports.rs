//! Which reports a run makes, and where each goes.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, bail};
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Args};

use super::Output;
use crate::report::{Format, Report, Style};
use crate::trust;

/// The columns of a text report in a file, which has no terminal to ask.
const FILE_WIDTH: usize = 100;

#[derive(Args, Debug)]
#[command(next_help_heading = "Reports")]
pub(super) struct ReportArguments {
    /// How to print what is found, and with `=FILE` into a file; several, with commas or again
    /// [default: text]
    #[arg(long, value_name = "FORMAT[=FILE]", value_delimiter = ',', value_parser = WishParser)]
    #[arg(env = "JETTISON_FORMAT", hide_env = true)]
    pub(super) format: Vec<Wish>,
    /// Write into this file what would go to standard output
    #[arg(
        long,
        short,
        value_name = "FILE",
        env = "JETTISON_OUTPUT",
        hide_env = true
    )]
    pub(super) output: Option<PathBuf>,
}

/// `FORMAT` or `FORMAT=FILE`, as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) format: Format,
    /// Standard output, where there is none.
    pub(super) file: Option<PathBuf>,
}

impl FromStr for Wish {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, file) = text
            .split_once('=')
            .map_or((text, None), |(format, file)| (format, Some(file)));
        if file == Some("") {
            return Err(format!("`{text}` names no file"));
        }
        let file = file.filter(|file| *file != "-").map(PathBuf::from);
        Ok(Self {
            format: format.trim().parse()?,
            file,
        })
    }
}

/// Reads a [`Wish`], and tells help and completions which formats there are.
#[derive(Clone, Debug)]
struct WishParser;

impl TypedValueParser for WishParser {
    type Value = Wish;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Wish, clap::Error> {
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
    wishes: Vec<Wish>,
}

impl Reports {
    /// What the command line asks for; without a word of it, what the configuration does; without
    /// that, text.
    pub(super) fn new(arguments: &ReportArguments, configured: &[String]) -> anyhow::Result<Self> {
        let mut wishes = arguments.format.clone();
        if wishes.is_empty() {
            let read = |name: &String| {
                name.parse()
                    .map_err(|reason: String| anyhow::anyhow!("{reason}"))
            };
            let read = configured.iter().map(read).collect::<anyhow::Result<_>>();
            wishes = read.context("the configuration's `format`")?;
        }
        if wishes.is_empty() {
            wishes.push(Wish {
                format: Format::Text,
                file: None,
            });
        }
        if let Some(file) = arguments
            .output
            .as_ref()
            .filter(|file| file.as_path() != Path::new("-"))
        {
            let Some(open) = wishes.iter_mut().find(|wish| wish.file.is_none()) else {
                bail!(
                    "`--output {}` has nothing to take: every format has a file",
                    file.display()
                );
            };
            open.file = Some(file.clone());
        }
        let mut taken: BTreeSet<Option<&Path>> = BTreeSet::new();
        for wish in &wishes {
            match &wish.file {
                file if taken.insert(file.as_deref()) => {}
                None => bail!(
                    "two formats would go to standard output; name a file, as `{}=FILE`",
                    wish.format
                ),
                Some(file) => bail!("two formats would go to `{}`", file.display()),
            }
        }
        Ok(Self { wishes })
    }

    /// Whether people read what goes to standard output.
    pub(super) fn speaks_to_people(&self) -> bool {
        self.wishes
            .iter()
            .any(|wish| wish.file.is_none() && wish.format == Format::Text)
    }

    /// Makes them all. Files are written whole or not at all, and before anything is printed.
    pub(super) fn write(
        &self,
        report: &Report<'_>,
        place: Place,
        output: Output,
    ) -> anyhow::Result<()> {
        for wish in &self.wishes {
            let Some(file) = &wish.file else { continue };
            let style = Style {
                color: false,
                width: FILE_WIDTH,
                unicode: false,
                links: false,
            };
            write_file(file, wish.format.render(report, style).as_bytes())?;
        }
        for wish in self
            .wishes
            .iter()
            .filter(|wish| wish.file.is_none() && place != Place::Nowhere)
        {
            let text = wish.format.render(report, output.style());
            match place {
                Place::StandardError => output.print_besides(&text),
                _ if wish.format.is_for_people() => output.print(&text)?,
                // Without the filter for terminals, which takes null bytes out.
                _ => Output::print_bytes(text.as_bytes())?,
            }
        }
        Ok(())
    }
}

/// Where the report goes that has no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    StandardOutput,
    /// Standard output has something else.
    StandardError,
    Nowhere,
}

/// Writes a file whole or not at all. What a symlink in its place leads to stays as it is.
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
        };
        let reports = Reports::new(&arguments, &[]).map_err(|error| error.to_string())?;
        let shown = |wish: Wish| {
            (
                wish.format,
                wish.file.map(|file| file.display().to_string()),
            )
        };
        Ok(reports.wishes.into_iter().map(shown).collect())
    }

    #[test]
    fn each_format_has_one_place() {
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
    fn two_reports_in_one_place_are_refused() {
        for (format, output) in [
            (&["text", "json"][..], None),
            (&["text=a", "json=a"], None),
            (&["text=a"], Some("b")),
        ] {
            assert!(reports(format, output).is_err(), "{format:?} {output:?}");
        }
        assert_eq!(
            reports(&["text="], None),
            Err("`text=` names no file".to_owned())
        );
    }
}
