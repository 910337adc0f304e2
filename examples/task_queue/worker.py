"""A worker: takes jobs from Redis and does several at once, until it is told to stop.

    python examples/task_queue/worker.py --redis redis://127.0.0.1:6379

Run as many as you have cores, on as many machines as see the files. After SIGTERM or Ctrl-C it takes no more, and gives
what it has not finished after a while back to the queue, for another worker.
"""

import argparse
import asyncio
import logging
import sys

from arq.connections import RedisSettings
from arq.worker import Worker
from jobs import TIMEOUT_SECONDS, TRIES_MAX, compress
from redis.exceptions import RedisError

import ouroloop

GRACE_SECONDS = 5


async def work(redis: RedisSettings, jobs_at_once: int) -> None:
    worker = Worker(
        functions=[compress],
        redis_settings=redis,
        max_jobs=jobs_at_once,
        max_tries=TRIES_MAX,
        job_timeout=TIMEOUT_SECONDS,
        # Without it arq loses, until its time is over, a job that it has taken and not begun when the signal comes.
        job_completion_wait=GRACE_SECONDS,
        poll_delay=0.1,
        keep_result=3600,
    )
    print("ready", flush=True)
    try:
        await worker.async_run()
    except asyncio.CancelledError:
        # How arq ends when a signal came.
        logging.getLogger("arq.worker").info("stopped")
    finally:
        await worker.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Takes jobs from Redis and does them.")
    parser.add_argument("--redis", default="redis://127.0.0.1:6379")
    parser.add_argument("--jobs", type=int, default=4, help="done at once (%(default)s)")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        ouroloop.run(work(RedisSettings.from_dsn(options.redis), options.jobs))
    except (RedisError, OSError) as error:
        sys.exit(f"no Redis at {options.redis}: {error}; start one, or name another with --redis")
