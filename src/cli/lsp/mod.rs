//! `jettison lsp`: a language server on standard input and output. What is typed is checked as it
//! is typed.

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

/// How long typing has to rest before it is checked: ShellCheck takes longer than a key.
const PAUSE: Duration = Duration::from_millis(20);

/// Check Dockerfiles in an editor, over the Language Server Protocol on standard input and output
#[derive(Args, Debug)]
#[command(
    after_help = "An editor starts it. It brings diagnostics, fixes and the pages of rules.

Example, for Neovim:
  vim.lsp.config('jettison', { cmd = { 'jettison', 'lsp' }, filetypes = { 'dockerfile' } })
  vim.lsp.enable('jettison')"
)]
pub(super) struct LspArguments {
    /// Accepted, as many editors give it: there is no other way
    #[arg(long)]
    stdio: bool,
    #[command(flatten)]
    shellcheck: ShellcheckArguments,
    /// Find nothing in files that match this pattern, as in `.gitignore`
    #[arg(
        long,
        help_heading = "Files",
        value_name = "GLOB",
        value_delimiter = ',',
        env = "JETTISON_EXCLUDE",
        hide_env = true
    )]
    exclude: Vec<String>,
    /// Let pass what this file lists, so that only new findings are shown
    #[arg(
        long,
        help_heading = "Baseline",
        value_name = "FILE",
        env = "JETTISON_BASELINE",
        hide_env = true
    )]
    baseline: Option<PathBuf>,
}

/// Serves until the client says `exit`, or is gone.
pub(super) fn run(arguments: &LspArguments) -> anyhow::Result<Outcome> {
    let (connection, threads) = transport::stdio();
    let shown = serve(arguments, &connection);
    // The threads end when both ends of their channels are gone.
    drop(connection);
    threads
        .join()
        .context("the connection to the editor broke")?;
    shown.map(|()| Outcome::Clean)
}

/// Returns the answers to what an editor sends, framed as it sends it. ShellCheck is not run.
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
        .context("the editor did not start the protocol")?;
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
        .context("the editor did not start the protocol")?;
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
            Message::Notification(notification) => server.hear(notification)?,
            Message::Response(_) => {}
        }
    }
    Ok(())
}

struct Server<'c> {
    arguments: &'c LspArguments,
    connection: &'c Connection,
    /// Open documents by their URIs.
    documents: BTreeMap<String, Document>,
    /// Versions and texts that came and are not checked yet, by URIs.
    typed: BTreeMap<String, (i64, String)>,
}

impl Server<'_> {
    /// The next message; what was typed is checked where none comes at once. `None` where the
    /// client is gone.
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
        self.check_typed()?;
        let Request { id, method, params } = request;
        let result = match method.as_str() {
            "textDocument/hover" => parsed(params).map(|params: HoverParams| self.hover(&params)),
            "textDocument/codeAction" => {
                parsed(params).map(|params: CodeActionParams| self.actions(&params))
            }
            _ => Err((
                ErrorCode::MethodNotFound,
                format!("there is no method `{method}`"),
            )),
        };
        let response = match result {
            Ok(value) => Response::new_ok(id, value),
            Err((code, reason)) => Response::new_err(id, code as i32, reason),
        };
        self.send(Message::Response(response))
    }

    /// A notification that cannot be understood is dropped: nobody waits for an answer.
    fn hear(&mut self, notification: Notification) -> anyhow::Result<()> {
        let Notification { method, params } = notification;
        match method.as_str() {
            "textDocument/didOpen" => {
                if let Ok(params) = parsed::<DidOpenTextDocumentParams>(params) {
                    let document = params.text_document;
                    self.typed
                        .insert(document.uri.0, (i64::from(document.version), document.text));
                }
            }
            "textDocument/didChange" => {
                if let Ok(params) = parsed::<DidChangeTextDocumentParams>(params) {
                    let whole = params
                        .content_changes
                        .into_iter()
                        .rev()
                        .find_map(whole_text);
                    let document = params.text_document;
                    if let Some(text) = whole {
                        let uri = document.text_document_identifier.uri.0;
                        self.typed.insert(uri, (i64::from(document.version), text));
                    }
                }
            }
            "textDocument/didClose" => {
                if let Ok(params) = parsed::<DidCloseTextDocumentParams>(params) {
                    let uri = params.text_document.uri.0;
                    self.typed.remove(&uri);
                    self.documents.remove(&uri);
                    self.publish(json!({ "uri": uri, "diagnostics": [] }))?;
                }
            }
            transport::TOO_LONG => {
                let reason = format!(
                    "a message was not read: it is larger than {}",
                    limits::shown(limits::EDITOR_MESSAGE)
                );
                self.notify(
                    "window/showMessage",
                    json!({ "type": 1, "message": reason }),
                )?;
            }
            _ => {}
        }
        Ok(())
    }

    fn check_typed(&mut self) -> anyhow::Result<()> {
        std::mem::take(&mut self.typed)
            .into_iter()
            .try_for_each(|(uri, (version, text))| self.check(uri, version, text))
    }

    /// A trouble is told once, not at every key.
    fn check(&mut self, uri: String, version: i64, text: String) -> anyhow::Result<()> {
        let document = Document::check(self.arguments, &uri, version, text);
        let before = self
            .documents
            .get(&uri)
            .and_then(|document| document.trouble.as_ref());
        if let Some(reason) = document
            .trouble
            .as_ref()
            .filter(|&reason| before != Some(reason))
        {
            let params = json!({ "type": 1, "message": reason });
            self.notify("window/showMessage", params)?;
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
            .context("the editor is gone")
    }
}

fn parsed<T: DeserializeOwned>(params: Value) -> Result<T, (ErrorCode, String)> {
    serde_json::from_value(params).map_err(|error| (ErrorCode::InvalidParams, error.to_string()))
}

/// The text of a change that brings all of it, which is what the server asks for.
fn whole_text(change: TextDocumentContentChangeEvent) -> Option<String> {
    let change = serde_json::to_value(change).ok()?;
    let is_whole = change.get("range").is_none();
    change
        .get("text")
        .filter(|_| is_whole)?
        .as_str()
        .map(str::to_owned)
}

fn position(position: gen_lsp_types::Position) -> crate::source::Utf16Position {
    let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    crate::source::Utf16Position {
        line: number(position.line),
        character: number(position.character),
    }
}
