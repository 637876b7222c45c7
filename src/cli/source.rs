//! Options for reading an image, shared by all commands that take one.

use anyhow::{Context as _, bail};
use clap::{ArgAction, Args};

use super::progress::Bar;
use crate::image::{Checks, Connection, Image, Options, Platform, Reference, Source};

#[derive(Args, Debug)]
#[command(next_help_heading = "Image source")]
pub(super) struct SourceArguments {
    /// Platform to read from a multi-platform image, as OS/ARCHITECTURE[/VARIANT] [default: Linux
    /// on this machine's architecture]
    #[arg(long, value_name = "PLATFORM")]
    pub(super) platform: Option<Platform>,
    /// Require registries to use HTTPS with a certificate trusted by the system; `false` also
    /// allows other certificates and plain HTTP
    // The `=` is required, as in podman and skopeo, so that an image after the flag is not parsed
    // as its value.
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
    /// Use plain HTTP for registries
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
        self.image_of(&source, argument, bar)
    }

    /// Reads the image of a source that an argument names, with digests that are still being
    /// checked.
    pub(super) fn image_of(
        &self,
        source: &Source,
        argument: &str,
        bar: &Bar,
    ) -> anyhow::Result<(Image, Checks)> {
        let platform = self.platform.clone().unwrap_or_default();
        let (image, checks) = source
            .image_checked_later(&platform, bar)
            .with_context(|| format!("image `{argument}`"))?;
        // A single image is read regardless of its platform, unless another one was requested. A
        // root file system has no layers, and its platform is set by the configuration that is
        // applied later.
        let actual = Platform::of_config(&image.config);
        match &self.platform {
            Some(wanted) if !image.layers.is_empty() && !wanted.suits(&actual) => {
                // A wrong digest is the more serious error.
                finish(checks, argument)?;
                bail!("image `{argument}` is for {actual}, not for {wanted}")
            }
            _ => Ok((image, checks)),
        }
    }

    /// Opens the source that an argument names, without reading an image from it.
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

/// Waits until the digests of an image are checked. Nothing from the image may be shown or written
/// before that.
pub(super) fn finish(checks: Checks, argument: &str) -> anyhow::Result<()> {
    checks
        .finish()
        .with_context(|| format!("image `{argument}`"))
}
