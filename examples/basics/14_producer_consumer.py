"""Producer and consumers: a queue between those who make work and those who do it.

A bounded queue holds the producer back when the consumers cannot keep up, so memory stays bounded however
much there is to do. `task_done` and `join` tell when everything put in has been dealt with; then the
consumers, which wait for more, are cancelled.

Expected output:

    20 jobs done, sum 190
    never more than 3 in the queue
    every consumer had work: True
    the queue is empty: True
"""

import asyncio


async def produce(queue: asyncio.Queue[int], queued: list[int]) -> None:
    for job in range(20):
        await queue.put(job)  # waits here while the queue is full
        queued.append(queue.qsize())


async def consume(queue: asyncio.Queue[int], done: list[int]) -> None:
    while True:
        job = await queue.get()
        try:
            await asyncio.sleep(0.001)  # the work itself
            done.append(job)
        finally:
            queue.task_done()


async def main() -> None:
    queue: asyncio.Queue[int] = asyncio.Queue(maxsize=3)
    queued: list[int] = []
    done: list[list[int]] = [[], []]
    consumers = [asyncio.create_task(consume(queue, mine)) for mine in done]

    await produce(queue, queued)
    await queue.join()
    for consumer in consumers:
        consumer.cancel()
    await asyncio.gather(*consumers, return_exceptions=True)

    jobs = [job for mine in done for job in mine]
    print(f"{len(jobs)} jobs done, sum {sum(jobs)}")
    print("never more than", max(queued), "in the queue")
    print("every consumer had work:", all(done))
    print("the queue is empty:", queue.empty())


asyncio.run(main())
