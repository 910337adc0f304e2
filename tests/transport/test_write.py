"""What `write` and `writelines` accept, and that each byte arrives once and in order."""

import array
import asyncio
import hashlib
import select
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from .peers import RecordingProtocol, block_writing, connection, run, turns
from .reference import is_standard, skip_standard_library

Loop = asyncio.AbstractEventLoop

KEEPS_BUFFERS = "queues a view of a mutable buffer since 3.12, so a later change to it is sent"


class Text(bytes):
    pass


@pytest.mark.parametrize(
    "data",
    [
        b"plain",
        Text(b"subclass"),
        bytearray(b"mutable"),
        memoryview(b"view"),
        memoryview(bytearray(b"view of mutable")),
        memoryview(b"a slice of it")[2:7],
        memoryview(array.array("I", [1, 2, 3])),
        memoryview(bytes(range(24))).cast("B", shape=[2, 3, 4]),
    ],
    ids=lambda data: f"{type(data).__name__}-{len(data)}",
)
def test_write_takes_bytes_bytearray_and_contiguous_views(loop: Loop, data: Any) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, peer):
            transport.write(data)
            expected = memoryview(data).tobytes()
            assert await peer.receive(len(expected)) == expected

    run(loop, main())


@pytest.mark.parametrize(
    "make",
    [
        lambda data: memoryview(data).cast("I"),
        lambda data: memoryview(data).cast("B", shape=[64, len(data) // 64]),
        lambda data: memoryview(bytearray(data))[4096:],
        lambda data: memoryview(array.array("Q", data)),
    ],
    ids=["four-byte-items", "two-dimensions", "slice", "eight-byte-items"],
)
def test_a_view_larger_than_the_kernel_takes_arrives_whole(loop: Loop, make: Callable[[bytes], Any]) -> None:
    skip_standard_library(loop, "cuts off what was sent by items instead of bytes")
    view = make(bytes(range(256)) * 4096 * 4)

    async def main() -> None:
        async with connection(RecordingProtocol, small_buffers=True) as (transport, _, peer):
            transport.write(view)
            await turns(2)
            assert transport.get_write_buffer_size() > 0
            transport.close()
            assert await peer.receive_all() == view.tobytes()

    run(loop, main())


@pytest.mark.parametrize("data", ["text", 5, None, [1, 2], array.array("B", b"x"), object()], ids=repr)
def test_write_refuses_what_is_not_bytes_like(loop: Loop, data: Any) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, protocol, peer):
            with pytest.raises(TypeError) as error:
                transport.write(data)
            refusals = [
                f"data argument must be a bytes, bytearray, or memoryview object, not {type(data).__name__!r}",
                # The standard library before 3.14.
                *(
                    [f"data argument must be a bytes-like object, not {type(data).__name__!r}"]
                    * is_standard(loop)
                ),
            ]
            assert str(error.value) in refusals
            assert not transport.is_closing()
            transport.write(b"still here")
            assert await peer.receive(10) == b"still here"
            assert protocol.calls == ["connection_made"]

    run(loop, main())


def test_a_strided_view_is_never_sent_as_if_it_were_contiguous(
    loop: Loop, capture_errors: list[dict[str, Any]]
) -> None:
    async def main() -> bytes:
        async with connection(RecordingProtocol) as (transport, protocol, peer):
            try:
                transport.write(memoryview(b"abcdef")[::2])
            except BufferError:
                transport.close()
            else:
                transport.close()
                assert isinstance(await protocol.lost, BufferError | None)
            return await peer.receive_all()

    assert run(loop, main()) in (b"", b"ace")
    capture_errors.clear()


@pytest.mark.parametrize("empty", [b"", bytearray(), memoryview(b"")], ids=["bytes", "bytearray", "view"])
def test_an_empty_write_sends_nothing(loop: Loop, empty: Any) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, peer):
            transport.write(empty)
            transport.writelines([])
            transport.writelines([empty, empty])
            assert transport.get_write_buffer_size() == 0
            transport.write(b"x")
            transport.close()
            assert await peer.receive_all() == b"x"

    run(loop, main())


def test_many_writes_of_one_callback_arrive_in_order(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, peer):
            for number in range(2000):
                transport.write(b"%05d" % number)
            assert await peer.receive(10_000) == b"".join(b"%05d" % number for number in range(2000))

    run(loop, main())


@pytest.mark.exact_calls
def test_writes_of_one_callback_are_sent_by_the_end_of_that_turn(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, peer):
            for part in (b"one ", b"two ", b"three"):
                transport.write(part)
            await turns(1)
            # One more turn at most: this callback stands in the turn that follows the writes.
            assert transport.get_write_buffer_size() == 0
            peer.sock.settimeout(5)
            assert peer.sock.recv(100) == b"one two three"
            peer.sock.setblocking(False)

    run(loop, main())


def readable(sock: socket.socket) -> bool:
    return bool(select.select([sock], [], [], 0)[0])


@pytest.mark.exact_calls
def test_a_write_waits_for_a_few_callbacks_at_most(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, peer):
            seen: list[bool] = []
            loop.call_soon(transport.write, b"early")
            for _ in range(30):
                loop.call_soon(lambda: seen.append(readable(peer.sock)))
            await turns(2)
            assert len(seen) == 30
            assert all(seen[8:])

    run(loop, main())


@pytest.mark.exact_calls
def test_a_write_does_not_wait_for_callbacks_that_take_long(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, peer):
            seen: list[bool] = []

            def answer_late() -> None:
                time.sleep(0.005)  # work that blocks the loop
                transport.write(b"late")

            await turns()
            loop.call_soon(answer_late)
            for _ in range(7):
                loop.call_soon(lambda: seen.append(readable(peer.sock)))
            await turns(2)
            assert seen == [True] * 7

    run(loop, main())


@pytest.mark.exact_calls
def test_what_was_written_goes_out_although_the_callback_ends_the_loop(loop: Loop) -> None:
    first, second = socket.socketpair()
    first.setblocking(False)

    async def connect() -> asyncio.Transport:
        return (await loop.create_connection(RecordingProtocol, sock=first))[0]

    transport = loop.run_until_complete(connect())

    def write_and_exit() -> None:
        transport.write(b"last words")
        raise SystemExit

    loop.call_soon(write_and_exit)
    with second:
        with pytest.raises(SystemExit):
            loop.run_forever()
        second.settimeout(5)
        assert second.recv(100) == b"last words"
    transport.close()
    loop.run_until_complete(turns())


def test_writes_and_writelines_keep_their_order_while_bytes_wait(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol, small_buffers=True) as (transport, _, peer):
            written = bytearray(await block_writing(transport))
            for number in range(200):
                line = b"[%d]" % number
                if number % 3:
                    transport.write(line)
                    written += line
                else:
                    transport.writelines([line, b"", bytearray(line), memoryview(line)])
                    written += line * 3
            transport.close()
            assert await peer.receive_all() == written

    run(loop, main())


def test_a_huge_write_arrives_intact(loop: Loop) -> None:
    data = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(1 << 18))

    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, protocol, peer):
            transport.write(data)
            transport.close()
            received = await peer.receive_all()
            assert len(received) == len(data)
            assert hashlib.sha256(received).digest() == hashlib.sha256(data).digest()
            assert await protocol.lost is None

    run(loop, main())


def test_a_buffer_may_change_between_two_writes(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, peer):
            buffer = bytearray(b"first ")
            transport.write(buffer)
            buffer[:] = b"second"
            transport.write(buffer)
            buffer.clear()
            assert await peer.receive(12) == b"first second"

    run(loop, main())


@pytest.mark.parametrize("as_view", [False, True], ids=["bytearray", "view"])
@pytest.mark.parametrize("method", ["write", "writelines"])
def test_a_buffer_that_changes_while_it_waits_is_sent_as_it_was(
    loop: Loop, method: str, as_view: bool
) -> None:
    skip_standard_library(loop, KEEPS_BUFFERS, since=(3, 12))

    async def main() -> None:
        async with connection(RecordingProtocol, small_buffers=True) as (transport, _, peer):
            written = await block_writing(transport)
            buffer = bytearray(b"a" * 1000)
            data = memoryview(buffer) if as_view else buffer
            if method == "write":
                transport.write(data)
            else:
                transport.writelines([data])
            buffer[:] = b"b" * 1000
            transport.close()
            assert await peer.receive_all() == written + b"a" * 1000

    run(loop, main())


def test_a_large_buffer_of_which_a_part_was_sent_may_change_and_shrink(loop: Loop) -> None:
    skip_standard_library(loop, KEEPS_BUFFERS, since=(3, 12))

    async def main() -> None:
        async with connection(RecordingProtocol, small_buffers=True) as (transport, _, peer):
            buffer = bytearray(b"a" * (1 << 23))
            transport.write(buffer)
            assert transport.get_write_buffer_size() > 0
            buffer[:] = b"b" * len(buffer)
            buffer.clear()  # raises BufferError while the transport keeps hold of it
            transport.close()
            received = await peer.receive_all()
            assert len(received) == 1 << 23
            assert received.count(b"a") == 1 << 23

    run(loop, main())


@pytest.mark.parametrize(
    "lines",
    [
        lambda: [b"one", b"two"],
        lambda: (bytearray(b"one"), memoryview(b"two")),
        lambda: iter([b"one", b"two"]),
        lambda: (part for part in (b"on", b"", b"etw", b"o")),
    ],
    ids=["list", "tuple", "iterator", "generator"],
)
def test_writelines_takes_any_iterable_of_bytes_like_objects(
    loop: Loop, lines: Callable[[], Iterable[bytes]]
) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, peer):
            transport.writelines(lines())
            assert await peer.receive(6) == b"onetwo"

    run(loop, main())


def test_writelines_of_more_parts_than_one_system_call_takes_arrives_whole(loop: Loop) -> None:
    parts = [b"%07d" % number for number in range(5000)]

    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, peer):
            transport.writelines(parts)
            transport.close()
            assert await peer.receive_all() == b"".join(parts)

    run(loop, main())


def test_writelines_with_a_wrong_element_sends_none_of_them(loop: Loop) -> None:
    skip_standard_library(loop, "keeps the part before it, and then never writes again", since=(3, 15))

    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, peer):
            with pytest.raises(TypeError):
                transport.writelines([b"bytes", "text"])  # type: ignore[list-item]
            transport.write(b"next")
            transport.close()
            assert await peer.receive_all() == b"next"

    run(loop, main())


@pytest.mark.exact_calls
def test_write_buffer_size_counts_exactly_what_waits(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol, small_buffers=True) as (transport, _, peer):
            assert transport.get_write_buffer_size() == 0
            written = await block_writing(transport)
            await turns()
            waiting = transport.get_write_buffer_size()
            assert 0 < waiting < len(written)
            transport.write(b"x" * 1234)
            assert transport.get_write_buffer_size() == waiting + 1234
            transport.writelines([b"y" * 10, b"z" * 7])
            assert 0 < transport.get_write_buffer_size() <= waiting + 1251
            assert len(await peer.receive(len(written) + 1251)) == len(written) + 1251
            assert transport.get_write_buffer_size() == 0

    run(loop, main())


@pytest.mark.parametrize("size", [10, 1 << 22], ids=["small", "large"])
def test_a_write_to_a_connection_that_was_reset_is_an_error_of_the_connection(loop: Loop, size: int) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, protocol, peer):
            transport.pause_reading()
            peer.reset()
            while not transport.is_closing():
                transport.write(bytes(size))
                await turns(1)
            assert isinstance(await protocol.lost, ConnectionResetError | BrokenPipeError)
            assert protocol.calls.count("connection_lost") == 1

    run(loop, main())


@pytest.mark.reference_since(3, 12)
@pytest.mark.parametrize("data", ["text", 5], ids=repr)
def test_writelines_refuses_other_parts_in_the_words_of_memoryview(loop: Loop, data: Any) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, _peer):
            expected = f"memoryview: a bytes-like object is required, not {type(data).__name__!r}"
            with pytest.raises(TypeError, match=f"^{expected}$"):
                transport.writelines([data])

    run(loop, main())


@pytest.mark.reference_since(3, 12)
def test_writelines_takes_whatever_has_a_buffer(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, peer):
            transport.writelines([array.array("B", b"one"), b"two"])
            assert await peer.receive(6) == b"onetwo"

    run(loop, main())
