"""A few commands to Redis for each request, some of them in a transaction, over a pool of connections."""

import asyncio
import os

import redis.asyncio
from ecosystem_load import serve_http


async def main():
    pool = redis.asyncio.BlockingConnectionPool.from_url(os.environ["REDIS_URL"], max_connections=16)
    client = redis.asyncio.Redis(connection_pool=pool)

    async def ask():
        async with client.pipeline(transaction=True) as commands:
            count, _, recent = (
                await commands.incr("count").lpush("recent", "x" * 50).lrange("recent", 0, 9).execute()
            )
        await client.ltrim("recent", 0, 99)
        return b"%d %d" % (count, len(recent))

    await serve_http(ask)


asyncio.run(main())
