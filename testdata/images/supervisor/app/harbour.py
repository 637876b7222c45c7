"""The web application: pages from templates, and jobs for the worker."""
import json
import locale
import socket
import time
import uuid

import redis
from flask import Flask, render_template

app = Flask(__name__)
queue = redis.Redis(port=6380)


@app.route("/")
def index():
    return render_template("index.html", ships=["Vasa", "Ähre"], zone=time.strftime("%Z", time.localtime(0)))


@app.route("/host")
def host():
    return f"{socket.gethostbyname('lighthouse.test')} {locale.setlocale(locale.LC_ALL, '')}\n"


@app.route("/job/<name>")
def job(name):
    answer = str(uuid.uuid4())
    queue.rpush("cargo", json.dumps({"task": name, "answer": answer}))
    got = queue.blpop(answer, timeout=5)
    return (got[1].decode() if got else "no answer") + "\n"
