import threading, requests
from http.server import BaseHTTPRequestHandler, HTTPServer
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Set-Cookie", "a=b")
        self.end_headers()
        self.wfile.write("ä".encode("latin-1"))

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

server = HTTPServer(("127.0.0.1", 18772), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
session = requests.Session()
session.mount("http://", HTTPAdapter(max_retries=Retry(3, backoff_factor=0.1)))
response = session.get("http://127.0.0.1:18772/", auth=("a", "b"), timeout=5)
assert response.text == "ä" or response.apparent_encoding
assert session.cookies["a"] == "b"
assert session.post("http://127.0.0.1:18772/", files={"f": ("a.txt", b"x")}).ok
assert requests.post("http://127.0.0.1:18772/", json={"a": 1}).ok
try:
    requests.get("https://127.0.0.1:1/", timeout=1)
except requests.ConnectionError:
    pass
server.shutdown()
