import tornado.httpclient, tornado.ioloop, tornado.template, tornado.web, tornado.websocket, tornado.locale

class Main(tornado.web.RequestHandler):
    async def get(self, name):
        self.set_secure_cookie("a", "b")
        self.write({"name": name})

class Echo(tornado.websocket.WebSocketHandler):
    def on_message(self, message):
        self.write_message(message.upper())

async def main():
    app = tornado.web.Application(
        [("/hello/(.*)", Main), ("/ws", Echo)], cookie_secret="x", static_path="/app", gzip=True
    )
    server = app.listen(18768, "127.0.0.1")
    client = tornado.httpclient.AsyncHTTPClient()
    response = await client.fetch("http://127.0.0.1:18768/hello/ann")
    assert response.body == b'{"name": "ann"}'
    assert (await client.fetch("http://127.0.0.1:18768/static/main.py")).code == 200
    socket = await tornado.websocket.websocket_connect("ws://127.0.0.1:18768/ws")
    await socket.write_message("hi")
    assert await socket.read_message() == "HI"
    server.stop()

assert tornado.template.Template("{% for x in y %}{{ x }}{% end %}").generate(y=[1, 2]) == b"12"
tornado.ioloop.IOLoop.current().run_sync(main)
