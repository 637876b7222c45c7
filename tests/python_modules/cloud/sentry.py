import logging, sentry_sdk

events = []
sentry_sdk.init("http://a@127.0.0.1:1/1", before_send=lambda event, hint: events.append(event), traces_sample_rate=1.0)
with sentry_sdk.start_transaction(name="t"):
    with sentry_sdk.start_span(op="o"):
        pass
try:
    1 / 0
except ZeroDivisionError:
    sentry_sdk.capture_exception()
logging.error("x")
sentry_sdk.flush(1)
assert len(events) == 2
