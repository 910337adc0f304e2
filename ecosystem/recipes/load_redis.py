"""A few commands to Redis for each request, some of them in a transaction, over a pool of connections."""

import asyncio
import os
import sys

import redis.asyncio


async def main(port):
    pool = redis.asyncio.BlockingConnectionPool.from_url(os.environ["REDIS_URL"], max_connections=16)
    client = redis.asyncio.Redis(connection_pool=pool)

    async def answer(reader, writer):
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                async with client.pipeline(transaction=True) as commands:
                    count, _, recent = (
                        await commands.incr("count")
                        .lpush("recent", "x" * 50)
                        .lrange("recent", 0, 9)
                        .execute()
                    )
                await client.ltrim("recent", 0, 99)
                body = b"%d %d" % (count, len(recent))
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", port) as server:
        await server.serve_forever()


asyncio.run(main(int(sys.argv[1])))
