//! Version order of Maven: tokens after dots and hyphens, and words before or after a release.
//!
//! Source: the POM reference, "Version Order Specification", <https://maven.apache.org/pom.html>

use std::cmp::Ordering;

use super::digits::{take, take_digits};

/// Tokens in ascending order. The end of a version counts as `Release`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Token {
    /// alpha, beta, milestone, rc, snapshot.
    Before(usize),
    Release,
    ServicePack,
    Word(String),
    HyphenNumber(Digits),
    DotNumber(Digits),
}

/// A number, compared by the number of digits and then by the digits.
type Digits = (usize, String);

pub(super) fn compare(one: &str, other: &str) -> Ordering {
    let (one, other) = (tokens(one), tokens(other));
    for row in 0..one.len().max(other.len()) {
        // The shorter version is padded: `1.0-rc1` is before `1.0`, and `1.0-sp` after it.
        let one = one.get(row).unwrap_or(&Token::Release);
        let ordering = one.cmp(other.get(row).unwrap_or(&Token::Release));
        if ordering.is_ne() {
            return ordering;
        }
    }
    Ordering::Equal
}

/// Splits a version into tokens. Null values before a hyphen and at the end are trimmed:
/// `1.0.0-foo.0` is `1-foo`.
fn tokens(version: &str) -> Vec<Token> {
    let version = version.trim().to_ascii_lowercase();
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = version.as_bytes();
    // The first number is treated as if it followed a dot.
    let mut is_hyphen = false;
    loop {
        let (digits, behind) = take_digits(rest);
        let token;
        if digits.is_empty() {
            let (word, behind) = take(rest, |byte| {
                !byte.is_ascii_digit() && byte != b'.' && byte != b'-'
            });
            let is_before_digit = behind.first().is_some_and(u8::is_ascii_digit);
            // An empty token between two separators is 0.
            token = if word.is_empty() {
                number(b"", is_hyphen)
            } else {
                self::word(word, is_before_digit)
            };
            rest = behind;
        } else {
            token = number(digits, is_hyphen);
            rest = behind;
        }
        // A word is treated as if it followed a hyphen, regardless of the separator.
        if is_hyphen || !matches!(token, Token::DotNumber(_)) {
            trim(&mut tokens);
        }
        tokens.push(token);
        match rest {
            [] => break,
            [sign @ (b'.' | b'-'), tail @ ..] => {
                is_hyphen = *sign == b'-';
                rest = tail;
            }
            // A transition between digits and letters is equivalent to a hyphen.
            _ => is_hyphen = true,
        }
    }
    trim(&mut tokens);
    tokens
}

fn number(digits: &[u8], is_hyphen: bool) -> Token {
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    let digits = String::from_utf8_lossy(&digits[zeros..]).into_owned();
    let digits = (digits.len(), digits);
    if is_hyphen {
        Token::HyphenNumber(digits)
    } else {
        Token::DotNumber(digits)
    }
}

fn word(word: &[u8], is_before_digit: bool) -> Token {
    match word {
        b"alpha" => Token::Before(0),
        b"beta" => Token::Before(1),
        b"milestone" => Token::Before(2),
        b"rc" | b"cr" => Token::Before(3),
        b"snapshot" => Token::Before(4),
        b"a" if is_before_digit => Token::Before(0),
        b"b" if is_before_digit => Token::Before(1),
        b"m" if is_before_digit => Token::Before(2),
        b"ga" | b"final" | b"release" => Token::Release,
        b"sp" => Token::ServicePack,
        other => Token::Word(String::from_utf8_lossy(other).into_owned()),
    }
}

fn trim(tokens: &mut Vec<Token>) {
    while let Some(Token::Release | Token::HyphenNumber((0, _)) | Token::DotNumber((0, _))) =
        tokens.last()
    {
        tokens.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Order, assert_ascending};

    #[test]
    fn versions_are_ordered_as_in_the_maven_reference() {
        assert_ascending(Order::Maven, &["1", "1.1"]);
        assert_ascending(Order::Maven, &["1-snapshot", "1", "1-sp"]);
        assert_ascending(Order::Maven, &["1-foo2", "1-foo10"]);
        assert_ascending(Order::Maven, &["1.foo", "1-1", "1.1"]);
        assert_ascending(Order::Maven, &["1-sp-1", "1-ga-1"]);
        assert_ascending(
            Order::Maven,
            &[
                "1-a1",
                "1-beta-1",
                "1-m3",
                "1-rc1",
                "1-SNAPSHOT",
                "1",
                "1-sp",
                "1-xyz",
            ],
        );
        let equal = [
            ("1.ga", "1"),
            ("1-ga", "1.0"),
            ("1.final", "1"),
            ("1-a1", "1-alpha-1"),
            ("1.foo", "1-foo"),
        ];
        for (one, other) in equal.into_iter().chain([
            ("1-ga-1", "1-1"),
            ("1.0.0-foo.0.0", "1-foo"),
            ("1.0-0.0", "1"),
        ]) {
            assert!(Order::Maven.same(one, other), "{one} {other}");
        }
    }

    #[test]
    fn versions_of_real_libraries_are_in_release_order() {
        assert_ascending(
            Order::Maven,
            &[
                "2.9.10",
                "2.9.10.1",
                "2.9.10.8",
                "2.10.0.rc1",
                "2.10.0",
                "2.15.0",
            ],
        );
        assert_ascending(
            Order::Maven,
            &["4.1.9.Final", "4.1.77.Final", "4.1.100.Final"],
        );
    }
}
