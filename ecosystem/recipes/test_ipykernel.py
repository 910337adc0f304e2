"""IPython and Jupyter's kernel: top-level await on our loop, as `ouroloop run` starts them."""

import subprocess
import sys

import pytest
from ecosystem_programs import LOOP, LOOP_MODULE
from jupyter_client import BlockingKernelClient, KernelManager

TAKEOVER = ["-m", "ouroloop", "run"] if LOOP == "ouroloop" else []
LOOP_OF_CELL = "import asyncio; print(type(asyncio.get_running_loop()).__module__)"


@pytest.fixture
def kernel():
    manager = KernelManager()
    manager.kernel_spec.argv = [
        sys.executable,
        *TAKEOVER,
        "-m",
        "ipykernel_launcher",
        "-f",
        "{connection_file}",
    ]
    manager.start_kernel()
    client: BlockingKernelClient = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=45)
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def run_cell(client, code):
    """What a cell prints, and how it ends."""
    printed = []

    def hear(message):
        if message["msg_type"] == "stream":
            printed.append(message["content"]["text"])

    reply = client.execute_interactive(code, timeout=45, output_hook=hear)
    return "".join(printed), reply["content"]


def test_top_level_await_in_ipython(tmp_path):
    code = f"{LOOP_OF_CELL}; await asyncio.sleep(0.01); print('awaited')"
    command = [sys.executable, *TAKEOVER, "-m", "IPython", "--no-banner", "--colors=nocolor", "-c", code]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=50, stdin=subprocess.DEVNULL
    )
    module, *rest = done.stdout.split()
    assert module.startswith(LOOP_MODULE), done.stdout + done.stderr
    assert rest == ["awaited"]


def test_cells_await_and_share_one_loop(kernel):
    _, client = kernel
    printed, _ = run_cell(client, LOOP_OF_CELL)
    assert printed.startswith(LOOP_MODULE)
    run_cell(client, "task = asyncio.create_task(asyncio.sleep(0.05, 'from the cell before'))")
    assert run_cell(client, "print(await task)")[0] == "from the cell before\n"
    assert (
        run_cell(client, "print(sum(await asyncio.gather(*(asyncio.sleep(0, n) for n in range(100)))))")[0]
        == "4950\n"
    )
    ename = run_cell(client, "async with asyncio.timeout(0.01): await asyncio.sleep(60)")[1]["ename"]
    assert ename == "TimeoutError"


def test_an_interrupted_cell_leaves_the_kernel_usable(kernel):
    manager, client = kernel
    run_cell(client, "import asyncio, os, signal, threading")
    code = "threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()\nawait asyncio.sleep(60)"
    assert run_cell(client, code)[1]["ename"] in ("KeyboardInterrupt", "CancelledError")
    assert run_cell(client, "await asyncio.sleep(0.01); print('still here')")[0] == "still here\n"
    assert manager.is_alive()
