import json, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps({"name": "a", "items": [{"name": "x", "bucket": "a"}]}).encode())

    do_POST = do_GET

server = HTTPServer(("127.0.0.1", 18775), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = storage.Client(
    project="p", credentials=AnonymousCredentials(), client_options={"api_endpoint": "http://127.0.0.1:18775"}
)
assert [blob.name for blob in client.list_blobs("a")] == ["x"]
client.bucket("a").blob("y").upload_from_string(b"data")
server.shutdown()
