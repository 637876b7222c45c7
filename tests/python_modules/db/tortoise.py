from tortoise import Tortoise, fields, run_async
from tortoise.models import Model
from tortoise.functions import Count

class User(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(20)

async def main():
    await Tortoise.init(db_url="sqlite://:memory:", modules={"models": ["__main__"]})
    await Tortoise.generate_schemas()
    await User.create(name="ann")
    assert await User.filter(name__icontains="AN").annotate(n=Count("id")).count() == 1
    await Tortoise.close_connections()

run_async(main())
