import pymysql, pymysql.cursors

try:
    pymysql.connect(host="127.0.0.1", port=1, user="a", password="b", cursorclass=pymysql.cursors.DictCursor)
except pymysql.err.OperationalError as error:
    assert error.args[0] == 2003, error
assert pymysql.converters.escape_string("a'b") == "a\\'b"
from sqlalchemy import create_engine, text
try:
    create_engine("mysql+pymysql://a:b@127.0.0.1:1/x").connect().execute(text("select 1"))
except Exception as error:
    assert "2003" in str(error), error
