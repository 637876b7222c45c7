import bson, datetime
from bson.objectid import ObjectId
from pymongo import ASCENDING, AsyncMongoClient, MongoClient, UpdateOne
from pymongo.errors import ServerSelectionTimeoutError

data = {"_id": ObjectId(), "at": datetime.datetime(2024, 1, 1), "n": bson.Int64(3), "d": bson.Decimal128("1.5")}
assert bson.decode(bson.encode(data))["n"] == 3
client = MongoClient("mongodb://a:b@127.0.0.1:1/?authSource=admin", serverSelectionTimeoutMS=300)
try:
    client.db.things.bulk_write([UpdateOne({"a": 1}, {"$set": {"b": 2}}, upsert=True)])
except ServerSelectionTimeoutError as error:
    assert "refused" in str(error), error
client.close()
