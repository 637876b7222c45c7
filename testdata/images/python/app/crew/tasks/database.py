def run():
    import sqlite3

    connection = sqlite3.connect(":memory:")
    connection.execute("create virtual table log using fts5(entry)")
    connection.execute("insert into log values ('man overboard')")
    return connection.execute("select entry from log where log match 'overboard'").fetchone()[0]
