#!/usr/bin/env python3
"""A registry for npm with the packages in a directory: prints its address and serves until it is ended.

    tests/npm_registry.py DIRECTORY
"""

import base64
import hashlib
import http.server
import json
import sys
import tarfile
from pathlib import Path

DIRECTORY = Path(sys.argv[1])


def packages():
    """The documents of all packages by their names, as npm asks for them."""
    found = {}
    for path in sorted(DIRECTORY.glob("*.tgz")):
        with tarfile.open(path) as archive:
            package = json.load(archive.extractfile("package/package.json"))
        digest = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
        package["dist"] = {"tarball": f"{ADDRESS}/{path.name}", "integrity": f"sha512-{digest}"}
        name, version = package["name"], package["version"]
        found[name] = {"name": name, "dist-tags": {"latest": version}, "versions": {version: package}}
    return found


class Registry(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.strip("/")
        file = DIRECTORY / Path(name).name
        if name in PACKAGES:
            self.answer(json.dumps(PACKAGES[name]).encode())
        elif file.suffix == ".tgz" and file.exists():
            self.answer(file.read_bytes())
        else:
            self.send_error(404)

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
ADDRESS = f"http://127.0.0.1:{server.server_port}"
PACKAGES = packages()
print(ADDRESS, flush=True)
server.serve_forever()
