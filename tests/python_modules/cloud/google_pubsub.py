import os
os.environ["PUBSUB_EMULATOR_HOST"] = "127.0.0.1:1"
from google.cloud import pubsub_v1
from google.api_core import exceptions, retry

publisher = pubsub_v1.PublisherClient()
path = publisher.topic_path("p", "t")
future = publisher.publish(path, b"x", retry=None, timeout=0.5)
try:
    future.result(timeout=10)
except Exception as error:
    assert "refused" in str(error).lower() or "unavailable" in str(error).lower() or "Deadline" in type(error).__name__, error
subscriber = pubsub_v1.SubscriberClient()
try:
    subscriber.pull(subscription=subscriber.subscription_path("p", "s"), max_messages=1, retry=None, timeout=1)
except exceptions.GoogleAPICallError:
    pass
