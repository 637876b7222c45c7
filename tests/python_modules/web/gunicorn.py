import subprocess, time, urllib.request

with open("/tmp/site_of_gunicorn.py", "w") as file:
    file.write("def app(e, start):\n    start('200 OK', [])\n    return [b'hi']\n")
for worker in ("sync", "gthread"):
    process = subprocess.Popen(
        ["/venv/bin/python", "-B", "-m", "gunicorn", "-k", worker, "-b", "127.0.0.1:18770", "--worker-tmp-dir", "/tmp",
         "--chdir", "/tmp", "--access-logfile", "-", "site_of_gunicorn:app"]
    )
    answer = None
    for _ in range(300):
        try:
            answer = urllib.request.urlopen("http://127.0.0.1:18770/3").read()
            break
        except OSError:
            time.sleep(0.1)
    process.terminate()
    process.wait()
    assert answer == b"hi", answer
