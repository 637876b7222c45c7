//! Formatting of sizes and counts.

/// Formats bytes in decimal units, as Docker does.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    // Tenths of the unit, rounded down.
    let (mut tenths, mut unit) = (bytes / 100, 0);
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// Formats a number with its noun, in the plural unless the number is 1.
pub fn counted(count: usize, noun: &str) -> String {
    match noun.strip_suffix('y') {
        _ if count == 1 => format!("{count} {noun}"),
        // `2 vulnerabilities`, but `2 keys`.
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{count} {stem}ies"),
        _ => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_decimal_with_one_digit_after_the_point() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (999_999, "999.9 kB"),
            (1_250_000, "1.2 MB"),
        ];
        for (bytes, shown) in cases {
            assert_eq!(size(bytes), shown);
        }
        assert_eq!(size(31_000_000_000), "31.0 GB");
    }

    #[test]
    fn a_noun_is_plural_unless_there_is_one() {
        let cases = [
            (0, "file", "0 files"),
            (1, "vulnerability", "1 vulnerability"),
            (2, "vulnerability", "2 vulnerabilities"),
            (2, "key", "2 keys"),
        ];
        for (count, noun, shown) in cases {
            assert_eq!(counted(count, noun), shown);
        }
    }
}
