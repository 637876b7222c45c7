from twisted.internet import defer, endpoints, reactor, task
from twisted.web import client, resource, server

class Page(resource.Resource):
    isLeaf = True

    def render_GET(self, request):
        return b"hi"

@defer.inlineCallbacks
def main(reactor):
    port = yield endpoints.serverFromString(reactor, "tcp:18778:interface=127.0.0.1").listen(server.Site(Page()))
    response = yield client.Agent(reactor).request(b"GET", b"http://127.0.0.1:18778/")
    body = yield client.readBody(response)
    assert body == b"hi"
    yield port.stopListening()

import sys
try:
    task.react(main)
except SystemExit as stop:
    assert not stop.code
