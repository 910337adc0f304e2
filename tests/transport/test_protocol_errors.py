"""What becomes of an exception that a protocol raises."""

import asyncio
import contextlib
import gc
import os
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .peers import (
    LOOPBACK,
    RecordingProtocol,
    accept_from,
    connected_sockets,
    connection,
    eventually,
    listening_socket,
    run,
    turns,
)
from .reference import is_standard

Loop = asyncio.AbstractEventLoop
Contexts = list[dict[str, Any]]


class Unusual(BaseException):
    """Neither an Exception nor one of the two that leave the loop."""


class FailsIn(RecordingProtocol):
    """Raises `error` in one of its callbacks."""

    def __init__(self, callback: str, error: BaseException) -> None:
        super().__init__()
        self.callback = callback
        self.error = error

    def act(self, callback: str) -> None:
        if callback == self.callback:
            raise self.error

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.act("connection_made")

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.act("data_received")

    def eof_received(self) -> bool | None:
        super().eof_received()
        self.act("eof_received")
        return None

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self.act("connection_lost")


@pytest.mark.parametrize("error", [ArithmeticError("wrong"), Unusual("odd")], ids=repr)
@pytest.mark.parametrize("callback", ["data_received", "eof_received"])
def test_an_error_while_reading_is_reported_and_handed_to_connection_lost(
    loop: Loop, capture_errors: Contexts, callback: str, error: BaseException
) -> None:
    async def main() -> None:
        async with connection(lambda: FailsIn(callback, error)) as (transport, protocol, peer):
            await peer.send(b"x")
            peer.finish_writing()
            assert await protocol.lost is error
            await turns()
            [context] = capture_errors
            assert context["message"] == f"Fatal error: protocol.{callback}() call failed."
            assert context["exception"] is error
            assert context["transport"] is transport
            assert context["protocol"] is protocol
            assert protocol.calls[-2:] == [callback, "connection_lost"]

    run(loop, main())


def test_an_error_while_reading_drops_what_was_written(loop: Loop, capture_errors: Contexts) -> None:
    class WritesAndFails(FailsIn):
        def data_received(self, data: bytes) -> None:
            assert self.transport is not None
            self.transport.write(bytes(1 << 24))
            super().data_received(data)

    async def main() -> None:
        error = ArithmeticError()
        async with connection(lambda: WritesAndFails("data_received", error)) as (transport, protocol, peer):
            await peer.send(b"x")
            assert await protocol.lost is error
            assert transport.get_write_buffer_size() == 0
            capture_errors.clear()

    run(loop, main())


def test_an_oserror_from_a_protocol_ends_the_connection_without_a_report(loop: Loop) -> None:
    """Operating system errors are a connection's daily life, and connection_lost gets them."""

    async def main() -> None:
        error = OSError("broken")
        async with connection(lambda: FailsIn("data_received", error)) as (_, protocol, peer):
            await peer.send(b"x")
            assert await protocol.lost is error

    run(loop, main())


def test_an_error_in_connection_made_is_reported_and_the_connection_lives(
    loop: Loop, capture_errors: Contexts
) -> None:
    async def main() -> None:
        error = ArithmeticError()
        async with connection(lambda: FailsIn("connection_made", error)) as (transport, protocol, peer):
            await turns()
            [context] = capture_errors
            assert context["exception"] is error
            assert "connection_made" in context["message"]
            assert not transport.is_closing()
            await peer.send(b"x")
            assert await protocol.receive(1) == b"x"

    run(loop, main())


@pytest.mark.parametrize("blocked", [False, True], ids=["idle", "blocked"])
def test_an_error_in_connection_lost_is_reported_once_and_the_socket_closed(
    loop: Loop, capture_errors: Contexts, blocked: bool
) -> None:
    async def main() -> None:
        error = ArithmeticError()
        async with connection(lambda: FailsIn("connection_lost", error)) as (transport, protocol, peer):
            if blocked:
                transport.write(bytes(1 << 24))
            transport.abort()
            await protocol.lost
            await turns(3)
            [context] = capture_errors
            assert context["exception"] is error
            assert isinstance(context["message"], str)
            assert transport.get_extra_info("socket").fileno() == -1
            with contextlib.suppress(ConnectionResetError):
                await peer.receive_all()

    run(loop, main())


def test_an_error_in_connection_lost_after_another_error_is_reported_beside_it(
    loop: Loop, capture_errors: Contexts
) -> None:
    class FailsTwice(FailsIn):
        def connection_lost(self, exc: BaseException | None) -> None:
            super().connection_lost(exc)
            raise LookupError("second")

    async def main() -> None:
        error = ArithmeticError("first")
        async with connection(lambda: FailsTwice("data_received", error)) as (_, protocol, peer):
            await peer.send(b"x")
            assert await protocol.lost is error
            await turns(3)
            assert [type(context["exception"]) for context in capture_errors] == [
                ArithmeticError,
                LookupError,
            ]

    run(loop, main())


@pytest.mark.parametrize("error_class", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("callback", ["connection_made", "data_received", "eof_received", "connection_lost"])
def test_an_interrupt_in_a_callback_leaves_the_loop_which_can_run_on(
    loop: Loop, callback: str, error_class: type[BaseException]
) -> None:
    made: list[FailsIn] = []

    def factory() -> FailsIn:
        made.append(FailsIn(callback, error_class()))
        return made[-1]

    async def main(near: socket.socket) -> None:
        await loop.create_connection(factory, sock=near)

    with connected_sockets() as (near, far):
        far.send(b"x")
        far.shutdown(socket.SHUT_WR)
        task = loop.create_task(main(near))
        with pytest.raises(error_class):
            loop.run_forever()
        assert not loop.is_running()
        assert made[0].calls[-1] == callback
        if callback != "connection_lost":
            assert made[0].transport is not None
            made[0].transport.abort()
            made[0].callback = ""
        run(loop, turns(5))
        assert made[0].calls.count("connection_lost") == 1
        run(loop, finished(task))


async def finished(task: asyncio.Task[Any]) -> None:
    await asyncio.wait({task})
    assert task.exception() is None


@contextlib.contextmanager
def unix_sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    with near, far:
        yield near, far


def failing_factory() -> RecordingProtocol:
    raise ArithmeticError("no protocol")


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_an_error_in_the_factory_leaves_create_connection_and_no_descriptor(loop: Loop) -> None:
    async def main() -> None:
        with listening_socket() as listener:
            with pytest.raises(ArithmeticError, match="no protocol"):
                await loop.create_connection(failing_factory, *listener.getsockname())
            with accept_from(listener) as far:
                far.settimeout(5)
                assert far.recv(1) == b""

    run(loop, main())


@pytest.mark.only_ouroloop
def test_a_failed_factory_closes_the_socket_even_while_its_exception_is_kept(
    loop: Loop, capture_errors: Contexts
) -> None:
    """The standard library's socket lives as long as the traceback that holds it."""

    async def main() -> None:
        with listening_socket() as listener:
            with pytest.raises(ArithmeticError) as kept:
                await loop.create_connection(failing_factory, *listener.getsockname())
            assert kept.value.__traceback__ is not None
            with accept_from(listener) as far:
                far.settimeout(5)
                assert far.recv(1) == b""
        server = await loop.create_server(failing_factory, LOOPBACK, 0)
        _transport, protocol = await loop.create_connection(
            RecordingProtocol, *server.sockets[0].getsockname()
        )
        await protocol.lost
        assert len(capture_errors) == 1
        server.close()

    loop.set_debug(True)
    run(loop, main())


@pytest.mark.reference_since(3, 15)
@pytest.mark.parametrize("way", ["create_connection", "connect_accepted_socket"])
def test_a_failed_factory_closes_the_socket_that_the_caller_gave(loop: Loop, way: str) -> None:
    async def main() -> None:
        with connected_sockets() as (near, far):
            with pytest.raises(ArithmeticError, match="no protocol"):
                await getattr(loop, way)(failing_factory, sock=near)
            assert near.fileno() == -1
            far.settimeout(5)
            assert far.recv(1) == b""

    run(loop, main())


class RefusesToSay(RecordingProtocol):
    @property
    def connection_made(self) -> Any:  # type: ignore[override]
        raise AttributeError("no attribute 'connection_made'")


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("factory", [lambda: None, object, RefusesToSay], ids=["none", "object", "property"])
@pytest.mark.parametrize("way", ["create_connection", "create_unix_connection", "connect_accepted_socket"])
def test_what_is_no_protocol_is_told_to_who_connects(loop: Loop, way: str, factory: Any) -> None:
    async def main() -> None:
        with connected_sockets() if way == "create_connection" else unix_sockets() as (near, far):
            with pytest.raises(AttributeError, match="no attribute 'connection_made'"):
                await getattr(loop, way)(factory, sock=near)
            gc.collect()
            far.settimeout(5)
            assert far.recv(1) == b""

    run(loop, main())


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_what_is_no_protocol_leaves_no_endpoint(loop: Loop) -> None:
    with pytest.raises(AttributeError, match="no attribute 'connection_made'"):
        run(loop, loop.create_datagram_endpoint(lambda: None, local_addr=(LOOPBACK, 0)))  # type: ignore[arg-type]
    gc.collect()


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("way", ["connect_read_pipe", "connect_write_pipe"])
def test_what_is_no_protocol_gets_no_pipe(loop: Loop, way: str) -> None:
    reader, writer = os.pipe()
    with open(reader, "rb", 0) as readable, open(writer, "wb", 0) as writable:
        pipe = readable if way == "connect_read_pipe" else writable
        with pytest.raises(AttributeError, match="no attribute 'connection_made'"):
            run(loop, getattr(loop, way)(lambda: None, pipe))
        gc.collect()


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.parametrize("debug", [False, True], ids=["quiet", "debug"])
def test_an_error_in_a_servers_factory_ends_that_connection_alone(loop: Loop, debug: bool) -> None:
    """The server goes on. The standard library reports the error in debug mode only, and else drops it."""
    factories: list[Callable[[], RecordingProtocol]] = [RecordingProtocol, failing_factory]
    made: list[RecordingProtocol] = []
    reports: list[tuple[str, type]] = []

    def factory() -> RecordingProtocol:
        made.append(factories.pop()())
        return made[-1]

    async def main() -> None:
        server = await loop.create_server(factory, LOOPBACK, 0)
        address = server.sockets[0].getsockname()
        _, first = await loop.create_connection(RecordingProtocol, *address)
        await eventually(lambda: len(factories) == 1)
        await turns(3)
        gc.collect()  # In debug mode the standard library leaves the socket in a reference cycle.
        await first.lost
        transport, second = await loop.create_connection(RecordingProtocol, *address)
        await eventually(lambda: made)
        transport.close()
        server.close()
        await second.lost
        await made[0].lost
        await turns(2)

    # Nor are the contexts kept: the exception in them would keep the socket open.
    loop.set_exception_handler(
        lambda _, context: reports.append((context["message"], type(context["exception"])))
    )
    loop.set_debug(debug)
    run(loop, main())
    expected = ("Error on transport creation for incoming connection", ArithmeticError)
    assert reports == ([] if is_standard(loop) and not debug else [expected])


def test_a_factory_that_is_not_callable_is_a_type_error(loop: Loop) -> None:
    async def main() -> None:
        with connected_sockets() as (near, _), pytest.raises(TypeError):
            await loop.create_connection(5, sock=near)  # type: ignore[call-overload]

    run(loop, main())
