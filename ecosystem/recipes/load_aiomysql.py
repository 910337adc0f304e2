"""A query through aiomysql's pool for each request, in a transaction that is rolled back."""

import asyncio
import os
import sys

import aiomysql


async def main(port):
    pool = await aiomysql.create_pool(
        unix_socket=os.environ["MARIADB_SOCKET"],
        user=os.environ["MARIADB_USER"],
        password=os.environ["MARIADB_PASSWORD"],
        db="test",
        minsize=2,
        maxsize=8,
    )

    async def answer(reader, writer):
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                async with pool.acquire() as connection, connection.cursor() as cursor:
                    await connection.begin()
                    await cursor.execute("SELECT seq, md5(seq) FROM seq_1_to_20 WHERE seq <> %s", (7,))
                    rows = await cursor.fetchall()
                    await connection.rollback()
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
