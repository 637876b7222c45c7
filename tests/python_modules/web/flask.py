from flask import Flask, render_template_string, jsonify, session
app = Flask(__name__); app.secret_key = "x"
@app.route("/<n>")
def hello(n): session["n"] = n; return render_template_string("<b>{{ n|upper }}</b>{% for i in [1,2] %}{{ i }}{% endfor %}", n=n)
@app.route("/j")
def j(): return jsonify(a=1)
c = app.test_client()
assert c.get("/abc").data == b"<b>ABC</b>12"; assert c.get("/j").json == {"a": 1}
from flask.cli import FlaskGroup
r = app.test_cli_runner().invoke(FlaskGroup(create_app=lambda: app), ["routes"])
assert "hello" in r.output, r.output
