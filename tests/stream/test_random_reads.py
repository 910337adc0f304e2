"""Whatever is read, however it arrives and whenever reads are cancelled: each byte comes once, in order."""

import asyncio
import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# Few different bytes, so that separators are common, and half of one too.
PIECE = st.text(alphabet="ab\n;", min_size=1, max_size=12).map(str.encode)
SEPARATOR = st.sampled_from(
    [b"\n", b";", b"a;", b"ab\nb", (b"\n", b";"), (b";", b"ab;"), (b"aaaa", b"ba", b"\n")]
)
READ = st.one_of(
    st.tuples(st.just("read"), st.sampled_from([-1, 0, 1, 2, 7, 30])),
    st.tuples(st.just("readexactly"), st.sampled_from([0, 1, 9, 40, 100])),
    st.tuples(st.just("readuntil"), SEPARATOR),
    st.tuples(st.just("readline")),
    st.tuples(st.just("__anext__")),
)
# A read, and after how many iterations of the loop it is cancelled.
STEP = st.tuples(READ, st.sampled_from([0, 1, 2, 3, 4, 8, 20]))


class PausedTransport(asyncio.Transport):
    """Feeds the pieces to the reader, one an iteration of the loop, while it is not paused."""

    def __init__(self, loop, reader, pieces):
        super().__init__()
        self.loop = loop
        self.reader = reader
        self.pieces = pieces
        self.is_paused = False
        self.feeding = loop.call_soon(self.feed)

    def pause_reading(self):
        assert not self.is_paused
        self.is_paused = True

    def resume_reading(self):
        assert self.is_paused
        self.is_paused = False

    def feed(self):
        self.feeding = self.loop.call_soon(self.feed)
        if self.is_paused:
            return
        if self.pieces:
            self.reader.feed_data(self.pieces.pop(0))
        else:
            self.reader.feed_eof()
            self.feeding.cancel()


async def attempt(loop, reader, read, patience):
    """What the read took out of the stream, and whether that is a line as it was asked for."""
    method, *arguments = read
    task = loop.create_task(getattr(reader, method)(*arguments))
    for _ in range(patience):
        await asyncio.sleep(0)
    task.cancel()
    try:
        return await task, True
    except (asyncio.CancelledError, StopAsyncIteration, asyncio.LimitOverrunError):
        return b"", False
    except asyncio.IncompleteReadError as error:
        return error.partial, False
    except ValueError as error:
        return error.partial, False


def separators_of(read):
    if read[0] in ("readline", "__anext__"):
        return (b"\n",)
    if read[0] == "readuntil":
        return read[1] if isinstance(read[1], tuple) else (read[1],)
    return ()


def check_line(line, separators, limit, is_at_end):
    """A line ends with a separator, has no other that ends sooner, and is no longer than the limit."""
    ending = [each for each in separators if line.endswith(each)]
    if not ending:
        assert is_at_end
        return
    assert not any(line.find(each) + len(each) < len(line) for each in separators if each in line)
    assert len(line) - min(map(len, ending)) <= limit


async def follow(loop, streams, pieces, limit, steps):
    reader = streams.StreamReader(limit=limit, loop=loop)
    transport = PausedTransport(loop, reader, pieces)
    reader.set_transport(transport)
    received = []
    try:
        for read, patience in steps:
            taken, is_whole = await attempt(loop, reader, read, patience)
            received.append(taken)
            if is_whole and taken and separators_of(read):
                check_line(taken, separators_of(read), limit, reader._eof)
            if is_whole and read[0] == "readexactly":
                assert len(taken) == read[1]
            if is_whole and read[0] == "read" and read[1] >= 0:
                assert len(taken) <= read[1]
            # Nobody waits now, so nobody takes more than this: the transport stands still.
            assert transport.is_paused or len(reader._buffer) <= 2 * limit or reader._eof
        received.append(await reader.read())
    finally:
        transport.feeding.cancel()
    assert reader.at_eof()
    assert not transport.is_paused
    return b"".join(received)


@settings(
    max_examples=int(os.environ.get("OUROLOOP_SCHEDULES", "150")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    pieces=st.lists(PIECE, min_size=3, max_size=30),
    limit=st.sampled_from([1, 3, 10, 25]),
    steps=st.lists(STEP, min_size=3, max_size=20),
)
def test_each_byte_is_read_once_and_in_order(only_ours, loop, pieces, limit, steps):
    data = b"".join(pieces)
    main = follow(loop, only_ours, pieces, limit, steps)
    assert loop.run_until_complete(asyncio.wait_for(main, 20)) == data
