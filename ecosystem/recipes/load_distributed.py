"""Dask's scheduler and two workers in one process, on one loop."""

import asyncio
import signal
import sys

import dask
from distributed import Scheduler, Worker

# What they note for people to look at later is no use of memory that a minute could judge.
dask.config.set({"distributed.admin.low-level-log-length": 50})


async def main(port):
    stop = asyncio.Event()
    async with (
        Scheduler(host="127.0.0.1", port=port, dashboard_address=":0") as scheduler,
        Worker(scheduler.address, nthreads=1, dashboard_address=":0"),
        Worker(scheduler.address, nthreads=1, dashboard_address=":0"),
    ):
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await stop.wait()


asyncio.run(main(int(sys.argv[1])))
