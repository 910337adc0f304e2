"""What a test touches is recorded while it runs, and makes its grade."""

import ast
import asyncio
import asyncio.base_events
from unittest import mock

import pytest

from conformance import recording
from conformance.grading import grade


@pytest.mark.parametrize(
    ("touched", "expected"),
    [
        ([], "A"),
        (["set:_UnixSelectorEventLoop._selector"], "A"),
        (["asyncio.base_events.BaseEventLoop"], "A"),
        (["Future._loop"], "S"),
        (["asyncio.tasks._c_current_task"], "S"),
        (["mock:BaseEventLoop.run_until_complete"], "S"),
        (["mock:BaseEventLoop._add_callback"], "B"),
        (["mock:socket.getaddrinfo"], "B"),
        (["BaseEventLoop._selector"], "B"),
        (["asyncio.base_events._ipaddr_info"], "B"),
        (["Future._loop", "BaseEventLoop._ready"], "B"),
    ],
)
def test_the_most_private_name_makes_the_grade(touched, expected):
    assert grade(touched) == expected


def record(source, **names):
    """What the statements touch, run as a rewritten test is."""
    recorder = recording.Recorder()
    tree = ast.fix_missing_locations(recording.Instrumenter().visit(ast.parse(source)))
    scope = {recording.GET: recorder.get, recording.SET: recorder.set, **names}
    exec(compile(tree, "<test>", "exec"), scope)
    assert recorder.end() == []
    recorder.begin()
    exec(compile(tree, "<test>", "exec"), scope)
    return recorder.end()


@pytest.fixture
def bare_loop():
    loop = asyncio.SelectorEventLoop()
    yield loop
    loop.close()


def test_private_names_of_asyncio_are_recorded_when_they_are_read_or_set(bare_loop):
    source = "loop._ready\nloop._marker = 1\nloop.close"
    name = type(bare_loop).__name__
    assert record(source, loop=bare_loop) == [f"{name}._ready", f"set:{name}._marker"]


def test_what_belongs_to_no_private_part_is_not_recorded(bare_loop):
    class Other:
        _private = 1

    source = "other._private\nstand_in._ready\nother.__dict__\nasyncio.sleep"
    assert record(source, other=Other(), stand_in=mock.Mock(), asyncio=asyncio) == []


def test_a_public_name_of_a_private_module_is_recorded():
    assert record("base_events.logger", base_events=asyncio.base_events) == ["asyncio.base_events.logger"]


def test_a_private_name_that_is_imported_is_recorded():
    source = "from asyncio.futures import isfuture, _PENDING"
    assert record(source) == ["asyncio.futures._PENDING"]


def test_a_mock_that_a_test_put_there_is_its_own(bare_loop):
    bare_loop._process_events = mock.Mock()
    assert record("loop._process_events", loop=bare_loop) == []


def test_what_mocks_replace_is_recorded(monkeypatch):
    # Restores what the recorder hooks.
    monkeypatch.setattr(mock._patch, "__enter__", mock._patch.__enter__)
    recorder = recording.Recorder()
    recorder.watch_mocks()
    recorder.begin()
    with mock.patch("asyncio.base_events.socket"), mock.patch("os.getpid"):
        pass
    assert recorder.end() == ["mock:asyncio.base_events.socket", "mock:os.getpid"]
