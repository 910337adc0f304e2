"""Who waits for bytes: woken, cancelled, failed, one at a time."""

import asyncio
import gc
import warnings

import pytest


async def started(loop, read):
    """A task that waits in a read."""
    task = loop.create_task(read)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not task.done()
    return task


def test_a_cancelled_read_leaves_every_byte(reader, loop, run):
    async def main():
        for read in (reader.readexactly(10), reader.readline(), reader.readuntil(b";")):
            task = await started(loop, read)
            reader.feed_data(b"ab")
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        return await reader.readexactly(6)

    assert run(main()) == b"ababab"


@pytest.mark.only_our_streams
def test_reading_up_to_the_end_loses_nothing_when_it_is_cancelled(streams, loop, run):
    async def main():
        reader = streams.StreamReader(limit=2, loop=loop)
        task = await started(loop, reader.read())
        for piece in (b"one ", b"two ", b"three "):
            reader.feed_data(piece)
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        reader.feed_data(b"four")
        reader.feed_eof()
        return await reader.read()

    assert run(main()) == b"one two three four"


def test_bytes_that_come_together_with_the_cancellation_stay(reader, loop, run):
    async def main():
        task = await started(loop, reader.read(10))
        reader.feed_data(b"late")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await reader.read(10)

    assert run(main()) == b"late"


@pytest.mark.parametrize("name", ["read", "readexactly", "readline", "readuntil"])
def test_a_second_read_is_refused_while_one_waits(reader, loop, run, name):
    async def main():
        task = await started(loop, reader.read(1))
        second = reader.readexactly(5) if name == "readexactly" else getattr(reader, name)()
        called = "readuntil" if name == "readline" else name
        text = f"^{called}\\(\\) called while another coroutine is already waiting for incoming data$"
        with pytest.raises(RuntimeError, match=text):
            await second
        reader.feed_data(b"x")
        assert await task == b"x"

    run(main())


def test_an_exception_reaches_who_waits_and_all_who_come_later(reader, loop, run):
    async def main():
        task = await started(loop, reader.readline())
        failure = ConnectionError("gone")
        reader.set_exception(failure)
        for each in (task, reader.read(1), reader.readexactly(1), reader.readline(), reader.readuntil(b";")):
            with pytest.raises(ConnectionError) as raised:
                await each
            assert raised.value is failure
        assert reader.exception() is failure

    run(main())


def test_an_exception_is_known_before_what_is_unread(reader, run):
    reader.feed_data(b"unread")
    reader.set_exception(ConnectionError())
    with pytest.raises(ConnectionError):
        run(reader.read(1))


def test_an_exception_after_the_cancellation_is_no_error(reader, loop, run):
    async def main():
        task = await started(loop, reader.readline())
        task.cancel()
        reader.set_exception(ConnectionError())
        with pytest.raises(asyncio.CancelledError):
            await task
        assert reader._waiter is None

    run(main())


def test_the_end_wakes_who_waits(reader, loop, run):
    async def main():
        for read, result in ((reader.read(5), b""), (reader.readline(), b"")):
            reader._eof = False
            task = await started(loop, read)
            reader.feed_eof()
            assert await task == result

    run(main())


@pytest.mark.only_our_streams
@pytest.mark.parametrize("ending", ["exception", "end"])
def test_a_stream_that_ends_between_wake_up_and_step_does_not_hang(streams, reader, loop, run, ending):
    """The standard library's reader waits for ever where the exception comes just after a part of the bytes."""

    async def main():
        task = await started(loop, reader.readuntil(b";"))
        reader.feed_data(b"part")
        if ending == "end":
            reader.feed_eof()
        else:
            reader.set_exception(ConnectionError("gone"))
        with pytest.raises(asyncio.IncompleteReadError if ending == "end" else ConnectionError):
            await task

    run(main())


@pytest.mark.only_our_streams
def test_who_loses_the_bytes_to_another_waits_on(streams, reader, loop, run):
    """The standard library's `read` gives b"" then, as if the stream had ended."""

    async def main():
        first = await started(loop, reader.read(10))
        reader.feed_data(b"x")
        assert await reader.read(10) == b"x"
        await asyncio.sleep(0)
        assert not first.done()
        reader.feed_data(b"y")
        assert await first == b"y"

    run(main())


@pytest.mark.only_our_streams
def test_a_separator_is_found_though_another_took_the_bytes_before(streams, reader, loop, run):
    async def main():
        first = await started(loop, reader.readuntil(b";"))
        reader.feed_data(b"0123456789")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        reader.feed_data(b"!")
        assert await reader.readexactly(11) == b"0123456789!"
        reader.feed_data(b"a;")
        assert await first == b"a;"

    run(main())


@pytest.mark.only_our_streams
def test_many_pieces_wake_who_waits_for_all_of_them_once(streams, reader, loop, run):
    async def main():
        task = await started(loop, reader.readexactly(100))
        waiter = reader._waiter
        for _ in range(99):
            reader.feed_data(b"x")
        await asyncio.sleep(0)
        assert reader._waiter is waiter
        reader.feed_data(b"x")
        assert await task == b"x" * 100

    run(main())


def test_a_read_that_nobody_awaits_is_warned_of(reader):
    with pytest.warns(RuntimeWarning, match=r"coroutine 'StreamReader.read' was never awaited"):
        reader.read(1)


def test_a_task_that_is_dropped_while_it_reads_frees_the_reader(streams, loop, run):
    async def main():
        reader = streams.StreamReader(loop=loop)
        read = reader.read(1)
        read.send(None)
        assert reader._waiter is not None
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            del read
            gc.collect()
        assert reader._waiter is None
        reader.feed_data(b"x")
        assert await reader.read(1) == b"x"

    run(main())


def test_waiting_for_data_takes_nothing(reader, loop, run):
    async def main():
        loop.call_soon(reader.feed_data, b"x")
        assert await reader._wait_for_data("main") is None
        assert await reader.read(1) == b"x"

    run(main())
