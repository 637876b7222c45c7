//! Processors as distinguished by glibc's loader, and the library variants that each supports.

use super::abi;
use crate::elf::file::Elf;

/// A processor or a class of processors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Processor {
    /// Supported directories below `glibc-hwcaps`, the best first.
    pub levels: Vec<String>,
    /// The value of `$PLATFORM`.
    pub platform: Option<String>,
    /// Directory names used by loaders before 2.37, in path order: `tls`, the platform, and
    /// capabilities.
    pub legacy: Vec<String>,
}

/// The levels of an architecture, the best first; a processor supports its own and all that follow.
const LEVELS: [&[&str]; 3] = [
    &["x86-64-v4", "x86-64-v3", "x86-64-v2"],
    &["power10", "power9"],
    &["z16", "z15", "z14", "z13"],
];

impl Processor {
    /// The capabilities that all processors of a file's architecture have.
    pub fn baseline(elf: &Elf) -> Self {
        let platform = abi::base_platform(elf);
        // The name of x86-64 occurs twice: as a platform and as a capability.
        let capability = if abi::is_x86_64(elf) { platform } else { None };
        let legacy = ["tls"]
            .into_iter()
            .chain(platform)
            .chain(capability)
            .map(str::to_owned)
            .collect();
        Self {
            levels: Vec::new(),
            platform: platform.map(str::to_owned),
            legacy,
        }
    }

    /// The names of all levels.
    pub fn levels() -> impl Iterator<Item = &'static str> {
        LEVELS.into_iter().flatten().copied()
    }

    /// A processor of a level such as `x86-64-v3`; the baseline for an unknown name.
    pub fn of_level(elf: &Elf, level: &str) -> Self {
        let mut processor = Self::baseline(elf);
        for levels in LEVELS {
            // The best level comes first, and a processor also supports all levels that follow its
            // own.
            if let Some(start) = levels.iter().position(|name| *name == level) {
                processor.levels = levels[start..]
                    .iter()
                    .map(|&level| level.to_owned())
                    .collect();
                break;
            }
        }
        processor
    }

    /// The processor that runs jettison, if the file is for its architecture; otherwise the
    /// baseline of the file's architecture.
    pub fn native(elf: &Elf) -> Self {
        let mut processor = Self::baseline(elf);
        if abi::is_x86_64(elf) {
            native_x86_64(&mut processor);
        }
        processor
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn native_x86_64(_: &mut Processor) {}

/// The levels are those of the x86-64 psABI. The platform and the capability are those that glibc
/// before 2.37 set only for Intel processors, in sysdeps/x86/cpu-features.c.
#[cfg(target_arch = "x86_64")]
fn native_x86_64(processor: &mut Processor) {
    macro_rules! has {
        ($($feature:tt)*) => { true $(&& std::arch::is_x86_feature_detected!($feature))* };
    }
    let v2 = has!("cmpxchg16b" "popcnt" "sse3" "sse4.1" "sse4.2" "ssse3");
    let v3 = v2 && has!("avx" "avx2" "bmi1" "bmi2" "f16c" "fma" "lzcnt" "movbe" "xsave");
    let v4 = v3 && has!("avx512f" "avx512bw" "avx512cd" "avx512dq" "avx512vl");
    let levels = [(v4, "x86-64-v4"), (v3, "x86-64-v3"), (v2, "x86-64-v2")];
    processor.levels = levels
        .iter()
        .filter(|(has, _)| *has)
        .map(|(_, level)| (*level).to_owned())
        .collect();
    if v3 && is_intel() {
        processor.platform = Some("haswell".to_owned());
        let legacy: &[&str] = if v4 {
            &["tls", "haswell", "avx512_1", "x86_64"]
        } else {
            &["tls", "haswell", "x86_64"]
        };
        processor.legacy = legacy.iter().map(|&name| name.to_owned()).collect();
    }
}

#[cfg(target_arch = "x86_64")]
fn is_intel() -> bool {
    std::fs::read("/proc/cpuinfo")
        .is_ok_and(|text| memchr::memmem::find(&text, b"GenuineIntel").is_some())
}
