//! The number of cases that a property test tries.

use proptest::test_runner::{Config, RngSeed};

/// The configuration of a test that tries other cases in each run: `usual` of them, or as many as
/// `PROPTEST_CASES` says.
pub(crate) fn changing(usual: u32) -> Config {
    let mut config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    if !is_set() {
        config.cases = usual;
    }
    config
}

/// The same for a test whose usual cases are always the same.
pub(crate) fn steady(usual: u32) -> Config {
    let mut config = changing(usual);
    if !is_set() {
        config.rng_seed = RngSeed::Fixed(1);
    }
    config
}

fn is_set() -> bool {
    std::env::var_os("PROPTEST_CASES").is_some()
}
