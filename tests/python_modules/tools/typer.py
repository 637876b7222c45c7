import typer
from typer.testing import CliRunner

app = typer.Typer()

@app.command()
def hello(name: str, n: int = 1):
    """Says hello."""
    print(f"hi {name}" * n)

@app.command()
def fail():
    raise ValueError("x")

assert "hi ann" in CliRunner().invoke(app, ["hello", "ann"]).output
assert "Usage" in CliRunner().invoke(app, ["--help"]).output
assert "Missing" in CliRunner().invoke(app, ["hello"]).output
try:
    app(["fail"], standalone_mode=False)
except ValueError:
    pass
