import datetime, uuid, msgpack, orjson, simplejson
assert msgpack.unpackb(msgpack.packb({"a": [1, b"x", None]})) == {"a": [1, b"x", None]}
msgpack.packb(datetime.datetime.now(datetime.timezone.utc), datetime=True)
assert orjson.loads(orjson.dumps({"u": uuid.UUID(int=1), "d": datetime.date(2020, 1, 1)}))["d"] == "2020-01-01"
assert simplejson.loads(simplejson.dumps({"a": 1.5}, use_decimal=True), use_decimal=True)["a"]
