//! How an image is written, as it is said on the command line and by `SOURCE_DATE_EPOCH`.

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use crate::image::{Coding, Layers, WriteOptions};

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "How it is written")]
pub(super) struct WritingArguments {
    /// `one` new layer, or `keep` the layers of the original, each slimmed: what images share stays
    /// shared
    #[arg(
        long,
        value_enum,
        default_value = "one",
        env = "JETTISON_LAYERS",
        hide_env = true
    )]
    layers: LayersArgument,
    /// Of layers: `none`, `gzip` or `zstd`, with a level as in `zstd:19` [default: as is usual at
    /// the destination]
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

/// When this run is: what `SOURCE_DATE_EPOCH` says, or else the clock.
pub(super) fn now() -> anyhow::Result<jiff::Timestamp> {
    Ok(epoch()?.unwrap_or_else(jiff::Timestamp::now))
}

/// What `SOURCE_DATE_EPOCH` says, which holds as it does for BuildKit: nothing in the image is
/// younger.
pub(super) fn epoch() -> anyhow::Result<Option<jiff::Timestamp>> {
    let Some(text) = std::env::var_os("SOURCE_DATE_EPOCH").filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let text = text.to_string_lossy();
    let seconds = text
        .parse()
        .ok()
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    seconds
        .map(Some)
        .with_context(|| format!("SOURCE_DATE_EPOCH is `{text}`, but should be seconds since 1970"))
}
