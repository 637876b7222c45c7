import click
from click.testing import CliRunner

@click.group()
def main():
    pass

@main.command()
@click.option("--n", type=click.IntRange(0, 5), prompt=True)
@click.argument("file", type=click.File("r"))
def run(n, file):
    click.secho(f"{n}", fg="red")
    with click.progressbar(range(n)) as bar:
        list(bar)

result = CliRunner().invoke(main, ["run", "/app/main.py"], input="3\n")
assert result.exit_code == 0, result.output
assert "Usage" in CliRunner().invoke(main, ["--help"]).output
