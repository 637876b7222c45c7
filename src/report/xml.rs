//! XML writer for reports: indented elements with attributes and escaped text.

use quick_xml::Writer;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use quick_xml::name::QName;

use crate::printable::{escape, is_hidden, is_logging_command};

/// A document that is being written.
pub(super) struct Xml {
    writer: Writer<Vec<u8>>,
}

impl Xml {
    /// A document with its declaration.
    pub(super) fn new() -> Self {
        let mut xml = Self {
            writer: Writer::new_with_indent(Vec::new(), b' ', 2),
        };
        xml.write(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        xml
    }

    pub(super) fn start(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.write(Event::Start(element(name, attributes)));
    }

    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.write(Event::Empty(element(name, attributes)));
    }

    /// A multi-line text; line breaks within a line are escaped.
    pub(super) fn text(&mut self, lines: &[&str]) {
        let lines: Vec<String> = lines.iter().map(|line| encoded(line)).collect();
        self.write(Event::Text(BytesText::from_escaped(lines.join("\n"))));
    }

    pub(super) fn end(&mut self, name: &str) {
        self.write(Event::End(BytesEnd::new(name)));
    }

    pub(super) fn into_text(self) -> String {
        let mut text = String::from_utf8(self.writer.into_inner()).expect("only UTF-8 was written");
        text.push('\n');
        text
    }

    fn write(&mut self, event: Event<'_>) {
        self.writer
            .write_event(event)
            .expect("writing to memory cannot fail");
    }
}

fn element<'a>(name: &'a str, attributes: &[(&'a str, &str)]) -> BytesStart<'a> {
    let mut element = BytesStart::new(name);
    for (name, value) in attributes {
        let value = encoded(value);
        element.push_attribute(Attribute {
            key: QName(name),
            value: value.into(),
        });
    }
    element
}

/// A text as a part of one line of XML, in which control characters and hidden characters are
/// references.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '#' if is_logging_command(&text[at..]) => out.push_str("&#35;"),
            // If the file is printed, the runner of GitHub Actions would interpret it as a command.
            ':' if text[at..].starts_with("::") && text[..at].trim().is_empty() => {
                out.push_str("&#58;");
            }
            // XML 1.0 cannot represent these, not even as references (section 2.2).
            '\u{fffe}' | '\u{ffff}' => out.extend(letter.escape_unicode()),
            // In an attribute, a bare line break would be read as a space (section 3.3.3).
            '\n' | '\t' | '\r' => out.push_str(&reference(letter)),
            // The other control characters cannot be represented either.
            letter if letter < ' ' => out.push_str(&escape(letter.encode_utf8(&mut [0; 4]))),
            letter if is_hidden(letter) => out.push_str(&reference(letter)),
            letter => out.push(letter),
        }
    }
    out
}

fn reference(letter: char) -> String {
    format!("&#{};", u32::from(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_break_out_of_its_xml_element() {
        let mut xml = Xml::new();
        xml.start("a", &[("b", "\"<&>\u{1b}[0m\n\u{85}\u{202e}")]);
        xml.text(&["</a> ]]>\n", " ::error::x ##vso[y]\r\u{7f}"]);
        xml.end("a");
        let text = xml.into_text();
        assert!(
            text.starts_with(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                 <a b=\"&quot;&lt;&amp;&gt;\\x1b[0m&#10;&#133;&#8238;\">"
            ),
            "{text}"
        );
        let content = "&lt;/a&gt; ]]&gt;&#10;\n &#58;:error::x &#35;#vso[y]&#13;&#127;</a>";
        assert!(text.contains(content), "{text}");
    }
}
