import asyncio, asyncpg

async def main():
    try:
        await asyncpg.connect("postgresql://a:b@127.0.0.1:1/x", timeout=2)
    except OSError as error:
        assert "refused" in str(error).lower() or "1" in str(error), error
    try:
        await asyncpg.create_pool("postgresql://a:b@127.0.0.1:1/x", timeout=2)
    except OSError:
        pass

asyncio.run(main())
assert asyncpg.exceptions.UniqueViolationError.sqlstate == "23505"
