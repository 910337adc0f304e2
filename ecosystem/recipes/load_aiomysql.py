"""A query through aiomysql's pool for each request, in a transaction that is rolled back."""

import asyncio
import os

import aiomysql
from ecosystem_load import serve_http


async def main():
    pool = await aiomysql.create_pool(
        unix_socket=os.environ["MARIADB_SOCKET"],
        user=os.environ["MARIADB_USER"],
        password=os.environ["MARIADB_PASSWORD"],
        db="test",
        minsize=2,
        maxsize=8,
    )

    async def ask():
        async with pool.acquire() as connection, connection.cursor() as cursor:
            await connection.begin()
            await cursor.execute("SELECT seq, md5(seq) FROM seq_1_to_20 WHERE seq <> %s", (7,))
            rows = await cursor.fetchall()
            await connection.rollback()
        return "\n".join(row[1] for row in rows).encode()

    await serve_http(ask)


asyncio.run(main())
