//! Options for writing an image, and the time of a run from `SOURCE_DATE_EPOCH`.

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use crate::image::{Coding, Layers, WriteOptions};

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Image format")]
pub(super) struct WritingArguments {
    /// Write `one` new layer, or `keep` the original layers, each slimmed, so that images can
    /// still share them
    #[arg(
        long,
        value_enum,
        default_value = "one",
        env = "JETTISON_LAYERS",
        hide_env = true
    )]
    layers: LayersArgument,
    /// Layer compression: `none`, `gzip` or `zstd`, optionally with a level, as in `zstd:19`
    /// [default: depends on the destination]
    #[arg(
        long,
        value_name = "KIND[:LEVEL]",
        env = "JETTISON_COMPRESSION",
        hide_env = true
    )]
    compression: Option<Coding>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LayersArgument {
    One,
    Keep,
}

impl WritingArguments {
    pub(super) fn options(&self, tag: Option<String>) -> anyhow::Result<WriteOptions> {
        let layers = match self.layers {
            LayersArgument::One => Layers::One,
            LayersArgument::Keep => Layers::Keep,
        };
        Ok(WriteOptions {
            tag,
            layers,
            compression: self.compression,
            epoch: epoch()?,
            ..WriteOptions::default()
        })
    }
}

/// The time of this run, from `SOURCE_DATE_EPOCH` or the clock.
pub(super) fn now() -> anyhow::Result<jiff::Timestamp> {
    Ok(epoch()?.unwrap_or_else(jiff::Timestamp::now))
}

/// The time in `SOURCE_DATE_EPOCH`, with the same meaning as in BuildKit: no time in the image is
/// later.
pub(super) fn epoch() -> anyhow::Result<Option<jiff::Timestamp>> {
    let text = std::env::var_os("SOURCE_DATE_EPOCH").unwrap_or_default();
    // CI systems set variables that a job does not use to an empty string.
    if text.is_empty() {
        return Ok(None);
    }
    let text = text.to_string_lossy();
    let time = text
        .parse()
        .ok()
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    // An invalid value is an error: falling back to the clock would make the image irreproducible.
    let time =
        time.with_context(|| format!("SOURCE_DATE_EPOCH must be a Unix timestamp, not `{text}`"))?;
    Ok(Some(time))
}
