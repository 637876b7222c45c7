import subprocess, sys, time, urllib.request

if len(sys.argv) > 1:
    from sanic import Sanic
    from sanic.response import json, text

    app = Sanic("app")

    @app.get("/<n:int>")
    async def number(request, n):
        return json({"n": n})

    app.run(host="127.0.0.1", port=18769, single_process=True, motd=False, access_log=True)
else:
    import sanic.app, sanic.response, sanic.server
    process = subprocess.Popen([sys.executable, "-B", __file__, "serve"])
    for _ in range(300):
        try:
            answer = urllib.request.urlopen("http://127.0.0.1:18769/3").read()
            break
        except OSError:
            time.sleep(0.1)
    assert answer == b'{"n":3}', answer
    # On a busy machine, the server has been seen to go on after one SIGTERM.
    process.kill()
    process.wait()
