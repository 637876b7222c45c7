//! Which image is read, and how: what all commands that take an image ask alike.

use anyhow::{Context as _, bail};
use clap::{ArgAction, Args};

use super::progress::Bar;
use crate::image::{Checks, Connection, Image, Options, Platform, Reference, Source};

#[derive(Args, Debug)]
#[command(next_help_heading = "Where images are")]
pub(super) struct SourceArguments {
    /// The platform, of several, as OS/ARCHITECTURE[/VARIANT] [default: Linux on this processor]
    #[arg(long, value_name = "PLATFORM")]
    pub(super) platform: Option<Platform>,
    /// Whether registries must have a certificate that the system trusts; without, plain HTTP will
    /// do too
    #[arg(
        long,
        value_name = "BOOL",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_value = "true",
        default_missing_value = "true",
        hide_possible_values = true
    )]
    tls_verify: bool,
    /// Speak plain HTTP to registries
    #[arg(long)]
    plain_http: bool,
}

impl SourceArguments {
    pub(super) fn connection(&self) -> Connection {
        match (self.plain_http, self.tls_verify) {
            (true, _) => Connection::Plain,
            (false, true) => Connection::Verified,
            (false, false) => Connection::Unverified,
        }
    }

    /// Reads the image that an argument names.
    pub(super) fn open(
        &self,
        argument: &str,
        options: Options,
        bar: &Bar,
    ) -> anyhow::Result<Image> {
        let (image, checks) = self.open_checked_later(argument, options, bar)?;
        finish(checks, argument)?;
        Ok(image)
    }

    /// Reads the image that an argument names, with digests that are still being checked: see
    /// [`finish`].
    pub(super) fn open_checked_later(
        &self,
        argument: &str,
        options: Options,
        bar: &Bar,
    ) -> anyhow::Result<(Image, Checks)> {
        let source = self.source(argument, options, bar)?;
        let platform = self.platform.clone().unwrap_or_default();
        let (image, checks) = source
            .image_checked_later(&platform, bar)
            .with_context(|| format!("image `{argument}`"))?;
        // An image that is alone is taken for any platform, but not for one that was asked for.
        let is = Platform::of_config(&image.config);
        match &self.platform {
            Some(wanted) if !image.layers.is_empty() && !wanted.suits(&is) => {
                finish(checks, argument)?;
                bail!("image `{argument}` is for {is}, not for {wanted}")
            }
            _ => Ok((image, checks)),
        }
    }

    /// Opens what an argument names, and reads no image of it yet.
    pub(super) fn source(
        &self,
        argument: &str,
        options: Options,
        bar: &Bar,
    ) -> anyhow::Result<Source> {
        let reference: Reference = argument.parse()?;
        let platform = self.platform.clone().unwrap_or_default();
        let options = Options {
            platform,
            connection: self.connection(),
            ..options
        };
        Source::open(&reference, &options, bar).with_context(|| format!("image `{argument}`"))
    }
}

/// Waits until the digests of an image are checked. Nothing of it may be shown or written before.
pub(super) fn finish(checks: Checks, argument: &str) -> anyhow::Result<()> {
    checks
        .finish()
        .with_context(|| format!("image `{argument}`"))
}
