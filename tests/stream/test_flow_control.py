"""The transport is stopped while too much is unread, and a writer waits while the transport has enough."""

import asyncio

import pytest


@pytest.fixture
def small_reader(streams, loop, transport):
    reader = streams.StreamReader(limit=10, loop=loop)
    reader.set_transport(transport)
    return reader


class TestReading:
    def test_stops_beyond_twice_the_limit(self, small_reader, transport):
        small_reader.feed_data(b"x" * 20)
        assert transport.calls == []
        small_reader.feed_data(b"x")
        small_reader.feed_data(b"x")
        assert transport.calls == ["pause"]

    def test_goes_on_once_no_more_than_the_limit_is_unread(self, small_reader, transport, run):
        small_reader.feed_data(b"x" * 21)
        run(small_reader.read(10))
        assert transport.calls == ["pause"]
        run(small_reader.readexactly(1))
        assert transport.calls == ["pause", "resume"]

    def test_goes_on_after_a_line(self, small_reader, transport, run):
        small_reader.feed_data(b"x" * 10 + b"\n" + b"x" * 10)
        assert transport.calls == ["pause"]
        assert run(small_reader.readline()) == b"x" * 10 + b"\n"
        assert transport.calls == ["pause", "resume"]

    def test_goes_on_after_a_line_beyond_the_limit(self, small_reader, transport, run):
        small_reader.feed_data(b"x" * 30)
        with pytest.raises(ValueError, match="limit"):
            run(small_reader.readline())
        assert transport.calls == ["pause", "resume"]

    def test_goes_on_for_who_waits_for_more_than_the_limit(self, small_reader, transport, loop, run):
        async def main():
            small_reader.feed_data(b"x" * 21)
            task = loop.create_task(small_reader.readexactly(50))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert transport.is_reading_now
            small_reader.feed_data(b"x" * 29)
            assert await task == b"x" * 50

        run(main())
        assert transport.is_reading_now

    @pytest.mark.only_our_streams
    def test_stops_when_who_waited_for_more_gives_up(self, small_reader, transport, loop, run):
        async def main():
            task = loop.create_task(small_reader.readexactly(50))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            small_reader.feed_data(b"x" * 40)
            assert transport.calls == []
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert transport.calls == ["pause"]

        run(main())

    def test_a_transport_that_cannot_stop_is_not_asked_again(self, streams, loop, run):
        class Endless(asyncio.Transport):
            asked = 0

            def pause_reading(self):
                self.asked += 1
                raise NotImplementedError

        transport = Endless()
        reader = streams.StreamReader(limit=1, loop=loop)
        reader.set_transport(transport)
        for _ in range(5):
            reader.feed_data(b"xxx")
        assert transport.asked == 1
        assert run(reader.readexactly(15)) == b"x" * 15

    @pytest.mark.skipif(not __debug__, reason="the standard library asserts it")
    def test_there_is_one_transport(self, small_reader, transport):
        with pytest.raises(AssertionError, match="Transport already set"):
            small_reader.set_transport(transport)


@pytest.fixture
def flow(streams, loop):
    return streams.FlowControlMixin(loop)


class TestWriting:
    def test_nobody_waits_while_there_is_room(self, flow, run):
        assert run(flow._drain_helper()) is None

    def test_any_number_may_wait(self, flow, loop, run):
        async def main():
            flow.pause_writing()
            tasks = [loop.create_task(flow._drain_helper()) for _ in range(100)]
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert not any(task.done() for task in tasks)
            flow.resume_writing()
            await asyncio.gather(*tasks)

        run(main())

    def test_who_is_cancelled_harms_no_other(self, flow, loop, run):
        async def main():
            flow.pause_writing()
            tasks = [loop.create_task(flow._drain_helper()) for _ in range(3)]
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            tasks[1].cancel()
            await asyncio.sleep(0)
            flow.resume_writing()
            await asyncio.gather(tasks[0], tasks[2])
            assert tasks[1].cancelled()

        run(main())

    @pytest.mark.parametrize("error", [None, ConnectionAbortedError("cut")])
    def test_a_lost_connection_lets_all_go(self, flow, loop, run, error):
        async def main():
            flow.pause_writing()
            tasks = [loop.create_task(flow._drain_helper()) for _ in range(3)]
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            flow.connection_lost(error)
            assert await asyncio.gather(*tasks, return_exceptions=True) == [error] * 3
            with pytest.raises(ConnectionResetError, match=r"^Connection lost$"):
                await flow._drain_helper()

        run(main())

    def test_is_told_in_turns(self, flow):
        if __debug__:
            with pytest.raises(AssertionError):
                flow.resume_writing()
        flow.pause_writing()
        assert flow._paused
        flow.resume_writing()
        assert not flow._paused

    def test_is_a_protocol(self, flow):
        assert isinstance(flow, asyncio.Protocol)
        with pytest.raises(NotImplementedError):
            flow._get_close_waiter(None)

    def test_debug_mode_logs_it(self, streams, loop, asyncio_log):
        loop.set_debug(True)
        flow = streams.FlowControlMixin(loop)
        flow.pause_writing()
        flow.resume_writing()
        texts = [record.getMessage() for record in asyncio_log if "writing" in record.getMessage()]
        assert [text.rpartition(">")[2] for text in texts] == [" pauses writing", " resumes writing"]

    def test_goes_with_other_protocols(self, streams, loop):
        class Protocol(streams.FlowControlMixin, asyncio.SubprocessProtocol):
            pass

        protocol = Protocol(loop=loop)
        assert isinstance(protocol, asyncio.SubprocessProtocol)
        protocol.pause_writing()
        assert protocol._paused
