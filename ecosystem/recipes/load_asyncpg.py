"""A query through asyncpg's pool for each request, in a transaction."""

import asyncio
import os

import asyncpg
from ecosystem_load import serve_http


async def main():
    pool = await asyncpg.create_pool(os.environ["POSTGRES_URL"], min_size=2, max_size=8)

    async def ask():
        async with pool.acquire() as connection, connection.transaction(readonly=True):
            rows = await connection.fetch("SELECT n, md5(n::text) FROM generate_series(1, $1) AS n", 20)
        return "\n".join(row[1] for row in rows).encode()

    await serve_http(ask)


asyncio.run(main())
