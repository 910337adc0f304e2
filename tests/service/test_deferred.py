"""What a program does not use is not imported, and what is imported late is the plain function."""

from __future__ import annotations

import inspect
import subprocess
import sys

import ouroloop
from ouroloop.service import datagram

UNUSED = ("connect", "datagram", "listen", "pipes", "sendfile", "sockets", "subprocess", "tls", "unix")


def test_an_empty_run_imports_no_kind_of_io() -> None:
    code = (
        "import sys, ouroloop\n"
        "async def main(): pass\n"
        "ouroloop.run(main())\n"
        f"print([name for name in {UNUSED} if 'ouroloop.service.' + name in sys.modules])\n"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout == "[]\n"


def test_a_method_is_the_function_itself_and_shows_its_signature() -> None:
    class Loop(ouroloop.EventLoop):
        pass

    assert Loop.create_datagram_endpoint is datagram.create_datagram_endpoint
    assert ouroloop.EventLoop.__dict__["create_datagram_endpoint"] is datagram.create_datagram_endpoint
    assert "remote_addr" in inspect.signature(ouroloop.EventLoop.create_datagram_endpoint).parameters
    assert inspect.iscoroutinefunction(ouroloop.EventLoop.create_datagram_endpoint)


def test_a_method_of_a_loop_is_bound_to_it() -> None:
    loop = ouroloop.new_event_loop()
    try:
        assert loop.connect_read_pipe.__self__ is loop
        assert loop.connect_write_pipe.__func__ is type(loop).connect_write_pipe
    finally:
        loop.close()
