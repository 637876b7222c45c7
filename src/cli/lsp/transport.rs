//! Messages of the Language Server Protocol on standard input and output.
//!
//! `lsp-server` would allocate as many bytes as `Content-Length` claims, and read headers of any
//! length. The framing is therefore done here, within limits, and connected through
//! [`Connection::memory`].

use std::io::{self, BufRead, Read as _, Write as _};
use std::thread::{self, JoinHandle};

use lsp_server::{Connection, Message, Notification};
use serde_json::json;

use crate::trust::limits;

/// Maximum length of a header line. The protocol defines two headers, both short.
const MAX_LINE: u64 = 4 << 10;
/// Maximum number of lines in a header.
const MAX_LINES: usize = 32;

/// The threads that read and write.
pub(super) struct Threads {
    reader: JoinHandle<io::Result<()>>,
    writer: JoinHandle<io::Result<()>>,
}

/// A connection over standard input and output.
pub(super) fn stdio() -> (Connection, Threads) {
    let (server, editor) = Connection::memory();
    let (sender, receiver) = (editor.sender, editor.receiver);
    let reader = thread::spawn(move || {
        forward(&mut io::stdin().lock(), |message| {
            sender.send(message).is_ok()
        })
    });
    let writer = thread::spawn(move || {
        let mut output = io::stdout().lock();
        for message in receiver {
            message.write(&mut output)?;
        }
        output.flush()
    });
    (server, Threads { reader, writer })
}

/// Forwards every message up to `exit`, or until `send` returns false.
pub(super) fn forward(
    input: &mut impl BufRead,
    mut send: impl FnMut(Message) -> bool,
) -> io::Result<()> {
    while let Some(message) = read(input)? {
        // After `exit`, another read would block for as long as the editor keeps the pipe open.
        let is_exit = matches!(&message, Message::Notification(it) if it.method == "exit");
        if !send(message) || is_exit {
            break;
        }
    }
    Ok(())
}

impl Threads {
    /// Waits until both threads have ended.
    pub(super) fn join(self) -> io::Result<()> {
        for thread in [self.reader, self.writer] {
            thread
                .join()
                .map_err(|_| io::Error::other("a thread panicked"))??;
        }
        Ok(())
    }
}

/// Reads the next message; `None` at the end of the input. A message that is too long is replaced
/// by a [`too_long`] notification.
fn read(input: &mut impl BufRead) -> io::Result<Option<Message>> {
    let Some(length) = read_header(input)? else {
        return Ok(None);
    };
    let mut body = input.take(length);
    if length > limits::EDITOR_MESSAGE {
        // The next message begins after this one, so its bytes are read and discarded.
        io::copy(&mut body, &mut io::sink())?;
        return Ok(Some(too_long(length)));
    }
    // The vector grows as bytes arrive, not to the length that the header claims.
    let mut bytes = Vec::new();
    body.read_to_end(&mut bytes)?;
    if bytes.len() as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let message = serde_json::from_slice(&bytes)
        .map_err(|error| invalid(&format!("a message is not JSON-RPC: {error}")))?;
    Ok(Some(message))
}

/// Method of the notification that replaces a message that was too long.
pub(super) const TOO_LONG: &str = "$/jettison/tooLong";

fn too_long(length: u64) -> Message {
    Message::Notification(Notification {
        method: TOO_LONG.to_owned(),
        params: json!(length),
    })
}

/// Reads a header and returns the length of the message after it; `None` at the end of the input.
fn read_header(input: &mut impl BufRead) -> io::Result<Option<u64>> {
    let mut length = None;
    for number in 0..MAX_LINES {
        let mut line = Vec::new();
        input.take(MAX_LINE).read_until(b'\n', &mut line)?;
        // The end of the input is only valid between two messages.
        if line.is_empty() && number == 0 {
            return Ok(None);
        }
        let line = line
            .strip_suffix(b"\r\n")
            .ok_or_else(|| invalid("a header line is unterminated or longer than 4 KiB"))?;
        if line.is_empty() {
            let length = length.ok_or_else(|| invalid("a header has no `Content-Length`"))?;
            return Ok(Some(length));
        }
        if let Some(value) = content_length(line) {
            let value = value
                .parse()
                .map_err(|_| invalid("`Content-Length` is not a number"))?;
            length = Some(value);
        }
    }
    Err(invalid("a header has more than 32 lines"))
}

/// The value of a `Content-Length` line.
fn content_length(line: &[u8]) -> Option<String> {
    let line = String::from_utf8_lossy(line);
    let (name, value) = line.split_once(':')?;
    // Header names are case-insensitive, as in HTTP, whose syntax the protocol adopts.
    if !name.trim().eq_ignore_ascii_case("Content-Length") {
        return None;
    }
    Some(value.trim().to_owned())
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOVER: &str = r#"{"jsonrpc":"2.0","method":"x","params":{}}"#;

    fn read_all(input: &str) -> Result<Vec<String>, String> {
        let mut input = input.as_bytes();
        let mut methods = Vec::new();
        while let Some(message) = read(&mut input).map_err(|error| error.to_string())? {
            match message {
                Message::Notification(notification) => methods.push(notification.method),
                other => panic!("{other:?}"),
            }
        }
        Ok(methods)
    }

    #[test]
    fn several_messages_are_read_one_after_the_other() {
        let length = HOVER.len();
        let one = format!("Content-Length: {length}\r\n\r\n{HOVER}");
        let two = format!(
            "content-type: application/vscode-jsonrpc\r\ncontent-length:{length}\r\n\r\n{HOVER}"
        );
        assert_eq!(read_all(&format!("{one}{two}")).unwrap(), ["x", "x"]);
        assert_eq!(read_all("").unwrap(), [""; 0]);
    }

    #[test]
    fn a_content_length_is_checked_against_the_limit_and_the_input() {
        for length in [limits::EDITOR_MESSAGE, 1000] {
            let error = read_all(&format!("Content-Length: {length}\r\n\r\n{HOVER}"));
            assert_eq!(error.unwrap_err(), "unexpected end of file", "{length}");
        }
        // A message that is too long is skipped, and so is the end of the input.
        for length in [limits::EDITOR_MESSAGE + 1, u64::MAX] {
            let methods = read_all(&format!("Content-Length: {length}\r\n\r\n{HOVER}"));
            assert_eq!(methods.unwrap(), [TOO_LONG], "{length}");
        }
    }

    #[test]
    fn oversized_and_malformed_headers_are_refused() {
        let long = "x".repeat(5000);
        for (header, reason) in [
            (format!("X: {long}\r\n\r\n"), "longer than 4 KiB"),
            (long.clone(), "longer than 4 KiB"),
            ("X: y\r\n".repeat(40), "more than 32 lines"),
            ("X: y\r\n\r\n".into(), "has no `Content-Length`"),
            ("Content-Length: -1\r\n\r\n".into(), "is not a number"),
            (
                "Content-Length: 99999999999999999999\r\n\r\n".into(),
                "is not a number",
            ),
            ("Content-Length: 2\n\n{}".into(), "unterminated"),
            ("Content-Length: 2\r\n\r\n[]".into(), "is not JSON-RPC"),
        ] {
            let error = read_all(&header).expect_err(&header);
            assert!(error.contains(reason), "{header:.40}: {error}");
        }
    }
}
