"""Dask distributed: scheduler, workers and client on one loop, and as processes of their own."""

import asyncio
import time

from dask import delayed
from distributed import Client, LocalCluster, Nanny, Scheduler, Worker, get_worker
from ecosystem_programs import LOOP_MODULE


def loop_module():
    return type(get_worker().loop.asyncio_loop).__module__


def square(number):
    return number * number


def test_scheduler_workers_and_client_on_one_loop():
    async def main():
        assert type(asyncio.get_running_loop()).__module__.startswith(LOOP_MODULE)
        async with (
            Scheduler(port=0, dashboard_address=":0") as scheduler,
            Worker(scheduler.address, nthreads=1),
            Worker(scheduler.address, nthreads=1),
            Client(scheduler.address, asynchronous=True) as client,
        ):
            assert (await client.submit(loop_module)).startswith(LOOP_MODULE)
            assert await client.gather(client.map(square, range(300))) == [n * n for n in range(300)]
            total = await client.compute(delayed(sum)([delayed(square)(n) for n in range(50)]))
            assert total == sum(n * n for n in range(50))
            data = await client.scatter(bytes(5_000_000))
            assert await client.submit(len, data) == 5_000_000
            slow = client.submit(time.sleep, 5)
            await slow.cancel()
            assert slow.cancelled()

    asyncio.run(main())


def test_a_worker_process_that_dies_is_replaced_and_its_work_done_again():
    async def main():
        async with (
            Scheduler(port=0, dashboard_address=":0") as scheduler,
            Nanny(scheduler.address, nthreads=1) as nanny,
            Client(scheduler.address, asynchronous=True) as client,
        ):
            assert await client.submit(square, 7) == 49
            process = nanny.pid
            await nanny.kill(timeout=10)
            deadline = time.monotonic() + 40
            while not scheduler.workers or nanny.pid in (None, process):
                assert time.monotonic() < deadline
                await asyncio.sleep(0.1)
            assert await client.gather(client.map(square, range(20))) == [n * n for n in range(20)]

    asyncio.run(main())


def test_a_cluster_of_processes_used_from_ordinary_code():
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        assert client.gather(client.map(square, range(200))) == [n * n for n in range(200)]
        assert sorted(client.run(square, 3).values()) == [9, 9]
