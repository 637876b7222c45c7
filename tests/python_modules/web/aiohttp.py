import asyncio
from aiohttp import ClientSession, FormData, web

async def hello(request):
    data = await request.post()
    return web.json_response({"name": request.match_info["name"], "fields": list(data)})

async def socket(request):
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    async for message in ws:
        await ws.send_str(message.data.upper())
    return ws

async def main():
    app = web.Application()
    app.add_routes([web.post("/{name}", hello), web.get("/ws", socket), web.static("/s", "/app")])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 18766)
    await site.start()
    async with ClientSession("http://127.0.0.1:18766") as session:
        form = FormData()
        form.add_field("file", b"x", filename="a.txt")
        async with session.post("/ann", data=form) as response:
            assert await response.json() == {"name": "ann", "fields": ["file"]}
        async with session.ws_connect("/ws") as ws:
            await ws.send_str("hi")
            assert await ws.receive_str() == "HI"
        async with session.get("/s/main.py") as response:
            assert response.status == 200
    await runner.cleanup()

asyncio.run(main())
