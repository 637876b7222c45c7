import asyncio, redis, redis.asyncio, socketserver, threading

class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while line := self.rfile.readline():
            words = []
            for _ in range(int(line[1:])):
                self.rfile.readline()
                words.append(self.rfile.readline().strip())
            self.wfile.write(b"$1\r\nx\r\n" if words[0] == b"GET" else b"+OK\r\n")

server = socketserver.ThreadingTCPServer(("127.0.0.1", 18773), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
client = redis.Redis.from_url("redis://127.0.0.1:18773/0?protocol=2", decode_responses=True)
assert client.set("a", "x") and client.get("a") == "x"
pipe = client.pipeline(transaction=False)
pipe.set("b", 1).get("a")
pipe.execute()

async def main():
    client = redis.asyncio.from_url("redis://127.0.0.1:18773/0?protocol=2")
    assert await client.get("a") == b"x"
    await client.aclose()

asyncio.run(main())
try:
    redis.Redis(port=1, socket_connect_timeout=1).ping()
except redis.ConnectionError:
    pass
client.close()
server.shutdown()
