"""What the worker can do, found by name."""
import importlib
import multiprocessing
import subprocess


def count():
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        return sum(pool.map(abs, range(-10, 0)))


def list_papers():
    return subprocess.run("ls -1 papers | sed 's/txt$/paper/' | head -n 1", shell=True, capture_output=True, text=True).stdout.strip()


def archive():
    subprocess.run(["tar", "--create", "--gzip", "--file", "/tmp/papers.tar.gz", "papers"], check=True)
    return importlib.import_module("tarfile").open("/tmp/papers.tar.gz").getnames()[-1]


def letters():
    return b"\x91\x44".decode("shift_jis") + importlib.import_module("unicodedata").name("ß")
