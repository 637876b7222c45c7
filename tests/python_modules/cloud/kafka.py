from kafka import KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError

for make in (KafkaProducer, KafkaConsumer):
    try:
        make(bootstrap_servers="127.0.0.1:1", bootstrap_timeout_ms=500)
    except TypeError:
        raise
    except (KafkaError, AssertionError) as error:
        print(type(error).__name__)
