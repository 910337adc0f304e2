"""The measured programs do what their questions ask, seen on the standard library's loop."""

import re
import shutil

import pytest
from benchmarks.child import ROOT, ChildError
from benchmarks.compiler import BuildError, build_floor, build_native, make_secure
from benchmarks.echo import start_load, start_server
from benchmarks.machine import Cores
from benchmarks.peers import LIBRARIES, OWN
from benchmarks.programs.primitives.catalog import PRIMITIVES
from benchmarks.question import C_SERVER, FLOOR, Settings, Workbench
from benchmarks.questions import QUESTIONS, latency
from benchmarks.questions.growth import with_growth

SETTINGS = Settings(
    # Long enough for an answer or two from a server that a busy machine keeps waiting.
    seconds=0.7,
    warm_seconds=0,
    brief=True,
    scale_connections=100,
    scale_items=100,
    growth_items=1000,
    starts=1,
    share=1000,
)
needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="the load generator is built with a C compiler"
)


def make_bench(native=None, secure=None, floor=None):
    return Workbench(SETTINGS, Cores(None, None), 1024, native, secure=secure, floor=floor)


def measure(name, case_key, peer, native=None, secure=None, floor=None):
    question = QUESTIONS[name]
    (case,) = (case for case in question.cases(SETTINGS) if case.key == case_key)
    outcome = question.measure(case, peer, make_bench(native, secure, floor))
    promised = {metric.key for metric in case.metrics}
    assert promised <= outcome.figures.keys(), outcome.problems
    return outcome.figures


@needs_compiler
@pytest.mark.parametrize(
    ("program", "native_words"),
    [
        ("echo_protocol", ()),
        ("echo_buffered", ()),
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


@pytest.fixture(scope="module")
def floor():
    try:
        return build_floor()
    except BuildError as error:
        pytest.skip(str(error))


def assert_times_of_primitives(figures):
    there = [each.name for each in PRIMITIVES if not each.needs or each.name in figures]
    assert sorted(figures) == sorted(there)
    assert len(there) == len(set(there)) >= len(PRIMITIVES) - 1
    assert all(figure > 0 for figure in figures.values())


@pytest.mark.parametrize("peer", ["asyncio", OWN])
def test_every_primitive_has_a_time(peer):
    assert_times_of_primitives(measure("primitives", "all", peer))


def test_floor_has_every_primitive(floor):
    assert_times_of_primitives(measure("primitives", "all", FLOOR, floor=floor))


@needs_compiler
@pytest.mark.parametrize("kind", ["protocol", "buffered", "streams", "sock", "unix", "datagrams"])
def test_floor_is_loaded_like_the_peers(kind, floor):
    case = "50x1400" if kind == "datagrams" else "100x1024"
    figures = measure(kind, case, FLOOR, build_native(), floor=floor)
    assert figures["requests"] > 0
    assert figures["errors"] == 0


def test_libraries_time_operations_of_the_catalog():
    for library in LIBRARIES:
        source = (ROOT / "benchmarks" / "programs" / "primitives" / f"on_{library}.py").read_text()
        timed = re.findall(r'^@primitive\("".*\)\nasync def (\w+)', source, re.MULTILINE)
        assert len(timed) > 10
        assert set(timed) <= {each.name for each in PRIMITIVES}


def test_addresses_in_numbers_are_looked_up():
    assert all(figure > 0 for figure in measure("names", "all", "asyncio").values())


@pytest.mark.parametrize("kind", ["timers", "tasks"])
def test_pending_items_are_made_and_ended(kind):
    figures = measure("scale", kind, "asyncio")
    assert figures["make_ns"] > 0
    assert figures["end_ns"] > 0


@needs_compiler
@pytest.mark.parametrize("peer", ["asyncio", C_SERVER])
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


@needs_compiler
@pytest.mark.parametrize("kind", ["connections", "timers", "tasks"])
def test_growth_is_the_cost_of_many_by_that_of_few(kind):
    figures = measure("growth", kind, "asyncio", build_native())
    first, *_, last = (figures[key] for key in sorted((key for key in figures if key.isdecimal()), key=int))
    assert figures["growth"] == pytest.approx(last / first)


def test_slope_of_costs_is_flat_or_linear():
    assert with_growth({"10": 2.0, "1000": 2.0}) == {"10": 2.0, "1000": 2.0, "growth": 1.0, "slope": 0.0}
    assert with_growth({"10": 1.0, "100": 5.0, "1000": 100.0})["slope"] == pytest.approx(1)
    with pytest.raises(ChildError, match="nothing was done"):
        with_growth({"10": 0.0, "100": 1.0})


@needs_compiler
def test_every_connection_gets_its_one_answer():
    figures = measure("accept", "10x64", "asyncio", build_native())
    assert figures["requests"] > 0
    assert figures["errors"] == 0


@needs_compiler
@pytest.mark.parametrize("kind", ["protocol", "datagrams"])
def test_load_at_half_speed_is_half_of_what_the_baseline_answers(kind, monkeypatch):
    rates = []
    monkeypatch.setattr(latency, "_highest_rate", lambda *_: rates.append(200.0) or 200.0)
    monkeypatch.setattr(QUESTIONS["latency"], "_rates", {})
    for _ in range(2):
        figures = measure("latency", kind, "asyncio", build_native())
        assert figures["offered_per_second"] == 100
        assert figures["errors"] == 0
    assert len(rates) == 1


@pytest.fixture(scope="module")
def secure():
    try:
        return make_secure(floor=True)
    except BuildError as error:
        pytest.skip(f"TLS needs the openssl command and OpenSSL's headers: {error}")


@needs_compiler
@pytest.mark.parametrize(
    ("name", "case"), [("tls", "10x1024"), ("tls-streams", "10x1024"), ("handshakes", "10x64")]
)
@pytest.mark.parametrize("peer", ["asyncio", C_SERVER])
def test_tls_is_echoed(name, case, peer, secure):
    figures = measure(name, case, peer, build_native(), secure)
    assert figures["requests"] > 0
    assert figures["errors"] == 0


@needs_compiler
@pytest.mark.parametrize("name", ["tls", "tls-streams"])
def test_floor_echoes_under_tls(name, secure):
    figures = measure(name, "10x1024", FLOOR, build_native(), secure)
    assert figures["requests"] > 0
    assert figures["errors"] == 0
