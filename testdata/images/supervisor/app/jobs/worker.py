"""Takes jobs from the queue, and answers."""
import argparse
import importlib
import json
import time

import redis


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--queue", required=True)
    queue_name = arguments.parse_args().queue
    queue = redis.Redis(port=6380)
    while True:
        try:
            _, job = queue.blpop(queue_name)
        except redis.ConnectionError:
            time.sleep(0.1)
            continue
        job = json.loads(job)
        task = getattr(importlib.import_module("jobs.tasks"), job["task"])
        queue.rpush(job["answer"], str(task()))


if __name__ == "__main__":
    main()
