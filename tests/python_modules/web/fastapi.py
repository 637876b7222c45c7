from fastapi import FastAPI, Depends, HTTPException, Form
from fastapi.testclient import TestClient
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel
class Item(BaseModel):
    name: str
    price: float = 1.0
app = FastAPI()
@app.post("/items")
async def items(item: Item): return item
@app.get("/x/{n}")
def x(n: int): return {"n": n}
c = TestClient(app)
assert c.post("/items", json={"name": "a"}).json() == {"name": "a", "price": 1.0}
assert c.get("/x/no").status_code == 422
assert "paths" in c.get("/openapi.json").json()
import threading, time, urllib.request, uvicorn
config = uvicorn.Config(app, port=18765, log_level="warning"); server = uvicorn.Server(config)
t = threading.Thread(target=server.run, daemon=True); t.start()
while not server.started: time.sleep(0.05)
assert urllib.request.urlopen("http://127.0.0.1:18765/x/3").read() == b'{"n":3}'
server.should_exit = True; t.join()
