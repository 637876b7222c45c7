import asyncio, psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from psycopg import sql

assert psycopg.pq.__impl__ == "binary"
try:
    psycopg.connect("host=127.0.0.1 port=1 connect_timeout=1", row_factory=dict_row)
except psycopg.OperationalError as error:
    assert "refused" in str(error), error

async def main():
    try:
        await psycopg.AsyncConnection.connect("host=127.0.0.1 port=1 connect_timeout=1")
    except psycopg.OperationalError:
        pass

asyncio.run(main())
assert sql.SQL("select {}").format(sql.Literal("a'b")).as_string(None) == "select 'a''b'"
Jsonb({"a": 1})
