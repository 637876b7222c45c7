//! The files that a loader reads: its cache in both formats, and its configuration.

use jettison::elf::{Cache, CacheError, Endian, configured_directories};

use super::machine::{Machine, TreeFiles};
use crate::builders::elf_file::{GLIBC, library, program};

/// Flags of libraries for x86-64 and for i386.
pub(crate) const X86_64: u32 = 0x303;
const I386: u32 = 0x003;

/// A cache in the new format: flags, capabilities, name, path.
pub(crate) fn new_cache(entries: &[(u32, u64, &str, &str)]) -> Vec<u8> {
    let mut strings = Vec::new();
    let start = 48 + 24 * entries.len();
    let mut table = Vec::new();
    for (flags, capabilities, name, path) in entries {
        table.extend(flags.to_le_bytes());
        for text in [name, path] {
            table.extend(u32::try_from(start + strings.len()).unwrap().to_le_bytes());
            strings.extend(text.as_bytes());
            strings.push(0);
        }
        table.extend(0u32.to_le_bytes());
        table.extend(capabilities.to_le_bytes());
    }
    let mut cache = b"glibc-ld.so.cache1.1".to_vec();
    cache.extend(u32::try_from(entries.len()).unwrap().to_le_bytes());
    cache.extend(u32::try_from(strings.len()).unwrap().to_le_bytes());
    cache.extend([2, 0, 0, 0]);
    cache.extend([0; 16]);
    [cache, table, strings].concat()
}

/// A cache in the old format, without entries where the new one is to follow.
fn old_cache(entries: &[(u32, &str, &str)]) -> Vec<u8> {
    let mut strings = Vec::new();
    let mut cache = b"ld.so-1.7.0\0".to_vec();
    cache.extend(u32::try_from(entries.len()).unwrap().to_le_bytes());
    for (flags, name, path) in entries {
        cache.extend(flags.to_le_bytes());
        for text in [name, path] {
            cache.extend(u32::try_from(strings.len()).unwrap().to_le_bytes());
            strings.extend(text.as_bytes());
            strings.push(0);
        }
    }
    [cache, strings].concat()
}

fn needing_a() -> Machine {
    Machine::new()
        .elf("/bin/p", &program(GLIBC).needs("liba.so.1"))
        .elf("/opt/a/liba.so.1", &library("liba.so.1"))
        .elf("/usr/lib/liba.so.1", &library("liba.so.1"))
}

#[test]
fn the_cache_comes_before_the_default_directories() {
    let cache = new_cache(&[(X86_64, 0, "liba.so.1", "/opt/a/liba.so.1")]);
    let machine = needing_a().file("/etc/ld.so.cache", cache);
    assert_eq!(
        machine.load("/bin/p"),
        ["p needs liba.so.1: /opt/a/liba.so.1 (found through `/etc/ld.so.cache`)"]
    );
}

#[test]
fn a_missing_cached_path_is_skipped() {
    let cache = new_cache(&[(X86_64, 0, "liba.so.1", "/gone/liba.so.1")]);
    let machine = needing_a().file("/etc/ld.so.cache", cache);
    assert_eq!(
        machine.load("/bin/p"),
        ["p needs liba.so.1: /usr/lib/liba.so.1 (found in a default directory)"]
    );
}

#[test]
fn cache_entries_for_another_machine_are_skipped() {
    let cache = new_cache(&[
        (I386, 0, "liba.so.1", "/gone/liba.so.1"),
        (X86_64, 0, "liba.so.1", "/opt/a/liba.so.1"),
    ]);
    let machine = needing_a().file("/etc/ld.so.cache", cache);
    assert_eq!(
        machine.load("/bin/p"),
        ["p needs liba.so.1: /opt/a/liba.so.1 (found through `/etc/ld.so.cache`)"]
    );
}

#[test]
fn cached_hwcaps_variants_are_found_beside_the_generic_library() {
    let cache = new_cache(&[
        (X86_64, (1 << 62) | 1, "liba.so.1", "/opt/v3/liba.so.1"),
        (X86_64, 0, "liba.so.1", "/opt/a/liba.so.1"),
    ]);
    let machine = needing_a()
        .file("/etc/ld.so.cache", cache)
        .elf("/opt/v3/liba.so.1", &library("liba.so.1"));
    assert_eq!(
        machine.load("/bin/p"),
        [
            "p needs liba.so.1: /opt/v3/liba.so.1 (found through `/etc/ld.so.cache`)",
            "p needs liba.so.1: /opt/a/liba.so.1 (found through `/etc/ld.so.cache`)",
        ]
    );
}

#[test]
fn an_object_with_nodefaultlib_skips_cache_entries_in_default_directories() {
    const NODEFLIB: u64 = 0x800;
    let cache = new_cache(&[(X86_64, 0, "liba.so.1", "/usr/lib/liba.so.1")]);
    let machine = needing_a().file("/etc/ld.so.cache", cache).elf(
        "/bin/q",
        &program(GLIBC).needs("liba.so.1").flags_1(NODEFLIB),
    );
    assert_eq!(
        machine.load("/bin/q"),
        ["q needs liba.so.1: not in /etc/ld.so.cache"]
    );
}

#[test]
fn the_old_cache_format_is_read_alone_and_before_the_new_one() {
    let old = old_cache(&[(X86_64, "liba.so.1", "/opt/a/liba.so.1")]);
    assert_eq!(Cache::parse(&old, Endian::Little).unwrap().len(), 1);
    let mut both = old_cache(&[]);
    both.extend(new_cache(&[(X86_64, 0, "liba.so.1", "/opt/a/liba.so.1")]));
    let machine = needing_a().file("/etc/ld.so.cache", both);
    assert_eq!(
        machine.load("/bin/p"),
        ["p needs liba.so.1: /opt/a/liba.so.1 (found through `/etc/ld.so.cache`)"]
    );
}

#[test]
fn a_truncated_cache_is_an_error_and_never_a_panic() {
    let cache = new_cache(&[(X86_64, 0, "liba.so.1", "/opt/a/liba.so.1")]);
    for length in 20..cache.len() {
        assert_eq!(
            Cache::parse(&cache[..length], Endian::Little),
            Err(CacheError::Short),
            "at {length}"
        );
    }
    assert_eq!(
        Cache::parse(b"no cache", Endian::Little),
        Err(CacheError::Magic)
    );
}

#[test]
fn a_cache_of_entries_that_share_one_long_string_is_refused() {
    let mut cache = new_cache(&vec![(X86_64, 0, "", ""); 5000]);
    let long = u32::try_from(cache.len()).unwrap().to_le_bytes();
    cache.extend([b'x'; 4000]);
    cache.push(0);
    for entry in 0..5000 {
        let at = 48 + 24 * entry + 4;
        cache[at..at + 4].copy_from_slice(&long);
    }
    assert_eq!(
        Cache::parse(&cache, Endian::Little),
        Err(CacheError::Strings)
    );
}

#[test]
fn without_a_cache_the_configured_directories_are_searched() {
    let machine = needing_a().file("/etc/ld.so.conf", "/opt/a\n");
    assert_eq!(
        machine.load("/bin/p"),
        ["p needs liba.so.1: /opt/a/liba.so.1 (found through `/etc/ld.so.conf`)"]
    );
}

fn directories(machine: &Machine) -> Vec<String> {
    let image = machine.image();
    let directories = configured_directories(&TreeFiles::new(&image.tree), b"/etc/ld.so.conf");
    directories
        .into_iter()
        .map(|directory| String::from_utf8(directory).unwrap())
        .collect()
}

#[test]
fn included_loader_configurations_are_read_in_name_order() {
    let machine = Machine::new()
        .file(
            "/etc/ld.so.conf",
            "# first\ninclude ld.so.conf.d/*.conf\n/last # a comment\nhwcap 0 nosegneg\n",
        )
        .file("/etc/ld.so.conf.d/b.conf", "/b/ /c:/d,/e\n")
        .file("/etc/ld.so.conf.d/a.conf", "/a=libc6\nrelative\n")
        .file("/etc/ld.so.conf.d/.hidden.conf", "/hidden\n")
        .file("/etc/ld.so.conf.d/a.off", "/off\n");
    assert_eq!(
        directories(&machine),
        ["/a", "/b", "/c", "/d", "/e", "/last"]
    );
}

#[test]
fn a_loader_configuration_that_includes_itself_terminates() {
    let machine = Machine::new().file("/etc/ld.so.conf", "/a\ninclude /etc/ld.so.conf\n");
    assert_eq!(directories(&machine), ["/a"]);
}
