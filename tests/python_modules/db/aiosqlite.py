import asyncio, aiosqlite
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

async def main():
    async with aiosqlite.connect(":memory:") as db:
        await db.execute("create table t (a)")
        await db.executemany("insert into t values (?)", [(1,), (2,)])
        async with db.execute("select sum(a) from t") as cursor:
            assert (await cursor.fetchone())[0] == 3
    engine = create_async_engine("sqlite+aiosqlite://")
    async with engine.begin() as connection:
        assert (await connection.execute(text("select 1"))).scalar() == 1
    await engine.dispose()

asyncio.run(main())
