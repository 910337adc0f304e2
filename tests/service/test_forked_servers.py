"""Processes that are made of a program with a loop: `multiprocessing` in every way, and a pre-fork server."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """
    import multiprocessing, os, sys

    {preamble}

    async def work(number):
        process = await asyncio.create_subprocess_exec("echo", str(number), stdout=-1)
        output, _ = await process.communicate()
        await asyncio.sleep(0)
        return int(output)

    def child(queue, number):
        loop = new_event_loop()
        queue.put((number, loop.run_until_complete(work(number)), os.getppid()))
        loop.close()

    async def main(context):
        loop = asyncio.get_running_loop()
        queue = context.Queue()
        children = [context.Process(target=child, args=(queue, number)) for number in range(3)]
        for each in children:
            each.start()
        # The parent's loop goes on while they run, with processes of its own.
        assert await work(100) == 100
        answers = [await loop.run_in_executor(None, queue.get, True, 20) for _ in children]
        for each in children:
            await loop.run_in_executor(None, each.join, 20)
            assert each.exitcode == 0, each.exitcode
        assert sorted(answer[:2] for answer in answers) == [(0, 0), (1, 1), (2, 2)], answers
        assert await work(200) == 200
        await loop.shutdown_default_executor()

    if __name__ == "__main__":
        loop = new_event_loop()
        loop.run_until_complete(asyncio.wait_for(main(multiprocessing.get_context(sys.argv[1])), 25))
        loop.close()
        print("done")
"""

PRE_FORK = """
    import os, signal, socket, sys

    WORKERS, CLIENTS = 3, 60

    async def serve(listener):
        loop = asyncio.get_running_loop()
        stopped = loop.create_future()
        loop.add_signal_handler(signal.SIGTERM, stopped.set_result, None)

        async def answer(reader, writer):
            assert await reader.readline() == b"who\\n"
            writer.write(b"%d\\n" % os.getpid())
            await writer.drain()
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(answer, sock=listener)
        await stopped
        server.close()
        await server.wait_closed()
        loop.remove_signal_handler(signal.SIGTERM)

    async def ask(address):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"who\\n")
        answer = int(await reader.readline())
        writer.close()
        await writer.wait_closed()
        return answer

    async def end_of(worker):
        os.kill(worker, signal.SIGTERM)
        while True:
            found, status = os.waitpid(worker, os.WNOHANG)
            if found:
                return os.waitstatus_to_exitcode(status)
            await asyncio.sleep(0.01)

    async def clients(address, workers):
        answered = await asyncio.gather(*(ask(address) for _ in range(CLIENTS)))
        assert set(answered) <= workers, answered
        # Which of them is quick is the system's affair; each is quick enough once the others are gone.
        while workers:
            worker = await ask(address)
            assert await end_of(worker) == 7
            workers.remove(worker)

    async def warm_up():
        await asyncio.sleep(0)

    # The arbiter has used a loop before it forks, and uses it on.
    loop = new_event_loop()
    loop.run_until_complete(warm_up())
    loop.add_signal_handler(signal.SIGTERM, print, "for the arbiter")
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    workers = set()
    for _ in range(WORKERS):
        worker = os.fork()
        if worker == 0:
            own = new_event_loop()
            own.run_until_complete(serve(listener))
            own.close()
            sys.stdout.flush()
            os._exit(7)
        workers.add(worker)
    loop.run_until_complete(asyncio.wait_for(clients(listener.getsockname(), workers), 50))
    loop.run_until_complete(warm_up())
    loop.remove_signal_handler(signal.SIGTERM)
    loop.close()
    listener.close()
    print("done")
"""


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_multiprocessing_starts_processes_with_loops_from_a_running_loop(
    implementation: Any, tmp_path: Path, method: str
) -> None:
    program = tmp_path / "program.py"
    source = "\n".join(line[4:] if line.startswith("    ") else line for line in PROGRAM.split("\n"))
    program.write_text(source.replace("{preamble}", implementation.script_preamble))
    result = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", program, method],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (result.stdout, result.stderr, result.returncode) == ("done\n", "", 0)


@pytest.mark.reference_since(3, 12)
def test_workers_that_are_forked_share_a_listening_socket(
    run_script: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """As gunicorn does it: listen, fork, accept in each worker."""
    options = ("-W", "ignore::DeprecationWarning")
    result = run_script(PRE_FORK, interpreter_options=options, timeout_seconds=60)
    assert (result.stdout, result.stderr, result.returncode) == ("done\n", "", 0)
