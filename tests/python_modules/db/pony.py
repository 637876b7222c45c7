from pony.orm import Database, PrimaryKey, Required, Set, count, db_session, select

db = Database()

class User(db.Entity):
    name = Required(str)
    pets = Set("Pet")

class Pet(db.Entity):
    owner = Required(User)

db.bind(provider="sqlite", filename=":memory:")
db.generate_mapping(create_tables=True)
with db_session:
    ann = User(name="ann")
    Pet(owner=ann)
    assert count(p for p in Pet if p.owner.name == "ann") == 1
