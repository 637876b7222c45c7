from gevent import monkey
monkey.patch_all()
import gevent, gevent.pool, gevent.pywsgi, gevent.queue, urllib.request

def app(environ, start):
    start("200 OK", [])
    return [b"hi"]

server = gevent.pywsgi.WSGIServer(("127.0.0.1", 18779), app, log=None)
server.start()
assert urllib.request.urlopen("http://127.0.0.1:18779/").read() == b"hi"
pool = gevent.pool.Pool(2)
assert pool.map(lambda x: x + 1, [1, 2]) == [2, 3]
import gevent.subprocess, socket
socket.getaddrinfo("127.0.0.1", 80)
server.stop()
