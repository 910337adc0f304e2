"""The writer as an object: what it asks of its transport, its protocol and its reader."""

import asyncio
from unittest import mock

import pytest


class Protocol:
    """Flow control of the user's own."""

    def __init__(self):
        self.drained = 0

    async def _drain_helper(self):
        self.drained += 1

    async def _get_close_waiter(self, stream):
        return stream


@pytest.fixture
def transport():
    transport = mock.Mock(spec=asyncio.Transport)
    transport.is_closing.return_value = False
    return transport


def test_everything_is_the_transports(streams, loop, transport):
    writer = streams.StreamWriter(transport, Protocol(), None, loop)
    writer.write(b"x")
    writer.writelines([b"y"])
    writer.write_eof()
    assert writer.can_write_eof() is transport.can_write_eof.return_value
    assert writer.get_extra_info("name", 5) is transport.get_extra_info.return_value
    assert writer.is_closing() is False
    assert writer.transport is transport
    writer.close()
    assert [call[0] for call in transport.method_calls] == [
        "write", "writelines", "write_eof", "can_write_eof", "get_extra_info", "is_closing", "close"
    ]  # fmt: skip
    transport.is_closing.return_value = True


def test_drain_asks_a_protocol_of_any_make(streams, loop, transport, run):
    protocol = Protocol()
    reader = streams.StreamReader(loop=loop)
    writer = streams.StreamWriter(transport, protocol, reader, loop)
    run(writer.drain())
    assert protocol.drained == 1
    transport.is_closing.return_value = True
    run(writer.drain())
    run(writer.wait_closed())
    reader.set_exception(ConnectionAbortedError())
    with pytest.raises(ConnectionAbortedError):
        run(writer.drain())
    assert protocol.drained == 2


def test_drain_asks_an_overridden_protocol(streams, loop, transport, run):
    class Overridden(streams.FlowControlMixin):
        drained = 0

        async def _drain_helper(self):
            self.drained += 1
            await super()._drain_helper()

    protocol = Overridden(loop=loop)
    writer = streams.StreamWriter(transport, protocol, None, loop)
    run(writer.drain())
    assert protocol.drained == 1
    transport.is_closing.return_value = True


def test_drain_looks_when_it_is_awaited(streams, loop, transport, run):
    reader = streams.StreamReader(loop=loop)
    writer = streams.StreamWriter(transport, streams.FlowControlMixin(loop), reader, loop)
    drain = writer.drain()
    reader.set_exception(ConnectionAbortedError())
    with pytest.raises(ConnectionAbortedError):
        run(drain)
    transport.is_closing.return_value = True


def test_drain_gives_the_loop_a_turn_when_the_transport_closes(streams, loop, transport, run):
    async def main():
        protocol = streams.FlowControlMixin(loop)
        writer = streams.StreamWriter(transport, protocol, None, loop)
        await writer.drain()
        transport.is_closing.return_value = True
        turns = []
        loop.call_soon(turns.append, 1)
        await writer.drain()
        assert turns == [1]

    run(main())


@pytest.mark.only_our_streams
def test_the_reader_is_a_reader(streams, loop, transport):
    with pytest.raises(AssertionError):
        streams.StreamWriter(transport, Protocol(), object(), loop)


def test_says_what_it_is(streams, loop, transport):
    class Writer(streams.StreamWriter):
        pass

    transport.is_closing.return_value = True
    reader = streams.StreamReader(loop=loop)
    assert repr(Writer(transport, Protocol(), None, loop)) == f"<Writer transport={transport!r}>"
    both = repr(streams.StreamWriter(transport, Protocol(), reader, loop))
    assert both == f"<StreamWriter transport={transport!r} reader={reader!r}>"


@pytest.mark.streams_since(3, 14, 3)
def test_tls_changes_the_transport_of_all_three(streams, loop, transport, run):
    reader = streams.StreamReader(loop=loop)
    protocol = streams.StreamReaderProtocol(reader, loop=loop)
    transport.get_extra_info.return_value = None
    protocol.connection_made(transport)
    writer = streams.StreamWriter(transport, protocol, reader, loop)
    upgraded = mock.Mock(spec=asyncio.Transport)
    upgraded.is_closing.return_value = True
    asked = []

    async def start_tls(*arguments, **options):
        asked.append((arguments, options))
        return upgraded

    with mock.patch.object(
        type(loop), "start_tls", lambda _, *arguments, **options: start_tls(*arguments, **options)
    ):
        run(writer.start_tls("context", server_hostname="name", ssl_shutdown_timeout=5))
    ((arguments, options),) = asked
    assert arguments == (transport, protocol, "context")
    assert options == {
        "server_side": False, "server_hostname": "name", "ssl_handshake_timeout": None, "ssl_shutdown_timeout": 5
    }  # fmt: skip
    assert writer.transport is protocol._transport is reader._transport is upgraded
    assert protocol._over_ssl
    assert protocol.eof_received() is False
