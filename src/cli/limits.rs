//! Options that limit the resources used to read an image.

use bytesize::ByteSize;
use clap::Args;

use crate::image::{Limits, Options};

/// Limits on an image. An image that exceeds a limit is refused with an error that names the
/// option.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits")]
pub(super) struct LimitArguments {
    /// Limit the total uncompressed size of the layers, such as `64GiB` [default: 256GiB]
    #[arg(long = "max-size", value_name = "SIZE", value_parser = size)]
    #[arg(env = "JETTISON_MAX_SIZE", hide_env = true)]
    // `Option`s, so that the defaults are defined only in the library that reads images.
    size: Option<u64>,
    /// Limit the total number of entries in the layers [default: 5000000]
    #[arg(long = "max-entries", value_name = "COUNT", value_parser = count())]
    #[arg(env = "JETTISON_MAX_ENTRIES", hide_env = true)]
    entries: Option<u32>,
    /// Limit the decompressed size of each layer, including holes in sparse files, to this multiple
    /// of its stored size; all layers together may exceed their limits by 64 MiB. The number of
    /// entries and the length of their names and headers are limited accordingly [default: 1200]
    #[arg(
        long = "max-ratio",
        value_name = "FACTOR",
        env = "JETTISON_MAX_RATIO",
        hide_env = true
    )]
    // gzip reaches about 1030 on zeros, which real layers contain; more is a decompression bomb.
    ratio: Option<u64>,
    /// Limit the number of components in a path [default: 1000]
    #[arg(
        long = "max-depth",
        value_name = "COUNT",
        env = "JETTISON_MAX_DEPTH",
        hide_env = true
    )]
    depth: Option<usize>,
}

impl LimitArguments {
    /// Options for reading an image within these limits.
    pub(super) fn options(&self) -> Options {
        Options {
            limits: self.limits(),
            ..Options::default()
        }
    }

    fn limits(&self) -> Limits {
        let usual = Limits::default();
        Limits {
            uncompressed: self.size.unwrap_or(usual.uncompressed),
            entries: self
                .entries
                .map_or(usual.entries, |entries| entries as usize),
            ratio: self.ratio.unwrap_or(usual.ratio),
            depth: self.depth.unwrap_or(usual.depth),
            // The other limits protect against malformed archives; real images do not come close to
            // them.
            ..usual
        }
    }
}

/// Parses a number of entries. The upper bound is below 2^32, because a tree numbers its names with
/// 32 bits.
fn count() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=4_000_000_000)
}

fn size(text: &str) -> Result<u64, String> {
    text.parse()
        // Accepts decimal and binary units, as people use both.
        .map(|ByteSize(bytes)| bytes)
        .map_err(|_| "expected a size such as `500MB` or `64GiB`".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        limits: LimitArguments,
    }

    fn parsed(arguments: &[&str]) -> Result<Limits, clap::Error> {
        Alone::try_parse_from([&["x"], arguments].concat()).map(|alone| alone.limits.limits())
    }

    #[test]
    fn limits_without_options_are_those_in_the_documentation() {
        assert_eq!(parsed(&[]).unwrap(), Limits::default());
        let documented = [
            "--max-size",
            "256GiB",
            "--max-entries",
            "5000000",
            "--max-ratio",
            "1200",
            "--max-depth",
            "1000",
        ];
        assert_eq!(parsed(&documented).unwrap(), Limits::default());
    }

    #[test]
    fn sizes_have_units() {
        let bytes = |text| parsed(&["--max-size", text]).map(|limits| limits.uncompressed);
        assert_eq!(bytes("1000").unwrap(), 1000);
        assert_eq!(bytes("1kB").unwrap(), 1000);
        assert_eq!(bytes("2 GiB").unwrap(), 2 << 30);
        assert_eq!(bytes("2G").unwrap(), 2_000_000_000);
        assert!(bytes("many").is_err() && bytes("-1").is_err());
    }
}
