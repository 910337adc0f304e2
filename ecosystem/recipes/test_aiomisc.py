"""aiomisc's entrypoint takes our loop factory; services, its thread pool and its time limits work on it."""

import asyncio
import threading

import aiomisc
import pytest
from ecosystem_programs import LOOP, LOOP_MODULE, free_port


def factory():
    if LOOP == "asyncio":
        return asyncio.SelectorEventLoop
    return __import__(LOOP).new_event_loop


class Echo(aiomisc.service.TCPServer):
    async def handle_client(self, reader, writer):
        writer.write((await reader.readline()).upper())
        await writer.drain()
        writer.close()


def test_the_entrypoint_runs_services_on_the_loop():
    async def main(port):
        assert type(asyncio.get_running_loop()).__module__.startswith(LOOP_MODULE)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"hello\n")
        assert await reader.read() == b"HELLO\n"
        writer.close()
        await writer.wait_closed()
        return await threaded_name()

    @aiomisc.threaded
    def threaded_name():
        return threading.current_thread() is not threading.main_thread()

    port = free_port()
    with aiomisc.entrypoint(Echo(address="127.0.0.1", port=port), loop_factory=factory()) as loop:
        assert loop.run_until_complete(main(port))


def test_time_limits_and_retries():
    calls = []

    @aiomisc.asyncbackoff(attempt_timeout=5, deadline=20, pause=0.001, max_tries=3, exceptions=(OSError,))
    async def flaky():
        calls.append(1)
        if len(calls) < 3:
            raise OSError
        return "done"

    @aiomisc.timeout(0.01)
    async def slow():
        await asyncio.sleep(60)

    async def main():
        assert await flaky() == "done"
        with pytest.raises(asyncio.TimeoutError):
            await slow()

    aiomisc.run(main(), loop_factory=factory())
