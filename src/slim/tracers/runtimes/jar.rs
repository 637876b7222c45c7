//! Jars: the programs that classes in them start.
//!
//! A class that refers to `ProcessBuilder` or `Runtime` may start what its string constants name.

use std::collections::BTreeSet;
use std::io::Read as _;

use crate::image::NameId;
use crate::slim::trace::Trace;
use crate::slim::why::{Because, Confidence, Why};

/// No class is larger.
const LARGEST_CLASS: u64 = 1 << 20;
/// So much is unpacked of one jar.
const LARGEST_JAR: u64 = 1 << 26;

/// Keeps the programs on PATH that are named in the classes of a jar.
pub(super) fn trace(trace: &mut Trace<'_>, name: NameId) {
    let path = trace.tree().path(name);
    if !path.ends_with(b".jar") || path.windows(5).any(|part| part == b"/jvm/") {
        return;
    }
    let Some(bytes) = trace.view.bytes(name) else { return };
    for word in started(&bytes) {
        if let Some(program) = trace.programs.find(trace.view, &word) {
            let because = Because::Mention { path: String::from_utf8_lossy(&program).into_owned() };
            let why = Why::Rule { rule: "commands-by-name", because, confidence: Confidence::Likely };
            trace.keep_path(&program, Some(name), why);
        }
    }
}

/// The words in strings of classes that start programs.
fn started(jar: &[u8]) -> BTreeSet<Vec<u8>> {
    let mut words = BTreeSet::new();
    let mut left = LARGEST_JAR;
    for entry in entries(jar) {
        let Some(class) = entry.unpack(jar, left.min(LARGEST_CLASS)) else { continue };
        left = left.saturating_sub(class.len() as u64);
        words.extend(started_by_class(&class).into_iter().map(<[u8]>::to_vec));
    }
    words
}

/// A class in a jar: how it is packed, its packed size, and where its own header is.
struct Entry {
    method: u16,
    size: usize,
    header: usize,
}

impl Entry {
    fn unpack(&self, jar: &[u8], most: u64) -> Option<Vec<u8>> {
        // The header of the entry, of 30 bytes, is followed by a name and by more.
        let more = usize::from(u16_at(jar, self.header + 26)?) + usize::from(u16_at(jar, self.header + 28)?);
        let start = self.header.checked_add(30)?.checked_add(more)?;
        let packed = jar.get(start..start.checked_add(self.size)?)?;
        let mut class = Vec::new();
        match self.method {
            0 => packed.take(most).read_to_end(&mut class).ok()?,
            8 => flate2::read::DeflateDecoder::new(packed).take(most).read_to_end(&mut class).ok()?,
            _ => return None,
        };
        Some(class)
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn place_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?)).ok()
}

/// The classes that the directory at the end of a jar lists, as APPNOTE.TXT of the ZIP format describes it.
fn entries(jar: &[u8]) -> impl Iterator<Item = Entry> {
    let end = memchr::memmem::rfind(jar, b"PK\x05\x06");
    let mut at = end.and_then(|end| place_at(jar, end + 16)).unwrap_or(jar.len());
    let next = move || {
        jar.get(at..)?.strip_prefix(b"PK\x01\x02")?;
        let size_of = |field| u16_at(jar, at + field).map(usize::from);
        let (name, extra, comment) = (size_of(28)?, size_of(30)?, size_of(32)?);
        let is_class = jar.get(at + 46..at + 46 + name)?.ends_with(b".class");
        let entry =
            Entry { method: u16_at(jar, at + 10)?, size: place_at(jar, at + 20)?, header: place_at(jar, at + 42)? };
        at += 46 + name + extra + comment;
        Some(is_class.then_some(entry))
    };
    std::iter::from_fn(next).flatten()
}

/// What the constant pool of a class holds, as chapter 4 of the virtual machine's specification says.
fn started_by_class(class: &[u8]) -> Vec<&[u8]> {
    let (texts, strings) = constants(class).unwrap_or_default();
    let starts = |text: &&[u8]| matches!(*text, b"java/lang/ProcessBuilder" | b"java/lang/Runtime");
    if !texts.iter().flatten().any(starts) {
        return Vec::new();
    }
    let strings = strings.into_iter().filter_map(|place| *texts.get(place)?);
    let words = strings.filter_map(|text| text.split(u8::is_ascii_whitespace).next());
    words.filter(|word| word.len() > 1 && word.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'/')).collect()
}

/// The texts by their numbers, and the numbers of those that are string constants.
type Constants<'a> = (Vec<Option<&'a [u8]>>, Vec<usize>);

fn constants(class: &[u8]) -> Option<Constants<'_>> {
    let number = |at: usize| class.get(at..)?.first_chunk().map(|bytes| usize::from(u16::from_be_bytes(*bytes)));
    class.strip_prefix(&[0xca, 0xfe, 0xba, 0xbe])?;
    let count = number(8)?;
    let (mut texts, mut strings, mut at) = (vec![None], Vec::new(), 10);
    while texts.len() < count {
        let mut text = None;
        let size = match class.get(at)? {
            1 => {
                let length = number(at + 1)?;
                text = class.get(at + 3..at + 3 + length);
                2 + length
            }
            8 => {
                strings.push(number(at + 1)?);
                2
            }
            7 | 16 | 19 | 20 => 2,
            15 => 3,
            3 | 4 | 9..=12 | 17 | 18 => 4,
            // These two take two numbers.
            5 | 6 => {
                texts.push(None);
                8
            }
            _ => return None,
        };
        texts.push(text);
        at += 1 + size;
    }
    Some((texts, strings))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(texts: &[&str], string: u8) -> Vec<u8> {
        let mut class = vec![0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 61, 0, u8::try_from(texts.len() + 2).unwrap()];
        for text in texts {
            class.extend([1, 0, u8::try_from(text.len()).unwrap()]);
            class.extend(text.as_bytes());
        }
        class.extend([8, 0, string]);
        class
    }

    #[test]
    fn strings_of_a_class_that_starts_programs_count_and_its_other_names_do_not() {
        let starts = class(&["java/lang/ProcessBuilder", "sort", "gzip -d"], 3);
        assert_eq!(started_by_class(&starts), [b"gzip"]);
        assert!(started_by_class(&class(&["java/lang/Object", "gzip"], 2)).is_empty());
        assert!(started_by_class(&starts[..20]).is_empty());
    }
}
