//! Nesting of JavaScript: an upper bound, computed before a source is parsed.
//!
//! The parser and the visitors of its tree recurse, and a source of a megabyte that consists of
//! opening brackets or of one long chain of operators would overflow their stack, which ends the
//! process. The scan here only needs to know where strings, comments, templates and regular
//! expressions end. Where that is ambiguous and matters, the source counts as too deep.

/// The highest sum of a source that is parsed. Generated bundles of real packages stay far below.
const MOST: usize = 32_768;
/// The most tokens of a source that is parsed: the tree takes up to 140 bytes for each, and the
/// text of a token may be one byte. Bundles of 5 MB have about a million.
const MOST_TOKENS: usize = 1_500_000;
/// The tokens that a constant without a value counts as. The parser goes on after it, and keeps an
/// error of 300 bytes.
const ERROR: usize = 4;
/// A bracket takes about this many times as much of the stack as an operator.
const BRACKET: usize = 32;

/// The longest word that means anything here.
const LONGEST_WORD: usize = 10;
/// Bytes of words, which are most of a source.
const WORD: [bool; 256] = {
    let mut is_word = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "it is below 256")]
        let char = byte as u8;
        is_word[byte] =
            char.is_ascii_alphanumeric() || matches!(char, b'_' | b'$' | b'#') || char >= 0x80;
        byte += 1;
    }
    is_word
};

/// A word, as far as it matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Name,
    /// `if`, `while`, `for` and `with`: a parenthesis that is not an expression follows.
    Condition,
    Await,
    Do,
    Else,
    Const,
    /// A slash after it begins a regular expression.
    BeforeExpression,
    /// It also nests expressions or statements without brackets.
    BeforeNested,
    /// A name in some places, and an operator in others.
    Of,
    Yield,
    /// It nests types.
    Nesting,
}

impl Word {
    fn of(word: &[u8]) -> Self {
        // Most words are longer, or names with a capital.
        if word.len() < 2 || word.len() > LONGEST_WORD || !word[0].is_ascii_lowercase() {
            return Self::Name;
        }
        match word {
            b"if" | b"while" | b"for" | b"with" => Self::Condition,
            b"await" => Self::Await,
            b"do" => Self::Do,
            b"else" => Self::Else,
            b"const" => Self::Const,
            b"case" => Self::BeforeExpression,
            b"return" | b"typeof" | b"in" | b"instanceof" | b"new" | b"void" | b"delete"
            | b"throw" => Self::BeforeNested,
            b"of" => Self::Of,
            b"yield" => Self::Yield,
            b"async" | b"extends" | b"as" | b"satisfies" | b"keyof" | b"infer" => Self::Nesting,
            _ => Self::Name,
        }
    }

    /// Whether it nests expressions or statements without brackets.
    fn nests(self) -> bool {
        matches!(
            self,
            Self::BeforeNested | Self::Await | Self::Yield | Self::Nesting
        )
    }
}

/// The tokens of a source, about; `None` if it cannot be parsed within the stack of the parser's
/// threads, or takes too much memory.
pub(super) fn count_tokens(text: &[u8]) -> Option<usize> {
    let mut scan = Scan {
        text,
        at: 0,
        levels: vec![Level::default()],
        sum: 0,
        before: Before::Operator,
        begins: true,
        is_label: false,
        errors: 0,
    };
    scan.run()
}

/// The inside of a bracket, or the source itself.
#[derive(Clone, Copy, Default)]
struct Level {
    close: u8,
    /// The bracket is the condition of a statement.
    is_condition: bool,
    /// Operators since the last comma or semicolon.
    operators: usize,
    /// Beginnings of statements that contain the next statement, since the last semicolon.
    statements: usize,
    /// `else`, which a semicolon does not end.
    alternatives: usize,
    /// The statement declares constants.
    is_constant: bool,
}

impl Level {
    fn sum(self) -> usize {
        self.operators + self.statements + self.alternatives
    }
}

/// The last token, as far as it decides what a slash means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Operator,
    Operand,
    /// A word before a condition.
    Condition,
    /// After `.`, every word is a name.
    Dot,
    /// A closing brace, or a word that may be an operator.
    Ambiguous,
}

struct Scan<'t> {
    text: &'t [u8],
    at: usize,
    levels: Vec<Level>,
    /// The sum of the levels around the place.
    sum: usize,
    before: Before,
    /// A statement may begin here.
    begins: bool,
    /// The last token is a word at the beginning of a statement.
    is_label: bool,
    /// Constants without a value.
    errors: usize,
}

impl Scan<'_> {
    /// `None` if the source is too deep, has too many tokens or cannot be scanned.
    fn run(&mut self) -> Option<usize> {
        let mut tokens = 0;
        while let Some(&byte) = self.text.get(self.at) {
            if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                self.at += 1;
                continue;
            }
            tokens += usize::from(byte != 0x0c);
            self.step(byte)?;
            if self.sum > MOST || tokens + ERROR * self.errors > MOST_TOKENS {
                return None;
            }
        }
        Some(tokens + ERROR * self.errors)
    }

    fn step(&mut self, byte: u8) -> Option<()> {
        let begins = std::mem::replace(&mut self.begins, b";{}):".contains(&byte));
        let is_label = std::mem::replace(&mut self.is_label, begins && is_word(byte));
        match byte {
            // A label contains a statement, which a comma does not end.
            b':' if is_label => {
                self.level().statements += 1;
                self.sum += 1;
                self.operator(Before::Operator);
            }
            b'\'' | b'"' => self.string(byte)?,
            b'`' => {
                self.count(1);
                self.at += 1;
                self.template()?;
            }
            b'/' => self.slash()?,
            b'(' | b'[' | b'{' => self.open(byte),
            b')' | b']' | b'}' => self.close(byte)?,
            b',' => self.separate(false),
            b';' => self.separate(true),
            b'.' => self.operator(Before::Dot),
            b'#' if self.text[self.at..].starts_with(b"#!") => self.line(),
            _ if is_word(byte) => self.word(),
            _ => self.punctuation()?,
        }
        Some(())
    }

    fn level(&mut self) -> &mut Level {
        self.levels.last_mut().expect("the source is a level")
    }

    fn count(&mut self, operators: usize) {
        self.level().operators += operators;
        self.sum += operators;
    }

    fn operator(&mut self, before: Before) {
        self.count(1);
        self.at += 1;
        self.before = before;
    }

    fn punctuation(&mut self) -> Option<()> {
        let rest = &self.text[self.at..];
        // Comments of HTML end with their line in scripts, but are operators in modules.
        if rest.starts_with(b"<!--") || rest.starts_with(b"-->") {
            return None;
        }
        // After an operand, `++` belongs to it; before one, nothing but a name can follow.
        if rest.starts_with(b"++") || rest.starts_with(b"--") {
            self.count(1);
            self.at += 2;
            return Some(());
        }
        self.operator(Before::Operator);
        Some(())
    }

    fn open(&mut self, byte: u8) {
        self.count(1);
        self.levels.push(Level {
            close: match byte {
                b'(' => b')',
                b'[' => b']',
                _ => b'}',
            },
            is_condition: self.before == Before::Condition,
            ..Level::default()
        });
        self.sum += BRACKET;
        self.at += 1;
        self.before = Before::Operator;
    }

    fn close(&mut self, byte: u8) -> Option<()> {
        let level = *self.levels.last()?;
        // Brackets that do not match are an error, or a sign that the scan misunderstood the text.
        if self.levels.len() == 1 || (level.close != byte && level.close != b'`') {
            return None;
        }
        self.levels.pop();
        self.sum -= level.sum() + BRACKET;
        self.at += 1;
        if level.close == b'`' {
            // The closing brace of `${…}` in a template.
            return if byte == b'}' { self.template() } else { None };
        }
        self.before = match byte {
            b')' if level.is_condition => Before::Operator,
            b'}' => Before::Ambiguous,
            _ => Before::Operand,
        };
        Some(())
    }

    fn separate(&mut self, is_statement: bool) {
        let level = self.level();
        let mut ended = std::mem::take(&mut level.operators);
        let is_error = level.is_constant && ended == 0;
        if is_statement {
            ended += std::mem::take(&mut level.statements);
            level.is_constant = false;
        }
        self.errors += usize::from(is_error);
        self.sum -= ended;
        self.at += 1;
        self.before = Before::Operator;
    }

    fn word(&mut self) {
        let rest = &self.text[self.at..];
        let length = rest.iter().position(|&byte| !is_word(byte));
        let word = &rest[..length.unwrap_or(rest.len())];
        self.at += word.len();
        // `x.if` is a property.
        if self.before == Before::Dot {
            self.before = Before::Operand;
            return;
        }
        let kind = Word::of(word);
        if kind == Word::Name {
            self.before = Before::Operand;
            return;
        }
        if kind.nests() {
            self.count(1);
        }
        self.before = match kind {
            // `for await (`.
            Word::Await if self.before == Before::Condition => Before::Condition,
            Word::Condition => {
                self.level().statements += 1;
                self.sum += 1;
                Before::Condition
            }
            Word::Do => {
                self.begins = true;
                self.level().statements += 1;
                self.sum += 1;
                Before::Operator
            }
            Word::Else => {
                self.begins = true;
                self.level().alternatives += 1;
                self.sum += 1;
                Before::Operator
            }
            Word::Const => {
                self.level().is_constant = true;
                Before::Operand
            }
            Word::BeforeExpression | Word::BeforeNested => Before::Operator,
            Word::Await | Word::Yield | Word::Of => Before::Ambiguous,
            Word::Name | Word::Nesting => Before::Operand,
        };
    }

    fn string(&mut self, quote: u8) -> Option<()> {
        self.at += 1;
        loop {
            match *self.text.get(self.at)? {
                b'\\' => self.at += 2,
                b'\n' => return None,
                byte => {
                    self.at += 1;
                    if byte == quote {
                        self.before = Before::Operand;
                        return Some(());
                    }
                }
            }
        }
    }

    /// The text of a template up to its end or to the next `${`.
    fn template(&mut self) -> Option<()> {
        loop {
            match *self.text.get(self.at)? {
                b'\\' => self.at += 2,
                b'`' => {
                    self.at += 1;
                    self.before = Before::Operand;
                    return Some(());
                }
                b'$' if self.text.get(self.at + 1) == Some(&b'{') => {
                    self.at += 1;
                    self.open(b'{');
                    self.level().close = b'`';
                    return Some(());
                }
                _ => self.at += 1,
            }
        }
    }

    fn line(&mut self) {
        let rest = &self.text[self.at..];
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    }

    fn slash(&mut self) -> Option<()> {
        let rest = &self.text[self.at..];
        if rest.starts_with(b"//") {
            self.line();
            return Some(());
        }
        if rest.starts_with(b"/*") {
            self.at += 2 + memchr::memmem::find(&rest[2..], b"*/")? + 2;
            return Some(());
        }
        match self.before {
            Before::Operator | Before::Condition => self.regular_expression(),
            Before::Operand | Before::Dot => {
                self.operator(Before::Operator);
                Some(())
            }
            // A division by nothing but names and numbers is the same either way.
            Before::Ambiguous => {
                let line = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                let end = memchr::memchr(b'/', &rest[1..line]).map_or(line, |end| end + 1);
                let is_plain = !rest[..end].iter().any(|byte| b")]}'\"`".contains(byte));
                if is_plain {
                    self.operator(Before::Operator);
                    Some(())
                } else {
                    None
                }
            }
        }
    }

    fn regular_expression(&mut self) -> Option<()> {
        self.at += 1;
        let mut is_in_class = false;
        loop {
            match *self.text.get(self.at)? {
                b'\n' => return None,
                b'\\' => self.at += 1,
                b'[' => is_in_class = true,
                b']' => is_in_class = false,
                b'/' if !is_in_class => break,
                _ => {}
            }
            self.at += 1;
        }
        self.at += 1;
        self.before = Before::Operand;
        Some(())
    }
}

fn is_word(byte: u8) -> bool {
    WORD[usize::from(byte)]
}

#[cfg(test)]
mod tests {
    use super::count_tokens;

    fn is_shallow(text: &[u8]) -> bool {
        count_tokens(text).is_some()
    }

    #[test]
    fn chains_and_nests_of_every_kind_are_limited() {
        let too_many = 40_000;
        for unit in [
            "(",
            "[",
            "{",
            "!",
            "a+",
            "a=>",
            "a?b:",
            "a.",
            "f()",
            "`${",
            "new ",
            "if(a)",
            "a:",
            "else ",
            "typeof ",
            "a=",
            "await ",
            "a,b=>",
            "for(;;)",
            "a**",
            "do ",
            "if(a)b;else ",
        ] {
            assert!(is_shallow(unit.repeat(3).as_bytes()), "{unit}");
            assert_eq!(
                is_shallow(unit.repeat(too_many).as_bytes()),
                unit == "a,b=>",
                "{unit}"
            );
        }
    }

    #[test]
    fn tokens_of_one_byte_are_limited() {
        assert_eq!(
            count_tokens("a;".repeat(500_000).as_bytes()),
            Some(1_000_000)
        );
        assert_eq!(count_tokens(b"let name = 'a b c';"), Some(5));
        assert!(!is_shallow("a;".repeat(800_000).as_bytes()));
        assert!(is_shallow(
            format!("'{}';", "a ".repeat(800_000)).as_bytes()
        ));
    }

    #[test]
    fn constants_without_a_value_count_as_more_tokens() {
        let names = "a,".repeat(300_000);
        assert!(!is_shallow(format!("const {names}").as_bytes()));
        for other in ["let ", "const b = 1; x = ", "const b = [c, "] {
            assert!(is_shallow(format!("{other}{names}").as_bytes()), "{other}");
        }
    }

    #[test]
    fn brackets_in_strings_comments_and_regular_expressions_do_not_count() {
        for unit in [
            "'(';",
            "\"[\";",
            "`{`;",
            "/* ( */",
            "// (\n",
            "x = /[(]/;",
            "if (a) /(/.test(b);",
            "return /[/(]/;",
            "a = b / c; d = e / f;",
            "x = '\\'(';",
            "`${'}'}(`;",
            "a.if / b;",
        ] {
            assert!(is_shallow(unit.repeat(40_000).as_bytes()), "{unit}");
        }
    }

    #[test]
    fn closing_brackets_that_may_be_text_hide_nothing() {
        // A brace, then a division or a regular expression.
        assert!(!is_shallow(b"{ {} /}}/ 1"));
        assert!(!is_shallow(b"<!-- ))))"));
        assert!(!is_shallow(b"( ]"));
    }
}
