"""Streams that talk to programs which are not ours."""

import http.server
import threading
from contextlib import contextmanager

BODY = bytes(range(256)) * 1000


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *arguments):
        pass


@contextmanager
def http_server():
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def get(reader, writer):
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await writer.drain()
    status = await reader.readline()
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split()[0])
    return status, await reader.readexactly(length)


def test_several_requests_over_one_http_connection(streams, run):
    async def main(address):
        reader, writer = await streams.open_connection(*address)
        for _ in range(5):
            assert await get(reader, writer) == (b"HTTP/1.1 200 OK\r\n", BODY)
        writer.close()
        await writer.wait_closed()

    with http_server() as address:
        run(main(address))
