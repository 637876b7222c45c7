// A session with the real language server, through the protocol library of vscode-languageclient. `JETTISON` names the
// program.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";

import protocol from "vscode-languageserver-protocol/node.js";

const URI = "file:///project/Dockerfile";
const TEXT = 'FROM debian:12\nUSER 1\nENTRYPOINT start.sh\n';

/** Starts the server as the extension does. */
function start(t) {
  const server = spawn(process.env.JETTISON, ["lsp", "--no-shellcheck"], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => server.kill());
  const reader = new protocol.StreamMessageReader(server.stdout);
  const writer = new protocol.StreamMessageWriter(server.stdin);
  const connection = protocol.createProtocolConnection(reader, writer);
  connection.listen();
  return { server, connection };
}

/** The next diagnostics of the document. */
function diagnostics(connection) {
  return new Promise((resolve) => {
    const listener = connection.onNotification(protocol.PublishDiagnosticsNotification.type, (published) => {
      listener.dispose();
      resolve(published.diagnostics);
    });
  });
}

/** The text after edits, which the client applies from the last to the first. */
function applied(text, edits) {
  const lines = text.split("\n");
  const offset = ({ line, character }) =>
    lines.slice(0, line).reduce((sum, before) => sum + before.length + 1, 0) + character;
  const sorted = edits.toSorted((one, other) => offset(other.range.start) - offset(one.range.start));
  for (const { range, newText } of sorted) {
    text = text.slice(0, offset(range.start)) + newText + text.slice(offset(range.end));
  }
  return text;
}

test("a finding appears, its fix removes it, and the server ends", async (t) => {
  const { server, connection } = start(t);
  const initialized = await connection.sendRequest(protocol.InitializeRequest.type, {
    processId: process.pid,
    rootUri: null,
    capabilities: {
      textDocument: {
        codeAction: { codeActionLiteralSupport: { codeActionKind: { valueSet: ["quickfix"] } } },
        publishDiagnostics: { codeDescriptionSupport: true },
      },
    },
  });
  assert.ok(initialized.capabilities.codeActionProvider);
  assert.ok(initialized.capabilities.hoverProvider);
  await connection.sendNotification(protocol.InitializedNotification.type, {});

  let published = diagnostics(connection);
  await connection.sendNotification(protocol.DidOpenTextDocumentNotification.type, {
    textDocument: { uri: URI, languageId: "dockerfile", version: 1, text: TEXT },
  });
  const found = (await published).find((diagnostic) => diagnostic.code === "shell-form-entrypoint");
  assert.equal(found.range.start.line, 2);
  assert.match(found.codeDescription.href, /^https:/);

  const hover = await connection.sendRequest(protocol.HoverRequest.type, {
    textDocument: { uri: URI },
    position: found.range.start,
  });
  assert.match(hover.contents.value, /signals/);

  const actions = await connection.sendRequest(protocol.CodeActionRequest.type, {
    textDocument: { uri: URI },
    range: found.range,
    context: { diagnostics: [found], only: ["quickfix"] },
  });
  const fix = actions.find((action) => action.title.includes("exec form"));
  const change = fix.edit.documentChanges?.[0].edits ?? fix.edit.changes[URI];
  const fixed = applied(TEXT, change);
  assert.match(fixed, /^ENTRYPOINT \["start.sh"\]$/m);

  published = diagnostics(connection);
  await connection.sendNotification(protocol.DidChangeTextDocumentNotification.type, {
    textDocument: { uri: URI, version: 2 },
    contentChanges: [{ text: fixed }],
  });
  assert.ok(!(await published).some((diagnostic) => diagnostic.code === "shell-form-entrypoint"));

  await connection.sendRequest(protocol.ShutdownRequest.type);
  const exited = once(server, "exit");
  await connection.sendNotification(protocol.ExitNotification.type);
  assert.deepEqual(await exited, [0, null]);
});
