"""A server whose handlers import what they need when they are asked, as real applications do."""

import http.server
import importlib


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.strip("/")
        try:
            text, status = importlib.import_module(f"crew.tasks.{name}").run(), 200
        except Exception as error:
            text, status = f"{type(error).__name__}: {error}", 500
        self.send_response(status)
        self.end_headers()
        self.wfile.write(f"{name}: {text}\n".encode())

    def log_message(self, *arguments):
        pass


http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
