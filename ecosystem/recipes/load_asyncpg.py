"""A query through asyncpg's pool for each request, some in a transaction that is rolled back."""

import asyncio
import os
import sys

import asyncpg


async def main(port):
    pool = await asyncpg.create_pool(os.environ["POSTGRES_URL"], min_size=2, max_size=8)

    async def answer(reader, writer):
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                async with pool.acquire() as connection, connection.transaction(readonly=True):
                    rows = await connection.fetch(
                        "SELECT n, md5(n::text) FROM generate_series(1, $1) AS n", 20
                    )
                body = "\n".join(row[1] for row in rows).encode()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", port) as server:
        await server.serve_forever()


asyncio.run(main(int(sys.argv[1])))
