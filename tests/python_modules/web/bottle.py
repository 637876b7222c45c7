import threading, urllib.request
from wsgiref.simple_server import make_server
from bottle import Bottle, SimpleTemplate, request, static_file, template

app = Bottle()

@app.route("/hello/<name:re:[a-z]+>")
def hello(name):
    return template("<b>{{name}}</b> % if x:\n", name=name, x=1)

@app.get("/file")
def file():
    return static_file("main.py", root="/app")

server = make_server("127.0.0.1", 18767, app)
threading.Thread(target=server.serve_forever, daemon=True).start()
assert b"<b>ann</b>" in urllib.request.urlopen("http://127.0.0.1:18767/hello/ann").read()
assert urllib.request.urlopen("http://127.0.0.1:18767/file").status == 200
assert SimpleTemplate("% for i in range(2):\n{{i}}\n% end\n").render() == "0\n1\n"
server.shutdown()
