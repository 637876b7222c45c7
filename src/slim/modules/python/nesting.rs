//! Bounds for the tree of a source, before it exists: dropping a tree that is too deep overflows
//! the stack, and one that is too large takes a hundred times the memory of its text.
//!
//! Only the lexer of the parser knows for sure, and takes a third of the time of the parser. Nearly
//! all sources are so far below the limits that a scan of their bytes proves it.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer};

/// Bounds of a tree.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Brackets and blocks around a place. `CPython` allows 200 brackets and 100 blocks.
    nesting: usize,
    /// Tokens of the expressions around a place, each of which may be another level of the tree.
    chain: usize,
    /// Tokens of a source that is parsed: the tree takes up to 100 bytes for each. Sources of a
    /// megabyte have about 200,000.
    tokens: usize,
}

const LIMITS: Limits = Limits {
    nesting: 300,
    chain: 4_000,
    tokens: 600_000,
};

/// Whether the tree of a source would be too deep or too large.
pub(super) fn is_tree_too_large(text: &str) -> bool {
    !Scan::is_within(text, LIMITS) && exceeds(text, LIMITS)
}

/// Whether a source exceeds limits, by its tokens.
fn exceeds(text: &str, limits: Limits) -> bool {
    let mut lexer = lexer::lex(text, Mode::Module);
    let mut chains = Chains::default();
    let mut blocks = 0_usize;
    let mut tokens = 0;
    loop {
        tokens += 1;
        match lexer.next_token() {
            TokenKind::EndOfFile => return false,
            TokenKind::Indent => blocks += 1,
            TokenKind::Dedent => blocks = blocks.saturating_sub(1),
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => chains.open(),
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => chains.close(),
            TokenKind::Comma | TokenKind::Newline => chains.end(),
            // Strings in a row are one expression.
            TokenKind::String | TokenKind::NonLogicalNewline | TokenKind::Comment => {}
            _ => chains.add(1),
        }
        if chains.exceed(blocks, limits) || tokens > limits.tokens {
            return true;
        }
    }
}

/// The tokens of the expression at each level of brackets since its last comma.
#[derive(Debug, Default)]
struct Chains {
    current: usize,
    around: Vec<usize>,
    total: usize,
}

impl Chains {
    fn open(&mut self) {
        self.around.push(std::mem::take(&mut self.current));
    }

    fn close(&mut self) {
        if let Some(around) = self.around.pop() {
            self.total -= self.current;
            self.current = around;
        }
    }

    fn add(&mut self, tokens: usize) {
        self.current += tokens;
        self.total += tokens;
    }

    fn end(&mut self) {
        self.total -= std::mem::take(&mut self.current);
    }

    fn exceed(&self, blocks: usize, limits: Limits) -> bool {
        self.around.len() + 1 + blocks > limits.nesting || self.total > limits.chain
    }
}

/// A scan of a source that counts at least as many tokens as the lexer would. It ends where it does
/// not know for sure what the lexer would do.
struct Scan<'t> {
    text: &'t [u8],
    at: usize,
    chains: Chains,
    /// The indentation of the line, which has at least a column for each block.
    columns: usize,
}

/// A place where the lexer must decide.
struct Unsure;

impl<'t> Scan<'t> {
    /// Whether a source is within limits for sure.
    fn is_within(text: &'t str, limits: Limits) -> bool {
        // A byte is at most one token, and the end of a block one more.
        if text.len() > limits.tokens / 2 {
            return false;
        }
        let mut scan = Self {
            text: text.as_bytes(),
            at: 0,
            chains: Chains::default(),
            columns: 0,
        };
        scan.skip_indentation();
        while let Some(&byte) = scan.text.get(scan.at) {
            if scan.step(byte).is_err() || scan.chains.exceed(scan.columns, limits) {
                return false;
            }
        }
        // The lexer has a token for brackets that are open at the end.
        scan.chains.add(1);
        !scan.chains.exceed(scan.columns, limits)
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    fn step(&mut self, byte: u8) -> Result<(), Unsure> {
        match byte {
            b' ' | b'\t' | b'\x0c' => self.at += 1,
            b'\n' | b'\r' => self.end_line(),
            b'#' => {
                let rest = &self.text[self.at..];
                self.at += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            }
            b'(' | b'[' | b'{' => {
                self.chains.open();
                self.at += 1;
            }
            b')' | b']' | b'}' => {
                self.chains.close();
                self.at += 1;
            }
            b',' => {
                self.chains.end();
                self.at += 1;
            }
            // The next line continues this one.
            b'\\' => match self.peek(1) {
                Some(b'\n') => {
                    self.at += 2;
                    // At the start of a line, the next one is indented instead.
                    let columns = self.columns;
                    self.skip_indentation();
                    self.columns += columns;
                }
                _ => return Err(Unsure),
            },
            b'"' | b'\'' => self.string(byte)?,
            _ if is_of_word(byte) => self.word()?,
            _ => {
                self.chains.add(1);
                self.at += 1;
            }
        }
        Ok(())
    }

    fn end_line(&mut self) {
        self.at += 1;
        if self.chains.around.is_empty() {
            self.chains.end();
            self.skip_indentation();
        }
    }

    fn skip_indentation(&mut self) {
        // One that fits to no block is a token.
        self.chains.add(1);
        self.columns = 0;
        while let Some(byte @ (b' ' | b'\t' | b'\x0c')) = self.peek(0) {
            self.columns += if byte == b'\t' { 8 } else { 1 };
            self.at += 1;
        }
    }

    /// A name, a keyword, a number, or the prefix of a string.
    fn word(&mut self) -> Result<(), Unsure> {
        let rest = &self.text[self.at..];
        let end = rest.iter().position(|&byte| !is_of_word(byte));
        let word = &rest[..end.unwrap_or(rest.len())];
        let quote = end.map(|end| rest[end]);
        if let Some(quote @ (b'"' | b'\'')) = quote {
            let prefix = word.to_ascii_lowercase();
            let is_format = match prefix.as_slice() {
                b"r" | b"u" | b"b" | b"br" | b"rb" => false,
                b"f" | b"t" | b"fr" | b"rf" | b"tr" | b"rt" => true,
                // A name, or the end of a number and a prefix.
                _ => return Err(Unsure),
            };
            self.at += word.len();
            return if is_format {
                self.format_string(quote)
            } else {
                self.string(quote)
            };
        }
        // `1if x` has two tokens, and so may have letters of which only some are valid.
        let is_one = word[0].is_ascii_alphabetic() || word[0] == b'_';
        let is_name = is_one && word.is_ascii();
        self.chains.add(if is_name { 1 } else { word.len() });
        self.at += word.len();
        Ok(())
    }

    /// Skips three quotes, or one. Returns how many.
    fn open_quotes(&mut self, quote: u8) -> usize {
        let is_triple = self.peek(1) == Some(quote) && self.peek(2) == Some(quote);
        let quotes = if is_triple { 3 } else { 1 };
        self.at += quotes;
        quotes
    }

    fn is_closed(&self, quote: u8, quotes: usize) -> bool {
        quotes == 1 || (self.peek(1) == Some(quote) && self.peek(2) == Some(quote))
    }

    /// A string without fields, which is no token that counts.
    fn string(&mut self, quote: u8) -> Result<(), Unsure> {
        let quotes = self.open_quotes(quote);
        loop {
            let rest = &self.text[self.at..];
            let next = if quotes == 3 {
                memchr::memchr2(quote, b'\\', rest)
            } else {
                memchr::memchr3(quote, b'\\', b'\n', rest)
            };
            let next = next.ok_or(Unsure)?;
            // A line ends with any of these.
            if quotes == 1 && memchr::memchr(b'\r', &rest[..next]).is_some() {
                return Err(Unsure);
            }
            self.at += next;
            match rest[next] {
                b'\n' => return Err(Unsure),
                b'\\' if self.peek(1) == Some(b'\r') => return Err(Unsure),
                b'\\' => self.at += 2,
                _ if self.is_closed(quote, quotes) => {
                    self.at += quotes;
                    return Ok(());
                }
                _ => self.at += 1,
            }
            self.at = self.at.min(self.text.len());
        }
    }

    /// A string with fields, `f"{x}"`, each byte of which may be a token.
    fn format_string(&mut self, quote: u8) -> Result<(), Unsure> {
        let start = self.at;
        let quotes = self.open_quotes(quote);
        let mut brackets = 0;
        let mut depth = 0_usize;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\\' if depth > 0 || matches!(self.peek(1), Some(b'{' | b'}' | b'\r')) => {
                    return Err(Unsure);
                }
                b'\\' => self.at += 1,
                b'\n' | b'\r' if quotes == 1 => return Err(Unsure),
                b'{' if self.peek(1) == Some(b'{') => {
                    if depth > 0 {
                        return Err(Unsure);
                    }
                    self.at += 1;
                }
                b'{' => {
                    depth += 1;
                    brackets += 1;
                }
                b'(' | b'[' => brackets += 1,
                b'}' => depth = depth.saturating_sub(1),
                b'#' if depth > 0 => return Err(Unsure),
                b'"' | b'\'' if depth > 0 => self.string_in_field(quote, byte)?,
                _ if byte == quote && self.is_closed(quote, quotes) => {
                    self.at += quotes;
                    self.add_format_string(self.at - start, brackets);
                    return Ok(());
                }
                _ => {}
            }
            self.at += 1;
        }
        Err(Unsure)
    }

    /// Goes to the end of a simple string in a field: `{x["a"]}`.
    fn string_in_field(&mut self, outer: u8, quote: u8) -> Result<(), Unsure> {
        let rest = &self.text[self.at + 1..];
        let end = rest.iter().position(|byte| b"\"'\\{}\r\n".contains(byte));
        let end = end.ok_or(Unsure)?;
        if quote == outer || rest[end] != quote {
            return Err(Unsure);
        }
        self.at += end + 1;
        Ok(())
    }

    fn add_format_string(&mut self, bytes: usize, brackets: usize) {
        // Deep brackets in it are as deep as if the source had as many blocks.
        self.columns += brackets;
        self.chains.add(bytes);
    }
}

/// Whether a byte is part of a name, a keyword or a number.
fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_sources_need_no_lexer() {
        for text in [
            "def f(x):\n\treturn {'a': [x, (1, 2)]}\n",
            "x = f'{a} {b[\"c\"]} {{}}' '''\n' \"\"\" '''\n",
            "x = rb'\\'' + u\"\\\\\" # ' \"\n",
            "x = \"\"\"a ' \"\" \\\"\"\"\n\"\"\"\r\ny = 1\r\n",
            "x = 0x1f + 1.5e-3 if y else not z\\\n  + 1",
        ] {
            assert!(Scan::is_within(text, LIMITS), "{text}");
        }
    }

    #[test]
    fn limits_are_those_of_the_lexer() {
        let deep = format!("x = {}", "[".repeat(300));
        let long = format!("x = {}1", "-".repeat(4_000));
        let mut blocks = String::new();
        for depth in 0..301 {
            blocks += &" ".repeat(depth);
            blocks += "if x:\n";
        }
        let many = "1,".repeat(300_000);
        for text in [deep, long, blocks, many] {
            assert!(is_tree_too_large(&text), "{}", &text[..20]);
        }
    }

    /// Sources of random pieces that the scan says are within small limits are so for the lexer.
    #[test]
    fn the_scan_never_counts_less_than_the_lexer() {
        const PIECES: [&str; 44] = [
            "(", ")", "[", "]", "{", "}", ",", "\n", "\n ", "\n  ", "\n\t", " ", "#", "\\", "\\\n",
            "\r", "\r\n", "'", "\"", "'''", "\"\"\"", "f'", "f\"", "rf\"\"\"", "t'", "b'", "bf'",
            "a", "1if", "0b12", "not ", "-", ":", "if x:", "€", "é", "{{", "}}", "{x", "{'", "!r",
            "lambda", "$", "\\'",
        ];
        let limits = Limits {
            nesting: 4,
            chain: 6,
            tokens: 200,
        };
        let mut state = 1_u64;
        let mut within = 0;
        for _ in 0..60_000 {
            let mut text = String::new();
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let length = 1 + (state >> 33) % 14;
            for _ in 0..length {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let piece = usize::try_from((state >> 33) % PIECES.len() as u64).unwrap();
                text += PIECES[piece];
            }
            if Scan::is_within(&text, limits) {
                within += 1;
                assert!(!exceeds(&text, limits), "{text:?}");
            }
        }
        assert!(within > 1_000, "{within}");
    }
}
