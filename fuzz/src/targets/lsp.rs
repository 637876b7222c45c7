//! Input from an editor: framed messages or, without frames, the messages of a session, one per
//! line, followed by all requests for the document.

use jettison::fuzzing::lsp_session;

const START: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"capabilities":{}}}
{"jsonrpc":"2.0","method":"initialized","params":{}}"#;
const END: &str = r#"{"jsonrpc":"2.0","id":"end","method":"shutdown"}
{"jsonrpc":"2.0","method":"exit"}"#;

pub(crate) fn run(bytes: &[u8]) {
    if bytes.starts_with(b"Content-") {
        lsp_session(bytes);
        return;
    }
    let mut input = Vec::new();
    frame(START.as_bytes(), &mut input);
    frame(bytes, &mut input);
    frame(END.as_bytes(), &mut input);
    let answers = format!("{:?}", lsp_session(&input));
    assert_eq!(answers, format!("{:?}", lsp_session(&input)));
}

fn frame(lines: &[u8], input: &mut Vec<u8>) {
    for line in lines.split(|&byte| byte == b'\n') {
        // Anything else ends the session.
        if serde_json::from_slice::<serde_json::Value>(line).is_ok() {
            input.extend(format!("Content-Length: {}\r\n\r\n", line.len()).into_bytes());
            input.extend(line);
        }
    }
}
