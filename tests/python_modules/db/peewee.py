from peewee import CharField, ForeignKeyField, Model, SqliteDatabase, fn
from playhouse.pool import PooledSqliteDatabase
from playhouse.shortcuts import model_to_dict

db = SqliteDatabase(":memory:")

class User(Model):
    name = CharField()

    class Meta:
        database = db

class Pet(Model):
    owner = ForeignKeyField(User, backref="pets")

    class Meta:
        database = db

db.create_tables([User, Pet])
with db.atomic():
    ann = User.create(name="ann")
    Pet.create(owner=ann)
assert User.select(fn.COUNT(Pet.id)).join(Pet).scalar() == 1
assert model_to_dict(ann)["name"] == "ann"
PooledSqliteDatabase("/tmp/x.db").connect()
