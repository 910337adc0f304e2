"""An echo server with room for few connections, run by test_accept_exhaustion.py as a process of its own.

The first argument is how many connections it may hold. It prints its port, then echoes until its standard
input ends, and prints a line of JSON: how often running out of descriptors was reported, with what, and the
processor time in seconds. `new_event_loop` is defined in front of this text.
"""

import asyncio
import json
import os
import resource
import socket
import sys
import time

reports = []


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


def report(loop, context):
    reports.append(
        {
            "message": context["message"],
            "errno": context["exception"].errno,
            "socket": type(context.get("socket")).__name__,
        }
    )


async def main(room):
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(report)
    server = await loop.create_server(Echo, "127.0.0.1", 0, backlog=20)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin, ended.set)
    print(server.sockets[0].getsockname()[1], flush=True)
    highest = max(int(name) for name in os.listdir("/proc/self/fd"))
    # Numbers up to the limit are all taken, so that exactly `room` more can be opened.
    limit = highest + 40
    fillers = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    while True:
        try:
            fillers.append(socket.socket())
        except OSError:
            break
    for filler in fillers[-room:]:
        filler.close()
    started = time.process_time()
    await ended.wait()
    loop.remove_reader(sys.stdin)
    server.close()
    await asyncio.sleep(0)
    for filler in fillers:
        filler.close()
    print(json.dumps({"reports": reports, "seconds": time.process_time() - started}), flush=True)


def run():
    loop = new_event_loop()  # noqa: F821
    try:
        loop.run_until_complete(main(int(sys.argv[1])))
    finally:
        loop.close()


run()
