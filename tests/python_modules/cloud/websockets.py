import asyncio, websockets
from websockets.sync.client import connect as connect_sync

async def echo(socket):
    async for message in socket:
        await socket.send(message.upper())

async def main():
    async with websockets.serve(echo, "127.0.0.1", 18780):
        async with websockets.connect("ws://127.0.0.1:18780") as socket:
            await socket.send("hi")
            assert await socket.recv() == "HI"
        def blocking():
            with connect_sync("ws://127.0.0.1:18780") as socket:
                socket.send("yo")
                return socket.recv()
        assert await asyncio.to_thread(blocking) == "YO"

asyncio.run(main())
