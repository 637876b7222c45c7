import datetime
from marshmallow import Schema, ValidationError, fields, post_load, validate

class User(Schema):
    name = fields.Str(required=True, validate=validate.Length(min=2))
    email = fields.Email()
    at = fields.DateTime()
    tags = fields.List(fields.Nested({"n": fields.Int()}))

    @post_load
    def make(self, data, **_):
        return data

loaded = User().load({"name": "ann", "email": "a@b.de", "at": "2024-01-01T00:00:00", "tags": [{"n": "1"}]})
assert loaded["at"] == datetime.datetime(2024, 1, 1) and loaded["tags"] == [{"n": 1}]
User().dump(loaded)
try:
    User().load({"name": "a", "email": "x"})
except ValidationError as error:
    assert set(error.messages) == {"name", "email"}
