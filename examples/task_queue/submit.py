"""Gives the files of a folder to the workers, and prints what became of each.

python examples/task_queue/submit.py FOLDER --redis redis://127.0.0.1:6379
"""

import argparse
import asyncio
import sys
from pathlib import Path

from arq import create_pool
from arq.connections import ArqRedis, RedisSettings
from arq.jobs import Job
from redis.exceptions import RedisError

import ouroloop

# Jobs that are asked about at the same time. The queue itself may be as long as it likes.
ASKED_AT_ONCE = 50


async def enqueue(redis: ArqRedis, path: Path) -> Job:
    # The same file, unchanged, is one job however often it is submitted: arq does a job of one id once.
    job_id = f"compress:{path}:{path.stat().st_mtime_ns}"
    return await redis.enqueue_job("compress", str(path), _job_id=job_id) or Job(job_id, redis)


async def report(job: Job, path: Path, limit: asyncio.Semaphore, seconds: float) -> bool:
    async with limit:
        try:
            result = await job.result(timeout=seconds, poll_delay=0.1)
        except TimeoutError:
            print(f"{path}: no worker has done it within {seconds:g} s", flush=True)
            return False
        except (RedisError, ConnectionError):
            raise
        except Exception as error:  # whatever the job raised, in its worker
            print(f"{path}: {type(error).__name__}: {error}", flush=True)
            return False
    share = result["after"] / max(result["before"], 1)
    print(f"{path}: {share:.0%}, by {result['worker']} at try {result['tries']}", flush=True)
    return True


async def submit(redis_settings: RedisSettings, paths: list[Path], seconds: float) -> bool:
    redis = await create_pool(redis_settings)
    try:
        jobs = [(await enqueue(redis, path), path) for path in paths]
        limit = asyncio.Semaphore(ASKED_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            reports = [group.create_task(report(job, path, limit, seconds)) for job, path in jobs]
        return all(task.result() for task in reports)
    finally:
        await redis.aclose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Has the files of a folder compressed.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--redis", default="redis://127.0.0.1:6379")
    parser.add_argument("--seconds", type=float, default=300.0, help="to wait for each (%(default)s)")
    options = parser.parse_args()
    if not options.folder.is_dir():
        parser.error(f"{options.folder} is no folder: name one that exists")
    files = sorted(
        path.resolve() for path in options.folder.iterdir() if path.suffix != ".gz" and path.is_file()
    )
    try:
        done = ouroloop.run(submit(RedisSettings.from_dsn(options.redis), files, options.seconds))
    except (RedisError, OSError) as error:
        sys.exit(f"no Redis at {options.redis}: {error}; start one, or name another with --redis")
    sys.exit(0 if done else 1)
