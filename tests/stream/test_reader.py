"""What each read takes out of what has arrived."""

import asyncio
import inspect
import sys

import pytest


def feed(reader, *pieces, ends=False):
    for piece in pieces:
        reader.feed_data(piece)
    if ends:
        reader.feed_eof()


def later(loop, reader, *pieces, ends=False):
    for piece in pieces:
        loop.call_soon(reader.feed_data, piece)
    if ends:
        loop.call_soon(reader.feed_eof)


class TestRead:
    def test_takes_what_is_there_up_to_n(self, reader, run):
        feed(reader, b"abc", b"def")
        assert run(reader.read(4)) == b"abcd"
        assert run(reader.read(100)) == b"ef"

    def test_waits_for_the_first_byte_only(self, reader, loop, run):
        later(loop, reader, b"a", b"b")
        assert run(reader.read(10)) in {b"a", b"ab"}

    def test_is_empty_at_the_end(self, reader, run):
        feed(reader, b"x", ends=True)
        assert run(reader.read(10)) == b"x"
        assert run(reader.read(10)) == b""
        assert run(reader.read()) == b""

    def test_of_zero_waits_for_nothing(self, reader, run):
        assert run(reader.read(0)) == b""
        feed(reader, b"x")
        assert run(reader.read(0)) == b""
        assert bytes(reader._buffer) == b"x"

    @pytest.mark.parametrize("count", [-1, -7, -(1 << 70)])
    def test_of_a_negative_count_reads_up_to_the_end(self, reader, loop, run, count):
        feed(reader, b"one ")
        later(loop, reader, b"two ", b"three", ends=True)
        assert run(reader.read(count)) == b"one two three"
        assert reader.at_eof()

    def test_up_to_the_end_takes_more_than_the_limit(self, streams, loop, run):
        reader = streams.StreamReader(limit=3, loop=loop)
        later(loop, reader, *[b"0123456789"] * 10, ends=True)
        assert run(reader.read()) == b"0123456789" * 10

    def test_takes_counts_beyond_any_size(self, reader, run):
        feed(reader, b"abc")
        assert run(reader.read(sys.maxsize)) == b"abc"

    def test_refuses_what_is_no_number(self, reader, run):
        with pytest.raises(TypeError, match="'<' not supported between instances of 'NoneType' and 'int'"):
            run(reader.read(None))


class TestReadExactly:
    def test_takes_so_many_bytes(self, reader, loop, run):
        feed(reader, b"ab")
        later(loop, reader, b"cd", b"efg")
        assert run(reader.readexactly(5)) == b"abcde"
        assert run(reader.readexactly(2)) == b"fg"

    def test_of_zero_waits_for_nothing(self, reader, run):
        assert run(reader.readexactly(0)) == b""

    def test_of_a_negative_count_is_refused(self, reader, run):
        feed(reader, b"kept")
        with pytest.raises(ValueError, match=r"^readexactly size can not be less than zero$"):
            run(reader.readexactly(-1))
        assert run(reader.read(10)) == b"kept"

    def test_gives_what_there_was_when_the_stream_ends(self, reader, loop, run):
        feed(reader, b"ab")
        later(loop, reader, b"c", ends=True)
        with pytest.raises(asyncio.IncompleteReadError) as raised:
            run(reader.readexactly(4))
        assert (raised.value.partial, raised.value.expected) == (b"abc", 4)
        assert str(raised.value) == "3 bytes read on a total of 4 expected bytes"
        assert reader.at_eof()

    def test_knows_no_limit(self, streams, loop, run):
        reader = streams.StreamReader(limit=3, loop=loop)
        later(loop, reader, *[b"0123456789"] * 10)
        assert run(reader.readexactly(95)) == (b"0123456789" * 10)[:95]

    @pytest.mark.parametrize("size", [1 << 12, 1 << 17, (1 << 20) + 1])
    def test_of_much_in_many_pieces(self, reader, loop, run, size):
        data = bytes(range(256)) * (size // 256 + 1)
        later(loop, reader, *[data[at : at + 3000] for at in range(0, len(data), 3000)])
        assert run(reader.readexactly(size)) == data[:size]
        rest = len(data) - size
        assert run(reader.readexactly(rest)) == data[size:]


class TestReadLine:
    def test_takes_lines_with_their_newlines(self, reader, loop, run):
        feed(reader, b"one\ntwo")
        later(loop, reader, b"\n\nthree\n")
        assert [run(reader.readline()) for _ in range(4)] == [b"one\n", b"two\n", b"\n", b"three\n"]

    def test_gives_what_is_left_at_the_end(self, reader, run):
        feed(reader, b"one\ntwo", ends=True)
        assert [run(reader.readline()) for _ in range(3)] == [b"one\n", b"two", b""]

    def test_the_limit_does_not_count_the_newline(self, streams, loop, run):
        reader = streams.StreamReader(limit=3, loop=loop)
        feed(reader, b"abc\nabcd\n")
        assert run(reader.readline()) == b"abc\n"
        with pytest.raises(ValueError, match="limit"):
            run(reader.readline())

    def test_a_line_beyond_the_limit_is_taken_out(self, streams, loop, run):
        reader = streams.StreamReader(limit=3, loop=loop)
        feed(reader, b"too long\nok\n")
        with pytest.raises(ValueError, match="limit") as raised:
            run(reader.readline())
        assert type(raised.value) is ValueError
        assert raised.value.args == ("Separator is found, but chunk is longer than limit",)
        assert isinstance(raised.value.__context__, asyncio.LimitOverrunError)
        assert run(reader.readline()) == b"ok\n"

    def test_so_is_what_has_come_of_one(self, streams, loop, run):
        reader = streams.StreamReader(limit=3, loop=loop)
        feed(reader, b"too long")
        with pytest.raises(ValueError, match="limit") as raised:
            run(reader.readline())
        assert raised.value.args == ("Separator is not found, and chunk exceed the limit",)
        feed(reader, b"er\nok\n")
        assert run(reader.readline()) == b"er\n"
        assert run(reader.readline()) == b"ok\n"

    @pytest.mark.only_our_streams
    @pytest.mark.parametrize(
        ("data", "partial"), [(b"too long\nok\n", b"too long\n"), (b"too long", b"too long")]
    )
    def test_the_error_has_the_line_and_says_what_to_do(self, streams, loop, run, data, partial):
        reader = streams.StreamReader(limit=3, loop=loop)
        feed(reader, data)
        with pytest.raises(ValueError, match="limit") as raised:
            run(reader.readline())
        assert raised.value.partial == partial
        notes = " ".join(raised.value.__notes__)
        assert "3 bytes" in notes
        assert "`limit`" in notes
        assert "`partial`" in notes


class TestReadUntil:
    def test_takes_the_separator_too(self, reader, loop, run):
        feed(reader, b"one; tw")
        later(loop, reader, b"o;", b" rest")
        assert run(reader.readuntil(b"; ")) == b"one; "
        assert run(reader.readuntil(b"; ")) == b"two; "

    def test_is_for_lines_by_default(self, reader, run):
        feed(reader, b"a\nb")
        assert run(reader.readuntil()) == b"a\n"

    def test_finds_a_separator_that_comes_byte_by_byte(self, reader, loop, run):
        later(loop, reader, *[bytes([byte]) for byte in b"aa--a-- --> --->x"])
        assert run(reader.readuntil(b"--->")) == b"aa--a-- --> --->"

    @pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
    def test_takes_any_bytes(self, reader, run, kind):
        feed(reader, b"a|b")
        assert run(reader.readuntil(kind(b"|"))) == b"a|"

    @pytest.mark.streams_since(3, 13)
    def test_of_several_the_one_that_ends_first_counts(self, reader, run):
        feed(reader, b"ABCDEFG")
        assert run(reader.readuntil((b"DEF", b"BCDE"))) == b"ABCDE"
        assert run(reader.readuntil((b"FG", b"G"))) == b"FG"

    @pytest.mark.streams_since(3, 13)
    def test_of_several_that_end_together_the_shortest_counts(self, streams, loop, run):
        reader = streams.StreamReader(limit=6, loop=loop)
        feed(reader, b"some dataA")
        with pytest.raises(asyncio.LimitOverrunError) as raised:
            run(reader.readuntil((b"dataA", b"A")))
        assert raised.value.consumed == 9

    @pytest.mark.streams_since(3, 13)
    def test_several_of_different_lengths_come_in_pieces(self, reader, loop, run):
        feed(reader, b"data")
        later(loop, reader, b"Z", b"lo", b"ng sep; and")
        assert run(reader.readuntil((b"A", b"long sep"))) == b"dataZlong sep"

    def test_at_the_end_it_gives_what_there_was(self, reader, loop, run):
        feed(reader, b"some dataA")
        later(loop, reader, b"A", ends=True)
        with pytest.raises(asyncio.IncompleteReadError, match="undefined expected bytes") as raised:
            run(reader.readuntil(b"AAA"))
        assert (raised.value.partial, raised.value.expected) == (b"some dataAA", None)
        assert reader.at_eof()

    def test_a_last_piece_with_the_separator_counts_before_the_end(self, reader, run):
        feed(reader, b"a;", ends=True)
        assert run(reader.readuntil(b";")) == b"a;"

    @pytest.mark.parametrize("data", [b"some dataAA", b"some dataAAA"])
    def test_beyond_the_limit_nothing_is_taken(self, streams, loop, run, data):
        reader = streams.StreamReader(limit=3, loop=loop)
        feed(reader, data)
        with pytest.raises(asyncio.LimitOverrunError) as raised:
            run(reader.readuntil(b"AAA"))
        assert raised.value.consumed == 9
        found = (
            "is found, but chunk is longer than"
            if data.endswith(b"AAA")
            else "is not found, and chunk exceed the"
        )
        assert str(raised.value) == f"Separator {found} limit"
        assert run(reader.readexactly(len(data))) == data

    @pytest.mark.only_our_streams
    def test_beyond_the_limit_the_error_says_what_to_do(self, streams, loop, run):
        reader = streams.StreamReader(limit=3, loop=loop)
        feed(reader, b"too long")
        with pytest.raises(asyncio.LimitOverrunError) as raised:
            run(reader.readuntil(b";"))
        (note,) = raised.value.__notes__
        assert "3 bytes" in note
        assert "`limit`" in note

    @pytest.mark.streams_since(3, 13)
    @pytest.mark.parametrize(
        ("separator", "text"),
        [
            (b"", "Separator should be at least one-byte string"),
            ((b"",), "Separator should be at least one-byte string"),
            ((b"x", b""), "Separator should be at least one-byte string"),
            ((), "Separator should contain at least one element"),
        ],
    )
    def test_refuses_empty_separators(self, reader, run, separator, text):
        with pytest.raises(ValueError, match=f"^{text}$"):
            run(reader.readuntil(separator))

    @pytest.mark.parametrize("separator", ["x", 10, None])
    def test_refuses_what_is_no_separator(self, reader, run, separator):
        feed(reader, b"axb\n")
        with pytest.raises(TypeError):
            run(reader.readuntil(separator))
        assert bytes(reader._buffer) == b"axb\n"


class TestIteration:
    def test_gives_lines(self, reader, loop, run):
        async def lines():
            return [line async for line in reader]

        later(loop, reader, b"one\ntw", b"o\n\nlast", ends=True)
        assert run(lines()) == [b"one\n", b"two\n", b"\n", b"last"]

    def test_ends_at_once_when_there_is_nothing(self, reader, run):
        async def lines():
            return [line async for line in reader]

        feed(reader, ends=True)
        assert run(lines()) == []


class TestFeeding:
    @pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, list])
    def test_takes_any_bytes(self, reader, run, kind):
        feed(reader, kind(b"abc"), kind(b"def"), ends=True)
        assert run(reader.read()) == b"abcdef"

    def test_keeps_no_mutable_buffer(self, reader, run):
        data = bytearray(b"abc")
        feed(reader, data)
        data[:] = b"xyz"
        assert run(reader.read(10)) == b"abc"

    def test_never_changes_bytes_that_others_hold(self, reader, run):
        whole = bytes(b"abc" * 1000)
        copy = bytes(bytearray(whole))
        feed(reader, whole, b"more")
        taken = run(reader.read(10))
        feed(reader, b"and more", ends=True)
        rest = run(reader.read())
        assert whole == copy
        assert taken + rest == copy + b"moreand more"

    def test_of_nothing_wakes_nobody(self, reader, loop, run):
        later(loop, reader, b"", b"", b"x")
        assert run(reader.read(1)) == b"x"

    @pytest.mark.skipif(not __debug__, reason="the standard library asserts it")
    def test_after_the_end_is_refused(self, reader):
        reader.feed_eof()
        with pytest.raises(AssertionError, match="feed_data after feed_eof"):
            reader.feed_data(b"x")

    def test_refuses_what_is_no_bytes(self, reader):
        for data in ("text", 5):
            with pytest.raises(TypeError):
                reader.feed_data(data)
        assert not reader._buffer


class TestTheObject:
    @pytest.mark.parametrize("limit", [0, -1])
    def test_a_limit_is_positive(self, streams, loop, limit):
        with pytest.raises(ValueError, match=r"^Limit cannot be <= 0$"):
            streams.StreamReader(limit=limit, loop=loop)

    def test_a_limit_may_be_changed_and_endless(self, streams, loop, run):
        reader = streams.StreamReader(limit=3, loop=loop)
        reader._limit = sys.maxsize * 4
        feed(reader, b"longer\n")
        assert run(reader.readline()) == b"longer\n"
        assert run_line(streams.StreamReader(limit=float("inf"), loop=loop), run) == b"longer\n"

    def test_belongs_to_the_running_loop(self, streams, loop, run):
        async def make():
            return streams.StreamReader()

        assert run(make())._loop is loop

    @pytest.mark.only_our_streams
    def test_without_a_loop_is_refused(self, streams):
        with pytest.raises(RuntimeError, match="no current event loop"):
            streams.StreamReader()

    def test_says_what_it_is(self, streams, loop):
        reader = streams.StreamReader(limit=7, loop=loop)
        feed(reader, b"abc", ends=True)
        reader.set_exception(ValueError("why"))
        assert repr(reader) == "<StreamReader 3 bytes eof limit=7 exception=ValueError('why')>"

    def test_is_an_asyncio_reader(self, reader, loop):
        assert isinstance(reader, asyncio.StreamReader)
        is_coroutine_function = (
            inspect.iscoroutinefunction if sys.version_info >= (3, 12) else asyncio.iscoroutinefunction
        )
        for name in ("read", "readline", "readexactly", "readuntil"):
            assert is_coroutine_function(getattr(reader, name))
        operation = reader.read(1)
        assert asyncio.iscoroutine(operation)
        operation.close()

    def test_takes_attributes(self, reader):
        reader.mine = 1
        assert reader.mine == 1

    def test_at_eof_once_all_is_read(self, reader, run):
        assert not reader.at_eof()
        feed(reader, b"x", ends=True)
        assert not reader.at_eof()
        run(reader.read(1))
        assert reader.at_eof()


class TestSubclasses:
    def test_readline_asks_an_overridden_readuntil(self, streams, loop, run):
        class Reader(streams.StreamReader):
            async def readuntil(self, separator=b"\n"):
                return (await super().readuntil(separator)).upper()

        async def lines(reader):
            return [line async for line in reader]

        reader = Reader(limit=5, loop=loop)
        feed(reader, b"one\ntwo\n", ends=True)
        assert run(reader.readline()) == b"ONE\n"
        assert run(lines(reader)) == [b"TWO\n"]
        reader = Reader(limit=5, loop=loop)
        feed(reader, b"too long\nrest", ends=True)
        with pytest.raises(ValueError, match="limit"):
            run(reader.readline())
        assert run(reader.readline()) == b"rest"

    def test_iteration_asks_an_overridden_readline(self, streams, loop, run):
        class Reader(streams.StreamReader):
            async def readline(self):
                return (await super().readline()).strip()

        async def lines():
            return [line async for line in reader]

        reader = Reader(loop=loop)
        feed(reader, b"one\ntwo\n", ends=True)
        assert run(lines()) == [b"one", b"two"]

    def test_reading_up_to_the_end_asks_an_overridden_read(self, streams, loop, run):
        class Reader(streams.StreamReader):
            async def read(self, n=-1):
                counts.append(n)
                return await super().read(n)

        counts = []
        reader = Reader(limit=4, loop=loop)
        feed(reader, b"123456", ends=True)
        assert run(reader.read()) == b"123456"
        assert counts[:3] == [-1, 4, 4]


def run_line(reader, run):
    feed(reader, b"longer\n")
    return run(reader.readline())


class TestWrongData:
    @pytest.mark.parametrize("data", [5, 1.5, object(), "text"], ids=["int", "float", "object", "text"])
    def test_is_refused_in_the_words_of_a_bytearray(self, reader, data):
        with pytest.raises(TypeError) as expected:
            bytearray().extend(data)
        with pytest.raises(TypeError) as error:
            reader.feed_data(data)
        assert str(error.value) == str(expected.value)

    def test_nothing_is_no_data(self, reader):
        reader.feed_data(None)
        reader.feed_data([])
        reader.feed_data([97, 98])
        assert bytes(reader._buffer) == b"ab"

    def test_after_the_end_is_refused_as_any_other(self, reader):
        reader.feed_eof()
        with pytest.raises(AssertionError, match=r"^feed_data after feed_eof$"):
            reader.feed_data(5)
