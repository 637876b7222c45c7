from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates
from starlette.testclient import TestClient
import os

os.makedirs("/tmp/t", exist_ok=True)
open("/tmp/t/a.html", "w").write("<p>{{ x }}</p>")
templates = Jinja2Templates("/tmp/t")

async def page(request):
    request.session["n"] = 1
    return templates.TemplateResponse(request, "a.html", {"x": 2})

async def form(request):
    fields = await request.form()
    return JSONResponse(dict(fields))

async def echo(socket):
    await socket.accept()
    await socket.send_text(await socket.receive_text())
    await socket.close()

app = Starlette(
    routes=[Route("/", page), Route("/form", form, methods=["POST"]), WebSocketRoute("/ws", echo),
            Mount("/static", StaticFiles(directory="/tmp/t"))],
    middleware=[Middleware(SessionMiddleware, secret_key="x"), Middleware(GZipMiddleware)],
)
client = TestClient(app)
assert client.get("/").text == "<p>2</p>"
assert client.post("/form", data={"a": "1"}).json() == {"a": "1"}
assert client.get("/static/a.html").status_code == 200
with client.websocket_connect("/ws") as socket:
    socket.send_text("x")
    assert socket.receive_text() == "x"
