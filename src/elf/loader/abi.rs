//! Differences between architectures and distributions: default directories, ABI numbers, processor
//! names.

use crate::elf::file::{Elf, Endian};

const I386: u16 = 3;
const MIPS: u16 = 8;
const PPC: u16 = 20;
const PPC64: u16 = 21;
const S390: u16 = 22;
const ARM: u16 = 40;
const X86_64: u16 = 62;
const AARCH64: u16 = 183;
const RISCV: u16 = 243;
const LOONGARCH: u16 = 258;

const ARM_HARD_FLOAT: u32 = 0x400;
const RISCV_DOUBLE_FLOAT: u32 = 0x4;
const RISCV_FLOAT: u32 = 0x6;
const LOONGARCH_SOFT_FLOAT: u32 = 0x1;
const LOONGARCH_DOUBLE_FLOAT: u32 = 0x3;
const LOONGARCH_FLOAT: u32 = 0x7;

/// Debian's multiarch directory name, such as `x86_64-linux-gnu`.
pub(super) fn triplet(elf: &Elf) -> Option<&'static str> {
    let little = elf.endian == Endian::Little;
    Some(match (elf.machine, elf.is_64) {
        (I386, _) => "i386-linux-gnu",
        (X86_64, true) => "x86_64-linux-gnu",
        (X86_64, false) => "x86_64-linux-gnux32",
        (AARCH64, true) => "aarch64-linux-gnu",
        (ARM, _) if elf.flags & ARM_HARD_FLOAT != 0 => "arm-linux-gnueabihf",
        (ARM, _) => "arm-linux-gnueabi",
        (PPC, _) => "powerpc-linux-gnu",
        // The byte order decides: Debian treats the two as separate architectures.
        (PPC64, _) if little => "powerpc64le-linux-gnu",
        (PPC64, _) => "powerpc64-linux-gnu",
        (S390, true) => "s390x-linux-gnu",
        (RISCV, true) => "riscv64-linux-gnu",
        (LOONGARCH, true) => "loongarch64-linux-gnu",
        (MIPS, true) if little => "mips64el-linux-gnuabi64",
        (MIPS, false) if little => "mipsel-linux-gnu",
        _ => return None,
    })
}

/// The default directories of a loader in which none are found: those of Debian, then those of
/// other distributions.
pub(super) fn default_directories(elf: &Elf) -> Vec<Vec<u8>> {
    let mut directories = Vec::new();
    if let Some(triplet) = triplet(elf) {
        directories.push(format!("/lib/{triplet}").into_bytes());
        directories.push(format!("/usr/lib/{triplet}").into_bytes());
    }
    if elf.is_64 {
        directories.extend([b"/lib64".to_vec(), b"/usr/lib64".to_vec()]);
    }
    directories.extend([b"/lib".to_vec(), b"/usr/lib".to_vec()]);
    directories
}

/// The possible values of `$LIB`, if the loader does not reveal it.
pub(super) fn lib_values(elf: &Elf) -> Vec<Vec<u8>> {
    let debian = triplet(elf).map(|triplet| format!("lib/{triplet}").into_bytes());
    let others: &[&[u8]] = if elf.is_64 {
        &[b"lib64", b"lib"]
    } else {
        &[b"lib", b"lib32"]
    };
    debian
        .into_iter()
        .chain(others.iter().map(|value| value.to_vec()))
        .collect()
}

/// The default directories that are built into a loader, read from its bytes, in order and without
/// trailing slashes; empty if none are found.
pub(super) fn built_in_directories(loader: &[u8]) -> Vec<Vec<u8>> {
    let mut longest: Vec<&[u8]> = Vec::new();
    let mut end = 0;
    // The list is the longest run of such strings; single ones are names of files that the loader
    // reads.
    for at in memchr::memmem::find_iter(loader, b"/lib") {
        if at >= end {
            let run;
            (run, end) = directories_around(loader, at);
            if run.len() > longest.len() {
                longest = run;
            }
        }
    }
    longest.into_iter().map(<[u8]>::to_vec).collect()
}

/// Longer strings are not directories of a loader.
const MAX_DIRECTORY: usize = 200;

/// The directories that start with the string at a position, and the position at which they end.
/// They are `system_dirs` in glibc's elf/dl-load.c: consecutive strings, each with a trailing
/// slash.
fn directories_around(loader: &[u8], at: usize) -> (Vec<&[u8]>, usize) {
    let before = &loader[at.saturating_sub(MAX_DIRECTORY)..at];
    let mut start = at - before.len() + memchr::memrchr(0, before).map_or(0, |zero| zero + 1);
    let mut directories = Vec::new();
    loop {
        let rest = &loader[start..loader.len().min(start + MAX_DIRECTORY)];
        // An unterminated or very long string is not part of the list.
        let Some(text) = memchr::memchr(0, rest).map(|zero| &rest[..zero]) else {
            break;
        };
        if !is_directory_string(text) {
            break;
        }
        directories.push(&text[..text.len() - 1]);
        start += text.len() + 1;
    }
    (directories, start)
}

fn is_directory_string(text: &[u8]) -> bool {
    text.len() >= 5
        && text.starts_with(b"/")
        && text.ends_with(b"/")
        && memchr::memmem::find(text, b"/lib").is_some()
        && text
            .iter()
            .all(|&byte| byte.is_ascii_graphic() && byte != b'%')
}

/// The value of `$LIB` in this loader: the possible value that occurs as a string in its bytes.
pub(super) fn built_in_lib(loader: &[u8], elf: &Elf) -> Vec<Vec<u8>> {
    // A loader that contains none of them was built for another distribution, and any value may be
    // right.
    let values = lib_values(elf);
    for value in &values {
        // A NUL-delimited string, as opposed to a part of a longer one.
        let string = [b"\0", value.as_slice(), b"\0"].concat();
        if memchr::memmem::find(loader, &string).is_some() {
            return vec![value.clone()];
        }
    }
    values
}

pub(super) fn is_x86_64(elf: &Elf) -> bool {
    elf.machine == X86_64 && elf.is_64
}

/// `AT_PLATFORM` of the baseline processor.
pub(super) fn base_platform(elf: &Elf) -> Option<&'static str> {
    match elf.machine {
        X86_64 => Some("x86_64"),
        I386 => Some("i686"),
        ARM => Some("v7l"),
        AARCH64 => Some("aarch64"),
        PPC64 => Some("power8"),
        S390 => Some("z900"),
        RISCV => Some("riscv64"),
        _ => None,
    }
}

/// The version of a glibc loader, which contains it since 2.33: `stable release version 2.36.`
pub(super) fn glibc_version(loader: &[u8]) -> Option<(u32, u32)> {
    const MARK: &[u8] = b" release version ";
    let at = memchr::memmem::find(loader, MARK)? + MARK.len();
    // The major and minor version fit into a few characters.
    let text = loader.get(at..loader.len().min(at + 16))?;
    let mut numbers = text.split(|byte| !byte.is_ascii_digit());
    Some((number(numbers.next()?)?, number(numbers.next()?)?))
}

fn number(digits: &[u8]) -> Option<u32> {
    str::from_utf8(digits).ok()?.parse().ok()
}

/// `$PLATFORM`, and nested subdirectories that glibc before 2.37 tried before a directory itself.
pub(super) fn platforms(elf: &Elf) -> &'static [&'static str] {
    match elf.machine {
        // The kernel provides `x86_64`; glibc replaces it with a more specific name on some
        // processors.
        X86_64 => &["x86_64", "haswell", "xeon_phi"],
        I386 => &["i686", "i586", "i486", "i386"],
        AARCH64 => &["aarch64"],
        ARM => &["v8l", "v7l", "v6l", "v5l"],
        PPC | PPC64 => &["power10", "power9", "power8", "power7", "power6"],
        S390 => &[
            "z16", "z15", "z14", "z13", "zEC12", "z196", "z10", "z9-109", "z990", "z900",
        ],
        RISCV => &["riscv64"],
        _ => &[],
    }
}

pub(super) fn legacy_subdirectories(elf: &Elf) -> Vec<&'static str> {
    let capabilities: &[&str] = match elf.machine {
        X86_64 => &["avx512_1"],
        I386 => &["sse2", "cmov", "nosegneg"],
        ARM => &["neon", "vfp", "vfpv3", "thumb"],
        _ => &[],
    };
    ["tls"]
        .into_iter()
        .chain(platforms(elf).iter().copied())
        .chain(capabilities.iter().copied())
        .collect()
}

/// The ABI of the cache entries that this architecture's loader accepts; `None` if the table has no
/// number.
pub(super) fn cache_abi(elf: &Elf) -> Option<u32> {
    Some(match (elf.machine, elf.is_64) {
        // 32-bit x86, PowerPC and S/390 have no flag of their own in the cache, only
        // `FLAG_ELF_LIBC6`.
        (I386 | PPC, _) | (S390, false) => 0x0000,
        (X86_64, true) => 0x0300,
        (X86_64, false) => 0x0800,
        (S390, true) => 0x0400,
        (PPC64, _) => 0x0500,
        (ARM, _) if elf.flags & ARM_HARD_FLOAT != 0 => 0x0900,
        (ARM, _) => 0x0b00,
        (AARCH64, true) => 0x0a00,
        (RISCV, true) if elf.flags & RISCV_FLOAT == RISCV_DOUBLE_FLOAT => 0x1000,
        (RISCV, true) => 0x0f00,
        // glibc loads only these two; `ldconfig` leaves libraries of other ABIs out.
        (LOONGARCH, true) => match elf.flags & LOONGARCH_FLOAT {
            LOONGARCH_SOFT_FLOAT => 0x1100,
            LOONGARCH_DOUBLE_FLOAT => 0x1200,
            _ => return None,
        },
        _ => return None,
    })
}

/// The usual paths of an architecture's loaders, for libraries that no program loads.
pub(super) fn conventional_loaders(elf: &Elf) -> Vec<Vec<u8>> {
    let little = elf.endian == Endian::Little;
    let paths: &[&str] = match (elf.machine, elf.is_64) {
        (X86_64, true) => &["/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1"],
        (X86_64, false) => &["/libx32/ld-linux-x32.so.2", "/lib/ld-musl-x32.so.1"],
        (I386, _) => &["/lib/ld-linux.so.2", "/lib/ld-musl-i386.so.1"],
        (AARCH64, true) => &["/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-aarch64.so.1"],
        (ARM, _) => &[
            "/lib/ld-linux-armhf.so.3",
            "/lib/ld-linux.so.3",
            "/lib/ld-musl-armhf.so.1",
            "/lib/ld-musl-arm.so.1",
        ],
        (PPC64, _) if little => &["/lib64/ld64.so.2", "/lib/ld-musl-powerpc64le.so.1"],
        (S390, true) => &["/lib/ld64.so.1", "/lib/ld-musl-s390x.so.1"],
        (RISCV, true) => &[
            "/lib/ld-linux-riscv64-lp64d.so.1",
            "/lib/ld-musl-riscv64.so.1",
        ],
        (LOONGARCH, true) => &[
            "/lib64/ld-linux-loongarch-lp64d.so.1",
            "/lib/ld-musl-loongarch64.so.1",
        ],
        _ => &[],
    };
    paths.iter().map(|path| path.as_bytes().to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_has_a_flag_for_each_float_abi() {
        let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let mut elf = crate::elf::parse(&bytes).unwrap();
        elf.is_64 = true;
        for (machine, flags, abi) in [
            (X86_64, 0, Some(0x0300)),
            (AARCH64, 0, Some(0x0a00)),
            (RISCV, 0x5, Some(0x1000)),
            (RISCV, 0x1, Some(0x0f00)),
            // The ABI of object files is another flag, 0x40.
            (LOONGARCH, 0x43, Some(0x1200)),
            (LOONGARCH, 0x41, Some(0x1100)),
            (LOONGARCH, 0x42, None),
        ] {
            (elf.machine, elf.flags) = (machine, flags);
            assert_eq!(cache_abi(&elf), abi, "machine {machine}, flags {flags:#x}");
        }
    }
}
