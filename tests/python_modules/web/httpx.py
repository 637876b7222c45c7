import asyncio, httpx, threading
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"a": 1}')

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

server = HTTPServer(("127.0.0.1", 18771), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
with httpx.Client(timeout=5, follow_redirects=True) as client:
    assert client.get("http://127.0.0.1:18771/", params={"q": "x"}).json() == {"a": 1}
    assert client.post("http://127.0.0.1:18771/", files={"f": b"x"}).status_code == 200

async def main():
    async with httpx.AsyncClient(auth=("a", "b")) as client:
        assert (await client.get("http://127.0.0.1:18771/")).json() == {"a": 1}
        async with client.stream("GET", "http://127.0.0.1:18771/") as response:
            assert b"".join([part async for part in response.aiter_bytes()])

asyncio.run(main())
try:
    httpx.get("https://127.0.0.1:1/")
except httpx.ConnectError:
    pass
server.shutdown()
