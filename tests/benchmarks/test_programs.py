"""The measured programs do what their questions ask, seen on the standard library's loop."""

import shutil

import pytest
from benchmarks.compiler import build_native
from benchmarks.echo import start_load, start_server
from benchmarks.machine import Cores
from benchmarks.programs.primitives.catalog import PRIMITIVES
from benchmarks.question import LIMIT, Settings, Workbench
from benchmarks.questions import QUESTIONS

SETTINGS = Settings(scale_connections=50, scale_items=100, starts=1, share=1000)
needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="the load generator is built with a C compiler"
)


def make_bench(native=None):
    return Workbench(SETTINGS, Cores(None, None), 1024, native)


def measure(name, case_key, peer, native=None):
    question = QUESTIONS[name]
    (case,) = (case for case in question.cases(SETTINGS) if case.key == case_key)
    outcome = question.measure(case, peer, make_bench(native))
    promised = {metric.key for metric in case.metrics}
    assert promised <= outcome.figures.keys(), outcome.problems
    return outcome.figures


@needs_compiler
@pytest.mark.parametrize(
    ("program", "native_words"),
    [
        ("echo_protocol", ()),
        ("echo_streams", ()),
        ("echo_sockets", ()),
        ("echo_unix", ("--unix",)),
        ("echo_datagrams", ("--udp",)),
    ],
)
def test_server_echoes_every_byte(program, native_words):
    bench = make_bench(build_native())
    words = ["--conns", 5, "--messages", 20, "--size", 10_000, "--verify", *native_words]
    with start_server(program, "asyncio", bench) as server, start_load(server, bench, *words) as load:
        figures = load.read_figures(30)
    assert (figures["requests"], figures["errors"]) == (100, 0)
    assert figures["server_resident_bytes"] > 1 << 20


def test_every_primitive_has_a_time():
    figures = measure("primitives", "all", "asyncio")
    assert len(figures) == len(PRIMITIVES) == len({primitive.name for primitive in PRIMITIVES})
    assert all(figure > 0 for figure in figures.values())


@pytest.mark.parametrize("kind", ["timers", "tasks"])
def test_pending_items_are_made_and_ended(kind):
    figures = measure("scale", kind, "asyncio")
    assert figures["make_ns"] > 0
    assert figures["end_ns"] > 0


@needs_compiler
@pytest.mark.parametrize("peer", ["asyncio", LIMIT])
def test_server_closes_every_connection_that_it_had_open(peer):
    figures = measure("scale", "connections", peer, build_native())
    assert figures["errors"] == 0
    assert figures["descriptors_left"] == 0


def test_parts_of_a_start_are_shorter_than_the_whole():
    figures = measure("startup", "empty", "asyncio")
    assert 0 < figures["import_ms"] + figures["run_ms"] < figures["process_ms"]


def test_processes_have_a_time_each():
    figures = measure("subprocesses", "true", "asyncio")
    assert all(figure > 0 for figure in figures.values())
