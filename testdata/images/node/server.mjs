// A server that loads what answers a request when it is asked for.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";

createServer(async (request, response) => {
  const name = request.url.slice(1);
  try {
    const task = name === "" ? null : await import(`#tasks/${name}`);
    response.end(task ? `${name}: ${await task.default()}\n` : await readFile(new URL("public/index.html", import.meta.url)));
  } catch (error) {
    response.statusCode = 500;
    response.end(`${name}: ${error}\n`);
  }
}).listen(8000);
