from flask import Flask

app = Flask(__name__)


@app.get("/")
def quay():
    return {"berths": 3, "name": "Nordkaj"}
