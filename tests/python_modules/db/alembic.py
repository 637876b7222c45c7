import os
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect

config = Config()
os.system("rm -rf /tmp/migrations /tmp/alembic.db")
config.config_file_name = "/tmp/alembic.ini"
command.init(config, "/tmp/migrations")
config = Config("/tmp/alembic.ini")
config.set_main_option("sqlalchemy.url", "sqlite:////tmp/alembic.db")
command.revision(config, "first")
[file] = [name for name in os.listdir("/tmp/migrations/versions") if name.endswith(".py")]
path = f"/tmp/migrations/versions/{file}"
text = open(path).read().replace("pass", "op.create_table('t', sa.Column('id', sa.Integer, primary_key=True))", 1)
open(path, "w").write(text)
command.upgrade(config, "head")
assert "t" in inspect(create_engine("sqlite:////tmp/alembic.db")).get_table_names()
command.history(config)
