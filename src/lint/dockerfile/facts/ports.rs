//! The ports of EXPOSE.

use super::Facts;
use super::steps::Step;
use crate::dockerfile::{Body, Kind, Word};
use crate::source::Span;

/// `8080`, `8000-8010/udp`, `127.0.0.1:8080:80/tcp`: one word of an EXPOSE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    pub span: Span,
    /// As written where no variable takes part, else what becomes of it.
    pub text: String,
    /// Whether `text` stands in the file as it is.
    pub literal: bool,
    /// What stands before the port of the container: an address, a port of the host.
    pub host: Option<String>,
    /// The first number and the last, as far as they are numbers.
    pub first: Option<u32>,
    pub last: Option<u32>,
    /// As written, without the `/`.
    pub protocol: Option<String>,
}

/// No program listens on more ports than a variable is looked at for.
const MOST: usize = 64;

impl Facts<'_> {
    /// The ports of an EXPOSE; none for other instructions. What a variable without a known value
    /// hides is no number.
    pub fn ports(&self, step: &Step<'_>) -> Vec<Port> {
        match &step.instruction.body {
            Body::Words { words, .. } if step.kind() == Kind::Expose => words
                .iter()
                .flat_map(|word| read_word(self, step, word))
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// A variable may hold several ports.
fn read_word(facts: &Facts<'_>, step: &Step<'_>, word: &Word) -> Vec<Port> {
    match facts.expand(step, word) {
        Some(text) => {
            let literal = word.literal() == Some(word.text.as_str());
            text.split_whitespace()
                .take(MOST)
                .map(|text| Port::parse(text, word.span, literal))
                .collect()
        }
        None => vec![Port::parse(word.text.as_str(), word.span, false)],
    }
}

impl Port {
    fn parse(text: &str, span: Span, literal: bool) -> Self {
        // A `:` in `${PORT:-80}` parts nothing.
        let (host, container) = match text.rsplit_once(':').filter(|_| !text.contains('$')) {
            Some((host, container)) => (Some(host), container),
            None => (None, text),
        };
        let (numbers, protocol) = match container.split_once('/') {
            Some((numbers, protocol)) => (numbers, Some(protocol)),
            None => (container, None),
        };
        let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
        Self {
            span,
            text: text.to_owned(),
            literal,
            host: host.filter(|host| !host.is_empty()).map(str::to_owned),
            first: number(first),
            last: number(last),
            protocol: protocol.map(str::to_owned),
        }
    }
}

/// However long, digits are a number; one that does not fit is as good as the largest.
fn number(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(text: &str) -> Port {
        Port::parse(text, Span::at(0), true)
    }

    #[test]
    fn a_port_is_a_range_with_a_protocol() {
        let range = port("8000-8010/udp");
        assert_eq!(
            (range.first, range.last, range.protocol.as_deref()),
            (Some(8000), Some(8010), Some("udp"))
        );
        assert_eq!((port("80").first, port("80").last), (Some(80), Some(80)));
        assert_eq!(port("99999999999").first, Some(u32::MAX));
    }

    #[test]
    fn the_last_colon_parts_host_and_container() {
        let mapped = port("[::1]:8080:80/tcp");
        assert_eq!(
            (mapped.host.as_deref(), mapped.first),
            (Some("[::1]:8080"), Some(80))
        );
        assert_eq!(port(":80").host, None);
    }

    #[test]
    fn what_a_variable_hides_is_no_number() {
        let hidden = port("4000-${LAST:-5000}");
        assert_eq!(
            (hidden.host, hidden.first, hidden.last),
            (None, Some(4000), None)
        );
    }
}
