"""For the programs that are loaded, and the clients that load them: what several of them do alike."""

import asyncio
import sys
import threading
import time


async def pieces(scope, receive, send):
    """An ASGI application that answers in a few pieces."""
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    for number in range(4):
        await send({"type": "http.response.body", "body": b"piece" * 50, "more_body": number < 3})


async def serve_http(ask):
    """Answers each request with the bytes that `ask` comes to, on the port that the program was given."""

    async def answer(reader, writer):
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                body = await ask()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", int(sys.argv[1])) as server:
        await server.serve_forever()


def load_from_threads(count, load):
    """Runs `load(port, deadline, counts, errors)` in threads, and says in wrk's words what they noted."""
    port, seconds = int(sys.argv[1]), float(sys.argv[2])
    counts, errors = [], []
    deadline = time.monotonic() + seconds
    threads = [threading.Thread(target=load, args=(port, deadline, counts, errors)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"{len(counts)} requests in {seconds} s")
    if errors:
        print(f"Socket errors: {len(errors)}, the first {errors[0]}")
