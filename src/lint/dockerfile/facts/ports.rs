//! The ports of EXPOSE.

use super::Facts;
use super::steps::Step;
use crate::dockerfile::{Kind, Word};
use crate::source::Span;

/// One word of an `EXPOSE`: `8080`, `8000-8010/udp`, `127.0.0.1:8080:80/tcp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    pub span: Span,
    /// The word with its variables expanded.
    pub text: String,
    /// Whether `text` occurs literally in the file.
    pub literal: bool,
    /// Whether `text` has no variables whose value is unknown.
    pub known: bool,
    /// The part before the container's port: an address, a port of the host.
    pub host: Option<String>,
    /// The first port of the range; `None` if it is not a number.
    pub first: Option<u32>,
    /// The last port of the range, which may be the first.
    pub last: Option<u32>,
    /// The protocol as written, without the `/`.
    pub protocol: Option<String>,
}

/// Maximum number of ports read from one variable. No program listens on more, and a value of a
/// megabyte must not result in a hundred thousand findings.
const MOST: usize = 64;

impl Port {
    /// Whether a range, or a single port, includes a number.
    pub fn includes(&self, number: u32) -> bool {
        match (self.first, self.last) {
            (Some(first), Some(last)) => (first..=last).contains(&number),
            _ => false,
        }
    }
}

impl Facts<'_> {
    /// The ports of all `EXPOSE`.
    pub fn all_ports(&self) -> impl Iterator<Item = Port> {
        self.steps.iter().flat_map(move |step| self.ports(step))
    }

    /// The ports of an `EXPOSE`; none for other instructions. A port that depends on an unknown
    /// value has no number.
    pub fn ports(&self, step: &Step<'_>) -> Vec<Port> {
        if step.kind() != Kind::Expose {
            return Vec::new();
        }
        let words = step.instruction.body.words().iter();
        words.flat_map(|word| read_word(self, step, word)).collect()
    }
}

/// Reads a word; a variable may contain several ports.
fn read_word(facts: &Facts<'_>, step: &Step<'_>, word: &Word) -> Vec<Port> {
    match facts.expand(step, word) {
        Some(text) => {
            let literal = word.literal() == Some(word.text.as_str());
            // The variables of an ONBUILD are those of the image that is built later, and without a
            // stage, those of an unknown base image.
            let is_later = step.onbuild || step.stage.is_none();
            let known = !is_later || word.literal().is_some();
            text.split_whitespace()
                .take(MOST)
                .map(|text| Port::parse(text, word.span, (literal, known)))
                .collect()
        }
        None => vec![Port::parse(word.text.as_str(), word.span, (false, false))],
    }
}

impl Port {
    fn parse(text: &str, span: Span, (literal, known): (bool, bool)) -> Self {
        let (host, container) = match text.rsplit_once(':') {
            // The `:` in `${PORT:-80}` is not a separator.
            Some((host, container)) if !text.contains('$') => (Some(host), container),
            _ => (None, text),
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
            known,
            host: host.filter(|host| !host.is_empty()).map(str::to_owned),
            first: number(first),
            last: number(last),
            protocol: protocol.map(str::to_owned),
        }
    }
}

fn number(text: &str) -> Option<u32> {
    // Docker accepts a sign.
    let text = text.strip_prefix('+').unwrap_or(text);
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // A number that overflows is out of range for a port, and so is the maximum value.
    Some(text.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(text: &str) -> Port {
        Port::parse(text, Span::at(0), (true, true))
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
    fn the_last_colon_separates_host_and_container_port() {
        let mapped = port("[::1]:8080:80/tcp");
        assert_eq!(
            (mapped.host.as_deref(), mapped.first),
            (Some("[::1]:8080"), Some(80))
        );
        assert_eq!(port(":80").host, None);
    }

    #[test]
    fn a_port_hidden_by_a_variable_is_unknown() {
        let hidden = port("4000-${LAST:-5000}");
        assert_eq!(
            (hidden.host, hidden.first, hidden.last),
            (None, Some(4000), None)
        );
    }
}
