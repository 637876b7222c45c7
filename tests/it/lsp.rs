//! The language server as seen by an editor: a process, and messages on its standard input and
//! output.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

struct Client {
    server: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Client {
    /// A session that is past its first greetings.
    fn start() -> Self {
        Self::start_with(&["--no-shellcheck"])
    }

    fn start_with(arguments: &[&str]) -> Self {
        let mut client = Self::spawn_with(arguments);
        client.request(
            1,
            "initialize",
            &json!({ "processId": null, "rootUri": null, "capabilities": {} }),
        );
        let answer = client.read();
        assert_eq!(
            answer["result"]["capabilities"]["positionEncoding"],
            "utf-16"
        );
        client.notify("initialized", &json!({}));
        client
    }

    fn spawn() -> Self {
        Self::spawn_with(&[])
    }

    fn spawn_with(arguments: &[&str]) -> Self {
        let mut server = Command::new(env!("CARGO_BIN_EXE_jettison"))
            .arg("lsp")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let input = server.stdin.take().expect("it is piped");
        let output = BufReader::new(server.stdout.take().expect("it is piped"));
        Self {
            server,
            input,
            output,
        }
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len())
            .expect("the server listens");
        self.input.flush().expect("the server listens");
    }

    fn request(&mut self, id: i32, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
    }

    fn notify(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(
                self.output.read_line(&mut line).expect("it is text") > 0,
                "the server has ended"
            );
            match line.trim_end().split_once(": ") {
                Some(("Content-Length", number)) => {
                    length = number.parse().expect("it is a number");
                }
                Some(_) => {}
                None => break,
            }
        }
        let mut text = vec![0; length];
        self.output
            .read_exact(&mut text)
            .expect("the message is whole");
        serde_json::from_slice(&text).expect("it is JSON")
    }

    fn open(&mut self, uri: &str, text: &str) -> Value {
        let document =
            json!({ "uri": uri, "languageId": "dockerfile", "version": 1, "text": text });
        self.notify("textDocument/didOpen", &json!({ "textDocument": document }));
        self.read()
    }

    fn end(mut self) {
        self.request(99, "shutdown", &Value::Null);
        assert_eq!(self.read()["id"], 99);
        self.notify("exit", &Value::Null);
        drop(self.input);
        assert_eq!(self.server.wait().expect("it ends").code(), Some(0));
    }
}

const URI: &str = "untitled:Dockerfile";

fn diagnostic<'a>(published: &'a Value, code: &str) -> Option<&'a Value> {
    assert_eq!(published["method"], "textDocument/publishDiagnostics");
    let all = published["params"]["diagnostics"]
        .as_array()
        .expect("it is a list");
    all.iter().find(|diagnostic| diagnostic["code"] == code)
}

#[test]
fn text_is_checked_while_typing_with_utf16_positions() {
    let mut client = Client::start();
    let published = client.open(URI, "FROM debian:12\nRUN echo 🐳é && sudo ls\nUSER 1\n");
    let sudo = diagnostic(&published, "sudo").expect("it is found");
    assert_eq!(
        sudo["range"],
        json!({ "start": { "line": 1, "character": 16 }, "end": { "line": 1, "character": 20 } })
    );
    assert_eq!(
        (&sudo["severity"], &sudo["source"]),
        (&json!(2), &json!("jettison"))
    );
    let change = json!({
        "textDocument": { "uri": URI, "version": 2 },
        "contentChanges": [{ "text": "FROM debian:12\nUSER 1\n" }],
    });
    client.notify("textDocument/didChange", &change);
    let published = client.read();
    assert_eq!(published["params"]["version"], 2);
    assert!(diagnostic(&published, "sudo").is_none());
    client.notify(
        "textDocument/didClose",
        &json!({ "textDocument": { "uri": URI } }),
    );
    assert_eq!(
        client.read()["params"],
        json!({ "uri": URI, "diagnostics": [] })
    );
    client.end();
}

#[test]
fn a_finding_offers_its_fix_and_a_suppression_comment() {
    let mut client = Client::start();
    let text = "FROM debian:12\nWORKDIR /x\n  ADD a /b\nUSER 1\n";
    client.open(URI, text);
    let place = json!({ "line": 2, "character": 4 });
    let params = json!({
        "textDocument": { "uri": URI },
        "range": { "start": place, "end": place },
        "context": { "diagnostics": [] },
    });
    client.request(2, "textDocument/codeAction", &params);
    let answer = client.read();
    let actions = answer["result"].as_array().expect("it is a list");
    let titles: Vec<_> = actions
        .iter()
        .map(|action| action["title"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(
        titles,
        [
            "use `COPY` (unsafe: review the result)",
            "ignore `add-instead-of-copy` for this instruction"
        ]
    );
    let edit = |at: usize| &actions[at]["edit"]["changes"][URI][0];
    assert_eq!(
        (&edit(0)["newText"], &edit(0)["range"]["start"]["character"]),
        (&json!("COPY"), &json!(2))
    );
    assert_eq!(
        edit(1)["range"]["start"],
        json!({ "line": 2, "character": 0 })
    );
    let comment = edit(1)["newText"].as_str().expect("it is text");
    let silenced = client.open(URI, &text.replace("  ADD", &format!("{comment}  ADD")));
    assert!(diagnostic(&silenced, "add-instead-of-copy").is_none());
    client.end();
}

#[test]
fn a_hover_shows_the_page_of_the_rule() {
    let mut client = Client::start();
    client.open(URI, "FROM debian:12\nRUN sudo ls\nUSER 1\n");
    let hover = |client: &mut Client, line: u32| {
        let place =
            json!({ "textDocument": { "uri": URI }, "position": { "line": line, "character": 5 } });
        client.request(3, "textDocument/hover", &place);
        client.read()["result"].clone()
    };
    let page = hover(&mut client, 1);
    assert_eq!(page["contents"]["kind"], "markdown");
    assert!(
        page["contents"]["value"]
            .as_str()
            .is_some_and(|text| text.starts_with("# ") && text.contains("`sudo`"))
    );
    assert_eq!(hover(&mut client, 2), Value::Null);
    client.end();
}

#[test]
fn each_document_uses_the_configuration_of_its_directory() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let config = folder.path().join(".jettison.toml");
    std::fs::write(&config, "ignore = ['sudo']\n").expect("it can be written");
    let uri = format!("file://{}/a%20b.Dockerfile", folder.path().display());
    let text = "FROM debian:12\nRUN sudo ls\nUSER 1\n";
    let mut client = Client::start();
    assert!(diagnostic(&client.open(&uri, text), "sudo").is_none());
    assert!(diagnostic(&client.open(URI, text), "sudo").is_some());
    std::fs::write(&config, "[severity]\nsudo = 'info'\n").expect("it can be written");
    let published = client.open(&uri, text);
    let word = &diagnostic(&published, "sudo").expect("it is found")["relatedInformation"][0];
    assert_eq!(
        word["location"]["uri"],
        format!("file://{}", config.display())
    );
    assert_eq!(
        word["location"]["range"]["start"],
        json!({ "line": 1, "character": 7 })
    );
    std::fs::write(&config, "ignore = ['no-such']\n").expect("it can be written");
    let message = client.open(&uri, text);
    assert_eq!(message["method"], "window/showMessage");
    assert!(
        message["params"]["message"]
            .as_str()
            .is_some_and(|text| text.contains("`no-such`")),
        "{message}"
    );
    assert!(diagnostic(&client.read(), "sudo").is_some());
    client.end();
}

#[test]
fn invalid_requests_are_answered_and_the_session_continues() {
    let mut client = Client::start();
    client.request(4, "textDocument/noSuch", &json!({}));
    assert_eq!(client.read()["error"]["code"], -32601);
    client.request(5, "textDocument/hover", &json!({ "position": "nowhere" }));
    assert_eq!(client.read()["error"]["code"], -32602);
    client.notify("textDocument/didOpen", &json!({ "textDocument": 1 }));
    client.notify("textDocument/didChange", &json!([]));
    client.notify("$/noSuch", &json!({}));
    assert!(diagnostic(&client.open(URI, "FROM debian:12\nRUN sudo ls\n"), "sudo").is_some());
    client.end();
}

#[test]
fn a_broken_message_ends_the_server_with_an_error() {
    for text in [
        "Content-Length: 5\r\n\r\n{...}",
        "Content-Length: 1000\r\n\r\n{}",
        "no header\r\n\r\n",
        "",
    ] {
        let mut client = Client::spawn();
        client
            .input
            .write_all(text.as_bytes())
            .expect("the server listens");
        drop(client.input);
        let mut said = String::new();
        client
            .server
            .stderr
            .take()
            .expect("it is piped")
            .read_to_string(&mut said)
            .expect("it is text");
        assert_eq!(
            client.server.wait().expect("it ends").code(),
            Some(2),
            "{text:?}: {said}"
        );
        assert!(
            said.starts_with("error: ") && !said.contains("panicked"),
            "{text:?}: {said}"
        );
    }
}

/// A folder with a file of each name, and the URI of the folder.
fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("it can be written");
    }
    let uri = format!("file://{}", folder.path().display());
    (folder, uri)
}

/// An executable that answers as ShellCheck does: one comment on the first script, below its `#!`
/// and its variables.
fn shellcheck(folder: &std::path::Path) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let program = folder.join("answers");
    let comment = r#"{"file":"0","line":3,"endLine":3,"column":5,"endColumn":7,"level":"warning","code":2164,"message":"It may fail.","fix":null}"#;
    std::fs::write(
        &program,
        format!("#!/bin/sh\necho '{{\"comments\":[{comment}]}}'\nexit 1\n"),
    )
    .expect("it can be written");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    program.display().to_string()
}

#[test]
fn shellcheck_runs_with_the_same_settings_as_in_lint() {
    let (folder, uri) = folder(&[]);
    let program = shellcheck(folder.path());
    let mut client = Client::start_with(&["--shellcheck", &program]);
    let text = "FROM debian:12\nRUN cat $X\nUSER 1\n";
    let uri = format!("{uri}/Dockerfile");
    let published = client.open(&uri, text);
    assert!(
        diagnostic(&published, "shellcheck").is_some(),
        "{published}"
    );
    std::fs::write(
        folder.path().join(".jettison.toml"),
        "ignore = ['SC2164']\n",
    )
    .expect("it can be written");
    assert!(diagnostic(&client.open(&uri, text), "shellcheck").is_none());
    client.end();
}

#[test]
fn a_failing_shellcheck_is_reported_once_and_other_findings_remain() {
    let mut client = Client::start_with(&["--shellcheck", "/no-such/program"]);
    let text = "FROM debian:12\nRUN sudo ls\n";
    let message = client.open(URI, text);
    assert_eq!(message["method"], "window/showMessage");
    assert!(
        message["params"]["message"]
            .as_str()
            .is_some_and(|text| text.contains("/no-such/program")),
        "{message}"
    );
    assert!(diagnostic(&client.read(), "sudo").is_some());
    assert!(diagnostic(&client.open(URI, text), "sudo").is_some());
    client.end();
}

#[test]
fn excluded_files_have_no_findings() {
    let (_folder, uri) = folder(&[(".jettison.toml", "exclude = ['vendor/']\n")]);
    let mut client = Client::start_with(&["--no-shellcheck", "--exclude", "*.old"]);
    let text = "FROM debian:12\nRUN sudo ls\n";
    assert!(diagnostic(&client.open(&format!("{uri}/Dockerfile"), text), "sudo").is_some());
    let published = client.open(&format!("{uri}/vendor/Dockerfile"), text);
    assert_eq!(published["params"]["diagnostics"], json!([]));
    let here = format!(
        "file://{}/Dockerfile.old",
        std::env::current_dir().expect("there is one").display()
    );
    assert_eq!(client.open(&here, text)["params"]["diagnostics"], json!([]));
    client.end();
}

#[test]
fn baseline_findings_are_not_shown() {
    let text = "FROM debian:12\nRUN sudo ls\n";
    let (folder, uri) = folder(&[("Dockerfile", text)]);
    let baseline = folder.path().join("known.json");
    let status = Command::new(env!("CARGO_BIN_EXE_jettison"))
        .args([
            "lint",
            "--quiet",
            "--no-shellcheck",
            "Dockerfile",
            "--write-baseline",
            "known.json",
        ])
        .current_dir(folder.path())
        .status();
    assert_eq!(status.expect("it runs").code(), Some(0));
    let uri = format!("{uri}/Dockerfile");
    let more = format!("{text}RUN sudo id\n");
    for is_configured in [false, true] {
        let baseline = baseline.display().to_string();
        let arguments = if is_configured {
            vec![]
        } else {
            vec!["--baseline", baseline.as_str()]
        };
        if is_configured {
            let path = folder.path().join(".jettison.toml");
            std::fs::write(path, "baseline = 'known.json'\nshellcheck = false\n")
                .expect("it can be written");
        }
        let mut client = Client::start_with(&[&["--no-shellcheck"], arguments.as_slice()].concat());
        assert_eq!(client.open(&uri, text)["params"]["diagnostics"], json!([]));
        let published = client.open(&uri, &more);
        let sudo = diagnostic(&published, "sudo").expect("it is new");
        assert_eq!(sudo["range"]["start"]["line"], 2);
        client.end();
    }
}
