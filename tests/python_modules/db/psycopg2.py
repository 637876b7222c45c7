import psycopg2, psycopg2.extras, psycopg2.pool, psycopg2.sql

assert psycopg2.extensions.adapt("it's").getquoted() == b"'it''s'"
psycopg2.extras.register_uuid()
try:
    psycopg2.connect("host=127.0.0.1 port=1 dbname=x connect_timeout=1 sslmode=require")
except psycopg2.OperationalError as error:
    assert "refused" in str(error), error
try:
    psycopg2.pool.SimpleConnectionPool(1, 2, "host=127.0.0.1 port=1")
except psycopg2.OperationalError:
    pass
