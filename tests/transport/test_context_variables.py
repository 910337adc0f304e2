"""Transport callbacks run in the context that the transport was made in."""

import asyncio
import contextvars
import socket
from typing import Any

import pytest

from .peers import (
    LOOPBACK,
    RecordingProtocol,
    block_writing,
    connected_sockets,
    connection,
    eventually,
    run,
    turns,
)

Loop = asyncio.AbstractEventLoop

place: contextvars.ContextVar[str] = contextvars.ContextVar("place", default="nowhere")


class NotesPlace(RecordingProtocol):
    """Writes down the value of `place` in each callback."""

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[str, str] = {}

    def note(self, callback: str) -> None:
        self.places[callback] = place.get()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.note("connection_made")

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.note("data_received")

    def eof_received(self) -> bool | None:
        super().eof_received()
        self.note("eof_received")
        return None

    def resume_writing(self) -> None:
        super().resume_writing()
        self.note("resume_writing")

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self.note("connection_lost")


def test_a_clients_callbacks_see_the_variables_of_their_maker(loop: Loop) -> None:
    async def main() -> None:
        place.set("client")
        async with connection(NotesPlace) as (_, protocol, peer):
            await peer.send(b"x")
            peer.finish_writing()
            await protocol.lost
            assert protocol.places == dict.fromkeys(
                ["connection_made", "data_received", "eof_received", "connection_lost"], "client"
            )

    run(loop, main())


def test_a_servers_callbacks_see_the_variables_of_the_task_that_made_the_server(loop: Loop) -> None:
    made: list[NotesPlace] = []
    factory_places: list[str] = []

    def factory() -> NotesPlace:
        factory_places.append(place.get())
        made.append(NotesPlace())
        return made[-1]

    async def serve() -> asyncio.Server:
        place.set("server")
        return await loop.create_server(factory, LOOPBACK, 0)

    async def main() -> None:
        place.set("elsewhere")
        server = await asyncio.ensure_future(serve())
        with socket.create_connection(server.sockets[0].getsockname()) as client:
            client.send(b"x")
            client.shutdown(socket.SHUT_WR)
            await eventually(lambda: made)
            await made[0].lost
        server.close()
        await turns()

    run(loop, main())
    assert factory_places == ["server"]
    assert made[0].places == dict.fromkeys(
        ["connection_made", "data_received", "eof_received", "connection_lost"], "server"
    )


def test_what_a_maker_sets_later_is_not_seen(loop: Loop) -> None:
    async def main() -> None:
        place.set("before")
        async with connection(NotesPlace) as (_, protocol, peer):
            place.set("after")
            await peer.send(b"x")
            await protocol.receive(1)
            assert protocol.places["data_received"] == "before"

    run(loop, main())


def test_what_a_callback_sets_stays_out_of_the_maker(loop: Loop) -> None:
    class Sets(RecordingProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            place.set("inside")

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            place.set("inside")

    async def main() -> None:
        place.set("outside")
        async with connection(Sets) as (_, protocol, peer):
            await peer.send(b"x")
            await protocol.receive(1)
            assert place.get() == "outside"

    run(loop, main())


class Remembers(RecordingProtocol):
    """Tells in `seen` what `place` was, then sets it to the bytes that came."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.seen.append(place.get())
        place.set(data.decode())


def test_what_one_data_received_sets_the_next_one_sees(loop: Loop) -> None:
    async def main() -> None:
        place.set("start")
        async with connection(Remembers) as (_, protocol, peer):
            for data in (b"a", b"b", b"c"):
                await peer.send(data)
                await protocol.receive(1)
            assert protocol.seen == ["start", "a", "b"]

    run(loop, main())


def test_connections_of_one_server_do_not_see_each_others_variables(loop: Loop) -> None:
    made: list[Remembers] = []

    def factory() -> Remembers:
        made.append(Remembers())
        return made[-1]

    async def main() -> None:
        place.set("server")
        server = await loop.create_server(factory, LOOPBACK, 0)
        address = server.sockets[0].getsockname()
        clients = [socket.create_connection(address) for _ in range(3)]
        for client in clients:
            client.send(b"x")
        await eventually(lambda: len(made) == 3 and all(protocol.received for protocol in made))
        assert [protocol.seen for protocol in made] == [["server"]] * 3
        for client in clients:
            client.close()
        for protocol in made:
            await protocol.lost
        server.close()
        await turns()

    run(loop, main())


@pytest.mark.only_ouroloop
def test_callbacks_stay_in_their_context_whoever_calls_the_transport(loop: Loop) -> None:
    """python/cpython#140947: the standard library goes on in the context of whoever resumed or closed."""

    async def in_another_place(method: Any) -> None:
        place.set("another")
        method()

    async def main() -> None:
        place.set("home")
        async with connection(NotesPlace, small_buffers=True) as (transport, protocol, peer):
            transport.pause_reading()
            await asyncio.ensure_future(in_another_place(transport.resume_reading))
            written: list[bytes] = []

            async def write_elsewhere() -> None:
                place.set("another")
                written.append(await block_writing(transport))

            await asyncio.ensure_future(write_elsewhere())
            await peer.send(b"x")
            await protocol.receive(1)
            await peer.receive(len(written[0]))
            await eventually(lambda: "resume_writing" in protocol.calls)
            await asyncio.ensure_future(in_another_place(transport.close))
            await protocol.lost
            assert protocol.places == dict.fromkeys(
                ["connection_made", "data_received", "resume_writing", "connection_lost"], "home"
            )

    run(loop, main())


def test_flow_control_called_from_within_a_callback_works(loop: Loop) -> None:
    """`pause_writing` comes from inside `write`, so its context may be the one that is already entered."""

    class Floods(RecordingProtocol):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            assert self.transport is not None
            self.transport.write(bytes(1 << 23))

    async def main() -> None:
        async with connection(Floods, small_buffers=True) as (_, protocol, peer):
            await peer.send(b"x")
            assert await peer.receive(1 << 23) == bytes(1 << 23)
            assert protocol.calls == ["connection_made", "data_received", "pause_writing", "resume_writing"]

    run(loop, main())


def test_a_transport_made_outside_any_task_runs_in_the_context_of_its_maker(loop: Loop) -> None:
    with connected_sockets() as (near, far):
        context = contextvars.copy_context()
        context.run(place.set, "no task")
        task = context.run(loop.create_task, loop.create_connection(NotesPlace, sock=near))
        transport, protocol = loop.run_until_complete(task)

        async def main() -> None:
            far.send(b"x")
            await protocol.receive(1)
            transport.close()
            await protocol.lost

        run(loop, main())
        assert protocol.places["data_received"] == "no task"
