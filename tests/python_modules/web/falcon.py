import falcon, falcon.asgi
from falcon import testing

class Thing:
    def on_get(self, request, response, number):
        response.media = {"number": number}

    def on_post(self, request, response, number):
        response.media = request.get_media()
        response.set_cookie("a", "b")

app = falcon.App(cors_enable=True)
app.add_route("/things/{number:int}", Thing())
client = testing.TestClient(app)
assert client.simulate_get("/things/3").json == {"number": 3}
assert client.simulate_post("/things/3", json={"a": 1}).json == {"a": 1}
assert client.simulate_get("/none").status_code == 404

class Other:
    async def on_get(self, request, response):
        response.text = "hi"

app = falcon.asgi.App()
app.add_route("/", Other())
assert testing.TestClient(app).simulate_get("/").text == "hi"
