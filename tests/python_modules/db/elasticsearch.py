import json, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from elasticsearch import ConnectionError, Elasticsearch, helpers

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        length = int(self.headers.get("Content-Length", 0))
        self.rfile.read(length)
        body = {"errors": False, "items": [{"index": {"status": 201}}], "hits": {"hits": [], "total": {"value": 0}}}
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    do_POST = do_PUT = do_GET

server = HTTPServer(("127.0.0.1", 18774), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = Elasticsearch("http://127.0.0.1:18774")
client.index(index="a", document={"x": 1})
assert client.search(index="a", query={"match_all": {}})["hits"]["total"]["value"] == 0
helpers.bulk(client, [{"_index": "a", "x": 1}])
try:
    Elasticsearch("http://127.0.0.1:1", max_retries=0).info()
except ConnectionError:
    pass
server.shutdown()
