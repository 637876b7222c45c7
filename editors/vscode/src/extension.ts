// Starts the language server for Dockerfiles, and restarts it when its settings change.

import * as vscode from "vscode";
import { LanguageClient, type LanguageClientOptions, type ServerOptions } from "vscode-languageclient/node";

import { findProgram } from "./program";

let client: LanguageClient | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  context.subscriptions.push(
    vscode.commands.registerCommand("jettison.restart", () => restart(context)),
    vscode.workspace.onDidChangeConfiguration(async (change) => {
      if (change.affectsConfiguration("jettison.path") || change.affectsConfiguration("jettison.arguments")) {
        await restart(context);
      }
    }),
  );
  await start(context);
}

export async function deactivate(): Promise<void> {
  await client?.stop();
  client = undefined;
}

async function restart(context: vscode.ExtensionContext): Promise<void> {
  await deactivate();
  await start(context);
}

async function start(context: vscode.ExtensionContext): Promise<void> {
  const settings = vscode.workspace.getConfiguration("jettison");
  const found = findProgram({
    setting: settings.get<string>("path", ""),
    extension: context.extensionPath,
    search: process.env.PATH,
  });
  if ("error" in found) {
    void vscode.window.showErrorMessage(found.error);
    return;
  }
  const server: ServerOptions = {
    command: found.program,
    args: ["lsp", ...settings.get<string[]>("arguments", [])],
  };
  const options: LanguageClientOptions = {
    documentSelector: [{ scheme: "file", language: "dockerfile" }],
  };
  client = new LanguageClient("jettison", "jettison", server, options);
  await client.start();
}
