//! `jettison lsp`: a language server on standard input and output that checks a document while it
//! is edited.

mod document;
mod replies;
mod transport;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use gen_lsp_types::{
    CodeActionParams, DidChangeTextDocumentParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, HoverParams, TextDocumentContentChangeEvent,
};
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Outcome;
use super::shellcheck::ShellcheckArguments;
use crate::trust::limits;
use document::Document;

/// Pause in typing after which a text is checked. ShellCheck takes longer than the time between two
/// keystrokes, so checking after each one would fall behind.
const PAUSE: Duration = Duration::from_millis(20);

/// Check Dockerfiles in an editor, over the Language Server Protocol on standard input and output
#[derive(Args, Debug)]
#[command(
    after_help = "Editors start this command to get diagnostics, fixes and rule pages.

Example, for Neovim:
  vim.lsp.config('jettison', { cmd = { 'jettison', 'lsp' }, filetypes = { 'dockerfile' } })
  vim.lsp.enable('jettison')"
)]
pub(super) struct LspArguments {
    /// Use standard input and output, the only transport; accepted because many editors pass it
    #[arg(long)]
    stdio: bool,
    #[command(flatten)]
    shellcheck: ShellcheckArguments,
    /// Exclude files that match this pattern, as in `.gitignore`
    #[arg(
        long,
        help_heading = "Files",
        value_name = "GLOB",
        value_delimiter = ',',
        env = "JETTISON_EXCLUDE",
        hide_env = true
    )]
    exclude: Vec<String>,
    /// Suppress the findings listed in this file, so that only new ones are reported
    #[arg(
        long,
        help_heading = "Baseline",
        value_name = "FILE",
        env = "JETTISON_BASELINE",
        hide_env = true
    )]
    baseline: Option<PathBuf>,
}

/// Serves until the client sends `exit` or closes the connection.
pub(super) fn run(arguments: &LspArguments) -> anyhow::Result<Outcome> {
    let (connection, threads) = transport::stdio();
    let served = serve(arguments, &connection);
    // The threads end when both ends of their channels are closed.
    drop(connection);
    // A connection error is reported first, because it causes the error of the server.
    threads
        .join()
        .context("the connection to the editor failed")?;
    served.map(|()| Outcome::Clean)
}

/// Returns the replies to an editor's messages, which are framed as on the wire. ShellCheck is not
/// run.
#[cfg(feature = "fuzzing")]
pub fn session(mut input: &[u8]) -> Vec<Message> {
    use clap::Parser as _;
    use std::sync::LazyLock;
    use std::thread;

    #[derive(clap::Parser)]
    struct Session {
        #[command(flatten)]
        arguments: LspArguments,
    }
    static SESSION: LazyLock<Session> =
        LazyLock::new(|| Session::parse_from(["lsp", "--no-shellcheck"]));

    let (server, editor) = Connection::memory();
    let (sender, receiver) = (editor.sender, editor.receiver);
    thread::scope(|scope| {
        scope.spawn(move || transport::forward(&mut input, |message| sender.send(message).is_ok()));
        let answers = scope.spawn(move || receiver.into_iter().collect());
        // An editor that breaks the protocol is an error, which ends the session.
        let _ = serve(&SESSION.arguments, &server);
        drop(server);
        answers.join().unwrap_or_default()
    })
}

fn serve(arguments: &LspArguments, connection: &Connection) -> anyhow::Result<()> {
    let (id, _) = connection
        .initialize_start()
        .context("the editor did not initialize the protocol")?;
    // UTF-16 is the only encoding that every client supports. `change: 1` requests full documents:
    // Dockerfiles are small, and there is no state that an edit could corrupt.
    let information = json!({
        "capabilities": {
            "positionEncoding": "utf-16",
            "textDocumentSync": { "openClose": true, "change": 1 },
            "hoverProvider": true,
            "codeActionProvider": { "codeActionKinds": ["quickfix"] },
        },
        "serverInfo": { "name": "jettison", "version": env!("CARGO_PKG_VERSION") },
    });
    connection
        .initialize_finish(id, information)
        .context("the editor did not initialize the protocol")?;
    let mut server = Server {
        arguments,
        connection,
        documents: BTreeMap::new(),
        typed: BTreeMap::new(),
    };
    while let Some(message) = server.next()? {
        match message {
            Message::Request(request) if connection.handle_shutdown(&request)? => break,
            Message::Request(request) => server.answer(request)?,
            Message::Notification(notification) => server.handle(notification)?,
            // The server sends no requests.
            Message::Response(_) => {}
        }
    }
    Ok(())
}

struct Server<'c> {
    arguments: &'c LspArguments,
    connection: &'c Connection,
    /// Open documents by URI.
    documents: BTreeMap<String, Document>,
    /// Versions and texts that have not been checked yet, by URI. A newer text replaces an older
    /// one, so that only the latest is checked.
    typed: BTreeMap<String, (i64, String)>,
}

impl Server<'_> {
    /// The next message. Texts are checked first if none arrives within the pause. `None` if the
    /// client closed the connection.
    fn next(&mut self) -> anyhow::Result<Option<Message>> {
        if !self.typed.is_empty() {
            if let Ok(message) = self.connection.receiver.recv_timeout(PAUSE) {
                return Ok(Some(message));
            }
            self.check_typed()?;
        }
        Ok(self.connection.receiver.recv().ok())
    }

    fn answer(&mut self, request: Request) -> anyhow::Result<()> {
        // A reply about an older text would contain outdated positions.
        self.check_typed()?;
        let Request { id, method, params } = request;
        let result = match method.as_str() {
            "textDocument/hover" => parsed(params).map(|params: HoverParams| self.hover(&params)),
            "textDocument/codeAction" => {
                parsed(params).map(|params: CodeActionParams| self.actions(&params))
            }
            _ => Err((
                ErrorCode::MethodNotFound,
                format!("unknown method `{method}`"),
            )),
        };
        let response = match result {
            Ok(value) => Response::new_ok(id, value),
            Err((code, reason)) => Response::new_err(id, code as i32, reason),
        };
        self.send(Message::Response(response))
    }

    /// Handles a notification. One that cannot be parsed is dropped: the protocol has no answer to
    /// a notification.
    fn handle(&mut self, notification: Notification) -> anyhow::Result<()> {
        let Notification { method, params } = notification;
        match method.as_str() {
            "textDocument/didOpen" => {
                if let Ok(params) = parsed(params) {
                    self.open(params);
                }
            }
            "textDocument/didChange" => {
                if let Ok(params) = parsed(params) {
                    self.change(params);
                }
            }
            "textDocument/didClose" => {
                if let Ok(params) = parsed(params) {
                    self.close(params)?;
                }
            }
            transport::TOO_LONG => {
                let limit = limits::shown(limits::EDITOR_MESSAGE);
                self.show_error(&format!("ignored a message larger than {limit}"))?;
            }
            // `initialized`, `$/cancelRequest` and others require no action.
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, params: DidOpenTextDocumentParams) {
        let document = params.text_document;
        let version = i64::from(document.version);
        self.typed.insert(document.uri.0, (version, document.text));
    }

    fn change(&mut self, params: DidChangeTextDocumentParams) {
        // Changes apply in order, so the last whole text replaces all before it.
        let mut changes = params.content_changes.into_iter().rev();
        let Some(text) = changes.find_map(whole_text) else {
            return;
        };
        let document = params.text_document;
        let version = i64::from(document.version);
        let uri = document.text_document_identifier.uri.0;
        self.typed.insert(uri, (version, text));
    }

    fn close(&mut self, params: DidCloseTextDocumentParams) -> anyhow::Result<()> {
        let uri = params.text_document.uri.0;
        self.typed.remove(&uri);
        self.documents.remove(&uri);
        // Editors show the diagnostics of a closed file until the server clears them.
        self.publish(json!({ "uri": uri, "diagnostics": [] }))
    }

    fn check_typed(&mut self) -> anyhow::Result<()> {
        for (uri, (version, text)) in std::mem::take(&mut self.typed) {
            self.check(uri, version, text)?;
        }
        Ok(())
    }

    fn check(&mut self, uri: String, version: i64, text: String) -> anyhow::Result<()> {
        let document = Document::check(self.arguments, &uri, version, text);
        // The same errors are shown once, not after every keystroke.
        let is_known = match self.documents.get(&uri) {
            Some(before) => before.errors == document.errors,
            None => document.errors.is_empty(),
        };
        if !is_known && !document.errors.is_empty() {
            self.show_error(&document.errors)?;
        }
        self.publish(replies::diagnostics(&uri, &document))?;
        self.documents.insert(uri, document);
        Ok(())
    }

    fn hover(&self, params: &HoverParams) -> Value {
        let place = &params.text_document_position_params;
        let document = self.documents.get(&place.text_document.uri.0);
        document.map_or(Value::Null, |document| {
            replies::hover(document, position(place.position))
        })
    }

    fn actions(&self, params: &CodeActionParams) -> Value {
        let uri = &params.text_document.uri.0;
        let (start, end) = (position(params.range.start), position(params.range.end));
        let document = self.documents.get(uri);
        document.map_or(json!([]), |document| {
            replies::actions(uri, document, start, end)
        })
    }

    /// Shows a message of type 1, an error.
    fn show_error(&self, message: &str) -> anyhow::Result<()> {
        let params = json!({ "type": 1, "message": message });
        self.notify("window/showMessage", params)
    }

    fn publish(&self, params: Value) -> anyhow::Result<()> {
        self.notify("textDocument/publishDiagnostics", params)
    }

    fn notify(&self, method: &str, params: Value) -> anyhow::Result<()> {
        self.send(Message::Notification(Notification {
            method: method.to_owned(),
            params,
        }))
    }

    fn send(&self, message: Message) -> anyhow::Result<()> {
        self.connection
            .sender
            .send(message)
            .context("the editor closed the connection")
    }
}

fn parsed<T: DeserializeOwned>(params: Value) -> Result<T, (ErrorCode, String)> {
    serde_json::from_value(params).map_err(|error| (ErrorCode::InvalidParams, error.to_string()))
}

/// The text of a change that replaces the whole document, as requested by the server. A change with
/// a `range` is ignored.
fn whole_text(change: TextDocumentContentChangeEvent) -> Option<String> {
    let change = serde_json::to_value(change).ok()?;
    if change.get("range").is_some() {
        return None;
    }
    Some(change.get("text")?.as_str()?.to_owned())
}

fn position(position: gen_lsp_types::Position) -> crate::source::Utf16Position {
    crate::source::Utf16Position {
        line: usize::try_from(position.line).unwrap_or(usize::MAX),
        character: usize::try_from(position.character).unwrap_or(usize::MAX),
    }
}
