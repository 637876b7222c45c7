//! A writer of small ELF files for examples and tests: only the parts that a loader reads, without code.

use goblin::elf::header::{
    ELFCLASS32, ELFCLASS64, ELFDATA2LSB, ELFDATA2MSB, EM_X86_64, ET_DYN, ET_EXEC,
};

/// The contents of a file. Little-endian x86-64 unless specified otherwise.
#[must_use]
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct ElfFile {
    is_64: bool,
    big_endian: bool,
    machine: u16,
    kind: u16,
    interpreter: Option<String>,
    /// Tag and text.
    strings: Vec<(u64, String)>,
    flags_1: u64,
    imports: Vec<String>,
    exports: Vec<String>,
    gnu_hash: bool,
    /// Library and versions.
    version_needs: Vec<(String, Vec<String>)>,
    version_definitions: Vec<String>,
    dynamic: bool,
    /// Additional program headers: kind and flags.
    segments: Vec<(u64, u64)>,
    text_relocations: bool,
    /// Strings without terminators that the data refers to by address and length.
    references: Vec<String>,
}

const NEEDED: u64 = 1;
const HASH: u64 = 4;
const STRTAB: u64 = 5;
const SYMTAB: u64 = 6;
const STRSZ: u64 = 10;
const SONAME: u64 = 14;
const RPATH: u64 = 15;
const TEXTREL: u64 = 22;
const RUNPATH: u64 = 29;
const GNU_HASH: u64 = 0x6fff_fef5;
const FLAGS_1: u64 = 0x6fff_fffb;
const VERDEF: u64 = 0x6fff_fffc;
const VERDEFNUM: u64 = 0x6fff_fffd;
const VERNEED: u64 = 0x6fff_fffe;
const VERNEEDNUM: u64 = 0x6fff_ffff;

/// Addresses differ from offsets by this amount, so that code that confuses them fails.
const BASE: u64 = 0x1_0000;

pub const GLIBC: &str = "/lib64/ld-linux-x86-64.so.2";
pub const MUSL: &str = "/lib/ld-musl-x86_64.so.1";

/// A program with this loader.
pub fn program(interpreter: &str) -> ElfFile {
    ElfFile {
        interpreter: Some(interpreter.to_owned()),
        kind: ET_EXEC,
        ..library("")
    }
}

/// A library; an empty SONAME means none.
pub fn library(soname: &str) -> ElfFile {
    let strings = if soname.is_empty() {
        Vec::new()
    } else {
        vec![(SONAME, soname.to_owned())]
    };
    ElfFile {
        is_64: true,
        big_endian: false,
        machine: EM_X86_64,
        kind: ET_DYN,
        interpreter: None,
        strings,
        flags_1: 0,
        imports: Vec::new(),
        exports: Vec::new(),
        gnu_hash: true,
        version_needs: Vec::new(),
        version_definitions: Vec::new(),
        dynamic: true,
        segments: Vec::new(),
        text_relocations: false,
        references: Vec::new(),
    }
}

impl ElfFile {
    fn string(mut self, tag: u64, text: &str) -> Self {
        self.strings.push((tag, text.to_owned()));
        self
    }

    pub fn needs(self, soname: &str) -> Self {
        self.string(NEEDED, soname)
    }

    pub fn rpath(self, path: &str) -> Self {
        self.string(RPATH, path)
    }

    pub fn runpath(self, path: &str) -> Self {
        self.string(RUNPATH, path)
    }

    pub fn filter(self, soname: &str) -> Self {
        self.string(0x7fff_ffff, soname)
    }

    pub fn auxiliary(self, soname: &str) -> Self {
        self.string(0x7fff_fffd, soname)
    }

    pub fn flags_1(self, flags_1: u64) -> Self {
        Self { flags_1, ..self }
    }

    pub fn machine(self, machine: u16) -> Self {
        Self { machine, ..self }
    }

    pub fn bits_32(self) -> Self {
        Self {
            is_64: false,
            ..self
        }
    }

    pub fn big_endian(self) -> Self {
        Self {
            big_endian: true,
            ..self
        }
    }

    pub fn imports(mut self, symbol: &str) -> Self {
        self.imports.push(symbol.to_owned());
        self
    }

    pub fn exports(mut self, symbol: &str) -> Self {
        self.exports.push(symbol.to_owned());
        self
    }

    pub fn with_old_hash(self) -> Self {
        Self {
            gnu_hash: false,
            ..self
        }
    }

    pub fn wants_version(mut self, library: &str, versions: &[&str]) -> Self {
        let versions = versions.iter().map(|&version| version.to_owned()).collect();
        self.version_needs.push((library.to_owned(), versions));
        self
    }

    pub fn defines_version(mut self, version: &str) -> Self {
        self.version_definitions.push(version.to_owned());
        self
    }

    /// Without a dynamic section.
    pub fn fixed(self) -> Self {
        Self {
            dynamic: false,
            ..self
        }
    }

    /// `PT_GNU_STACK`, with flags such as 6 for a readable and writable stack.
    pub fn stack(self, flags: u64) -> Self {
        self.segment(0x6474_e551, flags)
    }

    /// `PT_GNU_RELRO`.
    pub fn relro(self) -> Self {
        self.segment(0x6474_e552, 4)
    }

    fn segment(mut self, kind: u64, flags: u64) -> Self {
        self.segments.push((kind, flags));
        self
    }

    pub fn text_relocations(self) -> Self {
        Self {
            text_relocations: true,
            ..self
        }
    }

    /// Adds a slice of strings, stored as in Go and Rust.
    pub fn refers_to(mut self, texts: &[&str]) -> Self {
        self.references
            .extend(texts.iter().map(|&text| text.to_owned()));
        self
    }

    /// Position-independent, although it has a loader.
    pub fn movable(self) -> Self {
        Self {
            kind: ET_DYN,
            ..self
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        Writer {
            file: self,
            bytes: Vec::new(),
        }
        .write()
    }
}

struct Writer<'a> {
    file: &'a ElfFile,
    bytes: Vec<u8>,
}

impl Writer<'_> {
    fn number(&mut self, number: u64, size: usize) {
        let little = number.to_le_bytes();
        let big = number.to_be_bytes();
        let part = if self.file.big_endian {
            &big[8 - size..]
        } else {
            &little[..size]
        };
        self.bytes.extend_from_slice(part);
    }

    fn numbers(&mut self, numbers: &[(u64, usize)]) {
        for &(number, size) in numbers {
            self.number(number, size);
        }
    }

    fn word(&self) -> usize {
        if self.file.is_64 { 8 } else { 4 }
    }

    fn here(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn write(mut self) -> Vec<u8> {
        let (header, program_header) = if self.file.is_64 { (64, 56) } else { (52, 32) };
        let count = 3 + self.file.segments.len();
        self.bytes = vec![0; header + count * program_header];
        let interpreter = (self.here(), self.interpreter());
        let (at, size) = self.dynamic();
        self.references();
        let end = self.here();
        let body = self.bytes.split_off(header + count * program_header);
        self.bytes.clear();
        self.header(header, program_header);
        self.program_header((1, 4), 0, end);
        self.program_header(
            (if interpreter.1 == 0 { 0 } else { 3 }, 4),
            interpreter.0,
            interpreter.1,
        );
        self.program_header((if self.file.dynamic { 2 } else { 0 }, 4), at, size);
        for &segment in &self.file.segments {
            self.program_header(segment, 0, 0);
        }
        self.bytes.extend(body);
        self.bytes
    }

    fn header(&mut self, size: usize, program_header: usize) {
        let class = if self.file.is_64 {
            ELFCLASS64
        } else {
            ELFCLASS32
        };
        let data = if self.file.big_endian {
            ELFDATA2MSB
        } else {
            ELFDATA2LSB
        };
        self.bytes
            .extend([0x7f, b'E', b'L', b'F', class, data, 1, 0]);
        self.bytes.extend([0; 8]);
        let word = self.word();
        self.numbers(&[
            (self.file.kind.into(), 2),
            (self.file.machine.into(), 2),
            (1, 4),
        ]);
        self.numbers(&[(0, word), (size as u64, word), (0, word), (0, 4)]);
        self.numbers(&[
            (size as u64, 2),
            (program_header as u64, 2),
            (3 + self.file.segments.len() as u64, 2),
            (0, 2),
            (0, 2),
            (0, 2),
        ]);
    }

    fn program_header(&mut self, (kind, flags): (u64, u64), offset: u64, size: u64) {
        let address = offset + BASE;
        let word = self.word();
        self.number(kind, 4);
        if self.file.is_64 {
            self.number(flags, 4);
        }
        self.numbers(&[
            (offset, word),
            (address, word),
            (address, word),
            (size, word),
            (size, word),
        ]);
        if !self.file.is_64 {
            self.number(flags, 4);
        }
        self.number(1, word);
    }

    fn interpreter(&mut self) -> u64 {
        let Some(interpreter) = &self.file.interpreter else {
            return 0;
        };
        self.bytes.extend(interpreter.as_bytes());
        self.bytes.push(0);
        interpreter.len() as u64 + 1
    }

    /// The strings one after the other, and a slice with the address and length of each string.
    fn references(&mut self) {
        if self.file.references.is_empty() {
            return;
        }
        let mut slice = Vec::new();
        for text in &self.file.references {
            slice.push((self.here() + BASE, text.len() as u64));
            self.bytes.extend(text.as_bytes());
        }
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        for (address, length) in slice {
            self.numbers(&[(address, 8), (length, 8)]);
        }
    }

    /// Strings, symbols, hash table, versions and the section itself. Gives the section's offset
    /// and size.
    fn dynamic(&mut self) -> (u64, u64) {
        let file = self.file.clone();
        let mut strings = vec![0];
        let mut entries: Vec<(u64, u64)> = Vec::new();
        let mut add = |text: &str| {
            let at = strings.len() as u64;
            strings.extend(text.as_bytes());
            strings.push(0);
            at
        };
        for (tag, text) in &file.strings {
            entries.push((*tag, add(text)));
        }
        let imports: Vec<u64> = file.imports.iter().map(|name| add(name)).collect();
        let exports: Vec<u64> = file.exports.iter().map(|name| add(name)).collect();
        let needs: Vec<(u64, Vec<u64>)> = file
            .version_needs
            .iter()
            .map(|(library, versions)| {
                (
                    add(library),
                    versions.iter().map(|version| add(version)).collect(),
                )
            })
            .collect();
        let definitions: Vec<u64> = file
            .version_definitions
            .iter()
            .map(|version| add(version))
            .collect();
        entries.push((STRTAB, self.here() + BASE));
        entries.push((STRSZ, strings.len() as u64));
        self.bytes.extend(strings);
        entries.push((SYMTAB, self.here() + BASE));
        self.symbols(&imports, &exports);
        entries.push((
            if file.gnu_hash { GNU_HASH } else { HASH },
            self.here() + BASE,
        ));
        self.hash(imports.len() as u64 + 1, exports.len() as u64);
        entries.extend(self.versions(&needs, &definitions));
        entries.push((FLAGS_1, file.flags_1));
        if file.text_relocations {
            entries.push((TEXTREL, 0));
        }
        entries.push((0, 0));
        let at = self.here();
        let word = self.word();
        for (tag, value) in entries {
            self.numbers(&[(tag, word), (value, word)]);
        }
        (at, self.here() - at)
    }

    fn symbols(&mut self, imports: &[u64], exports: &[u64]) {
        let none = std::iter::once((0, 0));
        let imports = imports.iter().map(|&name| (name, 0));
        let exports = exports.iter().map(|&name| (name, 1));
        for (name, section) in none.chain(imports).chain(exports) {
            if self.file.is_64 {
                self.numbers(&[(name, 4), (0x12, 1), (0, 1), (section, 2), (0, 8), (0, 8)]);
            } else {
                self.numbers(&[(name, 4), (0, 4), (0, 4), (0x12, 1), (0, 1), (section, 2)]);
            }
        }
    }

    /// One bucket. Symbols before `first` are not in the new table.
    fn hash(&mut self, first: u64, exports: u64) {
        if !self.file.gnu_hash {
            self.numbers(&[(1, 4), (first + exports, 4)]);
            return;
        }
        let bucket = if exports == 0 { 0 } else { first };
        self.numbers(&[
            (1, 4),
            (first, 4),
            (1, 4),
            (0, 4),
            (0, self.word()),
            (bucket, 4),
        ]);
        for index in 0..exports {
            self.number(u64::from(index + 1 == exports), 4);
        }
    }

    fn versions(&mut self, needs: &[(u64, Vec<u64>)], definitions: &[u64]) -> Vec<(u64, u64)> {
        let mut entries = Vec::new();
        if !needs.is_empty() {
            entries.extend([
                (VERNEED, self.here() + BASE),
                (VERNEEDNUM, needs.len() as u64),
            ]);
        }
        for (place, (library, versions)) in needs.iter().enumerate() {
            let count = versions.len() as u64;
            let next = if place + 1 == needs.len() {
                0
            } else {
                16 + 16 * count
            };
            self.numbers(&[(1, 2), (count, 2), (*library, 4), (16, 4), (next, 4)]);
            for (place, &version) in versions.iter().enumerate() {
                let next = if place + 1 == versions.len() { 0 } else { 16 };
                self.numbers(&[(0, 4), (0, 2), (2, 2), (version, 4), (next, 4)]);
            }
        }
        if !definitions.is_empty() {
            entries.extend([
                (VERDEF, self.here() + BASE),
                (VERDEFNUM, definitions.len() as u64),
            ]);
        }
        for (place, &version) in definitions.iter().enumerate() {
            let next = if place + 1 == definitions.len() {
                0
            } else {
                28
            };
            self.numbers(&[
                (1, 2),
                (0, 2),
                (2, 2),
                (1, 2),
                (0, 4),
                (20, 4),
                (next, 4),
                (version, 4),
                (0, 4),
            ]);
        }
        entries
    }
}
