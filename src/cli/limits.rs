//! How much an image may ask of this machine, as it is said on the command line.

use bytesize::ByteSize;
use clap::Args;

use crate::image::{Limits, Options};

/// Where an image goes beyond one of these it is refused, and the error names the option.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits on what is read")]
pub(super) struct LimitArguments {
    /// Bytes of all layers together, uncompressed: `500MB`, `64GiB` [default: 256GiB]
    #[arg(long = "max-size", value_name = "SIZE", value_parser = size, env = "JETTISON_MAX_SIZE", hide_env = true)]
    size: Option<u64>,
    /// Entries of all layers together [default: 5000000]
    #[arg(long = "max-entries", value_name = "COUNT", value_parser = count(), env = "JETTISON_MAX_ENTRIES", hide_env = true)]
    entries: Option<u32>,
    /// How many times larger a layer may become when it is decompressed, with 64 MiB more for all
    /// layers together; also limits their entries [default: 1200]
    #[arg(
        long = "max-ratio",
        value_name = "FACTOR",
        env = "JETTISON_MAX_RATIO",
        hide_env = true
    )]
    ratio: Option<u64>,
    /// Components of a path [default: 1000]
    #[arg(
        long = "max-depth",
        value_name = "COUNT",
        env = "JETTISON_MAX_DEPTH",
        hide_env = true
    )]
    depth: Option<usize>,
}

impl LimitArguments {
    /// The options that have these limits.
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
            ..usual
        }
    }
}

/// As many as a tree can tell apart.
fn count() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=4_000_000_000)
}

fn size(text: &str) -> Result<u64, String> {
    text.parse()
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
    fn the_help_tells_the_defaults() {
        assert_eq!(parsed(&[]).unwrap(), Limits::default());
        let said = [
            "--max-size",
            "256GiB",
            "--max-entries",
            "5000000",
            "--max-ratio",
            "1200",
            "--max-depth",
            "1000",
        ];
        assert_eq!(parsed(&said).unwrap(), Limits::default());
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
